"""Granules in a bucket, or wherever else fsspec reaches."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from eo_ingest.errors import ConfigError, SourceError, TransientError
from eo_ingest.sources.gunw.entry import Entry
from eo_ingest.sources.gunw.index import INDEX, Index
from eo_ingest.sources.gunw.name import GranuleName
from eo_ingest.sources.gunw.web import check_size
from eo_ingest.sources.transfer import Traffic, bare, public, retried

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from eo_ingest.sources.gunw.shelf import Area, Shelf

_PIECE = 4 << 20


class BucketShelf:
    """The granules under a prefix of a bucket; as its `index.json` lists them, where it has one."""

    is_local = False

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    @cached_property
    def _files(self) -> Any:
        from fsspec.core import url_to_fs

        try:
            return url_to_fs(self._url)[0]
        except (ImportError, ValueError) as err:
            raise ConfigError(f"{public(self._url)} cannot be read: {err}") from err

    @property
    def is_empty(self) -> bool:
        """See `Shelf.is_empty`."""
        return self._index.is_empty if self._index else not self._found

    def entries(self, area: Area) -> Sequence[Entry]:
        """See `Shelf.entries`."""
        return self._index.entries(area) if self._index else self._found

    @cached_property
    def _index(self) -> Index | None:
        text = self._read(INDEX)
        return None if text is None else Index(text, self._read, self._at, public(self._url))

    @cached_property
    def _found(self) -> list[Entry]:
        found: dict[str, Any] = retried(self._list, Traffic(), lambda: None)
        named = ((GranuleName.find(key.rsplit("/", 1)[-1]), key, about) for key, about in sorted(found.items()))
        return [
            Entry(name, self._files.unstrip_protocol(key), about.get("size"), _tag(about))
            for name, key, about in named
            if name
        ]

    def _at(self, file: str) -> str:
        return f"{self._url}/{file}"

    def _read(self, file: str) -> bytes | None:
        return retried(lambda: self._content(file), Traffic(), lambda: None)

    def _content(self, file: str) -> bytes | None:
        try:
            content: bytes = self._files.cat_file(self._at(file))
        except FileNotFoundError:
            return None
        except OSError as err:
            raise TransientError(f"{public(self._at(file))} cannot be read: {err}") from err
        return content

    def _list(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self._files.find(self._url, detail=True)
        except FileNotFoundError:
            return {}
        except OSError as err:
            raise TransientError(f"{public(self._url)} cannot be listed: {err}") from err
        return found

    def download(self, entry: Entry, path: Path, traffic: Traffic, going_on: Callable[[], None]) -> None:
        """See `Shelf.download`."""
        retried(lambda: self._copy(entry, path, traffic, going_on), traffic, going_on)

    def _copy(self, entry: Entry, path: Path, traffic: Traffic, going_on: Callable[[], None]) -> None:
        size = 0
        with path.open("wb") as file:
            for piece in self._pieces(entry):
                going_on()
                file.write(piece)
                size += len(piece)
                traffic.add(payload=len(piece))
        check_size(entry, size)

    def _pieces(self, entry: Entry) -> Any:
        who = f"granule {entry.name.text}"
        try:
            with self._files.open(entry.url, "rb", block_size=_PIECE) as source:
                while piece := source.read(_PIECE):
                    yield piece
        except FileNotFoundError as err:
            raise SourceError(f"{who}: there is no {public(entry.url)}") from err
        except OSError as err:
            raise TransientError(f"{who}: the transfer broke off: {err}") from err


def _tag(about: dict[str, Any]) -> str | None:
    """The entity tag that a listing tells, under its several names."""
    return bare(about.get("ETag") or about.get("etag"))


_: type[Shelf] = BucketShelf
