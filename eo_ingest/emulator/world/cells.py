"""Pixels of maps: each is made of what lies at one or more points spread evenly over it.

A lattice is cut into finer pixels, `split` along each edge, whose centres are the points. `gather` measures windows
tile by tile; `pick` measures the pixels that contain scattered places, at bit by bit the same points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator.asset import Lattice, Window
from eo_ingest.emulator.world.ground import SPACING, Raster, raster_of, tiles_under
from eo_ingest.emulator.world.place import GEOGRAPHIC, from_lonlat

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    import numpy.typing as npt

    from eo_ingest.emulator.world.ground import Tile
    from eo_ingest.emulator.world.noise import F64, Ints, Sites

    Array = npt.NDArray[Any]
    Flags = npt.NDArray[np.bool_]

_COARSE = 100.0


@dataclass(frozen=True)
class Survey:
    """What is measured in each pixel.

    `split` is a power of two up to 32: points along each edge of a pixel. `measure` takes the points of whole pixels,
    shaped (rows · split, cols · split), and returns (bands, rows, cols); `key` tells it from other measures in the
    cache.
    """

    key: Hashable
    split: int
    measure: Callable[[Sites], Array]


def blocks(values: Array, split: int) -> Array:
    """(rows · split, cols · split) values as (rows, cols, split²)."""
    rows, cols = values.shape[0] // split, values.shape[1] // split
    return values.reshape(rows, split, cols, split).transpose(0, 2, 1, 3).reshape(rows, cols, split * split)


def means(values: Array, split: int) -> Array:
    """The mean of each pixel's points, (rows, cols)."""
    if split == 1:
        return values
    rows, cols = values.shape[0] // split, values.shape[1] // split
    # In double precision, so that the order in which points are added does not show.
    out: Array = values.reshape(rows, split, cols, split).mean(axis=(1, 3), dtype=np.float64).astype(np.float32)
    return out


def thinned(lattice: Lattice, level: int) -> Lattice:
    """The lattice of pixels 2**level as wide, from the same origin."""
    size = 2**level
    a, b, c, d, e, f = lattice.transform
    transform = (a * size, b * size, c, d * size, e * size, f)
    return Lattice(lattice.crs, transform, -(-lattice.width // size), -(-lattice.height // size))


def gather(lattice: Lattice, window: Window, survey: Survey) -> tuple[Array, Flags]:
    """(bands, height, width) measures of a window of a north-up lattice, and which of its pixels lie on the lattice."""
    n = survey.split
    raster, (row, col) = _points(lattice, n)
    size = lattice.height * n, lattice.width * n
    wide = Window(window.row * n, window.col * n, window.height * n, window.width * n)
    out: Array | None = None
    inside = np.zeros((window.height, window.width), bool)
    for part in tiles_under(raster, (row, col), size, wide):
        found = _measured(part.tile, survey)
        if out is None:
            out = np.zeros((found.shape[0], window.height, window.width), found.dtype)
        place = _shrink(part.out, n)
        out[(slice(None), *place)] = found[(slice(None), *_shrink(part.inside, n))]
        inside[place] = True
    if out is None:
        like = survey.measure(raster.sites(np.zeros((n, n), np.int64), np.zeros((n, n), np.int64)))
        out = np.zeros((like.shape[0], window.height, window.width), like.dtype)
    return out, inside


def _points(lattice: Lattice, split: int) -> tuple[Raster, tuple[int, int]]:
    """The raster of the points, and the (row, col) of the lattice's first one."""
    coarse, row, col = raster_of(lattice)
    width, height = coarse.pixel
    return Raster(coarse.crs, (width / split, height / split), coarse.phase), (row * split, col * split)


def _measured(tile: Tile, survey: Survey) -> Array:
    return tile.derived(survey.key, lambda: survey.measure(tile.sites(_spacing(tile.raster))))


def _spacing(raster: Raster) -> float:
    """Coarse maps need not know where a hill begins to within 41 m."""
    return SPACING if raster.step(SPACING) > 1 else _COARSE


def _shrink(place: tuple[slice, slice], split: int) -> tuple[slice, slice]:
    rows, cols = place
    return slice(rows.start // split, rows.stop // split), slice(cols.start // split, cols.stop // split)


def locate(lattice: Lattice, lon: F64, lat: F64) -> tuple[Ints, Ints]:
    """(row, col) of the pixels that contain places in degrees."""
    x, y = (lon, lat) if lattice.crs == GEOGRAPHIC else from_lonlat(lattice.crs).transform(lon, lat)
    a, _, c, _, e, f = lattice.transform
    col = np.floor((np.asarray(x) - c) / a + 1e-9).astype(np.int64)
    row = np.floor((np.asarray(y) - f) / e + 1e-9).astype(np.int64)
    return row, col


def pick(lattice: Lattice, row: Ints, col: Ints, survey: Survey) -> Array:
    """(bands, count) measures of single pixels, given by 1-D rows and columns of the lattice."""
    n = survey.split
    raster, (row0, col0) = _points(lattice, n)
    down, across = np.arange(n)[:, None], np.arange(n)[None, :]
    # Pixels one below the other, so that each is a block of the measure.
    rows = (row0 + row * n)[:, None, None] + down + 0 * across
    cols = (col0 + col * n)[:, None, None] + across + 0 * down
    found = survey.measure(raster.sites(rows.reshape(-1, n), cols.reshape(-1, n), _spacing(raster)))
    return found.reshape(found.shape[0], -1)
