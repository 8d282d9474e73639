"""Granules on a web server."""

from __future__ import annotations

import hashlib
from functools import cached_property
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from eo_ingest.errors import SourceError, TransientError
from eo_ingest.sources.gunw.entry import Entry
from eo_ingest.sources.gunw.index import INDEX, Index
from eo_ingest.sources.gunw.name import GranuleName
from eo_ingest.sources.transfer import AbsentError, Traffic, ask, bare, get, public, retried, session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import requests

    from eo_ingest.sources.gunw.shelf import Area, Shelf

_PIECE = 1 << 20


class WebShelf:
    """The granules that a server lists: in `index.json`, or as links on a page."""

    is_local = False

    def __init__(self, url: str, connections: int) -> None:
        self._url = url
        self._session = session(connections)

    @property
    def is_empty(self) -> bool:
        """See `Shelf.is_empty`."""
        return self._index.is_empty if self._index else not self._links

    def entries(self, area: Area) -> Sequence[Entry]:
        """See `Shelf.entries`."""
        return self._index.entries(area) if self._index else self._links

    @cached_property
    def _index(self) -> Index | None:
        text = self._read(INDEX)
        return None if text is None else Index(text, self._read, self._at, public(self._url))

    @cached_property
    def _links(self) -> list[Entry]:
        text = self._read("")
        if text is None:
            raise SourceError(f"{public(self._url)} has neither an {INDEX} nor a page that lists granules")
        links = _Links()
        links.feed(text.decode(errors="replace"))
        found = ((GranuleName.find(unquote(urlsplit(link).path.rsplit("/", 1)[-1])), link) for link in links.found)
        return [Entry(name, urljoin(self._at(""), link)) for name, link in found if name]

    def _read(self, file: str) -> bytes | None:
        traffic = Traffic()
        try:
            return retried(lambda: get(self._session, self._at(file), traffic), traffic, lambda: None)[0]
        except AbsentError:
            return None

    def _at(self, file: str) -> str:
        parts = urlsplit(self._url)
        return urlunsplit((parts.scheme, parts.netloc, f"{parts.path.rstrip('/')}/{file}", parts.query, ""))

    def download(self, entry: Entry, path: Path, traffic: Traffic, going_on: Callable[[], None]) -> None:
        """See `Shelf.download`."""
        retried(lambda: stream(self._session, entry, path, traffic, going_on), traffic, going_on)


def stream(
    connection: requests.Session,
    entry: Entry,
    path: Path,
    traffic: Traffic,
    going_on: Callable[[], None],
    **options: Any,
) -> None:
    """Get a granule's bytes and check them against what is known of them.

    Raises:
        TransientError: if the transfer broke off.
        SourceError: if the server refuses, or the bytes are others than listed.
    """
    who = f"granule {entry.name.text}"
    digest = hashlib.md5(usedforsecurity=False)
    size = 0
    with ask(connection, entry.url, traffic, stream=True, **options) as reply, path.open("wb") as file:
        told = bare(reply.headers.get("ETag"))
        if entry.etag and told and entry.etag != told:
            raise SourceError(f"{who}: it was changed after it was listed: its tag is {told}, not {entry.etag}")
        for piece in _pieces(reply, who):
            going_on()
            file.write(piece)
            digest.update(piece)
            size += len(piece)
            traffic.add(payload=len(piece))
        length = reply.headers.get("Content-Length")
        if length and size != int(length):
            raise TransientError(f"connection: {who}: the transfer broke off after {size} of {length} bytes")
    check_size(entry, size)
    if entry.md5 and digest.hexdigest() != entry.md5:
        raise SourceError(f"{who}: its {size} bytes have the MD5 sum {digest.hexdigest()}, expected {entry.md5}")


def check_size(entry: Entry, size: int) -> None:
    """Hold a granule's size against the listing's.

    Raises:
        SourceError: if they differ.
    """
    if entry.size is not None and size != entry.size:
        raise SourceError(f"granule {entry.name.text}: it has {size} bytes, expected {entry.size}: it is cut short")


def _pieces(reply: requests.Response, who: str) -> Iterator[bytes]:
    import requests

    try:
        yield from reply.iter_content(_PIECE)
    except requests.RequestException as err:
        raise TransientError(f"connection: {who}: the transfer broke off: {type(err).__name__}") from err


class _Links(HTMLParser):
    """Collects where a page links to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser`."""
        self.found += [value for key, value in attrs if tag == "a" and key == "href" and value]


_: type[Shelf] = WebShelf
