"""Opening a store: is it one of ours, and does a run fit it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eo_ingest.errors import ConfigError, StoreError
from eo_ingest.grid import Chips, Grid, grid_names
from eo_ingest.grid.loading import plain
from eo_ingest.stores import layout
from eo_ingest.stores.local import LocalStore

if TYPE_CHECKING:
    from eo_ingest.config import RunConfig
    from eo_ingest.plan import Plan


_ZARR_2 = {".zarray", ".zattrs", ".zgroup", ".zmetadata"}


@dataclass(frozen=True)
class Origin:
    """Where data come from: the emulator or Earth Engine, and, with `--assets`, the SHA-256 of those rasters."""

    synthetic: bool
    assets: str | None = None

    @classmethod
    def of(cls, config: RunConfig) -> Origin:
        """The origin of what a configuration makes."""
        return cls(config.source == "emulator", _digest(Path(config.assets)) if config.assets else None)

    def __str__(self) -> str:
        if not self.synthetic:
            return "real data from Earth Engine"
        return "data from rasters given as assets" if self.assets else "synthetic data from the emulator"


@dataclass(frozen=True)
class Root:
    """What a store's root says of it; `is_whole` if it is as it was written."""

    grid: dict[str, Any]
    origin: Origin
    is_whole: bool = True


def _digest(folder: Path) -> str:
    """SHA-256 over the names and contents of the files below a folder, hidden ones left out."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            with path.open("rb") as file:
                whole.update(f"{name.as_posix()}\n{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()


def store_at(url: str) -> LocalStore:
    """The store of a URL, not looked at yet.

    Raises:
        ConfigError: if it is not a folder's path.
    """
    if "://" in url:
        scheme = url.split("://", 1)[0]
        raise ConfigError(f"store {url!r}: this version writes to local folders, not to {scheme}:// addresses")
    path = Path(url).expanduser()
    if not url.strip():
        raise ConfigError("the store's name is empty: expected a folder such as europe.zarr")
    if path.exists() and not path.is_dir():
        raise ConfigError(f"store {url!r} is a file: expected a folder, or a name that does not exist yet")
    return LocalStore(path)


def read_root(store: LocalStore) -> Root | None:
    """What a store's root says; None where there is no store yet.

    Raises:
        ConfigError: if the folder holds something else, or a store that is damaged or of a later version.
    """
    try:
        attributes = json.loads(store.get(layout.ROOT))["attributes"]
    except KeyError as err:
        if err.args == (layout.ROOT,):
            if _is_used(Path(store.url)):
                raise ConfigError(
                    f"{store.url} is not a store of eo-ingest: it has files but no {layout.ROOT}; choose a new folder"
                ) from None
            return None
        raise ConfigError(f"{store.url} is a Zarr store, but not one of eo-ingest: choose a new folder") from None
    except (ValueError, TypeError) as err:
        raise ConfigError(f"the {layout.ROOT} of {store.url} is damaged or half-written: {err}") from err
    ours = attributes.get(layout.OURS) if isinstance(attributes, dict) else None
    if not isinstance(ours, dict) or not isinstance(ours.get("grid"), dict) or "synthetic" not in ours:
        raise ConfigError(f"{store.url} is a Zarr store, but not one of eo-ingest: choose a new folder")
    if ours.get("format") != layout.FORMAT_VERSION:
        raise ConfigError(
            f"{store.url} has format {ours.get('format')!r}, this version reads {layout.FORMAT_VERSION}: "
            "use the version that made it"
        )
    says = {key: value for key, value in ours.items() if key != "digest"}
    whole = hashlib.sha256(json.dumps(says, sort_keys=True).encode()).hexdigest() == ours.get("digest")
    return Root(ours["grid"], Origin(bool(ours["synthetic"]), ours.get("assets")), whole)


def _is_used(folder: Path) -> bool:
    """Whether a folder holds files that are not ours to share it with: hidden ones do not count, but Zarr 2 has them.

    Raises:
        StoreError: if the folder cannot be looked into.
    """
    try:
        return folder.is_dir() and any(
            not entry.name.startswith(".") or entry.name in _ZARR_2 for entry in folder.iterdir()
        )
    except OSError as err:
        raise StoreError(f"cannot look into {folder}: {err.strerror or err}") from err


def existing(url: str) -> tuple[LocalStore, Grid]:
    """A store to read from, and its grid.

    Raises:
        ConfigError: if there is none, it is not ours, or its grid is none that this version knows.
    """
    store = store_at(url)
    root = read_root(store)
    if root is None:
        raise ConfigError(f"there is no store at {store.url}: `eo-ingest tile --store {url}` makes one")
    try:
        chips = Chips.from_parquet(store.get(layout.CHIPS))
    except KeyError:
        chips = None
    try:
        grid = Grid.of(root.grid, chips)
    except ConfigError as err:
        raise ConfigError(f"{store.url} cannot be read: {err}") from err
    if not root.is_whole and grid.name not in grid_names():
        raise ConfigError(f"the {layout.ROOT} of {store.url} was changed, and with it perhaps its grid {grid.name!r}")
    return store, grid


def check_fits(store: LocalStore, plan: Plan, origin: Origin) -> Root | None:
    """Hold a run against the store that it would write to; None where the store is yet to be made.

    Raises:
        ConfigError: if grids, or data of different origin, would mix.
    """
    root = read_root(store)
    if root is None:
        return None
    if plain(root.grid) != plain(plan.grid.as_json()):
        raise ConfigError(
            f"{store.url} is on the grid {root.grid.get('name')!r} and this run on {plan.grid.name!r} (or on another "
            "definition of it): a store has one grid; choose another store"
        )
    if root.origin != origin:
        other = "other " if str(root.origin) == str(origin) else ""
        raise ConfigError(f"{store.url} holds {root.origin} and this run makes {other}{origin}: choose another store")
    return root
