"""The archive on a web server: a bucket that lists its keys as S3 does, or a server whose pages link to its files."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from eo_ingest.errors import ConfigError, SourceError
from eo_ingest.sources.cog.name import is_tile
from eo_ingest.sources.cog.shelf import Listed, by_layer, expected
from eo_ingest.sources.transfer import AbsentError, bare, get, public, session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from eo_ingest.sources.transfer import Traffic

# Hosts whose bucket is the first part of the path, and hosts that are one bucket's.
_PATH_STYLE = re.compile(r"s3[.-][a-z0-9.-]*amazonaws\.com|storage\.googleapis\.com")
_HOST_STYLE = re.compile(r".+\.s3[.-][a-z0-9.-]*amazonaws\.com")
_LISTING = b"<ListBucketResult"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the tiles' folders are.

    Attributes:
        root: the URL whose listing is asked for, without a slash at its end.
        prefix: what the keys of the folders begin with: nothing, or a path and a slash.
        told: the URL of the folders as records tell it, a slash at its end.
    """

    root: str
    prefix: str
    told: str

    @classmethod
    def of(cls, url: str) -> Place:
        """Of an http, https or s3 URL. S3's is asked anonymously, at AWS_ENDPOINT_URL if that is set.

        Raises:
            ConfigError: if there is no host or bucket, or there is a query.
        """
        parts = urlsplit(url)
        if not parts.hostname or parts.query or parts.fragment:
            raise ConfigError(f"{public(url)} is no place of files: expected a host and a path, and nothing after it")
        path = parts.path.strip("/")
        told = public(url).rstrip("/") + "/"
        if parts.scheme == "s3":
            endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
            root = f"{endpoint.rstrip('/')}/{parts.netloc}" if endpoint else f"https://{parts.netloc}.s3.amazonaws.com"
            return cls(root, f"{path}/" if path else "", told)
        kept = 0 if _HOST_STYLE.fullmatch(parts.hostname) else 1 if _PATH_STYLE.fullmatch(parts.hostname) else None
        if kept is None:
            return cls(urlunsplit((parts.scheme, parts.netloc, f"/{path}" if path else "", "", "")), "", told)
        steps = path.split("/") if path else []
        root = urlunsplit((parts.scheme, parts.netloc, "".join(f"/{step}" for step in steps[:kept]), "", ""))
        return cls(root, "".join(f"{step}/" for step in steps[kept:]), told)


class WebShelf:
    """The archive at an http, https or s3 URL. What it does not list does not exist; what it lists has to be there."""

    is_local = False

    def __init__(self, url: str, connections: int) -> None:
        self._place = Place.of(url)
        self._session = session(connections)
        self._is_bucket: bool | None = None
        self._linked: frozenset[str] = frozenset()
        self._guard = Lock()

    def check(self, traffic: Traffic) -> None:
        """See `Shelf.check`."""
        if self._asked(traffic):
            page = self._page({"prefix": self._place.prefix, "delimiter": "/"}, traffic)
            found = [_inner("Prefix", row) for row in _rows(page, "CommonPrefixes")]
        else:
            found = _links(self._body("", traffic))
        self._linked = frozenset(filter(is_tile, (name.rstrip("/").rpartition("/")[2] for name in found)))
        if not self._linked:
            raise expected(self._place.told)

    def layers(self, tile: str, traffic: Traffic) -> Mapping[str, Listed]:
        """See `Shelf.layers`."""
        where = f"{self._place.told}{tile}/"
        if self._asked(traffic):
            keys = list(self._keys(tile, traffic))
            return by_layer(tile, where, keys) if keys else {}
        if tile not in self._linked:
            return {}
        try:
            links = _links(self._body(f"{tile}/", traffic))
        except AbsentError as err:
            raise SourceError(f"{where} was listed, but is not there") from err
        names = dict.fromkeys(link.rpartition("/")[2] for link in links)  # a page may link twice: an icon and a name
        return by_layer(tile, where, (Listed(tile, name, where + name) for name in names if name))

    def read(self, file: Listed, traffic: Traffic) -> bytes:
        """See `Shelf.read`."""
        url = f"{self._place.root}/{self._place.prefix}{file.tile}/{file.name}"
        try:
            data, headers = get(self._session, url, traffic)
        except AbsentError as err:
            raise SourceError(f"{file.url} was listed, but is not there") from err
        tag = bare(headers.get("ETag"))
        if file.etag and tag and tag != file.etag:
            raise SourceError(f"{file.url} was changed after it was listed: its tag is {tag}, not {file.etag}")
        return data

    def _asked(self, traffic: Traffic) -> bool:
        """Whether keys are listed as S3 does; found out once.

        Raises:
            SourceError: if neither keys nor a page are listed.
        """
        with self._guard:
            if self._is_bucket is None:
                body = self._body("", traffic, {"list-type": "2", "prefix": self._place.prefix, "max-keys": "1"})
                if _LISTING not in body and b"<a " not in body.lower():
                    raise SourceError(f"{self._place.told} lists its files neither as S3 does nor as a page of links")
                self._is_bucket = _LISTING in body
            return self._is_bucket

    def _body(self, path: str, traffic: Traffic, query: Mapping[str, str] | None = None) -> bytes:
        try:
            return get(self._session, f"{self._place.root}/{path}", traffic, query=query)[0]
        except AbsentError as err:
            if path:
                raise
            raise SourceError(f"{self._place.told} is not there: {public(self._place.root)} answers 404") from err

    def _keys(self, tile: str, traffic: Traffic) -> Iterator[Listed]:
        """All that is listed below a tile: a key deeper down is no layer, but says that the tile is there."""
        folder = f"{self._place.prefix}{tile}/"
        query = {"prefix": folder}
        while True:
            page = self._page(query, traffic)
            for row in _rows(page, "Contents"):
                name = _inner("Key", row).removeprefix(folder)
                size = _inner("Size", row)
                known = int(size) if size.isdigit() else None
                yield Listed(tile, name, f"{self._place.told}{tile}/{name}", known, bare(_inner("ETag", row)))
            token = _inner("NextContinuationToken", page)
            if not token:
                if _inner("IsTruncated", page) == "true":
                    raise SourceError(f"{self._place.told}{tile}/ is listed in part: its listing does not go on")
                return
            query = {"prefix": folder, "continuation-token": token}

    def _page(self, query: Mapping[str, str], traffic: Traffic) -> str:
        body = self._body("", traffic, {"list-type": "2", **query})
        if _LISTING not in body:
            raise SourceError(f"{self._place.told} answers a request for its keys with something else")
        return body.decode(errors="replace")


def _rows(page: str, name: str) -> list[str]:
    return re.findall(rf"<{name}>(.*?)</{name}>", page, re.DOTALL)


def _inner(name: str, row: str) -> str:
    found = re.search(rf"<{name}>(.*?)</{name}>", row, re.DOTALL)
    return unescape(found[1]).strip() if found else ""


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for key, value in attrs if tag == "a" and key == "href" and value]


def _links(body: bytes) -> list[str]:
    """The paths that a page links to, as they are written."""
    parser = _Links()
    parser.feed(body.decode(errors="replace"))
    return [unquote(urlsplit(link).path) for link in parser.found]
