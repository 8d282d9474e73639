"""How well a split keeps its word: how large splits are, and how near each other."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.errors import ConfigError
from eo_ingest.split import ground
from eo_ingest.split.guard import too_near

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eo_ingest.split.parting import Parting

_FIRST = 500  # pairs that are looked at to learn how near the nearest may be
_TRAIN = "train"


@dataclass(frozen=True)
class Apart:
    """How far the tiles of a split are from those that are trained on.

    Attributes:
        split: the split that is tested on.
        against: the split that is trained on, or `others` of folds.
        nearest_km: between outlines, 0 where they touch.
        overlapping: tiles that share area with one that is trained on: there should be none.
        within_km: kilometres that the next is of.
        share_within: share of the split's tiles nearer than that to one that is trained on.
    """

    split: str
    against: str
    nearest_km: float
    overlapping: int
    within_km: float
    share_within: float

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)


def fractions(parting: Parting) -> dict[str, float]:
    """The share of each split among the tiles that are in one."""
    inside = int((parting.splits >= 0).sum())
    return {name: int(parting.within(name).sum()) / max(inside, 1) for name in parting.names}


def distances(parting: Parting, within_km: float, *, folds: bool) -> list[Apart]:
    """How far splits are from that which is trained on: `train`, or the first; of folds, each from all others.

    Splits without tiles are left out.

    Raises:
        ConfigError: if `within_km` is not above 0.
    """
    if not 0 < within_km <= 1000:
        raise ConfigError(f"{within_km:g} km: expected more than 0 and at most 1000")
    names = parting.names
    trained = _TRAIN if _TRAIN in names else names[0]
    made = []
    for name in names:
        others = parting.within(trained) if not folds else (parting.splits >= 0) & ~parting.within(name)
        if (folds or name != trained) and others.any() and parting.within(name).any():
            made.append(
                _apart(parting, name, "others" if folds else trained, (parting.within(name), others, within_km))
            )
    return made


def _apart(
    parting: Parting, name: str, against: str, what: tuple[NDArray[np.bool_], NDArray[np.bool_], float]
) -> Apart:
    own, others, within_km = what
    two = np.where(own, 0, np.where(others, 1, -1)).astype(np.int32)

    def tested(one: int, other: int) -> bool:
        return one < other

    return Apart(
        split=name,
        against=against,
        nearest_km=round(_nearest(parting, np.flatnonzero(own), np.flatnonzero(others)) / 1000, 3),
        overlapping=int(too_near(parting.tiles, two, 0.0, tested).sum()),
        within_km=within_km,
        share_within=int(too_near(parting.tiles, two, within_km * 1000, tested).sum()) / int(own.sum()),
    )


def _nearest(parting: Parting, own: NDArray[np.int64], others: NDArray[np.int64]) -> float:
    """Metres between the nearest outlines of two sets of tiles, 0 where they touch."""
    from scipy.spatial import cKDTree

    tiles = parting.tiles
    centres = ground.ecef(tiles.lonlat)
    outer = float(ground.radii(tiles)[1].max())
    tree = cKDTree(centres[others])
    away, place = tree.query(centres[own])
    order = np.argsort(away, kind="stable")
    first = order[:_FIRST]
    best = float(ground.gaps(tiles, own[first], others[place[first]]).min())
    if best <= 0:
        return 0.0
    left = order[away[order] <= best + 2 * outer]
    near = tree.query_ball_point(centres[own[left]], best + 2 * outer)
    one = np.repeat(own[left], [len(found) for found in near])
    other = others[np.concatenate([np.asarray(found, dtype=np.int64) for found in near])]
    return max(0.0, min(best, float(ground.gaps(tiles, one, other).min())))
