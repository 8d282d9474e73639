"""Which tiles of a degree the seasonal coherence data set has, what they are called, and which layers each holds."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from eo_ingest.emulator.asset import Lattice
from eo_ingest.emulator.world.degree import shore
from eo_ingest.emulator.world.noise import hash_words, noise
from eo_ingest.emulator.world.place import mercator

SEASONS = {
    "winter": 1_579_046_400_000,
    "spring": 1_586_908_800_000,
    "summer": 1_594_771_200_000,
    "fall": 1_602_720_000_000,
}
"""The middle of each (northern) season in ms since 1970: the 15th of January, April, July and October 2020."""
DAYS = (6, 12, 18, 24, 36, 48)
"""Days between the acquisitions of a pair."""
NORTH, SOUTH = 82, -79
"""Latitudes between which there are tiles."""
_DEEP = 0.22
_RARELY = {24: 0.001, 36: 0.003, 48: 0.015}


SIDE = 1200
"""Pixels along the edge of a tile."""


def tile_lattice(lon0: int, lat1: int) -> Lattice:
    """The pixels of the tile whose upper left corner is (lon0, lat1)."""
    return Lattice("EPSG:4326", (1 / SIDE, 0.0, float(lon0), 0.0, -1 / SIDE, float(lat1)), SIDE, SIDE)


def tile_id(lon0: int, lat1: int) -> str:
    """The name of the tile whose upper left corner is (lon0, lat1): `N45W090` is 90–89° W, 44–45° N."""
    return f"{'N' if lat1 >= 0 else 'S'}{abs(lat1):02d}{'E' if lon0 >= 0 else 'W'}{abs(lon0):03d}"


def corner(name: str) -> tuple[int, int]:
    """(lon0, lat1) of a tile's name.

    Raises:
        ValueError: it is not the name of a tile.
    """
    ok = len(name) == 7 and name[0] in "NS" and name[3] in "EW" and (name[1:3] + name[4:]).isdigit()
    lat1, lon0 = (int(name[1:3]), int(name[4:])) if ok else (999, 999)
    lat1, lon0 = -lat1 if name[:1] == "S" else lat1, -lon0 if name[3:4] == "W" else lon0
    if not ok or tile_id(lon0, lat1) != name or not _on_earth(lon0, lat1):
        raise ValueError(f"{name!r} is not a tile of the seasonal coherence data set, such as 'N45W090'")
    return lon0, lat1


def _on_earth(lon0: int, lat1: int) -> bool:
    return SOUTH < lat1 <= NORTH and -180 <= lon0 < 180


def exists(lon0: int, lat1: int) -> bool:
    """Whether there is a tile: land, or sea near land."""
    return _on_earth(lon0, lat1) and shore(lon0, lat1) > _DEEP


def polar(lon0: int, lat1: int) -> bool:
    """Whether a tile is imaged in HH and HV: Greenland, the high Arctic and Antarctica."""
    greenland = -74 <= lon0 < -10 and lat1 > 59 and not (-25 <= lon0 < -13 and lat1 <= 67)
    return greenland or lat1 > 74 or lat1 <= -60


@lru_cache(maxsize=65536)
def baselines(lon0: int, lat1: int, season: str) -> tuple[int, ...]:
    """The days between acquisitions for which a season of a tile has coherence; 6 and 18 in about a quarter."""
    often = _six_days(lon0, lat1)
    number = list(SEASONS).index(season)
    missing = {days for days, share in _RARELY.items() if hash_words(lon0, lat1, number, days, 61) < share * 2**32}
    return tuple(d for d in DAYS if d not in missing and (often or d not in {6, 18}))


def _six_days(lon0: int, lat1: int) -> bool:
    """Europe, and regions elsewhere that both satellites covered."""
    if -12 <= lon0 < 32 and 35 < lat1 <= 72:
        return True
    x, y = mercator(np.array([lon0 + 0.5]), np.array([lat1 - 0.5]))
    return bool(noise(x, y, 1.9e6, 62)[0] > 0.66)


@lru_cache(maxsize=4096)
def layers(lon0: int, lat1: int) -> tuple[str, ...]:
    """The seasonal layers of a tile, such as `winter_vv_COH12`; none where there is no tile."""
    if not exists(lon0, lat1):
        return ()
    like, cross = ("hh", "hv") if polar(lon0, lat1) else ("vv", "vh")
    found = []
    for season in SEASONS:
        found += [f"{season}_{like}_COH{days:02d}" for days in baselines(lon0, lat1, season)]
        found += [f"{season}_{pol}_AMP" for pol in (like, cross)]
        found += [f"{season}_{like}_{name}" for name in ("rho", "tau", "rmse")]
    return tuple(found)
