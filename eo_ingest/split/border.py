"""Where zones meet: tiles that may overlap, and one lattice for those of both zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.split import ground

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eo_ingest.split.tiles import Tiles

_DEGREE_M = 110_000.0
_REACH = 3.0  # radii of a tile: two that overlap and belong to both sides of a border are no farther from it


def by_border(tiles: Tiles, outer: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which tiles may share area with others: all chips, and of a lattice those by the border of their zone.

    Args:
        tiles: the tiles.
        outer: metres that no corner of each is farther from its centre than.
    """
    found = np.zeros(len(tiles), dtype=bool)
    for zone, own in tiles.parts():
        if zone.stacked:
            found[own] = True
        elif len(tiles.grid.zones) > 1:
            lon, lat = tiles.lonlat[own].T
            across, up = _reach(lat, outer[own])
            west, south, east, north = zone.band
            inside = (lon - west > across) & (east - lon > across) & (lat - south > up) & (north - lat > up)
            found[own] = ~inside
    return found


def cells(tiles: Tiles) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The (zone, row, column) of a lattice that each tile's centre is in; zones are numbered as the grid has them.

    That is the tile's own place, save where zones meet: there tiles of both sides are told their places on the lattice
    of the western zone, and of the northern one, so that those that overlap are neighbours on it or one cell. Chips
    are placed by their upper left corners.
    """
    names = {zone.name: number for number, zone in enumerate(tiles.grid.zones)}
    number = np.array([names[name] for name in tiles.zones], dtype=np.int64)[tiles.number]
    rows, cols = tiles.rows.astype(np.int64), tiles.cols.astype(np.int64)
    for zone, own in tiles.parts():
        if zone.stacked:
            x, y = zone.places(tiles.rows[own], tiles.cols[own], down=0, across=0)
            rows[own], cols[own] = (np.floor(values / zone.tile_size).astype(np.int64) for values in (-y, x))
    if tiles.grid.lattice.stacked or len(tiles.grid.zones) == 1:
        return number, rows, cols
    outer = ground.radii(tiles)[1]
    near = np.flatnonzero(by_border(tiles, outer))
    _to_north_west(tiles, near, outer[near], (number, rows, cols))
    return number, rows, cols


def _to_north_west(
    tiles: Tiles, near: NDArray[np.int64], outer: NDArray[np.float64], found: tuple[NDArray[np.int64], ...]
) -> None:
    """Enter the places of tiles on the lattice of the zone that lies a little to their north-west."""
    from pyproj import Transformer

    lon, lat = tiles.lonlat[near].T
    across, up = _reach(lat, outer)
    west, north = (lon - across + 180) % 360 - 180, lat + up
    number, rows, cols = found
    for place, zone in enumerate(tiles.grid.zones):
        left, bottom, right, top = zone.band
        other = (west >= left) & (west < right) & (north >= bottom) & (north < top) & (number[near] != place)
        if other.any():
            chosen = near[other]
            x, y = Transformer.from_crs("EPSG:4326", zone.crs, always_xy=True).transform(lon[other], lat[other])
            number[chosen] = place
            rows[chosen] = np.floor((zone.y_top - y) / zone.tile_size).astype(np.int64)
            cols[chosen] = np.floor((x - zone.x_left) / zone.tile_size).astype(np.int64)


def _reach(lat: NDArray[np.float64], outer: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Degrees of longitude and of latitude that tiles by a border are within."""
    up = _REACH * outer / _DEGREE_M
    return up / np.cos(np.deg2rad(np.minimum(np.abs(lat) + up, 89.0))), up
