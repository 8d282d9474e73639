"""Collections: making, filtering, mapping, ordering and reducing them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from eo_ingest.emulator import element as elements
from eo_ingest.emulator import filtertext, reducers
from eo_ingest.emulator.collection import Collection, Derived, Filtered, Listed, Mapped, merged, ordered, sort_key
from eo_ingest.emulator.element import Element, Feature
from eo_ingest.emulator.encode import encode
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.filters import Filter
from eo_ingest.emulator.geometry import Geometry
from eo_ingest.emulator.image import Image
from eo_ingest.emulator.registry import add, algorithm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eo_ingest.emulator.reducers import Reducer


@algorithm("Collection")
def make_collection(features: list[Any]) -> Collection:
    """A collection of features or geometries."""
    members: list[Element] = [Feature(f) if isinstance(f, Geometry) else f for f in features]
    return Listed(members)


@algorithm("ImageCollection.fromImages")
def from_images(images: list[Any]) -> Collection:
    """A collection of images."""
    for image in images:
        if not isinstance(image, Image):
            raise EarthEngineError(f"Expected a list of images, found {type(image).__name__} in it.")
    return Listed(images)


@algorithm("Collection.filter")
def filter_collection(collection: Collection, condition: Any) -> Collection:
    """Elements that pass a filter, which may be written as text."""
    if isinstance(condition, str):
        condition = filtertext.parse(condition)
    if not isinstance(condition, Filter):
        raise EarthEngineError(f"Expected a filter, got {type(condition).__name__}.")
    return Filtered(collection, condition)


@algorithm("Collection.map")
def map_collection(collection: Collection, function: Callable[[Any], Any], drop_nulls: bool) -> Collection:  # noqa: FBT001
    """A function of each element."""
    return Mapped(collection, function, drop_nulls=drop_nulls)


@algorithm("Collection.iterate")
def iterate(collection: Collection, function: Callable[[Any, Any], Any], first: Any) -> Any:
    """A function of each element and the result before."""
    result = first
    for each in collection.elements():
        result = function(each, result)
    return result


@algorithm("Collection.limit")
def limit(collection: Collection, count: int | None, key: str | None, ascending: bool) -> Collection:  # noqa: FBT001
    """The first elements, sorted by a property if one is named."""
    return ordered(collection, count, key, ascending=ascending)


@algorithm("Collection.merge", "ImageCollection.merge")
def merge(first: Collection, second: Collection) -> Collection:
    """Elements of both."""
    return merged(first, second)


@algorithm("Collection.flatten")
def flatten(collection: Collection) -> Collection:
    """Elements of the collections that are the elements."""

    def make() -> Iterator[Element]:
        for each in collection.elements():
            if not isinstance(each, Collection):
                raise EarthEngineError("Expected a collection of collections.")
            yield from each.elements()

    return Derived(make, collection)


@algorithm("Collection.distinct")
def distinct(collection: Collection, properties: Any) -> Collection:
    """The first of the elements that have the same values of properties."""
    names = [properties] if isinstance(properties, str) else list(properties)

    def make() -> Iterator[Element]:
        seen = set()
        for each in collection.elements():
            key = str([encode(elements.get(each, name)) for name in names])
            if key not in seen:
                seen.add(key)
                yield each

    return Derived(make, collection)


@algorithm("Collection.size")
def size(collection: Collection) -> int:
    """How many elements."""
    return len(collection.all())


@algorithm("Collection.first")
def first_element(collection: Collection) -> Element | None:
    """The first element, or null."""
    return collection.first()


@algorithm("Collection.toList")
def to_list(collection: Collection, count: int, offset: int) -> list[Element]:
    """Elements [offset, offset + count)."""
    return collection.all()[offset : offset + count]


@algorithm("Collection.geometry")
def geometry(collection: Collection, _margin: Any) -> Geometry:
    """The union of the elements' geometries."""
    return collection.geometry()


@algorithm("Collection.bounds")
def bounds(collection: Collection, _margin: Any, _where: Any) -> Geometry:
    """The box around the elements."""
    found = collection.geometry()
    return found if found.shape is None else Geometry(found.shape.envelope)


@algorithm("Collection.reduceColumns")
def reduce_columns(collection: Collection, reducer: Reducer, names: list[str], weights: Any) -> dict[str, Any]:
    """A reducer of properties; elements that lack one are left out."""
    if weights is not None:
        raise EarthEngineError("weightSelectors are not in the emulator.")
    rows = [[elements.get(each, name) for name in names] for each in collection.all()]
    rows = [row for row in rows if None not in row]
    return reducer.of_values([[row[i] for row in rows] for i in range(len(names))])


def _column(collection: Collection, name: str) -> list[Any]:
    values = [elements.get(each, name) for each in collection.all()]
    return [value for value in values if value is not None]


@algorithm("AggregateFeatureCollection.array")
def aggregate_array(collection: Collection, name: str) -> list[Any]:
    """The values of a property, without nulls."""
    return _column(collection, name)


@algorithm("AggregateFeatureCollection.first")
def aggregate_first(collection: Collection, name: str) -> Any:
    """The property of the first element."""
    found = collection.first()
    return None if found is None else elements.get(found, name)


@algorithm("AggregateFeatureCollection.count")
def aggregate_count(collection: Collection, name: str) -> int:
    """How many elements have the property."""
    return len(_column(collection, name))


@algorithm("AggregateFeatureCollection.count_distinct")
def aggregate_count_distinct(collection: Collection, name: str) -> int:
    """How many values the property has."""
    return len({str(encode(v)) for v in _column(collection, name)})


@algorithm("AggregateFeatureCollection.histogram")
def aggregate_histogram(collection: Collection, name: str) -> dict[str, int]:
    """How many elements have each value."""
    found: dict[str, int] = {}
    for value in sorted(_column(collection, name), key=sort_key):
        key = str(encode(value))
        found[key] = found.get(key, 0) + 1
    return found


def _aggregate(output: str) -> Callable[[Collection, str], Any]:
    def reduce(collection: Collection, name: str) -> Any:
        values = _column(collection, name)
        if not values and output == "sum":
            return 0
        if output in {"min", "max"} and any(isinstance(v, str) for v in values):
            return (min if output == "min" else max)(values, key=sort_key)
        return reducers.named(output).of_values([values])[output] if values else None

    return reduce


for _name, _output in {
    "min": "min",
    "max": "max",
    "mean": "mean",
    "sum": "sum",
    "product": "product",
    "total_sd": "stdDev",
    "total_var": "variance",
    "sample_sd": "sampleStdDev",
    "sample_var": "sampleVariance",
}.items():
    add(f"AggregateFeatureCollection.{_name}", _aggregate(_output))


@algorithm("ImageCollection.toBands")
def to_bands(collection: Collection) -> Image:
    """All bands of all images, named <system:index>_<band>."""
    bands = [
        replace(band, name=f"{elements.index(image)}_{band.name}")
        for image in collection.images()
        for band in image.bands
    ]
    return Image(tuple(bands))


@algorithm("ImageCollection.cast")
def cast_collection(collection: Collection, types: dict[str, Any], order: list[str]) -> Collection:
    """Bands of all images in given types and order."""
    from eo_ingest.emulator.algorithms.bands import cast

    return Mapped(collection, lambda image: cast(image, types, order))
