"""Verification: every record against its objects, every object against its product, every byte accounted for."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest import catalog, manifest, products
from eo_ingest.errors import ConfigError, EoIngestError, OutputError
from eo_ingest.job import Job, tiles_of
from eo_ingest.manifest import Record, RecordName, TileRecord
from eo_ingest.period import Period
from eo_ingest.products.custom import kept
from eo_ingest.raster import check, tile_shape, valid_fraction
from eo_ingest.stores import codec, layout

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from eo_ingest.grid import Grid
    from eo_ingest.ports import Store
    from eo_ingest.product import Product
    from eo_ingest.raster import Raster


@dataclass
class Report:
    """What was read and what is wrong: the `--json` of `eo-ingest verify`."""

    records: int = 0
    objects: int = 0
    bytes: int = 0
    problems: list[dict[str, str]] = field(default_factory=list)

    def add(self, key: str, problem: str) -> None:
        """Note a problem of one key."""
        self.problems.append({"key": key, "problem": problem})

    def as_json(self) -> dict[str, Any]:
        """The report as plain values."""
        problems = sorted(self.problems, key=lambda p: (p["key"], p["problem"]))
        return {"records": self.records, "objects": self.objects, "bytes": self.bytes, "problems": problems}


def verify(
    store: Store,
    grid: Grid,
    *,
    known: Mapping[str, Product] | None = None,
    on_record: Callable[[], None] = lambda: None,
) -> Report:
    """Re-hash and decode every object and hold it against its record and its product.

    Args:
        store: the store, whose root was found to be one of ours.
        grid: its grid.
        known: products by name; the REGISTRY, and the store's own of its user, by default.
        on_record: called after each record.
    """
    report = Report()
    unbound = {**products.REGISTRY, **kept.products(store)} if known is None else known
    definitions = {name: product.on(grid.lattice) for name, product in unbound.items()}
    sizes = dict(store.listing(""))
    names = [name for key in sorted(sizes) if (name := RecordName.parse(key))]
    report.records = len(names)
    for key, size in sizes.items():
        if key.startswith(f"{layout.MANIFEST}/") and not RecordName.parse(key):
            report.add(key, "is not a record")
        if not key.startswith(f"{layout.MANIFEST}/"):
            report.objects += 1
            report.bytes += size
    synthetic = _check_root(store, grid, report)
    _check_metadata(store, grid, names, definitions, sizes, report)
    for name in names:
        _check_record(store, name, definitions, sizes, report, synthetic=synthetic)
        on_record()
    _check_strays(names, sizes, report)
    for key, problem in (*catalog.problems(store, grid), *kept.problems(store)):
        report.add(key, problem)
    return report


def _check_root(store: Store, grid: Grid, report: Report) -> bool | None:
    """Whether the root says that the store's data are synthetic; None where it cannot be believed."""
    from eo_ingest.stores import metadata

    try:
        root = store.get(layout.ROOT)
    except KeyError:
        report.add(layout.ROOT, "is missing")
        return None
    try:
        says = json.loads(root)["attributes"][layout.OURS]
        synthetic, assets = bool(says["synthetic"]), says["assets"]
    except (ValueError, KeyError, TypeError):
        report.add(layout.ROOT, "is not the root of a store")
        return None
    if _same(root, metadata.root(grid, synthetic=synthetic, assets=assets), layout.ROOT):
        return synthetic
    report.add(layout.ROOT, "is not the root of a store of this grid")
    return None


def _check_record(
    store: Store,
    name: RecordName,
    definitions: Mapping[str, Product],
    sizes: Mapping[str, int],
    report: Report,
    *,
    synthetic: bool | None,
) -> None:
    try:
        record = manifest.read(store, name)
    except EoIngestError as err:
        report.add(name.key, str(err))
        return
    if synthetic is not None and record.synthetic != synthetic:
        words = {True: "synthetic", False: "real"}
        report.add(name.key, f"tells of {words[record.synthetic]} data in a store of {words[synthetic]} data")
    if record.status != "done":
        return
    product = definitions.get(record.product)
    if product is None:
        report.add(name.key, f"product {record.product!r} is not known here: its pixels cannot be checked")
        return
    _check_objects(store, record, manifest.job_of(name), product, sizes, report)


def _check_objects(
    store: Store, record: Record, job: Job, product: Product, sizes: Mapping[str, int], report: Report
) -> None:
    frames = len(product.frames(Period.parse(record.period)))
    keys = {v.name: layout.shard(job.product, job.period, job.block, v.name) for v in product.variables}
    if stray := set(record.objects) - set(keys.values()):
        report.add(record.key, f"names objects that are not its own: {', '.join(sorted(stray))}")
    found: dict[str, dict[int, bytes]] = {}
    for variable, key in keys.items():
        found[variable] = _read_shard(store, key, record, job.block.count, sizes, report)
    for index in tiles_of(record.mask):
        tile = job.block.tile(index).id
        chunks = {variable: chunks.get(index) for variable, chunks in found.items()}
        for key, problem in _tile_problems(record.tiles[tile], chunks, keys, product, frames):
            report.add(key, f"tile {tile}: {problem}")


