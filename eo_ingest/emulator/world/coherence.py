"""How long radar echoes stay alike: interferometric coherence by kind of ground, season and days between acquisitions.

The model is that of the global seasonal coherence data set (Kellndorfer et al. 2022):
γ(t) = (1 − ρ)·exp(−t/τ) + ρ.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator.world.cover import Kind
from eo_ingest.emulator.world.signature import day_of_year, greenness, opposite

if TYPE_CHECKING:
    import numpy.typing as npt

    from eo_ingest.emulator.world.noise import F32

    Reals = npt.NDArray[np.floating[Any]]

_ROWS: dict[Kind, tuple[float, float, float, float]] = {
    Kind.SEA: (0.02, 0.02, 2.2, 2.2),
    Kind.DEEP_SEA: (0.02, 0.02, 2.2, 2.2),
    Kind.WATER: (0.02, 0.02, 2.4, 2.4),
    Kind.CONIFER: (0.11, 0.09, 5.5, 5.0),
    Kind.BROADLEAF: (0.17, 0.07, 6.5, 4.0),
    Kind.RAINFOREST: (0.05, 0.05, 3.2, 3.2),
    Kind.SHRUB: (0.34, 0.27, 14.0, 11.0),
    Kind.MEADOW: (0.26, 0.13, 10.0, 6.5),
    Kind.SAVANNA: (0.32, 0.17, 13.0, 7.5),
    Kind.CEREAL: (0.27, 0.09, 11.0, 5.0),
    Kind.MAIZE: (0.30, 0.10, 11.5, 5.0),
    Kind.RAPE: (0.25, 0.09, 10.0, 5.0),
    Kind.TILLED: (0.31, 0.16, 9.5, 7.0),
    Kind.TOWN: (0.74, 0.73, 13.0, 13.0),
    Kind.SUBURB: (0.54, 0.48, 11.5, 10.0),
    Kind.ROCK: (0.58, 0.58, 28.0, 28.0),
    Kind.SAND: (0.62, 0.62, 24.0, 24.0),
    Kind.SNOW: (0.09, 0.09, 6.0, 6.0),
    Kind.WETLAND: (0.15, 0.09, 7.0, 5.0),
    Kind.MANGROVE: (0.07, 0.07, 4.0, 4.0),
    Kind.MOSS: (0.34, 0.24, 16.0, 12.0),
}
"""ρ out of and in full season, τ in days out of and in full season."""


@lru_cache(maxsize=64)
def _tables(day: float) -> tuple[F32, F32]:
    """(ρ, τ) of each kind on a northern day of the year."""
    share = np.array([greenness(kind, day) for kind in Kind])
    rows = np.array([_ROWS[kind] for kind in Kind])
    rho = rows[:, 0] + (rows[:, 1] - rows[:, 0]) * share
    tau = rows[:, 2] + (rows[:, 3] - rows[:, 2]) * share
    return np.round(rho, 4).astype(np.float32), np.round(tau, 4).astype(np.float32)


def parameters(kinds: np.ndarray, north: F32, stability: F32, time: int) -> tuple[F32, F32]:
    """(ρ, τ in days) of pixels.

    Args:
        kinds: (..., points) kinds of ground of each pixel.
        north: (...) share of the northern hemisphere's season.
        stability: (...) from 0 to 1.
        time: in the middle of the season, ms since 1970.
    """
    day = day_of_year(time)
    here, there = _tables(round(day, 1)), _tables(round(opposite(day), 1))
    out = []
    for a, b in zip(here, there, strict=True):
        ours, theirs = (table.take(kinds).mean(axis=-1, dtype=np.float32) for table in (a, b))
        out.append(theirs + (ours - theirs) * north)
    rho = np.clip(out[0] * (np.float32(0.85) + np.float32(0.3) * stability), 0.005, 0.97)
    return rho, out[1] * (np.float32(0.8) + np.float32(0.4) * stability)


def coherence(rho: Reals, tau: Reals, days: int) -> Reals:
    """γ of pairs `days` apart."""
    out: Reals = (1 - rho) * np.exp(-days / tau) + rho
    return out
