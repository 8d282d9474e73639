"""What is mounted under `/archive`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from eo_ingest.emulator.archive import gssic
from eo_ingest.emulator.archive.gunw import index
from eo_ingest.emulator.archive.serving import reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request


def routes() -> list[Route]:
    """Routes relative to `/archive`; files are made in as many threads as there are processors."""
    workers = Workers()
    return [
        Route("/gssic/", workers.handle(_list_gssic)),
        Route("/gssic/{path:path}", workers.handle(_gssic)),
        Route("/gunw/{path:path}", workers.handle(_gunw)),
    ]


class Workers:
    """Runs what takes a while in threads."""

    def __init__(self) -> None:
        self._limiter: CapacityLimiter | None = None

    def handle(self, work: Callable[[Request], Response]) -> Callable[[Request], object]:
        """A handler that does the work in a thread."""

        async def handler(request: Request) -> Response:
            if self._limiter is None:
                self._limiter = CapacityLimiter(os.cpu_count() or 1)
            return await anyio.to_thread.run_sync(work, request, limiter=self._limiter)

        return handler


def _list_gssic(request: Request) -> Response:
    if request.query_params.get("list-type") != "2":
        return absent(request)
    try:
        return Response(gssic.listing(request.query_params), media_type="application/xml")
    except ValueError as err:
        return PlainTextResponse(f"{err}", 400)


def _gssic(request: Request) -> Response:
    found = gssic.file(request.path_params["path"])
    return reply(found, request.headers) if found else absent(request)


def _gunw(request: Request) -> Response:
    path = request.path_params["path"]
    if path == "index.json":
        try:
            return Response(index.index(request.query_params), media_type="application/json")
        except ValueError as err:
            return PlainTextResponse(f"{err}", 400)
    listed = index.cell_index(path)
    if listed is not None:
        return Response(listed, media_type="application/json")
    found = index.file(path)
    if found is None:
        return absent(request)
    try:
        return reply(found, request.headers)
    except ImportError:
        needed = "making granules needs h5py, which the extra 'insar' brings: pip install 'eo-ingest[insar]'"
        return PlainTextResponse(needed, 501)


def absent(request: Request) -> Response:
    """There is no such file."""
    return PlainTextResponse(f"{request.url.path} is not in the archive", 404)
