"""Tiles as Arrow tables, for indexes: some block rows at a time, so that memory does not grow with the area."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from eo_ingest.aoi.country import countries
from eo_ingest.grid.chips import ChipZone
from eo_ingest.grid.cover import ZoneCover
from eo_ingest.grid.shape import centres, outlines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from eo_ingest.grid.zone import Indexes, Zone

BATCH = 65_536  # tiles, at least, but for the last batch of a zone
_BBOX = ("xmin", "ymin", "xmax", "ymax")
_POLYGON = np.dtype([("order", "u1"), ("type", "<u4"), ("rings", "<u4"), ("points", "<u4"), ("xy", "<f8", (5, 2))])
_POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("xy", "<f8", (2,))])

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("zone", pa.string()),
        ("row", pa.int32()),
        ("col", pa.int32()),
        ("block", pa.string()),
        ("country", pa.string()),
        ("centroid", pa.binary()),
        ("geometry", pa.binary()),
        ("bbox", pa.struct([(name, pa.float64()) for name in _BBOX])),
    ]
)
"""Columns of every grid's tiles. Chips also have `chip`, their foreign id, and `covered`, how much of its footprint."""

CHIPS = [pa.field("chip", pa.string()), pa.field("covered", pa.float64())]


def schema(zone: Zone) -> pa.Schema:
    """Return the columns of a zone's tiles."""
    return pa.schema([SCHEMA.field(0), *CHIPS, *list(SCHEMA)[1:]]) if isinstance(zone, ChipZone) else SCHEMA


def batches(part: ZoneCover) -> Iterator[ZoneCover]:
    """Cut a cover into runs of whole block rows with at least `BATCH` tiles each, the last one perhaps with fewer."""
    starts = np.flatnonzero(np.r_[True, np.diff(part.rows) != 0])
    ends = np.cumsum(np.bitwise_count(part.masks), dtype=np.int64)
    start = 0
    for stop in [*starts[1:].tolist(), len(part.rows)]:
        before = int(ends[start - 1]) if start else 0
        if int(ends[stop - 1]) - before >= BATCH or stop == len(part.rows):
            yield ZoneCover(part.zone, part.rows[start:stop], part.cols[start:stop], part.masks[start:stop])
            start = stop


def tile_table(part: ZoneCover) -> pa.Table:
    """Return one row per tile of a cover, sorted by (row, col): see `schema`.

    `geometry` is the outline in EPSG:4326 as WKB, split where it crosses ±180°, `bbox` its bounds, `centroid` the point
    in the middle of the tile, `country` the code of the country there, null at sea.
    """
    rows, cols = part.tile_indexes()
    zone = part.zone
    centre = centres(zone, rows, cols)
    corners, special = outlines(zone, rows, cols)
    columns: dict[str, Any] = {
        "id": _ids(f"{zone.name}_", rows, cols),
        "zone": pa.repeat(pa.scalar(zone.name, pa.string()), len(rows)),
        "row": rows,
        "col": cols,
        "block": _blocks(zone, rows, cols),
        "country": pa.array(countries().locate(centre[:, 0], centre[:, 1]), pa.string()),
        "centroid": _points(centre),
        "geometry": _polygons(corners, special),
        "bbox": _boxes(corners, special),
    }
    if isinstance(zone, ChipZone):
        columns["chip"] = pa.array(zone.ids[rows], pa.string())
        columns["covered"] = pa.array(zone.covered[rows], pa.float64(), from_pandas=True)
    return pa.table([columns[name] for name in schema(zone).names], schema=schema(zone))


def _ids(prefix: str, rows: Indexes, cols: Indexes) -> Any:
    down, across = (pc.cast(pa.array(indexes), pa.string()) for indexes in (rows, cols))
    named = pc.binary_join_element_wise(pa.scalar(prefix), down, "")
    return pc.binary_join_element_wise(named, across, "_")


def _blocks(zone: Zone, rows: Indexes, cols: Indexes) -> Any:
    side = zone.block_tiles
    prefix = zone.block(0, 0).id.removesuffix("0_0")
    if zone.stacked:
        return _ids(prefix, rows // side**2, cols)
    return _ids(prefix, rows // side, cols // side)


def _points(places: NDArray[np.float64]) -> pa.Array:
    wkb = np.zeros(len(places), dtype=_POINT)
    wkb["order"], wkb["type"], wkb["xy"] = 1, 1, places
    return _fixed(wkb)


def _polygons(corners: NDArray[np.float64], special: dict[int, Any]) -> pa.Array:
    wkb = np.zeros(len(corners), dtype=_POLYGON)
    wkb["order"], wkb["type"], wkb["rings"], wkb["points"], wkb["xy"] = 1, 3, 1, 5, corners
    array = _fixed(wkb)
    if not special:
        return array
    mask = np.zeros(len(corners), dtype=bool)
    mask[list(special)] = True
    mended = [shapely.to_wkb(special[place], byte_order=1) for place in sorted(special)]
    return pc.replace_with_mask(array, pa.array(mask), pa.array(mended, pa.binary()))


def _fixed(records: NDArray[Any]) -> pa.Array:
    """Records of one size as binary values, without a copy."""
    size = records.dtype.itemsize
    offsets = np.arange(0, (len(records) + 1) * size, size, dtype=np.int32)
    return pa.Array.from_buffers(pa.binary(), len(records), [None, pa.py_buffer(offsets), pa.py_buffer(records)])


def _boxes(corners: NDArray[np.float64], special: dict[int, Any]) -> pa.Array:
    bounds = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    for place, geometry in special.items():
        bounds[place] = geometry.bounds
    return pa.StructArray.from_arrays([pa.array(edge) for edge in bounds.T.copy()], list(_BBOX))
