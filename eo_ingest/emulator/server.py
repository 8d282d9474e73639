"""The HTTP server: Earth Engine's REST API on loopback."""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from eo_ingest.emulator import algorithms as _algorithms
from eo_ingest.emulator import documents, listing, pixels
from eo_ingest.emulator.algorithms.load import load_image
from eo_ingest.emulator.catalogue import Empty, Layered
from eo_ingest.emulator.downloads import Downloads
from eo_ingest.emulator.encode import encode
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.expression import Expression
from eo_ingest.emulator.gcs.serving import by_port
from eo_ingest.emulator.image import Image
from eo_ingest.emulator.registry import Context

if TYPE_CHECKING:
    from pathlib import Path

    import uvicorn
    from starlette.requests import Request

    from eo_ingest.emulator.asset import Catalogue

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
_OF_WORLD = "Earth_Big_Data/GLOBAL_SEASONAL_S1/V2019/COHERENCE_RAW"
# Intermediate results that all requests together may keep.
_MEMORY = 2**30
# Deep graphs are evaluated by recursion: several Python frames for each node.
_RECURSION = 20_000
_STACK = 256 * 2**20

assert _algorithms  # noqa: S101  imported so that the algorithms register

Handler = Callable[["Request"], Awaitable[Response]]


def _json(content: Any, status: int = 200) -> Response:
    return Response(json.dumps(content), status, media_type="application/json")


