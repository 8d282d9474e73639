"""Properties of images and features."""

from __future__ import annotations

from typing import Any

from eo_ingest.emulator import element as elements
from eo_ingest.emulator.collection import Collection, Relabelled
from eo_ingest.emulator.element import Element, ErrorMargin, Feature
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.geometry import Geometry, from_geojson
from eo_ingest.emulator.image import Image
from eo_ingest.emulator.pixeltype import NAMED, PixelType
from eo_ingest.emulator.registry import add, algorithm


@algorithm("Feature")
def make_feature(geometry: Any, properties: dict[str, Any], _key: Any) -> Feature:
    """A feature of a geometry and properties."""
    if geometry is not None and not isinstance(geometry, Geometry):
        geometry = from_geojson(geometry)
    return Feature(geometry, properties)


@algorithm("Element.get", "Element.getNumber", "Element.getString", "Element.getArray")
def get(element: Element | Collection, name: str) -> Any:
    """A property, or null."""
    if isinstance(element, Collection):
        return element.id if name == "system:id" and element.id is not None else element.properties.get(name)
    return elements.get(element, name)


def _update(element: Element | Collection, changes: dict[str, Any]) -> Element | Collection:
    """The element with some properties set; None removes one."""
    if not isinstance(element, Collection):
        return elements.update(element, changes)
    identifier = changes.get("system:id", element.id)
    kept = {k: v for k, v in {**element.properties, **changes}.items() if v is not None}
    return Relabelled(element, kept, identifier)


@algorithm("Element.set")
def put(element: Element | Collection, name: str, value: Any) -> Element | Collection:
    """The element with a property set; null removes it."""
    return _update(element, {name: value})


@algorithm("Element.setMulti")
def put_many(element: Element | Collection, properties: dict[str, Any]) -> Element | Collection:
    """The element with properties set."""
    return _update(element, properties)


@algorithm("Element.propertyNames")
def property_names(element: Element | Collection) -> list[str]:
    """The names of the properties."""
    names = list(element.properties)
    if isinstance(element, Image):
        names += [n for n in ("system:bands", "system:band_names") if n not in names]
        if element.footprint is not None:
            names.append("system:footprint")
    return names


@algorithm("Element.toDictionary")
def to_dictionary(element: Element | Collection, names: list[str] | None) -> dict[str, Any]:
    """Properties as a dictionary; without names, those that the system sets are left out."""
    if names is None:
        return {k: v for k, v in element.properties.items() if not k.startswith("system:")}
    return {name: get(element, name) for name in names}


@algorithm("Element.copyProperties", "Image.copyProperties")
def copy_properties(
    element: Element | Collection | None,
    source: Element | Collection | None,
    names: list[str] | None,
    exclude: list[str] | None,
) -> Element | Collection | None:
    """The element with properties of another; without names, those that the system sets are not copied."""
    if element is None or source is None:
        return element
    if names is None:
        chosen = {k: v for k, v in source.properties.items() if not k.startswith("system:")}
    else:
        chosen = {name: get(source, name) for name in names}
    return _update(element, {k: v for k, v in chosen.items() if k not in (exclude or []) and v is not None})


@algorithm("Feature.id", "Image.id")
def identifier(element: Element) -> str | None:
    """The id within its collection."""
    return elements.index(element)


@algorithm("Element.geometry", "Feature.geometry", "Image.geometry")
def geometry(element: Element | Collection, _margin: Any, _where: Any, _geodesics: Any) -> Geometry:
    """The element's geometry, in longitude and latitude."""
    return element.geometry() if isinstance(element, Collection) else elements.footprint(element)


@algorithm("Feature.setGeometry")
def set_geometry(element: Element, place: Geometry | None) -> Feature:
    """The feature with another geometry."""
    return Feature(place, element.properties, element.id)


@algorithm("Feature.select")
def select(element: Element, names: list[str], renamed: list[str] | None, _geometry: bool) -> Element:  # noqa: FBT001
    """Some properties, by other names if those are given."""
    shown = renamed or names
    chosen = {new: elements.get(element, old) for old, new in zip(names, shown, strict=True)}
    return elements.with_properties(element, chosen)


@algorithm("ErrorMargin")
def error_margin(value: float | None, unit: str) -> ErrorMargin:
    """An error margin."""
    return ErrorMargin(value, unit)


@algorithm("PixelType")
def pixel_type(precision: Any, low: float | None, high: float | None, dimensions: int) -> PixelType:
    """A pixel type."""
    if dimensions:
        raise EarthEngineError("Array pixels are not in the emulator.")
    if precision not in {"int", "float", "double"}:
        raise EarthEngineError(f"Unknown precision '{precision}'. Options: int, float, double.")
    return PixelType(precision, low, high)


@algorithm("PixelType.precision")
def precision(kind: PixelType) -> str:
    """int, float or double."""
    return kind.precision


@algorithm("PixelType.minValue")
def min_value(kind: PixelType) -> float | None:
    """The smallest value."""
    return kind.minimum


@algorithm("PixelType.maxValue")
def max_value(kind: PixelType) -> float | None:
    """The largest value."""
    return kind.maximum


for _name in ("double", "float", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"):
    add(f"PixelType.{_name}", lambda kind=NAMED[_name]: kind)
