"""GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED: how clear each Sentinel-2 pixel is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator.asset import Band, Window
from eo_ingest.emulator.pyramid import pyramid_read
from eo_ingest.emulator.world.cloud import score, score_cdf, tile_overcast
from eo_ingest.emulator.world.ground import parts
from eo_ingest.emulator.world.noise import hash_words
from eo_ingest.emulator.world.s2_property import generation_time, indices
from eo_ingest.emulator.world.sentinel2 import FIRST, LAST, Overpass, overpasses

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shapely.geometry.base import BaseGeometry

COLLECTION = "GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED"
_SCORES = {"cs": score, "cs_cdf": score_cdf}
_EXACT_LEVELS = 4


@dataclass(frozen=True)
class Scene:
    """The scores of one Sentinel-2 scene, under its `system:index`; an ImageAsset."""

    overpass: Overpass

    @property
    def id(self) -> str:
        """The asset's id."""
        return f"{COLLECTION}/{self.overpass.index}"

    @cached_property
    def properties(self) -> Mapping[str, Any]:
        """The properties that the catalogue lists."""
        names = indices(self.overpass)
        made = dt.datetime.fromtimestamp(generation_time(self.overpass) / 1000 + 86_400, dt.UTC)
        return {
            "system:index": self.overpass.index,
            "system:time_start": self.overpass.start,
            "system:time_end": self.overpass.start,
            "DATE_PRODUCT_GENERATED": made.strftime("%Y-%m-%d"),
            "MGRS_TILE": self.overpass.granule.name,
            "MODEL_VERSION": "v1",
            "NO_CONTEXT_FRACTION": (hash_words(self.overpass.seed, 60) % 20) / 1000,
            "PROCESSING_SOFTWARE_VERSION": "1.0.0",
            "SOURCE_ASSET_ID": f"COPERNICUS/S2_HARMONIZED/{self.overpass.index}",
            "SOURCE_PRODUCT_ID": names["PRODUCT_ID"].replace("MSIL2A", "MSIL1C"),
        }

    @property
    def footprint(self) -> BaseGeometry | None:
        """The imaged part of the granule."""
        return self.overpass.footprint

    @cached_property
    def bands(self) -> tuple[Band, ...]:
        """Both scores, on the 10 m grid of the scene."""
        return tuple(Band(name=name, dtype="float32", lattice=self.overpass.lattice(10)) for name in _SCORES)

    def read(self, band: str, level: int, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """See ImageAsset. Above level 4 a pixel is made of 16 × 16 evenly spread native ones."""
        grade = _SCORES[band]
        thin = max(0, level - _EXACT_LEVELS)

        def read0(w: Window) -> tuple[np.ndarray, np.ndarray]:
            values = np.zeros((w.height, w.width), np.float32)
            valid = np.zeros(values.shape, bool)
            for part in parts(self.overpass.lattice(10), w, thin):
                inside = self.overpass.imaged(part, 10.0 * 2**thin)
                values[part.out] = grade(tile_overcast(part.tile, self.overpass.seed)[part.inside]) * inside
                valid[part.out] = inside
            return values, valid

        return pyramid_read(read0, level - thin, window, "mean")


@lru_cache(maxsize=16384)
def _scene(overpass: Overpass) -> Scene:
    return Scene(overpass)


class CloudScore:
    """The collection: one image per Sentinel-2 scene."""

    id = COLLECTION

    @property
    def properties(self) -> Mapping[str, Any]:
        """Title and dates."""
        return {"system:id": self.id, "title": "Cloud Score+ S2_HARMONIZED V1", "date_range": [FIRST, LAST]}

    def images(self, start: int | None, end: int | None, bounds: BaseGeometry | None) -> Iterator[Scene]:
        """Images in time order, lazily."""
        for overpass in overpasses(start, end, bounds):
            yield _scene(overpass)
