"""Choosing some tiles: uniformly, or alike from groups. The same tiles from the same input, in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.errors import ConfigError
from eo_ingest.split.share import shuffled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from eo_ingest.split.tiles import Tiles


def sample(tiles: Tiles, count: int, *, seed: int = 0, strata: Sequence[str | None] | None = None) -> NDArray[np.bool_]:
    """Which of the tiles are chosen.

    A tile's place in the draw depends on its id and the seed alone: a larger sample holds the smaller one, and what an
    area adds to another does not change the order of those that were there.

    Args:
        tiles: what to choose from.
        count: how many.
        seed: another one chooses others.
        strata: what each tile is counted to, if groups are to have an equal part each: those that have too few give all
            of theirs, and the others share what is left. Tiles of None are in no group, and are not chosen.

    Raises:
        ConfigError: if there are fewer tiles to choose from, or less than one is asked for.
    """
    numbers = np.empty(len(tiles), dtype=np.uint64)
    for zone, own in tiles.parts():
        numbers[own] = shuffled(seed, zone.name, tiles.rows[own], tiles.cols[own])
    names = np.array([""] * len(tiles) if strata is None else strata, dtype=object)
    known = np.array([name is not None for name in names])
    if not 0 < count <= int(known.sum()):
        raise ConfigError(f"{count:,} tiles are asked for: expected 1 to {int(known.sum()):,}, as many as there are")
    chosen = np.zeros(len(tiles), dtype=bool)
    groups = [np.flatnonzero(names == name) for name in sorted(set(names[known]))]
    for group, share in zip(groups, _shares([len(group) for group in groups], count), strict=True):
        chosen[group[np.lexsort((group, numbers[group]))[:share]]] = True
    return chosen


def _shares(sizes: Sequence[int], count: int) -> list[int]:
    """Equal parts of a number, none larger than its group; what does not divide goes to the larger groups."""
    shares = [0] * len(sizes)
    order = sorted(range(len(sizes)), key=lambda group: (sizes[group], group))
    for place, group in enumerate(order):
        shares[group] = min(sizes[group], count // (len(order) - place))
        count -= shares[group]
    return shares
