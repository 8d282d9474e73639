"""A granule in an archive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eo_ingest.sources.gunw.name import SUFFIX
from eo_ingest.sources.transfer import public

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
            "url": public(self.url) if "://" in self.url else self.name.text + SUFFIX,
            "size": self.size,
            "etag": self.etag or self.md5,
        }
