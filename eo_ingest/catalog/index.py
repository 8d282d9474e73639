"""The tile index, `tiles/<zone>.parquet`: one row per tile, with the AOIs that asked for it."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from eo_ingest.catalog import geoparquet
from eo_ingest.catalog.asked import Asked
from eo_ingest.catalog.parquet import DAMAGED, opened
from eo_ingest.errors import ConfigError, StoreError
from eo_ingest.grid import Block, Lattice
from eo_ingest.grid import table as tiles
from eo_ingest.grid.table import batches, tile_table
from eo_ingest.stores import layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from eo_ingest.grid import Grid, Zone, ZoneCover
    from eo_ingest.plan import Plan
    from eo_ingest.ports import Store


def index_tiles(plan: Plan, store: Store) -> None:
    """Enter the AOI's tiles in `tiles/<zone>.parquet`: one row per tile, with the AOIs that asked for it.

    Columns that others attached to an index stay, null for new tiles.

    Raises:
        StoreError: if the store cannot be written, or its index is damaged.
    """
    for part in plan.cover.zones:
        key = layout.tiles(part.zone.name)
        with store.lock(key):
            old = _asked(store, key)
            if old is None or not old.has(part, plan.aoi.name):
                asked = (old or Asked.nothing()).joined(part, plan.aoi.name)
                store.put(key, _written(asked, part.zone))


def is_indexed(plan: Plan, store: Store) -> bool:
    """Whether the tile indexes tell of all the AOI's tiles already.

    Raises:
        StoreError: if an index is damaged.
    """
    for part in plan.cover.zones:
        old = _asked(store, layout.tiles(part.zone.name))
        if old is None or not old.has(part, plan.aoi.name):
            return False
    return True


def write_tiles(parts: Iterable[ZoneCover], name: str, path: Path) -> int:
    """Write the tiles of an AOI to one file, as they are found, with the columns of an index; how many they are.

    Raises:
        ConfigError: if the AOI has no tile, or the file cannot be written.
    """
    made, sink = iter(parts), path.with_name(f".{path.name}.part")
    first = next(made, None)
    if first is None:
        raise ConfigError(f"AOI {name!r} meets no tile")
    count = 0
    try:
        with geoparquet.writer(sink, geoparquet.schema(first.zone)) as writer:
            for part in chain([first], made):
                for rows in batches(part):
                    for table in _tables(Asked.nothing().joined(rows, name), part.zone):
                        writer.write_table(table)
                        count += table.num_rows
        sink.replace(path)
    except OSError as err:
        raise ConfigError(f"cannot write {path}: {err.strerror or err}") from err
    finally:
        sink.unlink(missing_ok=True)
    return count


def masks_by_aoi(store: Store, zone: str | None = None) -> dict[str, dict[Block, int]]:
    """The tiles that each AOI asked for, of all zones or of one: AOI → block → 16-bit mask.

    Raises:
        StoreError: if an index is damaged.
    """
    masks: dict[str, dict[Block, int]] = {}
    for key, _ in store.listing(f"{layout.TILES}/{f'{zone}.' if zone else ''}"):
        try:
            data = store.get(key)
            block = Block.parse(
                next(pq.ParquetFile(opened(data)).iter_batches(1, columns=["block"]))["block"][0].as_py()
            )
            found = Asked.read(data).masks(block.zone, Lattice(block_tiles=block.side, stacked=block.stacked))
        except (*DAMAGED, ConfigError, StopIteration) as err:
            raise StoreError(f"{key!r} is not a tile index: {err}") from err
        for name, blocks in found.items():
            masks.setdefault(name, {}).update(blocks)
    return masks


def indexed(store: Store, grid: Grid, aoi: str | None = None) -> dict[str, tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """The tiles of the indexes, or those that one AOI asked for: zone → (rows, columns), sorted.

    Raises:
        StoreError: if an index is damaged.
    """
    found = {}
    for zone in grid.zones:
        asked = _asked(store, layout.tiles(zone.name))
        if asked is not None:
            own = np.ones(len(asked.rows), dtype=bool) if aoi is None else asked.of(aoi)
            if own.any():
                found[zone.name] = (asked.rows[own], asked.cols[own])
    return found


def attach(store: Store, zone: Zone, columns: Callable[[NDArray[np.int32], NDArray[np.int32]], pa.Table]) -> None:
    """Attach columns to a zone's index, in the place of those that have their names.

    Args:
        store: the store.
        zone: the zone; its index is there.
        columns: makes them, from the (rows, columns) of the index's tiles.

    Raises:
        ConfigError: if a column has the name of one of the index itself.
        StoreError: if there is no index, it is damaged, or cannot be written.
    """
    key = layout.tiles(zone.name)
    with store.lock(key):
        asked = _asked(store, key)
        if asked is None:
            raise StoreError(f"there is no tile index {key!r}")
        store.put(key, _written(asked.attached(columns(asked.rows, asked.cols)), zone))


def problem_of(store: Store, grid: Grid, key: str) -> str | None:
    """What is wrong with a tile index; it is held against the grid. Geometries may differ by 0.1 mm.

    Which country a tile is in is not held against anything: outlines of countries may be mended.
    """
    try:
        data = store.get(key)
        zone = grid.zone(key.removeprefix(f"{layout.TILES}/").removesuffix(".parquet"))
        asked = Asked.read(data)
        found = pq.ParquetFile(opened(data)).read(columns=tiles.schema(zone).names)
        right = all(all(group) for group in asked.groups)
        start = 0
        for part in batches(asked.cover(zone)):
            expected = tile_table(part)
            right = right and _agree(found.slice(start, expected.num_rows), expected)
            start += expected.num_rows
    except (*DAMAGED, ConfigError) as err:
        return f"is not an index of tiles of {grid.name!r} ({str(err).splitlines()[0] if str(err) else repr(err)})"
    return None if right else f"has tiles that are not those of {grid.name!r}"


def _agree(found: pa.Table, right: pa.Table) -> bool:
    """Whether rows of an index are those that they should be."""
    import shapely

    loose = {"country", "covered", "centroid", "geometry", "bbox"}
    exact = [name for name in right.column_names if name not in loose]
    if found.select(exact).cast(right.select(exact).schema) != right.select(exact):
        return False
    for name in ("geometry", "centroid"):
        one, other = (shapely.from_wkb(table[name].to_numpy(zero_copy_only=False)) for table in (found, right))
        if not np.all(shapely.equals_exact(one, other, tolerance=1e-9)):
            return False
    return bool(np.allclose(_edges(found), _edges(right), rtol=0, atol=1e-9))


def _edges(table: pa.Table) -> NDArray[np.float64]:
    return np.array([pc.struct_field(table["bbox"], edge).to_numpy() for edge in ("xmin", "ymin", "xmax", "ymax")])


def _asked(store: Store, key: str) -> Asked | None:
    """What an index says of tiles and AOIs; None where there is none."""
    try:
        return Asked.read(store.get(key))
    except KeyError:
        return None
    except DAMAGED as err:
        raise StoreError(f"{key!r} is not a tile index: remove it and run again") from err


def _written(asked: Asked, zone: Zone) -> bytes:
    sink = pa.BufferOutputStream()
    with geoparquet.writer(sink, geoparquet.schema(zone, list(asked.extra.schema))) as writer:
        for table in _tables(asked, zone):
            writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _tables(asked: Asked, zone: Zone) -> Iterator[pa.Table]:
    """The rows of an index, some block rows at a time."""
    columns = geoparquet.schema(zone, list(asked.extra.schema))
    start = 0
    for part in batches(asked.cover(zone)):
        table = tile_table(part)
        rows = table.num_rows
        further = {"split": pa.nulls(rows, pa.string()), **asked.columns(start, rows)}
        for name, column in further.items():
            table = table.append_column(name, column)
        start += rows
        yield table.select(columns.names).cast(columns)
