"""Thumbnails and downloads: a request for pixels is registered, and its pixels are fetched from the name it gets."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from eo_ingest.emulator import pixels
from eo_ingest.emulator.errors import EarthEngineError

if TYPE_CHECKING:
    from eo_ingest.emulator.image import Image
    from eo_ingest.emulator.pixels import Job, Reply

# Bytes of registered requests; the oldest are forgotten, as Earth Engine forgets them after some hours.
_KEPT = 256 * 2**20

Evaluate = Callable[[Any], "Image"]


class Downloads:
    """The requests of one emulator."""

    def __init__(self, evaluate: Evaluate, *, kept: int = _KEPT) -> None:
        self._evaluate = evaluate
        self._kept = kept
        self._requests: OrderedDict[str, str] = OrderedDict()
        self._bytes = 0
        self._guard = threading.Lock()

    def create(self, project: str, request: Any) -> dict[str, Any]:
        """Registers a request; equal ones have one name.

        Raises:
            EarthEngineError: It cannot be computed or asks for too much, as far as that shows before its pixels are.
        """
        self._prepare(request)
        text = json.dumps(request, sort_keys=True)
        digest = hashlib.sha256(f"{project} {text}".encode()).hexdigest()
        name = f"{digest[:32]}-{digest[32:]}"
        with self._guard:
            if name not in self._requests:
                self._requests[name] = text
                self._bytes += len(text)
            self._requests.move_to_end(name)
            while self._bytes > self._kept and len(self._requests) > 1:
                self._bytes -= len(self._requests.popitem(last=False)[1])
        return {"name": f"projects/{project}/thumbnails/{name}"}

    def pixels(self, project: str, name: str, *, memory: int) -> tuple[Reply, str]:
        """The pixels of a registered request and the name of a file for them."""
        with self._guard:
            text = self._requests.get(name)
        if text is None:
            raise EarthEngineError(f"Thumbnail 'projects/{project}/thumbnails/{name}' not found.", code=404)
        job = self._prepare(json.loads(text))
        reply = job.render(memory)
        return reply, f"{job.prefix}{reply.suffix}"

    def _prepare(self, request: Any) -> Job:
        if not isinstance(request, Mapping):
            raise EarthEngineError("Invalid JSON payload received.")
        image = self._evaluate(request)
        prefix = request.get("filenamePrefix") or (image.id or "download").rpartition("/")[2]
        # The name goes into a header and into archives: only what is a file's name everywhere.
        prefix = re.sub(r"[^\w.-]+", "_", str(prefix)).lstrip(".") or "download"
        return pixels.prepare(image, request, pixels.DOWNLOAD, prefix=prefix)
