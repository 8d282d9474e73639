"""COPERNICUS/S2_SR_HARMONIZED: surface reflectance by granule, with clouds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eo_ingest.emulator.asset import Band, Lattice, Pyramid, Window
from eo_ingest.emulator.pyramid import pyramid_read
from eo_ingest.emulator.world.cloud import tile_overcast, veil
from eo_ingest.emulator.world.cover import BANDS
from eo_ingest.emulator.world.ground import Part, parts
from eo_ingest.emulator.world.mgrs import (
    HALF_SWATH,
    SIZE,
    Granule,
    Sight,
    granule_middles,
    granules,
    granules_under,
    sight,
)
from eo_ingest.emulator.world.noise import hash_words
from eo_ingest.emulator.world.orbit import DAY, SENTINEL2
from eo_ingest.emulator.world.quality import FLAGS, flag
from eo_ingest.emulator.world.s2_property import indices, properties
from eo_ingest.emulator.world.shape import boxes, near, within_180
from eo_ingest.emulator.world.signature import reflect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shapely.geometry.base import BaseGeometry

COLLECTION = "COPERNICUS/S2_SR_HARMONIZED"
FIRST, LAST = 1_490_659_200_000, 1_830_297_600_000
"""First and last moment of the collection: 2017-03-28 and 2028-01-01."""
_EXACT_LEVELS = 4
_METRES: Final = dict(zip(BANDS, (60, 10, 10, 10, 20, 20, 20, 10, 20, 60, 20, 20), strict=True))
_FLAG_METRES: Final = {
    "AOT": 10, "WVP": 10, "SCL": 20, "TCI_R": 10, "TCI_G": 10, "TCI_B": 10, "MSK_CLDPRB": 20, "MSK_SNWPRB": 10,
    "QA10": 10, "QA20": 20, "QA60": 60, "MSK_CLASSI_OPAQUE": 60, "MSK_CLASSI_CIRRUS": 60, "MSK_CLASSI_SNOW_ICE": 60,
}  # fmt: skip


@dataclass(frozen=True)
class Overpass:
    """A satellite over a granule once: what Sentinel-2 and Cloud Score+ images are made from."""

    sight: Sight
    half_cycle: int

    @property
    def granule(self) -> Granule:
        """The MGRS tile."""
        return self.sight.granule

    @property
    def datatake_start(self) -> int:
        """When the satellite starts to image, ms since 1970, to the second."""
        at = SENTINEL2.start(self.sight.track) + self.half_cycle * (SENTINEL2.repeat * DAY // 2)
        return int((at + SENTINEL2.period * 0.26) // 1000) * 1000

    @property
    def start(self) -> int:
        """When the granule is imaged, ms since 1970: `system:time_start`."""
        return self.datatake_start + int(SENTINEL2.period * max(0.0, self.sight.fraction - 0.26))

    @property
    def seed(self) -> int:
        """The hash of the overpass: the same for all granules of one datatake."""
        return hash_words(self.sight.track, self.half_cycle, 40)

    @cached_property
    def index(self) -> str:
        """`system:index`."""
        return indices(self)["system:index"]

    @property
    def footprint(self) -> BaseGeometry | None:
        """The imaged part of the granule."""
        return self.sight.footprint

    def lattice(self, metres: int) -> Lattice:
        """The granule's pixels at a resolution."""
        size = round(SIZE / metres)
        granule = self.granule
        return Lattice(granule.crs, (float(metres), 0.0, granule.left, 0.0, -float(metres), granule.top), size, size)

    def imaged(self, part: Part, metres: float) -> np.ndarray:
        """Which pixels of a part of a window lie within the swath; pixels are `metres` wide."""
        rows, cols = part.inside
        shape = rows.stop - rows.start, cols.stop - cols.start
        if self.sight.whole:
            inside = np.ones(shape, bool)
        else:
            x = self.granule.left + metres * (np.arange(part.col, part.col + shape[1]) + 0.5)
            y = self.granule.top - metres * (np.arange(part.row, part.row + shape[0])[:, None] + 0.5)
            inside = np.abs(self.sight.across(x, y)) <= HALF_SWATH
        return inside


