"""What writers say of their bytes: metadata, and checksums that must hold."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from eo_ingest.emulator.gcs.entry import ATTRIBUTES, Digest, Entry
from eo_ingest.emulator.gcs.errors import GcsError, invalid
from eo_ingest.emulator.gcs.storage import About

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OWN = "x-goog-meta-"


def about_of(resource: Any, content_type: str | None = None) -> About:
    """From an object resource of the JSON API.

    Raises:
        GcsError: 400: metadata that is not text.
    """
    if not isinstance(resource, dict):
        raise invalid("Invalid value for an object resource: expected an object.")
    attributes = {key: str(resource[key]) for key in ATTRIBUTES if resource.get(key) is not None}
    if content_type and "contentType" not in attributes:
        attributes["contentType"] = content_type
    return About(attributes, _texts(resource.get("metadata") or {}))


def about_in(headers: Mapping[str, str]) -> About:
    """From the headers of the XML API."""
    attributes = {key: headers[name] for key, name in ATTRIBUTES.items() if headers.get(name)}
    own = {key.removeprefix(_OWN): value for key, value in headers.items() if key.startswith(_OWN)}
    return About(attributes, own)


def changed(entry: Entry, resource: Mapping[str, Any]) -> About:
    """An object's metadata after a patch, in which null removes a member."""
    attributes = dict(entry.attributes)
    for key in ATTRIBUTES.keys() & resource.keys():
        attributes.pop(key, None)
        if resource[key] is not None:
            attributes[key] = str(resource[key])
    if "metadata" not in resource:
        return About(attributes, entry.metadata)
    own = resource["metadata"]
    if own is None:
        return About(attributes)
    gone = {key for key, value in own.items() if value is None} if isinstance(own, dict) else set()
    kept = {key: value for key, value in entry.metadata.items() if key not in gone}
    return About(attributes, kept | _texts(own, leave=gone))


def _texts(own: Any, leave: set[str] | frozenset[str] = frozenset()) -> dict[str, str]:
    if not isinstance(own, dict) or not all(isinstance(value, str) for key, value in own.items() if key not in leave):
        raise invalid("Invalid value for metadata: expected an object of strings.")
    return {key: value for key, value in own.items() if key not in leave}


def expectation(resource: Mapping[str, Any], headers: Mapping[str, str]) -> Callable[[Digest], None]:
    """A check of the bytes against `crc32c` and `md5Hash` of a resource, and x-goog-hash and Content-MD5."""
    wanted = {key: resource[key] for key in ("crc32c", "md5Hash") if resource.get(key)}
    for part in headers.get("x-goog-hash", "").split(","):
        kind, _, value = part.strip().partition("=")
        if kind in {"crc32c", "md5"}:
            wanted[{"crc32c": "crc32c", "md5": "md5Hash"}[kind]] = value
    if "content-md5" in headers:
        wanted["md5Hash"] = headers["content-md5"]

    def check(digest: Digest) -> None:
        for key, name, found in (("crc32c", "CRC32C", digest.crc32c), ("md5Hash", "MD5", digest.md5)):
            if key in wanted and _bytes(wanted[key]) != _bytes(found):
                message = f"""Provided {name} hash "{wanted[key]}" doesn't match calculated {name} hash "{found}"."""
                raise GcsError(400, "invalid", "BadDigest", message)

    return check


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as err:
        raise invalid(f"Invalid hash: '{text[:100]}'", "InvalidDigest") from err
