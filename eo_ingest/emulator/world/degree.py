"""Squares of one degree: which of them hold land, and how data sets that come in them are asked for by place."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.emulator.world.land import coast
from eo_ingest.emulator.world.place import mercator
from eo_ingest.emulator.world.shape import boxes, within_180

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shapely.geometry.base import BaseGeometry

_POINTS = (np.arange(13) + 0.5) / 13


@lru_cache(maxsize=65536)
def shore(lon0: int, lat1: int) -> float:
    """How far up the shore the highest of 13 × 13 points lies, of the square whose upper left corner is given.

    Above 0.42 there is land, above 0.22 the sea is shallow.
    """
    lon, lat = np.meshgrid(lon0 + _POINTS, lat1 - _POINTS)
    return float(coast(*mercator(lon, lat)).max())


def squares(bounds: BaseGeometry | None, north: int, south: int, *, below: int = 0) -> Iterator[tuple[int, int]]:
    """(lon0, lat1) of squares between two latitudes, in the order of names such as N00E006; of those near `bounds`.

    Args:
        bounds: in degrees; None for everywhere.
        north: the upper edge of the northernmost squares.
        south: the lower edge of the southernmost ones.
        below: degrees from a square's upper edge down to the latitude that it is named by.
    """
    if bounds is None:
        found = {(lon0, lat1) for lon0 in range(-180, 180) for lat1 in range(south + 1, north + 1)}
    else:
        found = set()
        for west, low, east, high in boxes(within_180(bounds)):
            lons = range(int(np.floor(west)) - 1, int(np.floor(east)) + 2)
            lats = range(max(south + 1, int(np.floor(low))), min(north, int(np.ceil(high)) + 1) + 1)
            found |= {((lon + 180) % 360 - 180, lat1) for lon in lons for lat1 in lats}

    def name(square: tuple[int, int]) -> tuple[bool, int, bool, int]:
        lon0, lat = square[0], square[1] - below
        return lat < 0, abs(lat), lon0 < 0, abs(lon0)

    yield from sorted(found, key=name)
