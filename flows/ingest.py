"""The flow `ingest`: what `eo-ingest tile` does, in batches that Prefect shows, retries and schedules."""

from __future__ import annotations

import logging
import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import prefect.runtime
from prefect import flow, get_run_logger
from prefect.futures import as_completed
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from eo_ingest import runtime
from eo_ingest.config import DEFAULT_WORKERS, MAX_WORKERS, Clouds, Orbit, RunConfig, SourceName
from eo_ingest.errors import ConfigError, EoIngestError
from eo_ingest.products import custom
from flows import report
from flows.batch import AT_ONCE, DEFAULT_BLOCKS, add, batch, outcome, split, stopping

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prefect.futures import PrefectFuture

    from flows.batch import Batch

# Stands for the store until the recipe has told the grid, which the store's usual name has.
_UNNAMED = "to be named"
# Task runs that Prefect knows of at a time: those under way, and as many that wait.
WINDOW = 2 * AT_ONCE


class IngestFailedError(EoIngestError):
    """Some jobs of a flow run failed; what is done is kept."""


def _named() -> str:
    """A flow run's name: what it was asked for."""
    asked = prefect.runtime.flow_run.parameters
    return "-".join(["ingest", *(str(asked[key]) for key in ("recipe", "aoi") if asked.get(key))])


@flow(
    name="ingest",
    flow_run_name=_named,
    task_runner=ThreadPoolTaskRunner(max_workers=AT_ONCE),  # type: ignore[arg-type]  # Prefect's generics are invariant
    persist_result=False,
)
def ingest(  # noqa: PLR0913, PLR0917 - the parameters are the deployment's form: flat, plain values
    aoi: str | None = None,
    store: str | None = None,
    grid: str | None = None,
    products: list[str] | None = None,
    periods: list[str] | None = None,
    product_periods: dict[str, list[str]] | None = None,
    recipe: str | None = None,
    clouds: Clouds | None = None,
    orbit: Orbit | None = None,
    trust_code: bool = False,  # noqa: FBT001, FBT002 - a field of the form
    source: SourceName = "earthengine",
    assets: str | None = None,
    archives: dict[str, str] | None = None,
    tiles: list[str] | None = None,
    limit: Annotated[int, Field(ge=1)] | None = None,
    workers: Annotated[int, Field(ge=1, le=MAX_WORKERS)] = DEFAULT_WORKERS,
    batch_size: Annotated[int, Field(ge=1)] = DEFAULT_BLOCKS,
) -> dict[str, Any]:
    """Make the tiles of an AOI in a store. What is done already is not asked for again.

    Args:
        aoi: A name, iso:CODE, a file, or west,south,east,north; the recipe's own, or all chips, if not given.
        store: The store's folder, as an absolute path; `$EO_INGEST_STORE` of the worker if not given.
        grid: The name of a grid, or the absolute path of a TOML file that defines one; utm if not given.
        products: Product names, and absolute paths of product files; the default ones if not given.
        periods: Periods such as 2020; each product's own if not given.
        product_periods: Product names, and periods of these products alone.
        recipe: A recipe's name, or the absolute path of one; it gives what is not given here.
        clouds: How clouds are told, where it is not by Cloud Score+.
        orbit: One relative orbit per tile and pass, the one with most scenes.
        trust_code: Run product files that are programs.
        source: Earth Engine, or the emulator on the worker's machine.
        assets: A folder of rasters that the emulator serves.
        archives: Product names and where their files are, instead of Earth Engine.
        tiles: Only these tiles of the area, by their ids.
        limit: Only the first so many blocks.
        workers: Requests in flight.
        batch_size: Blocks per task run.

    Raises:
        ConfigError: if the run cannot be made as asked; nothing was changed.
        IngestFailedError: if any job failed; all others are done.
    """
    config = RunConfig.of(
        aoi=aoi,
        store=store or _UNNAMED,
        grid=grid and _checked(grid),
        products=[_checked(name) for name in products] if products else None,
        periods=periods,
        product_periods=product_periods or {},
        recipe=recipe and _checked(recipe),
        clouds=clouds,
        orbit=orbit,
        trust_code=trust_code,
        source=source,
        assets=assets,
        archives=archives or {},
        tiles=tiles,
        limit=limit,
        workers=workers,
    )
    config = config.model_copy(update={"store": store_of(store, source=source, grid=Path(config.grid).stem)})
    stopping.clear()
    _log_every_job()
    try:
        return _run(config, batch_size)
    except BaseException:
        # Also Prefect's TerminationSignal. Once the source is closed, the batches under way end at their next request.
        stopping.set()
        raise
    finally:
        runtime.release()


