"""Reading pixels of one grid from another: nearest by default, bilinear or bicubic on request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.locate import Nearest, locate, nearest
from eo_ingest.emulator.plane import Plane, as_array, as_bool, masked, settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from eo_ingest.emulator.grid import Grid, Projection
    from eo_ingest.emulator.locate import Location
    from eo_ingest.emulator.memo import Memo

    Ints = NDArray[np.int64]

Method = Literal["nearest", "bilinear", "bicubic"]

# A source window larger than this is refused, as Earth Engine refuses a reprojection of that size.
_MAX_PIXELS = 2**27
# A larger window may be two small ones, at both ends of an image.
_WORTH_SPLITTING = 2**22


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
    plain = method == "nearest" or _coincide(where)
    found = masked(dtype)
    for window in _windows(index, 0 if plain else 2, extent):
        if plain:
            plane = _nearest(window, index, read, memo, dtype)
        else:
            plane = _interpolate(window, where, index, read, memo, dtype, cubic=method == "bicubic")
        found = _join(found, plane)
    return found if found.values.dtype == dtype else Plane(found.values.astype(dtype), found.valid)


def _join(one: Plane, other: Plane) -> Plane:
    """Pixels that are valid in either of two planes, never in both."""
    if one.valid is False:
        return other
    if other.valid is False:
        return one
    return Plane(np.where(as_bool(other.valid), other.values, one.values), settle(as_bool(one.valid) | other.valid))


def _coincide(where: Location) -> bool:
    """Whether all centres are pixel centres of the target."""
    if not where.separable:
        return False
    return all(bool(np.all(np.abs(v - np.floor(v) - 0.5) < 1e-6)) for v in (where.cols, where.rows))


def _windows(index: Nearest, margin: int, extent: Window | None) -> list[Window]:
    """What to read: one window, none, or two where the pixels lie at both ends of an image around the globe."""
    whole = _cover(index, margin, extent)
    if whole is None:
        return []
    found = [whole]
    if extent and _size(whole) > _WORTH_SPLITTING:
        ends = _ends(index, margin, extent)
        found = ends if 2 * sum(map(_size, ends)) < _size(whole) else found
    if max(map(_size, found)) > _MAX_PIXELS:
        raise EarthEngineError(f"Reprojection output too large ({whole.width}x{whole.height} pixels).")
    return found


def _size(window: Window) -> int:
    return window.width * window.height


def _ends(index: Nearest, margin: int, extent: Window) -> list[Window]:
    """The windows in the left and in the right half of an extent."""
    half = extent.width // 2
    rows, cols = index.rows, index.cols
    if rows.ndim == 1:
        rows, cols = np.broadcast_arrays(rows[:, None], cols)
    found = []
    for left, width in ((extent.col, half), (extent.col + half, extent.width - half)):
        here = (cols >= left) & (cols < left + width)
        part = Nearest(cols[here], rows[here])
        found.append(_cover(part, margin, Window(extent.row, left, extent.height, width)))
    return [window for window in found if window]


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
    return Window(top, left, bottom - top, right - left)


def _nearest(window: Window, index: Nearest, read: Reader, memo: Memo, dtype: np.dtype[Any]) -> Plane:
    plane = read(window)
    if plane.valid is False:
        return masked(dtype)
    return _take(plane, window, index, memo)


@dataclass(frozen=True)
class _Places:
    """Where a window's pixels go: for each pixel of the grid a place in the window, and whether there is one."""

    at: Ints
    inside: NDArray[np.bool_] | bool

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return self.at.nbytes + (0 if isinstance(self.inside, bool) else self.inside.nbytes)


def _places(index: Nearest, window: Window) -> _Places:
    rows, cols = index.rows - window.row, index.cols - window.col
    fits = all(v.min() >= 0 and v.max() < size for v, size in ((rows, window.height), (cols, window.width)) if v.size)
    inside: NDArray[np.bool_] | bool = True
    if not fits:
        in_rows, in_cols = (rows >= 0) & (rows < window.height), (cols >= 0) & (cols < window.width)
        inside = in_rows[:, None] & in_cols if rows.ndim == 1 else in_rows & in_cols
        rows, cols = np.clip(rows, 0, window.height - 1), np.clip(cols, 0, window.width - 1)
    return _Places(rows[:, None] * window.width + cols if rows.ndim == 1 else rows * window.width + cols, inside)


def _take(plane: Plane, window: Window, index: Nearest, memo: Memo) -> Plane:
    """Pixels of a window by index; invalid outside it. 1-D indices are rows and columns of the result."""
    shape = (window.height, window.width)
    row, col = _run(index.rows), _run(index.cols)
    if row is not None and col is not None:
        return _paste(plane, shape, row - window.row, col - window.col, (index.rows.size, index.cols.size))
    # The index object is kept in the entry, so its id stays its own.
    places: _Places = memo.get((id(index), window), lambda: _places(index, window), keep=index)
    if plane.values.ndim == 0:
        values: NDArray[Any] = plane.values
    else:
        values = np.broadcast_to(plane.values, shape).ravel()[places.at]
    if isinstance(plane.valid, bool):
        inside = places.inside
    else:
        inside = as_array(plane.valid, shape).ravel()[places.at] & places.inside
    return Plane(values, inside if isinstance(inside, bool) else settle(inside))


def _run(values: Ints) -> int | None:
    """The first of 1-D indices that run one by one."""
    if values.ndim != 1 or not values.size or int(values[-1]) - int(values[0]) != values.size - 1:
        return None
    return int(values[0]) if bool(np.all(np.diff(values) == 1)) else None


def _paste(plane: Plane, source: tuple[int, int], row: int, col: int, shape: tuple[int, int]) -> Plane:
    """A rectangle of a plane that starts at (row, col), which may lie partly outside."""
    top, left = max(row, 0), max(col, 0)
    bottom, right = min(row + shape[0], source[0]), min(col + shape[1], source[1])
    cut = slice(top, bottom), slice(left, right)
    values = plane.values if plane.values.ndim == 0 else np.broadcast_to(plane.values, source)[cut]
    part = plane.valid if isinstance(plane.valid, bool) else as_array(plane.valid, source)[cut]
    if (bottom - top, right - left) == shape:
        return Plane(values, part if isinstance(part, bool) else settle(part))
    place = slice(top - row, bottom - row), slice(left - col, right - col)
    valid = np.zeros(shape, bool)
    valid[place] = part
    if values.ndim:
        whole = np.zeros(shape, values.dtype)
        whole[place] = values
        values = whole
    return Plane(values, settle(valid))


def _bilinear_weights(fraction: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    return [1 - fraction, fraction]


def _bicubic_weights(fraction: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Keys' cubic convolution with a = -1/2, for the four neighbours from -1 to +2."""
    t, a = fraction, -0.5
    near: Callable[[NDArray[np.float64]], NDArray[np.float64]] = lambda x: ((a + 2) * x - (a + 3)) * x * x + 1  # noqa: E731
    far: Callable[[NDArray[np.float64]], NDArray[np.float64]] = lambda x: ((a * x - 5 * a) * x + 8 * a) * x - 4 * a  # noqa: E731
    return [far(t + 1), near(t), near(1 - t), far(2 - t)]


def _interpolate(
    window: Window,
    where: Location,
    index: Nearest,
    read: Reader,
    memo: Memo,
    dtype: np.dtype[Any],
    *,
    cubic: bool,
) -> Plane:
    plane = read(window)
    if plane.valid is False:
        return masked(dtype)
    centre = _take(plane, window, index, memo)
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
