"""The composition root: from a configuration to a plan, a store, a source, and a run of jobs.

The command line and the flows call the same functions here.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eo_ingest import aoi, catalog, manifest, products
from eo_ingest.errors import ConfigError, SourceError, StoreError
from eo_ingest.grid import Grid
from eo_ingest.ingest import Outcome, Task, ingest, versions
from eo_ingest.plan import Plan, fingerprint, series
from eo_ingest.stores import layout
from eo_ingest.stores.local import LocalStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from eo_ingest.config import RunConfig
    from eo_ingest.job import Job
    from eo_ingest.ports import Source, Store
    from eo_ingest.product import Product

log = logging.getLogger(__name__)

# Jobs whose pixels are in memory at once, whatever the number of requests in flight.
JOBS_IN_MEMORY = 3
PATIENCE_S = 10.0


def resolve(config: RunConfig) -> Plan:
    """The plan of a configuration; needs no network.

    Raises:
        ConfigError: for an unknown or invalid AOI, grid, product or period.
    """
    chosen = [products.get(name) for name in config.products] if config.products else list(products.REGISTRY.values())
    if not config.products and config.periods:
        chosen = [p for p in chosen if not p.only_periods or set(config.periods) <= set(p.periods)]
    return Plan(aoi.load(config.aoi), Grid.load(config.grid), series(chosen, config.periods), config.limit)


def left_out(config: RunConfig, plan: Plan) -> list[str]:
    """Products of the registry that a configuration without `products` leaves out, since a period is not theirs."""
    return [] if config.products else [name for name in products.REGISTRY if name not in plan.products]


@dataclass(frozen=True)
class Root:
    """What a store's root says of it."""

    grid: dict[str, Any]
    synthetic: bool


def store_at(url: str) -> LocalStore:
    """The store of a URL, not looked at yet.

    Raises:
        ConfigError: if it is not a folder's path.
    """
    if "://" in url:
        scheme = url.split("://", 1)[0]
        raise ConfigError(f"store {url!r}: this version writes to local folders, not to {scheme}:// addresses")
    path = Path(url).expanduser()
    if not url.strip():
        raise ConfigError("the store's name is empty: expected a folder such as europe.zarr")
    if path.exists() and not path.is_dir():
        raise ConfigError(f"store {url!r} is a file: expected a folder, or a name that does not exist yet")
    return LocalStore(path)


def read_root(store: LocalStore) -> Root | None:
    """What a store's root says; None where there is no store yet.

    Raises:
        ConfigError: if the folder holds something else, or a store that is damaged or of a later version.
    """
    from eo_ingest.stores.metadata import FORMAT_VERSION, OURS  # noqa: PLC0415 - zarr is slow to import

    folder = Path(store.url)
    try:
        attributes = json.loads(store.get(layout.ROOT))["attributes"]
    except KeyError as err:
        if err.args == (layout.ROOT,):
            if folder.is_dir() and any(not entry.name.startswith(".") for entry in folder.iterdir()):
                raise ConfigError(
                    f"{store.url} is not a store of eo-ingest: it has files but no {layout.ROOT}; choose a new folder"
                ) from None
            return None
        raise ConfigError(f"{store.url} is a Zarr store, but not one of eo-ingest: choose a new folder") from None
    except (ValueError, TypeError) as err:
        raise ConfigError(f"the {layout.ROOT} of {store.url} is damaged or half-written: {err}") from err
    ours = attributes.get(OURS) if isinstance(attributes, dict) else None
    if not isinstance(ours, dict) or not isinstance(ours.get("grid"), dict) or "synthetic" not in ours:
        raise ConfigError(f"{store.url} is a Zarr store, but not one of eo-ingest: choose a new folder")
    if ours.get("format") != FORMAT_VERSION:
        raise ConfigError(
            f"{store.url} has format {ours.get('format')!r}, this version reads {FORMAT_VERSION}: use the version that made it"
        )
    return Root(ours["grid"], bool(ours["synthetic"]))


def existing(url: str) -> tuple[LocalStore, Grid]:
    """A store to read from, and its grid.

    Raises:
        ConfigError: if there is none, it is not ours, or its grid is none that this version knows.
    """
    store = store_at(url)
    root = read_root(store)
    if root is None:
        raise ConfigError(f"there is no store at {store.url}: `eo-ingest tile --store {url}` makes one")
    grid = Grid.load(str(root.grid.get("name")))
    if grid.as_json() != _plain(root.grid, grid):
        raise ConfigError(f"the grid {grid.name!r} of {store.url} is defined otherwise here: its tiles are not these tiles")
    return store, grid


