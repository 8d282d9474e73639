"""Converts values to the types that algorithms declare, as Earth Engine does, and refuses what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from eo_ingest.emulator import element as elements
from eo_ingest.emulator import pixeltype
from eo_ingest.emulator.collection import Collection, Listed
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.filters import Filter
from eo_ingest.emulator.geometry import Geometry, from_geojson
from eo_ingest.emulator.grid import Affine, Projection, canonical_crs
from eo_ingest.emulator.image import Image, constant_image
from eo_ingest.emulator.pixeltype import PixelType
from eo_ingest.emulator.reducers import Reducer

if TYPE_CHECKING:
    from eo_ingest.emulator.registry import Context

_NO = object()


def coerce(value: Any, declared: str, argument: str, context: Context) -> Any:
    """The value as the declared type.

    Raises:
        EarthEngineError: It cannot be one.
    """
    kind = declared.split("<", 1)[0]
    convert = _CONVERTERS.get(kind)
    if convert is None:
        return value
    converted = convert(value, context)
    if converted is _NO:
        shown = str(value) if isinstance(value, (str, int, float, list, dict)) else f"<{type_name(value)}>"
        raise EarthEngineError(
            f"argument '{argument}': Invalid type.\nExpected type: {declared}.\n"
            f"Actual type: {type_name(value)}.\nActual value: {shown[:200]}"
        )
    return converted


def type_name(value: Any) -> str:
    """The name that Earth Engine gives a value's type."""
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return "Boolean"
    for kinds, name in _NAMES:
        if isinstance(value, kinds):
            return name
    if isinstance(value, Collection):
        return "ImageCollection" if isinstance(value.first(), Image) else "FeatureCollection"
    return "Algorithm" if callable(value) else "Object"


_NAMES: list[tuple[Any, str]] = [
    (int, "Integer"),
    (float, "Float"),
    (str, "String"),
    (list, "List<Object>"),
    (Mapping, "Dictionary<Object>"),
    (Image, "Image"),
    (elements.Feature, "Feature"),
    (Geometry, "Geometry"),
    (elements.Date, "Date"),
    (elements.DateRange, "DateRange"),
    (Filter, "Filter"),
    (Reducer, "Reducer"),
    (Projection, "Projection"),
    (PixelType, "PixelType"),
    (elements.ErrorMargin, "ErrorMargin"),
]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(value: Any, _context: Context) -> Any:
    if isinstance(value, bool):
        return int(value)
    return value if _is_number(value) else _NO


def _float(value: Any, _context: Context) -> Any:
    return float(value) if _is_number(value) or isinstance(value, bool) else _NO


def _integer(value: Any, _context: Context) -> Any:
    if isinstance(value, bool):
        return int(value)
    return int(value) if _is_number(value) and float(value).is_integer() else _NO


def _boolean(value: Any, _context: Context) -> Any:
    return bool(value) if isinstance(value, (bool, int, float)) else _NO


def _string(value: Any, _context: Context) -> Any:
    return value if isinstance(value, str) else _NO


def _list(value: Any, _context: Context) -> Any:
    if isinstance(value, (list, tuple)):
        return list(value)
    # A single selector stands for a list of one.
    return [value] if isinstance(value, (str, int, float)) and not isinstance(value, bool) else _NO


def _dictionary(value: Any, _context: Context) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return dict(value.properties) if isinstance(value, (Image, elements.Feature)) else _NO


def _image(value: Any, context: Context) -> Any:
    if isinstance(value, Image):
        return value
    if _is_number(value) or isinstance(value, bool):
        return constant_image(value)
    if isinstance(value, str):
        from eo_ingest.emulator.algorithms.load import load_image

        return load_image(context, value)
    return _NO


def _element(value: Any, _context: Context) -> Any:
    if isinstance(value, Geometry):
        return elements.Feature(value)
    return value if isinstance(value, (Image, elements.Feature)) else _NO


def _element_or_collection(value: Any, context: Context) -> Any:
    return value if isinstance(value, Collection) else _element(value, context)


def _feature(value: Any, context: Context) -> Any:
    found = _element(value, context)
    if isinstance(found, Image):
        return elements.Feature(elements.footprint(found), found.properties, found.id)
    return found


def _collection(value: Any, context: Context) -> Any:
    if isinstance(value, Collection):
        return value
    if isinstance(value, (Image, elements.Feature, Geometry)):
        return Listed([_element(value, context)])
    if isinstance(value, list):
        return Listed([_element(member, context) for member in value])
    return _NO


def _geometry(value: Any, _context: Context) -> Any:
    if isinstance(value, Geometry):
        return value
    if isinstance(value, (Image, elements.Feature)):
        return elements.footprint(value)
    if isinstance(value, Collection):
        return value.geometry()
    return from_geojson(dict(value)) if isinstance(value, Mapping) and "type" in value else _NO


def _date(value: Any, _context: Context) -> Any:
    if isinstance(value, Mapping) and "value" in value:
        value = value["value"]
    if isinstance(value, (elements.Date, str)) or _is_number(value):
        return elements.Date(elements.millis(value))
    return _NO


def _date_range(value: Any, _context: Context) -> Any:
    return value if isinstance(value, elements.DateRange) else _NO


def _projection(value: Any, _context: Context) -> Any:
    if isinstance(value, Projection):
        return value
    if isinstance(value, str):
        return Projection(canonical_crs(value), Affine(1.0, 0.0, 0.0, 0.0, 1.0, 0.0))
    if isinstance(value, Mapping) and "crs" in value:
        transform = value.get("transform") or [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
        return Projection(canonical_crs(value["crs"]), Affine(*(float(v) for v in transform)))
    if isinstance(value, Image):
        return value.bands[0].projection if value.bands else _NO
    return _NO


def _margin(value: Any, _context: Context) -> Any:
    if isinstance(value, elements.ErrorMargin):
        return value
    if isinstance(value, Mapping):
        return elements.ErrorMargin(value.get("value"), str(value.get("unit", "meters")))
    return elements.ErrorMargin(float(value), "meters") if _is_number(value) else _NO


def _pixel_type(value: Any, _context: Context) -> Any:
    if isinstance(value, PixelType):
        return value
    return pixeltype.named(value) if isinstance(value, str) else _NO


def _instance(kind: type) -> Callable[[Any, Context], Any]:
    return lambda value, _context: value if isinstance(value, kind) else _NO


def _algorithm(value: Any, _context: Context) -> Any:
    return value if callable(value) else _NO


_CONVERTERS: dict[str, Callable[[Any, Context], Any]] = {
    "Number": _number,
    "Float": _float,
    "Integer": _integer,
    "Long": _integer,
    "Boolean": _boolean,
    "String": _string,
    "List": _list,
    "Dictionary": _dictionary,
    "Image": _image,
    "Element": _element_or_collection,
    "Feature": _feature,
    "Collection": _collection,
    "ImageCollection": _collection,
    "FeatureCollection": _collection,
    "Geometry": _geometry,
    "Date": _date,
    "DateRange": _date_range,
    "Filter": _instance(Filter),
    "Reducer": _instance(Reducer),
    "Projection": _projection,
    "ErrorMargin": _margin,
    "PixelType": _pixel_type,
    "Algorithm": _algorithm,
}
