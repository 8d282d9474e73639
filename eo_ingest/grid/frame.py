"""Tiles as a GeoDataFrame, for maps and notebooks."""

from collections.abc import Sequence
from typing import Any

from eo_ingest.grid.cover import ZoneCover
from eo_ingest.grid.table import tile_table


def tile_frame(zones: Sequence[ZoneCover]) -> Any:
    """Return one row per tile in the order (zone, row, col), as a GeoDataFrame in EPSG:4326."""
    import geopandas as gpd
    import pyarrow as pa

    table = pa.concat_tables([tile_table(part) for part in zones]).drop_columns(["bbox"])
    frame = table.to_pandas()
    centroid, geometry = (gpd.GeoSeries.from_wkb(frame[name], crs="EPSG:4326") for name in ("centroid", "geometry"))
    return gpd.GeoDataFrame(frame.assign(centroid=centroid), geometry=geometry, crs="EPSG:4326")
