"""Resumable uploads: bytes in chunks, in order, each of which may come again."""

from __future__ import annotations

import re
import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eo_ingest.emulator.gcs.errors import invalid, no_upload

if TYPE_CHECKING:
    from eo_ingest.emulator.gcs.condition import Condition
    from eo_ingest.emulator.gcs.entry import Entry
    from eo_ingest.emulator.gcs.storage import About

UNIT = 256 * 1024
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(?:(\d+)|\*)")


@dataclass
class Session:
    """An upload that was begun; `done` is the object when it is one. Used under its lock."""

    bucket: str
    name: str
    about: About
    resource: dict[str, Any]
    condition: Condition
    data: bytearray = field(default_factory=bytearray)
    done: Entry | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, content_range: str | None, body: bytes) -> bool:
        """Keeps what is new of a chunk; True where these are all bytes.

        Raises:
            GcsError: 400: a gap, a length that is not the range's, or a chunk that is too small and not the last.
        """
        if content_range is None:
            self.data[:] = body
            return True
        first, last, total = _parse(content_range)
        if first is None:
            return total == len(self.data)
        if last - first + 1 != len(body):
            raise invalid(f"Invalid request. There were {len(body)} byte(s) in the request body, not as Content-Range.")
        if first > len(self.data):
            have = f"{first} byte(s), which exceeds already uploaded size of {len(self.data)} byte(s)"
            raise invalid(f"Invalid request. According to the Content-Range header, the upload offset is {have}.")
        final = total is not None and last + 1 == total
        if not final and len(body) < UNIT:
            raise invalid(
                "Invalid request. The number of bytes uploaded is required to be equal or greater than 262144, "
                "except for the final request (it's recommended to be the exact multiple of 262144)."
            )
        kept = last + 1 if final else (last + 1) // UNIT * UNIT
        new = memoryview(body)[len(self.data) - first : max(0, kept - first)]
        self.data += new
        return final


def _parse(text: str) -> tuple[int | None, int, int | None]:
    """First and last byte and total of a Content-Range; no first byte for `bytes */…`, which asks or ends."""
    found = _RANGE.fullmatch(text.strip())
    total = int(found[3]) if found and found[3] else None
    if not found or (found[1] and (int(found[2]) < int(found[1]) or (total is not None and int(found[2]) >= total))):
        raise invalid(f"Invalid Content-Range: '{text[:100]}'")
    return (int(found[1]), int(found[2]), total) if found[1] else (None, -1, total)


class Sessions:
    """All sessions by their id; those that are done stay, so that a lost reply can be asked for again."""

    _KEPT = 1000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Session] = {}

    def begin(self, session: Session) -> str:
        """Its id. The oldest that are done are forgotten."""
        with self._lock:
            done = [key for key, one in self._open.items() if one.done]
            for key in done[: max(0, len(done) - self._KEPT)]:
                del self._open[key]
            key = secrets.token_urlsafe(32)
            self._open[key] = session
            return key

    def get(self, key: str) -> Session:
        """A session.

        Raises:
            GcsError: 404.
        """
        with self._lock:
            if key not in self._open:
                raise no_upload()
            return self._open[key]

    def cancel(self, key: str) -> None:
        """Forgets a session.

        Raises:
            GcsError: 404.
        """
        self.get(key)
        with self._lock:
            self._open.pop(key, None)
