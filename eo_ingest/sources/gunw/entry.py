"""A granule in an archive, and what getting granules cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from eo_ingest.sources.gunw.name import GranuleName


@dataclass(frozen=True, slots=True)
class Entry:
    """A granule in an archive.

    Attributes:
        name: of the granule.
        url: where it is: a path, or a URL.
        size: bytes, where known.
        etag: its entity tag, without quotes, where known.
        md5: of its bytes, in hex, where known.
        footprint: WKT in degrees (longitude, latitude), where known.
    """

    name: GranuleName
    url: str
    size: int | None = None
    etag: str | None = None
    md5: str | None = None
    footprint: str | None = None

    def as_json(self) -> dict[str, Any]:
        """What a record tells of it: no path of this machine, no credentials."""
        return {
            "system:index": self.name.text,
            "url": public(self.url),
            "size": self.size,
            "etag": self.etag or self.md5,
        }


@dataclass
class Traffic:
    """What one job got from an archive, counted from any thread."""

    requests: int = 0
    payload: int = 0
    retries: int = 0
    _guard: Lock = field(default_factory=Lock, repr=False)

    def add(self, *, requests: int = 0, payload: int = 0, retries: int = 0) -> None:
        """Count more."""
        with self._guard:
            self.requests += requests
            self.payload += payload
            self.retries += retries


def public(url: str) -> str:
    """What a record tells of a URL: see `shown`; of a path of this machine the file's name only."""
    if "://" not in url or url.startswith("file://"):
        return url.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return shown(url)


def shown(url: str) -> str:
    """What a message tells of a URL: no user, password, query or fragment. A path as it is."""
    if "://" not in url:
        return url
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def bare(etag: str | None) -> str | None:
    """An entity tag without quotes and without the mark of a weak one."""
    return etag.removeprefix("W/").strip('"') if etag else None
