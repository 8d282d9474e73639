"""Product files for tests: one that is right, and TOML of plain values."""

from __future__ import annotations

import copy
import json
from datetime import date


def right(**changes):
    """A collection's declaration that is right, with some keys changed; None removes one."""
    values = {
        "name": "user-red",
        "title": "Red, seasonal median",
        "collection": "COPERNICUS/S2_SR_HARMONIZED",
        "cadence": "seasons",
        "periods": ["2020"],
        "reducer": "median",
        "resolution": 20,
        "licence": "free",
        "citation": "somebody 2020",
        "variables": [variable()],
    }
    return {key: value for key, value in {**values, **changes}.items() if value is not None}


def an_image(**changes):
    """An image's declaration that is right."""
    values = {"image": "USER/map", "collection": None, "cadence": None, "reducer": None}
    return right(**{**values, **changes})


def variable(**changes):
    """A variable's table that is right."""
    values = {
        "name": "red",
        "bands": ["B4"],
        "dtype": "uint16",
        "nodata": 65535,
        "valid_range": [0, 10000],
        "units": "1",
        "asset_scale": 0.0001,
        "scale": 0.0001,
    }
    return {key: value for key, value in {**values, **changes}.items() if value is not None}


def classes(**changes):
    """A variable of classes."""
    table = [{"value": 1, "name": "water"}, {"value": 2, "name": "land", "colour": "#00ff00"}]
    values = {"name": "class", "bands": ["Map"], "dtype": "uint8", "nodata": 0, "valid_range": None, "classes": table}
    return variable(**{**values, "scale": None, "asset_scale": None, **changes})


def toml(values):
    """A table as TOML text; tables are written inline, so that any nesting of plain values can be."""
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in values.items())


def _key(key):
    return json.dumps(key)


def _value(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value).replace("\x7f", "\\u007F")
    if isinstance(value, date):
        return value.isoformat()
    return repr(value)


def places(values, at=()):
    """The places of all values in nested tables and lists."""
    yield at
    if isinstance(values, dict):
        for key, value in values.items():
            yield from places(value, (*at, key))
    if isinstance(values, list):
        for index, value in enumerate(values):
            yield from places(value, (*at, index))


def changed(values, place, value):
    """Nested values with another one at a place."""
    made = copy.deepcopy(values)
    if not place:
        return value
    inner = made
    for part in place[:-1]:
        inner = inner[part]
    inner[place[-1]] = value
    return made


def written(folder, values, name="user.toml"):
    """A product file; its path."""
    path = folder / name
    path.write_text(values if isinstance(values, str) else toml(values))
    return str(path)
