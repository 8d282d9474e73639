"""Looking at a user's product before it is made: its assets, its bands, its values, and one tile of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eo_ingest.errors import ConfigError
from eo_ingest.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eo_ingest.job import Job
    from eo_ingest.plan import Plan
    from eo_ingest.product import Product
    from eo_ingest.runtime.routing import Sources


def check_assets(sources: Sources, plan: Plan, jobs: Sequence[Job], own: Iterable[Product]) -> None:
    """Refuse user's products whose assets or bands are not there, before the first job.

    Raises:
        ConfigError: says what is wrong, of all of them.
        SourceError: if Earth Engine does not answer.
    """
    problems = []
    for product in own:
        first = next((job for job in jobs if job.product == product.name), None)
        if first is not None:
            problems += [f"product {product.name!r}: {problem}" for problem in _problems(sources, plan, first, product)]
    if problems:
        raise ConfigError("; ".join(problems))


def _problems(sources: Sources, plan: Plan, job: Job, product: Product) -> list[str]:
    from eo_ingest.sources.earthengine import graph
    from eo_ingest.sources.earthengine.catalogue import Catalogue
    from eo_ingest.sources.earthengine.examination import examine
    from eo_ingest.sources.earthengine.source import EarthEngineSource

    source = sources.of(product.name)
    if not isinstance(source, EarthEngineSource):
        return []  # files have no catalogue: the first job tells what is wrong with them
    where = graph.place(plan.grid.zone(job.block.zone), job.block)
    return examine(Catalogue(source), product, Period.parse(job.period), where).problems
