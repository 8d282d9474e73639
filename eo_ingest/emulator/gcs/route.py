"""Which operation a request is, and who answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eo_ingest.emulator.gcs.batch import batch
from eo_ingest.emulator.gcs.errors import GcsError, unknown
from eo_ingest.emulator.gcs.json_bucket import JsonBuckets
from eo_ingest.emulator.gcs.json_object import JsonObjects
from eo_ingest.emulator.gcs.message import Reply, Request, decode, json_reply, xml_reply
from eo_ingest.emulator.gcs.upload import Uploads
from eo_ingest.emulator.gcs.xml_api import XmlApi

if TYPE_CHECKING:
    from eo_ingest.emulator.gcs.storage import Storage

_JSON = "/storage/v1/"
_UPLOAD = "/upload/storage/v1/"
_DOWNLOAD = "/download/storage/v1/"
_BATCH = "/batch/storage/v1"

Answer = Callable[..., Reply]


@dataclass(frozen=True)
class Operation:
    """What a request asks for, such as `objects.get`, of which bucket and object; `xml` is the API of its errors."""

    kind: str
    answer: Answer
    arguments: tuple[str, ...] = ()
    xml: bool = False

    @property
    def bucket(self) -> str:
        """The bucket's name, empty where it is about none."""
        return self.arguments[0] if self.arguments else ""

    @property
    def name(self) -> str:
        """The object's name, empty where it is about none."""
        return self.arguments[1] if len(self.arguments) > 1 else ""


class Router:
    """Finds the operation of a request."""

    def __init__(self, storage: Storage) -> None:
        buckets, objects, uploads = JsonBuckets(storage), JsonObjects(storage), Uploads(storage)
        self._uploads, self._objects, self._xml = uploads, objects, XmlApi(storage)
        self._roots: dict[str, tuple[str, Answer]] = {
            "GET": ("buckets.list", buckets.list),
            "POST": ("buckets.insert", buckets.insert),
        }
        self._buckets: dict[str, tuple[str, Answer]] = {
            "GET": ("buckets.get", buckets.get),
            "PATCH": ("buckets.patch", buckets.patch),
            "PUT": ("buckets.patch", buckets.patch),
            "DELETE": ("buckets.delete", buckets.delete),
        }
        self._of_object: dict[str, tuple[str, Answer]] = {
            "GET": ("objects.get", objects.get),
            "PATCH": ("objects.patch", objects.patch),
            "PUT": ("objects.patch", objects.patch),
            "DELETE": ("objects.delete", objects.delete),
        }
        xml = self._xml
        self._xml_bucket: dict[str, tuple[str, Answer]] = {
            "GET": ("xml.bucket.list", xml.list),
            "HEAD": ("xml.bucket.head", xml.head),
            "PUT": ("xml.bucket.put", xml.create),
            "DELETE": ("xml.bucket.delete", xml.remove),
        }
        self._xml_object: dict[str, tuple[str, Answer]] = {
            "GET": ("xml.object.get", xml.get),
            "HEAD": ("xml.object.head", xml.get),
            "PUT": ("xml.object.put", xml.put),
            "POST": ("xml.object.post", xml.post),
            "DELETE": ("xml.object.delete", xml.delete),
        }

    def find(self, request: Request) -> Operation:
        """The operation.

        Raises:
            GcsError: 501: it is not here; 400: its names are no text.
        """
        path = request.path
        if path.rstrip("/") == _BATCH:
            return Operation("batch", lambda one: batch(one, self.inner))
        if path.startswith(_UPLOAD):
            return self._upload(request, path.removeprefix(_UPLOAD).split("/"))
        if path.startswith(_DOWNLOAD):
            words = path.removeprefix(_DOWNLOAD).split("/", 3)
            if len(words) == 4 and words[0::2] == ["b", "o"] and request.method in {"GET", "HEAD"}:
                return Operation("objects.media", self._objects.media, (decode(words[1]), decode(words[3])))
            raise _not_here(request)
        if path.startswith(_JSON):
            return self._json(request, path.removeprefix(_JSON).split("/"))
        return self._of_xml(request)

    def inner(self, request: Request) -> Reply:
        """The answer to a request of a batch, errors too."""
        try:
            operation = self.find(request)
            return operation.answer(request, *operation.arguments)
        except GcsError as err:
            return refusal(err, xml=False)

    def _upload(self, request: Request, words: list[str]) -> Operation:
        if len(words) != 3 or words[0::2] != ["b", "o"] or request.method not in {"POST", "PUT", "DELETE"}:
            raise _not_here(request)
        if request.method == "DELETE":
            return Operation("uploads.cancel", self._uploads.cancel, (decode(words[1]),))
        kind = "uploads.chunk" if "upload_id" in request.query else "objects.insert"
        return Operation(kind, self._uploads.insert, (decode(words[1]),))

    def _json(self, request: Request, words: list[str]) -> Operation:
        """`b`, `b/<bucket>`, `b/<bucket>/o`, `b/<bucket>/o/<object>` and what is done with it."""
        texts = [decode(word) for word in words]
        if texts[0] != "b" or (len(texts) > 2 and texts[2] != "o"):
            raise _not_here(request)
        if len(texts) > 3:
            return self._json_object(request, texts[1], texts[3], texts[4:])
        if len(texts) == 3:
            return self._pick(request, {"GET": ("objects.list", self._objects.list)}, texts[1])
        if len(texts) == 2 and texts[1]:
            return self._pick(request, self._buckets, texts[1])
        return self._pick(request, self._roots)

    def _json_object(self, request: Request, bucket: str, name: str, words: list[str]) -> Operation:
        """An object, or what `words` behind its name say to do with it."""
        if not words and request.method == "GET" and request.query.get("alt") == "media":
            return Operation("objects.media", self._objects.media, (bucket, name))
        match words:
            case []:
                return self._pick(request, self._of_object, bucket, name)
            case ["compose"]:
                return self._pick(request, {"POST": ("objects.compose", self._objects.compose)}, bucket, name)
            case [("rewriteTo" | "copyTo") as verb, "b", target, "o", new]:
                answer = self._objects.rewrite if verb == "rewriteTo" else self._objects.copy
                return self._pick(request, {"POST": (f"objects.{verb[:-2]}", answer)}, bucket, name, target, new)
            case ["moveTo", "o", new]:
                return self._pick(request, {"POST": ("objects.move", self._objects.move)}, bucket, name, new)
        raise _not_here(request)

    def _of_xml(self, request: Request) -> Operation:
        bucket, _, name = request.path.lstrip("/").partition("/")
        if not bucket and request.method == "GET":
            return Operation("xml.buckets", self._xml.buckets, (), xml=True)
        if not name:
            return self._pick(request, self._xml_bucket, decode(bucket), xml=True)
        return self._pick(request, self._xml_object, decode(bucket), decode(name), xml=True)

    def _pick(
        self, request: Request, among: dict[str, tuple[str, Answer]], *arguments: str, xml: bool = False
    ) -> Operation:
        if request.method not in among:
            raise _not_here(request)
        kind, answer = among[request.method]
        return Operation(kind, answer, arguments, xml=xml)


def refusal(error: GcsError, *, xml: bool) -> Reply:
    """An error as the API sends it."""
    return xml_reply(error.xml, error.status) if xml else json_reply(error.json, error.status)


def is_xml(path: str) -> bool:
    """Whether a path is the XML API's."""
    return not path.startswith((_JSON, _UPLOAD, _DOWNLOAD, _BATCH))


def _not_here(request: Request) -> GcsError:
    return unknown(f"{request.method} {request.path[:200]}")
