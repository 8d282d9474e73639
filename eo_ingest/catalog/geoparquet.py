"""Writing tiles as GeoParquet 1.1: two geometry columns in EPSG:4326, and a bounding box that readers filter by."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from eo_ingest.grid import table as tiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from eo_ingest.grid import Zone

AOIS = pa.field("aois", pa.list_(pa.field("item", pa.string())))
SPLIT = pa.field("split", pa.string())
_EDGES = ("xmin", "ymin", "xmax", "ymax")
_PLAIN = ("centroid", "geometry", "covered")  # few values occur twice: a dictionary of them would only cost


def schema(zone: Zone, extra: Sequence[pa.Field] = ()) -> pa.Schema:
    """The columns of an index: those of a zone's tiles, the AOIs that asked for each, its split, and further ones."""
    own = tiles.schema(zone)
    fields = [*own, AOIS, *([] if any(field.name == "split" for field in extra) else [SPLIT]), *extra]
    last = [own.field("geometry"), own.field("bbox")]
    return pa.schema([field for field in fields if field not in last] + last, metadata={"geo": _geo()})


@contextmanager
def writer(where: Path | pa.NativeFile, columns: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """A writer of tables with these columns; each table becomes a row group of its own."""
    plain = {*_PLAIN, *(f"bbox.{edge}" for edge in _EDGES)}
    names = [field.name for field in columns if field.name not in {*plain, "bbox", "aois"}]
    with pq.ParquetWriter(where, columns, compression="zstd", use_dictionary=[*names, "aois.list.element"]) as made:
        yield made


@lru_cache(maxsize=1)
def _geo() -> bytes:
    from pyproj import CRS

    crs: dict[str, Any] = CRS.from_epsg(4326).to_json_dict()
    shared = {"encoding": "WKB", "crs": crs, "edges": "planar"}
    columns = {
        "geometry": {
            **shared,
            "geometry_types": ["MultiPolygon", "Polygon"],
            "orientation": "counterclockwise",
            "covering": {"bbox": {edge: ["bbox", edge] for edge in _EDGES}},
        },
        "centroid": {**shared, "geometry_types": ["Point"]},
    }
    return json.dumps({"version": "1.1.0", "primary_column": "geometry", "columns": columns}).encode()
