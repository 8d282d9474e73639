"""Reading pixels of one grid from another: nearest by default, bilinear or bicubic on request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.locate import locate, nearest
from eo_ingest.emulator.plane import Plane, as_array, as_bool, masked, settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from eo_ingest.emulator.grid import Grid, Projection
    from eo_ingest.emulator.locate import Location, Nearest
    from eo_ingest.emulator.memo import Memo

    Ints = NDArray[np.int64]

Method = Literal["nearest", "bilinear", "bicubic"]

# A source window larger than this is refused, as Earth Engine refuses a reprojection of that size.
_MAX_PIXELS = 2**27


class Reader(Protocol):
    """Reads a window of the target's pixels."""

    def __call__(self, window: Window) -> Plane:
        """The pixels of a window."""
        ...


def resample(
    grid: Grid,
    target: Projection,
    read: Reader,
    memo: Memo,
    *,
    method: Method = "nearest",
    dtype: np.dtype[Any],
    extent: Window | None = None,
    centre: float | None = None,
) -> Plane:
    """The pixels of `grid`, read from pixels of `target`.

    Args:
        grid: The pixels that are asked for.
        target: The pixels that are there.
        read: Reads a window of those.
        memo: What the request remembers.
        method: Interpolated pixels are masked where the nearest pixel is, else weighted over the valid neighbours.
        dtype: Of the result.
        extent: Where the target has pixels; None for everywhere.
        centre: The longitude around which the target's longitudes run.
    """
    where = locate(grid, target, memo, centre=centre)
    index = nearest(grid, target, memo, centre=centre)
    if method == "nearest" or _coincide(where):
        plane = _nearest(index, read, dtype, extent)
        return plane if plane.values.dtype == dtype else Plane(plane.values.astype(dtype), plane.valid)
    return _interpolate(where, index, read, dtype, extent, cubic=method == "bicubic")


def _coincide(where: Location) -> bool:
    """Whether all centres are pixel centres of the target."""
    if not where.separable:
        return False
    return all(bool(np.all(np.abs(v - np.floor(v) - 0.5) < 1e-6)) for v in (where.cols, where.rows))


def _cover(index: Nearest, margin: int, extent: Window | None) -> Window | None:
    """The smallest window that holds all indices, inside the extent; None if there is nothing to read."""
    spans = []
    for values, start, size in (
        (index.rows, extent.row if extent else 0, extent.height if extent else 0),
        (index.cols, extent.col if extent else 0, extent.width if extent else 0),
    ):
        there = values[values > -(2**39)] if values.size and values.min() <= -(2**39) else values
        if not there.size:
            return None
        low, high = int(there.min()) - margin, int(there.max()) + 1 + margin
        if extent:
            low, high = max(low, start), min(high, start + size)
        if low >= high:
            return None
        spans.append((low, high))
    (top, bottom), (left, right) = spans
    if (bottom - top) * (right - left) > _MAX_PIXELS:
        raise EarthEngineError(f"Reprojection output too large ({right - left}x{bottom - top} pixels).")
    return Window(top, left, bottom - top, right - left)


def _nearest(index: Nearest, read: Reader, dtype: np.dtype[Any], extent: Window | None) -> Plane:
    window = _cover(index, 0, extent)
    if window is None:
        return masked(dtype)
    plane = read(window)
    if plane.valid is False:
        return masked(dtype)
    return _take(plane, window, index.rows, index.cols)


def _slice(values: Ints, start: int, size: int) -> slice | None:
    """The slice that `values` are, if they run one by one inside [start, start + size)."""
    first, last = int(values[0]), int(values[-1])
    if first < start or last >= start + size or last - first != values.size - 1 or np.any(np.diff(values) != 1):
        return None
    return slice(first - start, last - start + 1)


