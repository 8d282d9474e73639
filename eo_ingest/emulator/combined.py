"""Pixels made of all smaller pixels under them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator import reducers
from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.grid import Projection, window_grid
from eo_ingest.emulator.locate import nearest
from eo_ingest.emulator.plane import Plane, as_array, as_bool, masked, settle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eo_ingest.emulator.grid import Grid
    from eo_ingest.emulator.image import Band
    from eo_ingest.emulator.locate import Nearest
    from eo_ingest.emulator.memo import Memo
    from eo_ingest.emulator.pixeltype import PixelType
    from eo_ingest.emulator.reducers import Output

_MAX_PIXELS = 2**27
_NOWHERE = -(2**39)
_FEWEST, _MOST = 4, 16
"""Points along each edge of a pixel at which the pixels under it are looked up."""


class Combined:
    """A reduction of the default projection's pixels under each pixel that is asked for.

    Pixels weigh as much as the share of the larger pixel that they cover, measured at points spread evenly over it:
    exact where whole smaller pixels make a larger one.
    """

    def __init__(self, band: Band, output: Output, kind: PixelType, *, limit: int, best_effort: bool) -> None:
        self.uses = 0
        self._band = band
        self._output = output
        self._type = kind
        self._limit = limit
        self._best_effort = best_effort
        band.source.uses += 1

    def plane(self, grid: Grid, memo: Memo) -> Plane:
        """The pixels of a grid."""
        native = self._level(grid)
        count = _points(grid.projection.nominal_scale / native.nominal_scale)
        points = self._lookups(grid, native, count, memo)
        with np.errstate(all="ignore"):
            if self._output.pixels is reducers.mean:
                return _averaged(points, self._type, None)
            if self._output.pixels is reducers.total:
                return _averaged(points, self._type, count**2)
            return self._output.pixels(list(points), self._type)

    def _lookups(self, grid: Grid, native: Projection, count: int, memo: Memo) -> Iterator[Plane]:
        """The pixels under `count` × `count` points of every pixel, point by point."""
        centre = middle(self._band)
        wide = window_grid(grid.projection, Window(-1, -1, grid.height + 2, grid.width + 2))
        window = _cover(nearest(wide, native, memo, centre=centre))
        if window is None:
            return
        plane = memo.plane(self._band.source, window_grid(native, window))
        shape = (window.height, window.width)
        values, valid = np.broadcast_to(plane.values, shape), as_array(plane.valid, shape)
        for row in range(count):
            for col in range(count):
                shift = (col + 0.5) / count - 0.5, (row + 0.5) / count - 0.5
                moved = replace(grid, projection=replace(grid.projection, transform=grid.transform.shifted(*shift)))
                at, inside = _index(nearest(moved, native, memo, centre=centre), window)
                yield Plane(values[at], settle(valid[at] & inside))

    def _level(self, grid: Grid) -> Projection:
        """The pixels to combine: the native ones, or coarser ones where those are too many."""
        native = self._band.projection
        size = 1
        while True:
            found = Projection(native.crs, native.transform.scaled(size, size))
            number = math.ceil((grid.projection.nominal_scale / found.nominal_scale) ** 2 - 1e-6)
            if number <= self._limit:
                return found
            if not self._best_effort:
                raise EarthEngineError(
                    f"Too many input pixels per output pixel: {number}. Increase maxPixels, which is {self._limit}, or "
                    "set bestEffort."
                )
            size *= 2


def _points(ratio: float) -> int:
    """Points along each edge, of pixels `ratio` times as wide as those under them: a few on each of those."""
    whole = round(ratio)
    if whole >= 1 and abs(ratio - whole) < 1e-6:
        return whole * math.ceil(_FEWEST / whole) if whole <= _MOST else whole
    return min(_MOST, max(_FEWEST, math.ceil(4 * ratio)))


def middle(band: Band) -> float | None:
    """The longitude (or x) in the middle of a band's pixels, None where they have no end."""
    if band.extent is None:
        return None
    e = band.extent
    return band.projection.transform.shifted(e.col + e.width / 2, e.row + e.height / 2).c


def _cover(index: Nearest) -> Window | None:
    """The smallest window that holds all indices; None if there is nothing to read."""
    spans = []
    for values in (index.rows, index.cols):
        there = values[values > _NOWHERE]
        if not there.size:
            return None
        spans.append((int(there.min()), int(there.max()) + 1))
    (top, bottom), (left, right) = spans
    if (bottom - top) * (right - left) > _MAX_PIXELS:
        raise EarthEngineError(f"Reprojection output too large ({right - left}x{bottom - top} pixels).")
    return Window(top, left, bottom - top, right - left)


def _index(index: Nearest, window: Window) -> tuple[Any, Any]:
    """Where the pixels of a grid lie in a window, as an index of its array; and whether they do."""
    rows, cols = index.rows - window.row, index.cols - window.col
    in_rows, in_cols = (rows >= 0) & (rows < window.height), (cols >= 0) & (cols < window.width)
    rows, cols = np.clip(rows, 0, window.height - 1), np.clip(cols, 0, window.width - 1)
    if rows.ndim == 1:
        return (rows[:, None], cols[None, :]), in_rows[:, None] & in_cols[None, :]
    return (rows, cols), in_rows & in_cols


def _averaged(points: Iterator[Plane], kind: PixelType, number: int | None) -> Plane:
    """The sum over the valid points, divided by how many there are of them or by a number."""
    total: Any = np.zeros(())
    weight: Any = np.zeros((), np.int64)
    for plane in points:
        if plane.valid is False:
            continue
        good = as_bool(plane.valid)
        total = total + np.where(good, plane.values, 0)
        weight = weight + good
    if not np.any(weight):
        return masked(kind.dtype)
    mean = total / (np.maximum(weight, 1) if number is None else number)
    return Plane(mean.astype(kind.dtype), settle(np.asarray(weight > 0)))
