"""`emulator`: serve Earth Engine's API on this machine."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command(short_help="Serve the Earth Engine emulator on this machine.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 for any free port.")
@click.option("--assets", type=click.Path(path_type=Path), help="A folder of rasters to serve under Earth Engine ids.")
def emulator(port: int, assets: Path | None) -> None:
    """Serve a synthetic Earth Engine on the loopback address until stopped.

    Connect any client with `ee.Initialize(AnonymousCredentials(), url="http://127.0.0.1:PORT", project="emulator")`.
    """
    from eo_ingest.emulator.__main__ import serve

    sys.exit(serve(port=port, assets=assets))