def check_fits(store: LocalStore, plan: Plan, *, synthetic: bool) -> Root | None:
    """Hold a run against the store that it would write to; None where the store is yet to be made.

    Raises:
        ConfigError: if grids, or synthetic and real data, would mix.
    """
    root = read_root(store)
    if root is None:
        return None
    if _plain(root.grid, plan.grid) != plan.grid.as_json():
        raise ConfigError(
            f"{store.url} is on the grid {root.grid.get('name')!r} and this run on {plan.grid.name!r} (or on another "
            "definition of it): a store has one grid; choose another store"
        )
    if root.synthetic != synthetic:
        words = {True: "synthetic data from the emulator", False: "real data from Earth Engine"}
        raise ConfigError(f"{store.url} holds {words[root.synthetic]} and this run makes {words[synthetic]}: choose another store")
    return root


def _plain(stored: Mapping[str, Any], grid: Grid) -> dict[str, Any]:
    """A grid's definition read back from JSON, with the tuples that JSON turned into lists."""
    like = grid.as_json()
    return {k: tuple(v) if isinstance(v, list) and isinstance(like.get(k), tuple) else v for k, v in stored.items()}


def pending(plan: Plan, store: Store) -> list[Job]:
    """The jobs of a plan that are not done, in the plan's order."""
    ledgers = {
        (product.name, period.name): (manifest.scan(store, product.name, period.name), fingerprint(product, period, plan.grid))
        for product, period in plan.series
    }
    left = []
    for job in plan.jobs():
        ledger, now = ledgers[job.product, job.period]
        if ledger.status(job, now) != "done":
            left.append(job)
    return left


def prepare(plan: Plan, store: LocalStore, config: RunConfig, *, synthetic: bool) -> str:
    """Make the store ready for a plan's jobs: root, tile index, metadata, the run's description. Returns the run's id.

    Raises:
        StoreError: if the store cannot be written, or holds arrays of another shape under the same names.
    """
    from eo_ingest.stores import metadata  # noqa: PLC0415 - zarr is slow to import

    store.create(layout.ROOT, metadata.root(plan.grid, synthetic=synthetic))
    check_fits(store, plan, synthetic=synthetic)
    store.sweep()
    for part in plan.cover.zones:
        for product, period in plan.series:
            for key, data in metadata.objects(product, period, part.zone).items():
                _put_metadata(store, key, data)
    catalog.index_tiles(plan, store)
    now = datetime.now(UTC)
    run = f"{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"
    store.put(layout.run(run), _dump(_describe(plan, config, now)))
    return run


def _put_metadata(store: Store, key: str, data: bytes) -> None:
    """Write metadata that is not there yet. Other attributes of the same array are renewed, another array is refused."""
    try:
        old = store.get(key)
    except KeyError:
        store.create(key, data)
        return
    if old == data:
        return
    if key.endswith("/zarr.json"):
        try:
            before, after = json.loads(old), json.loads(data)
        except ValueError:
            before, after = None, {}
        if before is not None:
            before.pop("attributes", None)
            after.pop("attributes", None)
        if before not in (None, after):
            raise StoreError(f"{key!r} describes another array than the product defines now: choose another store")
    store.put(key, data)


def _describe(plan: Plan, config: RunConfig, now: datetime) -> dict[str, Any]:
    """A run's configuration as resolved: no path, no secret."""
    asked = config.model_dump(mode="json", exclude={"store", "assets", "aoi"})
    return {
        "aoi": {"name": plan.aoi.name, "digest": plan.aoi.digest, "source": plan.aoi.source, "notes": list(plan.aoi.notes)},
        "config": {**asked, "assets": bool(config.assets)},
        "grid": plan.grid.as_json(),
        "series": [[product.name, period.name] for product, period in plan.series],
        "started": now.isoformat(timespec="seconds"),
        "versions": versions(),
    }