def store_of(store: str | None, *, source: str, grid: str) -> str:
    """The store to write to: the given one, else `$EO_INGEST_STORE`, else one per source and grid below the home.

    Raises:
        ConfigError: for a relative path. A worker runs flows in a temporary folder, and removes it afterwards.
    """
    chosen = store or os.environ.get("EO_INGEST_STORE") or f"~/eo-ingest/{source}-{grid}.zarr"
    if "://" not in chosen and not Path(chosen).expanduser().is_absolute():
        raise ConfigError(
            f"store {chosen!r} is a relative path, and workers run in temporary folders: expected an absolute path"
        )
    return chosen


def _checked(name: str) -> str:
    """A product, a grid or a recipe: a name, or a file's absolute path.

    Raises:
        ConfigError: for a relative path, as for stores.
    """
    if custom.is_file(name) and not Path(name).expanduser().is_absolute():
        raise ConfigError(
            f"file {name!r} is a relative path, and workers run in temporary folders: expected an absolute path"
        )
    return name


def _log_every_job() -> None:
    """Let the core's line per job through, unless somebody has chosen a level."""
    core = logging.getLogger("eo_ingest")
    if core.level == logging.NOTSET:
        core.setLevel(logging.INFO)


def _run(config: RunConfig, blocks: int) -> dict[str, Any]:
    log = get_run_logger()
    notes: list[str] = []
    started = runtime.start(config, on_plan=lambda plan, _jobs: notes.extend(runtime.notes(config, plan)))
    config = started.config
    for note in notes:
        log.info("note: %s", note)
    totals = runtime.Totals()
    totals.jobs["kept"] = sum(1 for _ in started.plan.jobs()) - len(started.jobs)
    batches = split(started.jobs, blocks)
    log.info("jobs: %s in %s task runs; done before: %s", len(started.jobs), len(batches), totals.jobs["kept"])
    if started.run is not None and batches:
        try:
            _work(config, started.run, batches, totals)
        except Exception as err:
            stopping.set()
            note = f"Stopped: {err}. {_verdict(totals, len(started.jobs))}"
            report.publish(config, totals, run=started.run, note=note)
            raise
    runtime.finish(config, started.run, totals)
    note = _verdict(totals, len(started.jobs))
    report.publish(config, totals, run=started.run, note=note)
    if totals.jobs["failed"]:
        raise IngestFailedError(note)
    log.info(note)
    return {"run": started.run, **totals.as_json()}


def _work(config: RunConfig, run: str, batches: Sequence[Batch], totals: runtime.Totals) -> None:
    """Run the batches and count.

    Raises:
        EoIngestError: or whatever else ended a batch before its jobs were through. No further batch is begun.
    """
    progress = report.Progress(config, sum(len(one.jobs) for one in batches))
    values = config.model_dump(mode="json")
    for future in _in_turn(values, run, batches):
        part = outcome(future.state)
        add(totals, part)
        progress.advance(sum(part.jobs.values()))


def _in_turn(config: dict[str, Any], run: str, batches: Sequence[Batch]) -> Iterator[PrefectFuture[runtime.Totals]]:
    """Submit batches, a few at a time, and give back each as it ends."""
    waiting = iter(batches)
    flying: set[PrefectFuture[runtime.Totals]] = set()
    while True:
        for one in islice(waiting, WINDOW - len(flying)):
            flying.add(batch.submit(one.name, config, run, one.jobs))
        if not flying:
            return
        ended = next(as_completed(list(flying)))
        # Until waited for, a future's state is what the server last heard.
        ended.wait()
        flying.remove(ended)
        yield ended


def _verdict(totals: runtime.Totals, asked: int) -> str:
    """The end of a flow run in words, and how to go on."""
    done, failed = totals.jobs["done"], totals.jobs["failed"]
    left = asked - done - failed
    if not asked:
        return f"Nothing to do: all {totals.jobs['kept']:,} jobs were done before."
    if not failed and not left:
        return f"All {asked:,} jobs are done."
    name, run = prefect.runtime.deployment.name, prefect.runtime.flow_run.id
    again = f"`prefect deployment run ingest/{name}`" if name else "the flow with the same parameters"
    tried = f", {left:,} were not tried" if left > 0 else ""
    first = (
        f" The first: {totals.failures[0]['job']}: {totals.failures[0]['reason'].rstrip('.')}."
        if totals.failures
        else ""
    )
    return (
        f"{failed:,} of {asked:,} jobs failed{tried}; {done:,} are done and kept.{first} "
        f"Run {again}, or `prefect flow-run retry {run}`: only what is not done is tried again."
    )
