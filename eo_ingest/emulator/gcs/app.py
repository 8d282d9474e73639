"""The ASGI application: HTTP to operations, faults included."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from anyio import CapacityLimiter

from eo_ingest.emulator.gcs.errors import GcsError
from eo_ingest.emulator.gcs.fault import Call, Counts, Fault, Hook
from eo_ingest.emulator.gcs.message import Reply, Request
from eo_ingest.emulator.gcs.route import Operation, Router, is_xml, refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from eo_ingest.emulator.gcs.storage import Storage

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

log = logging.getLogger(__name__)

_WORKERS = 16
_NONE = Fault()
_BODILESS = frozenset({204, 304})
_TRANSIENT = {429: "rateLimitExceeded", 408: "timeout", 401: "authError", 403: "forbidden"}


class GcsApp:
    """Answers requests from a storage; work is done in threads."""

    def __init__(self, storage: Storage, hook: Hook | None = None) -> None:
        self.hook = hook
        self.counts = Counts()
        self._router = Router(storage)
        self._limiter: CapacityLimiter | None = None

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            raise RuntimeError(f"expected an http connection, not {scope['type']}")
        body = await _body(receive)
        if body is None:
            return
        request = _request(scope, body)
        operation = self._find(request)
        number = self.counts.begin(operation.kind, len(body))
        call = Call(number, operation.kind, request.method, operation.bucket, operation.name, len(body))
        fault = (self.hook(call) if self.hook else None) or _NONE
        if fault.delay:
            await asyncio.sleep(fault.delay)
        reply = await self._work(request, operation) if fault.works else Reply()
        if fault.status:
            reply = _faulty(fault, xml=operation.xml)
        if fault.reset:
            await _hang_up(receive, gently=False)
            return
        self.counts.end(reply.status, len(reply.body) if fault.cut is None else min(fault.cut, len(reply.body)))
        await _answer(send, reply, request.method, fault.cut)
        if fault.cut is not None and fault.cut < len(reply.body):
            await _hang_up(receive, gently=True)

    def _find(self, request: Request) -> Operation:
        try:
            return self._router.find(request)
        except GcsError as err:
            reply = refusal(err, xml=is_xml(request.path))
            return Operation("unknown", lambda _request: reply, xml=is_xml(request.path))

    async def _work(self, request: Request, operation: Operation) -> Reply:
        if self._limiter is None:
            self._limiter = CapacityLimiter(_WORKERS)
        return await anyio.to_thread.run_sync(_guarded, request, operation, limiter=self._limiter)


def _guarded(request: Request, operation: Operation) -> Reply:
    try:
        return operation.answer(request, *operation.arguments)
    except GcsError as err:
        return refusal(err, xml=operation.xml)
    except OSError as err:  # a full disk is the service's trouble, and passes
        log.warning("the storage failed: %s", err)
        message = f"Backend Error: {err.strerror or type(err).__name__}"
        return refusal(GcsError(503, "backendError", "ServiceUnavailable", message), xml=operation.xml)
    except Exception as err:  # a bug of ours must reach the client as an answer, not as a broken connection
        log.exception("the emulator failed")
        # 400 and not 500: the client repeats what is 500, and the same bug would answer again.
        message = f"Internal error of the emulator: {type(err).__name__}: {err}"
        return refusal(GcsError(400, "internalError", "InternalError", message), xml=operation.xml)


def _faulty(fault: Fault, *, xml: bool) -> Reply:
    status = fault.status or 503
    error = GcsError(status, _TRANSIENT.get(status, "backendError"), "ServiceUnavailable", "Injected fault.")
    reply = refusal(error, xml=xml)
    more = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
    return Reply(status, {**reply.headers, **more}, reply.body)


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None where the client left before its end."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _request(scope: MutableMapping[str, Any], body: bytes) -> Request:
    headers = {key.decode("latin-1").lower(): _text(value) for key, value in scope["headers"]}
    # The path as it was sent: `%2F` is part of a name, `/` is not.
    target = scope["raw_path"].decode("latin-1").partition("?")[0] + "?" + scope["query_string"].decode("latin-1")
    host = headers.get("host") or "{}:{}".format(*scope["server"])
    return Request.of(scope["method"], target, headers, body, f"{scope['scheme']}://{host}")


def _text(value: bytes) -> str:
    """A header's value: UTF-8, as Cloud Storage takes metadata, or else what HTTP once meant."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


async def _answer(send: Send, reply: Reply, method: str, cut: int | None) -> None:
    """Sends a reply, or the first bytes of one."""
    headers = dict(reply.headers)
    bodiless = reply.status in _BODILESS
    if not bodiless:
        headers["Content-Length"] = str(len(reply.body) if reply.length is None else reply.length)
    # Header values are bytes to HTTP; a name of metadata may be any text.
    known = [(key.encode(), value.encode()) for key, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": known})
    body = b"" if bodiless or method == "HEAD" else reply.body
    short = cut is not None and cut < len(body)
    await send({"type": "http.response.body", "body": body[:cut] if short else body, "more_body": short})


async def _hang_up(receive: Receive, *, gently: bool) -> None:
    """Ends the connection, at once or when what was sent is out: uvicorn's own, which `receive` belongs to."""
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise RuntimeError("connections can be cut under uvicorn only")
    if gently:
        transport.close()
    else:
        transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
