"""Areas on the WGS 84 ellipsoid."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator.grid import project, pyproj_crs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eo_ingest.emulator.grid import Grid

    Reals = NDArray[np.float64]

_MAJOR = 6_378_137.0
_FLATTENING = 1 / 298.257223563
_ECCENTRIC = math.sqrt(_FLATTENING * (2 - _FLATTENING))


def pixel_areas(grid: Grid) -> Reals:
    """Square metres of each pixel of a grid; of one column where all columns are the same."""
    t = grid.transform
    if t.rectilinear and pyproj_crs(grid.crs).is_geographic:
        edges = np.clip(t.f + t.e * np.arange(grid.height + 1), -90.0, 90.0)
        zones = np.abs(np.diff(_from_equator(edges)))
        out: Reals = zones[:, None] * abs(math.radians(t.a))
        return out
    return _projected(grid)


def _from_equator(latitude: Reals) -> Reals:
    """Square metres from the equator to a latitude (degrees), for each radian of longitude."""
    s = np.sin(np.radians(latitude))
    e = _ECCENTRIC
    out: Reals = _MAJOR**2 * (1 - e * e) / 2 * (s / (1 - (e * s) ** 2) + np.arctanh(e * s) / e)
    return out


def _projected(grid: Grid) -> Reals:
    """Areas of the parallelograms that the middles of a pixel's edges span."""
    i, j = np.meshgrid(np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5)
    east, north = _metres(grid, (i - 0.5, j), (i + 0.5, j))
    along, up = _metres(grid, (i, j - 0.5), (i, j + 0.5))
    return np.abs(east * up - north * along)


def _metres(grid: Grid, start: tuple[Any, Any], end: tuple[Any, Any]) -> tuple[Reals, Reals]:
    """Metres (east, north) between positions of a grid in pixels."""
    t = grid.transform
    (lon0, lat0), (lon1, lat1) = (
        project(grid.crs, "EPSG:4326", t.a * c + t.b * r + t.c, t.d * c + t.e * r + t.f) for c, r in (start, end)
    )
    middle = np.radians((lat0 + lat1) / 2)
    root = np.sqrt(1 - (_ECCENTRIC * np.sin(middle)) ** 2)
    turn = (lon1 - lon0 + 180.0) % 360.0 - 180.0
    east = np.radians(turn) * np.cos(middle) * _MAJOR / root
    north = np.radians(lat1 - lat0) * _MAJOR * (1 - _ECCENTRIC**2) / root**3
    return east, north
