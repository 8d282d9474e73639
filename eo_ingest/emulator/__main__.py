"""`python -m eo_ingest.emulator`: serves until it is interrupted, or until its standard input closes."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eo_ingest.emulator.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import uvicorn

_GRACE_SECONDS = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the server; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m eo_ingest.emulator", description="Serves Earth Engine's API.")
    parser.add_argument("--port", type=int, default=8081, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--assets", type=Path, help="folder of GeoTIFFs to serve under Earth Engine asset ids")
    parser.add_argument("--gcs", help="folder of a Cloud Storage to serve beside it, or :memory:")
    parser.add_argument("--gcs-port", type=int, default=0, help="its port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--bucket", action="append", default=[], help="a bucket to make in it; may be repeated")
    parser.add_argument("--no-world", action="store_true", help="serve files only, without the synthetic world")
    parser.add_argument("--exit-with-stdin", action="store_true", help="end when standard input closes")
    options = parser.parse_args(arguments)
    return serve(
        port=options.port,
        assets=options.assets,
        world=not options.no_world,
        exit_with_stdin=options.exit_with_stdin,
        storage=Beside(options.gcs, options.gcs_port, tuple(options.bucket)) if options.gcs else None,
    )


@dataclass(frozen=True)
class Beside:
    """A Cloud Storage to serve beside Earth Engine: a folder or `:memory:`, a port, buckets to make."""

    where: str
    port: int = 0
    buckets: tuple[str, ...] = ()


def serve(
    *,
    port: int = 0,
    assets: Path | None = None,
    world: bool = True,
    exit_with_stdin: bool = False,
    storage: Beside | None = None,
) -> int:
    """Prints the URLs as a line of JSON, then serves; returns the exit code."""
    from eo_ingest.emulator import server
    from eo_ingest.emulator.gcs import serving
    from eo_ingest.emulator.gcs.app import GcsApp

    sockets, apps = [], {}
    try:
        sockets.append(server.listen(port))
        if storage is not None:
            app = GcsApp(serving.open_storage(storage.where, storage.buckets))
            sockets.append(serving.listen(storage.port))
            apps[sockets[1].getsockname()[1]] = app
        running = server.build(server.catalogue(assets, world=world), apps)
    except (EmulatorError, OSError) as err:
        sys.stderr.write(f"error: {err}\n")
        return 2
    urls = [f"http://{server.HOST}:{sock.getsockname()[1]}" for sock in sockets]
    sys.stdout.write(json.dumps(dict(zip(("url", "gcs"), urls, strict=False))) + "\n")
    sys.stdout.flush()
    if exit_with_stdin:
        threading.Thread(target=_watch, args=(running,), daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        running.run(sockets=sockets)
    return 0


def _watch(running: uvicorn.Server) -> None:
    """Ends the server when standard input does."""
    while sys.stdin.buffer.read(4096):
        pass
    running.should_exit = True
    # Whoever asked is gone: nobody waits for what is still being computed.
    threading.Timer(_GRACE_SECONDS, os._exit, args=(0,)).start()


if __name__ == "__main__":
    raise SystemExit(main())
