"""Doing jobs, a few at a time."""

from __future__ import annotations

import logging
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eo_ingest.errors import SourceError
from eo_ingest.ingest import Outcome, Task, ingest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from eo_ingest.ports import Store
    from eo_ingest.runtime.routing import Sources

log = logging.getLogger(__name__)

# Pixels in memory at once, whatever the number of requests in flight: a whole block of s1grd takes 0.3 GB of it.
PIXELS_IN_MEMORY = 2**30
MOST_JOBS = 32
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
    sources: Sources,
    store: Store,
    run: str,
    on_done: Callable[[Outcome], None] = lambda _: None,
) -> Totals:
    """Do tasks, as many at a time as memory allows, and count. Memory does not grow with the number of tasks.

    Raises:
        StoreError: once the store cannot be written; what is done stays done.
        SourceError: once the source takes the credentials no more: all jobs to come would fail alike.
    """
    totals = Totals()
    waiting = iter(tasks)
    following = next(waiting, None)
    flying: dict[Future[Outcome], int] = {}
    pool = ThreadPoolExecutor(MOST_JOBS, thread_name_prefix="job")
    try:
        while following is not None or flying:
            while following is not None and _has_room(following, flying):
                future = pool.submit(ingest, following, source=sources.of(following.product.name), store=store, run=run)
                flying[future] = following.memory
                following = next(waiting, None)
            for future in wait(flying, return_when=FIRST_COMPLETED).done:
                del flying[future]
                outcome = future.result()
                totals.add(outcome)
                log.info("%s: %s", outcome.record.key, outcome.record.status)
                on_done(outcome)
                _check_access(totals)
        return totals  # noqa: TRY300 - an `else` would hide that the loop has ended
    except BaseException:
        sources.close()
        pool.shutdown(wait=False, cancel_futures=True)
        wait(flying, timeout=PATIENCE_S)
        raise
    finally:
        pool.shutdown(wait=False)


def _has_room(task: Task, flying: Mapping[Future[Outcome], int]) -> bool:
    """Whether a task's pixels fit beside those in memory; one alone always does."""
    return not flying or (len(flying) < MOST_JOBS and sum(flying.values()) + task.memory <= PIXELS_IN_MEMORY)


def _check_access(totals: Totals) -> None:
    """Stop where the last failure was one of credentials.

    Raises:
        SourceError: says what the source said.
    """
    if totals.failures and totals.failures[-1]["reason"].startswith("auth:"):
        raise SourceError(f"{totals.failures[-1]['reason']}; all other jobs would fail alike, so the run stops here")
