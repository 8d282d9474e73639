"""The AOIs that come with the package: an outline in a GeoJSON file, or countries and a clip in a TOML file."""

import json
from pathlib import Path

from eo_ingest import data
from eo_ingest.aoi.composition import read_composition
from eo_ingest.errors import ConfigError

_SUFFIXES = (".geojson", ".toml")
_SAID = ("title", "source", "licence", "made")


def registry() -> list[str]:
    """Return the names of the AOIs that come with the package, sorted."""
    return sorted(name for suffix in _SUFFIXES for name in data.names("aoi", suffix))


def registry_file(name: str) -> Path:
    """Return the file of a registered AOI."""
    paths = [data.folder("aoi") / f"{name}{suffix}" for suffix in _SUFFIXES]
    return next((path for path in paths if path.is_file()), paths[0])


def describe(name: str) -> dict[str, str]:
    """Return what a registered AOI's file says of itself: title, source, licence, made, perhaps a note.

    Raises:
        ConfigError: if there is no such AOI, or its file does not say where it comes from.
    """
    if name not in registry():
        raise ConfigError(f"there is no registered AOI '{name}': expected one of {', '.join(registry())}")
    path = registry_file(name)
    if path.suffix == ".toml":
        properties = read_composition(path).about
    else:
        document = json.loads(path.read_text(encoding="utf-8"))
        properties = {key: str(value) for key, value in document["features"][0]["properties"].items()}
    for key in _SAID:
        if not properties.get(key):
            raise ConfigError(f"registered AOI '{name}': its file lacks the property '{key}'")
    return properties
