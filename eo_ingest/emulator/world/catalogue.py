"""The world as a catalogue of Earth Engine assets."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from eo_ingest.emulator.world.biomass import CANOPY_HEIGHT, CARBON_DENSITY, ESA_CCI_AGB
from eo_ingest.emulator.world.chart import Shelf
from eo_ingest.emulator.world.cloud_score import CloudScore
from eo_ingest.emulator.world.dem import GLO30, NASADEM
from eo_ingest.emulator.world.hls import HLS
from eo_ingest.emulator.world.mgrs import granules
from eo_ingest.emulator.world.modis import MOD44B
from eo_ingest.emulator.world.palsar import SAR_EPOCH
from eo_ingest.emulator.world.seasonal_asset import SEASONAL
from eo_ingest.emulator.world.sentinel1 import Sentinel1
from eo_ingest.emulator.world.sentinel2 import Sentinel2
from eo_ingest.emulator.world.settlement import BUILT_S, BUILT_S_10M
from eo_ingest.emulator.world.surface_water import GLOBAL, MONTHLY, YEARLY
from eo_ingest.emulator.world.worldcover import WorldCover

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eo_ingest.emulator.asset import CollectionAsset, ImageAsset

_DATATAKE = 3_600_000
"""Milliseconds within which all granules of a datatake are imaged."""


class World:
    """A Catalogue of the synthetic planet: every asset that a product needs, under its real id."""

    def __init__(self) -> None:
        collections: list[CollectionAsset] = [
            Sentinel1(), Sentinel2(), CloudScore(), *HLS, WorldCover("v100"), WorldCover("v200"),
            *GLO30, MOD44B, BUILT_S, BUILT_S_10M, *ESA_CCI_AGB, CARBON_DENSITY, *SEASONAL, YEARLY, MONTHLY, SAR_EPOCH,
        ]  # fmt: skip
        images: list[ImageAsset] = [NASADEM, *CANOPY_HEIGHT, GLOBAL]
        self._collections = {c.id: c for c in collections}
        self._images = {i.id: i for i in images}

    def get(self, asset_id: str) -> ImageAsset | CollectionAsset | None:
        """A collection, or an image by its full id; None if there is no such asset."""
        found = self._collections.get(asset_id) or self._images.get(asset_id)
        if found is not None:
            return found
        parent, _, index = asset_id.rpartition("/")
        collection = self._collections.get(parent)
        return None if collection is None else _find(collection, index)

    def children(self, parent_id: str) -> list[ImageAsset | CollectionAsset] | None:
        """The assets under a folder; of a collection with a handful of images, those.

        The endless collections list nothing here: their images are asked for by time and place.
        """
        collection = self._collections.get(parent_id)
        if collection is not None:
            listed = isinstance(collection, WorldCover | Shelf)
            return list(collection.images(None, None, None)) if listed else []
        every: dict[str, ImageAsset | CollectionAsset] = {**self._collections, **self._images}
        return [asset for name, asset in every.items() if name.startswith(f"{parent_id}/")] or None


def _find(collection: CollectionAsset, index: str) -> ImageAsset | None:
    """The image of a name."""
    named = getattr(collection, "find", None)
    if named is not None:
        image: ImageAsset | None = named(index)
        return image
    if isinstance(collection, WorldCover):
        return _first(collection.images(None, None, None), index)
    return _dated(collection, index)


def _dated(collection: CollectionAsset, index: str) -> ImageAsset | None:
    """The image of a name that tells its day."""
    stamp = index.split("_")[4] if index.startswith("S1") and index.count("_") > 4 else index.split("_", maxsplit=1)[0]
    try:
        day = dt.datetime.strptime(stamp, "%Y%m%dT%H%M%S").replace(tzinfo=dt.UTC)
    except ValueError:
        return None
    start = int(day.timestamp() * 1000)
    if index.startswith("S1"):
        return _first(collection.images(start, start + 1000, None), index)
    granule = next((g for g in granules() if index.endswith(f"_T{g.name}")), None)
    return None if granule is None else _first(collection.images(start, start + _DATATAKE, granule.outline), index)


def _first(images: Iterable[ImageAsset], index: str) -> ImageAsset | None:
    return next((image for image in images if image.properties["system:index"] == index), None)
