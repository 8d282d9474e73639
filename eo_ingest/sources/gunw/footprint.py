"""Footprints: polygons in degrees, on any side of the antimeridian, brought next to a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import Transformer

from eo_ingest.errors import SourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from eo_ingest.grid import Block, Tile, Zone

    Points = NDArray[np.float64]

_STEPS_A_SIDE = 8


def parse(wkt: str, who: str) -> BaseGeometry:
    """A footprint in one piece: its longitudes run on across the antimeridian.

    Polygons that cross it may be split there, run on beyond 180, or jump by a turn.

    Raises:
        SourceError: if it is no polygon in WKT; `who` names the granule.
    """
    try:
        given = shapely.from_wkt(wkt)
    except shapely.errors.GEOSException as err:
        raise SourceError(f"granule {who}: its footprint is not WKT: {err}") from err
    parts = [part for part in shapely.get_parts(given) if part.geom_type == "Polygon" and not part.is_empty]
    if not parts:
        raise SourceError(f"granule {who}: its footprint is a {given.geom_type}, expected a polygon")
    rings = [_unwound(part) for part in parts]
    home = float(rings[0][:, 0].mean())
    polygons = [shapely.Polygon(_turned(ring, home)) for ring in rings]
    if len(polygons) == 1 and polygons[0].is_valid:
        return polygons[0]
    return shapely.union_all(shapely.make_valid(polygons))


def beside(footprint: BaseGeometry, longitude: float) -> BaseGeometry:
    """A footprint on the turn of the globe that is nearest to a longitude, to be laid over what is there."""
    west, _, east, _ = footprint.bounds
    turns = round((longitude - (west + east) / 2) / 360.0)
    return shapely.transform(footprint, lambda points: points + np.array([360.0 * turns, 0.0])) if turns else footprint


def of_cell(zone: Zone, cell: Block | Tile) -> tuple[BaseGeometry, float]:
    """A block or tile as a polygon in degrees, near the longitude of its centre, and that longitude."""
    west, south, east, north = zone.bounds(cell)
    outline = shapely.segmentize(shapely.box(west, south, east, north), (east - west) / _STEPS_A_SIDE)
    x, y = shapely.get_coordinates(outline).T
    to_degrees = Transformer.from_crs(zone.crs, "EPSG:4326", always_xy=True)
    centre, _ = to_degrees.transform((west + east) / 2, (south + north) / 2)
    lon, lat = to_degrees.transform(x, y)
    lon = centre + (np.asarray(lon) - centre + 180.0) % 360.0 - 180.0
    return shapely.make_valid(shapely.Polygon(np.column_stack([lon, lat]))), float(centre)


def _unwound(part: BaseGeometry) -> Points:
    """The outline of a polygon without jumps."""
    points = shapely.get_coordinates(shapely.get_exterior_ring(part)).copy()
    points[:, 0] -= 360.0 * np.cumsum(np.concatenate(([0.0], np.round(np.diff(points[:, 0]) / 360.0))))
    return points


def _turned(points: Points, longitude: float) -> Points:
    turns = round((longitude - float(points[:, 0].mean())) / 360.0)
    moved: Points = points + np.array([360.0 * turns, 0.0])
    return moved
