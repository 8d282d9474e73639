"""Where the pixels of a grid lie in another grid: fractional (col, row) of their centres."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator.grid import project, pyproj_crs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eo_ingest.emulator.grid import Grid, Projection
    from eo_ingest.emulator.memo import Memo

    Floats = NDArray[np.floating[Any]]

# Coordinates within this many pixels of an edge count as on it: rounding of coordinates in degrees.
_ON_EDGE = 1e-8
# The largest error of interpolated coordinates, in pixels; whatever is nearer to an edge than that is computed exactly.
_TOLERANCE = 2e-3


@dataclass(frozen=True)
class Location:
    """Fractional pixel coordinates; 1-D where rows and columns are independent, else 2-D.

    `error` bounds the interpolation error of 2-D coordinates, in pixels.
    """

    grid: Grid
    target: Projection
    centre: float | None
    cols: Floats
    rows: Floats
    error: float = 0.0

    @property
    def separable(self) -> bool:
        """Whether `cols` belongs to the grid's columns and `rows` to its rows."""
        return self.cols.ndim == 1

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return self.cols.nbytes + self.rows.nbytes

    def nearest(self) -> Nearest:
        """The pixels under the centres, exactly: interpolated coordinates near an edge are computed again."""
        cols, rows = np.floor(self.cols + _ON_EDGE), np.floor(self.rows + _ON_EDGE)
        if self.error:
            margin = 2 * self.error + _ON_EDGE
            near = np.abs(self.cols - np.rint(self.cols)) < margin
            near |= np.abs(self.rows - np.rint(self.rows)) < margin
            at = np.nonzero(near)
            if at[0].size:
                u, v = _exact(self.grid, self.target, self.centre, at[1] + 0.5, at[0] + 0.5)
                cols[at], rows[at] = np.floor(u + _ON_EDGE), np.floor(v + _ON_EDGE)
        return Nearest(_indices(cols), _indices(rows))


@dataclass(frozen=True)
class Nearest:
    """Whole pixel coordinates; a huge negative one for what has no place in the target."""

    cols: NDArray[np.int64]
    rows: NDArray[np.int64]

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return self.cols.nbytes + self.rows.nbytes


def _indices(values: Floats) -> NDArray[np.int64]:
    finite = np.where(np.isfinite(values), values, -(2.0**40))
    return np.clip(finite, -(2.0**40), 2.0**40).astype(np.int64)


def locate(grid: Grid, target: Projection, memo: Memo, *, centre: float | None = None) -> Location:
    """Pixel centres of `grid` in pixels of `target`.

    Args:
        grid: The pixels that are asked for.
        target: The pixels that are there.
        memo: Keeps what was computed for other bands.
        centre: The longitude around which the target's longitudes run, where its CRS is geographic.
    """
    found: Location = memo.get(("locate", grid, target, centre), lambda: _locate(grid, target, centre))
    return found


def nearest(grid: Grid, target: Projection, memo: Memo, *, centre: float | None = None) -> Nearest:
    """The pixels of `target` under the pixel centres of `grid`."""
    found: Nearest = memo.get(
        ("nearest", grid, target, centre), lambda: locate(grid, target, memo, centre=centre).nearest()
    )
    return found


def _locate(grid: Grid, target: Projection, centre: float | None) -> Location:
    here, there = grid.transform, target.transform
    i, j = np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5
    if grid.crs != target.crs:
        return _warp(grid, target, centre)
    if here.rectilinear and there.rectilinear:
        x = _near(here.c + here.a * i, target, centre)
        y = here.f + here.e * j
        return Location(grid, target, centre, (x - there.c) / there.a, (y - there.f) / there.e)
    cols, rows = _exact(grid, target, centre, *np.meshgrid(i, j))
    return Location(grid, target, centre, cols, rows)


def _near(x: Floats, target: Projection, centre: float | None) -> Floats:
    """Longitudes shifted by whole turns to lie around `centre`; other coordinates unchanged."""
    if centre is None or not pyproj_crs(target.crs).is_geographic:
        return x
    turned: Floats = x - 360.0 * np.floor((x - centre + 180.0) / 360.0)
    return turned


def _exact(grid: Grid, target: Projection, centre: float | None, i: Floats, j: Floats) -> tuple[Floats, Floats]:
    """Pixel coordinates of grid positions (i, j) in the target, by the full transformation."""
    t = grid.transform
    x: Any = t.a * i + t.b * j + t.c
    y: Any = t.d * i + t.e * j + t.f
    if grid.crs != target.crs:
        x, y = project(grid.crs, target.crs, x, y)
    x = _near(np.asarray(x, float), target, centre)
    inv = target.transform.inverse()
    if target.transform.rectilinear:
        return (x - target.transform.c) / target.transform.a, (y - target.transform.f) / target.transform.e
    return inv.a * x + inv.b * y + inv.c, inv.d * x + inv.e * y + inv.f


def _warp(grid: Grid, target: Projection, centre: float | None) -> Location:
    """Coordinates on a coarse grid, interpolated; finer where the transformation bends, in the end exact."""
    for step in (16, 8, 4):
        if min(grid.width, grid.height) < step:
            continue
        across, down = _nodes(grid.width, step), _nodes(grid.height, step)
        u, v = _exact(grid, target, centre, *np.meshgrid(across, down))
        beside = _exact(grid, target, centre, *np.meshgrid(_middles(across), down))
        below = _exact(grid, target, centre, *np.meshgrid(across, _middles(down)))
        # Edges of the cells, not their middles: there the errors of a conformal projection cancel.
        with np.errstate(invalid="ignore"):
            error = max(_misfit(n, b) + _misfit(n.T, d.T) for n, b, d in zip((u, v), beside, below, strict=True))
        if error <= _TOLERANCE:
            left, right = _weights(grid.height, down, step), _weights(grid.width, across, step)
            return Location(grid, target, centre, left @ u @ right.T, left @ v @ right.T, error=1.5 * error + 1e-9)
    columns, lines = np.meshgrid(np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5)
    return Location(grid, target, centre, *_exact(grid, target, centre, columns, lines))


def _nodes(count: int, step: int) -> Floats:
    return np.arange(0, math.ceil((count - 1) / step) + 1) * float(step) + 0.5


def _middles(nodes: Floats) -> Floats:
    return (nodes[1:] + nodes[:-1]) / 2


def _misfit(nodes: Floats, middles: Floats) -> float:
    """How far the means of neighbours in a row are from the values between them."""
    worst = float(np.max(np.abs((nodes[:, 1:] + nodes[:, :-1]) / 2 - middles))) if middles.size else math.inf
    return worst if math.isfinite(worst) else math.inf


def _weights(count: int, nodes: Floats, step: int) -> Floats:
    """The matrix that interpolates node values to pixel centres."""
    position = np.arange(count) / step
    first = np.minimum(position.astype(int), len(nodes) - 2)
    weights = np.zeros((count, len(nodes)))
    weights[np.arange(count), first] = 1 - (position - first)
    weights[np.arange(count), first + 1] = position - first
    return weights
