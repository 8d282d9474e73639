"""Keeping splits apart: tiles that are too near those of another split are taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.split import border, ground

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from eo_ingest.split.tiles import Tiles

_NEAREST = 1e-3  # metres: nearer than this to the guard distance is at it
_PAIRS = 2_000_000  # at a time


def too_near(
    tiles: Tiles, splits: NDArray[np.int32], guard_m: float, yields: Callable[[int, int], bool]
) -> NDArray[np.bool_]:
    """Which tiles lie nearer than `guard_m` to one of another split that theirs yields to.

    Outlines count, not centres. With 0 metres only tiles that share area are too near, as they do where zones meet:
    those of one lattice never do.

    Args:
        tiles: the tiles.
        splits: the split of each, below 0 for none: those count for nothing.
        guard_m: metres.
        yields: whether the first of two splits gives up its tiles.
    """
    if guard_m == 0 and len(tiles.grid.zones) == 1 and not tiles.grid.lattice.stacked:
        return np.zeros(len(tiles), dtype=bool)
    inner, outer = ground.radii(tiles)
    centres = ground.ecef(tiles.lonlat)
    lost = np.zeros(len(tiles), dtype=bool)
    present = np.unique(splits[splits >= 0]).tolist()
    if guard_m == 0:
        splits = np.where(border.by_border(tiles, outer), splits, -1)
    for own in present:
        winners = [other for other in present if other != own and yields(own, other)]
        here, there = np.flatnonzero(splits == own), np.flatnonzero(np.isin(splits, winners))
        if len(here) and len(there):
            lost[_near(tiles, here, there, guard_m, (centres, inner, outer))] = True
    return lost


def _near(
    tiles: Tiles,
    here: NDArray[np.int64],
    there: NDArray[np.int64],
    guard_m: float,
    ground_: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
) -> NDArray[np.int64]:
    """Those of `here` that are too near one of `there`: most are told by centres, the others by outlines."""
    from scipy.spatial import cKDTree

    centres, inner, outer = ground_
    tree = cKDTree(centres[there])
    reach = guard_m + outer[here] + outer[there].max() + 1.0
    nearest, _ = tree.query(centres[here], distance_upper_bound=float(reach.max()))
    possible = nearest < reach
    sure = nearest < guard_m + inner[here] + inner[there].min() - 1.0
    if guard_m == 0:
        sure &= False  # neighbours of one lattice touch, no more
    doubtful = np.flatnonzero(possible & ~sure)
    parts = np.array_split(doubtful, max(1, len(doubtful) // 20_000))
    found = [_by_outline(tiles, here[part], there, guard_m, (tree, centres, reach[part])) for part in parts]
    return np.concatenate([here[sure], *found])


def _by_outline(
    tiles: Tiles, here: NDArray[np.int64], there: NDArray[np.int64], guard_m: float, where: tuple[object, ...]
) -> NDArray[np.int64]:
    tree, centres, reach = where
    lists = tree.query_ball_point(centres[here], reach)  # type: ignore[attr-defined, index]
    counts = np.fromiter(map(len, lists), dtype=np.int64, count=len(lists))
    one = np.repeat(here, counts)
    other = there[np.concatenate([np.asarray(found, dtype=np.int64) for found in lists])] if len(lists) else one
    if guard_m == 0:
        stacked = tiles.grid.lattice.stacked
        apart = (tiles.number[one] != tiles.number[other]) | stacked
        one, other = one[apart], other[apart]
    near: list[NDArray[np.int64]] = [one[:0]]
    for start in range(0, len(one), _PAIRS):
        part = slice(start, start + _PAIRS)
        between = ground.gaps(tiles, one[part], other[part])
        near.append(one[part][between < (guard_m - _NEAREST if guard_m else 0)])
    return np.unique(np.concatenate(near))
