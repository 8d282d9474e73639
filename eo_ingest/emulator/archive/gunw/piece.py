"""The ground that a granule covers: a third of the swath's width, 52 km along the track, 10 km shared with the next."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.emulator.world.continents import near_land
from eo_ingest.emulator.world.frame import ANGLES
from eo_ingest.emulator.world.frame import HALF_WIDTH as SWATH
from eo_ingest.emulator.world.orbit import SENTINEL1
from eo_ingest.emulator.world.place import from_lonlat, utm
from eo_ingest.emulator.world.shape import boxes, near, outline, within_180

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    from shapely.geometry.base import BaseGeometry

    Reals = npt.NDArray[np.floating]

FRAMES = 945
"""Frames of a revolution, 42 km apart."""
THIRDS = 3
HALF_LENGTH = 26_000.0
HALF_WIDTH = 43_200.0
"""Metres; neighbours across the track share 3 km."""
_STEP = 360.0 / FRAMES
_MAX_LATITUDE = 80.5
_REACH_KM = 180.0
_EARTH, _ORBIT = 6371.0, 6371.0 + 693.0


@dataclass(frozen=True)
class Piece:
    """One third (0 on the left) of a frame of a track, as a rectangle in its UTM zone.

    `x`, `y` is the middle of the whole swath there, (`ax`, `ay`) the unit vector of flight in the zone, (`east`,
    `north`) on the ground; the radar looks to the right of it.
    """

    track: int
    number: int
    third: int
    crs: str
    x: float
    y: float
    ax: float
    ay: float
    east: float
    north: float

    @property
    def ascending(self) -> bool:
        """Whether the satellite flies north."""
        return math.cos(math.radians((self.number + 0.5) * _STEP)) > 0

    @property
    def middle(self) -> float:
        """Metres to the right of the middle of the swath, of this third's own middle."""
        return (self.third - 1) * 2 * SWATH["IW"] / THIRDS

    def place(self, lon: Reals, lat: Reals) -> tuple[Reals, Reals]:
        """Metres to the right of the swath's middle, and ahead of the frame's, of places in degrees."""
        x, y = from_lonlat(self.crs).transform(lon, lat)
        across = (x - self.x) * self.ay - (y - self.y) * self.ax
        along = (x - self.x) * self.ax + (y - self.y) * self.ay
        return across, along

    def covers(self, across: Reals, along: Reals) -> npt.NDArray[np.bool_]:
        """Which of such places are in this piece."""
        inside: npt.NDArray[np.bool_] = (np.abs(across - self.middle) <= HALF_WIDTH) & (np.abs(along) <= HALF_LENGTH)
        return inside

    @cached_property
    def footprint(self) -> BaseGeometry:
        """The outline in lon/lat degrees; cut at ±180°."""
        corners = []
        for s, t in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
            ahead, right = s * HALF_LENGTH, self.middle + t * HALF_WIDTH
            corners.append((self.x + ahead * self.ax + right * self.ay, self.y + ahead * self.ay - right * self.ax))
        return outline(self.crs, corners, per_edge=2)

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """(west, south, east, north) in degrees; east may be beyond 180."""
        parts = getattr(self.footprint, "geoms", [self.footprint])
        found = np.array([part.bounds for part in parts])
        turned = found.copy()
        if np.ptp(found[:, 0]) > 180:
            turned[found[:, 0] < 0, 0::2] += 360
        return tuple(float(v) for v in (*turned[:, :2].min(0), *turned[:, 2:].max(0)))  # type: ignore[return-value]


def incidence(across: Reals, height: float = 0.0) -> Reals:
    """Degrees from the vertical on the ground, at metres above the ellipsoid."""
    near_edge, far_edge = ANGLES["IW"]
    half = SWATH["IW"]
    out: Reals = near_edge + (far_edge - near_edge) * (across + half) / (2 * half) + 4.2e-5 * height
    return out


def look(angle: Reals) -> Reals:
    """Degrees from the vertical at the satellite, of incidence angles."""
    out: Reals = np.degrees(np.arcsin(np.sin(np.radians(angle)) * _EARTH / _ORBIT))
    return out


def azimuth(piece: Piece) -> float:
    """Degrees anticlockwise from east, of the horizontal direction from the ground to the satellite."""
    return math.degrees(math.atan2(piece.east, -piece.north))


@lru_cache(maxsize=65536)
def piece(track: int, number: int, third: int) -> Piece:
    """The piece of these numbers."""
    u = (number + 0.5) * _STEP
    lon, lat = SENTINEL1.ground(track, np.array([u - 0.2, u, u + 0.2]))
    crs = utm(float(lon[1]), float(lat[1]))
    x, y = from_lonlat(crs).transform(lon, lat)
    length = math.hypot(x[2] - x[0], y[2] - y[0])
    ax, ay = float(x[2] - x[0]) / length, float(y[2] - y[0]) / length
    turn = (float(lon[2] - lon[0]) + 180.0) % 360.0 - 180.0
    east, north = turn * math.cos(math.radians(float(lat[1]))), float(lat[2] - lat[0])
    size = math.hypot(east, north)
    return Piece(track, number, third, crs, float(x[1]), float(y[1]), ax, ay, east / size, north / size)


def pieces(bounds: BaseGeometry) -> Iterator[Piece]:
    """The pieces that meet a lon/lat geometry, by track, frame and third."""
    lon, lat, imaged = _centres()
    within = within_180(bounds)
    for track, number in zip(*np.nonzero(imaged & near(lon, lat, boxes(within), _REACH_KM)), strict=True):
        for third in range(THIRDS):
            found = piece(int(track), int(number), third)
            if found.footprint.intersects(within):
                yield found


@lru_cache(maxsize=1)
def _centres() -> tuple[Reals, Reals, npt.NDArray[np.bool_]]:
    """(lon, lat, imaged) of the middles of all frames, each (tracks, frames)."""
    track, number = np.arange(SENTINEL1.revolutions)[:, None], np.arange(FRAMES)[None, :]
    lon, lat = SENTINEL1.ground(track, (number + 0.5) * _STEP)
    return lon, np.broadcast_to(lat, lon.shape), near_land(lon, lat) & (np.abs(lat) < _MAX_LATITUDE)
