"""Dictionaries, and values of any kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from eo_ingest.emulator.coerce import type_name
from eo_ingest.emulator.encode import encode
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.geometry import Geometry, from_geojson
from eo_ingest.emulator.registry import algorithm


@algorithm("If")
def either(condition: Any, true: Any, false: Any) -> Any:
    """One of two values; false are null, false, 0, "" and nothing else that has no elements."""
    return true if condition not in (None, False, 0, "") else false


@algorithm("IsEqual")
def is_equal(left: Any, right: Any) -> bool:
    """Whether two values are the same."""
    return bool(encode(left) == encode(right))


@algorithm("Describe")
def describe(value: Any) -> Any:
    """The value as `getInfo` shows it."""
    return encode(value)


@algorithm("ObjectType")
def object_type(value: Any) -> str:
    """The name of the value's type."""
    return type_name(value).split("<", 1)[0]


@algorithm("Dictionary")
def make_dictionary(value: Any) -> dict[str, Any]:
    """A dictionary of a dictionary or of a list of keys and values."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, list):
        pairs = value if value and isinstance(value[0], list) else list(zip(value[::2], value[1::2], strict=True))
        return {str(k): v for k, v in pairs}
    raise EarthEngineError("A dictionary is made of a dictionary or a list of keys and values.")


@algorithm("Dictionary.get")
def get(values: dict[str, Any], key: str, default: Any) -> Any:
    """The value of a key."""
    if key not in values and default is None:
        raise EarthEngineError(f"Dictionary does not contain key: '{key}'.")
    return values.get(key, default)


@algorithm("Dictionary.getNumber", "Dictionary.getString", "Dictionary.getArray")
def get_typed(values: dict[str, Any], key: str) -> Any:
    """The value of a key."""
    return get(values, key, None)


@algorithm("Dictionary.getGeometry")
def get_geometry(values: dict[str, Any], key: str) -> Geometry:
    """The geometry of a key."""
    found = get(values, key, None)
    return found if isinstance(found, Geometry) else from_geojson(found)


@algorithm("Dictionary.set")
def put(values: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """The dictionary with a key set."""
    return {**values, key: value}


@algorithm("Dictionary.contains")
def contains(values: dict[str, Any], key: str) -> bool:
    """Whether a key is there."""
    return key in values


@algorithm("Dictionary.keys")
def keys(values: dict[str, Any]) -> list[str]:
    """Keys, sorted."""
    return sorted(values)


@algorithm("Dictionary.values")
def values_of(values: dict[str, Any], names: list[str] | None) -> list[Any]:
    """Values by sorted key, or of the keys named."""
    return [get(values, name, None) for name in (sorted(values) if names is None else names)]


@algorithm("Dictionary.size")
def size(values: dict[str, Any]) -> int:
    """How many keys."""
    return len(values)


@algorithm("Dictionary.combine")
def combine(first: dict[str, Any], second: dict[str, Any], overwrite: bool) -> dict[str, Any]:  # noqa: FBT001
    """Both dictionaries."""
    return {**first, **second} if overwrite else {**second, **first}


@algorithm("Dictionary.fromLists")
def from_lists(names: list[str], values: list[Any]) -> dict[str, Any]:
    """A dictionary of keys and values."""
    if len(names) != len(values):
        raise EarthEngineError(f"There must be as many keys as values. Got {len(names)} and {len(values)}.")
    return dict(zip(names, values, strict=True))


@algorithm("Dictionary.map")
def map_dictionary(values: dict[str, Any], function: Callable[[Any, Any], Any]) -> dict[str, Any]:
    """A function of each key and value."""
    return {key: function(key, value) for key, value in sorted(values.items())}


def _matching(values: dict[str, Any], selectors: list[str], *, ignore: bool) -> list[str]:
    found: list[str] = []
    for selector in selectors:
        hits = [k for k in sorted(values) if k == selector or re.fullmatch(selector, k)]
        if not hits and not ignore:
            raise EarthEngineError(f"No keys match '{selector}'.")
        found += [hit for hit in hits if hit not in found]
    return found


@algorithm("Dictionary.select")
def select(values: dict[str, Any], selectors: list[str], ignore: bool) -> dict[str, Any]:  # noqa: FBT001
    """Keys that match."""
    return {key: values[key] for key in _matching(values, selectors, ignore=ignore)}


@algorithm("Dictionary.remove")
def remove(values: dict[str, Any], selectors: list[str], ignore: bool) -> dict[str, Any]:  # noqa: FBT001
    """Keys that do not match."""
    dropped = _matching(values, selectors, ignore=ignore)
    return {key: value for key, value in values.items() if key not in dropped}


@algorithm("Dictionary.rename")
def rename(values: dict[str, Any], old: list[str], new: list[str], overwrite: bool) -> dict[str, Any]:  # noqa: FBT001
    """Keys by other names."""
    names = dict(zip(old, new, strict=True))
    if not overwrite and any(n in values and n not in names for n in new):
        raise EarthEngineError("A new name is a key already.")
    return {names.get(key, key): value for key, value in values.items()}
