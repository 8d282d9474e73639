"""Filters: predicates on elements, and the part of them that a collection can be asked by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import shapely

from eo_ingest.emulator import element as elements
from eo_ingest.emulator.geometry import Geometry
from eo_ingest.emulator.image import Image

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from eo_ingest.emulator.element import Element

Predicate = Callable[["Element", "Element | None"], bool]


@dataclass(frozen=True)
class Query:
    """A time range [start, end), a place that elements must meet, their `system:index`; None for no limit."""

    start: float | None = None
    end: float | None = None
    bounds: BaseGeometry | None = None
    index: str | None = None

    def both(self, other: Query) -> Query:
        """What meets both."""
        starts = [s for s in (self.start, other.start) if s is not None]
        ends = [e for e in (self.end, other.end) if e is not None]
        shapes = [b for b in (self.bounds, other.bounds) if b is not None]
        # Meeting two places is not meeting their intersection: either one alone is a correct, wider question.
        smallest = min(shapes, key=lambda s: s.area) if shapes else None
        return Query(max(starts, default=None), min(ends, default=None), smallest, self.index or other.index)


EVERYTHING = Query()


@dataclass(frozen=True)
class Filter:
    """A predicate of one element, or of a pair in a join, with the query it implies."""

    test: Predicate
    query: Query = EVERYTHING

    def accepts(self, left: Element, right: Element | None = None) -> bool:
        """Whether an element passes."""
        return self.test(left, right)


@dataclass(frozen=True)
class Operands:
    """The two sides of a filter: fields of elements or values."""

    left_field: str | None
    right_value: Any
    right_field: str | None
    left_value: Any

    def left(self, element: Element) -> Any:
        """The left operand."""
        return self.left_value if self.left_field is None else elements.get(element, self.left_field)

    def right(self, left: Element, right: Element | None) -> Any:
        """The right operand: of the joined element, or of the only one."""
        if self.right_field is None:
            return self.right_value
        return elements.get(left if right is None else right, self.right_field)


def compare(operands: Operands, relation: Callable[[Any, Any], bool]) -> Filter:
    """A filter by a relation of two values; an operand that is missing fails."""

    def test(left: Element, right: Element | None) -> bool:
        a, b = _number(operands.left(left)), _number(operands.right(left, right))
        if a is None or b is None:
            return False
        try:
            return bool(relation(a, b))
        except TypeError:
            return False

    return Filter(test)


def _number(value: Any) -> Any:
    """Dates compare as milliseconds."""
    return value.millis if isinstance(value, elements.Date) else value


def within_dates(operands: Operands) -> Filter:
    """The left date range contains the right date."""

    def test(left: Element, right: Element | None) -> bool:
        span, when = operands.left(left), operands.right(left, right)
        if not isinstance(span, elements.DateRange) or when is None:
            return False
        return span.contains(elements.millis(when))

    span = operands.left_value
    by_start = operands.right_field == "system:time_start" and isinstance(span, elements.DateRange)
    return Filter(test, Query(start=span.start, end=span.end) if by_start else EVERYTHING)


def _shape(value: Any) -> BaseGeometry | None:
    """The lon/lat shape of a geometry or element; None for the unbounded."""
    if isinstance(value, Geometry):
        return value.shape
    if isinstance(value, (elements.Feature, Image)):
        return elements.footprint(value).shape
    merged = getattr(value, "geometry", None)
    return merged().shape if callable(merged) else None


_PLACES = {".all", ".geo", "system:footprint"}


def by_place(operands: Operands, relation: Callable[[BaseGeometry, BaseGeometry], bool], *, meets: bool) -> Filter:
    """A filter by a spatial relation; `meets` if passing implies that the two geometries intersect."""

    def side(value: Any, field: str | None, element: Element) -> BaseGeometry | None:
        return elements.footprint(element).shape if field in _PLACES else _shape(value)

    fixed = _shape(operands.right_value) if operands.right_field is None else None
    if fixed is not None:
        shapely.prepare(fixed)

    def test(left: Element, right: Element | None) -> bool:
        a = side(operands.left(left), operands.left_field, left)
        other = left if right is None else right
        b = side(operands.right(left, right), operands.right_field, other) if fixed is None else fixed
        if a is None or b is None:
            return meets
        return relation(a, b)

    known = meets and operands.left_field in _PLACES and fixed is not None
    return Filter(test, Query(bounds=fixed) if known else EVERYTHING)


def all_of(filters: list[Filter]) -> Filter:
    """Every filter passes."""
    query = EVERYTHING
    for each in filters:
        query = query.both(each.query)
    return Filter(lambda left, right: all(f.test(left, right) for f in filters), query)


def any_of(filters: list[Filter]) -> Filter:
    """At least one filter passes."""
    query = EVERYTHING
    if filters and all(f.query.start is not None and f.query.end is not None for f in filters):
        starts, ends = [f.query.start for f in filters], [f.query.end for f in filters]
        query = Query(min(s for s in starts if s is not None), max(e for e in ends if e is not None))
    return Filter(lambda left, right: any(f.test(left, right) for f in filters), query)


def negation(inner: Filter) -> Filter:
    """The filter does not pass."""
    return replace(inner, test=lambda left, right: not inner.test(left, right), query=EVERYTHING)
