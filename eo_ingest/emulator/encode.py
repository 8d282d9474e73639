"""Values as the JSON that `getInfo` returns."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from eo_ingest.emulator import element as elements
from eo_ingest.emulator.collection import Collection
from eo_ingest.emulator.crs import is_code
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.geometry import Geometry
from eo_ingest.emulator.grid import Projection
from eo_ingest.emulator.image import Band, Image
from eo_ingest.emulator.pixeltype import PixelType


def encode(value: Any) -> Any:
    """The JSON document of a value."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, np.generic):
        return encode(value.item())
    if isinstance(value, (list, tuple)):
        return [encode(v) for v in value]
    if isinstance(value, Mapping):
        return {key: encode(v) for key, v in value.items()}
    return _object(value)


def _number(value: float) -> Any:
    if not math.isfinite(value):  # JSON has no such numbers; Earth Engine writes their names
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _object(value: Any) -> Any:
    for kind, document in _KINDS:
        if isinstance(value, kind):
            return document(value)
    if isinstance(value, bytes):
        raise EarthEngineError("A value of bytes cannot be returned.")
    return {"type": type(value).__name__}


def _band(band: Band) -> dict[str, Any]:
    document: dict[str, Any] = {"id": band.name, "data_type": encode(band.type.encode())}
    if band.extent is not None:
        document["dimensions"] = [band.extent.width, band.extent.height]
        if band.extent.col or band.extent.row:
            document["origin"] = [band.extent.col, band.extent.row]
    key = "crs" if is_code(band.projection.crs) else "crs_wkt"
    document[key] = band.projection.crs
    document["crs_transform"] = encode(list(band.projection.transform))
    return document


def _image(image: Image) -> dict[str, Any]:
    document: dict[str, Any] = {"type": "Image", "bands": [_band(band) for band in image.bands]}
    if image.id is not None:
        document["id"] = image.id
        document["version"] = 1
    properties = dict(image.properties)
    if image.footprint is not None:
        properties["system:footprint"] = Geometry(image.footprint)
    if properties:
        document["properties"] = encode(properties)
    return document


def _feature(feature: elements.Feature) -> dict[str, Any]:
    properties = dict(feature.properties)
    index = feature.id or properties.pop("system:index", None)
    document: dict[str, Any] = {
        "type": "Feature",
        "geometry": None if feature.geometry is None else encode(feature.geometry),
        "properties": encode(properties),
    }
    if index is not None:
        document["id"] = index
    return document


def _collection(collection: Collection) -> dict[str, Any]:
    members = collection.all()
    images = bool(members) and isinstance(members[0], Image)
    document: dict[str, Any] = {"type": "ImageCollection" if images or collection.id else "FeatureCollection"}
    if collection.id is not None:
        document["id"] = collection.id
    if images:
        names = {tuple(m.names) for m in members if isinstance(m, Image)}
        document["bands"] = [_band(b) for b in members[0].bands] if len(names) == 1 else []  # type: ignore[union-attr]
    if collection.properties:
        document["properties"] = encode(dict(collection.properties))
    document["features"] = [encode(member) for member in members]
    return document


_KINDS: list[tuple[Any, Callable[[Any], Any]]] = [
    (Image, _image),
    (elements.Feature, _feature),
    (Collection, _collection),
    ((Geometry, Projection, PixelType), lambda value: encode(value.encode())),
    (elements.Date, lambda value: {"type": "Date", "value": encode(value.millis)}),
    (elements.DateRange, lambda value: {"type": "DateRange", "dates": [encode(value.start), encode(value.end)]}),
    (elements.ErrorMargin, lambda value: {"type": "ErrorMargin", "unit": value.unit, "value": encode(value.value)}),
]
