"""The composition root: from a configuration to a plan, a store, a source, and a run of jobs.

The command line and the flows call the same functions here.
"""

from __future__ import annotations

import time
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from eo_ingest import aoi, catalog, manifest, products
from eo_ingest.errors import ConfigError, SourceError
from eo_ingest.grid import Grid
from eo_ingest.period import Period
from eo_ingest.plan import Plan, fingerprint, series, task
from eo_ingest.runtime import heap
from eo_ingest.runtime.choosing import archives, chosen
from eo_ingest.runtime.executing import Totals, execute
from eo_ingest.runtime.opening import Origin, check_fits, existing, store_at
from eo_ingest.runtime.preparing import conclude, is_described, prepare
from eo_ingest.runtime.sourcing import check_access, release, shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from eo_ingest.config import RunConfig
    from eo_ingest.ingest import Outcome
    from eo_ingest.job import Job
    from eo_ingest.ports import Store

__all__ = [
    "Run",
    "Started",
    "Totals",
    "current_fingerprint",
    "existing",
    "finish",
    "left_out",
    "pending",
    "release",
    "resolve",
    "run_batch",
    "start",
    "tile",
]


def resolve(config: RunConfig) -> Plan:
    """The plan of a configuration; needs no network.

    Raises:
        ConfigError: for an unknown or invalid AOI, grid, product, period or archive.
    """
    found = chosen(config)
    archived = frozenset(archives(config, found))
    pairs = series(list(found.values()), config.periods)
    return Plan(aoi.load(config.aoi), Grid.load(config.grid), pairs, config.limit, archived)


def _check_over(plan: Plan) -> None:
    """Refuse periods that are not over: what is made of them today would stand as if it were all of them.

    Raises:
        ConfigError: names the first.
    """
    today = datetime.now(UTC).date()
    for product, period in plan.series:
        end = product.frames(period)[-1].end
        if end > today:
            raise ConfigError(f"period {period.name!r} of {product.name!r} ends on {end} (UTC) and is not over yet")


def left_out(config: RunConfig, plan: Plan) -> list[str]:
    """Default products that a configuration without `products` leaves out, since a period is not theirs."""
    return [] if config.products else [name for name in products.DEFAULT if name not in plan.products]


def pending(plan: Plan, store: Store) -> list[Job]:
    """The jobs of a plan that are not done, in the plan's order."""
    ledgers = {
        (product.name, period.name): (
            manifest.scan(store, product.name, period.name),
            fingerprint(product, period, plan.grid),
        )
        for product, period in plan.series
    }
    left = []
    for job in plan.jobs():
        ledger, now = ledgers[job.product, job.period]
        if ledger.status(job, now) != "done":
            left.append(job)
    return left


@dataclass(frozen=True)
class Started:
    """A run that is ready: its plan, its id (None if there is nothing to do) and its pending jobs."""

    plan: Plan
    run: str | None
    jobs: list[Job]


def start(config: RunConfig, *, on_plan: Callable[[Plan, list[Job]], None] = lambda _plan, _jobs: None) -> Started:
    """Find what of a configuration is not done yet, and make source and store ready for it.

    Args:
        config: what to make.
        on_plan: called with the plan and its pending jobs before anything is written or asked for.

    Raises:
        ConfigError: if the run cannot be made as asked; nothing was changed.
        SourceError: if the source does not start.
        StoreError: if the store cannot be written.
    """
    heap.share()
    plan = resolve(config)
    _check_over(plan)
    store = store_at(config.store)
    origin = Origin.of(config)
    if check_fits(store, plan, origin) is None:
        check_access(config)  # all is ahead, so this can be said before the slow part
    jobs = pending(plan, store)
    on_plan(plan, jobs)
    if not jobs and is_described(plan, store):
        return Started(plan, None, jobs)
    if jobs:
        shared(config)
    return Started(plan, prepare(plan, store, config, origin), jobs)


def run_batch(
    config: RunConfig, run: str, jobs: Iterable[Job], *, on_done: Callable[[Outcome], None] = lambda _: None
) -> Totals:
    """Do some jobs of a started run, in this process.

    Raises:
        SourceError: if the source was stopped.
        StoreError: if the store cannot be written; what is done stays done.
    """
    store = store_at(config.store)
    grid = Grid.load(config.grid)
    found = chosen(config)
    tasks = (task(job, found[job.product], grid) for job in jobs)
    try:
        return execute(tasks, sources=shared(config), store=store, run=run, on_done=on_done)
    except CancelledError as err:
        raise SourceError("the run was stopped") from err


def finish(config: RunConfig, run: str | None, totals: Totals) -> None:
    """Once a run's jobs are through: compact the store's records, clear what dead runs left, note what came of it."""
    store = store_at(config.store)
    store.sweep()
    catalog.compact(store)
    if run is not None:
        conclude(store, run, totals.as_json())


@dataclass(frozen=True)
class Run:
    """A run that ended: its id, counts and seconds."""

    id: str | None
    seconds: float
    totals: Totals = field(default_factory=Totals)

    def as_json(self) -> dict[str, Any]:
        """The `--json` of `eo-ingest tile`."""
        return {"run": self.id, "seconds": round(self.seconds, 3), **self.totals.as_json()}


def tile(
    config: RunConfig,
    *,
    on_plan: Callable[[Plan, list[Job]], None] = lambda _plan, _jobs: None,
    on_done: Callable[[Outcome], None] = lambda _: None,
) -> Run:
    """Do what of a configuration is not done yet. No source is started where all is done.

    Raises:
        ConfigError: if the run cannot be made as asked; nothing was changed.
        SourceError: if the source does not start.
        StoreError: if the store cannot be written; what is done stays done.
    """
    begun = time.monotonic()
    try:
        started = start(config, on_plan=on_plan)
        totals = Totals()
        if started.run is not None and started.jobs:
            totals = run_batch(config, started.run, started.jobs, on_done=on_done)
        finish(config, started.run, totals)  # also where all was done: the run before may have died just before it
    finally:
        release()
    totals.jobs["kept"] += sum(1 for _ in started.plan.jobs()) - len(started.jobs)
    return Run(started.run, time.monotonic() - begun, totals)


def current_fingerprint(grid: Grid) -> Callable[[str, str], str | None]:
    """What `catalog.status` asks: the fingerprint of a product and period now; None where the product is unknown."""

    def now(product: str, period: str) -> str | None:
        known = products.REGISTRY.get(product)
        return fingerprint(known, Period.parse(period), grid) if known else None

    return now
