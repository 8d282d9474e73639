"""What was asked of a store, and how it stands."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from eo_ingest import manifest
from eo_ingest.catalog.index import masks_by_aoi, problem_of
from eo_ingest.catalog.records import tells_the_records, tile_states
from eo_ingest.errors import StoreError
from eo_ingest.grid import Block
from eo_ingest.stores import layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from eo_ingest.grid import Grid
    from eo_ingest.manifest import RecordName
    from eo_ingest.ports import Store

# Series -> block -> 16-bit mask of the tiles that are wanted.
Wanted = dict[tuple[str, str], dict[Block, int]]


def wanted(store: Store) -> Wanted:
    """What all runs of a store asked for.

    Raises:
        StoreError: if a run's description or a tile index is damaged.
    """
    masks = masks_by_aoi(store)
    result: Wanted = {}
    for series, aois in sorted(asked(store).items()):
        blocks: defaultdict[Block, int] = defaultdict(int)
        for aoi in aois:
            for block, mask in masks.get(aoi, {}).items():
                blocks[block] |= mask
        result[series] = dict(blocks)
    return result


def asked(store: Store) -> dict[tuple[str, str], set[str]]:
    """Series (product and period) → the AOIs that runs asked for it.

    Raises:
        StoreError: if a run's description is damaged.
    """
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for key, _ in store.listing(f"{layout.RUNS}/"):
        name, pairs = _asked(store, key)
        for product, period in pairs:
            found[product, period].add(name)
    return dict(found)


def _asked(store: Store, key: str) -> tuple[str, list[tuple[str, str]]]:
    """The AOI and the series of a run."""
    try:
        run = json.loads(store.get(key))
        return str(run["aoi"]["name"]), [(str(product), str(period)) for product, period in run["series"]]
    except (ValueError, KeyError, TypeError) as err:
        raise StoreError(f"{key!r} is not the description of a run: {err!r}") from err


def status(store: Store, asked: Wanted, fingerprint: Callable[[str, str], str | None]) -> dict[str, Any]:
    """Counts of jobs and tiles by status: the `--json` of `eo-ingest status`.

    `fingerprint(product, period)` is what a job would get now; None where the product is not known here, and then
    no record counts as stale.
    """
    states = tile_states(store)
    products: dict[str, dict[str, Any]] = {}
    for (product, period), blocks in asked.items():
        ledger = manifest.scan(store, product, period)
        now = fingerprint(product, period)
        jobs = dict.fromkeys(("done", "stale", "failed", "missing"), 0)
        tiles = dict.fromkeys(("ok", "empty", "failed", "missing"), 0)
        for block, mask in blocks.items():
            names = ledger.names.get(block.id, [])
            current = now or next((n.fingerprint for n in names if n.status == "done"), "")
            jobs[manifest.status(names, mask, current)] += 1
            _count_tiles(names, mask, current, states, tiles)
        products.setdefault(product, {})[period] = {"jobs": jobs, "tiles": tiles}
    return {"products": products}


def _count_tiles(
    names: list[RecordName], mask: int, current: str, states: dict[str, dict[str, int]], tiles: dict[str, int]
) -> None:
    left = mask
    held = manifest.standing(names, current)
    failed = [n for n in names if n.status == "failed" and n.fingerprint == current[:16]]
    for name in (*([held] if held else []), *failed):
        for state, bits in states.get(name.key, {}).items():
            tiles[state] += (bits & left).bit_count()
            left &= ~bits
    tiles["missing"] += left.bit_count()


def problems(store: Store, grid: Grid) -> Iterable[tuple[str, str]]:
    """What is wrong with tile indexes, runs and the compaction, each held against what it was made from.

    A compaction that lags behind the records is sound: the next run brings it up to date.
    """
    for key, _ in store.listing(f"{layout.RUNS}/"):
        try:
            _asked(store, key)
        except StoreError as err:
            yield key, str(err)
    for key, _ in store.listing(f"{layout.TILES}/"):
        problem = problem_of(store, grid, key)
        if problem:
            yield key, f"{problem}: remove it and run again"
    if not tells_the_records(store):
        yield layout.COMPACTION, "does not tell what the records tell: remove it and run again"
