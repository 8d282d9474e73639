"""From what a user asks of a split to tiles, a rule and a frozen file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from eo_ingest import recipes
from eo_ingest.catalog import index
from eo_ingest.errors import ConfigError
from eo_ingest.grid import Grid, grid_names
from eo_ingest.proportion import of_tiles
from eo_ingest.runtime.opening import existing
from eo_ingest.runtime.placing import area
from eo_ingest.split import GUARD, Rule, Shares, Tiles, file
from eo_ingest.split import audit as auditing
from eo_ingest.split.parting import NONE
from eo_ingest.split.polygon import Layer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from eo_ingest.ports import Store
    from eo_ingest.proportion import Label
    from eo_ingest.recipes import LoadedRecipe
    from eo_ingest.split import Parting

FRACTIONS = {"train": 0.6, "val": 0.2, "test": 0.2}


@dataclass(frozen=True, eq=False)
class Place:
    """Tiles, and the area that they are of."""

    tiles: Tiles
    aoi: dict[str, str]


def place(aoi: str | None, grid: str | None, store: str | None) -> Place:
    """The tiles of an area on a grid, of an area in a store's index, or of a whole index.

    Raises:
        ConfigError: if both a store and a grid are named, neither an area nor a store is, or one is not there.
        StoreError: if an index is damaged.
    """
    if store is None:
        if aoi is None:
            raise ConfigError("expected an area (--aoi) or a store (--store) to take tiles from")
        found = Grid.load(grid or "utm")
        where = area(aoi, found)
        return Place(Tiles.of_cover(found.cover(where.geometry)), {"name": where.name, "sha256": where.digest})
    if grid is not None:
        raise ConfigError("a store has its grid: leave --grid out")
    opened, found = existing(store)
    indexed = index.indexed(opened, found, aoi)
    if not indexed:
        known = ", ".join(sorted(index.masks_by_aoi(opened))) or "none"
        raise ConfigError(f"the index of {opened.url} has no tile of AOI {aoi!r}: it knows {known}")
    tiles = Tiles.of(found, indexed)
    listed = hashlib.sha256("\n".join(tiles.ids().to_pylist()).encode()).hexdigest()
    return Place(tiles, {"name": aoi or "all of a store's index", "sha256": listed})


def rule(asked: Mapping[str, Any], recipe: LoadedRecipe | None, aoi: str) -> Rule:
    """The rule that is asked for; what is not, is the recipe's.

    Args:
        asked: method, fractions, folds, seed, bands, angle, block, guard_km, layer; None where not given.
        recipe: the recipe, if any.
        aoi: the area's name, for the angle of its own that a recipe may give it.

    Raises:
        ConfigError: if a value does not fit.
    """
    given = {key: value for key, value in asked.items() if value is not None}
    if "fractions" in given and "folds" in given:
        raise ConfigError("folds are of equal size: give either fractions or folds")
    own = _of_recipe(recipe, aoi) if recipe else {}
    if given.get("method", own.get("method")) != own.get("method"):
        own = {key: own[key] for key in ("fractions", "seed", "guard_km") if key in own}
    values = {**own, **given}
    folds, fractions = values.pop("folds", None), values.pop("fractions", FRACTIONS)
    shares = Shares.of_folds(folds) if folds is not None else Shares.of(fractions)
    layer = values.pop("layer", None)
    made = Layer.read(Path(layer).expanduser()) if layer is not None else None
    method = values.pop("method", "polygons" if layer is not None else "bands")
    return Rule.of(method, shares, layer=made, **values)


def _of_recipe(recipe: LoadedRecipe, aoi: str) -> dict[str, Any]:
    declared = recipe.recipe.split
    if declared is None:
        raise ConfigError(f"recipe {recipe.name!r} declares no split: leave --recipe out, and say how to part tiles")
    values = {
        "method": declared.method,
        "fractions": declared.fractions,
        "seed": declared.seed,
        "bands": declared.bands,
        "angle": declared.angles.get(aoi, declared.angle),
        "block": declared.block,
        "guard_km": declared.guard_km,
    }
    return {key: value for key, value in values.items() if value is not None}


def loaded(name: str | None) -> LoadedRecipe | None:
    """A recipe by its name or file, if one is asked for.

    Raises:
        ConfigError: if there is none.
    """
    return recipes.load(name) if name is not None else None


def frozen(path: Path, *, grid: str | None = None, store: str | None = None) -> file.Frozen:
    """A split file, held against a store's grid, against a grid, or against the packaged grid that it says it is of.

    Raises:
        ConfigError: if it is none, or is of another grid.
    """
    if store is not None:
        return file.read(path, existing(store)[1])
    name = grid or file.grid_name(path)
    if grid is None and name not in grid_names():
        raise ConfigError(
            f"split file {path.name} is of grid {name!r}, which is not packaged: add --grid FILE or --store"
        )
    return file.read(path, Grid.load(name))


def attach(path: Path, store: str, column: str) -> dict[str, int]:
    """Enter a split into a store's tile index; how many tiles have one, and how many are not in the file.

    Raises:
        ConfigError: if the file is of another grid, or the column is one of the index itself.
        StoreError: if an index is damaged or cannot be written.
    """
    opened, grid = existing(store)
    parting = file.read(path, grid).parting
    names = pa.array([*parting.names, GUARD], pa.string())
    met = {"tiles": 0, "without": 0}

    def columns(zone: str, rows: NDArray[np.int32], cols: NDArray[np.int32]) -> pa.Table:
        where = parting.tiles.places(zone, rows, cols)
        splits = parting.splits[where]
        codes = pa.array(np.where(splits < 0, len(parting.names), splits), mask=where < 0)
        met["tiles"] += int((where >= 0).sum())
        met["without"] += int((where < 0).sum())
        return pa.table({column: names.take(codes)})

    for zone in index.indexed(opened, grid):
        index.attach(opened, grid.zone(zone), partial(columns, zone))
    if not met["tiles"]:
        raise ConfigError(f"no tile of {path.name} is in the index of {opened.url}")
    return met


def audit(found: file.Frozen, within_km: float, label: tuple[Store, Label] | None) -> dict[str, Any]:
    """How well a split keeps its word: the `--json` of `split audit`.

    Args:
        found: the split file.
        within_km: what counts as near.
        label: a store and classes in it, for their balance.

    Raises:
        ConfigError: if a value does not fit, or the store has no tile of the split.
        OutputError: if stored bytes are damaged.
    """
    parting, rule_ = found.parting, found.header["rule"]
    whole = sum(rule_["weights"])
    wanted = {name: weight / whole for name, weight in zip(rule_["splits"], rule_["weights"], strict=True)}
    apart = auditing.distances(parting, within_km, folds=bool(rule_["folds"]))
    return {
        "aoi": found.header["aoi"]["name"],
        "grid": found.header["grid"]["name"],
        "rule": rule_,
        "tiles": parting.counts(),
        "fractions": {"wanted": wanted, "achieved": auditing.fractions(parting)},
        "distances": [one.as_json() for one in apart],
        "classes": _balance(parting, *label) if label else None,
    }


def _balance(parting: Parting, store: Store, label: Label) -> dict[str, Any]:
    """How much of each class each split has, among the pixels of its tiles that have one."""
    table = of_tiles(store, label)
    valid = table[f"{label.prefix}_valid"].to_numpy()
    shares = np.stack([table[name].fill_null(0).to_numpy() for name in label.columns], axis=1)
    where = np.full(table.num_rows, -1, dtype=np.int64)
    zones = table["zone"].to_numpy(zero_copy_only=False)
    rows, cols = (table[name].to_numpy() for name in ("row", "col"))
    for zone in set(zones.tolist()):
        own = zones == zone
        where[own] = parting.tiles.places(zone, rows[own], cols[own])
    if not (where >= 0).any():
        raise ConfigError(f"no tile of the split has {label.product.name} {label.period} in the store")
    splits = np.where(where >= 0, parting.splits[where], NONE)
    told: dict[str, Any] = {}
    for number, name in enumerate(parting.names):
        own = splits == number
        weight = float(valid[own].sum())
        sums = (shares[own] * valid[own][:, None]).sum(axis=0)
        meanings = [flag.meaning for flag in label.variable.flags]
        found = {m: float(s) / weight for m, s in zip(meanings, sums, strict=True)} if weight else None
        told[name] = {"tiles": int(own.sum()), "classes": found}
    return {"product": label.product.name, "period": label.period, "splits": told}
