"""Asking Earth Engine what an asset is: whether it is there, its bands, their types, and what its pixels hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.errors import ConfigError, OutputError, SourceError
from eo_ingest.products.custom.facts import Asset, Band
from eo_ingest.sources.earthengine import graph
from eo_ingest.sources.earthengine.source import array_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import ee

    from eo_ingest.grid import Block, Zone
    from eo_ingest.period import Frame
    from eo_ingest.product import Place, Product, Variable
    from eo_ingest.request import Window
    from eo_ingest.sources.earthengine.source import EarthEngineSource

_KINDS = {"IMAGE": "image", "IMAGE_COLLECTION": "image collection"}
# Bands of one request for floats: with their masks, far below the limit of bytes.
_BANDS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Spot:
    """A window of a block, and where that lies."""

    zone: Zone
    block: Block
    window: Window

    @property
    def place(self) -> Place:
        """Where the block lies."""
        return graph.place(self.zone, self.block)


class Catalogue:
    """Questions to Earth Engine, retried as the source's own requests are."""

    def __init__(self, source: EarthEngineSource) -> None:
        self._source = source

    def asset(self, name: str) -> Asset:
        """An asset as the catalogue has it; of a collection, the bands are not known yet.

        Raises:
            ConfigError: if there is none, or it cannot be seen by this user.
            SourceError: if Earth Engine does not answer.
        """
        import ee

        try:
            found = self._source.call(lambda: ee.data.getAsset(name), _nothing)
        except SourceError as err:
            if str(err).startswith("not found"):
                raise ConfigError(self._missing(name)) from err
            raise
        kind = _KINDS.get(found.get("type", ""), str(found.get("type", "thing")).lower())
        first, last = _dates(found)
        return Asset(name, kind, self.bands(ee.Image(name)) if kind == "image" else (), first, last)

    def _missing(self, name: str) -> str:
        if self._source.synthetic:
            return (
                f"the emulator has no asset {name!r}: expected one of its world, one served by --assets, or "
                "--source earthengine"
            )
        return f"Earth Engine has no asset {name!r}, or none that you may read"

    def bands(self, image: ee.Image) -> tuple[Band, ...]:
        """The bands of an image."""
        import ee

        names = image.bandNames()
        sizes = names.map(lambda name: image.select([name]).projection().nominalScale())
        values = self._value(ee.Dictionary({"image": image, "names": names, "sizes": sizes}))
        scales = dict(zip(values["names"], values["sizes"], strict=True))
        return tuple(_band(band, scales[band["id"]]) for band in values["image"].get("bands", ()))

    def first_bands(self, images: ee.ImageCollection) -> tuple[Band, ...]:
        """The bands of a collection's first image; none if it has no image."""
        return self.bands(images.first()) if self.has_image(images) else ()

    def has_image(self, images: ee.ImageCollection) -> bool:
        """Whether a collection has an image."""
        return self.count(images.limit(1)) > 0

    def property_names(self, image: ee.Image) -> list[str]:
        """The properties that an image has."""
        return sorted(self._value(image.propertyNames()))

    def count(self, images: ee.ImageCollection) -> int:
        """How many images a collection has."""
        return int(self._value(images.size()))

    def band_names(self, product: Product, frame: Frame, where: Place) -> Mapping[str, list[str]]:
        """The bands that a product's images have, by variable: to see that its expression can be evaluated."""
        import ee

        made = graph.images(product, frame, where)
        found: Mapping[str, list[str]] = self._value(ee.Dictionary({n: i.bandNames() for n, i in made.items()}))
        return found

    def scene_counts(self, product: Product, frames: Sequence[Frame], where: Place) -> dict[str, int]:
        """How many inputs each frame of a product has at a place."""
        import ee

        sizes = {frame.label: graph.scenes(product, frame, where).size() for frame in frames}
        return {label: int(size) for label, size in self._value(ee.Dictionary(sizes)).items()}

    def values(self, product: Product, variable: Variable, frame: Frame, spot: Spot) -> np.ndarray:
        """A variable as the product's images give it, before it is rounded and bounded.

        Returns:
            Stored units, float32 (band, y, x), NaN where masked.

        Raises:
            SourceError: if Earth Engine refuses.
            OutputError: if it sends something else.
        """
        image = graph.images(product, frame, spot.place)[variable.name].toFloat()
        starts = range(0, len(variable.bands), _BANDS_AT_ONCE)
        groups = [range(start, min(start + _BANDS_AT_ONCE, len(variable.bands))) for start in starts]
        return np.concatenate([self._floats(image, product, group, spot) for group in groups])

    def _floats(self, image: ee.Image, product: Product, bands: range, spot: Spot) -> np.ndarray:
        import ee

        chosen = image.select(list(bands)).rename([f"b{i}" for i in bands])
        valid = chosen.mask().gt(0).rename([f"m{i}" for i in bands]).unmask(0, sameFootprint=False).toUint8()
        params = {
            "expression": chosen.unmask(0, sameFootprint=False).toFloat().addBands(valid),
            "fileFormat": "NPY",
            "grid": graph.pixel_grid(spot.zone, spot.block, product, spot.window),
        }
        reply = array_of(self._source.call(lambda: ee.data.computePixels(params), _nothing))
        expected = {f"{kind}{i}" for kind in "bm" for i in bands}
        if reply.shape != (spot.window.height, spot.window.width) or set(reply.dtype.names or ()) != expected:
            raise OutputError(f"Earth Engine sent {reply.shape} pixels of {reply.dtype}, not those asked for")
        return np.stack([np.where(reply[f"m{i}"] > 0, reply[f"b{i}"], np.float32(np.nan)) for i in bands])

    def _value(self, what: Any) -> Any:
        import ee

        return self._source.call(lambda: ee.data.computeValue(what), _nothing)


def _band(values: Mapping[str, Any], scale: float) -> Band:
    kind = values["data_type"]
    low, high = kind.get("min"), kind.get("max")
    bounded = kind["precision"] == "int" and low is not None and high is not None
    return Band(
        values["id"],
        kind["precision"],
        float(low) if bounded else None,
        float(high) if bounded else None,
        str(values.get("crs", "")),
        float(scale),
    )


def _dates(document: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The first and the last day of an asset, as far as its document tells."""
    span = (document.get("properties") or {}).get("date_range")
    if isinstance(span, list) and len(span) == 2:
        first, last = (datetime.fromtimestamp(ms / 1000, UTC).date() for ms in span)
        return f"{first}", f"{last}"
    start, end = document.get("startTime"), document.get("endTime")
    return start and start[:10], end and end[:10]


def _nothing() -> None:
    """Nobody counts the retries of questions."""
