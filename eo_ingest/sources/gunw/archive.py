"""An archive of granules: finding those of a block, and opening them."""

from __future__ import annotations

import hashlib
import json
import uuid
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from eo_ingest.errors import ConfigError, SourceError
from eo_ingest.sources.gunw import footprint
from eo_ingest.sources.gunw.asf import AsfShelf
from eo_ingest.sources.gunw.bucket import BucketShelf
from eo_ingest.sources.gunw.folder import FolderShelf
from eo_ingest.sources.gunw.granule import Granule
from eo_ingest.sources.gunw.granule import footprint as told_footprint
from eo_ingest.sources.gunw.name import EXAMPLE
from eo_ingest.sources.gunw.select import Candidate
from eo_ingest.sources.gunw.web import WebShelf, check_size
from eo_ingest.sources.transfer import public

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from shapely.geometry.base import BaseGeometry

    from eo_ingest.sources.gunw.cache import Cache
    from eo_ingest.sources.gunw.entry import Entry
    from eo_ingest.sources.gunw.select import Rule
    from eo_ingest.sources.gunw.shelf import Area, Shelf
    from eo_ingest.sources.transfer import Traffic

ASF = "asf"


def shelf_at(url: str, connections: int) -> Shelf:
    """The place that a URL means: `asf`, a folder, a web server, or whatever fsspec reaches.

    Raises:
        ConfigError: if there is no such folder, no granule there, or what is needed to read it is missing.
        SourceError: if it has no listing of granules, or a wrong one.
    """
    if url == ASF:
        return AsfShelf()
    parts = urlsplit(url)
    shelf: Shelf
    if "://" not in url:
        shelf = FolderShelf(Path(url).expanduser())
    elif parts.scheme == "file":
        shelf = FolderShelf(Path(url2pathname(parts.path)))
    else:
        shelf = WebShelf(url, connections) if parts.scheme in {"http", "https"} else BucketShelf(url)
    if shelf.is_empty:
        raise ConfigError(f"{public(url)} lists no GUNW granule: expected names such as {EXAMPLE}")
    return shelf


class Archive:
    """Granules on a shelf, downloaded to a cache where they are not on this machine. For all threads."""

    def __init__(self, shelf: Shelf, cache: Cache, notes: Path) -> None:
        self._shelf = shelf
        self._cache = cache
        self._closed = Event()
        self._footprints = _Footprints(notes)
        self._polygons: dict[Entry, BaseGeometry] = {}

    def find(self, area: Area, rule: Rule, traffic: Traffic) -> list[Candidate]:
        """The granules that a rule accepts and whose footprint may meet an area.

        Raises:
            SourceError: if they cannot be listed, or one that tells its footprint itself cannot be read.
        """
        found = []
        for entry in self._shelf.entries(area):
            self._going_on()
            if not rule.accepts(entry.name, area.start, area.end):
                continue
            if entry.footprint is None and not entry.name.may_reach(area.longitude, area.latitude):
                continue
            polygon = footprint.beside(self._polygon(entry, traffic), area.longitude)
            if _meet(polygon.bounds, area.polygon.bounds):
                found.append(Candidate(entry, polygon))
        self._footprints.save()
        return found

    def _polygon(self, entry: Entry, traffic: Traffic) -> BaseGeometry:
        if entry not in self._polygons:
            wkt = entry.footprint or self._footprints.get(entry)
            if wkt is None:
                with self._held(entry, traffic) as path:
                    wkt = told_footprint(path, entry.name.text)
                self._footprints.put(entry, wkt)
            self._polygons[entry] = footprint.parse(wkt, entry.name.text)
        return self._polygons[entry]

    def prepare(self, entry: Entry, traffic: Traffic) -> None:
        """Have a granule on this machine.

        Raises:
            SourceError: if it cannot be had.
        """
        with self._held(entry, traffic):
            pass

    def open(self, entry: Entry, traffic: Traffic) -> Granule:
        """Open a granule.

        Raises:
            ConfigError: if h5py is not installed.
            SourceError: if it cannot be had, is damaged, or is another than its name says.
        """
        with self._held(entry, traffic) as path:
            return Granule.open(path, entry.name)

    def close(self) -> None:
        """End what waits or downloads, soon."""
        self._closed.set()

    @contextmanager
    def _held(self, entry: Entry, traffic: Traffic) -> Iterator[Path]:
        if self._shelf.is_local:
            path = Path(entry.url)
            check_size(entry, _status(path, entry).st_size)
            yield path
            return
        key = json.dumps([entry.name.text, entry.size, entry.etag or entry.md5 or entry.url])
        with self._cache.held(
            key,
            entry.name.text + ".nc",
            lambda path: self._shelf.download(entry, path, traffic, self._going_on),
            self._going_on,
        ) as path:
            yield path

    def _going_on(self) -> None:
        if self._closed.is_set():
            raise CancelledError


class _Footprints:
    """Footprints that granules told, noted in a file for other processes: reading a thousand takes a while."""

    def __init__(self, notes: Path) -> None:
        self._notes = notes
        self._guard = Lock()
        self._known: dict[str, str] | None = None
        self._is_new = False

    def get(self, entry: Entry) -> str | None:
        with self._guard:
            if self._known is None:
                self._known = self._read()
            return self._known.get(_mark(entry))

    def put(self, entry: Entry, wkt: str) -> None:
        with self._guard:
            if self._known is None:
                self._known = self._read()
            self._known[_mark(entry)] = wkt
            self._is_new = True

    def save(self) -> None:
        """Note what is new. Notes are a help: where they cannot be written, nothing is lost."""
        with self._guard:
            if not self._is_new or self._known is None:
                return
            self._known = {**self._read(), **self._known}
            self._is_new = False
            temporary = self._notes.with_name(f"{self._notes.name}.{uuid.uuid4().hex}")
            with suppress(OSError):
                self._notes.parent.mkdir(parents=True, exist_ok=True)
                temporary.write_text(json.dumps(self._known), encoding="utf-8")
                temporary.replace(self._notes)

    def _read(self) -> dict[str, str]:
        try:
            known = json.loads(self._notes.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}


def _mark(entry: Entry) -> str:
    """What tells one content from another, as far as a listing knows."""
    if "://" in entry.url:
        told = [entry.url, entry.size, entry.etag or entry.md5]
    else:
        status = _status(Path(entry.url), entry)
        told = [entry.url, status.st_size, status.st_mtime_ns]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


def _status(path: Path, entry: Entry) -> os.stat_result:
    try:
        return path.stat()
    except OSError as err:
        raise SourceError(f"granule {entry.name.text}: its file cannot be read: {err.strerror or err}") from err


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    """Whether two boxes (west, south, east, north) share a place."""
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]
