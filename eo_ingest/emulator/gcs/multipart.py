"""Bodies of several parts, with the line ends of either kind."""

from __future__ import annotations

import re
from dataclasses import dataclass

from eo_ingest.emulator.gcs.errors import invalid

_BOUNDARY = re.compile(r"boundary\s*=\s*(?:\"([^\"]+)\"|([^\s;\"]+))", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """A part's headers, in lower case, and its bytes."""

    headers: dict[str, str]
    body: bytes


def boundary(content_type: str) -> bytes:
    """The boundary that a content type names.

    Raises:
        GcsError: 400.
    """
    found = _BOUNDARY.search(content_type)
    if not found or not content_type.lower().startswith("multipart/"):
        raise invalid(f"Expected a multipart content type with a boundary, found '{content_type[:100]}'.")
    return (found[1] or found[2]).encode("latin-1")


def related(body: bytes, content_type: str) -> tuple[Part, Part]:
    """Metadata and bytes of an upload. The bytes end at the last boundary, whatever else they hold.

    Raises:
        GcsError: 400.
    """
    mark = b"--" + boundary(content_type)
    start, end = _after(body, mark, 0), body.rfind(mark + b"--")
    if end < start:
        raise invalid("Multipart body: the closing boundary is missing.")
    first, rest = _split_head(body, start)
    middle = body.find(b"\n" + mark, rest - 1)
    if not 0 <= middle < end - 1:
        raise invalid("Multipart body: expected two parts.")
    # A payload may end with a carriage return of its own: the first line says which line ends are meant.
    line_end = b"\r\n" if body[start - 2 : start] == b"\r\n" else b"\n"
    second, data = _split_head(body, _after(body, mark, middle + 1))
    if not body[data:end].endswith(line_end):
        raise invalid("Multipart body: the closing boundary is not on a line of its own.")
    return Part(first, body[rest:middle].strip()), Part(second, body[data : end - len(line_end)])


def mixed(body: bytes, content_type: str) -> list[Part]:
    """The parts of a batch, whose bodies are text.

    Raises:
        GcsError: 400.
    """
    pieces = re.split(rb"(?:^|\r?\n)--" + re.escape(boundary(content_type)), body)
    parts = []
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            break
        headers, start = _split_head(piece, _after(piece, b"", 0))
        parts.append(Part(headers, piece[start:]))
    return parts


def _after(body: bytes, mark: bytes, where: int) -> int:
    """Where the line that begins with a mark ends."""
    found = body.find(mark, where)
    line = body.find(b"\n", found)
    if found < 0 or line < 0:
        raise invalid("Multipart body: a boundary is missing.")
    return line + 1


def _split_head(body: bytes, start: int) -> tuple[dict[str, str], int]:
    """A part's headers, and where its bytes begin."""
    headers: dict[str, str] = {}
    while True:
        end = body.find(b"\n", start)
        if end < 0:
            raise invalid("Multipart body: the headers of a part do not end.")
        line, start = body[start:end].strip(), end + 1
        if not line:
            return headers, start
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
