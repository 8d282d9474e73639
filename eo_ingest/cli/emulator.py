"""`emulator`: serve Earth Engine's API on this machine."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command(short_help="Serve the Earth Engine emulator on this machine.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 for any free port.")
@click.option("--assets", type=click.Path(path_type=Path), help="A folder of rasters to serve under Earth Engine ids.")
@click.option("--gcs", metavar="DIR", help="Serve a Cloud Storage beside it, kept in DIR or in `:memory:`.")
@click.option("--gcs-port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 for any free port.")
@click.option("--bucket", "buckets", multiple=True, help="A bucket to make in it, if it is not there; repeatable.")
def emulator(port: int, assets: Path | None, gcs: str | None, gcs_port: int, buckets: tuple[str, ...]) -> None:
    """Serve a synthetic Earth Engine on the loopback address until stopped.

    Connect any client with `ee.Initialize(AnonymousCredentials(), url="http://127.0.0.1:PORT", project="emulator")`.
    With --gcs, Cloud Storage clients find their server by `STORAGE_EMULATOR_HOST=http://127.0.0.1:GCS_PORT`.
    """
    from eo_ingest.emulator.__main__ import Beside, serve

    if not gcs and (gcs_port or buckets):
        raise click.UsageError("--gcs-port and --bucket are for the Cloud Storage: say --gcs DIR too.")
    sys.exit(serve(port=port, assets=assets, storage=Beside(gcs, gcs_port, buckets) if gcs else None))
