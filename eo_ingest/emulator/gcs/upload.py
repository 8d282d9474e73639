"""The JSON API's uploads: simple, multipart and resumable."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from eo_ingest.emulator.gcs.condition import Condition
from eo_ingest.emulator.gcs.entry import resource
from eo_ingest.emulator.gcs.errors import invalid
from eo_ingest.emulator.gcs.message import Reply, json_reply, parse_json
from eo_ingest.emulator.gcs.multipart import related
from eo_ingest.emulator.gcs.name import check_object
from eo_ingest.emulator.gcs.session import Session, Sessions
from eo_ingest.emulator.gcs.writing import about_of, expectation

if TYPE_CHECKING:
    from eo_ingest.emulator.gcs.message import Request
    from eo_ingest.emulator.gcs.storage import Storage


class Uploads:
    """Answers `/upload/storage/v1/b/<bucket>/o`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._sessions = Sessions()

    def insert(self, request: Request, bucket: str) -> Reply:
        """POST: an upload of any kind, or its next chunk; PUT: its next chunk.

        Raises:
            GcsError: By the storage, or 400.
        """
        kind = request.query.get("uploadType", "")
        if "upload_id" in request.query:
            return self._chunk(request, bucket)
        if request.method != "POST":
            raise invalid("An upload begins with POST.")
        if kind == "multipart":
            return self._multipart(request, bucket)
        if kind == "resumable":
            return self._begin(request, bucket)
        if kind == "media":
            about = about_of({}, request.headers.get("content-type"))
            condition = Condition.of_query(request.query)
            expect = expectation({}, request.headers)
            name = request.query.get("name", "")
            entry = self._storage.put(bucket, name, request.body, about, condition=condition, expect=expect)
            return json_reply(resource(entry, request.base))
        raise invalid(f"Unknown uploadType '{kind}'; expected media, multipart or resumable.")

    def cancel(self, request: Request, _bucket: str) -> Reply:
        """DELETE of a session: 499, as Cloud Storage has it."""
        self._sessions.cancel(request.query.get("upload_id", ""))
        return Reply(499)

    def _multipart(self, request: Request, bucket: str) -> Reply:
        first, second = related(request.body, request.headers.get("content-type", ""))
        known = parse_json(first.body)
        entry = self._storage.put(
            bucket,
            str(known.get("name") or request.query.get("name", "")),
            second.body,
            about_of(known, second.headers.get("content-type")),
            condition=Condition.of_query(request.query),
            expect=expectation(known, request.headers),
        )
        return json_reply(resource(entry, request.base))

    def _begin(self, request: Request, bucket: str) -> Reply:
        known = request.json
        name = check_object(str(known.get("name") or request.query.get("name", "")))
        condition = Condition.of_query(request.query)
        self._storage.check(bucket, name, condition)
        about = about_of(known, request.headers.get("x-upload-content-type"))
        key = self._sessions.begin(Session(bucket, name, about, known, condition))
        where = f"{request.base}/upload/storage/v1/b/{bucket}/o?uploadType=resumable&name={quote(name, safe='')}"
        return Reply(200, {"Location": f"{where}&upload_id={key}", "X-GUploader-UploadID": key})

    def _chunk(self, request: Request, bucket: str) -> Reply:
        key = request.query["upload_id"]
        session = self._sessions.get(key)
        with session.lock:
            if session.bucket != bucket:
                raise invalid(f"The upload is for bucket '{session.bucket}', not '{bucket}'.")
            if session.done is None and session.take(request.headers.get("content-range"), request.body):
                session.done = self._storage.put(
                    bucket,
                    session.name,
                    bytes(session.data),
                    session.about,
                    condition=session.condition,
                    expect=expectation(session.resource, request.headers),
                )
                session.data = bytearray()
            if session.done is not None:
                return json_reply(resource(session.done, request.base))
            have = {"Range": f"bytes=0-{len(session.data) - 1}"} if session.data else {}
            return Reply(308, {**have, "X-GUploader-UploadID": key})
