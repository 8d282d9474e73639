"""`eo-ingest serve`: all deployments from one process, for one machine. No work pool and no worker."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.command(short_help="Run all deployments from one process (Prefect).")
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    help="The file that lists the deployments.  [default: prefect.yaml here, else the one that came with the package]",
)
@click.option("--at-once", type=click.IntRange(min=1), default=1, show_default=True, help="Flow runs at a time.")
def serve(file: Path | None, at_once: int) -> None:
    """Run all deployments of prefect.yaml from this process, until stopped.

    Needs a Prefect server: `prefect server start`, and its address in PREFECT_API_URL.
    """
    # Before the import of Prefect, which reads the environment once; flow runs are child processes and inherit it.
    os.environ.setdefault("PREFECT_LOGGING_EXTRA_LOGGERS", "eo_ingest,flows")
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    from prefect import serve as serve_deployments
    from prefect.settings import get_current_settings

    from flows import deployment

    if get_current_settings().api.url is None:
        raise click.UsageError(
            "no Prefect server is set: start one with `prefect server start`, then set PREFECT_API_URL to its address, "
            "such as http://127.0.0.1:4200/api"
        )
    found = [deployment.served(values) for values in deployment.read(file or _default_file())]
    _check_reachable(get_current_settings().api.url)
    serve_deployments(*found, limit=at_once, pause_on_shutdown=False)


def _default_file() -> Path:
    here = Path("prefect.yaml")
    packaged = Path(__file__).with_name("prefect.yaml")
    return packaged if packaged.is_file() and not here.is_file() else here


def _check_reachable(url: str | None) -> None:
    """Refuse a server that does not answer, in a sentence.

    Raises:
        UsageError: names the address.
    """
    from prefect import get_client

    with get_client(sync_client=True) as client:
        problem = client.api_healthcheck()
    if problem is not None:
        raise click.UsageError(f"the Prefect server at {url} does not answer: {problem}")
