"""Collections: lazy sequences of images or features."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shapely.ops import unary_union

from eo_ingest.emulator import element as elements
from eo_ingest.emulator.catalogue import is_image
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.filters import EVERYTHING, Filter, Query
from eo_ingest.emulator.geometry import Geometry
from eo_ingest.emulator.image import Image, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from shapely.geometry.base import BaseGeometry

    from eo_ingest.emulator.asset import Catalogue, CollectionAsset, ImageAsset
    from eo_ingest.emulator.element import Element

# What Earth Engine accumulates before it gives a collection up.
LIMIT = 5000
# A reduction of more images than these, from all over the world, asks for those near the pixels it computes.
_CROWD = 500
# Places whose images a collection remembers: the bands of an image ask for the same one.
_PLACES = 8
# Degrees: a tenth of a millimetre, more than intersecting two geometries is wrong by.
_NOISE = 1e-9


class Collection:
    """Elements, produced when asked for; `properties` are of the collection itself."""

    def __init__(self, properties: Mapping[str, Any] | None = None, asset_id: str | None = None) -> None:
        self.properties: Mapping[str, Any] = properties or {}
        self.id = asset_id
        self._made: list[Element] = []
        self._rest: Iterator[Element] | None = None
        self._near: OrderedDict[bytes, list[Image]] = OrderedDict()

    def produce(self, query: Query) -> Iterator[Element]:
        """Elements in order; `query` may leave out what does not meet it, but need not."""
        raise NotImplementedError

    def elements(self, query: Query = EVERYTHING) -> Iterator[Element]:
        """Elements in order, each made once where all are asked for: whoever reads them twice shares their pixels."""
        if query != EVERYTHING:
            yield from self.produce(query)
            return
        if self._rest is None:
            self._rest = self.produce(query)
        for position in itertools.count():
            if position == len(self._made):
                following = next(self._rest, None)
                if following is None:
                    return
                self._made.append(following)
            yield self._made[position]

    def find(self, index: str) -> Element | None:
        """The element of a `system:index`."""
        return next((e for e in self.all() if elements.index(e) == index), None)

    def all(self) -> list[Element]:
        """Every element, at most 5000."""
        found = list(itertools.islice(self.elements(), LIMIT + 1))
        if len(found) > LIMIT:
            raise EarthEngineError(f"Collection query aborted after accumulating over {LIMIT} elements.")
        return found

    def images(self) -> list[Image]:
        """Every element, which must be images."""
        return _as_images(self.all())

    def crowded(self, query: Query = EVERYTHING) -> bool:
        """Whether so many elements meet a query, from all over the world, that they are better asked for by place."""
        del query
        return False

    def near(self, place: BaseGeometry) -> list[Image]:
        """The images that meet a lon/lat place, in order; others may be among them."""
        key = place.wkb
        if key not in self._near:
            found = list(itertools.islice(self.elements(Query(bounds=place)), LIMIT + 1))
            if len(found) > LIMIT:
                raise EarthEngineError(f"Collection query aborted after accumulating over {LIMIT} elements.")
            self._near[key] = _as_images(found)
            while len(self._near) > _PLACES:
                self._near.popitem(last=False)
        self._near.move_to_end(key)
        return self._near[key]

    def first(self) -> Element | None:
        """The first element, or None."""
        return next(self.elements(), None)

    def geometry(self) -> Geometry:
        """The union of the elements' geometries."""
        shapes = [elements.footprint(e).shape for e in self.all()]
        if any(s is None for s in shapes):
            return Geometry(None)
        return Geometry(unary_union([s for s in shapes if s is not None]))


def _as_images(members: list[Element]) -> list[Image]:
    for each in members:
        if not isinstance(each, Image):
            raise EarthEngineError("Expected a collection of images, found a Feature in it.")
    return [each for each in members if isinstance(each, Image)]


