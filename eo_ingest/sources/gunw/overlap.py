"""What two granules of a pair say of the same ground: the offsets between their connected components."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.sources.gunw import axes, phase
from eo_ingest.sources.warp import Window, draw

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eo_ingest.sources.gunw.granule import Granule
    from eo_ingest.sources.gunw.phase import Labels, Single
    from eo_ingest.sources.warp import Chart, Lattice

# The standard deviation of a normal distribution is this often its median absolute deviation.
_SIGMA = 1.4826
# Lattices whose pixels meet this closely, in pixels, are one lattice: a tenth of a metre.
_SAME = 1e-3
# About so many pixels are compared at most, evenly spread: of a frame's usual overlap every second row and column.
_MOST_PIXELS = 500_000


@dataclass(frozen=True, slots=True)
class Tie:
    """What an overlap tells of two components, one of each granule.

    Attributes:
        first: label in the first granule.
        second: label in the second granule.
        offset: radians to add to the second's phase to meet the first's.
        pixels: how many common pixels were compared.
        residual: robust standard deviation of what is left, in radians.
    """

    first: int
    second: int
    offset: float
    pixels: int
    residual: float


def compare(first: Granule, second: Granule, smallest: int) -> tuple[Tie, ...]:
    """The ties between two granules' components that share at least `smallest` pixels.

    Raises:
        SourceError: if a granule cannot be read.
    """
    window = _common(first.lattice, second.lattice)
    if window is None:
        return ()
    step = math.ceil(math.sqrt(window.height * window.width / _MOST_PIXELS))
    chart = draw(axes.part(first.lattice, window, step), second.lattice)
    patch = chart.patch(margin=1)
    if patch is None:
        return ()
    here, labels = first.read_phase(window)
    there, others = second.read_phase(patch.window)
    moved = patch.nearest(there, nodata=np.nan) if _meet(chart) else phase.interpolate(there, others, patch)
    found = patch.nearest(others, nodata=phase.NODATA_COMPONENT)
    return ties(here[::step, ::step], labels[::step, ::step], moved, found, smallest)


def ties(first: Single, labels: Labels, second: Single, others: Labels, smallest: int) -> tuple[Tie, ...]:
    """The ties between components on common places: phases in radians (NaN: nodata), labels above 0."""
    both = (labels > 0) & (others > 0) & np.isfinite(first) & np.isfinite(second)
    if not both.any():
        return ()
    pairs = labels[both].astype(np.int64) << 32 | others[both]
    difference = first[both].astype(np.float64) - second[both]
    order = np.argsort(pairs, kind="stable")
    keys, starts = np.unique(pairs[order], return_index=True)
    groups = np.split(difference[order], starts[1:])
    return tuple(
        _tie(int(key), group) for key, group in zip(keys.tolist(), groups, strict=True) if len(group) >= smallest
    )


def _tie(key: int, difference: NDArray[np.float64]) -> Tie:
    offset = float(np.median(difference))
    residual = _SIGMA * float(np.median(np.abs(difference - offset)))
    return Tie(key >> 32, key & 0xFFFFFFFF, offset, len(difference), residual)


def _common(first: Lattice, second: Lattice) -> Window | None:
    """The pixels of the first lattice whose centres lie between the outer ones of the second."""
    across, _, left, _, down, top = first.transform
    west, south, east, north = axes.bounds(second)
    middle = left + across * first.width / 2
    turns = 360.0 * round((middle - (west + east) / 2) / 360.0)
    rows = sorted((lat - top) / down - 0.5 for lat in (south, north))
    cols = sorted((lon + turns - left) / across - 0.5 for lon in (west, east))
    row, col = (max(math.ceil(low - _SAME), 0) for low, _ in (rows, cols))
    height = min(math.floor(rows[1] + _SAME) + 1, first.height) - row
    width = min(math.floor(cols[1] + _SAME) + 1, first.width) - col
    return Window(row, col, height, width) if height > 0 and width > 0 else None


def _meet(chart: Chart) -> bool:
    """Whether all places are centres of the source's pixels."""
    return all(float(np.abs(at - np.floor(at) - 0.5).max()) < _SAME for at in (chart.rows, chart.cols))
