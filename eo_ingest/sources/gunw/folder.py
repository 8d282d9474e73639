"""Granules in a folder of this machine, read where they are."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from eo_ingest.errors import ConfigError, SourceError
from eo_ingest.sources.gunw.entry import Entry
from eo_ingest.sources.gunw.index import INDEX, Index
from eo_ingest.sources.gunw.name import GranuleName

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from eo_ingest.sources.gunw.shelf import Area, Shelf
    from eo_ingest.sources.transfer import Traffic


class FolderShelf:
    """The granules of a folder and of those in it; as its `index.json` lists them, where it has one."""

    is_local = True

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise ConfigError(f"{folder} is no folder: expected one with GUNW granules")
        self._folder = folder

    @property
    def is_empty(self) -> bool:
        """See `Shelf.is_empty`."""
        return self._index.is_empty if self._index else not self._files

    def entries(self, area: Area) -> Sequence[Entry]:
        """See `Shelf.entries`."""
        return self._index.entries(area) if self._index else self._files

    @cached_property
    def _index(self) -> Index | None:
        text = self._read(INDEX)
        return None if text is None else Index(text, self._read, self._at, "the folder of GUNW granules")

    @cached_property
    def _files(self) -> list[Entry]:
        try:
            found = ((GranuleName.find(path.name), path) for path in sorted(self._folder.rglob("*.nc")))
            return [Entry(name, str(path), path.stat().st_size) for name, path in found if name]
        except OSError as err:
            raise SourceError(f"the folder of GUNW granules cannot be listed: {err.strerror or err}") from err

    def _at(self, file: str) -> str:
        return str(self._folder / file)

    def _read(self, file: str) -> bytes | None:
        try:
            return (self._folder / file).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as err:
            raise SourceError(f"{file!r} of the folder of GUNW granules cannot be read: {err.strerror or err}") from err

    def download(self, entry: Entry, path: Path, traffic: Traffic, going_on: Callable[[], None]) -> None:
        """Not needed: what is here is read here."""
        raise NotImplementedError(f"{entry.name.text} is on this machine")


_: type[Shelf] = FolderShelf
