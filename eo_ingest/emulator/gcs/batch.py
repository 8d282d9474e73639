"""The JSON API's batches: many requests in one, each answered for itself."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from eo_ingest.emulator.gcs.errors import invalid
from eo_ingest.emulator.gcs.message import Reply, Request
from eo_ingest.emulator.gcs.multipart import Part, mixed

if TYPE_CHECKING:
    from collections.abc import Callable

_LIMIT = 1000
_BOUNDARY = "batch_eo_ingest_gcs"


def batch(request: Request, answer: Callable[[Request], Reply]) -> Reply:
    """Answers each request of a batch in turn.

    Raises:
        GcsError: 400: the batch itself is wrong.
    """
    parts = mixed(request.body, request.headers.get("content-type", ""))
    if not 1 <= len(parts) <= _LIMIT:
        raise invalid(f"The batch request holds {len(parts)} calls; expected 1 to {_LIMIT}.")
    calls = [_inner(part, request) for part in parts]  # all of them, before any is done
    pieces = [_piece(part, answer(call)) for part, call in zip(parts, calls, strict=True)]
    body = b"".join(b"--" + _BOUNDARY.encode() + b"\r\n" + piece for piece in pieces)
    # gcsfs takes all behind the equals sign for the boundary: no quotes.
    known = {"Content-Type": f"multipart/mixed; boundary={_BOUNDARY}"}
    return Reply(200, known, body + b"--" + _BOUNDARY.encode() + b"--\r\n")


def _inner(part: Part, outer: Request) -> Request:
    head, _, body = part.body.replace(b"\r\n", b"\n").lstrip(b"\n").partition(b"\n\n")
    first, *lines = head.decode().split("\n")
    words = first.split()
    if len(words) < 2:
        raise invalid(f"A part of the batch is no request: '{first[:100]}'")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    target = words[1]
    if "://" in target:
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    if not target.startswith("/storage/v1/"):
        raise invalid(f"A batch is for requests to /storage/v1/, not '{target[:100]}'.")
    return Request.of(words[0], target, headers, body.strip(), outer.base)


def _piece(part: Part, reply: Reply) -> bytes:
    named = part.headers.get("content-id", "")
    head = "Content-Type: application/http\r\n"
    if named:
        head += f"Content-ID: <response-{named.strip('<>')}>\r\n"
    try:
        phrase = HTTPStatus(reply.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = "".join(f"{key}: {value}\r\n" for key, value in reply.headers.items())
    status = f"HTTP/1.1 {reply.status} {phrase}\r\n{lines}Content-Length: {len(reply.body)}\r\n"
    return f"{head}\r\n{status}\r\n".encode() + reply.body + b"\r\n"