def _read_shard(
    store: Store, key: str, record: Record, tiles: int, sizes: Mapping[str, int], report: Report
) -> dict[int, bytes]:
    """The chunks of one object; problems of the object itself are noted once."""
    if key not in sizes:
        if key in record.objects:
            report.add(key, "is missing")
        return {}
    try:
        chunks = codec.unpack(store.get(key), tiles)
    except (EoIngestError, KeyError) as err:
        report.add(key, str(err))
        return {}
    # A later AOI adds tiles and only then its record: more tiles than recorded is sound, another size is not.
    beyond = set(chunks) - set(tiles_of(record.mask))
    if not beyond and record.objects.get(key) != sizes[key]:
        report.add(key, f"has {sizes[key]} bytes, its record says {record.objects.get(key, 0)}")
    return chunks


def _tile_problems(
    entry: TileRecord, chunks: Mapping[str, bytes | None], keys: Mapping[str, str], product: Product, frames: int
) -> list[tuple[str, str]]:
    problems: list[tuple[str, str]] = []
    raster: Raster = {}
    for variable in product.variables:
        chunk, key = chunks[variable.name], keys[variable.name]
        digest = None if chunk is None else manifest.sha256(chunk)
        if digest != entry.digests.get(variable.name):
            problems.append((key, "its bytes are not those that its record says"))
            continue
        shape = tile_shape(product, variable, frames)
        try:
            values = codec.decode(chunk, variable, shape)
            check(values, variable, shape)
        except OutputError as err:
            problems.append((key, str(err)))
            continue
        raster[variable.name] = values
    if len(raster) == len(product.variables):
        valid = valid_fraction(raster, product)
        status = "ok" if valid else "empty"
        if entry.status != status or entry.valid is None or not np.isclose(entry.valid, valid, atol=1e-6):
            claim = f"{entry.status} with valid fraction {entry.valid}"
            problems.append(
                (keys[product.variables[0].name], f"its record says {claim}, it is {status} with {valid:.6f}")
            )
    return problems


def _check_metadata(
    store: Store,
    grid: Grid,
    names: list[RecordName],
    definitions: Mapping[str, Product],
    sizes: Mapping[str, int],
    report: Report,
) -> None:
    """Metadata and coordinates are the same for everybody: make them again and compare.

    What is there must be so and nothing else may be there; all of it must be there where a record is.
    """
    done = {(n.product, n.period, n.zone) for n in names if n.status == "done"}
    begun = {(parts[0], parts[1], parts[2]) for key in sizes if len(parts := key.split("/")) > 3}
    made: set[str] = set()
    for product, period, zone in sorted(done | {series for series in begun if series[0] not in layout.RESERVED}):
        if product not in definitions:
            continue
        try:
            expected = _metadata(definitions[product], period, zone, grid)
        except ConfigError as err:
            if (product, period, zone) in done:
                report.add(layout.group(product, period, zone), str(err))
            continue
        new = {key: data for key, data in expected.items() if key not in made}
        made |= set(new)
        _compare(store, new, sizes, report, needed=(product, period, zone) in done)
    for key in sizes:
        product, below, _ = key.partition("/")
        known = product in definitions if below else key not in {layout.ROOT, layout.COMPACTION}
        if known and product not in layout.RESERVED and key not in made and not layout.place_of_shard(key):
            report.add(key, "is not of this store")


def _metadata(product: Product, period: str, zone: str, grid: Grid) -> dict[str, bytes]:
    from eo_ingest.stores import metadata

    return metadata.objects(product, Period.parse(period), grid.zone(zone))


def _compare(
    store: Store, expected: Mapping[str, bytes], sizes: Mapping[str, int], report: Report, *, needed: bool
) -> None:
    for key, data in expected.items():
        if key not in sizes:
            if needed:
                report.add(key, "is missing")
        elif not _same(store.get(key), data, key):
            report.add(key, "is not the metadata that the product defines")


def _same(got: bytes, expected: bytes, key: str) -> bool:
    if got == expected or not key.endswith(".json"):
        return got == expected
    try:
        return bool(json.loads(got) == json.loads(expected))
    except ValueError:
        return False


def _check_strays(names: list[RecordName], sizes: Mapping[str, int], report: Report) -> None:
    """Shards that no done record owns are what a crash leaves before its record: named if nothing will mend them."""
    owned = {(n.product, n.period, n.zone, block.row, block.col) for n in names for block in [manifest.job_of(n).block]}
    for key in sizes:
        place = layout.place_of_shard(key)
        if place and place not in owned:
            report.add(key, "has no record: an interrupted run left it; run `eo-ingest tile` again")
