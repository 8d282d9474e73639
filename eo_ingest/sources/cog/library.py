"""The archive's files for many jobs at once: each is listed, fetched and checked once, whoever asks first."""

from __future__ import annotations

import logging
from collections import OrderedDict
from concurrent.futures import CancelledError, Future
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit
from urllib.request import url2pathname

from eo_ingest.errors import ConfigError, TransientError
from eo_ingest.sources.cog.shelf import FilesystemShelf, FolderShelf
from eo_ingest.sources.cog.web import WebShelf
from eo_ingest.sources.transfer import public, retried

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from eo_ingest.sources.cog.ring import Ring
    from eo_ingest.sources.cog.shelf import Listed, Shelf
    from eo_ingest.sources.transfer import Traffic

log = logging.getLogger(__name__)

T = TypeVar("T")

# Listings that are remembered: those of two thousand tiles, 60 files each.
_LISTINGS = 2048


def shelf_at(url: str, connections: int) -> Shelf:
    """The place that a folder's path or a URL means.

    Raises:
        ConfigError: if there is no such folder, or the URL is none.
    """
    from pathlib import Path

    if "://" not in url:
        return FolderShelf(Path(url).expanduser())
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FolderShelf(Path(url2pathname(parts.path)))
    if parts.scheme in {"http", "https", "s3"}:
        return WebShelf(url, connections)
    if parts.scheme in {"gs", "gcs", "memory", "az", "abfs"}:
        return FilesystemShelf(url)
    raise ConfigError(f"{public(url)}: expected a folder, or an http, https, s3 or gs URL")


class Library:
    """Listings and files, at most so many requests in flight as there are threads that ask."""

    def __init__(self, shelf: Shelf, ring: Ring) -> None:
        self._shelf = shelf
        self._ring = ring
        self._closed = Event()
        self._guard = Lock()
        self._coming: dict[str, Future[Any]] = {}
        self._listings: OrderedDict[str, Mapping[str, Listed]] = OrderedDict()
        self._is_checked = False

    def layers(self, tile: str, traffic: Traffic) -> Mapping[str, Listed]:
        """The files of a tile by layer; none if there is no such tile.

        Raises:
            ConfigError: if the place has no tile at all.
            SourceError: if they cannot be listed, or the tile is there and has no layer.
        """
        self._check(traffic)
        known = self._listings.get(tile)
        return self._once(f"{tile}/", lambda: self._list(tile, traffic)) if known is None else known

    def read(self, file: Listed, traffic: Traffic) -> bytes:
        """A file, whole: at most one fetch of it is under way at any time.

        Raises:
            SourceError: if it cannot be had.
        """
        if self._shelf.is_local:
            return self._shelf.read(file, traffic)
        return self._ring.get(_key(file)) or self._once(_key(file), lambda: self._fetch(file, traffic))

    def drop(self, file: Listed) -> None:
        """Forget a file that turned out to be damaged."""
        self._ring.drop(_key(file))

    def close(self) -> None:
        """End what waits, soon, and keep nothing."""
        self._closed.set()
        self._ring.close()

    def going_on(self) -> None:
        """Raise CancelledError once the library is closed."""
        if self._closed.is_set():
            raise CancelledError

    def _check(self, traffic: Traffic) -> None:
        if not self._is_checked:
            self._once("", lambda: retried(lambda: self._shelf.check(traffic), traffic, self.going_on))
            self._is_checked = True

    def _list(self, tile: str, traffic: Traffic) -> Mapping[str, Listed]:
        if tile in self._listings:  # by now
            return self._listings[tile]
        found = retried(lambda: self._shelf.layers(tile, traffic), traffic, self.going_on)
        with self._guard:
            self._listings[tile] = found
            while len(self._listings) > _LISTINGS:
                self._listings.popitem(last=False)
        return found

    def _fetch(self, file: Listed, traffic: Traffic) -> bytes:
        kept = self._ring.get(_key(file))  # by now
        if kept is not None:
            return kept
        data = retried(lambda: self._whole(file, traffic), traffic, self.going_on)
        self._ring.put(_key(file), data)
        return data

    def _whole(self, file: Listed, traffic: Traffic) -> bytes:
        data = self._shelf.read(file, traffic)
        if file.size is not None and len(data) != file.size:
            raise TransientError(f"connection: {file.url} came with {len(data)} of {file.size} bytes: it was cut short")
        return data

    def _once(self, key: str, make: Callable[[], T]) -> T:
        """What `make` gives; of those who ask for one key at once, the first makes it for all."""
        with self._guard:
            coming = self._coming.get(key)
            if coming is None:
                ours: Future[T] = Future()
                self._coming[key] = ours
        if coming is not None:
            result: T = coming.result()
            return result
        try:
            made = make()
        except BaseException as err:
            ours.set_exception(err)
            raise
        else:
            ours.set_result(made)
            return made
        finally:
            with self._guard:
                del self._coming[key]


def _key(file: Listed) -> str:
    return f"{file.tile}/{file.name}"
