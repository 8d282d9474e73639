"""Doing jobs, a few at a time."""

from __future__ import annotations

import logging
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eo_ingest.ingest import Outcome, Task, ingest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from eo_ingest.ports import Source, Store

log = logging.getLogger(__name__)

# Jobs whose pixels are in memory at once, whatever the number of requests in flight.
JOBS_IN_MEMORY = 3
# How long a run that stops waits for jobs that are being written; what is cut off is made again.
PATIENCE_S = 1.0


@dataclass
class Totals:
    """What a run did, counted."""

    jobs: dict[str, int] = field(default_factory=lambda: {"done": 0, "failed": 0, "kept": 0})
    tiles: dict[str, int] = field(default_factory=lambda: {"ok": 0, "empty": 0, "failed": 0})
    requests: int = 0
    retries: int = 0
    payload: int = 0
    stored: int = 0
    failures: list[dict[str, str]] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count one job."""
        record = outcome.record
        if not outcome.written:
            self.jobs["kept"] += 1
            return
        self.jobs[record.status] += 1
        for tile in record.tiles.values():
            self.tiles[tile.status] += 1
        self.requests += record.requests
        self.retries += record.retries
        self.payload += record.payload
        self.stored += sum(record.objects.values())
        if record.status == "failed":
            reason = next((tile.reason for tile in record.tiles.values()), None) or "unknown"
            self.failures.append(
                {"job": f"{record.product}/{record.period}/{record.zone}/{record.block}", "reason": reason}
            )

    def as_json(self) -> dict[str, Any]:
        """The counts as plain values."""
        return {
            "jobs": self.jobs,
            "tiles": self.tiles,
            "requests": self.requests,
            "retries": self.retries,
            "bytes": {"fetched": self.payload, "stored": self.stored},
            "failures": self.failures,
        }


def execute(
    tasks: Iterable[Task],
    *,
    source: Source,
    store: Store,
    run: str,
    on_done: Callable[[Outcome], None] = lambda _: None,
) -> Totals:
    """Do tasks, a few at a time, and count. Memory holds the few, however many tasks there are.

    Raises:
        StoreError: once the store cannot be written; what is done stays done.
    """
    totals = Totals()
    source_tasks = iter(tasks)
    flying: set[Future[Outcome]] = set()
    pool = ThreadPoolExecutor(JOBS_IN_MEMORY, thread_name_prefix="job")
    try:
        while True:
            while len(flying) < JOBS_IN_MEMORY and (task := next(source_tasks, None)) is not None:
                flying.add(pool.submit(ingest, task, source=source, store=store, run=run))
            if not flying:
                return totals
            finished, flying = wait(flying, return_when=FIRST_COMPLETED)
            for future in finished:
                outcome = future.result()
                totals.add(outcome)
                log.info("%s: %s", outcome.record.key, outcome.record.status)
                on_done(outcome)
    except BaseException:
        source.close()
        pool.shutdown(wait=False, cancel_futures=True)
        wait(flying, timeout=PATIENCE_S)
        raise
    finally:
        pool.shutdown(wait=False)
