"""The tile index, `tiles/<zone>.parquet`: one row per tile, with the AOIs that asked for it."""

from __future__ import annotations

import io
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from eo_ingest.catalog.parquet import DAMAGED, opened
from eo_ingest.errors import ConfigError, StoreError
from eo_ingest.grid import Block, Tile
from eo_ingest.stores import layout

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eo_ingest.grid import Grid, ZoneCover
    from eo_ingest.plan import Plan
    from eo_ingest.ports import Store


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
        return gpd.read_parquet(opened(data))
    except DAMAGED as err:
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


def masks_by_aoi(store: Store, zone: str | None = None) -> dict[str, dict[Block, int]]:
    """The tiles that each AOI asked for, of all zones or of one: AOI → block → 16-bit mask.

    Raises:
        StoreError: if an index is damaged.
    """
    masks: defaultdict[str, defaultdict[Block, int]] = defaultdict(lambda: defaultdict(int))
    for key, _ in store.listing(f"{layout.TILES}/{f'{zone}.' if zone else ''}"):
        try:
            table = pq.read_table(io.BytesIO(store.get(key)), columns=["zone", "row", "col", "aois"])
            rows = list(zip(*(table[name].to_pylist() for name in table.column_names), strict=True))
        except DAMAGED as err:
            raise StoreError(f"{key!r} is not a tile index: {err}") from err
        for zone, row, col, aois in rows:
            tile = Tile(zone, row, col)
            for aoi in aois:
                masks[aoi][tile.block] |= 1 << tile.index_in_block
    return {aoi: dict(blocks) for aoi, blocks in masks.items()}


def problem_of(store: Store, grid: Grid, key: str) -> str | None:
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
    except (*DAMAGED, ConfigError) as err:
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
