"""Constructors of filters."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from eo_ingest.emulator import element as elements
from eo_ingest.emulator import filters, filtertext
from eo_ingest.emulator.collection import Listed
from eo_ingest.emulator.element import Date, DateRange
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.filters import Filter, Operands, Query
from eo_ingest.emulator.registry import add, algorithm

Relation = Callable[[Any, Any], bool]

_RELATIONS: dict[tuple[str, ...], Relation] = {
    ("eq", "equals"): operator.eq,
    ("neq", "notEquals"): operator.ne,
    ("lt", "lessThan"): operator.lt,
    ("lte", "lessThanOrEquals"): operator.le,
    ("gt", "greaterThan"): operator.gt,
    ("gte", "greaterThanOrEquals"): operator.ge,
    ("stringContains",): lambda a, b: str(b) in str(a),
    ("stringStartsWith",): lambda a, b: str(a).startswith(str(b)),
    ("stringEndsWith",): lambda a, b: str(a).endswith(str(b)),
    ("inList",): lambda a, b: a in _members(b),
    ("listContains",): lambda a, b: b in _members(a),
}


def _members(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else [value]


def _comparison(relation: Relation) -> Callable[..., Filter]:
    def make(left_field: str | None, right_value: Any, right_field: str | None, left_value: Any) -> Filter:
        found = filters.compare(Operands(left_field, right_value, right_field, left_value), relation)
        if relation is operator.eq and left_field == "system:index" and isinstance(right_value, str):
            return replace(found, query=Query(index=right_value))
        return found

    return make


for _names, _relation in _RELATIONS.items():
    for _name in _names:
        add(f"Filter.{_name}", _comparison(_relation))


@algorithm("Filter.dateRangeContains")
def date_range_contains(left_field: str | None, right_value: Any, right_field: str | None, left_value: Any) -> Filter:
    """The left date range, half-open, contains the right date."""
    if isinstance(left_value, Date):
        left_value = DateRange(left_value.millis, left_value.millis + 1)
    return filters.within_dates(Operands(left_field, right_value, right_field, left_value))


_SPATIAL: dict[str, tuple[Callable[[Any, Any], bool], bool]] = {
    "intersects": (lambda a, b: bool(b.intersects(a)), True),
    "disjoint": (lambda a, b: not b.intersects(a), False),
    "contains": (lambda a, b: bool(a.covers(b)), True),
    "isContained": (lambda a, b: bool(b.covers(a)), True),
}


def _spatial(relation: Callable[[Any, Any], bool], *, meets: bool) -> Callable[..., Filter]:
    def make(
        left_field: str | None, right_value: Any, right_field: str | None, left_value: Any, _margin: Any
    ) -> Filter:
        if isinstance(right_value, list):
            right_value = Listed([elements.Feature(g) for g in right_value])
        return filters.by_place(Operands(left_field, right_value, right_field, left_value), relation, meets=meets)

    return make


for _name, (_relation, _meets) in _SPATIAL.items():
    add(f"Filter.{_name}", _spatial(_relation, meets=_meets))


@algorithm("Filter.expression")
def expression(text: str) -> Filter:
    """The filter of a text."""
    return filtertext.parse(text)


@algorithm("Filter.and")
def all_of(conditions: list[Filter]) -> Filter:
    """Every filter passes."""
    return filters.all_of(conditions)


@algorithm("Filter.or")
def any_of(conditions: list[Filter]) -> Filter:
    """At least one filter passes."""
    return filters.any_of(conditions)


@algorithm("Filter.not")
def negation(condition: Filter) -> Filter:
    """The filter does not pass."""
    return filters.negation(condition)


@algorithm("Filter.notNull")
def not_null(names: list[str]) -> Filter:
    """All properties are there."""
    return Filter(lambda left, _right: all(elements.get(left, name) is not None for name in names))


@algorithm("Filter.always")
def always() -> Filter:
    """Passes."""
    return Filter(lambda _left, _right: True)


@algorithm("Filter.never")
def never() -> Filter:
    """Does not pass."""
    return Filter(lambda _left, _right: False)


@algorithm("Filter.hasGeometry")
def has_geometry() -> Filter:
    """The element has a geometry."""
    return Filter(lambda left, _right: elements.footprint(left).shape is not None)


@algorithm("Filter.rangeContains")
def range_contains(name: str, low: Any, high: Any) -> Filter:
    """A property is in a closed range."""
    operands = Operands(name, None, None, None)
    return filters.all_of(
        [
            filters.compare(Operands(name, low, None, None), operator.ge),
            filters.compare(Operands(operands.left_field, high, None, None), operator.le),
        ]
    )


_FIELDS: dict[str, Callable[[Any], int]] = {
    "year": lambda when: int(when.year),
    "month": lambda when: int(when.month),
    "hour": lambda when: int(when.hour),
    "minute": lambda when: int(when.minute),
    "day_of_year": lambda when: int(when.timetuple().tm_yday),
    "day_of_month": lambda when: int(when.day),
    "day_of_week": lambda when: int(when.isoweekday()),
}


@algorithm("Filter.calendarRange")
def calendar_range(start: int, end: int | None, field: str) -> Filter:
    """A field of the time stamp is in [start, end], which may wrap."""
    if field not in _FIELDS:
        raise EarthEngineError(f"Unknown calendar field: '{field}'. Options: {', '.join(_FIELDS)}.")
    last = start if end is None else end

    def test(left: elements.Element, _right: Any) -> bool:
        when = elements.get(left, "system:time_start")
        if when is None:
            return False
        value = _FIELDS[field](Date(elements.millis(when)).utc)
        return start <= value <= last if start <= last else value >= start or value <= last

    return Filter(test)


@algorithm("Filter.dayOfYear")
def day_of_year(start: int, end: int) -> Filter:
    """The day of the year is in [start, end), which may wrap."""

    def test(left: elements.Element, _right: Any) -> bool:
        when = elements.get(left, "system:time_start")
        if when is None:
            return False
        value = Date(elements.millis(when)).utc.timetuple().tm_yday
        return start <= value < end if start <= end else value >= start or value < end

    return Filter(test)
