"""Grids from TOML files, the package's and users', and from what a store keeps of them."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from eo_ingest import data
from eo_ingest.errors import ConfigError
from eo_ingest.grid.chips import Chips, ChipsDefinition
from eo_ingest.grid.chips.definition import Placing
from eo_ingest.grid.definition import Definition
from eo_ingest.grid.grid import AnyDefinition, Grid, grid_names
from eo_ingest.grid.planar import PlanarDefinition

_NAME = re.compile("[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_KINDS: dict[str, type[AnyDefinition]] = {"utm": Definition, "planar": PlanarDefinition, "chips": ChipsDefinition}


def load(name: str) -> Grid:
    """Return the packaged grid of that name, or the grid that a user's TOML file defines.

    Raises:
        ConfigError: if there is none, or its definition is wrong.
    """
    known = grid_names()
    if name in known:
        return _load(data.folder("grids") / f"{name}.toml", ())
    path = Path(name).expanduser()
    if path.suffix != ".toml":
        raise ConfigError(f"there is no grid '{name}': expected one of {', '.join(known)}, or a TOML file of your own")
    try:
        return _load(path, _stamps(path))
    except OSError as err:
        raise ConfigError(f"grid '{name}': its file cannot be read: {err.strerror or err}") from err


def _stamps(path: Path) -> tuple[int, ...]:
    """When a grid's file was changed, and the file of its chips, if it is there."""
    chips = _table(path).get("chips")
    named = chips.get("file") if isinstance(chips, dict) else None
    other = path.parent / Path(named).expanduser() if isinstance(named, str) else path
    return tuple(one.stat().st_mtime_ns for one in (path, other) if one.exists())


def restore(stored: Mapping[str, Any], chips: Chips | None) -> Grid:
    """Return the grid of a definition as a store keeps it.

    Args:
        stored: what `Grid.as_json` gave, perhaps by way of JSON.
        chips: the table of chips that the store keeps beside it.

    Raises:
        ConfigError: if it is no definition, or differs from that of the grid that has its name here.
    """
    name, kind = stored.get("name"), _KINDS.get(str(stored.get("kind")))
    if name in grid_names():
        grid = load(str(name))
        if plain(stored) != plain(grid.as_json()):
            raise ConfigError(f"the grid '{name}' is defined otherwise here: its tiles are not these tiles")
        return grid
    if kind is None or {field.name for field in fields(kind)} != set(stored):
        raise ConfigError(f"the grid '{name}' is none that this version knows")
    try:
        values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in stored.items()}
        definition = kind(**values)
    except (TypeError, ValueError) as err:
        raise ConfigError(f"the grid '{name}' is none that this version knows") from err
    if isinstance(definition, ChipsDefinition) and (chips is None or chips.digest != definition.chips):
        raise ConfigError(f"the table of chips is missing or is not that of the grid '{name}'")
    return Grid(definition, chips)


def plain(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return a definition with lists for tuples, as JSON has them."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in stored.items()}


@lru_cache(maxsize=16)
def _load(path: Path, _changed: tuple[int, ...]) -> Grid:
    """The grid of a file; again only once a file has changed."""
    table = _table(path)
    name, packaged = table["name"], path.parent == data.folder("grids")
    if packaged and name != path.stem:
        raise ConfigError(f"grid '{path.stem}': its file names it '{name}', expected the file's own name")
    if not packaged and name in grid_names():
        raise ConfigError(f"grid '{name}' of {path.name}: there is a grid of that name already: choose another")
    if not _NAME.fullmatch(name):
        raise ConfigError(f"grid '{name}': expected a name of lower-case letters, digits and single hyphens")
    kind = table.get("kind")
    if kind == "utm":
        return Grid(Definition.read(table))
    if kind == "planar":
        return Grid(PlanarDefinition.read(table))
    if kind == "chips":
        return _chips(table, path.parent)
    raise ConfigError(f"grid '{name}': kind is '{kind}', expected one of {', '.join(_KINDS)}")


def _table(path: Path) -> dict[str, Any]:
    """The TOML table of a file; its name is the file's own where it gives none."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as err:
        raise ConfigError(f"grid '{path.stem}': its file is not TOML: {err}") from err
    if not isinstance(table.setdefault("name", path.stem), str):
        raise ConfigError(f"grid '{path.stem}': name is {table['name']!r}, expected a text")
    return table


def _chips(table: Mapping[str, Any], folder: Path) -> Grid:
    from eo_ingest.grid.chips.placing import place
    from eo_ingest.grid.chips.reading import read_features

    lattice, placing = Placing.read(table, folder)
    ids, geometries = read_features(placing)
    try:
        chips = place(ids, geometries, placing, lattice)
    except ConfigError as err:
        raise ConfigError(f"grid '{table['name']}': {err}") from err
    return Grid(ChipsDefinition.of(table["name"], lattice, chips), chips)
