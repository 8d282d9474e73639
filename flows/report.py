"""What a flow run shows in Prefect: its progress, and a page of counts and failures at its end.

Prefect only shows; the records in the store are the truth. A server that does not answer never fails a run here.
"""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from eo_ingest.config import RunConfig
    from eo_ingest.runtime import Totals

log = logging.getLogger(__name__)

_UPDATES = 20
_FAILURES_SHOWN = 200


def key(config: RunConfig) -> str:
    """The artifact's key: Prefect allows lower-case letters, digits and hyphens."""
    return f"ingest-{re.sub('[^a-z0-9]+', '-', config.aoi.lower()).strip('-')[-60:]}"


class Progress:
    """A progress bar in Prefect, moved at most twenty times in a run."""

    def __init__(self, config: RunConfig, total: int) -> None:
        self._total = total
        self._through = 0
        self._shown = 0
        self._id: UUID | None = None
        with _unless_unreachable():
            self._id = create_progress_artifact(0.0, key=f"{key(config)}-progress", description=f"{total} jobs")  # type: ignore[assignment]

    def advance(self, jobs: int) -> None:
        """So many more jobs are through, well or ill."""
        self._through += jobs
        step = self._through * _UPDATES // self._total
        if step > self._shown and self._id is not None:
            self._shown = step
            with _unless_unreachable():
                update_progress_artifact(self._id, 100.0 * self._through / self._total)


def publish(config: RunConfig, totals: Totals, *, run: str | None, note: str) -> None:
    """Publish the page of a flow run."""
    with _unless_unreachable():
        create_markdown_artifact(markdown(config, totals, run=run, note=note), key=key(config), description=note)


def markdown(config: RunConfig, totals: Totals, *, run: str | None, note: str) -> str:
    """The page: what was asked, the counts, and the failures with their reasons."""
    jobs, tiles = totals.jobs, totals.tiles
    lines = [
        f"# {config.aoi} on {config.grid}",
        "",
        note,
        "",
        "| | done | failed | done before |",
        "|---|---|---|---|",
        f"| jobs | {jobs['done']:,} | {jobs['failed']:,} | {jobs['kept']:,} |",
        "",
        f"Tiles: {tiles['ok']:,} ok, {tiles['empty']:,} empty, {tiles['failed']:,} failed.",
        f"{totals.requests:,} requests, {totals.payload:,} bytes fetched, {totals.stored:,} bytes stored.",
        "",
        f"Source `{config.source}`, store `{config.store}`, run `{run or 'none'}`.",
    ]
    if totals.failures:
        lines += ["", "| failed job | reason |", "|---|---|"]
        lines += [f"| `{f['job']}` | {_cell(f['reason'])} |" for f in totals.failures[:_FAILURES_SHOWN]]
    if len(totals.failures) > _FAILURES_SHOWN:
        lines += ["", f"… and {len(totals.failures) - _FAILURES_SHOWN:,} more: their reasons are in the records."]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")[:300]


@contextmanager
def _unless_unreachable() -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as err:
        log.warning("the Prefect server did not take the report: %s", err)