@dataclass(frozen=True)
class Scene:
    """One granule of one datatake; an ImageAsset."""

    overpass: Overpass

    @property
    def id(self) -> str:
        """The asset's id."""
        return f"{COLLECTION}/{self.overpass.index}"

    @property
    def start(self) -> int:
        """`system:time_start`."""
        return self.overpass.start

    @cached_property
    def properties(self) -> Mapping[str, Any]:
        """The properties that the catalogue lists."""
        return properties(self.overpass)

    @property
    def footprint(self) -> BaseGeometry | None:
        """The imaged part of the granule."""
        return self.overpass.footprint

    @cached_property
    def bands(self) -> tuple[Band, ...]:
        """All bands of the collection, in Earth Engine's order."""
        grids = {metres: self.overpass.lattice(metres) for metres in (10, 20, 60)}
        out = [Band(name=name, dtype="uint16", lattice=grids[metres]) for name, metres in _METRES.items()]
        for name, metres in _FLAG_METRES.items():
            out.append(Band(name=name, dtype=FLAGS[name], lattice=grids[metres], pyramid=_policy(name)))
        return tuple(out)

    def read(self, band: str, level: int, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """See ImageAsset. Above level 4 a pixel is made of 16 × 16 evenly spread native ones."""
        thin = max(0, level - _EXACT_LEVELS)
        metres = _METRES.get(band) or _FLAG_METRES[band]

        def read0(w: Window) -> tuple[np.ndarray, np.ndarray]:
            if band in _METRES:
                return self._reflectance(BANDS.index(band), metres, thin, w)
            return self._flags(band, metres, thin, w)

        return pyramid_read(read0, level - thin, window, _policy(band))

    def _reflectance(self, band: int, metres: int, thin: int, window: Window) -> tuple[np.ndarray, np.ndarray]:
        values = np.zeros((window.height, window.width), np.uint16)
        valid = np.zeros(values.shape, bool)
        for part in parts(self.overpass.lattice(metres), window, thin):
            inside = self.overpass.imaged(part, metres * 2.0**thin)
            if not inside.any():
                continue
            reflectance = reflect(part.tile.ground()[part.inside], self.start, band)
            veil(reflectance, tile_overcast(part.tile, self.overpass.seed)[part.inside], band)
            values[part.out] = digital_numbers(reflectance) * inside
            valid[part.out] = inside
        return values, valid

    def _flags(self, band: str, metres: int, thin: int, window: Window) -> tuple[np.ndarray, np.ndarray]:
        values = np.zeros((window.height, window.width), FLAGS[band])
        valid = np.zeros(values.shape, bool)
        for part in parts(self.overpass.lattice(metres), window, thin):
            inside = self.overpass.imaged(part, metres * 2.0**thin)
            cloud = tile_overcast(part.tile, self.overpass.seed)[part.inside]
            found = flag(band, part.tile.ground()[part.inside], cloud, self.start)
            if found is not None:
                values[part.out] = found * inside
                valid[part.out] = inside
        return values, valid


def digital_numbers(reflectance: np.ndarray) -> np.ndarray:
    """Reflectance as Earth Engine stores it: × 10 000, rounded, at least 1."""
    out: np.ndarray = np.maximum(reflectance * np.float32(10_000) + np.float32(0.5), 1).astype(np.uint16)
    return out


def _policy(band: str) -> Pyramid:
    if band == "SCL":
        return "mode"
    return "sample" if band.startswith(("QA", "MSK_CLASSI")) else "mean"


def overpasses(start: int | None, end: int | None, bounds: BaseGeometry | None) -> Iterator[Overpass]:
    """What Sentinel-2 sees of `bounds` in [start, end), in time order."""
    low, high = max(start or FIRST, FIRST), min(LAST if end is None else end, LAST)
    chosen: frozenset[int] | None = None
    if bounds is not None:
        bounds = within_180(bounds)
        close = np.flatnonzero(near(*granule_middles(), boxes(bounds), 80.0))
        chosen = frozenset(int(n) for n in close if granules()[n].outline.intersects(bounds))
    half = SENTINEL2.repeat * DAY // 2
    tracks = frozenset(t for t in range(SENTINEL2.revolutions) if chosen is None or _members(t, chosen))
    for window in range((low - SENTINEL2.epoch) // half - 1, (high - SENTINEL2.epoch) // half + 1):
        for track, half_cycle in _order(window, tracks):
            begins = SENTINEL2.start(track) + half_cycle * half
            if begins + SENTINEL2.period < low or begins > high:
                continue
            visited = [n for n in _members(track, chosen) if (half_cycle + _shift(track)) % _stride(n) == 0]
            seen = [_overpass(n, track, half_cycle) for n in visited]
            for overpass in sorted(seen, key=lambda o: (o.start, o.granule.name)):
                shape = overpass.footprint
                if shape is None or not low <= overpass.start < high:
                    continue
                if bounds is None or shape.intersects(bounds):
                    yield overpass


def _order(window: int, tracks: frozenset[int]) -> list[tuple[int, int]]:
    """(track, half cycle) of those tracks that are begun in a window of half a repeat cycle, in time order.

    Two satellites fly the same tracks half a cycle apart, so a window holds the early tracks of one and the late tracks
    of the other.
    """
    half = SENTINEL2.revolutions / 2
    pairs = [(t, window if t < half else window - 1) for t in tracks]
    return sorted(pairs, key=lambda pair: pair[0] % half)


@lru_cache(maxsize=8192)
def _members(track: int, chosen: frozenset[int] | None) -> tuple[int, ...]:
    """The granules of `chosen` (None: of all) that a track may see, from north to south."""
    if chosen is None or len(chosen) > 50:
        return tuple(n for n in granules_under(track) if chosen is None or n in chosen)
    inside = [n for n in chosen if track in granules()[n].tracks]
    return tuple(sorted(inside, key=lambda n: (-granule_middles()[1][n], n)))


@lru_cache(maxsize=32768)
def _stride(number: int) -> int:
    """Half cycles between visits of a track to a granule, so that all latitudes see about as many."""
    latitude = float(granule_middles()[1][number])
    overlap = HALF_SWATH / 500.0 / (40_075.0 / SENTINEL2.revolutions * math.cos(math.radians(latitude)))
    return max(4, round(4.2 * overlap))


@lru_cache(maxsize=1024)
def _shift(track: int) -> int:
    return hash_words(track, 41) % 5040


@lru_cache(maxsize=16384)
def _overpass(number: int, track: int, half_cycle: int) -> Overpass:
    return Overpass(sight(number, track), half_cycle)


@lru_cache(maxsize=16384)
def _scene(overpass: Overpass) -> Scene:
    return Scene(overpass)


class Sentinel2:
    """The collection: about four acquisitions per season of any place near land."""

    id = COLLECTION

    @property
    def properties(self) -> Mapping[str, Any]:
        """Title and dates."""
        return {
            "system:id": self.id,
            "title": "Harmonized Sentinel-2 MSI: MultiSpectral Instrument, Level-2A (SR)",
            "date_range": [FIRST, LAST],
        }

    def images(self, start: int | None, end: int | None, bounds: BaseGeometry | None) -> Iterator[Scene]:
        """Scenes in time order, lazily."""
        for overpass in overpasses(start, end, bounds):
            yield _scene(overpass)
