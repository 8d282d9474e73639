"""COPERNICUS/S1_GRD: backscatter scenes in dB, with speckle, border noise and a coarse grid of incidence angles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator.asset import Band, Window
from eo_ingest.emulator.pyramid import pyramid_read
from eo_ingest.emulator.world.frame import BORDER, HALF_LENGTH, HALF_WIDTH, SLICES, Frame, Mode, centres, frame
from eo_ingest.emulator.world.ground import parts
from eo_ingest.emulator.world.noise import hash_words
from eo_ingest.emulator.world.orbit import DAY, SENTINEL1
from eo_ingest.emulator.world.s1_property import properties, scene_index
from eo_ingest.emulator.world.shape import boxes, near, within_180
from eo_ingest.emulator.world.signature import scatter
from eo_ingest.emulator.world.speckle import speckle_db

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shapely.geometry.base import BaseGeometry

    from eo_ingest.emulator.world.ground import Part

COLLECTION = "COPERNICUS/S1_GRD"
FIRST, LAST = 1_412_294_400_000, 1_830_297_600_000
"""First and last moment of the collection: 2014-10-03 and 2028-01-01."""
EVERY_PASS = (7.0, 40.5, 17.0, 48.0)
"""Degrees west, south, east, north: slices whose middle lies in it are imaged every time, each track every 6 days."""
_HH_GAIN = 0.4
_EXACT_LEVELS = 4


@dataclass(frozen=True)
class Scene:
    """One slice of one overpass; an ImageAsset."""

    frame: Frame
    half_cycle: int
    polarisations: tuple[str, ...]

    @property
    def start(self) -> int:
        """When the slice starts, ms since 1970, to the second as in Earth Engine."""
        at = SENTINEL1.start(self.frame.track) + self.half_cycle * (SENTINEL1.repeat * DAY // 2)
        at += self.frame.slice / SLICES * SENTINEL1.period
        return int(at // 1000) * 1000

    @property
    def seed(self) -> int:
        """The hash that tells this scene's noise from all others'."""
        return hash_words(self.frame.track, self.frame.slice, self.half_cycle, len(self.polarisations))

    @cached_property
    def index(self) -> str:
        """`system:index`."""
        return scene_index(self)

    @property
    def id(self) -> str:
        """The asset's id."""
        return f"{COLLECTION}/{self.index}"

    @cached_property
    def properties(self) -> Mapping[str, Any]:
        """The properties that the catalogue lists."""
        return properties(self)

    @property
    def footprint(self) -> BaseGeometry:
        """The slice's outline."""
        return self.frame.footprint

    @cached_property
    def bands(self) -> tuple[Band, ...]:
        """One band per polarisation, and the angle."""
        power = [Band(name=name, dtype="float64", lattice=self.frame.lattice) for name in self.polarisations]
        return (*power, Band(name="angle", dtype="float32", lattice=self.frame.angle_lattice))

    def read(self, band: str, level: int, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """See ImageAsset. Above level 4 a pixel is made of 16 × 16 evenly spread native ones."""
        if band == "angle":
            return pyramid_read(self._angle, level, window, "mean")
        if band not in self.polarisations:
            raise KeyError(band)
        thin = max(0, level - _EXACT_LEVELS)
        return pyramid_read(lambda w: self._power(band, thin, w), level - thin, window, "mean")

    def _angle(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        lattice = self.frame.angle_lattice
        col = np.arange(window.col, window.col + window.width)
        row = np.arange(window.row, window.row + window.height)[:, None]
        half = HALF_WIDTH[self.frame.mode] + BORDER
        values = self.frame.angle((col + 0.5) * (2 * half / lattice.width) - half) + 0.0 * row
        valid = (col >= 0) & (col < lattice.width) & (row >= 0) & (row < lattice.height)
        return np.where(valid, values, 0).astype(np.float32), valid

    def _power(self, band: str, thin: int, window: Window) -> tuple[np.ndarray, np.ndarray]:
        values = np.zeros((window.height, window.width), np.float64)
        valid = np.zeros(values.shape, bool)
        for part in parts(self.frame.lattice, window, thin):
            across, inside = self._geometry(part, thin)
            if not inside.any():
                continue
            shape = inside.shape
            noise = speckle_db(part.row, part.col, shape, self.seed + 7 * self.polarisations.index(band) + 131 * thin)
            edge = np.abs(across) > HALF_WIDTH[self.frame.mode]
            power = scatter(
                part.tile.ground()[part.inside],
                self.start,
                cross=band[0] != band[1],
                direction=self.frame.direction,
            )
            power += noise
            if edge.any():
                power[edge] = noise[edge] * np.float32(1.2) - np.float32(36)
            if band[0] == "H":
                power += np.float32(_HH_GAIN)
            values[part.out] = np.where(inside, power, 0)
            valid[part.out] = inside
        return values, valid

    def _geometry(self, part: Part, thin: int) -> tuple[np.ndarray, np.ndarray]:
        """Metres across the swath, and which pixels are imaged, of a part of a window."""
        a, _, c, _, e, f = self.frame.lattice.transform
        rows, cols = part.inside
        x = c + a * 2**thin * (np.arange(part.col, part.col + cols.stop - cols.start) + 0.5)
        y = f + e * 2**thin * (np.arange(part.row, part.row + rows.stop - rows.start)[:, None] + 0.5)
        across, along = self.frame.across(x, y), self.frame.along(x, y)
        inside = (np.abs(across) <= HALF_WIDTH[self.frame.mode] + BORDER) & (np.abs(along) <= HALF_LENGTH)
        return across, inside


class Sentinel1:
    """The collection: about three dual-polarised IW scenes per season and pass at any place near land."""

    id = COLLECTION

    @property
    def properties(self) -> Mapping[str, Any]:
        """Title and dates."""
        return {
            "system:id": self.id,
            "title": "Sentinel-1 SAR GRD: C-band Synthetic Aperture Radar Ground Range Detected, log scaling",
            "date_range": [FIRST, LAST],
        }

    def images(self, start: int | None, end: int | None, bounds: BaseGeometry | None) -> Iterator[Scene]:
        """Scenes in time order; lazily, so that an unbounded request may be cut short."""
        low, high = max(start or FIRST, FIRST), min(LAST if end is None else end, LAST)
        lon, lat, imaged = centres()
        if bounds is not None:
            bounds = within_180(bounds)
            imaged = imaged & near(lon, lat, boxes(bounds), 245.0)
        tracks, numbers = np.nonzero(imaged)
        slots = _Slots(tracks, numbers, _strides(lon[tracks, numbers], lat[tracks, numbers]))
        half = SENTINEL1.repeat * DAY // 2
        for window in range((low - SENTINEL1.epoch) // half - 1, (high - SENTINEL1.epoch) // half + 1):
            for track, number, half_cycle, regular in slots.within(window, low, high):
                scene = _scene(track, number, half_cycle, regular=regular)
                if scene is None or not low <= scene.start < high:
                    continue
                if bounds is None or scene.footprint.intersects(bounds):
                    yield scene


@dataclass(frozen=True)
class _Slots:
    """Frames (parallel arrays of tracks, slices and half cycles between regular scenes) and when they are imaged."""

    tracks: np.ndarray
    numbers: np.ndarray
    strides: np.ndarray

    def within(self, window: int, low: int, high: int) -> Iterator[tuple[int, int, int, bool]]:
        """(track, slice, half cycle, regular) of what may be imaged in a window of half a cycle, in time order.

        Two satellites fly the same tracks half a cycle apart, so a window holds the early tracks of one and the late
        ones of the other.
        """
        half = SENTINEL1.repeat * DAY / 2
        since = (self.tracks + self.numbers / SLICES) * SENTINEL1.period
        late = since >= half
        cycle = window - late.astype(np.int64)
        time = SENTINEL1.epoch + cycle * half + since
        slot = (cycle + _shifts()[self.tracks]) % self.strides
        # Slot 0 holds a regular scene, slot 2 perhaps one of another kind.
        chosen = np.flatnonzero(((slot == 0) | (slot == 2)) & (time >= low - 1000) & (time < high + 1000))
        for k in chosen[np.argsort(time[chosen], kind="stable")]:
            yield int(self.tracks[k]), int(self.numbers[k]), int(cycle[k]), bool(slot[k] == 0)


def _strides(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Half cycles between scenes of a track: so many that all latitudes see about as many, but 1 where all are kept."""
    overlap = HALF_WIDTH["IW"] / 500.0 / (40_075.0 / SENTINEL1.revolutions * np.cos(np.radians(latitude)))
    out: np.ndarray = np.maximum(3, np.round(4.8 * overlap)).astype(np.int64)
    west, south, east, north = EVERY_PASS
    out[(longitude >= west) & (longitude <= east) & (latitude >= south) & (latitude <= north)] = 1
    return out


@lru_cache(maxsize=1)
def _shifts() -> np.ndarray:
    """Which half cycle each track begins with."""
    return np.array([hash_words(track, 77) % 5040 for track in range(SENTINEL1.revolutions)])


@lru_cache(maxsize=8192)
def _scene(track: int, number: int, half_cycle: int, *, regular: bool) -> Scene | None:
    """The scene of a slot, if it holds one."""
    if regular:
        return Scene(frame(track, number, "IW"), half_cycle, ("VV", "VH"))
    choice = hash_words(track, number // 8, half_cycle, 78) % 16
    latitude = abs(float(centres()[1][track, number]))
    mode: Mode = "IW"
    if latitude > 62.0:
        if choice >= 6:
            return None
        mode = "EW" if choice < 4 else "IW"
        return Scene(frame(track, number, mode), half_cycle, ("HH", "HV") if choice != 3 else ("HH",))
    if choice >= 3:
        return None
    return Scene(frame(track, number, mode), half_cycle, (("VV",), ("HH",), ("VV",))[choice])
