"""A granule's axes: evenly spaced longitudes and latitudes of pixel centres, either way up, anywhere on the globe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.errors import SourceError
from eo_ingest.sources.warp import Lattice

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eo_ingest.sources.warp import Window

    Bounds = tuple[float, float, float, float]

DEGREES = "EPSG:4326"
# How far a value may lie from its even place, in steps. Axes are float64; some once were float32.
_EVEN = 0.05


def lattice(latitude: NDArray[np.floating[Any]], longitude: NDArray[np.floating[Any]], who: str) -> Lattice:
    """The pixels whose centres are at these axes (degrees). Latitudes may ascend, longitudes jump at ±180.

    Raises:
        SourceError: if an axis is not evenly spaced; `who` names the granule.
    """
    turns = np.cumsum(np.concatenate(([0.0], np.round(np.diff(longitude) / 360.0))))
    lat, down = _even(np.asarray(latitude, dtype=np.float64), f"{who}: its latitudes")
    lon, across = _even(np.asarray(longitude, dtype=np.float64) - 360.0 * turns, f"{who}: its longitudes")
    transform = (across, 0.0, lon - across / 2, 0.0, down, lat - down / 2)
    return Lattice(DEGREES, transform, len(latitude), len(longitude))


def bounds(of: Lattice) -> Bounds:
    """(west, south, east, north) of the outer pixels' centres in degrees; longitudes may pass 180."""
    across, _, left, _, down, top = of.transform
    lons = sorted((left + across / 2, left + across * (of.width - 0.5)))
    lats = sorted((top + down / 2, top + down * (of.height - 0.5)))
    return lons[0], lats[0], lons[1], lats[1]


def part(of: Lattice, window: Window, step: int = 1) -> Lattice:
    """A lattice of every `step`th pixel's centre in a window, from its first on."""
    across, _, left, _, down, top = of.transform
    lon, lat = left + across * (window.col + 0.5), top + down * (window.row + 0.5)
    transform = (across * step, 0.0, lon - across * step / 2, 0.0, down * step, lat - down * step / 2)
    return Lattice(of.crs, transform, -(-window.height // step), -(-window.width // step))


def _even(axis: NDArray[np.float64], who: str) -> tuple[float, float]:
    """The first value and the step of an evenly spaced axis."""
    if axis.ndim != 1 or len(axis) < 2 or not np.isfinite(axis).all():
        raise SourceError(f"{who} are no axis: expected two or more numbers in a row, got shape {axis.shape}")
    step = float(axis[-1] - axis[0]) / (len(axis) - 1)
    if step == 0 or np.abs(axis - (axis[0] + step * np.arange(len(axis)))).max() > _EVEN * abs(step):
        raise SourceError(f"{who} are not evenly spaced")
    return float(axis[0]), step
