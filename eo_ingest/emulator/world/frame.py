"""The ground frames of Sentinel-1: where each slice of each track lies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from eo_ingest.emulator.asset import Lattice
from eo_ingest.emulator.world.continents import near_land
from eo_ingest.emulator.world.noise import hash_words
from eo_ingest.emulator.world.orbit import SENTINEL1
from eo_ingest.emulator.world.place import from_lonlat, utm
from eo_ingest.emulator.world.shape import outline

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from eo_ingest.emulator.world.noise import F64
    from eo_ingest.emulator.world.signature import Pass

Reals = npt.NDArray[np.floating[Any]]
Mode = Literal["IW", "EW"]

SLICES = 237
"""Slices of a revolution: 25 seconds each, as the real ones."""
STEP = 360.0 / SLICES
HALF_WIDTH = {"IW": 125_000.0, "EW": 205_000.0}
"""Metres from the middle of the swath to the last good sample."""
BORDER = 1_200.0
"""Metres of border noise beyond the last good sample."""
HALF_LENGTH = 86_000.0
"""Metres: neighbouring slices overlap by a few hundred metres to 2 km."""
ANGLES = {"IW": (30.9, 46.0), "EW": (18.9, 47.0)}
"""Incidence angle in degrees at the near and far edge of the good samples."""
PIXEL = {"IW": 10.0, "EW": 40.0}
_MAX_LATITUDE = 80.5


@dataclass(frozen=True)
class Frame:
    """One slice of a track as a rectangle in its UTM zone.

    `x`, `y` is its middle, (`ax`, `ay`) the unit vector of flight; the radar looks to the right of it.
    """

    track: int
    slice: int
    mode: Mode
    crs: str
    x: float
    y: float
    ax: float
    ay: float
    latitude: float

    @property
    def direction(self) -> Pass:
        """Whether the satellite flies north or south."""
        return "ASCENDING" if math.cos(math.radians((self.slice + 0.5) * STEP)) > 0 else "DESCENDING"

    def across(self, x: Reals, y: Reals) -> Reals:
        """Metres to the right of the middle of the swath, of points in the frame's CRS."""
        return (x - self.x) * self.ay - (y - self.y) * self.ax

    def along(self, x: Reals, y: Reals) -> Reals:
        """Metres ahead of the middle of the frame, of points in the frame's CRS."""
        return (x - self.x) * self.ax + (y - self.y) * self.ay

    def angle(self, across: Reals) -> Reals:
        """Incidence angle in degrees at a distance across the swath."""
        near, far = ANGLES[self.mode]
        half = HALF_WIDTH[self.mode]
        out: Reals = near + (far - near) * (across + half) / (2 * half)
        return out

    @cached_property
    def corners(self) -> list[tuple[float, float]]:
        """The rectangle's corners in the frame's CRS, border noise included."""
        half = HALF_WIDTH[self.mode] + BORDER
        signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ahead = [(s * HALF_LENGTH, t * half) for s, t in signs]
        return [(self.x + s * self.ax + t * self.ay, self.y + s * self.ay - t * self.ax) for s, t in ahead]

    @cached_property
    def footprint(self) -> BaseGeometry:
        """The outline in lon/lat degrees."""
        return outline(self.crs, self.corners)

    @cached_property
    def lattice(self) -> Lattice:
        """The pixels: their origin is a whole number of pixels from a sub-pixel offset, one per zone and pass."""
        size = PIXEL[self.mode]
        word = hash_words(int(self.crs[5:]), int(self.direction == "ASCENDING"))
        offset_x, offset_y = size * (0.15 + 0.7 * (word % 997) / 997), size * (0.15 + 0.7 * (word // 997 % 991) / 991)
        xs, ys = [c[0] for c in self.corners], [c[1] for c in self.corners]
        left = math.floor(min(xs) / size) * size + offset_x
        top = math.ceil(max(ys) / size) * size + offset_y
        shape = math.ceil((max(xs) - left) / size), math.ceil((top - min(ys)) / size)
        return Lattice(self.crs, (size, 0.0, round(left, 6), 0.0, -size, round(top, 6)), *shape)

    @cached_property
    def angle_lattice(self) -> Lattice:
        """The coarse sheared grid of incidence angles: columns across the swath, rows along the flight."""
        half = HALF_WIDTH[self.mode] + BORDER
        across, along = 2 * half / 21, 2 * HALF_LENGTH / 10
        x, y = self.corners[0]
        return Lattice(
            self.crs,
            (across * self.ay, along * self.ax, x, -across * self.ax, along * self.ay, y),
            21,
            10,
        )


@lru_cache(maxsize=4096)
def frame(track: int, number: int, mode: Mode) -> Frame:
    """The frame of slice `number` of a track."""
    u = (number + 0.5) * STEP
    lon, lat = SENTINEL1.ground(track, np.array([u - 0.2, u, u + 0.2]))
    crs = utm(float(lon[1]), float(lat[1]))
    x, y = from_lonlat(crs).transform(lon, lat)
    length = math.hypot(x[2] - x[0], y[2] - y[0])
    ax, ay = float(x[2] - x[0]) / length, float(y[2] - y[0]) / length
    return Frame(track, number, mode, crs, float(x[1]), float(y[1]), ax, ay, float(lat[1]))


@lru_cache(maxsize=1)
def centres() -> tuple[F64, F64, np.ndarray]:
    """(lon, lat, imaged) of all frames, each (tracks, slices); the radar is off over open ocean and near the poles."""
    track, number = np.arange(SENTINEL1.revolutions)[:, None], np.arange(SLICES)[None, :]
    lon, lat = SENTINEL1.ground(track, (number + 0.5) * STEP)
    return lon, np.broadcast_to(lat, lon.shape), near_land(lon, lat) & (np.abs(lat) < _MAX_LATITUDE)
