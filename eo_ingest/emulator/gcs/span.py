"""Ranges of bytes of a download."""

from __future__ import annotations

import re

from eo_ingest.emulator.gcs.errors import bad_range

_RANGE = re.compile(r"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*")


def span(header: str | None, size: int) -> tuple[int, int] | None:
    """The half-open span that a Range header asks for; None is the whole, also for what is no range of bytes.

    `bytes=-n` is the last n bytes, all of them where there are fewer.

    Raises:
        GcsError: 416: no byte is in the range.
    """
    found = _RANGE.fullmatch(header or "")
    if not found or not (found[1] or found[2]):
        return None
    if not found[1]:
        start, end = max(0, size - int(found[2])), size
    else:
        start, end = int(found[1]), min(size, int(found[2]) + 1 if found[2] else size)
        if found[2] and int(found[2]) < start:
            return None
    if start >= end:
        raise bad_range()
    return start, end
