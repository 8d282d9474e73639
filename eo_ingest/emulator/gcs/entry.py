"""What is known of an object beside its bytes, and what both APIs say of it."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

import google_crc32c

# Fixed metadata that clients may set: the JSON API's name, and the header of both.
ATTRIBUTES = {
    "contentType": "content-type",
    "cacheControl": "cache-control",
    "contentDisposition": "content-disposition",
    "contentEncoding": "content-encoding",
    "contentLanguage": "content-language",
}

_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_NO_TOKEN = re.compile(r"[^!#$&'*+.^_`|~0-9A-Za-z-]")


@dataclass(frozen=True)
class Digest:
    """Size and checksums of bytes; md5 is empty for objects that are composed of several."""

    size: int
    crc32c: str
    md5: str

    @classmethod
    def of(cls, data: bytes) -> Digest:
        """The digest of data: checksums in base64, as Cloud Storage writes them."""
        crc = google_crc32c.value(data).to_bytes(4, "big")
        md5 = hashlib.md5(data, usedforsecurity=False).digest()
        return cls(len(data), base64.b64encode(crc).decode(), base64.b64encode(md5).decode())


@dataclass(frozen=True)
class Entry:
    """An object's current version. Times are microseconds since 1970, of which the generation is one."""

    bucket: str
    name: str
    generation: int
    metageneration: int
    digest: Digest
    created: int
    updated: int
    attributes: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    components: int = 0

    @property
    def tag(self) -> str:
        """The JSON API's entity tag: it changes with generation and metageneration."""
        return base64.b64encode(b"\x08" + _varint(self.generation) + b"\x10" + _varint(self.metageneration)).decode()

    @property
    def xml_tag(self) -> str:
        """The XML API's entity tag, quotes included: the MD5, where there is one."""
        if not self.digest.md5:
            return f'"-{self.tag}"'
        return f'"{base64.b64decode(self.digest.md5).hex()}"'

    @property
    def modified(self) -> str:
        """The time of the last change, as HTTP writes it."""
        return format_datetime(_time(self.updated), usegmt=True)


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first, the highest bit set on all but the last."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _time(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds // 10**6, UTC).replace(microsecond=microseconds % 10**6)


def timestamp(microseconds: int) -> str:
    """RFC 3339 with milliseconds, as both APIs write times."""
    return _time(microseconds).strftime("%Y-%m-%dT%H:%M:%S.") + f"{microseconds % 10**6 // 1000:03d}Z"


def resource(entry: Entry, base: str) -> dict[str, Any]:
    """The JSON API's object resource; `base` is the server's URL."""
    where = f"b/{entry.bucket}/o/{quote(entry.name, safe='')}"
    media = f"{base}/download/storage/v1/{where}?generation={entry.generation}&alt=media"
    found: dict[str, Any] = {
        "kind": "storage#object",
        "id": f"{entry.bucket}/{entry.name}/{entry.generation}",
        "selfLink": f"{base}/storage/v1/{where}",
        "mediaLink": media,
        "name": entry.name,
        "bucket": entry.bucket,
        "generation": str(entry.generation),
        "metageneration": str(entry.metageneration),
        "storageClass": "STANDARD",
        "size": str(entry.digest.size),
        "crc32c": entry.digest.crc32c,
        "etag": entry.tag,
        "timeCreated": timestamp(entry.created),
        "updated": timestamp(entry.updated),
        "timeStorageClassUpdated": timestamp(entry.created),
        **entry.attributes,
    }
    if entry.digest.md5:
        found["md5Hash"] = entry.digest.md5
    if entry.metadata:
        found["metadata"] = entry.metadata
    if entry.components:
        found["componentCount"] = entry.components
    return found


def headers(entry: Entry, *, xml: bool) -> dict[str, str]:
    """The headers of a download, save those of its length."""
    digest = entry.digest
    hashes = f"crc32c={digest.crc32c}" + (f",md5={digest.md5}" if digest.md5 else "")
    found = {
        "ETag": entry.xml_tag if xml else entry.tag,
        "Last-Modified": entry.modified,
        "Accept-Ranges": "bytes",
        "x-goog-generation": str(entry.generation),
        "x-goog-metageneration": str(entry.metageneration),
        "x-goog-hash": hashes,
        "x-goog-storage-class": "STANDARD",
        "x-goog-stored-content-encoding": entry.attributes.get("contentEncoding", "identity"),
        "x-goog-stored-content-length": str(digest.size),
    }
    found |= {"x-goog-meta-" + _percent(_NO_TOKEN, key): value for key, value in entry.metadata.items()}
    found |= {header: entry.attributes[key] for key, header in ATTRIBUTES.items() if key in entry.attributes}
    return {key: _percent(_CONTROL, value) for key, value in found.items()}


def _percent(what: re.Pattern[str], text: str) -> str:
    """Text in which some characters are written as URLs write them: what a client says must not end a header."""
    return what.sub(lambda found: quote(found[0], safe="", errors="replace"), text)
