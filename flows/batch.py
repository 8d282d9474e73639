"""Batches: the jobs of some blocks as one task run.

A task run's arguments are plain values: the run's configuration, its id, and job specs. A batch whose jobs failed for
reasons that time may cure raises, and Prefect runs it again some minutes later; jobs that are done are not done twice.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING, Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from eo_ingest import runtime
from eo_ingest.config import RunConfig
from eo_ingest.errors import EoIngestError, SourceError, TransientError
from eo_ingest.job import Job
from eo_ingest.sources.earthengine.failure import curable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prefect.client.schemas.objects import State, TaskRun

    from eo_ingest.ingest import Outcome

log = logging.getLogger(__name__)

DEFAULT_BLOCKS = 16
# A Prefect server drops events of flow runs much larger than this: its records of task runs are no longer true.
MOST_TASK_RUNS = 1000
# The source is shared, so more batches at once bring no more requests; two hide the tail of each other.
AT_ONCE = 2
RETRY_DELAYS_S = [60, 180, 600]

stopping = threading.Event()
"""Set once this process's flow run is to end: batches under way give up at their next job, and are not retried."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Jobs that are one task run. The name is its number and its first block."""

    name: str
    jobs: list[str]


class BatchFailedError(TransientError):
    """Some jobs of a batch failed for reasons that time may cure. `totals` counts the whole batch."""

    def __init__(self, name: str, totals: runtime.Totals) -> None:
        self.totals = totals
        failed = totals.failures
        super().__init__(
            f"batch {name}: {len(failed)} of {sum(totals.jobs.values())} jobs failed, the first one: "
            f"{failed[0]['job']}: {failed[0]['reason']}"
        )


def split(jobs: Iterable[Job], blocks: int, *, most: int = MOST_TASK_RUNS) -> list[Batch]:
    """Batches of so many blocks, or of more where there would be more than `most` batches. A block is never split."""
    by_block = [[job.spec for job in group] for _, group in groupby(jobs, key=lambda job: job.block)]
    size = max(blocks, ceil(len(by_block) / most))
    groups = (by_block[i : i + size] for i in range(0, len(by_block), size))
    return [
        Batch(f"{number:04d}-{Job.parse(group[0][0]).block.id}", [spec for block in group for spec in block])
        for number, group in enumerate(groups, 1)
    ]


def do(name: str, config: Mapping[str, Any], run: str, jobs: Sequence[str]) -> runtime.Totals:
    """Do the jobs of a batch, and count those that this run did, in this attempt or an earlier one.

    Raises:
        BatchFailedError: after all jobs, if some failed for reasons that time may cure.
        SourceError: if the flow run was stopped.
        StoreError: if the store cannot be written; what is done stays done.
    """
    totals = runtime.Totals()

    def count(outcome: Outcome) -> None:
        record = outcome.record
        totals.add(replace(outcome, written=record.run == run))
        if record.status == "failed":
            log.warning("%(job)s failed: %(reason)s", totals.failures[-1])
        _check_going_on()

    _check_going_on()
    runtime.run_batch(RunConfig.of(**config), run, map(Job.parse, jobs), on_done=count)
    if any(curable(failure["reason"]) for failure in totals.failures):
        raise BatchFailedError(name, totals)
    return totals


def add(totals: runtime.Totals, part: runtime.Totals) -> None:
    """Add the counts of a batch to those of its flow run."""
    for name, count in part.jobs.items():
        totals.jobs[name] += count
    for name, count in part.tiles.items():
        totals.tiles[name] += count
    totals.requests += part.requests
    totals.retries += part.retries
    totals.payload += part.payload
    totals.stored += part.stored
    totals.failures += part.failures


def outcome(state: State[runtime.Totals]) -> runtime.Totals:
    """The counts of a task run that ended.

    Raises:
        EoIngestError: or whatever else ended it before all its jobs were through.
    """
    result: object = state.result(raise_on_failure=False)
    if isinstance(result, BatchFailedError):
        return result.totals
    if isinstance(result, runtime.Totals):
        return result
    if isinstance(result, BaseException):
        raise result
    raise EoIngestError(f"a batch ended as {state.name}: {state.message}")


def _check_going_on() -> None:
    if stopping.is_set():
        raise SourceError("the run was stopped; what is done is kept")


def _may_succeed_later(_task: object, _run: TaskRun, state: State[Any]) -> bool:
    return isinstance(state.data, BatchFailedError) and not stopping.is_set()


batch = task(
    name="batch",
    task_run_name="batch-{name}",
    retries=len(RETRY_DELAYS_S),
    retry_delay_seconds=list(RETRY_DELAYS_S),
    retry_jitter_factor=0.3,
    retry_condition_fn=_may_succeed_later,
    cache_policy=NO_CACHE,
    persist_result=False,
)(do)
