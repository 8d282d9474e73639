"""Sun-synchronous orbits that repeat: where a satellite is over the ground, and when.

The ground track stands for the middle of the swath, which for a side-looking radar is a simplification.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from eo_ingest.emulator.world.noise import F64

DAY = 86_400_000
"""Milliseconds."""


@dataclass(frozen=True)
class Orbit:
    """A repeating circular orbit.

    `repeat` days hold `revolutions`; `node_hour` is the local solar time at the ascending node; `epoch` (ms since 1970,
    a midnight) is when revolution 0 starts at its node.
    """

    revolutions: int
    repeat: int
    inclination: float
    node_hour: float
    epoch: int

    @property
    def period(self) -> float:
        """Milliseconds of a revolution."""
        return self.repeat * DAY / self.revolutions

    def start(self, revolution: int) -> float:
        """When a revolution passes its ascending node, ms since 1970."""
        return self.epoch + revolution * self.period

    def node(self, track: int) -> float:
        """Longitude in degrees of the ascending node of a track (revolution modulo `revolutions`)."""
        hours = track * self.period / 3_600_000.0
        return ((self.node_hour - hours) * 15.0 + 180.0) % 360.0 - 180.0

    def ground(self, track: npt.NDArray[Any] | int, u: npt.NDArray[Any] | float) -> tuple[F64, F64]:
        """(lon, lat) degrees at `u` degrees of argument of latitude (0 at the ascending node), broadcast."""
        hours = np.asarray(track) * (self.period / 3_600_000.0)
        angle, tilt = np.radians(u), math.radians(self.inclination)
        lat = np.degrees(np.arcsin(math.sin(tilt) * np.sin(angle)))
        swing = np.degrees(np.arctan2(math.cos(tilt) * np.sin(angle), np.cos(angle)))
        lon = (self.node_hour - hours) * 15.0 + swing - np.asarray(u) * (self.period / DAY)
        return (lon + 180.0) % 360.0 - 180.0, lat

    def number(self, track: int) -> int:
        """The relative orbit number (from 1) of a track."""
        return track + 1


SENTINEL1 = Orbit(175, 12, 98.18, 18.0, 1_412_121_600_000)
SENTINEL2 = Orbit(143, 10, 98.57, 22.5, 1_435_276_800_000)


def haversine(lon: F64, lat: F64, lon2: F64 | float, lat2: F64 | float) -> F64:
    """Great-circle distance in kilometres between points in degrees, broadcast."""
    phi, phi2 = np.radians(lat), np.radians(lat2)
    a = np.sin((phi2 - phi) / 2) ** 2 + np.cos(phi) * np.cos(phi2) * np.sin(np.radians(lon2 - lon) / 2) ** 2
    out: F64 = 12742.0 * np.arcsin(np.sqrt(a))
    return out
