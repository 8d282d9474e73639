"""The AOIs that come with the package."""

import json
from pathlib import Path

from eo_ingest import data
from eo_ingest.errors import ConfigError

_SUFFIX = ".geojson"


def registry() -> list[str]:
    """Return the names of the AOIs that come with the package, sorted."""
    return data.names("aoi", _SUFFIX)


def registry_file(name: str) -> Path:
    """Return the file of a registered AOI."""
    return data.folder("aoi") / f"{name}{_SUFFIX}"


def describe(name: str) -> dict[str, str]:
    """Return what a registered AOI's file says of itself: title, source, licence, made.

    Raises:
        ConfigError: if there is no such AOI, or its file does not say where it comes from.
    """
    if name not in registry():
        raise ConfigError(f"there is no registered AOI '{name}': expected one of {', '.join(registry())}")
    document = json.loads(registry_file(name).read_text(encoding="utf-8"))
    properties = {key: str(value) for key, value in document["features"][0]["properties"].items()}
    for key in ("title", "source", "licence", "made"):
        if not properties.get(key):
            raise ConfigError(f"registered AOI '{name}': its file lacks the property '{key}'")
    return properties
