"""Runs the server: in a thread for tests, or beside the Earth Engine emulator."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from eo_ingest.emulator.errors import EmulatorError
from eo_ingest.emulator.gcs.app import GcsApp
from eo_ingest.emulator.gcs.errors import GcsError
from eo_ingest.emulator.gcs.folder import Folder
from eo_ingest.emulator.gcs.medium import Memory
from eo_ingest.emulator.gcs.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

    from eo_ingest.emulator.gcs.fault import Counts, Hook

MEMORY = ":memory:"
_START_SECONDS = 30


def open_storage(where: str | Path | None, buckets: Iterable[str] = ()) -> Storage:
    """A storage in a folder, or in memory for None and `:memory:`, with buckets that are made if they are not there.

    Raises:
        EmulatorError: The folder is another emulator's, or holds something else; or a bucket cannot have its name.
    """
    medium = Memory() if where is None or str(where) == MEMORY else Folder(Path(where))
    try:
        storage = Storage(medium)
        there = {bucket.name for bucket in storage.buckets()}
        for name in dict.fromkeys(buckets):
            if name not in there:
                storage.create_bucket(name)
    except GcsError as err:
        medium.close()
        raise EmulatorError(err.message) from err
    except EmulatorError:
        medium.close()
        raise
    return storage


def listen(port: int, host: str = "127.0.0.1", *, exposed: bool = False) -> socket.socket:
    """A socket on loopback; on another address only with `exposed`, for there are no credentials.

    Raises:
        EmulatorError: The address is not loopback.
    """
    if not exposed and not ipaddress.ip_address(host).is_loopback:
        raise EmulatorError(f"'{host}' is not a loopback address: anyone who reaches it could read and write.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Said to be TCP, asyncio sends small replies at once: else each waits 40 ms for an acknowledgement.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    sock.listen(128)
    return sock


def by_port(first: Callable[..., Any], beside: Mapping[int, Callable[..., Any]]) -> Callable[..., Any]:
    """One application of several: those beside the first have sockets of their own, by whose ports they are told."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await beside.get(scope["server"][1], first)(scope, receive, send)

    return app


class GcsServer:
    """A server in a thread of this process, for tests.

        with GcsServer(buckets=["demo"]) as gcs:
            gcs.hook = lambda call: Fault(delay=0.03)
            os.environ["STORAGE_EMULATOR_HOST"] = gcs.url

    Raises:
        EmulatorError: The folder cannot be served, or the server did not start.
    """

    def __init__(self, where: Path | None = None, buckets: Iterable[str] = (), *, port: int = 0) -> None:
        import uvicorn

        self.storage = open_storage(where, buckets)
        self._app = GcsApp(self.storage)
        self._socket = listen(port)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            self._app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    @property
    def counts(self) -> Counts:
        """Requests so far."""
        return self._app.counts

    @property
    def hook(self) -> Hook | None:
        """What decides the fate of each request."""
        return self._app.hook

    @hook.setter
    def hook(self, hook: Hook | None) -> None:
        self._app.hook = hook

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise EmulatorError("the storage server did not start")
            time.sleep(0.005)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self.storage.close()
