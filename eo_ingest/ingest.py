"""The one use case: make a job's objects and its record, from a source, in a store."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from eo_ingest import manifest
from eo_ingest.errors import EoIngestError, OutputError, SourceError
from eo_ingest.job import mask_of, tiles_of
from eo_ingest.manifest import Record, RecordName, TileRecord
from eo_ingest.raster import check, tile_shape, valid_fraction
from eo_ingest.stores import codec, layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from eo_ingest.job import Job
    from eo_ingest.ports import Fetched, Source, Store
    from eo_ingest.product import Product
    from eo_ingest.raster import Raster

log = logging.getLogger(__name__)

Chunks = dict[str, dict[int, bytes | None]]  # variable name -> tile index -> chunk


@dataclass(frozen=True, slots=True)
class Task:
    """A job with all that decides its bytes: the product, its fingerprint, and how many frames the period has."""

    job: Job
    product: Product
    frames: int
    fingerprint: str

    @property
    def memory(self) -> int:
        """Bytes that the job's pixels take at most: as they come, and as tiles."""
        values = sum(len(v.bands) * v.itemsize for v in self.product.variables)
        return 2 * self.job.tiles.bit_count() * self.frames * self.product.tile_px**2 * values


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended: its record, and whether this call wrote it."""

    record: Record
    written: bool


def ingest(task: Task, *, source: Source, store: Store, run: str) -> Outcome:
    """Fetch the job's tiles that do not stand, write its objects whole, and its record last.

    Tiles of the same fingerprint that stand (digest checked) are kept as they are. What a source refuses becomes a
    `failed` record with the reason; nothing of it is stored as pixels.

    Raises:
        StoreError: if the store cannot be read or written.
    """
    started = _now()
    kept = _Kept.read(task, store)
    needed = kept.needed(task)
    if not needed and kept.record:
        for name in manifest.superseded(kept.names):
            store.delete(name.key)
        return Outcome(kept.record, written=False)
    wanted = replace(task.job, tiles=needed)
    try:
        fetched = source.fetch(wanted)
        tiles, chunks = _encode(fetched.tiles, task)
    except (SourceError, OutputError) as err:
        failed = replace(task, job=wanted)
        return Outcome(_fail(failed, err, source=source, store=store, run=run, started=started), written=True)
    with store.lock(f"{layout.MANIFEST}/{task.job.key}"):
        kept = _Kept.read(task, store)
        if kept.record and not kept.needed(task):
            return Outcome(kept.record, written=False)
        header = _header(task, "done", source=source, run=run, started=started)
        return Outcome(_commit(task, kept, fetched, tiles, chunks, header, store), written=True)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What of a block stands already: record, tiles and their chunks."""

    names: list[RecordName]
    record: Record | None
    tiles: dict[int, TileRecord]
    chunks: Chunks

    @classmethod
    def read(cls, task: Task, store: Store) -> _Kept:
        names = manifest.of_block(store, task.job)
        name = manifest.standing(names, task.fingerprint)
        nothing = cls(names, None, {}, {})
        if name is None:
            return nothing
        try:
            record = manifest.read(store, name)
        except OutputError as err:
            log.warning("%s: %s; its tiles are fetched again", name.key, err)
            return nothing
        tiles = {i: record.tiles[task.job.block.tile(i).id] for i in tiles_of(record.mask)}
        chunks = {v.name: _chunks(task, store, v.name) for v in task.product.variables}
        sound = {
            i: tile
            for i, tile in tiles.items()
            if all(_digest(chunks[name].get(i)) == digest for name, digest in tile.digests.items())
        }
        if sound.keys() != tiles.keys():
            log.warning("%s: %s tiles are damaged and are fetched again", name.key, len(tiles) - len(sound))
        held: Chunks = {v: {i: found.get(i) for i in sound} for v, found in chunks.items()}
        return cls(names, record if len(sound) == len(tiles) else None, sound, held)

    def needed(self, task: Task) -> int:
        """The tiles to fetch: those asked for, and those that others asked for and that do not stand any more."""
        held = manifest.standing(self.names, task.fingerprint)
        asked = task.job.tiles | (held.tiles if held else 0) | _stale_tiles(self.names, task)
        for name in self.names:
            asked |= name.tiles if name.status == "begun" else 0
        return asked & ~mask_of(self.tiles)


def _chunks(task: Task, store: Store, variable: str) -> dict[int, bytes]:
    block = task.job.block
    try:
        return codec.unpack(store.get(layout.shard(task.job.product, task.job.period, block, variable)), block.count)
    except (KeyError, OutputError):
        return {}


def _stale_tiles(names: Iterable[RecordName], task: Task) -> int:
    """Tiles that other AOIs got with another fingerprint: the shard is written anew, so they are made again too."""
    mask = 0
    for name in manifest.stale(names, task.fingerprint):
        if name.status == "done":
            mask |= name.tiles
    return mask


