"""What a store holds and what was asked of it: the tile index, the compaction of the records, and status."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from eo_ingest import manifest
from eo_ingest.errors import ConfigError, OutputError, StoreError
from eo_ingest.grid import Block, Tile
from eo_ingest.job import tiles_of
from eo_ingest.manifest import RecordName
from eo_ingest.stores import layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from eo_ingest.grid import Grid, ZoneCover
    from eo_ingest.plan import Plan
    from eo_ingest.ports import Store

# What readers of Parquet raise over damaged bytes, each for another kind of damage.
_DAMAGED = (pa.ArrowException, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)

# Series -> block -> 16-bit mask of the tiles that are wanted.
Wanted = dict[tuple[str, str], dict[Block, int]]

SCHEMA = pa.schema(
    [
        ("product", pa.string()),
        ("period", pa.string()),
        ("zone", pa.string()),
        ("block", pa.string()),
        ("tile", pa.string()),
        ("index", pa.int8()),
        ("status", pa.string()),
        ("valid", pa.float64()),
        ("reason", pa.string()),
        ("fingerprint", pa.string()),
        ("run", pa.string()),
        ("finished", pa.string()),
        ("record", pa.string()),
    ]
)


def index_tiles(plan: Plan, store: Store) -> None:
    """Enter the AOI's tiles in `tiles/<zone>.parquet`: one row per tile, with the AOIs that asked for it.

    Raises:
        StoreError: if the store cannot be written, or its index is damaged.
    """
    for key, frame in _frames(plan):
        with store.lock(key):
            try:
                old = store.get(key)
            except KeyError:
                old = None
            joined = frame if old is None else _joined(_index(key, old), frame)
            if joined is None:
                continue
            buffer = io.BytesIO()
            joined.to_parquet(
                buffer, index=False, geometry_encoding="WKB", schema_version="1.1.0", write_covering_bbox=True
            )
            store.put(key, buffer.getvalue())


def is_indexed(plan: Plan, store: Store) -> bool:
    """Whether the tile indexes tell of all the AOI's tiles already.

    Raises:
        StoreError: if an index is damaged.
    """
    for key, frame in _frames(plan):
        try:
            old = store.get(key)
        except KeyError:
            return False
        if _joined(_index(key, old), frame) is not None:
            return False
    return True


def _frames(plan: Plan) -> Iterable[tuple[str, Any]]:
    """The AOI's tiles as rows of an index, by the index's key."""
    import pandas as pd

    for part in plan.cover.zones:
        frame = plan.cover.frame(part.zone.name)
        frame["aois"] = [[plan.aoi.name]] * len(frame)
        frame["split"] = pd.Series([None] * len(frame), dtype="str")
        yield layout.tiles(part.zone.name), frame


def _index(key: str, data: bytes) -> Any:
    import geopandas as gpd

    try:
        return gpd.read_parquet(_parquet(data))
    except _DAMAGED as err:
        raise StoreError(f"{key!r} is not a tile index: remove it and run again") from err


def _joined(old: Any, new: Any) -> Any:
    """Old rows and new ones, each tile once; None where the old ones say it all."""
    import pandas as pd

    name = new["aois"].iloc[0][0]
    asked = set(new["id"])
    known = {tile for tile, aois in zip(old["id"], old["aois"], strict=True) if name in aois}
    if asked <= known:
        return None
    old = old.drop(columns="bbox", errors="ignore")
    old["aois"] = [
        sorted({*aois, name}) if tile in asked else sorted(aois)
        for tile, aois in zip(old["id"], old["aois"], strict=True)
    ]
    fresh = new[~new["id"].isin(set(old["id"]))]
    joined = pd.concat([old, fresh], ignore_index=True) if len(fresh) else old
    return joined.sort_values(["row", "col"], ignore_index=True)


def wanted(store: Store) -> Wanted:
    """What all runs of a store asked for.

    Raises:
        StoreError: if a run's description or a tile index is damaged.
    """
    asked: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for key, _ in store.listing(f"{layout.RUNS}/"):
        name, pairs = _asked(store, key)
        for product, period in pairs:
            asked[product, period].add(name)
    masks = _masks_by_aoi(store)
    result: Wanted = {}
    for series, aois in sorted(asked.items()):
        blocks: defaultdict[Block, int] = defaultdict(int)
        for aoi in aois:
            for block, mask in masks.get(aoi, {}).items():
                blocks[block] |= mask
        result[series] = dict(blocks)
    return result


def _asked(store: Store, key: str) -> tuple[str, list[tuple[str, str]]]:
    """The AOI and the series of a run."""
    try:
        run = json.loads(store.get(key))
        return str(run["aoi"]["name"]), [(str(product), str(period)) for product, period in run["series"]]
    except (ValueError, KeyError, TypeError) as err:
        raise StoreError(f"{key!r} is not the description of a run: {err!r}") from err


def _masks_by_aoi(store: Store) -> dict[str, dict[Block, int]]:
    masks: defaultdict[str, defaultdict[Block, int]] = defaultdict(lambda: defaultdict(int))
    for key, _ in store.listing(f"{layout.TILES}/"):
        try:
            table = pq.read_table(io.BytesIO(store.get(key)), columns=["zone", "row", "col", "aois"])
            rows = list(zip(*(table[name].to_pylist() for name in table.column_names), strict=True))
        except _DAMAGED as err:
            raise StoreError(f"{key!r} is not a tile index: {err}") from err
        for zone, row, col, aois in rows:
            tile = Tile(zone, row, col)
            for aoi in aois:
                masks[aoi][tile.block] |= 1 << tile.index_in_block
    return {aoi: dict(blocks) for aoi, blocks in masks.items()}


def status(store: Store, asked: Wanted, fingerprint: Callable[[str, str], str | None]) -> dict[str, Any]:
    """Counts of jobs and tiles by status: the `--json` of `eo-ingest status`.

    `fingerprint(product, period)` is what a job would get now; None where the product is not known here, and then
    no record counts as stale.
    """
    states = _tile_states(store)
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


def _tile_states(store: Store) -> dict[str, dict[str, int]]:
    """Record key → tile status → mask, from the compaction and, where it lags behind, the records."""
    table, _ = _current(store)
    states: dict[str, dict[str, int]] = {}
    columns = (table[name].to_pylist() for name in ("record", "index", "status"))
    for key, index, state in zip(*columns, strict=True):
        masks = states.setdefault(key, {})
        masks[state] = masks.get(state, 0) | 1 << index
    return states


def compact(store: Store) -> int:
    """Bring `manifest.parquet` up to date with the records; the number of rows (tiles × series).

    A store that is up to date is not written to.
    """
    if not _lags(store) and not _superseded(store):
        return int(_compaction(store).num_rows)
    with store.lock(layout.COMPACTION):
        for name in _superseded(store):
            store.delete(name.key)
        table, fresh = _current(store)
        if fresh:
            buffer = io.BytesIO()
            pq.write_table(table, buffer, compression="zstd")
            store.put(layout.COMPACTION, buffer.getvalue())
    return int(table.num_rows)


def _lags(store: Store) -> bool:
    """Whether the compaction may tell other than the records do, by keys alone: a failed job may fail otherwise."""
    names = [name for key, _ in store.listing(f"{layout.MANIFEST}/") if (name := RecordName.parse(key))]
    listed = set(_compaction(store)["record"].to_pylist())
    return listed != {name.key for name in names} or any(name.status != "done" for name in names)


def _superseded(store: Store) -> list[RecordName]:
    series = manifest.Ledger.read(store, f"{layout.MANIFEST}/").series()
    return [name for names in series for name in manifest.superseded(names)]


def _current(store: Store) -> tuple[pa.Table, bool]:
    """The rows of all sound records, and whether that is more or other than the compaction has."""
    keys = sorted(key for key, _ in store.listing(f"{layout.MANIFEST}/") if RecordName.parse(key))
    old = _compaction(store)
    listed = old["record"].to_pylist()
    # A job that fails again writes its record anew under the same key: those are always read.
    lasting = {key for key in keys if (name := RecordName.parse(key)) and name.status == "done"}
    standing = lasting & set(listed)
    kept = old.filter(pa.array([key in standing for key in listed], pa.bool_()))
    rows = [row for key in keys if key not in standing for row in _rows(store, key)]
    if not rows and kept.num_rows == old.num_rows:
        return old, False
    table = pa.concat_tables([kept, pa.Table.from_pylist(rows, SCHEMA)])
    order = [(name, "ascending") for name in ("product", "period", "tile", "record")]
    table = table.sort_by(order)
    return table, not table.equals(old)


def _compaction(store: Store) -> pa.Table:
    """The compaction as it stands; one that is not there or is damaged is as good as empty."""
    try:
        return _read_compaction(store.get(layout.COMPACTION))
    except _DAMAGED:
        return SCHEMA.empty_table()


def _parquet(data: bytes) -> io.BytesIO:
    if not data.startswith(b"PAR1"):  # PyArrow looks at the end of a file only, other readers at its start
        raise ValueError("does not begin as Parquet does")
    return io.BytesIO(data)


def _read_compaction(data: bytes) -> pa.Table:
    table = pq.read_table(_parquet(data))
    table.validate(full=True)
    if not table.schema.equals(SCHEMA):
        raise ValueError(f"has the columns {table.schema.names}")
    return table


def _rows(store: Store, key: str) -> Iterable[dict[str, Any]]:
    name = RecordName.parse(key)
    if name is None or name.status == "begun":
        return
    try:
        record = manifest.read(store, name)
    except OutputError:
        return  # `verify` names it; a damaged record counts for nothing
    job = manifest.job_of(name)
    for index in tiles_of(record.mask):
        tile = job.block.tile(index).id
        entry = record.tiles[tile]
        yield {
            "product": record.product,
            "period": record.period,
            "zone": record.zone,
            "block": record.block,
            "tile": tile,
            "index": index,
            "status": entry.status,
            "valid": entry.valid,
            "reason": entry.reason,
            "fingerprint": record.fingerprint,
            "run": record.run,
            "finished": record.finished,
            "record": key,
        }


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
        problem = _index_problem(store, grid, key)
        if problem:
            yield key, f"{problem}: remove it and run again"
    if not _tells_the_records(store):
        yield layout.COMPACTION, "does not tell what the records tell: remove it and run again"


def _index_problem(store: Store, grid: Grid, key: str) -> str | None:
    """What is wrong with a tile index; it is held against the grid. Geometries may differ by 0.1 mm."""
    import shapely

    from eo_ingest.grid.frame import tile_frame

    try:
        data = store.get(key)
        frame, boxes = _index(key, data), pq.read_table(io.BytesIO(data))["bbox"].combine_chunks().flatten()
        cover = _cover_of(grid, key.removeprefix(f"{layout.TILES}/").removesuffix(".parquet"), frame)
        expected = tile_frame([cover])
        named = all(isinstance(aoi, str) for aois in frame["aois"] for aoi in aois) and frame["aois"].map(len).all()
        same = all(list(frame[name]) == list(expected[name]) for name in ("id", "zone", "row", "col", "block"))
        near = same and all(
            shapely.equals_exact(frame[name].to_numpy(), expected[name].to_numpy(), tolerance=1e-9).all()
            for name in ("geometry", "centroid")
        )
        near = near and all(
            boxes[i].equals(pa.array(bounds)) for i, bounds in enumerate(frame.geometry.bounds.to_numpy().T)
        )
    except StoreError:
        return "is not a tile index"
    except (*_DAMAGED, ConfigError) as err:
        return f"is not an index of tiles of {grid.name!r} ({err})"
    return None if named and near else f"has tiles that are not those of {grid.name!r}"


def _cover_of(grid: Grid, zone: str, frame: Any) -> ZoneCover:
    """The tiles of an index as the grid would give them, from rows and columns alone."""
    import numpy as np

    from eo_ingest.grid import ZoneCover

    masks: defaultdict[Block, int] = defaultdict(int)
    for row, col in zip(frame["row"].tolist(), frame["col"].tolist(), strict=True):
        tile = Tile(zone, row, col)
        masks[tile.block] |= 1 << tile.index_in_block
    blocks = sorted(masks)
    rows, cols = (np.array([getattr(block, name) for block in blocks], np.int32) for name in ("row", "col"))
    return ZoneCover(grid.zone(zone), rows, cols, np.array([masks[block] for block in blocks], np.uint16))


def _tells_the_records(store: Store) -> bool:
    """Whether what the compaction tells of done records that stand is what these tell.

    A job that was made again has a new record under the same key: which run it was, and when, may differ.
    """
    lasting = [name for name in SCHEMA.names if name not in {"run", "finished"}]
    try:
        data = store.get(layout.COMPACTION)
    except KeyError:
        return True
    try:
        table = _read_compaction(data)
    except _DAMAGED:
        return False
    table = table.sort_by([("record", "ascending"), ("index", "ascending")])
    keys = table["record"].to_pylist()
    start = 0
    for key, rows in groupby(keys):
        length = sum(1 for _ in rows)
        told = table.slice(start, length).select(lasting)
        start += length
        name = RecordName.parse(key)
        expected = list(_rows(store, key)) if name and name.status == "done" else []
        if expected and told.to_pylist() != pa.Table.from_pylist(expected, SCHEMA).select(lasting).to_pylist():
            return False
    return True
