"""Earth Engine's own descriptions of its API, as they ship with the installed `earthengine-api` package."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from eo_ingest.emulator.errors import EmulatorError


@dataclass(frozen=True)
class Argument:
    """An argument of an algorithm: its declared type and, if it may be left out, its default."""

    name: str
    type: str
    optional: bool
    default: Any


@dataclass(frozen=True)
class Signature:
    """An algorithm's arguments in order and what it returns."""

    name: str
    arguments: tuple[Argument, ...]
    returns: str


def _read(name: str) -> Any:
    # Found without importing ee: the package alone takes half a second to import.
    spec = importlib.util.find_spec("ee")
    places = [] if spec is None or spec.submodule_search_locations is None else spec.submodule_search_locations
    for place in places:
        path = Path(place) / "tests" / name
        if path.is_file():
            return json.loads(path.read_text(encoding="utf-8"))
    raise EmulatorError(
        f"the installed earthengine-api package has no file ee/tests/{name}, from which the emulator describes its "
        "API; install a release that ships it (1.7.* does)"
    )


def discovery(root_url: str) -> dict[str, Any]:
    """The discovery document, with this server as the API's root."""
    document: dict[str, Any] = dict(_read("cloud_api_discovery_document.json"))
    document["rootUrl"] = document["baseUrl"] = root_url.rstrip("/") + "/"
    projects = document["resources"]["projects"]
    # The document in the package is older than these parameters of v1, which the client sends.
    for holder in (projects, projects["resources"]["assets"]):
        _add_parameters(holder["methods"]["listAssets"], "filter", "view")
    _add_parameters(projects["resources"]["thumbnails"]["methods"]["create"], "workloadTag")
    return document


def _add_parameters(method: dict[str, Any], *names: str) -> None:
    for name in names:
        method["parameters"].setdefault(name, {"location": "query", "type": "string"})


@cache
def algorithms() -> dict[str, Any]:
    """The list of algorithms as the API gives it."""
    document: dict[str, Any] = _read("algorithms.json")
    return document


@cache
def signatures() -> dict[str, Signature]:
    """Algorithms by name."""
    found = {}
    for each in algorithms()["algorithms"]:
        name = each["name"].removeprefix("algorithms/")
        arguments = tuple(
            Argument(a["argumentName"], a.get("type", "Object"), a.get("optional", False), a.get("defaultValue"))
            for a in each.get("arguments", [])
        )
        found[name] = Signature(name, arguments, each.get("returnType", "Object"))
    return found
