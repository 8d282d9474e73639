"""Granules in a folder of this machine, read where they are."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from eo_ingest.errors import ConfigError, SourceError
from eo_ingest.sources.gunw.entry import Entry
from eo_ingest.sources.gunw.name import GranuleName
from eo_ingest.sources.gunw.shelf import INDEX, from_index

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from eo_ingest.sources.gunw.entry import Traffic
    from eo_ingest.sources.gunw.shelf import Area, Shelf


class FolderShelf:
    """The granules of a folder and of those in it; as its `index.json` lists them, where it has one."""

    is_local = True

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise ConfigError(f"{folder} is no folder: expected one with GUNW granules")
        self._folder = folder

    def entries(self, area: Area) -> Sequence[Entry]:  # noqa: ARG002 - a listing holds all places
        """See `Shelf.entries`."""
        return self.listed

    @cached_property
    def listed(self) -> list[Entry]:
        """All granules; asked for once.

        Raises:
            SourceError: if the folder cannot be read.
        """
        index = self._folder / INDEX
        try:
            if index.exists():
                return from_index(index.read_bytes(), lambda file: str(self._folder / file), INDEX)
            found = ((GranuleName.find(path.name), path) for path in sorted(self._folder.rglob("*.nc")))
            return [Entry(name, str(path), path.stat().st_size) for name, path in found if name]
        except OSError as err:
            raise SourceError(f"the folder of GUNW granules cannot be listed: {err.strerror or err}") from err

    def download(self, entry: Entry, path: Path, traffic: Traffic, going_on: Callable[[], None]) -> None:
        """Not needed: what is here is read here."""
        raise NotImplementedError(f"{entry.name.text} is on this machine")


_: type[Shelf] = FolderShelf
