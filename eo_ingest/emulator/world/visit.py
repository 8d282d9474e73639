"""Who looks at a Sentinel-2 granule, and when, for data harmonised over satellites: Sentinel-2 itself, and Landsat."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.emulator.world.epoch import ms
from eo_ingest.emulator.world.mgrs import Granule, granule_middles, granules
from eo_ingest.emulator.world.noise import hash_words
from eo_ingest.emulator.world.orbit import DAY
from eo_ingest.emulator.world.sentinel2 import LAST, overpasses
from eo_ingest.emulator.world.shape import boxes, near, within_180

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shapely.geometry.base import BaseGeometry

    from eo_ingest.emulator.world.sentinel2 import Overpass

FIRST_LANDSAT = ms(2013, 4, 11)
_SECOND_LANDSAT = ms(2021, 11, 1)
_CYCLE = 16
_PATH = 1.9
"""Degrees of longitude that are seen on one day of the cycle."""
_HOUR = 10.2
"""Local solar time of Landsat's overpasses."""


@dataclass(frozen=True)
class Visit:
    """One look at a granule at `start` (ms since 1970); `overpass` is Sentinel-2's, or None for Landsat."""

    granule: Granule
    start: int
    seed: int
    overpass: Overpass | None = None

    @property
    def footprint(self) -> BaseGeometry | None:
        """The part of the granule that is seen, in lon/lat degrees: all of it by Landsat."""
        return self.granule.outline if self.overpass is None else self.overpass.footprint


def sentinel_visits(start: int | None, end: int | None, bounds: BaseGeometry | None) -> Iterator[Visit]:
    """Sentinel-2's overpasses in time order."""
    for overpass in overpasses(start, end, bounds):
        yield Visit(overpass.granule, overpass.start, overpass.seed, overpass)


def landsat_visits(start: int | None, end: int | None, bounds: BaseGeometry | None) -> Iterator[Visit]:
    """Landsat's looks at granules that meet `bounds`, in time order: every 16 days, every 8 from November 2021."""
    low, high = max(start or FIRST_LANDSAT, FIRST_LANDSAT), min(LAST if end is None else end, LAST)
    chosen = np.arange(len(granules()))
    if bounds is not None:
        bounds = within_180(bounds)
        close = np.flatnonzero(near(*granule_middles(), boxes(bounds), 80.0))
        chosen = np.array([n for n in close if granules()[n].outline.intersects(bounds)], np.int64)
    paths, hours = _days()
    for day in range(low // DAY - 1, high // DAY + 2):
        phase = (day - paths[chosen]) % _CYCLE
        seen = chosen[(phase == 0) | ((phase == _CYCLE // 2) & (day * DAY >= _SECOND_LANDSAT))]
        for n in seen[np.lexsort((seen, hours[seen]))]:
            at = day * DAY + int(hours[n] * 3600) * 1000
            if low <= at < high:
                yield Visit(granules()[n], at, hash_words(day, int(paths[n]), 181))


@lru_cache(maxsize=1)
def _days() -> tuple[np.ndarray, np.ndarray]:
    """The day of the cycle on which each granule is seen, and the hour (UTC)."""
    lon, _ = granule_middles()
    path = np.floor((lon + 180.0) / _PATH).astype(np.int64)
    return path * 7 % _CYCLE, np.round((_HOUR - lon / 15.0) % 24.0, 3)