def _encode(rasters: Mapping[int, Raster], task: Task) -> tuple[dict[int, TileRecord], Chunks]:
    """Check and compress each tile.

    Raises:
        OutputError: if a tile breaks its product's promise.
    """
    tiles: dict[int, TileRecord] = {}
    chunks: Chunks = {v.name: {} for v in task.product.variables}
    for i, raster in rasters.items():
        digests: dict[str, str | None] = {}
        for variable in task.product.variables:
            values = raster[variable.name]
            check(values, variable, tile_shape(task.product, variable, task.frames))
            chunk = codec.encode(values, variable)
            chunks[variable.name][i] = chunk
            digests[variable.name] = _digest(chunk)
        valid = valid_fraction(raster, task.product)
        tiles[i] = TileRecord(status="ok" if valid else "empty", valid=round(valid, 6), digests=digests)
    return tiles, chunks


def _commit(
    task: Task,
    kept: _Kept,
    fetched: Fetched,
    tiles: dict[int, TileRecord],
    chunks: Chunks,
    header: Mapping[str, Any],
    store: Store,
) -> Record:
    """Write shards, then the record, then drop what the record replaces.

    Stale records go first, since they turn untrue; what they held is noted before, so that a crash forgets no tile.
    """
    job = task.job
    together = {**tiles, **kept.tiles}
    begun: list[str] = []
    for name in manifest.stale(kept.names, task.fingerprint):
        if not begun:
            begun.append(_begin(header, mask_of(together), store))
        store.delete(name.key)
    objects: dict[str, int] = {}
    for variable in task.product.variables:
        key = layout.shard(job.product, job.period, job.block, variable.name)
        shard = codec.parts({**chunks[variable.name], **kept.chunks.get(variable.name, {})}, job.block.count)
        if shard:
            store.put(key, shard)
            objects[key] = sum(map(len, shard))
        else:
            store.delete(key)
    before = kept.record
    record = Record(
        **header,
        mask=mask_of(together),
        tiles={job.block.tile(i).id: together[i] for i in sorted(together)},
        objects=objects,
        scenes=_merged(before.scenes if before else {}, fetched.scenes),
        requests=fetched.requests + (before.requests if before else 0),
        payload=fetched.payload + (before.payload if before else 0),
        retries=fetched.retries + (before.retries if before else 0),
        eecu_seconds=fetched.eecu_seconds,
        finished=_now(),
    )
    _write_record(record, store)
    for key in (*(name.key for name in kept.names), *begun):
        if key != record.key:
            store.delete(key)
    return record


def _begin(header: Mapping[str, Any], mask: int, store: Store) -> str:
    """Note which tiles of a block are being made anew; the note's key."""
    note = Record(**{**header, "status": "begun"}, mask=mask, tiles={}, finished=_now())
    store.put(note.key, note.dump())
    return note.key


def _fail(task: Task, err: EoIngestError, *, source: Source, store: Store, run: str, started: str) -> Record:
    tile = TileRecord(status="failed", reason=str(err))
    record = Record(
        **_header(task, "failed", source=source, run=run, started=started),
        mask=task.job.tiles,
        tiles={task.job.block.tile(i).id: tile for i in tiles_of(task.job.tiles)},
        finished=_now(),
    )
    with store.lock(f"{layout.MANIFEST}/{task.job.key}"):
        for name in manifest.of_block(store, task.job):
            if name.status == "failed":
                store.delete(name.key)
        store.put(record.key, record.dump())
    log.info("%s failed: %s", task.job.key, err)
    return record


def _header(task: Task, status: str, *, source: Source, run: str, started: str) -> dict[str, Any]:
    job = task.job
    return {
        "product": job.product,
        "period": job.period,
        "zone": job.block.zone,
        "block": job.block.id,
        "status": status,
        "fingerprint": task.fingerprint,
        "source": source.name,
        "synthetic": source.synthetic,
        "run": run,
        "versions": versions(),
        "started": started,
    }


def _write_record(record: Record, store: Store) -> None:
    """Create the record. One of that key that tells the same stands; a damaged one is replaced."""
    if store.create(record.key, record.dump()):
        return
    try:
        same = Record.load(store.get(record.key)).tiles == record.tiles
    except (KeyError, OutputError):
        same = False
    if not same:
        store.put(record.key, record.dump())


def _merged(
    old: Mapping[str, list[dict[str, Any]]], new: Mapping[str, list[dict[str, Any]]]
) -> dict[str, list[dict[str, Any]]]:
    """Scenes by frame, each once."""
    merged = {}
    for frame in {**old, **new}:
        by_id = {str(scene.get("system:index")): scene for scene in (*old.get(frame, ()), *new.get(frame, ()))}
        merged[frame] = [by_id[index] for index in sorted(by_id)]
    return merged


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """The releases whose code decides pixels and bytes."""
    found = {}
    for name in ("eo-ingest", "earthengine-api", "numcodecs", "numpy", "zarr"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _digest(chunk: bytes | None) -> str | None:
    return None if chunk is None else manifest.sha256(chunk)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
