"""The XML API's multipart uploads: parts in any order, then one object of them."""

from __future__ import annotations

import re
import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eo_ingest.emulator.gcs.entry import Digest, Entry
from eo_ingest.emulator.gcs.errors import GcsError, invalid, no_upload
from eo_ingest.emulator.gcs.writing import about_in, expectation
from eo_ingest.emulator.gcs.xml_text import element, of_xml, to_xml

if TYPE_CHECKING:
    from eo_ingest.emulator.gcs.message import Request
    from eo_ingest.emulator.gcs.storage import About, Storage

_PARTS = 10_000
_LEAST = 5 * 2**20


@dataclass(frozen=True)
class _Part:
    data: bytes
    tag: str


@dataclass
class _Upload:
    bucket: str
    name: str
    about: About
    parts: dict[int, _Part] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Parts:
    """Uploads that are under way; those of a process end with it."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._lock = threading.Lock()
        self._open: dict[str, _Upload] = {}

    def begin(self, request: Request, bucket: str, name: str) -> str:
        """`POST ?uploads`: the document with the upload's id."""
        self._storage.bucket(bucket)
        key = secrets.token_urlsafe(32)
        with self._lock:
            self._open[key] = _Upload(bucket, name, about_in(request.headers))
        inner = element("Bucket", bucket) + element("Key", name) + element("UploadId", key)
        return to_xml("InitiateMultipartUploadResult", inner)

    def put(self, request: Request, bucket: str, name: str) -> Digest:
        """`PUT ?partNumber&uploadId`: keeps a part; one that comes again replaces what was there."""
        upload = self._get(request, bucket, name)
        number = request.number("partNumber")
        if number is None or not 1 <= number <= _PARTS:
            raise invalid(f"Part number must be an integer between 1 and {_PARTS}, inclusive.")
        digest = Digest.of(request.body)
        expectation({}, request.headers)(digest)
        upload.parts[number] = _Part(request.body, tag(digest))
        return digest

    def list(self, request: Request, bucket: str, name: str) -> str:
        """`GET ?uploadId`: the parts that are there."""
        upload = self._get(request, bucket, name)
        inner = element("Bucket", bucket) + element("Key", name) + element("UploadId", request.query["uploadId"])
        for number, part in sorted(upload.parts.items()):
            size = element("Size", str(len(part.data)))
            inner += f"<Part>{element('PartNumber', str(number))}{element('ETag', part.tag)}{size}</Part>"
        return to_xml("ListPartsResult", inner + element("IsTruncated", "false"))

    def complete(self, request: Request, bucket: str, name: str) -> Entry:
        """`POST ?uploadId`: the object of the parts that the body lists.

        Raises:
            GcsError: 400: parts that are not there, not in order, or too small; 404.
        """
        upload = self._get(request, bucket, name)
        with upload.lock:
            chosen = [self._chosen(upload, *one) for one in _listed(request.body)]
            if any(len(part.data) < _LEAST for part in chosen[:-1]):
                message = "Your proposed upload is smaller than the minimum object size specified."
                raise GcsError(400, "invalid", "EntityTooSmall", message)
            data = b"".join(part.data for part in chosen)
            entry = self._storage.put(bucket, name, data, upload.about, components=len(chosen))
            self.cancel(request, bucket, name)
            return entry

    def cancel(self, request: Request, bucket: str, name: str) -> None:
        """`DELETE ?uploadId`: forgets the upload."""
        self._get(request, bucket, name)
        with self._lock:
            self._open.pop(request.query["uploadId"], None)

    def _get(self, request: Request, bucket: str, name: str) -> _Upload:
        with self._lock:
            found = self._open.get(request.query.get("uploadId", ""))
        if found is None or (found.bucket, found.name) != (bucket, name):
            raise no_upload()
        return found

    @staticmethod
    def _chosen(upload: _Upload, number: int, wanted: str) -> _Part:
        part = upload.parts.get(number)
        if part is None or part.tag.strip('"') != wanted.strip('"'):
            message = "One or more of the specified parts could not be found."
            raise GcsError(400, "invalid", "InvalidPart", message)
        return part


def tag(digest: Digest) -> str:
    """A part's entity tag, quotes included."""
    from base64 import b64decode

    return f'"{b64decode(digest.md5).hex()}"'


def _listed(body: bytes) -> list[tuple[int, str]]:
    """Numbers and tags of the parts of a CompleteMultipartUpload."""
    found = []
    for part in of_xml(body, "CompleteMultipartUpload"):
        members = {re.sub(r"\{.*\}", "", one.tag): (one.text or "").strip() for one in part}
        if not members.get("PartNumber", "").isdigit() or "ETag" not in members:
            raise GcsError(400, "invalid", "MalformedXML", "Each Part has a PartNumber and an ETag.")
        found.append((int(members["PartNumber"]), members["ETag"]))
    numbers = [number for number, _ in found]
    if not found or numbers != sorted(set(numbers)):
        raise GcsError(400, "invalid", "InvalidPartOrder", "The list of parts was not in ascending order.")
    return found
