"""The composition root: from a configuration to a plan, a store, a source, and a run of jobs.

The command line and the flows call the same functions here.
"""

from __future__ import annotations

import time
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from eo_ingest import catalog, manifest, products
from eo_ingest.errors import ConfigError, SourceError
from eo_ingest.grid import Grid
from eo_ingest.plan import Plan, fingerprint, task
from eo_ingest.runtime import checking, defining, heap
from eo_ingest.runtime.checking import Report, check_assets
from eo_ingest.runtime.choosing import archives, choices, chosen, chosen_series
from eo_ingest.runtime.defining import current_fingerprint, known, product
from eo_ingest.runtime.executing import Totals, execute
from eo_ingest.runtime.opening import Origin, check_fits, existing, store_at
from eo_ingest.runtime.placing import area
from eo_ingest.runtime.preparing import conclude, is_described, prepare
from eo_ingest.runtime.sourcing import check_access, release, shared

# The store of a configuration that is only planned.
NOWHERE = "-"
# Degrees: far less than a tile.
_HAIR = 1e-6

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from eo_ingest.config import RunConfig
    from eo_ingest.ingest import Outcome
    from eo_ingest.job import Job
    from eo_ingest.ports import Store

__all__ = [
    "NOWHERE",
    "Report",
    "Run",
    "Started",
    "Totals",
    "area",
    "box_of",
    "check",
    "current_fingerprint",
    "existing",
    "finish",
    "known",
    "left_out",
    "notes",
    "pending",
    "product",
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
    archived = frozenset(archives(config, chosen(config)))
    grid = Grid.load(config.grid)
    only = frozenset(map(grid.tile, config.tiles)) if config.tiles else None
    return Plan(area(config.aoi, grid), grid, chosen_series(config), config.limit, archived, only)


def _check_over(plan: Plan) -> None:
    """Refuse periods that are not over: what is made of them today would stand as if it were all of them.

    Raises:
        ConfigError: names the first.
    """
    today = datetime.now(UTC).date()
    for made, period in plan.series:
        end = made.frames(period)[-1].end
        if end > today:
            raise ConfigError(f"period {period.name!r} of {made.name!r} ends on {end} (UTC) and is not over yet")


def check(
    config: RunConfig,
    tile_id: str | None = None,
    *,
    on_step: Callable[[], None] = lambda: None,
    on_made: Callable[[Store, Plan, Report], None] = lambda _store, _plan, _report: None,
) -> Report:
    """Hold a configuration's one product against the catalogue, and make one tile of it in a store that is thrown away.

    Args:
        config: of one product; its store is not touched.
        tile_id: the tile; the area's first if None.
        on_step: called as the check gets on.
        on_made: called with that store, its plan and the report, where a tile was made.

    Raises:
        ConfigError: if that cannot be tried as asked.
        SourceError: if the source does not start, or does not answer.
    """
    plan = resolve(config)
    _check_over(plan)
    check_access(config)
    with TemporaryDirectory(prefix="eo-ingest-") as folder:
        store = store_at(str(Path(folder) / "check"))
        try:
            sources = shared(config)
            prepare(plan, store, config, Origin.of(config), list(choices(config).values()))
            report = checking.check(sources, plan, tile_id, store=store, on_step=on_step)
        finally:
            release()
        if report.status in {"ok", "empty"}:
            finish(config.model_copy(update={"store": store.url}), None, Totals())
            on_made(store, plan, report)
    return report


def box_of(tile: str, grid: str) -> str:
    """A tile as an area: a box in its middle, west,south,east,north in degrees.

    Raises:
        ConfigError: if there is no such grid, or no such tile in it.
    """
    from pyproj import Transformer

    made = Grid.load(grid)
    found = made.tile(tile)
    zone = made.zone(found.zone)
    left, bottom, right, top = zone.bounds(found)
    middle = Transformer.from_crs(zone.crs, "EPSG:4326", always_xy=True).transform(
        (left + right) / 2, (bottom + top) / 2
    )
    return ",".join(f"{middle[i] + step:.7f}" for step in (-_HAIR, _HAIR) for i in (0, 1))


def left_out(config: RunConfig, plan: Plan) -> list[str]:
    """Default products that a configuration without `products` leaves out, since a period is not theirs."""
    return [] if config.products else [name for name in products.DEFAULT if name not in plan.products]


def notes(config: RunConfig, plan: Plan) -> list[str]:
    """What is told of a run before it begins, in sentences.

    Raises:
        ConfigError: if the run cannot be made in its store as asked.
    """
    told = [f"AOI {plan.aoi.name}: {note}" for note in plan.aoi.notes]
    if missing := left_out(config, plan):
        told.append(f"left out, since the periods asked for are not theirs: {', '.join(missing)}")
    if config.recipe and config.recipe.split:
        told.append(
            f"recipe {config.recipe.name} declares a split ({config.recipe.split['method']}): it is recorded in the "
            "run's description; `eo-ingest split --recipe` parts tiles by it"
        )
    if config.store != NOWHERE:
        told += defining.changes(store_at(config.store), choices(config).values(), plan)
    return told


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
    """A run that is ready: its configuration, plan, id (None if there is nothing to do) and pending jobs.

    The configuration knows by which definitions the run began: a product file that changes later changes nothing.
    """

    config: RunConfig
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
    asked = list(choices(config).values())
    config = config.model_copy(update={"definitions": {c.asked: c.file.file.sha256 for c in asked if c.file}})
    plan = resolve(config)
    _check_over(plan)
    store = store_at(config.store)
    origin = Origin.of(config)
    if check_fits(store, plan, origin) is None:
        check_access(config)  # all is ahead, so this can be said before the slow part
    defining.changes(store, asked, plan)
    jobs = pending(plan, store)
    on_plan(plan, jobs)
    if not jobs and is_described(plan, store) and defining.are_kept(store, asked):
        return Started(config, plan, None, jobs)
    if jobs:
        check_assets(shared(config), plan, jobs, [c.product for c in asked if c.file])
    return Started(config, plan, prepare(plan, store, config, origin, asked), jobs)


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
            totals = run_batch(started.config, started.run, started.jobs, on_done=on_done)
        finish(config, started.run, totals)  # also where all was done: the run before may have died just before it
    finally:
        release()
    totals.jobs["kept"] += sum(1 for _ in started.plan.jobs()) - len(started.jobs)
    return Run(started.run, time.monotonic() - begun, totals)
