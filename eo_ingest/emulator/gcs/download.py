"""The bytes of an object, whole or a range, by either API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eo_ingest.emulator.gcs.condition import Condition, check_tags
from eo_ingest.emulator.gcs.entry import headers
from eo_ingest.emulator.gcs.errors import GcsError
from eo_ingest.emulator.gcs.message import Reply
from eo_ingest.emulator.gcs.span import span

if TYPE_CHECKING:
    from eo_ingest.emulator.gcs.message import Request
    from eo_ingest.emulator.gcs.storage import Storage


def download(storage: Storage, request: Request, bucket: str, name: str, *, xml: bool) -> Reply:
    """A reply to GET or HEAD.

    Raises:
        GcsError: 404, 412, 416; 304 is a reply.
    """
    condition = Condition.of_headers(request.headers) if xml else Condition.of_query(request.query)
    try:
        with storage.open(bucket, name, generation=request.number("generation"), condition=condition) as found:
            entry, content = found
            known = headers(entry, xml=xml)
            check_tags(entry, request.headers, known["ETag"])
            size = entry.digest.size
            asked = span(request.headers.get("range"), size)
            start, end = asked or (0, size)
            body = content.read(start, end) if request.method != "HEAD" else b""
    except GcsError as err:
        if err.status == 304:
            return Reply(304)
        raise
    if asked:
        known["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    known.setdefault("content-type", "application/octet-stream")
    return Reply(206 if asked else 200, known, body, end - start)
