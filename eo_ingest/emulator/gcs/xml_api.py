"""The XML API: `/<bucket>` and `/<bucket>/<object>`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from eo_ingest.emulator.gcs.condition import Condition
from eo_ingest.emulator.gcs.download import download
from eo_ingest.emulator.gcs.entry import Entry, headers, timestamp
from eo_ingest.emulator.gcs.errors import invalid
from eo_ingest.emulator.gcs.listing import LIMIT, Query, of_token, to_token
from eo_ingest.emulator.gcs.message import Reply, decode, xml_reply
from eo_ingest.emulator.gcs.parts import Parts, tag
from eo_ingest.emulator.gcs.storage import About
from eo_ingest.emulator.gcs.writing import about_in, expectation
from eo_ingest.emulator.gcs.xml_text import element, to_xml

if TYPE_CHECKING:
    from eo_ingest.emulator.gcs.message import Request
    from eo_ingest.emulator.gcs.storage import Storage

_LOST = frozenset({"content-type", "Accept-Ranges", "Last-Modified"})


class XmlApi:
    """Answers what object_store, obstore and icechunk ask."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._parts = Parts(storage)

    def buckets(self, _request: Request) -> Reply:
        """`GET /`."""
        found = self._storage.buckets()
        inner = "".join(
            f"<Bucket>{element('Name', one.name)}{element('CreationDate', timestamp(one.created))}</Bucket>"
            for one in found
        )
        return xml_reply(to_xml("ListAllMyBucketsResult", f"<Buckets>{inner}</Buckets>"))

    def create(self, _request: Request, bucket: str) -> Reply:
        """`PUT /<bucket>`."""
        self._storage.create_bucket(bucket)
        return Reply()

    def head(self, _request: Request, bucket: str) -> Reply:
        """`HEAD /<bucket>`."""
        self._storage.bucket(bucket)
        return Reply()

    def remove(self, _request: Request, bucket: str) -> Reply:
        """`DELETE /<bucket>`."""
        self._storage.delete_bucket(bucket)
        return Reply(204)

    def list(self, request: Request, bucket: str) -> Reply:
        """`GET /<bucket>`: versions 1 and 2 of S3's listing."""
        query = request.query
        newer = query.get("list-type") == "2"
        after = query.get("start-after", "") if newer else ""
        asked = Query(
            prefix=query.get("prefix", ""),
            delimiter=query.get("delimiter", ""),
            start=after + "\0" if after else "",
            after=of_token(query.get("continuation-token", "")) if newer else query.get("marker", ""),
            limit=min(request.number("max-keys") or LIMIT, LIMIT),
        )
        entries, page = self._storage.page(bucket, asked)
        encoded = query.get("encoding-type") == "url"
        write = (lambda text: quote(text, safe="/")) if encoded else str
        inner = element("Name", bucket) + element("Prefix", write(asked.prefix))
        inner += element("MaxKeys", str(asked.limit)) + element("IsTruncated", "true" if page.last else "false")
        inner += element("Delimiter", write(asked.delimiter)) if asked.delimiter else ""
        inner += element("EncodingType", "url") if encoded else ""
        if newer:
            inner += element("KeyCount", str(len(entries) + len(page.prefixes)))
        if page.last:
            inner += element(*(("NextContinuationToken", to_token(page.last)) if newer else ("NextMarker", page.last)))
        inner += "".join(_contents(entry, write(entry.name)) for entry in entries)
        inner += "".join(f"<CommonPrefixes>{element('Prefix', write(one))}</CommonPrefixes>" for one in page.prefixes)
        return xml_reply(to_xml("ListBucketResult", inner))

    def get(self, request: Request, bucket: str, name: str) -> Reply:
        """`GET` or `HEAD` of an object, or the parts of an upload."""
        if "uploadId" in request.query:
            return xml_reply(self._parts.list(request, bucket, name))
        return download(self._storage, request, bucket, name, xml=True)

    def put(self, request: Request, bucket: str, name: str) -> Reply:
        """`PUT`: an object, a copy of one, or a part."""
        _reading_only(request)
        if "uploadId" in request.query:
            digest = self._parts.put(request, bucket, name)
            return Reply(200, {"ETag": tag(digest), "x-goog-hash": f"crc32c={digest.crc32c},md5={digest.md5}"})
        condition = Condition.of_headers(request.headers)
        if "x-goog-copy-source" in request.headers:
            return self._copy(request, bucket, name, condition)
        about, expect = about_in(request.headers), expectation({}, request.headers)
        return _written(self._storage.put(bucket, name, request.body, about, condition=condition, expect=expect))

    def post(self, request: Request, bucket: str, name: str) -> Reply:
        """`POST ?uploads` begins a multipart upload, `POST ?uploadId` ends it."""
        if "uploads" in request.query:
            return xml_reply(self._parts.begin(request, bucket, name))
        if "uploadId" not in request.query:
            raise invalid("POST of an object is for multipart uploads: 'uploads' or 'uploadId' is missing.")
        entry = self._parts.complete(request, bucket, name)
        where = element("Location", f"{request.base}/{bucket}/{quote(name)}") + element("Bucket", bucket)
        inner = where + element("Key", name) + element("ETag", entry.xml_tag)
        return xml_reply(to_xml("CompleteMultipartUploadResult", inner), headers=_written(entry).headers)

    def delete(self, request: Request, bucket: str, name: str) -> Reply:
        """`DELETE`: an object, or an upload."""
        if "uploadId" in request.query:
            self._parts.cancel(request, bucket, name)
            return Reply(204)
        condition = Condition.of_headers(request.headers)
        self._storage.delete(bucket, name, generation=request.number("generation"), condition=condition)
        return Reply(204)

    def _copy(self, request: Request, bucket: str, name: str, condition: Condition) -> Reply:
        source = decode(request.headers["x-goog-copy-source"]).lstrip("/")
        other, _, old = source.partition("/")
        of = Condition.of_headers(request.headers, "x-goog-copy-source-if-")
        with self._storage.open(other, old) as (entry, content):
            of.check(entry)
            data = content.read(0, entry.digest.size)
        anew = request.headers.get("x-goog-metadata-directive", "COPY").upper() == "REPLACE"
        about = about_in(request.headers) if anew else About(entry.attributes, entry.metadata)
        made = self._storage.put(bucket, name, data, about, condition=condition, components=entry.components)
        inner = element("LastModified", timestamp(made.updated)) + element("ETag", made.xml_tag)
        return xml_reply(to_xml("CopyObjectResult", inner), headers=_written(made).headers)


def _reading_only(request: Request) -> None:
    """Cloud Storage has If-Match and If-None-Match for reading; a write that trusts in them must not be done."""
    for name in ("if-match", "if-none-match"):
        if name in request.headers:
            raise invalid(f"{name} is for GET and HEAD; a write is made conditional by x-goog-if-generation-match.")


def _written(entry: Entry) -> Reply:
    return Reply(200, {key: value for key, value in headers(entry, xml=True).items() if key not in _LOST})


def _contents(entry: Entry, key: str) -> str:
    inner = element("Key", key) + element("Generation", str(entry.generation))
    inner += element("MetaGeneration", str(entry.metageneration)) + element("LastModified", timestamp(entry.updated))
    inner += element("ETag", entry.xml_tag) + element("Size", str(entry.digest.size))
    return f"<Contents>{inner}{element('StorageClass', 'STANDARD')}</Contents>"
