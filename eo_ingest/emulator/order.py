"""Order statistics of stacks of planes, without NaN tricks: masked values sort to the end."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator.plane import Plane, as_bool, masked, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    # Picks from sorted values (n, pixels) and the number of valid ones (pixels,) one result per pixel.
    Pick = Callable[[NDArray[Any], NDArray[np.int64]], NDArray[Any]]

# Pixels sorted at once: a few of their planes fit in the processor's cache.
_CHUNK = 2**14
# The largest stack that is sorted by a network of minima and maxima.
_NETWORK = 48


def select(planes: Sequence[Plane], picks: Sequence[Pick], dtype: np.dtype[Any]) -> list[Plane]:
    """One plane for each pick from the sorted valid values of every pixel; masked where no plane is valid."""
    present = [plane for plane in planes if plane.valid is not False]
    if not present:
        return [masked(dtype) for _ in picks]
    shape = np.broadcast_shapes(*(np.broadcast_shapes(p.values.shape, as_bool(p.valid).shape) for p in present))
    size = int(np.prod(shape, dtype=int))
    work = _work_type([plane.values.dtype for plane in present])
    values = [_flat(p.values, shape) for p in present]
    valid = [None if p.valid is True else _flat(as_bool(p.valid), shape) for p in present]
    results = [np.empty(size, dtype) for _ in picks]
    seen = np.empty(size, bool)
    for start in range(0, size, _CHUNK):
        part = slice(start, min(start + _CHUNK, size))
        stack, count = _sorted(values, valid, part, work)
        seen[part] = count > 0
        for result, pick in zip(results, picks, strict=True):
            result[part] = pick(stack, count)
    mask = settle(seen.reshape(shape))
    return [Plane(result.reshape(shape), mask) for result in results]


def _flat(array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """The array as one dimension; one value stands for all where it is the same everywhere."""
    return array.reshape(1) if array.size == 1 else np.broadcast_to(array, shape).reshape(-1)


def _work_type(dtypes: list[np.dtype[Any]]) -> np.dtype[Any]:
    """A floating type that holds all values exactly."""
    small = all(d == np.float32 or (d.kind in "iub" and d.itemsize <= 2) for d in dtypes)
    return np.dtype("float32" if small else "float64")


def _sorted(
    values: list[NDArray[Any]], valid: list[NDArray[np.bool_] | None], part: slice, work: np.dtype[Any]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    length = part.stop - part.start
    stack = np.empty((len(values), length), work)
    count = np.zeros(length, np.int64)
    for row, (value, mask) in enumerate(zip(values, valid, strict=True)):
        stack[row] = value if value.size == 1 else value[part]
        if mask is None:
            count += 1
            continue
        good = mask if mask.size == 1 else mask[part]
        count += good
        np.copyto(stack[row], np.inf, where=~good)
    if len(values) <= _NETWORK:
        spare = np.empty(length, work)
        for low, high in _network(len(values)):
            np.minimum(stack[low], stack[high], out=spare)
            np.maximum(stack[low], stack[high], out=stack[high])
            stack[low] = spare
    else:
        stack.sort(axis=0)
    return stack, count


@lru_cache(maxsize=64)
def _network(count: int) -> tuple[tuple[int, int], ...]:
    """Batcher's odd-even merge sort: pairs to compare and swap, in order."""
    pairs: list[tuple[int, int]] = []
    size = 1
    while size < count:
        step = size
        while step >= 1:
            for start in range(step % size, count - step, 2 * step):
                run = range(start, min(start + step, count - step))
                pairs.extend((i, i + step) for i in run if i // (2 * size) == (i + step) // (2 * size))
            step //= 2
        size *= 2
    return tuple(pairs)


def at_rank(stack: NDArray[Any], rank: NDArray[np.int64]) -> Any:
    """The value of a rank at each pixel."""
    first = int(rank[0]) if rank.size else 0
    if (rank == first).all():
        return stack[max(first, 0)]
    return np.take_along_axis(stack, np.maximum(rank, 0)[None], axis=0)[0]


def median(stack: NDArray[Any], count: NDArray[np.int64]) -> NDArray[Any]:
    """The middle value, or the mean of the two in the middle."""
    low, high = at_rank(stack, (count - 1) // 2), at_rank(stack, count // 2)
    with np.errstate(invalid="ignore"):
        middle: NDArray[Any] = (low.astype(np.float64) + high) / 2
    return np.where(count > 0, middle, 0)


def percentile(fraction: float) -> Pick:
    """The value below which a fraction of the values lie, interpolated between ranks."""

    def pick(stack: NDArray[Any], count: NDArray[np.int64]) -> NDArray[Any]:
        rank = fraction * np.maximum(count - 1, 0)
        low = np.floor(rank).astype(np.int64)
        below, above = at_rank(stack, low), at_rank(stack, np.minimum(low + 1, np.maximum(count - 1, 0)))
        with np.errstate(invalid="ignore"):
            found = below.astype(np.float64) + (above.astype(np.float64) - below) * (rank - low)
        return np.where(count > 0, found, 0)

    return pick


def mode(stack: NDArray[Any], count: NDArray[np.int64]) -> NDArray[Any]:
    """The most frequent value, the smallest of those that are equally frequent."""
    best, run = stack[0].copy(), np.ones(stack.shape[1], np.int64)
    longest = run.copy()
    for row in range(1, stack.shape[0]):
        run = np.where(stack[row] == stack[row - 1], run + 1, 1)
        better = (run > longest) & (row < count)
        best[better] = stack[row][better]
        longest[better] = run[better]
    return np.where(count > 0, best, 0)
