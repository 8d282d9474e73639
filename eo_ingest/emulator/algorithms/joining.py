"""Joins: elements of one collection with those of another that match them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eo_ingest.emulator import element as elements
from eo_ingest.emulator.collection import Collection, Derived, sort_key
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.filters import Filter, Operands
from eo_ingest.emulator.registry import algorithm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eo_ingest.emulator.element import Element

# How alike a pair is: the smaller the better; None where it does not match.
Measure = Callable[["Element", "Element"], "float | None"]
# What an element and those that match it become.
Combine = Callable[["Element", "list[Element]"], "Iterator[Element]"]


@dataclass(frozen=True)
class Measured(Filter):
    """A filter of pairs that also measures how alike they are."""

    measure: Measure = lambda _left, _right: None


@dataclass(frozen=True)
class Join:
    """How elements are combined with those that match; `measure_key` names the property that holds the measure."""

    combine: Combine
    measure_key: str | None = None
    best: bool = False


@algorithm("Filter.maxDifference")
def max_difference(
    difference: float, left_field: str | None, right_value: Any, right_field: str | None, left_value: Any
) -> Measured:
    """Numbers or dates that are at most so far apart."""
    operands = Operands(left_field, right_value, right_field, left_value)

    def measure(left: Element, right: Element | None) -> float | None:
        a, b = (getattr(v, "millis", v) for v in (operands.left(left), operands.right(left, right)))
        if not isinstance(a, (int, float)) or not isinstance(b, (int, float)) or abs(a - b) > difference:
            return None
        return abs(a - b)

    return Measured(lambda left, right: measure(left, right) is not None, measure=measure)


@algorithm("Join.simple")
def simple() -> Join:
    """Elements that match any."""
    return Join(lambda left, matches: iter([left] if matches else []))


@algorithm("Join.inverted")
def inverted() -> Join:
    """Elements that match none."""
    return Join(lambda left, matches: iter([] if matches else [left]))


@algorithm("Join.inner")
def inner(primary: str, secondary: str, measure: str | None) -> Join:
    """A feature for each pair, with both elements as properties."""

    def combine(left: Element, matches: list[Element]) -> Iterator[Element]:
        for match in matches:
            found: dict[str, Any] = {primary: left, secondary: match}
            if measure is not None:
                found[measure] = match.properties.get(measure)
            index = f"{elements.index(left)}_{elements.index(match)}"
            yield elements.Feature(None, {**found, "system:index": index})

    return Join(combine, measure)


def _ordered(matches: list[Element], key: str | None, *, ascending: bool) -> list[Element]:
    if key is None:
        return matches
    return sorted(matches, key=lambda each: sort_key(elements.get(each, key)), reverse=not ascending)


@algorithm("Join.saveAll")
def save_all(key: str, ordering: str | None, ascending: bool, measure: str | None, outer: bool) -> Join:  # noqa: FBT001
    """Elements with the list of their matches as a property."""

    def combine(left: Element, matches: list[Element]) -> Iterator[Element]:
        if matches or outer:
            yield elements.update(left, {key: _ordered(matches, ordering, ascending=ascending)})

    return Join(combine, measure)


@algorithm("Join.saveFirst")
def save_first(key: str, ordering: str | None, ascending: bool, measure: str | None, outer: bool) -> Join:  # noqa: FBT001
    """Elements with their first match as a property."""

    def combine(left: Element, matches: list[Element]) -> Iterator[Element]:
        if matches:
            yield elements.update(left, {key: _ordered(matches, ordering, ascending=ascending)[0]})
        elif outer:
            yield left

    return Join(combine, measure)


@algorithm("Join.saveBest")
def save_best(key: str, measure: str, outer: bool) -> Join:  # noqa: FBT001
    """Elements with the match whose measure is smallest as a property."""

    def combine(left: Element, matches: list[Element]) -> Iterator[Element]:
        if matches:
            yield elements.update(left, {key: min(matches, key=lambda each: each.properties[measure])})
        elif outer:
            yield left

    return Join(combine, measure, best=True)


@algorithm("Join.apply")
def apply(join: Join, primary: Collection, secondary: Collection, condition: Filter) -> Collection:
    """The elements of a join, in the order of the first collection."""
    if join.best and not isinstance(condition, Measured):
        raise EarthEngineError("Join.saveBest needs a condition that measures: Filter.maxDifference.")

    def joined() -> Iterator[Element]:
        others = secondary.all()
        for left in primary.elements():
            yield from join.combine(left, list(_matches(join, left, others, condition)))

    return Derived(joined, primary)


def _matches(join: Join, left: Element, others: list[Element], condition: Filter) -> Iterator[Element]:
    for right in others:
        if condition.accepts(left, right):
            if join.measure_key is not None and isinstance(condition, Measured):
                yield elements.update(right, {join.measure_key: condition.measure(left, right)})
            else:
                yield right
