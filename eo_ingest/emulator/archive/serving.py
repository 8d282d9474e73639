"""Files over HTTP: HEAD, GET, ranges and entity tags."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import Response

from eo_ingest import emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True)
class File:
    """A file that is made when it is asked for; `path` tells it from all others."""

    path: str
    media_type: str
    make: Callable[[], bytes]

    @property
    def tag(self) -> str:
        """The entity tag, quotes included: known without making the file, for the code and the name decide it."""
        return f'"{hashlib.md5(f"{code()}/{self.path}".encode(), usedforsecurity=False).hexdigest()}"'


@lru_cache(maxsize=1)
def code() -> str:
    """A digest of the emulator's own source: all that decides what its files hold."""
    folder = Path(emulator.__path__[0])
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def reply(file: File, headers: Mapping[str, str]) -> Response:
    """The whole file, or the one range of it that is asked for; Starlette leaves out the body of a HEAD.

    Several ranges at once, and what is no range of bytes, get the whole, as HTTP allows.
    """
    known = {"ETag": file.tag, "Accept-Ranges": "bytes"}
    if headers.get("if-none-match") in {file.tag, "*"}:
        return Response(status_code=304, headers=known)
    data = file.make()
    found = _RANGE.fullmatch(headers.get("range", ""))
    if not found or not (found[1] or found[2]) or headers.get("if-range", file.tag) != file.tag:
        return Response(data, headers=known, media_type=file.media_type)
    start, end = _span(found[1], found[2], len(data))
    if start >= end:
        return Response(status_code=416, headers={**known, "Content-Range": f"bytes */{len(data)}"})
    known["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
    return Response(data[start:end], 206, headers=known, media_type=file.media_type)


def _span(first: str, last: str, size: int) -> tuple[int, int]:
    """The half-open span of a range; `-n` is the last n bytes."""
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1 if last else size)
