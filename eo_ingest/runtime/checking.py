"""Looking at a user's product before it is made: its assets, its bands, its values, and one tile of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest import reader
from eo_ingest.errors import ConfigError
from eo_ingest.ingest import ingest
from eo_ingest.job import tiles_of
from eo_ingest.period import Period
from eo_ingest.plan import task
from eo_ingest.runtime.looking import Look, look, spot_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from eo_ingest.grid import Tile
    from eo_ingest.job import Job
    from eo_ingest.plan import Plan
    from eo_ingest.ports import Store
    from eo_ingest.product import Product, Variable
    from eo_ingest.raster import Raster
    from eo_ingest.runtime.routing import Sources
    from eo_ingest.sources.earthengine.catalogue import Catalogue
    from eo_ingest.sources.earthengine.examination import Findings


def check_assets(sources: Sources, plan: Plan, jobs: Sequence[Job], own: Iterable[Product]) -> None:
    """Refuse user's products whose assets or bands are not there, or whose values do not fit, before the first job.

    The values are those of the first job's first tile. Where the declaration says what becomes of values outside of
    the valid range, a tile without any valid one is no reason to refuse the others: `check` tells that.

    Raises:
        ConfigError: says what is wrong, of all of them.
        SourceError: if Earth Engine does not answer.
    """
    problems = []
    for product in own:
        first = next((job for job in jobs if job.product == product.name), None)
        if first is None:
            continue
        found = _examine(sources, plan, first, product, jobs)
        wrong = found.problems if found else []
        if found and not wrong:
            wrong = _look(sources, plan, first, first.block.tile(next(iter(tiles_of(first.tiles)))), product).refused
        problems += [f"product {product.name!r}: {problem}" for problem in wrong]
    if problems:
        raise ConfigError("; ".join(problems))


@dataclass
class Report:
    """What a check found: of the assets, of the values of one tile, and the tile itself.

    `problems` are what the product cannot be made with; `values` are per variable, band and frame.
    """

    product: Product
    period: Period
    tile: Tile
    findings: Findings | None = None
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    values: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    status: str | None = None
    valid: float | None = None
    requests: int = 0
    payload: int = 0

    def as_json(self) -> dict[str, Any]:
        """The `--json` of `eo-ingest product check`."""
        assets = self.findings.assets.values() if self.findings else ()
        return {
            "product": self.product.name,
            "period": self.period.name,
            "tile": self.tile.id,
            "problems": self.problems,
            "notes": self.notes,
            "assets": [
                {
                    "id": asset.id,
                    "type": asset.kind,
                    "bands": [{"name": b.name, "type": b.type, "crs": b.crs, "scale": b.scale} for b in asset.bands],
                }
                for asset in assets
            ],
            "scenes": self.findings.scenes if self.findings else {},
            "status": self.status,
            "valid": self.valid,
            "values": self.values,
            "requests": self.requests,
            "bytes": self.payload,
        }


def check(
    sources: Sources, plan: Plan, tile_id: str | None, *, store: Store, on_step: Callable[[], None] = lambda: None
) -> Report:
    """Make a tile of a plan, after everything that can be seen before it.

    Args:
        sources: of the plan's product.
        plan: of one product.
        tile_id: the tile; the plan's first if None.
        store: where the tile goes, ready for the plan.
        on_step: called after the catalogue, the values and the tile.

    Raises:
        SourceError: if the source does not answer.
    """
    product, period = plan.series[0]
    job, index = next(
        (replace(job, tiles=1 << index), index)
        for job in plan.jobs()
        for index in tiles_of(job.tiles)
        if tile_id in {None, job.block.tile(index).id}
    )
    report = Report(product, period, job.block.tile(index))
    report.findings = _examine(sources, plan, job, product)
    on_step()
    if report.findings:
        report.problems += report.findings.problems
        report.notes += report.findings.notes
        if not report.problems:
            seen = _look(sources, plan, job, report.tile, product)
            report.problems += seen.problems
            report.notes += seen.notes
            on_step()
    if not report.problems:
        _make(sources, plan, job, store, report)
        on_step()
    return report


def _look(sources: Sources, plan: Plan, job: Job, tile: Tile, product: Product) -> Look:
    """What a tile's values are before they are bounded; nothing of a product of files."""
    catalogue = _catalogue(sources, product)
    if catalogue is None:
        return Look()
    spot = spot_of(plan.grid.zone(job.block.zone), job.block, tile, product)
    return look(catalogue, product, Period.parse(job.period), spot)


def _examine(sources: Sources, plan: Plan, job: Job, product: Product, jobs: Sequence[Job] = ()) -> Findings | None:
    """What Earth Engine's catalogue says; None for a product of files, which have no catalogue."""
    from eo_ingest.sources.earthengine import graph
    from eo_ingest.sources.earthengine.examination import examine

    catalogue = _catalogue(sources, product)
    if catalogue is None:
        return None
    blocks = dict.fromkeys([job.block, *(other.block for other in jobs if other.product == product.name)])
    where, *others = (graph.place(plan.grid.zone(block.zone), block) for block in blocks)
    return examine(catalogue, product, Period.parse(job.period), where, others)


def _catalogue(sources: Sources, product: Product) -> Catalogue | None:
    from eo_ingest.sources.earthengine.catalogue import Catalogue
    from eo_ingest.sources.earthengine.source import EarthEngineSource

    source = sources.of(product.name)
    return Catalogue(source) if isinstance(source, EarthEngineSource) else None


def _make(sources: Sources, plan: Plan, job: Job, store: Store, report: Report) -> None:
    """Make the tile as a run would."""
    doing = task(job, report.product, plan.grid)
    record = ingest(doing, source=sources.of(report.product.name), store=store, run="check").record
    made = record.tiles[report.tile.id]
    report.status, report.valid = made.status, made.valid
    report.requests, report.payload = record.requests, record.payload
    if made.status == "failed":
        report.problems.append(f"the tile cannot be made: {made.reason}")
        return
    (raster,) = reader.read_block(store, report.product, report.period.name, job.block).values()
    report.values = {v.name: dict(_bands(v, raster, report)) for v in report.product.variables}


def _bands(variable: Variable, raster: Raster, report: Report) -> Iterator[tuple[str, dict[str, Any]]]:
    frames = report.product.frames(report.period)
    for band, name in enumerate(variable.bands):
        yield (
            name,
            {
                frame.label: _summary(raster[variable.name][i, band], variable, report.product)
                for i, frame in enumerate(frames)
            },
        )


def _summary(values: np.ndarray, variable: Variable, product: Product) -> dict[str, Any]:
    """What an array (y, x) holds: its valid fraction, and its classes, or least, mean and greatest physical value."""
    valid = values != variable.nodata
    found: dict[str, Any] = {"valid": round(float(valid.mean()), 6)}
    if not valid.any():
        return found
    if variable.flags:
        shares = {flag.meaning: float((values[valid] == flag.value).mean()) for flag in variable.flags}
        return {**found, "classes": {name: round(share, 6) for name, share in shares.items() if share}}
    physical = reader.physical(values, product, variable.name)[valid].astype(np.float64)
    parts = {"min": physical.min(), "mean": physical.mean(), "max": physical.max()}
    return {**found, **{name: float(f"{value:.6g}") for name, value in parts.items()}}
