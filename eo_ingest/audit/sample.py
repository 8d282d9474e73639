"""Places spread evenly over an area, the same each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from eo_ingest.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_SEGMENT = 0.02  # degrees: an edge straight in degrees then leaves its chord among the sines by 10 cm
_BATCH, _MOST = 1 << 18, 1 << 24  # tries at a time, and in all for one polygon
# Steps of the additive sequence in two dimensions whose places are farthest from each other: powers of the number
# that solves x³ = x + 1, upside down.
_STEPS = np.array([0.7548776662466927, 0.5698402909980532])


def places(geometry: Any, count: int) -> tuple[Numbers, Numbers]:
    """Return (lon, lat) of `count` places in an area, as many on each square kilometre of the sphere.

    Args:
        geometry: Polygon or MultiPolygon in EPSG:4326 (lon, lat).
        count: how many.

    Raises:
        ConfigError: if a polygon is too thin to find its share in.
    """
    parts = shapely.get_parts(shapely.transform(shapely.segmentize(geometry, _SEGMENT), _flat))
    shares = np.cumsum(shapely.area(parts))
    ends = np.round(count * shares / shares[-1]).astype(int)
    found = [_within(part, own) for part, own in zip(parts, np.diff(ends, prepend=0), strict=True) if own]
    lon, sine = np.concatenate(found).T
    return lon, np.rad2deg(np.arcsin(sine))


def _flat(points: Numbers) -> Numbers:
    """Degrees as (lon, sine of lat), where equal areas of the sphere are equal."""
    return np.column_stack([points[:, 0], np.sin(np.deg2rad(points[:, 1]))])


def _within(polygon: Any, count: int) -> Numbers:
    shapely.prepare(polygon)
    west, south, east, north = polygon.bounds
    corner, size = np.array([west, south]), np.array([east - west, north - south])
    found: list[Numbers] = []
    have = tried = 0
    batch = min(_BATCH, 16 + int(1.1 * count * size.prod() / polygon.area))
    while have < count:
        if tried > _MOST:
            raise ConfigError(f"the area is too thin: in {tried:,} tries {have:,} places of {count:,} were in it")
        numbers = np.arange(tried, tried + batch, dtype=np.float64)
        points = corner + (0.5 + numbers[:, None] * _STEPS) % 1 * size
        inside = points[shapely.contains_xy(polygon, points)]
        found.append(inside)
        have += len(inside)
        tried += batch
    return np.concatenate(found)[:count]