class Emulator:
    """Answers requests from a catalogue; evaluation runs in as many threads as there are processors."""

    def __init__(self, catalogue: Catalogue, *, workers: int | None = None) -> None:
        self._context = Context(catalogue)
        self._downloads = Downloads(self._image)
        self._workers = workers or os.cpu_count() or 1
        self._limiter: CapacityLimiter | None = None
        self.url = ""

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                *self._archives(),
                Route("/$discovery/rest", self._discovery),
                Route("/{version}/projects/{project}/algorithms", self._answer(self._algorithms)),
                Route("/{version}/projects/{project}/value:compute", self._answer(self._compute), methods=["POST"]),
                Route(
                    "/{version}/projects/{project}/image:computePixels", self._answer(self._pixels), methods=["POST"]
                ),
                Route("/{version}/projects/{project}/thumbnails", self._answer(self._register), methods=["POST"]),
                Route("/{version}/projects/{project}/thumbnails/{name}:getPixels", self._answer(self._registered)),
                Route("/{version}/projects/{project}:listAssets", self._answer(self._list_root)),
                Route("/{version}/{name:path}:listAssets", self._answer(self._list)),
                Route("/{version}/{name:path}:getPixels", self._answer(self._asset_pixels), methods=["POST"]),
                Route("/{version}/projects/{name:path}", self._answer(self._asset)),
                Route("/{path:path}", self._unknown, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
            ]
        )

    def _archives(self) -> list[BaseRoute]:
        """The synthetic world's archives, where the world is served."""
        if self._context.catalogue.get(_OF_WORLD) is None:
            return []
        from eo_ingest.emulator.archive.routes import routes

        return [Mount("/archive", routes=routes())]

    def _answer(self, work: Callable[[Mapping[str, str], Mapping[str, str], Any], Response]) -> Handler:
        """A handler that reads the body and does the work in a thread."""

        async def handle(request: Request) -> Response:
            if self._limiter is None:
                self._limiter = CapacityLimiter(self._workers)
            raw = await request.body()
            try:
                body = json.loads(raw) if raw else {}
            except ValueError:
                return _json(EarthEngineError("Invalid JSON payload received.").body, 400)
            arguments = dict(request.path_params), dict(request.query_params), body
            return await anyio.to_thread.run_sync(self._guarded, work, arguments, limiter=self._limiter)

        return handle

    def _guarded(self, work: Callable[..., Response], arguments: tuple[Any, ...]) -> Response:
        try:
            return work(*arguments)
        except EarthEngineError as err:
            return _json(err.body, err.code)
        except RecursionError:
            return _json(EarthEngineError("Expression is too deeply nested.").body, 400)
        except MemoryError:
            return _json(EarthEngineError("User memory limit exceeded.").body, 400)
        except Exception as err:  # a bug of ours must reach the client as an answer, not as a broken connection
            log.exception("the emulator failed")
            # 400 and not 500: the client repeats what is 500, and the same bug would answer again.
            message = f"Internal error of the emulator: {type(err).__name__}: {err}"
            return _json({"error": {"code": 400, "message": message, "status": "INTERNAL"}}, 400)

    async def _discovery(self, request: Request) -> Response:
        return _json(documents.discovery(str(request.base_url)))

    async def _unknown(self, request: Request) -> Response:
        error = EarthEngineError(f"{request.method} {request.url.path} is not in the emulator.", code=404)
        return _json(error.body, 404)

    def _algorithms(self, _path: Mapping[str, str], _query: Mapping[str, str], _body: Any) -> Response:
        return _json(documents.algorithms())

    def _evaluate(self, body: Any) -> Any:
        if not isinstance(body, Mapping):
            raise EarthEngineError("Invalid JSON payload received.")
        return Expression(body.get("expression"), self._context).evaluate()

    def _compute(self, _path: Mapping[str, str], _query: Mapping[str, str], body: Any) -> Response:
        return _json({"result": encode(self._evaluate(body))})

    def _image(self, body: Any) -> Image:
        image = self._evaluate(body)
        if not isinstance(image, Image):
            raise EarthEngineError("The expression of a request for pixels must be an Image.")
        return image

    def _pixels(self, _path: Mapping[str, str], _query: Mapping[str, str], body: Any) -> Response:
        return self._render(self._image(body), body)

    def _render(self, image: Image, body: Mapping[str, Any]) -> Response:
        reply = pixels.prepare(image, body).render(_MEMORY // self._workers)
        return Response(reply.content, media_type=reply.media)

    def _register(self, path: Mapping[str, str], _query: Mapping[str, str], body: Any) -> Response:
        return _json(self._downloads.create(path["project"], body))

    def _registered(self, path: Mapping[str, str], _query: Mapping[str, str], _body: Any) -> Response:
        reply, name = self._downloads.pixels(path["project"], path["name"], memory=_MEMORY // self._workers)
        headers = {"Content-Disposition": f"attachment; filename={name}"}
        return Response(reply.content, media_type=reply.media, headers=headers)

    def _asset_pixels(self, path: Mapping[str, str], _query: Mapping[str, str], body: Any) -> Response:
        return self._render(load_image(self._context, path["name"]), body)

    def _asset(self, path: Mapping[str, str], _query: Mapping[str, str], _body: Any) -> Response:
        return _json(listing.get_asset(self._context.catalogue, f"projects/{path['name']}"))

    def _list(self, path: Mapping[str, str], query: Mapping[str, str], _body: Any) -> Response:
        return _json(listing.list_assets(self._context.catalogue, path["name"], query))

    def _list_root(self, path: Mapping[str, str], query: Mapping[str, str], _body: Any) -> Response:
        parent = f"projects/{path['project']}/assets"
        if self._context.catalogue.children(parent) is None:
            return _json({"assets": []})
        return _json(listing.list_assets(self._context.catalogue, parent, query))


def catalogue(assets: Path | None, *, world: bool = True) -> Catalogue:
    """Files of a folder, over the synthetic world.

    Raises:
        AssetFileError: Files of the folder cannot be served; the message names them.
    """
    lower: Catalogue = Empty()
    if world:
        from eo_ingest.emulator.world import World

        lower = World()
    if assets is None:
        return lower
    from eo_ingest.emulator.files import Files

    return Layered(Files(assets), lower)


def listen(port: int) -> socket.socket:
    """A socket bound to loopback; port 0 takes a free one."""
    # Said to be TCP, asyncio sends small replies at once: else each waits 40 ms for an acknowledgement.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((HOST, port))
    sock.listen(128)
    return sock


def build(contents: Catalogue, beside: Mapping[int, Callable[..., Any]] | None = None) -> uvicorn.Server:
    """A server of a catalogue that is not running yet; `beside` are applications on ports of their own."""
    import uvicorn

    sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION))
    threading.stack_size(_STACK)
    config = uvicorn.Config(
        by_port(Emulator(contents).app(), beside or {}),
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_keep_alive=300,  # longer than clients pause between two requests of a session
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)
