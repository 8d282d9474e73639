"""ESA/WorldCover/v100 and v200: one class map each, for 2020 and for 2021."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from shapely import box

from eo_ingest.emulator.asset import Band, Lattice, Window
from eo_ingest.emulator.pyramid import pyramid_read
from eo_ingest.emulator.world.cover import WORLDCOVER
from eo_ingest.emulator.world.ground import parts
from eo_ingest.emulator.world.land import reclassify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shapely.geometry.base import BaseGeometry

    from eo_ingest.emulator.world.ground import Tile

Version = Literal["v100", "v200"]

CLASSES = (
    (10, "006400", "Tree cover"),
    (20, "ffbb22", "Shrubland"),
    (30, "ffff4c", "Grassland"),
    (40, "f096ff", "Cropland"),
    (50, "fa0000", "Built-up"),
    (60, "b4b4b4", "Bare / sparse vegetation"),
    (70, "f0f0f0", "Snow and ice"),
    (80, "0064c8", "Permanent water bodies"),
    (90, "0096a0", "Herbaceous wetland"),
    (95, "00cf75", "Mangroves"),
    (100, "fae6a0", "Moss and lichen"),
)
"""Value, colour and name of each class, as the catalogue gives them."""

LATTICE = Lattice("EPSG:4326", (1 / 12_000, 0.0, -180.0, 0.0, -1 / 12_000, 84.0), 4_320_000, 1_728_000)
"""84° N to 60° S, all around."""
_YEARS: dict[Version, tuple[str, int, int]] = {
    "v100": ("2020", 1_577_836_800_000, 1_609_459_200_000),
    "v200": ("2021", 1_609_459_200_000, 1_640_995_200_000),
}
_EXACT_LEVELS = 4


def classes(tile: Tile, version: Version) -> np.ndarray:
    """The class of each pixel of a tile, 0 for no data."""
    kind = tile.ground().kind
    if version == "v200":
        kind = tile.derived("v200", lambda: reclassify(tile.sites(), tile.ground().kind))
    out: np.ndarray = WORLDCOVER.take(kind)
    return out


@dataclass(frozen=True)
class Map:
    """The map of one version; an ImageAsset."""

    version: Version

    @property
    def id(self) -> str:
        """The asset's id."""
        return f"ESA/WorldCover/{self.version}/{_YEARS[self.version][0]}"

    @property
    def properties(self) -> Mapping[str, Any]:
        """Dates and classes."""
        index, start, end = _YEARS[self.version]
        return {
            "system:index": index,
            "system:time_start": start,
            "system:time_end": end,
            "Map_class_names": [name for _, _, name in CLASSES],
            "Map_class_palette": [colour for _, colour, _ in CLASSES],
            "Map_class_values": [value for value, _, _ in CLASSES],
        }

    @property
    def footprint(self) -> BaseGeometry:
        """The whole extent."""
        return box(-180.0, -60.0, 180.0, 84.0)

    @property
    def bands(self) -> tuple[Band, ...]:
        """The one band, Map."""
        return (Band(name="Map", dtype="uint8", lattice=LATTICE, pyramid="mode"),)

    def read(self, band: str, level: int, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """See ImageAsset. Above level 4 a pixel is made of 16 × 16 evenly spread native ones."""
        if band != "Map":
            raise KeyError(band)
        thin = max(0, level - _EXACT_LEVELS)

        def read0(w: Window) -> tuple[np.ndarray, np.ndarray]:
            values = np.zeros((w.height, w.width), np.uint8)
            for part in parts(LATTICE, w, thin):
                values[part.out] = classes(part.tile, self.version)[part.inside]
            return values, values != 0

        return pyramid_read(read0, level - thin, window, "mode")


@dataclass(frozen=True)
class WorldCover:
    """The collection of one version: a single image."""

    version: Version

    @property
    def id(self) -> str:
        """The collection's id."""
        return f"ESA/WorldCover/{self.version}"

    @property
    def properties(self) -> Mapping[str, Any]:
        """Title and dates."""
        _, start, end = _YEARS[self.version]
        return {"system:id": self.id, "title": f"ESA WorldCover 10m {self.version}", "date_range": [start, end]}

    def images(self, start: int | None, end: int | None, bounds: BaseGeometry | None) -> Iterator[Map]:
        """The image, if it starts in [start, end) and meets `bounds`."""
        image = Map(self.version)
        begins = _YEARS[self.version][1]
        in_time = (start is None or begins >= start) and (end is None or begins < end)
        if in_time and (bounds is None or image.footprint.intersects(bounds)):
            yield image
