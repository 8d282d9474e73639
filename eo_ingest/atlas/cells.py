"""Tiles on a map: which pixels of the canvas lie in a tile, in one of which zone, and near a tile's edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.grid import ChipZone, ZoneCover

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from eo_ingest.atlas.view import View
    from eo_ingest.grid import Cover

_WIDE_ENOUGH_PX = 5.0
_STRIP = 200  # rows of the canvas at a time


@dataclass(frozen=True, eq=False)
class Cells:
    """Where tiles are on a canvas, (height, width) each.

    Attributes:
        zone: 1 or 2 in tiles, in turn from zone to zone, so that neighbours differ; else 0.
        tile: a number per tile, 0 outside of all.
        block: a number per block, 0 outside of all.
        metres: of the ground along a pixel.
        size: metres along a tile's side.
        side: tiles along a block's.
    """

    zone: NDArray[np.uint8]
    tile: NDArray[np.int64]
    block: NDArray[np.int64]
    metres: float
    size: int
    side: int

    def tile_edges(self) -> NDArray[np.bool_]:
        """Pixels at the edges of tiles; none where tiles are too small to be told apart."""
        return _edges(self.tile) & (self.size / self.metres >= _WIDE_ENOUGH_PX)

    def block_edges(self) -> NDArray[np.bool_]:
        """The same of blocks."""
        return _edges(self.block) & (self.side * self.size / self.metres >= _WIDE_ENOUGH_PX)


def cells(view: View, cover: Cover) -> Cells:
    """Find a cover's tiles on a map. A place counts to the zone that it is in, though tiles reach over its border."""
    shape, lattice = (view.height, view.width), cover.grid.lattice
    numbers = (np.zeros(shape, np.uint8), np.zeros(shape, np.int64), np.zeros(shape, np.int64))
    made = Cells(*numbers, view.metres, lattice.tile_size, lattice.block_tiles)
    parts = [part for part in cover.zones if not part.zone.stacked]
    for first, lon, lat in _strips(view):
        for number, part in enumerate(parts, start=1):
            west, south, east, north = part.zone.band
            inside = (lon >= west) & (lon < east) & (lat >= south) & (lat < north)
            places = np.flatnonzero(inside)
            if len(places):
                _enter(part, number << 48, lon[places], lat[places], places + first * view.width, made)
    return made


def chips(view: View, cover: Cover) -> Iterator[NDArray[np.float64]]:
    """The outlines of a cover's chips, in pixels."""
    from eo_ingest.grid.shape import outlines

    for part in cover.zones:
        if isinstance(part.zone, ChipZone):
            rows, cols = part.tile_indexes()
            corners, special = outlines(part.zone, rows, cols)
            flat = corners.reshape(-1, 2)
            placed = view.place(flat[:, 0], flat[:, 1]).reshape(corners.shape)
            for number, ring in enumerate(placed):
                if number not in special and np.isfinite(ring).all():
                    yield ring


def _strips(view: View) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.float64]]]:
    """The canvas some rows at a time: the first row, and longitudes and latitudes of pixel centres."""
    columns = np.arange(view.width) + 0.5
    for first in range(0, view.height, _STRIP):
        rows = np.arange(first, min(first + _STRIP, view.height)) + 0.5
        across, down = (axis.ravel() for axis in np.meshgrid(columns, rows))
        yield (first, *view.lonlat(across, down))


def _enter(
    part: ZoneCover,
    first: int,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    places: NDArray[np.int64],
    made: Cells,
) -> None:
    """Enter the pixels of a zone that lie in its tiles; these are numbered from `first` on."""
    from pyproj import Transformer

    zone, side = part.zone, part.zone.block_tiles
    x, y = Transformer.from_crs("EPSG:4326", zone.crs, always_xy=True).transform(lon, lat)
    across, down = (x - zone.x_left) / zone.tile_size, (zone.y_top - y) / zone.tile_size
    rows, cols = np.floor(down).astype(np.int64), np.floor(across).astype(np.int64)
    held = part.has(rows, cols)
    places, rows, cols = places[held], rows[held], cols[held]
    made.zone.flat[places] = 1 + _parity(zone.name)
    made.tile.flat[places] = first + rows * zone.tile_cols + cols
    made.block.flat[places] = first + rows // side * zone.block_cols + cols // side


def _edges(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where a number differs from its neighbour to the left or above."""
    edges = np.zeros(numbers.shape, dtype=bool)
    edges[:, 1:] |= numbers[:, 1:] != numbers[:, :-1]
    edges[1:] |= numbers[1:] != numbers[:-1]
    return edges


def _parity(name: str) -> int:
    """0 or 1, in turn from zone to zone of UTM and across the equator."""
    if not name.startswith("utm") or not name[3:5].isdecimal():
        return 0
    return (int(name[3:5]) + name.endswith("s")) % 2
