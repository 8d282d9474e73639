"""The table of records, `manifest.parquet`: one row per tile and series, made from the records alone."""

from __future__ import annotations

import io
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from eo_ingest import manifest
from eo_ingest.catalog.parquet import DAMAGED, opened
from eo_ingest.errors import OutputError
from eo_ingest.job import tiles_of
from eo_ingest.manifest import RecordName
from eo_ingest.stores import layout

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eo_ingest.ports import Store

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


def tile_states(store: Store) -> dict[str, dict[str, int]]:
    """Record key → tile status → mask, from the compaction and, where it lags behind, the records."""
    table, _ = _current(store)
    states: dict[str, dict[str, int]] = {}
    columns = (table[name].to_pylist() for name in ("record", "index", "status"))
    for key, index, state in zip(*columns, strict=True):
        masks = states.setdefault(key, {})
        masks[state] = masks.get(state, 0) | 1 << index
    return states


def tells_the_records(store: Store) -> bool:
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
    except DAMAGED:
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
    except DAMAGED:
        return SCHEMA.empty_table()


def _read_compaction(data: bytes) -> pa.Table:
    table = pq.read_table(opened(data))
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
