"""What stands on the ground: trees with their cover, height and mass, herbs, and buildings.

All follow from the kind of ground and one field of vigour, so that products made of them agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.emulator.world.cover import Kind
from eo_ingest.emulator.world.land import kinds

if TYPE_CHECKING:
    import numpy.typing as npt

    from eo_ingest.emulator.world.noise import F32, U8, Sites

_ROWS: dict[Kind, tuple[float, float, float, float, float, float]] = {
    Kind.SEA: (0, 0, 0, 0, 0, 0),
    Kind.DEEP_SEA: (0, 0, 0, 0, 0, 0),
    Kind.WATER: (0, 0, 0, 0, 0, 0),
    Kind.CONIFER: (0.76, 21, 140, 0.7, 0, 0),
    Kind.BROADLEAF: (0.82, 24, 175, 0.8, 0, 0),
    Kind.RAINFOREST: (0.9, 33, 300, 0.9, 0, 0),
    Kind.SHRUB: (0.1, 2.6, 12, 0.6, 0, 0),
    Kind.MEADOW: (0.03, 0.7, 1.6, 0.92, 0, 0),
    Kind.SAVANNA: (0.09, 3.4, 9, 0.78, 0, 0),
    Kind.CEREAL: (0.01, 0, 0, 0.86, 0, 0),
    Kind.MAIZE: (0.01, 0, 0, 0.82, 0, 0),
    Kind.RAPE: (0.01, 0, 0, 0.85, 0, 0),
    Kind.TILLED: (0.01, 0, 0, 0.7, 0, 0),
    Kind.TOWN: (0.05, 1.5, 3, 0.2, 0.62, 9),
    Kind.SUBURB: (0.14, 4, 9, 0.55, 0.3, 6),
    Kind.ROCK: (0, 0, 0, 0.08, 0, 0),
    Kind.SAND: (0, 0, 0, 0.02, 0, 0),
    Kind.SNOW: (0, 0, 0, 0, 0, 0),
    Kind.WETLAND: (0.06, 2, 5, 0.9, 0, 0),
    Kind.MANGROVE: (0.72, 12, 120, 0.8, 0, 0),
    Kind.MOSS: (0.01, 0.3, 0.4, 0.66, 0, 0),
}
"""Tree cover, height in m, mass in Mg/ha; herbs between trees; built share of the ground, height of buildings in m."""

_COVER, _HEIGHT, _MASS, _HERB, _BUILT, _ROOF = np.array([_ROWS[kind] for kind in Kind], np.float32).T
_ROOF_SHARE = np.float32(0.5)
WATERS = (Kind.SEA, Kind.DEEP_SEA, Kind.WATER)
"""The kinds of ground that are water all year."""


@dataclass(frozen=True)
class Stand:
    """What stands at some sites, all of one shape: `vigour` from 0 to 1 says how well it grows there."""

    kind: U8
    vigour: F32

    @property
    def tree_cover(self) -> F32:
        """The share of the ground under crowns of trees."""
        return self._scaled(_COVER, 0.85, 0.3)

    @property
    def canopy(self) -> F32:
        """Height of the crowns above the ground, metres."""
        return self._scaled(_HEIGHT, 0.5, 1.0)

    @property
    def biomass(self) -> F32:
        """Woody mass of living trees above the ground, Mg/ha."""
        grown = np.float32(0.5) + self.vigour
        out: F32 = _MASS.take(self.kind) * grown * np.sqrt(grown)
        return out

    @property
    def herbs(self) -> F32:
        """The share of the ground under other plants, seen from above."""
        out: F32 = (1 - self.tree_cover) * _HERB.take(self.kind)
        return out

    @property
    def built(self) -> F32:
        """The share of the ground under buildings in 2020."""
        return self._scaled(_BUILT, 0.7, 0.6)

    @property
    def top(self) -> F32:
        """Mean height of crowns and roofs above the ground, metres, as a radar at X band sees it."""
        crowns = self.canopy * self.tree_cover
        out: F32 = crowns + _ROOF_SHARE * _ROOF.take(self.kind)
        return out

    @property
    def water(self) -> npt.NDArray[np.bool_]:
        """Where there is water all year."""
        return np.isin(self.kind, WATERS)

    def _scaled(self, table: F32, least: float, more: float) -> F32:
        out: F32 = table.take(self.kind) * (np.float32(least) + np.float32(more) * self.vigour)
        return out


def stand(sites: Sites) -> Stand:
    """What stands at `sites`."""
    return Stand(kinds(sites), vigour(sites))


def vigour(sites: Sites) -> F32:
    """How well plants grow and how densely people build, 0 to 1, by soil and site."""
    return sites.noise(900.0, 111) * np.float32(0.65) + sites.noise(110.0, 112) * np.float32(0.35)
