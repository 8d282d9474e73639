"""Areas that a TOML file makes of countries: their outlines joined, perhaps cut to a box."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from eo_ingest.aoi.country import countries
from eo_ingest.aoi.repair import areas
from eo_ingest.errors import ConfigError

ALL = "all"
_WORDS = ("name", "title", "source", "licence", "made", "note")
_KEYS = (*_WORDS, "countries", "without", "clip")


@dataclass(frozen=True, slots=True)
class Composition:
    """An area made of countries.

    Attributes:
        codes: codes of the countries, sorted.
        clip: (west, south, east, north) in degrees that the area is cut to, if any.
        about: what the file says in words: name, title, source, licence, made, note.
    """

    codes: tuple[str, ...]
    clip: tuple[float, float, float, float] | None
    about: dict[str, str]

    def geometry(self) -> shapely.MultiPolygon:
        """Return the area in EPSG:4326 (lon, lat).

        Raises:
            ConfigError: if nothing is left of it within its clip.
        """
        whole = countries().outline(self.codes)
        if self.clip is None:
            return whole
        parts = areas(shapely.intersection(np.array(shapely.get_parts(whole)), shapely.box(*self.clip)))
        if not len(parts):
            raise ConfigError(f"nothing of its countries lies within the clip {list(self.clip)}")
        return shapely.MultiPolygon(list(parts))


def read_composition(path: Path) -> Composition:
    """Return what a TOML file says.

    Raises:
        ConfigError: if it is not TOML, or a key is unknown or has a wrong value; without the file's name in it.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as err:
        raise ConfigError(f"it is not TOML: {err}") from err
    except OSError as err:
        raise ConfigError(f"it cannot be read: {err.strerror}") from err
    if unknown := sorted(set(table) - set(_KEYS)):
        raise ConfigError(f"unknown key '{unknown[0]}', expected {', '.join(_KEYS)}")
    if "countries" not in table:
        raise ConfigError('key \'countries\' is missing, expected a list such as ["LUX", "BEL"], or "all"')
    codes = _codes(table, "countries") - _codes(table, "without")
    if not codes:
        raise ConfigError("no country is left of it")
    for word in _WORDS:
        if not isinstance(table.get(word, ""), str):
            raise ConfigError(f"{word} is {table[word]!r}, expected a text")
    return Composition(tuple(sorted(codes)), _clip(table), {word: table[word] for word in _WORDS if word in table})


def _codes(table: Mapping[str, Any], key: str) -> set[str]:
    named = table.get(key, [])
    if named == ALL:
        return set(countries().codes)
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise ConfigError(f'{key} is {named!r}, expected a list such as ["LUX", "BEL"], or "all"')
    return {countries().find(one) for one in named}


def _clip(table: Mapping[str, Any]) -> tuple[float, float, float, float] | None:
    clip = table.get("clip")
    if clip is None:
        return None
    numbers = isinstance(clip, list) and len(clip) == 4 and all(type(edge) in {int, float} for edge in clip)
    if not numbers or not (-180 <= clip[0] < clip[2] <= 180 and -90 <= clip[1] < clip[3] <= 90):
        raise ConfigError(f"clip is {clip!r}, expected [west, south, east, north] in degrees")
    west, south, east, north = map(float, clip)
    return west, south, east, north
