"""Making a store ready for a plan's jobs: everything but pixels and records."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eo_ingest import catalog
from eo_ingest.errors import StoreError
from eo_ingest.ingest import versions
from eo_ingest.runtime import defining
from eo_ingest.runtime.opening import check_fits
from eo_ingest.stores import layout

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from eo_ingest.config import RunConfig
    from eo_ingest.plan import Plan
    from eo_ingest.ports import Store
    from eo_ingest.runtime.choosing import Choice
    from eo_ingest.runtime.opening import Origin
    from eo_ingest.stores.local import LocalStore


# What tells of places on the user's machine.
_PLACES = {"store", "assets", "aoi", "grid", "archives", "products", "definitions"}


def prepare(plan: Plan, store: LocalStore, config: RunConfig, origin: Origin, choices: Collection[Choice] = ()) -> str:
    """Make the store ready for a plan's jobs: root, user's products, metadata, tile index, the run's description.

    Returns the run's id.

    Raises:
        StoreError: if the store cannot be written, or holds arrays of another shape under the same names.
    """
    from eo_ingest.stores import metadata

    store.create(layout.ROOT, metadata.root(plan.grid, synthetic=origin.synthetic, assets=origin.assets))
    check_fits(store, plan, origin)
    if plan.grid.chips is not None:
        store.create(layout.CHIPS, plan.grid.chips.to_parquet())
    store.sweep()
    defining.keep(store, choices, plan)
    for part in plan.cover.zones:
        for product, period in plan.series:
            for key, data in metadata.objects(product, period, part.zone).items():
                _put_metadata(store, key, data)
    plan = replace(plan, aoi=replace(plan.aoi, name=known_name(plan, store)))
    catalog.index_tiles(plan, store)
    now = datetime.now(UTC)
    run = f"{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"
    store.put(layout.run(run), _dump(_describe(plan, config, now)))
    return run


def conclude(store: Store, run: str, totals: dict[str, Any]) -> None:
    """Add to a run's description what came of it."""
    try:
        described = json.loads(store.get(layout.run(run)))
    except (KeyError, ValueError):
        return  # somebody removed or damaged it; the records tell all that matters
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    store.put(layout.run(run), _dump({**described, "finished": finished, "totals": totals}))


def known_name(plan: Plan, store: Store) -> str:
    """The AOI's name in this store: with digits of its digest where the name stands for another area there."""
    taken = {run["aoi"]["name"]: run["aoi"]["digest"] for run in _runs(store)}
    if taken.get(plan.aoi.name, plan.aoi.digest) == plan.aoi.digest:
        return plan.aoi.name
    return f"{plan.aoi.name}-{plan.aoi.digest[:8]}"


def _runs(store: Store) -> Iterator[dict[str, Any]]:
    """The descriptions of a store's runs that can be read; `status` names those that cannot."""
    for key, _ in store.listing(f"{layout.RUNS}/"):
        try:
            run = json.loads(store.get(key))
            if run["aoi"]["name"] and run["aoi"]["digest"] and run["series"]:
                yield run
        except (ValueError, KeyError, TypeError):
            continue


def is_described(plan: Plan, store: Store) -> bool:
    """Whether an earlier run asked for all that this plan asks for, so that the store knows of it.

    Raises:
        StoreError: if a tile index is damaged.
    """
    asked = {(product.name, period.name) for product, period in plan.series}
    plan = replace(plan, aoi=replace(plan.aoi, name=known_name(plan, store)))
    for run in _runs(store):
        if run["aoi"]["digest"] == plan.aoi.digest and run["aoi"]["name"] == plan.aoi.name:
            asked -= {(product, period) for product, period in run["series"]}
    return not asked and catalog.is_indexed(plan, store)


def _put_metadata(store: Store, key: str, data: bytes) -> None:
    """Write metadata that is not there yet. Other attributes of an array are renewed, another array is refused."""
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
            for words in ("attributes", "consolidated_metadata"):
                before.pop(words, None)
                after.pop(words, None)
        if before not in (None, after):
            raise StoreError(f"{key!r} describes another array than the product defines now: choose another store")
    store.put(key, data)


def _describe(plan: Plan, config: RunConfig, now: datetime) -> dict[str, Any]:
    """A run's configuration as resolved: no path, no secret."""
    asked = config.model_dump(mode="json", exclude=_PLACES)
    return {
        "aoi": {
            "name": plan.aoi.name,
            "digest": plan.aoi.digest,
            "source": plan.aoi.source,
            "notes": list(plan.aoi.notes),
        },
        "config": {
            **asked,
            "grid": plan.grid.name,
            "assets": bool(config.assets),
            "archives": sorted(config.archives),
            "products": config.products and [Path(name).name for name in config.products],
            "product_periods": {Path(name).name: periods for name, periods in asked["product_periods"].items()},
            "definitions": {Path(name).name: digest for name, digest in config.definitions.items()},
        },
        "grid": plan.grid.as_json(),
        "series": [[product.name, period.name] for product, period in plan.series],
        "started": now.isoformat(timespec="seconds"),
        "versions": versions(),
    }


def _dump(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
