"""Reduced-resolution levels of an image, computed from its native pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator.asset import Pyramid, Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Pixels = tuple[NDArray[Any], NDArray[np.bool_]]

# Native pixels that are held at once while a level is built.
_CHUNK = 2**24


def pyramid_read(read0: Callable[[Window], Pixels], level: int, window: Window, policy: Pyramid) -> Pixels:
    """Pixels of a pyramid level, from a reader of native pixels.

    Args:
        read0: Reads a window of native pixels as (values, valid); it may reach outside the image, where `valid` is
            False.
        level: Pixels are 2**level native ones wide, counted from the lattice's origin.
        window: What to read, in pixels of that level.
        policy: `mean` over the valid pixels (rounded to the nearest for integers), `mode` level by level (ties: the
            smallest value), or `sample` (the upper-left native pixel).

    Returns:
        (values, valid), both (window.height, window.width); a pixel is valid if a native pixel under it is.
    """
    if level <= 0:
        return read0(window)
    size = 2**level
    rows = max(1, _CHUNK // max(1, window.width * size * size))
    parts = []
    for top in range(0, window.height, rows):
        count = min(rows, window.height - top)
        native = Window((window.row + top) * size, window.col * size, count * size, window.width * size)
        parts.append(_reduce(*read0(native), size, policy))
    return np.concatenate([v for v, _ in parts]), np.concatenate([m for _, m in parts])


def _reduce(values: NDArray[Any], valid: NDArray[np.bool_], size: int, policy: Pyramid) -> Pixels:
    if policy == "sample":
        return values[::size, ::size].copy(), valid[::size, ::size].copy()
    if policy == "mean":
        return _mean(values, valid, size)
    while size > 1:
        values, valid = _mode_of_four(values, valid)
        size //= 2
    return values, valid


def _blocks(array: NDArray[Any], size: int) -> NDArray[Any]:
    height, width = array.shape
    return array.reshape(height // size, size, width // size, size)


def _mean(values: NDArray[Any], valid: NDArray[np.bool_], size: int) -> Pixels:
    height, width = values.shape
    count: Any = np.full((height // size, width // size), size * size)
    if not valid.all():
        values, count = np.where(valid, values, np.zeros((), values.dtype)), _sums(valid, size, np.int64)
    mean = _sums(values, size, np.float64) / np.maximum(count, 1)
    if values.dtype.kind in "iu":
        mean = np.floor(mean + 0.5)
    return mean.astype(values.dtype), count > 0


def _sums(array: NDArray[Any], size: int, dtype: Any) -> NDArray[Any]:
    """Sums of blocks, of the rows first: whole rows are added at once."""
    height, width = array.shape
    rows = array.reshape(height // size, size, width).sum(axis=1, dtype=dtype)
    found: NDArray[Any] = rows.reshape(height // size, width // size, size).sum(axis=2)
    return found


def _mode_of_four(values: NDArray[Any], valid: NDArray[np.bool_]) -> Pixels:
    """The most frequent of each two by two valid pixels, the smallest of those that are equally frequent."""
    height, width = values.shape
    stack = _blocks(values, 2).transpose(1, 3, 0, 2).reshape(4, height // 2, width // 2)
    good = _blocks(valid, 2).transpose(1, 3, 0, 2).reshape(4, height // 2, width // 2)
    votes = np.zeros(stack.shape, np.int8)
    for i in range(4):
        for j in range(4):
            votes[i] += (stack[i] == stack[j]) & good[j]
    votes[~good] = 0
    best = votes.max(axis=0)
    value = stack[0].copy()
    chosen = np.zeros(value.shape, bool)
    for i in range(4):
        take = (votes[i] == best) & good[i] & (~chosen | (stack[i] < value))
        value[take] = stack[i][take]
        chosen |= take
    return value, best > 0
