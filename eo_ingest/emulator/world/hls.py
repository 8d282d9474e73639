"""NASA/HLS/HLSS30/v002 and HLSL30/v002: Sentinel-2 and Landsat on one 30 m grid, reflectance from 0 to 1."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from eo_ingest.emulator.asset import Band, Lattice, Window
from eo_ingest.emulator.pyramid import pyramid_read
from eo_ingest.emulator.world.cloud import overcast, tile_overcast, veil
from eo_ingest.emulator.world.cover import BANDS, Kind
from eo_ingest.emulator.world.epoch import ms
from eo_ingest.emulator.world.ground import parts
from eo_ingest.emulator.world.land import temperature
from eo_ingest.emulator.world.mgrs import SIZE, granules
from eo_ingest.emulator.world.place import points, to_lonlat
from eo_ingest.emulator.world.sentinel2 import LAST
from eo_ingest.emulator.world.signature import reflect, sun_position
from eo_ingest.emulator.world.visit import FIRST_LANDSAT, Visit, landsat_visits, sentinel_visits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shapely.geometry.base import BaseGeometry

    from eo_ingest.emulator.world.ground import Part

Product = Literal["S30", "L30"]
_METRES = 30.0
_SIDE = round(SIZE / _METRES)
_EXACT_LEVELS = 4
_SPECTRAL: dict[Product, dict[str, str]] = {
    "S30": {band: band for band in BANDS},
    "L30": {"B1": "B1", "B2": "B2", "B3": "B3", "B4": "B4", "B5": "B8A", "B6": "B11", "B7": "B12"},
}
"""The band of Sentinel-2 that each reflectance band looks like."""
_REST: dict[Product, tuple[str, ...]] = {"S30": ("B10",), "L30": ("B9", "B10", "B11")}
_ANGLES = ("SZA", "SAA", "VZA", "VAA")
_ORDER: dict[Product, tuple[str, ...]] = {
    "S30": (*BANDS[:10], "B10", *BANDS[10:], "Fmask", *_ANGLES),
    "L30": ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B9", "B10", "B11", "Fmask", *_ANGLES),
}
_CLOUD, _BESIDE, _SNOW, _WATER, _LOW_AEROSOL = 2, 4, 16, 32, 64
_THIN = np.float32(0.05)
_NEAR = np.float32(-0.35)


@dataclass(frozen=True)
class Scene:
    """One look at one granule; an ImageAsset."""

    product: Product
    visit: Visit

    @cached_property
    def index(self) -> str:
        """`system:index`."""
        taken = dt.datetime.fromtimestamp(self.visit.start / 1000, dt.UTC)
        return f"T{self.visit.granule.name}_{taken:%Y%m%dT%H%M%S}"

    @property
    def id(self) -> str:
        """The asset's id."""
        return f"NASA/HLS/HLS{self.product}/v002/{self.index}"

    @property
    def footprint(self) -> BaseGeometry | None:
        """The part of the granule that is seen."""
        return self.visit.footprint

    @cached_property
    def sun(self) -> tuple[float, float]:
        """Solar (zenith, azimuth) in degrees in the middle of the granule."""
        return sun_position(*self.visit.granule.centre, self.visit.start)

    @cached_property
    def properties(self) -> Mapping[str, Any]:
        """The properties that the catalogue lists for both products, and the granule's name."""
        zenith, azimuth = self.sun
        cloudy, seen = _shares(self.visit)
        taken = dt.datetime.fromtimestamp(self.visit.start / 1000, dt.UTC)
        made = taken + dt.timedelta(days=2)
        own = {"MGRS_TILE_ID": self.visit.granule.name} if self.product == "S30" else {"ACCODE": "LaSRC"}
        return {
            "system:index": self.index,
            "system:time_start": self.visit.start,
            "system:time_end": self.visit.start,
            "CLOUD_COVERAGE": cloudy,
            "SPATIAL_COVERAGE": seen,
            "HLS_PROCESSING_TIME": made.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "SENSING_TIME": taken.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
            "MEAN_SUN_ZENITH_ANGLE": round(zenith, 6),
            "MEAN_SUN_AZIMUTH_ANGLE": round(azimuth, 6),
            "MEAN_VIEW_ZENITH_ANGLE": 4.5,
            "MEAN_VIEW_AZIMUTH_ANGLE": 101.0,
            "NBAR_SOLAR_ZENITH": round(zenith, 6),
            **own,
        }

    @cached_property
    def lattice(self) -> Lattice:
        """The granule's pixels of 30 m."""
        granule = self.visit.granule
        return Lattice(granule.crs, (_METRES, 0.0, granule.left, 0.0, -_METRES, granule.top), _SIDE, _SIDE)

    @cached_property
    def bands(self) -> tuple[Band, ...]:
        """All bands, in the catalogue's order."""
        fmask = Band(name="Fmask", dtype="uint8", lattice=self.lattice, pyramid="sample")
        return tuple(
            fmask if name == "Fmask" else Band(name=name, dtype="float32", lattice=self.lattice)
            for name in _ORDER[self.product]
        )

    def read(self, band: str, level: int, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """See ImageAsset. Above level 4 a pixel is made of 16 × 16 evenly spread native ones."""
        found = next((b for b in self.bands if b.name == band), None)
        if found is None:
            raise KeyError(band)
        thin = max(0, level - _EXACT_LEVELS)

        def read0(w: Window) -> tuple[np.ndarray, np.ndarray]:
            values = np.zeros((w.height, w.width), found.dtype)
            valid = np.zeros(values.shape, bool)
            for part in parts(self.lattice, w, thin):
                inside = self._seen(part, thin)
                values[part.out] = np.where(inside, self._values(band, part), 0)
                valid[part.out] = inside
            return values, valid

        return pyramid_read(read0, level - thin, window, found.pyramid)

    def _seen(self, part: Part, thin: int) -> np.ndarray:
        if self.visit.overpass is None:
            rows, cols = part.inside
            return np.ones((rows.stop - rows.start, cols.stop - cols.start), bool)
        return self.visit.overpass.imaged(part, _METRES * 2.0**thin)

    def _values(self, band: str, part: Part) -> np.ndarray:
        if band in _ANGLES:
            return np.asarray((*self.sun, 4.5, 101.0)[_ANGLES.index(band)], np.float32)
        cloud = tile_overcast(part.tile, self.visit.seed)[part.inside]
        if band in _SPECTRAL[self.product]:
            return self._reflectance(BANDS.index(_SPECTRAL[self.product][band]), part, cloud)
        if band == "Fmask":
            return _flags(part.tile.ground()[part.inside].kind, cloud)
        if band in {"B9", "B10"} and (self.product == "S30" or band == "B9"):
            cirrus: np.ndarray = np.clip(0.001 + 0.02 * cloud, 0.0005, 0.2)
            return cirrus
        warm = part.tile.derived("temperature", lambda: temperature(part.tile.sites()))[part.inside]
        found: np.ndarray = np.round(warm + 14 * self._summer() - 25 * np.clip(cloud, 0, 1) - (band == "B11"), 2)
        return found

    def _reflectance(self, number: int, part: Part, cloud: np.ndarray) -> np.ndarray:
        values = reflect(part.tile.ground()[part.inside], self.visit.start, number)
        veil(values, cloud, number)
        found: np.ndarray = np.maximum(np.round(values * np.float32(10_000)), 1) * np.float32(0.0001)
        return found

    def _summer(self) -> float:
        """How high the sun stands at this time of the year, −1 to 1."""
        return float(np.cos(np.radians(self.sun[0])) * 2 - 1)


def _flags(kind: np.ndarray, cloud: np.ndarray) -> np.ndarray:
    """Fmask: bit 1 cloud, 2 beside cloud, 4 snow, 5 water, 6 and 7 aerosol."""
    found = np.full(kind.shape, _LOW_AEROSOL, np.uint8)
    found |= np.where(cloud > _THIN, _CLOUD, np.where(cloud > _NEAR, _BESIDE, 0)).astype(np.uint8)
    found |= np.where(kind == Kind.SNOW, _SNOW, 0).astype(np.uint8)
    found |= np.where(np.isin(kind, (Kind.SEA, Kind.DEEP_SEA, Kind.WATER)), _WATER, 0).astype(np.uint8)
    return found


@lru_cache(maxsize=4096)
def _shares(visit: Visit) -> tuple[float, float]:
    """Percentages of cloud in what is seen, and of the granule that is seen, from 24 × 24 points."""
    step = (np.arange(24) + 0.5) / 24 * SIZE
    x, y = np.meshgrid(visit.granule.left + step, visit.granule.top - step)
    sites = points(*to_lonlat(visit.granule.crs).transform(x, y))
    seen = 100.0 if visit.overpass is None else 100 * (1 - visit.overpass.sight.missing)
    return round(100 * float(np.mean(overcast(sites, visit.seed) > _THIN)), 3), round(seen, 3)


@dataclass(frozen=True)
class Hls:
    """One of the two collections; endless, so ask it by time and place."""

    product: Product

    @property
    def id(self) -> str:
        """The collection's id."""
        return f"NASA/HLS/HLS{self.product}/v002"

    @property
    def properties(self) -> Mapping[str, Any]:
        """Title and dates."""
        sensor = {"S30": "Sentinel-2 Multi-spectral Instrument", "L30": "Landsat 8/9 OLI"}[self.product]
        first = ms(2017, 3, 28) if self.product == "S30" else FIRST_LANDSAT
        title = f"HLS{self.product}: HLS {sensor} Surface Reflectance Daily Global 30m"
        return {"system:id": self.id, "title": title, "date_range": [first, LAST]}

    def images(self, start: int | None, end: int | None, bounds: BaseGeometry | None) -> Iterator[Scene]:
        """Scenes in time order, lazily."""
        visits = sentinel_visits if self.product == "S30" else landsat_visits
        for visit in visits(start, end, bounds):
            yield Scene(self.product, visit)

    def find(self, index: str) -> Scene | None:
        """The scene of a `system:index`."""
        tile, _, stamp = index.removeprefix("T").partition("_")
        granule = next((g for g in granules() if g.name == tile), None)
        try:
            at = dt.datetime.strptime(stamp, "%Y%m%dT%H%M%S").replace(tzinfo=dt.UTC)
        except ValueError:
            return None
        if granule is None:
            return None
        start = int(at.timestamp() * 1000)
        return next((s for s in self.images(start, start + 1000, granule.outline) if s.index == index), None)


HLS = (Hls("S30"), Hls("L30"))
