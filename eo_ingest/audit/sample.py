"""Places spread evenly over an area, the same each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from eo_ingest.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BATCH = 1 << 18
_MOST = 1 << 27  # tries, before an area is too thin a part of its box
# Steps of the additive sequence in two dimensions whose places are farthest from each other: powers of the number
# that solves x³ = x + 1, upside down.
_STEPS = np.array([0.7548776662466927, 0.5698402909980532])


def places(geometry: Any, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (lon, lat) of `count` places in an area, as many on each square kilometre of the sphere.

    Args:
        geometry: Polygon or MultiPolygon in EPSG:4326 (lon, lat).
        count: how many.

    Raises:
        ConfigError: if the area is too thin to find so many in.
    """
    shapely.prepare(geometry)
    west, south, east, north = geometry.bounds
    low, high = np.sin(np.deg2rad([south, north]))
    found: list[NDArray[np.float64]] = []
    have = tried = 0
    while have < count:
        if tried > _MOST:
            raise ConfigError(f"the area is too thin a part of its bounds to find {count} places in")
        numbers = np.arange(tried, tried + _BATCH, dtype=np.float64)
        unit = (0.5 + numbers[:, None] * _STEPS) % 1
        lon = west + unit[:, 0] * (east - west)
        lat = np.rad2deg(np.arcsin(low + unit[:, 1] * (high - low)))
        inside = shapely.contains_xy(geometry, lon, lat)
        found.append(np.column_stack([lon, lat])[inside])
        have += int(inside.sum())
        tried += _BATCH
    lon, lat = np.concatenate(found)[:count].T
    return lon, lat
