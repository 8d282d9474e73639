"""The granules of Sentinel-2: 100 km squares of the military grid, each widened to 109.8 km."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator.world.continents import near_land
from eo_ingest.emulator.world.orbit import SENTINEL2, haversine
from eo_ingest.emulator.world.place import from_lonlat, to_lonlat
from eo_ingest.emulator.world.shape import outline

if TYPE_CHECKING:
    import numpy.typing as npt
    from shapely.geometry.base import BaseGeometry

    from eo_ingest.emulator.world.noise import F64

SIZE = 109_800.0
HALF_SWATH = 145_000.0
SOUTH, NORTH = -60.0, 83.5
_SQUARE = 100_000
_COLUMNS = ("ABCDEFGH", "JKLMNPQR", "STUVWXYZ")
_ROWS = "ABCDEFGHJKLMNPQRSTUV"
_BANDS = "CDEFGHJKLMNPQRSTUVWX"
_SKEW = 15_000.0
_SAMPLES = np.arange(90.0, 270.5, 0.5)
"""Arguments of latitude of the southward half of a revolution, half a degree (56 km) apart."""
_COARSE = 4
_REACH = 255.0
"""Kilometres from a granule's middle to the nearest coarse sample of a track that sees some of it."""


@dataclass(frozen=True)
class Granule:
    """One MGRS tile: `left`, `top` is its upper-left corner in UTM metres, a multiple of 60 m from the equator."""

    name: str
    crs: str
    left: float
    top: float

    @cached_property
    def centre(self) -> tuple[float, float]:
        """(lon, lat) of its middle."""
        lon, lat = to_lonlat(self.crs).transform(self.left + SIZE / 2, self.top - SIZE / 2)
        return float(lon), float(lat)

    @cached_property
    def corners(self) -> list[tuple[float, float]]:
        """The corners in its CRS, clockwise from the upper left."""
        right, bottom = self.left + SIZE, self.top - SIZE
        return [(self.left, self.top), (right, self.top), (right, bottom), (self.left, bottom)]

    @cached_property
    def outline(self) -> BaseGeometry:
        """The outline in lon/lat degrees."""
        return outline(self.crs, self.corners)

    @cached_property
    def tracks(self) -> tuple[int, ...]:
        """The tracks whose swath may touch it, in order; a superset."""
        lon, lat = _ground_track()
        away = haversine(lon[:, ::_COARSE], lat[:, ::_COARSE], *self.centre).min(axis=1)
        return tuple(int(t) for t in np.flatnonzero(away < _REACH))


@lru_cache(maxsize=1)
def _ground_track() -> tuple[F64, F64]:
    """(lon, lat) of the southward half of all tracks, (tracks, samples)."""
    lon, lat = SENTINEL2.ground(np.arange(SENTINEL2.revolutions)[:, None], _SAMPLES[None, :])
    return lon, np.broadcast_to(lat, lon.shape)


@dataclass(frozen=True)
class Sight:
    """How a track passes over a granule: a point under it and the unit vector of flight, in the granule's CRS.

    `fraction` of a revolution from the ascending node to there.
    """

    granule: Granule
    track: int
    x: float
    y: float
    ax: float
    ay: float
    fraction: float

    def across(self, x: npt.NDArray[Any] | float, y: npt.NDArray[Any] | float) -> Any:
        """Metres to the right of the track."""
        return (x - self.x) * self.ay - (y - self.y) * self.ax

    @cached_property
    def footprint(self) -> BaseGeometry | None:
        """The part of the granule within the swath in lon/lat degrees, None where there is none."""
        ring = self.granule.corners
        for side in (1.0, -1.0):
            ring = _clip(ring, [HALF_SWATH - side * float(self.across(x, y)) for x, y in ring])
        if len(ring) < 3 or _area(ring) < 1e6:
            return None
        return outline(self.granule.crs, ring)

    @cached_property
    def whole(self) -> bool:
        """Whether the swath covers the whole granule."""
        return all(abs(float(self.across(x, y))) <= HALF_SWATH for x, y in self.granule.corners)

    @cached_property
    def missing(self) -> float:
        """The share of the granule outside the swath."""
        inside = np.linspace(0.0, SIZE, 41)[:, None]
        across = self.across(self.granule.left + inside.T, self.granule.top - inside)
        return float(np.mean(np.abs(across) > HALF_SWATH))


def _clip(ring: list[tuple[float, float]], room: list[float]) -> list[tuple[float, float]]:
    """A convex ring without the part where `room`, linear along its edges, is negative."""
    out = []
    for k, (point, here) in enumerate(zip(ring, room, strict=True)):
        before, there = ring[k - 1], room[k - 1]
        if (here < 0) != (there < 0):
            t = there / (there - here)
            out.append((before[0] + (point[0] - before[0]) * t, before[1] + (point[1] - before[1]) * t))
        if here >= 0:
            out.append(point)
    return out