@contextmanager
def source_of(config: RunConfig, plan: Plan) -> Iterator[Source]:
    """The source that a configuration names, ready to fetch; let go of at the end.

    Raises:
        ConfigError: if there are no credentials, or the assets cannot be served.
        SourceError: if it does not start.
    """
    from eo_ingest.config import Settings  # noqa: PLC0415 - only runs need the environment
    from eo_ingest.sources.earthengine import client  # noqa: PLC0415 - the client is slow to import
    from eo_ingest.sources.earthengine.source import EarthEngineSource  # noqa: PLC0415

    settings = Settings()
    synthetic = config.source == "emulator"

    def source() -> EarthEngineSource:
        name = "emulator" if synthetic else "earthengine"
        return EarthEngineSource(plan.grid, plan.products, workers=config.workers, name=name, synthetic=synthetic)

    if not synthetic:
        client.connect(project=settings.ee_project, url=settings.ee_url, anonymous=False)
        with _closing(source()) as made:
            yield made
        return
    with _emulator(settings.emulator_url, config.assets) as url:
        client.connect(project="emulator", url=url, anonymous=True)
        with _closing(source()) as made:
            yield made


@contextmanager
def _closing(source: Source) -> Iterator[Source]:
    try:
        yield source
    finally:
        source.close()


@contextmanager
def _emulator(url: str | None, assets: str | None) -> Iterator[str]:
    """A running emulator's URL: the given one, or one of our own for the time of the run."""
    if url is not None:
        if assets:
            raise ConfigError("--assets needs an emulator of the run's own: unset EO_INGEST_EMULATOR_URL")
        yield url
        return
    from eo_ingest.emulator.process import EmulatorProcess  # noqa: PLC0415

    with EmulatorProcess(assets=assets) as process:
        yield process.url


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
            self.failures.append({"job": f"{record.product}/{record.period}/{record.zone}/{record.block}", "reason": reason})


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


def _dump(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


@dataclass(frozen=True)
class Run:
    """A run that ended: its id, counts and seconds."""

    id: str | None
    totals: Totals
    tiles: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The `--json` of `eo-ingest tile`."""
        t = self.totals
        return {
            "run": self.id,
            "jobs": t.jobs,
            "tiles": t.tiles,
            "requests": t.requests,
            "retries": t.retries,
            "bytes": {"fetched": t.payload, "stored": t.stored},
            "seconds": round(self.seconds, 3),
            "failures": t.failures,
        }


def tile(
    config: RunConfig,
    *,
    on_plan: Callable[[Plan, list[Job]], None] = lambda _plan, _jobs: None,
    on_done: Callable[[Outcome], None] = lambda _: None,
    only: Iterable[str] | None = None,
) -> Run:
    """Do what of a configuration is not done yet. No source is started where all is done.

    Args:
        config: what to make.
        on_plan: called with the plan and its pending jobs before anything is written or asked for.
        on_done: called after each job.
        only: job specs to restrict the run to.

    Raises:
        ConfigError: if the run cannot be made as asked; nothing was changed.
        SourceError: if the source does not start.
        StoreError: if the store cannot be written; what is done stays done.
    """
    begun = time.monotonic()
    plan = resolve(config)
    store = store_at(config.store)
    synthetic = config.source == "emulator"
    check_fits(store, plan, synthetic=synthetic)
    jobs = pending(plan, store)
    if only is not None:
        specs = set(only)
        jobs = [job for job in jobs if job.spec in specs]
    on_plan(plan, jobs)
    totals = Totals()
    run = None
    if jobs:
        with source_of(config, plan) as source:
            run = prepare(plan, store, config, synthetic=synthetic)
            try:
                totals = execute((plan.task(job) for job in jobs), source=source, store=store, run=run, on_done=on_done)
            except CancelledError as err:
                raise SourceError("the run was stopped") from err
        catalog.compact(store)
    totals.jobs["kept"] += 0 if only is not None else _count(plan) - len(jobs)
    return Run(run, totals, plan.cover.tiles, time.monotonic() - begun)


def _count(plan: Plan) -> int:
    blocks = len(plan.cover.blocks) if plan.limit is None else min(plan.limit, len(plan.cover.blocks))
    return blocks * len(plan.series)


def current_fingerprint(grid: Grid, known: Mapping[str, Product] | None = None) -> Callable[[str, str], str | None]:
    """What `catalog.status` asks: the fingerprint of a product and period now; None where the product is unknown."""
    definitions = products.REGISTRY if known is None else known

    def now(product: str, period: str) -> str | None:
        from eo_ingest.period import Period  # noqa: PLC0415

        return fingerprint(definitions[product], Period.parse(period), grid) if product in definitions else None

    return now