class Loaded(Collection):
    """A collection asset."""

    def __init__(self, asset: CollectionAsset, catalogue: Catalogue) -> None:
        super().__init__(dict(asset.properties), asset.id)
        self._asset = asset
        self._catalogue = catalogue

    def produce(self, query: Query) -> Iterator[Element]:
        """The asset's images, asked for by time and place, or by name."""
        for asset in self._assets(query):
            yield load(asset)

    def _assets(self, query: Query) -> Iterator[ImageAsset]:
        if query.index is not None:
            named = self._catalogue.get(f"{self.id}/{query.index}")
            return iter([named] if is_image(named) else [])
        start = None if query.start is None else int(query.start // 1)
        end = None if query.end is None else int(-(-query.end // 1))
        return self._asset.images(start, end, query.bounds)

    def crowded(self, query: Query = EVERYTHING) -> bool:
        """Whether the asset has so many images at that time; a query that names a place has few."""
        if query.bounds is not None or query.index is not None:
            return False
        return sum(1 for _ in itertools.islice(self._assets(query), _CROWD + 1)) > _CROWD

    def find(self, index: str) -> Element | None:
        """The image of an index, by its asset id."""
        asset = self._catalogue.get(f"{self.id}/{index}")
        return load(asset) if is_image(asset) else None


class Listed(Collection):
    """Elements of a list; those without a `system:index` get their position."""

    def __init__(self, members: list[Element], properties: Mapping[str, Any] | None = None) -> None:
        super().__init__(properties)
        self._members = [
            member if elements.index(member) is not None else elements.update(member, {"system:index": str(i)})
            for i, member in enumerate(members)
        ]

    def produce(self, query: Query) -> Iterator[Element]:
        """The list."""
        del query
        yield from self._members


class Filtered(Collection):
    """Elements that pass a filter."""

    def __init__(self, inner: Collection, condition: Filter) -> None:
        super().__init__(inner.properties, inner.id)
        self._inner = inner
        self._condition = condition

    def produce(self, query: Query) -> Iterator[Element]:
        """Those that pass; the inner collection is asked by what the filter implies."""
        for each in self._inner.elements(query.both(self._condition.query)):
            if self._condition.accepts(each):
                yield each

    def crowded(self, query: Query = EVERYTHING) -> bool:
        """Whether the inner collection is, asked by what the filter implies."""
        return self._inner.crowded(query.both(self._condition.query))

    def find(self, index: str) -> Element | None:
        """The inner collection's element, if it passes."""
        found = self._inner.find(index)
        return found if found is not None and self._condition.accepts(found) else None


class Mapped(Collection):
    """A function of every element; the result keeps the element's `system:index`."""

    def __init__(self, inner: Collection, function: Callable[[Any], Any], *, drop_nulls: bool = False) -> None:
        super().__init__(inner.properties, inner.id)
        self._inner = inner
        self._function = function
        self._drop_nulls = drop_nulls

    def produce(self, query: Query) -> Iterator[Element]:
        """The function's results; the inner collection is asked by what of the query the function leaves as it is."""
        for each in self._inner.elements(self._inner_query(query)):
            mapped = self._apply(each)
            if mapped is not None:
                yield mapped

    def _inner_query(self, query: Query) -> Query:
        """Time, if the function keeps it, and place, if it moves nothing out of there.

        What it does to the first element it is taken to do to the others.
        """
        named = Query(index=query.index)
        if query == named:
            return named
        first = self._inner.first()
        mapped = None if first is None else self._apply(first)
        if first is None or mapped is None:
            return named
        same_place = _inside(elements.footprint(mapped).shape, elements.footprint(first).shape)
        if elements.get(first, "system:time_start") != elements.get(mapped, "system:time_start"):
            query = replace(query, start=None, end=None)
        return query if same_place else replace(query, bounds=None)

    def crowded(self, query: Query = EVERYTHING) -> bool:
        """Whether the inner collection is."""
        return self._inner.crowded(query)

    def find(self, index: str) -> Element | None:
        """The function's result for the inner element."""
        found = self._inner.find(index)
        return None if found is None else self._apply(found)

    def _apply(self, each: Element) -> Element | None:
        try:
            mapped = self._function(each)
        except EarthEngineError as err:
            raise EarthEngineError(f"Error in map(ID={elements.index(each)}):\n{err.message}", code=err.code) from err
        if mapped is None and self._drop_nulls:
            return None
        if isinstance(mapped, Geometry):
            mapped = elements.Feature(mapped)
        if not isinstance(mapped, (Image, elements.Feature)):
            raise EarthEngineError("Collection.map: A mapped algorithm must return a Feature or Image.")
        return elements.update(mapped, {"system:index": elements.index(each)})


def _inside(shape: BaseGeometry | None, around: BaseGeometry | None) -> bool:
    """Whether a footprint reaches nowhere that another does not; None is everywhere."""
    if around is None or shape is around:
        return True
    return shape is not None and bool(around.buffer(_NOISE).covers(shape))


class Relabelled(Collection):
    """The elements of another collection, which has other properties."""

    def __init__(self, inner: Collection, properties: Mapping[str, Any], asset_id: str | None) -> None:
        super().__init__(properties, asset_id)
        self._inner = inner

    def produce(self, query: Query) -> Iterator[Element]:
        """The inner collection's elements."""
        yield from self._inner.elements(query)

    def crowded(self, query: Query = EVERYTHING) -> bool:
        """Whether the inner collection is."""
        return self._inner.crowded(query)

    def find(self, index: str) -> Element | None:
        """The inner collection's element."""
        return self._inner.find(index)


class Derived(Collection):
    """Elements of other collections, reordered, cut or joined by a function that is called when they are needed."""

    def __init__(self, make: Callable[[], Iterator[Element]], like: Collection) -> None:
        super().__init__(like.properties, like.id)
        self._make = make

    def produce(self, query: Query) -> Iterator[Element]:
        """The function's elements."""
        del query
        return self._make()


def sort_key(value: Any) -> tuple[int, Any]:
    """Orders values of mixed kind: numbers, then strings, then what is missing."""
    if isinstance(value, elements.Date):
        return (0, value.millis)
    if isinstance(value, (bool, int, float)):
        return (0, value)
    if value is None:
        return (2, 0)
    return (1, str(value))


def ordered(inner: Collection, limit: int | None, key: str | None, *, ascending: bool) -> Collection:
    """The first `limit` elements, sorted by a property if one is named; the sort is stable."""

    def make() -> Iterator[Element]:
        if key is None:
            return itertools.islice(inner.elements(), limit)
        members = sorted(inner.all(), key=lambda e: sort_key(elements.get(e, key)), reverse=not ascending)
        if not ascending:  # a reversed sort keeps equal elements in order, and missing values last
            missing = [m for m in members if elements.get(m, key) is None]
            members = [m for m in members if elements.get(m, key) is not None] + missing
        return iter(members[:limit])

    return Derived(make, inner)


def merged(first: Collection, second: Collection) -> Collection:
    """Both collections' elements, their indices prefixed with 1_ and 2_."""

    def make() -> Iterator[Element]:
        for prefix, part in (("1_", first), ("2_", second)):
            for each in part.elements():
                yield elements.update(each, {"system:index": f"{prefix}{elements.index(each)}"})

    return Derived(make, first)