def _take(plane: Plane, window: Window, rows: Ints, cols: Ints) -> Plane:
    """Pixels (rows, cols) of a window; invalid outside it. 1-D indices are rows and columns of the result."""
    shape = (window.height, window.width)
    if plane.values.ndim == 0 and plane.valid is True:
        values: NDArray[Any] = plane.values
    else:
        values = np.broadcast_to(plane.values, shape)
    valid = plane.valid
    if rows.ndim == 1:
        row, col = _slice(rows, window.row, window.height), _slice(cols, window.col, window.width)
        if row is not None and col is not None:
            cut = valid if isinstance(valid, bool) else settle(as_array(valid, shape)[row, col])
            return Plane(values[row, col] if values.ndim else values, cut)
        rows, cols = rows[:, None], cols[None, :]
    inside = (rows >= window.row) & (rows < window.row + window.height)
    inside = inside & (cols >= window.col) & (cols < window.col + window.width)
    row_at = np.clip(rows - window.row, 0, window.height - 1)
    col_at = np.clip(cols - window.col, 0, window.width - 1)
    if not isinstance(valid, bool):
        inside = inside & as_array(valid, shape)[row_at, col_at]
    return Plane(values[row_at, col_at] if values.ndim else values, settle(inside))


def _bilinear_weights(fraction: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    return [1 - fraction, fraction]


def _bicubic_weights(fraction: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Keys' cubic convolution with a = -1/2, for the four neighbours from -1 to +2."""
    t, a = fraction, -0.5
    near: Callable[[NDArray[np.float64]], NDArray[np.float64]] = lambda x: ((a + 2) * x - (a + 3)) * x * x + 1  # noqa: E731
    far: Callable[[NDArray[np.float64]], NDArray[np.float64]] = lambda x: ((a * x - 5 * a) * x + 8 * a) * x - 4 * a  # noqa: E731
    return [far(t + 1), near(t), near(1 - t), far(2 - t)]


def _interpolate(
    where: Location, index: Nearest, read: Reader, dtype: np.dtype[Any], extent: Window | None, *, cubic: bool
) -> Plane:
    window = _cover(index, 2, extent)
    if window is None:
        return masked(dtype)
    plane = read(window)
    if plane.valid is False:
        return masked(dtype)
    centre = _take(plane, window, index.rows, index.cols)
    if centre.valid is False:
        return masked(dtype)
    shape = (window.height, window.width)
    values = np.broadcast_to(plane.values, shape).astype(np.float64)
    valid = None if plane.valid is True else as_array(plane.valid, shape)
    if valid is not None:
        values = np.where(valid, values, 0.0)
    total, weight = _weigh(where, window, values, valid, cubic=cubic)
    with np.errstate(all="ignore"):
        result = np.where(np.abs(weight) > 1e-6, total / weight, np.broadcast_to(centre.values, total.shape))
    return Plane(result.astype(dtype), centre.valid)


def _weigh(
    where: Location, window: Window, values: NDArray[np.float64], valid: NDArray[np.bool_] | None, *, cubic: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums of weighted neighbours and of the weights; neighbours outside the window or masked weigh nothing."""
    first = -1 if cubic else 0
    weights_of = _bicubic_weights if cubic else _bilinear_weights
    axes = []
    for position, start, size in ((where.rows, window.row, window.height), (where.cols, window.col, window.width)):
        base = np.floor(np.nan_to_num(position, posinf=0.0, neginf=0.0) - 0.5)
        taps = []
        for k, w in enumerate(weights_of(position - 0.5 - base)):
            at = base.astype(np.int64) + first + k - start
            taps.append((np.clip(at, 0, size - 1), np.where((at >= 0) & (at < size), w, 0.0)))
        axes.append(taps)
    total: NDArray[np.float64] = np.zeros(where.grid.shape)
    weight: NDArray[np.float64] = np.zeros(where.grid.shape)
    for row_at, row_weight in axes[0]:
        for col_at, col_weight in axes[1]:
            if where.separable:
                w, r, c = row_weight[:, None] * col_weight[None, :], row_at[:, None], col_at[None, :]
            else:
                w, r, c = row_weight * col_weight, row_at, col_at
            if valid is not None:
                w = w * as_bool(valid)[r, c]
            total += w * values[r, c]
            weight += w
    return total, weight
