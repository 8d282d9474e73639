"""Granules in a bucket, or wherever else fsspec reaches."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from eo_ingest.errors import ConfigError, SourceError, TransientError
from eo_ingest.sources.gunw.entry import Entry, Traffic, bare, public
from eo_ingest.sources.gunw.name import GranuleName
from eo_ingest.sources.gunw.shelf import INDEX, from_index
from eo_ingest.sources.gunw.web import check_size, retried

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

    def entries(self, area: Area) -> Sequence[Entry]:  # noqa: ARG002 - a listing holds all places
        """See `Shelf.entries`."""
        return self.listed

    @cached_property
    def listed(self) -> list[Entry]:
        """All granules; asked for once.

        Raises:
            ConfigError: if what reads this kind of URL is not installed.
            SourceError: if there is no listing.
        """
        return retried(self._list, Traffic(), lambda: None)  # type: ignore[no-any-return]

    def _list(self) -> list[Entry]:
        try:
            text = self._files.cat_file(f"{self._url}/{INDEX}")
        except FileNotFoundError:
            text = None
        except OSError as err:
            raise TransientError(f"{public(self._url)} cannot be listed: {err}") from err
        if text is not None:
            return from_index(text, lambda file: f"{self._url}/{file}", f"{public(self._url)}/{INDEX}")
        try:
            found = self._files.find(self._url, detail=True)
        except FileNotFoundError as err:
            raise SourceError(f"there is no {public(self._url)}") from err
        except OSError as err:
            raise TransientError(f"{public(self._url)} cannot be listed: {err}") from err
        named = ((GranuleName.find(key.rsplit("/", 1)[-1]), key, about) for key, about in sorted(found.items()))
        return [
            Entry(
                name, self._files.unstrip_protocol(key), about.get("size"), bare(about.get("ETag", about.get("etag")))
            )
            for name, key, about in named
            if name
        ]

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


_: type[Shelf] = BucketShelf
