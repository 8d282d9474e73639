"""Lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eo_ingest.emulator.collection import sort_key
from eo_ingest.emulator.element import Feature
from eo_ingest.emulator.encode import encode
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.geometry import Geometry, from_geojson
from eo_ingest.emulator.image import Image
from eo_ingest.emulator.registry import algorithm

if TYPE_CHECKING:
    from collections.abc import Callable

    from eo_ingest.emulator.filters import Filter
    from eo_ingest.emulator.reducers import Reducer


@algorithm("List.get")
def get(values: list[Any], index: int) -> Any:
    """The element at an index, counted from the end where that is negative."""
    if not -len(values) <= index < len(values):
        raise EarthEngineError(
            f"List index must be between 0 and {len(values)}, or -{len(values)} and -1. Found {index}."
        )
    return values[index]


@algorithm("List.getNumber", "List.getString", "List.getArray")
def get_typed(values: list[Any], index: int) -> Any:
    """The element at an index."""
    return get(values, index)


@algorithm("List.getGeometry")
def get_geometry(values: list[Any], index: int) -> Geometry:
    """The geometry at an index."""
    found = get(values, index)
    return found if isinstance(found, Geometry) else from_geojson(found)


@algorithm("List.size", "List.length")
def size(values: list[Any]) -> int:
    """How many elements."""
    return len(values)


@algorithm("List.map")
def map_list(values: list[Any], function: Callable[[Any], Any], drop_nulls: bool) -> list[Any]:  # noqa: FBT001
    """A function of each element."""
    mapped = [function(value) for value in values]
    return [m for m in mapped if m is not None] if drop_nulls else mapped


@algorithm("List.iterate")
def iterate(values: list[Any], function: Callable[[Any, Any], Any], first: Any) -> Any:
    """A function of each element and the result before."""
    result = first
    for value in values:
        result = function(value, result)
    return result


@algorithm("List.reduce")
def reduce(values: list[Any], reducer: Reducer) -> Any:
    """A reducer of the list; one output is returned bare."""
    found = reducer.of_values([values])
    return next(iter(found.values())) if len(found) == 1 else found


@algorithm("List.filter")
def filter_list(values: list[Any], condition: Filter) -> list[Any]:
    """Elements that pass; plain values are tested as property `item`."""
    kept = []
    for value in values:
        element = value if isinstance(value, (Image, Feature)) else Feature(None, {"item": value})
        if condition.accepts(element):
            kept.append(value)
    return kept


@algorithm("List.add")
def add_element(values: list[Any], element: Any) -> list[Any]:
    """The list and one element."""
    return [*values, element]


@algorithm("List.cat")
def cat(values: list[Any], other: list[Any]) -> list[Any]:
    """Both lists."""
    return [*values, *other]


@algorithm("List.insert")
def insert(values: list[Any], index: int, element: Any) -> list[Any]:
    """The list with an element inserted."""
    return [*values[:index], element, *values[index:]]


@algorithm("List.set")
def put(values: list[Any], index: int, element: Any) -> list[Any]:
    """The list with an element replaced."""
    get(values, index)
    found = list(values)
    found[index] = element
    return found


@algorithm("List.slice")
def cut(values: list[Any], start: int, end: int | None, step: int | None) -> list[Any]:
    """Elements [start, end)."""
    return values[start:end:step]


@algorithm("List.reverse")
def reverse(values: list[Any]) -> list[Any]:
    """The list backwards."""
    return values[::-1]


@algorithm("List.sort")
def sort(values: list[Any], keys: list[Any] | None) -> list[Any]:
    """The list in order, or in the order of keys."""
    if keys is None:
        return sorted(values, key=sort_key)
    order = sorted(range(len(values)), key=lambda i: sort_key(keys[i]))
    return [values[i] for i in order]


@algorithm("List.contains")
def contains(values: list[Any], element: Any) -> bool:
    """Whether an element is there."""
    return index_of(values, element) >= 0


@algorithm("List.containsAll")
def contains_all(values: list[Any], other: list[Any]) -> bool:
    """Whether all elements are there."""
    return all(contains(values, element) for element in other)


@algorithm("List.equals")
def equals(values: list[Any], other: list[Any]) -> bool:
    """Whether both lists are the same."""
    return bool(encode(values) == encode(other))


@algorithm("List.indexOf")
def index_of(values: list[Any], element: Any) -> int:
    """The first place of an element, or -1."""
    wanted = encode(element)
    return next((i for i, value in enumerate(values) if encode(value) == wanted), -1)


@algorithm("List.frequency")
def frequency(values: list[Any], element: Any) -> int:
    """How often an element occurs."""
    wanted = encode(element)
    return sum(encode(value) == wanted for value in values)


@algorithm("List.distinct")
def distinct(values: list[Any]) -> list[Any]:
    """Each element once."""
    seen: dict[str, Any] = {}
    for value in values:
        seen.setdefault(str(encode(value)), value)
    return list(seen.values())


@algorithm("List.remove")
def remove(values: list[Any], element: Any) -> list[Any]:
    """The list without the first occurrence of an element."""
    place = index_of(values, element)
    return values if place < 0 else [*values[:place], *values[place + 1 :]]


@algorithm("List.removeAll")
def remove_all(values: list[Any], other: list[Any]) -> list[Any]:
    """The list without the elements of another."""
    return [value for value in values if not contains(other, value)]


@algorithm("List.replace")
def replace(values: list[Any], old: Any, new: Any) -> list[Any]:
    """The list with the first occurrence of an element replaced."""
    place = index_of(values, old)
    return values if place < 0 else [*values[:place], new, *values[place + 1 :]]


@algorithm("List.replaceAll")
def replace_all(values: list[Any], old: Any, new: Any) -> list[Any]:
    """The list with an element replaced."""
    wanted = encode(old)
    return [new if encode(value) == wanted else value for value in values]


@algorithm("List.flatten")
def flatten(values: list[Any]) -> list[Any]:
    """The elements of nested lists."""
    found: list[Any] = []
    for value in values:
        found += flatten(value) if isinstance(value, list) else [value]
    return found


@algorithm("List.join")
def join(values: list[Any], separator: str) -> str:
    """The elements as text."""
    return separator.join(str(encode(value)) for value in values)


@algorithm("List.repeat")
def repeat(value: Any, count: int) -> list[Any]:
    """A value several times."""
    return [value] * count


@algorithm("List.zip")
def zip_lists(values: list[Any], other: list[Any]) -> list[list[Any]]:
    """Pairs, as many as the shorter list."""
    return [list(pair) for pair in zip(values, other, strict=False)]


@algorithm("List.unzip")
def unzip(values: list[Any]) -> list[list[Any]]:
    """Columns of a list of lists."""
    return [list(column) for column in zip(*values, strict=False)]


@algorithm("List.sequence")
def sequence(start: float, end: float | None, step: float, count: int | None) -> list[float]:
    """Numbers from start to end, both included, by step; or `count` of them."""
    if count is not None and end is not None:
        if count < 2:
            return [start] * count
        return [start + (end - start) * i / (count - 1) for i in range(count)]
    if count is not None:
        return [start + step * i for i in range(count)]
    if end is None:
        raise EarthEngineError("Either 'end' or 'count' is needed.")
    if step == 0:
        raise EarthEngineError("The step must not be 0.")
    return [start + step * i for i in range(int((end - start) / step + 1e-9) + 1)] if (end - start) / step >= 0 else []
