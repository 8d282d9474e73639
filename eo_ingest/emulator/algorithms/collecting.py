"""Collections: making, filtering, mapping, ordering and reducing them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator import element as elements
from eo_ingest.emulator import pixeltype, reducers
from eo_ingest.emulator.collection import Collection, Derived, Filtered, Listed, Mapped, merged, ordered, sort_key
from eo_ingest.emulator.element import Element, Feature
from eo_ingest.emulator.encode import encode
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.filters import Filter
from eo_ingest.emulator.geometry import Geometry
from eo_ingest.emulator.grid import DEFAULT
from eo_ingest.emulator.image import Band, Computed, Image
from eo_ingest.emulator.plane import Plane, as_bool, masked, settle
from eo_ingest.emulator.registry import add, algorithm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eo_ingest.emulator.reducers import Output, Reducer


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
    """Elements that pass a filter."""
    if not isinstance(condition, Filter):
        raise EarthEngineError("Filters written as strings are not in the emulator; use ee.Filter.")
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


def stacks(collection: Collection) -> tuple[list[Image], list[str]]:
    """The images and the band names that all have.

    Raises:
        EarthEngineError: Images have different bands, or a band is of another type in one than in the first.
    """
    images = collection.images()
    if not images:
        return [], []
    first = images[0]
    types = {band.name: band.type for band in first.bands}
    for image in images[1:]:
        if set(image.names) != set(first.names):
            raise EarthEngineError(
                "Expected a homogeneous image collection, but an image with incompatible bands was encountered:\n"
                f"First image type: {len(first.bands)} bands ([{', '.join(first.names)}]).\n"
                f"Current image type: {len(image.bands)} bands ([{', '.join(image.names)}]).\n"
                f"Image ID: {elements.index(image)}\nSome bands might require explicit casts."
            )
        for band in image.bands:
            if band.type != types[band.name] and band.type.dtype != types[band.name].dtype:
                raise EarthEngineError(
                    "Expected a homogeneous image collection, but an image with incompatible bands was encountered:\n"
                    f"Mismatched type for band '{band.name}':\n"
                    f"Expected type: {types[band.name]}.\nActual type: {band.type}.\n"
                    f"Image ID: {elements.index(image)}\nThis band might require an explicit cast."
                )
    return images, first.names


def reduced_band(name: str, bands: list[Band], output: Output) -> Band:
    """A band of an output of a reducer over bands; it has no projection of its own."""
    kind = output.type([band.type for band in bands])

    def compute(*planes: Plane) -> Plane:
        return output.pixels(planes, kind)

    return Band(name, kind, DEFAULT, Computed(compute, *bands, dtype=kind.dtype))


def _reduce(output: str) -> Callable[[Collection], Image]:
    def reduce(collection: Collection) -> Image:
        images, names = stacks(collection)
        chosen = reducers.OUTPUTS[output]
        return Image(tuple(reduced_band(n, [image.band(n) for image in images], chosen) for n in names))

    return reduce


for _name, _output in {
    **{name: name for name in ("min", "max", "count", "sum", "product", "mean", "median", "mode")},
    "and": "all",
    "or": "any",
}.items():
    add(f"reduce.{_name}", _reduce(_output))
add("ImageCollection.mosaic", _reduce("last"))


@algorithm("ImageCollection.reduce")
def reduce_images(collection: Collection, reducer: Reducer, _scale: float) -> Image:
    """A reducer of each band; results are named <band>_<output>."""
    if reducer.rows is not None or reducer.inputs != 1 or reducer.repeated is not None:
        raise EarthEngineError("This reducer cannot reduce images in the emulator.")
    images, names = stacks(collection)
    found = []
    for name in names:
        bands = [image.band(name) for image in images]
        found += [reduced_band(f"{name}_{o.name}", bands, o) for o in reducer.outputs]
    return Image(tuple(found))


@algorithm("Image.reduce")
def reduce_bands(image: Image, reducer: Reducer) -> Image:
    """A reducer over the bands of each pixel."""
    if reducer.rows is not None or reducer.inputs != 1 or reducer.repeated is not None:
        raise EarthEngineError("This reducer cannot reduce images in the emulator.")
    if not image.bands:
        return Image(())
    bands = [reduced_band(o.name, list(image.bands), o) for o in reducer.outputs]
    first = image.bands[0].projection
    return Image(tuple(replace(b, projection=first) for b in bands), footprint=image.footprint)


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


@algorithm("ImageCollection.qualityMosaic")
def quality_mosaic(collection: Collection, quality: str) -> Image:
    """At each pixel the image that has the highest value of a band."""
    images, names = stacks(collection)
    bands = []
    for name in names:
        kind = pixeltype.union([image.band(name).type for image in images])

        def compute(*planes: Plane, kind: Any = kind) -> Plane:
            half = len(planes) // 2
            values, marks = planes[:half], planes[half:]
            best = masked(kind.dtype)
            score: Any = np.asarray(-np.inf)
            for value, mark in zip(values, marks, strict=True):
                take = as_bool(mark.valid) & (mark.values.astype(float) > score)
                score = np.where(take, mark.values, score)
                valid = np.where(take, value.valid, best.valid)
                best = Plane(np.where(take, value.values.astype(kind.dtype), best.values), settle(valid))
            return best

        inputs = [image.band(name) for image in images] + [image.band(quality) for image in images]
        bands.append(Band(name, kind, DEFAULT, Computed(compute, *inputs, dtype=kind.dtype)))
    return Image(tuple(bands))
