"""Tiles as a table of polygons, for indexes and maps."""

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from eo_ingest.grid.cell import BLOCK_TILES
from eo_ingest.grid.cover import Indexes, ZoneCover
from eo_ingest.grid.zone import Zone

_CORNERS = ((0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (0.0, 0.0), (0.0, 1.0))  # (across, down) in tiles, anticlockwise


def tile_frame(zones: Sequence[ZoneCover]) -> Any:
    """Return one row per tile in the order (zone, row, col), as a GeoDataFrame in EPSG:4326."""
    frames = [_zone_frame(part) for part in zones]
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


def _zone_frame(part: ZoneCover) -> Any:
    rows, cols = part.tile_indexes()
    zone = part.zone
    frame = pd.DataFrame({"zone": zone.name, "row": rows, "col": cols})
    frame.insert(0, "id", _ids(f"{zone.name}_", rows, cols))
    frame["block"] = _ids(f"{zone.name}_b", rows // BLOCK_TILES, cols // BLOCK_TILES)
    centre = _lonlat(zone, rows + 0.5, cols + 0.5)
    corners = np.stack([_lonlat(zone, rows + down, cols + across) for across, down in _CORNERS], axis=1)
    centroid = gpd.GeoSeries(shapely.points(centre), crs="EPSG:4326")
    return gpd.GeoDataFrame(frame.assign(centroid=centroid), geometry=_polygons(corners), crs="EPSG:4326")


def _ids(prefix: str, rows: Indexes, cols: Indexes) -> list[str]:
    return [f"{prefix}{row}_{col}" for row, col in zip(rows.tolist(), cols.tolist(), strict=True)]


def _lonlat(zone: Zone, rows: NDArray[np.floating[Any]], cols: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    transformer = Transformer.from_crs(zone.crs, "EPSG:4326", always_xy=True)
    return np.column_stack(
        transformer.transform(zone.x_left + cols * zone.tile_size, zone.y_top - rows * zone.tile_size)
    )


def _polygons(corners: NDArray[np.float64]) -> NDArray[np.object_]:
    """Polygons of (n, 5, 2) corners in degrees; those that cross ±180° become two."""
    lon = corners[..., 0]
    crossing = np.ptp(lon, axis=1) > 180
    lon[crossing] += np.where(lon[crossing] < 0, 360.0, 0.0)
    polygons = np.asarray(shapely.polygons(corners))
    for place in np.flatnonzero(crossing):
        east = shapely.intersection(polygons[place], shapely.box(0, -90, 180, 90))
        west = shapely.intersection(polygons[place], shapely.box(180, -90, 360, 90))
        polygons[place] = shapely.union(east, shapely.transform(west, lambda points: points - [360.0, 0.0]))
    return polygons