def _area(ring: list[tuple[float, float]]) -> float:
    pairs = zip(ring, ring[1:] + ring[:1], strict=True)
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)) / 2


@lru_cache(maxsize=8192)
def sight(number: int, track: int) -> Sight:
    """How a track passes over granule `number` of `granules()`."""
    granule = granules()[number]
    lon, lat = _ground_track()
    nearest = int(np.argmin(haversine(lon[track], lat[track], *granule.centre)))
    u = float(_SAMPLES[nearest])
    plon, plat = SENTINEL2.ground(track, np.array([u - 0.4, u, u + 0.4]))
    x, y = from_lonlat(granule.crs).transform(plon, plat)
    length = math.hypot(x[2] - x[0], y[2] - y[0])
    ax, ay = float(x[2] - x[0]) / length, float(y[2] - y[0]) / length
    return Sight(granule, track, float(x[1]), float(y[1]), ax, ay, u / 360.0)


@lru_cache(maxsize=1)
def granules() -> tuple[Granule, ...]:
    """All granules near land, zone by zone from the south."""
    names = [_granule(zone, col, row) for row, cols in _layout() for zone in range(1, 61) for col in cols]
    lon, lat = middles(names)
    keep = near_land(lon, lat) & (lat > SOUTH) & (lat < NORTH)
    return tuple(g for g, k in zip(names, keep, strict=True) if k)


@lru_cache(maxsize=1)
def granule_middles() -> tuple[F64, F64]:
    """(lon, lat) of the middles of `granules()`."""
    return middles(granules())


@lru_cache(maxsize=SENTINEL2.revolutions)
def granules_under(track: int) -> tuple[int, ...]:
    """The granules that the swath of a track may touch, from north to south; a superset."""
    lon, lat = granule_middles()
    track_lon, track_lat = _ground_track()
    away = np.full(lon.shape, np.inf)
    for u, v in zip(track_lon[track, ::_COARSE], track_lat[track, ::_COARSE], strict=True):
        near = np.flatnonzero(np.abs(lat - v) < 3.0)
        away[near] = np.minimum(away[near], haversine(lon[near], lat[near], u, v))
    found = np.flatnonzero(away < _REACH)
    return tuple(int(n) for n in found[np.argsort(-lat[found], kind="stable")])


def middles(chosen: tuple[Granule, ...] | list[Granule]) -> tuple[F64, F64]:
    """(lon, lat) of the middles of granules, projected zone by zone."""
    lon, lat = np.empty(len(chosen)), np.empty(len(chosen))
    codes = np.array([g.crs for g in chosen])
    x = np.array([g.left + SIZE / 2 for g in chosen])
    y = np.array([g.top - SIZE / 2 for g in chosen])
    for crs in np.unique(codes):
        at = codes == crs
        lon[at], lat[at] = to_lonlat(str(crs)).transform(x[at], y[at])
    return lon, lat


def _layout() -> list[tuple[int, range]]:
    """(row, columns) of the squares of a zone: rows from the equator, columns of 100 km of easting.

    Squares on the zone's western edge that the neighbouring zone's granules cover are left out, as in the real grid.
    """
    out = []
    forward = from_lonlat("EPSG:32631")
    for row in range(-67, 93):
        edges = [row * _SQUARE, (row + 1) * _SQUARE]
        south, north = (to_lonlat("EPSG:32631").transform(500_000.0, float(y))[1] for y in edges)
        reach = [float(forward.transform(6.0, lat)[0]) for lat in (south, north)]
        last = math.floor((max(reach) - 1.0) / _SQUARE)
        first = math.floor((1_000_000.0 - max(reach)) / _SQUARE)
        beyond = math.floor(last * _SQUARE / 60.0) * 60.0 + SIZE - max(reach)
        sliver = (first + 1) * _SQUARE - (1_000_000.0 - max(reach))
        out.append((row, range(first + 1 if sliver + _SKEW <= beyond else first, last + 1)))
    return out


def _granule(zone: int, col: int, row: int) -> Granule:
    south = row < 0
    left = math.floor(col * _SQUARE / 60.0) * 60.0
    top = math.ceil((row + 1) * _SQUARE / 60.0) * 60.0 + (10_000_000.0 if south else 0.0)
    letters = _COLUMNS[(zone - 1) % 3][col - 1] + _ROWS[(row + (5 if zone % 2 == 0 else 0)) % 20]
    return Granule(f"{zone:02d}{_band(row)}{letters}", f"EPSG:{32700 + zone if south else 32600 + zone}", left, top)


@lru_cache(maxsize=256)
def _band(row: int) -> str:
    _, lat = to_lonlat("EPSG:32631").transform(500_000.0, (row + 0.5) * _SQUARE)
    return _BANDS[min(19, max(0, int((lat + 80.0) // 8.0)))]
