"""The rule for keys, the same for every store."""

from __future__ import annotations

from eo_ingest.errors import StoreError


def checked(key: str) -> str:
    """The key itself if it stays inside its store.

    Raises:
        StoreError: for absolute keys, empty parts, `.` and `..`, backslashes and control characters.
    """
    parts = key.split("/")
    if any(p in {"", ".", ".."} or "\\" in p or any(ord(c) < 32 for c in p) for p in parts):
        raise StoreError(f"{key!r} is not a key: expected names joined by single slashes")
    return key
