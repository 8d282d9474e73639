"""Granules on a web server."""

from __future__ import annotations

import hashlib
import logging
from functools import cached_property
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from eo_ingest.errors import SourceError, TransientError
from eo_ingest.sources.gunw.entry import Entry, Traffic, bare, shown
from eo_ingest.sources.gunw.index import INDEX, Index
from eo_ingest.sources.gunw.name import GranuleName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import requests

    from eo_ingest.sources.gunw.shelf import Area, Shelf

log = logging.getLogger(__name__)

ATTEMPTS = 5
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
TIMEOUT_S = (10.0, 60.0)  # to connect, and between two pieces of a reply
_PIECE = 1 << 20
_LATER = {408, 425, 429, 500, 502, 503, 504}
_REFUSED = {401: "it asks for credentials", 403: "it refuses access"}


class AbsentError(SourceError):
    """There is no such thing on the server."""


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
        return None if text is None else Index(text, self._read, self._at, shown(self._url))

    @cached_property
    def _links(self) -> list[Entry]:
        text = self._read("")
        if text is None:
            raise SourceError(f"{shown(self._url)} has neither an {INDEX} nor a page that lists granules")
        links = _Links()
        links.feed(text.decode(errors="replace"))
        found = ((GranuleName.find(unquote(urlsplit(link).path.rsplit("/", 1)[-1])), link) for link in links.found)
        return [Entry(name, urljoin(self._at(""), link)) for name, link in found if name]

    def _read(self, file: str) -> bytes | None:
        return retried(lambda: _body(self._session, self._at(file)), Traffic(), lambda: None)  # type: ignore[no-any-return]

    def _at(self, file: str) -> str:
        parts = urlsplit(self._url)
        return urlunsplit((parts.scheme, parts.netloc, f"{parts.path.rstrip('/')}/{file}", parts.query, ""))

    def download(self, entry: Entry, path: Path, traffic: Traffic, going_on: Callable[[], None]) -> None:
        """See `Shelf.download`."""
        retried(lambda: stream(self._session, entry, path, traffic, going_on), traffic, going_on)


def session(connections: int) -> requests.Session:
    """A session for so many threads."""
    import requests
    from requests.adapters import HTTPAdapter

    made = requests.Session()
    for scheme in ("http://", "https://"):
        made.mount(scheme, HTTPAdapter(pool_connections=connections, pool_maxsize=connections))
    return made


def retried(send: Callable[[], Any], traffic: Traffic, going_on: Callable[[], None]) -> Any:
    """Do something, and again while that may help.

    Raises:
        SourceError: once no attempt is left or none would help.
    """

    def attempt() -> Any:
        going_on()
        traffic.add(requests=1)
        return send()

    def waiting(state: RetryCallState) -> None:
        traffic.add(retries=1)
        log.info("attempt %s failed: %s", state.attempt_number, state.outcome and state.outcome.exception())

    retrying = Retrying(
        retry=retry_if_exception_type(TransientError),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S),
        before_sleep=waiting,
        reraise=True,
    )
    return retrying(attempt)


def stream(
    session: requests.Session,
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
    with _answer(session, entry.url, who, stream=True, **options) as reply, path.open("wb") as file:
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
        if length and "Content-Encoding" not in reply.headers and size != int(length):
            raise TransientError(f"{who}: the transfer broke off after {size} of {length} bytes")
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


def _body(session: requests.Session, url: str) -> bytes | None:
    """A small reply whole; None if there is no such thing."""
    try:
        with _answer(session, url, shown(url), stream=True) as reply:
            return b"".join(_pieces(reply, shown(url)))
    except AbsentError:
        return None


def _answer(session: requests.Session, url: str, who: str, **options: Any) -> requests.Response:
    """A server's answer, if it is one.

    Raises:
        AbsentError: if there is no such thing.
        TransientError: if it may come later.
        SourceError: if it will not.
    """
    import requests

    try:
        reply = session.get(url, timeout=TIMEOUT_S, **options)
    except (requests.ConnectionError, requests.Timeout) as err:
        raise TransientError(f"{who}: {shown(url)} does not answer: {type(err).__name__}") from err
    except requests.RequestException as err:
        raise SourceError(f"{who}: {shown(url)} cannot be asked: {type(err).__name__}") from err
    if reply.ok:
        return reply
    reply.close()
    if reply.status_code == 404:
        raise AbsentError(f"{who}: there is no {shown(url)}")
    said = f"{who}: {shown(url)} answers {reply.status_code}"
    if reply.status_code in _LATER:
        raise TransientError(said)
    raise SourceError(f"{said}: {_REFUSED.get(reply.status_code, reply.reason)}")


def _pieces(reply: requests.Response, who: str) -> Iterator[bytes]:
    import requests

    try:
        yield from reply.iter_content(_PIECE)
    except requests.RequestException as err:
        raise TransientError(f"{who}: the transfer broke off: {type(err).__name__}") from err


class _Links(HTMLParser):
    """Collects where a page links to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser`."""
        self.found += [value for key, value in attrs if tag == "a" and key == "href" and value]


_: type[Shelf] = WebShelf
