"""Geometries in longitude and latitude; edges are straight lines in these, geodesic or not.

Longitudes are kept in [-180, 180]: what crosses the antimeridian is split there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.affinity import translate
from shapely.geometry import GeometryCollection, LineString, MultiPoint, Point, Polygon, box, mapping, shape
from shapely.ops import unary_union

from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.grid import Projection, project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

    from eo_ingest.emulator.grid import Grid

# Length of a degree of latitude on the sphere of the authalic radius that distances are measured on.
_METRES_PER_DEGREE = 111195.07973436875
_WORLD = box(-180, -90, 180, 90)


@dataclass(frozen=True)
class Geometry:
    """A geometry value; `shape` None is the unbounded one.

    `drawn` is the CRS and the shape in it that a geometry was made of: its box in that CRS is exact, and may reach over
    the antimeridian.
    """

    shape: BaseGeometry | None
    geodesic: bool = True
    drawn: tuple[str, BaseGeometry] | None = field(default=None, compare=False, repr=False)

    def encode(self) -> dict[str, Any]:
        """As GeoJSON, the way `getInfo` shows it."""
        if self.shape is None:
            return {"type": "Polygon", "coordinates": [], "unbounded": True}
        document: dict[str, Any] = _plain(mapping(self.shape))
        if not self.geodesic:
            document["geodesic"] = False
        return document


UNBOUNDED = Geometry(None)


def _plain(document: Any) -> Any:
    if isinstance(document, dict):
        return {key: _plain(value) for key, value in document.items()}
    if isinstance(document, (list, tuple)):
        return [_plain(value) for value in document]
    return document


def from_geojson(document: dict[str, Any]) -> Geometry:
    """A geometry of GeoJSON, with Earth Engine's `geodesic` and `crs` members."""
    if document.get("type") == "Feature":
        return from_geojson(document["geometry"])
    crs = document.get("crs")
    name = crs.get("properties", {}).get("name") if isinstance(crs, dict) else crs
    try:
        found = shape(document)
    except (KeyError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError) as err:
        raise EarthEngineError(f"Invalid GeoJSON geometry: {str(document)[:200]}.") from err
    return draw(found, name, geodesic=bool(document.get("geodesic", True)))


def draw(found: BaseGeometry, crs: str | None, *, geodesic: bool, short_way: bool | None = None) -> Geometry:
    """The geometry of coordinates in a CRS, None for lon/lat.

    Args:
        found: The coordinates.
        crs: What they are in.
        geodesic: How Earth Engine would draw the edges.
        short_way: As in `on_sphere`; None for what `geodesic` says.
    """
    short = geodesic if short_way is None else short_way
    sphere = on_sphere(found, crs, short_way=short)
    if not _is_degrees(crs):
        return Geometry(sphere, geodesic, (str(crs), found))
    unrolled = shapely.transform(found, _unroll) if short and isinstance(found, Polygon) and _jumps(found) else found
    return Geometry(sphere, geodesic, ("EPSG:4326", unrolled))


def _is_degrees(crs: str | None) -> bool:
    return crs is None or crs.upper() in {"EPSG:4326", "OGC:CRS84", "CRS84"}


def on_sphere(found: BaseGeometry, crs: str | None, *, short_way: bool) -> BaseGeometry:
    """A geometry in lon/lat with longitudes in [-180, 180], valid.

    Args:
        found: Coordinates in `crs`.
        crs: None for lon/lat.
        short_way: An edge longer than half a turn goes the other way, over the antimeridian.
    """
    if crs is not None and not _is_degrees(crs):
        size = max(found.bounds[2] - found.bounds[0], found.bounds[3] - found.bounds[1])
        dense = shapely.segmentize(found, size / 64) if size > 0 else found

        def move(points: Any) -> Any:
            x, y = project(crs, "EPSG:4326", points[:, 0], points[:, 1])
            return np.column_stack([x, y])

        found, short_way = shapely.transform(dense, move), True
    return wrap(found, short_way=short_way)


def wrap(found: BaseGeometry, *, short_way: bool) -> BaseGeometry:
    """The geometry split at the antimeridian; with `short_way`, edges longer than half a turn cross it."""
    if found.is_empty:
        return found
    if hasattr(found, "geoms"):
        return _join([wrap(part, short_way=short_way) for part in found.geoms])
    coordinates = shapely.get_coordinates(found)
    if not np.isfinite(coordinates).all():
        raise EarthEngineError("A geometry has coordinates that are not finite.")
    if isinstance(found, Point):
        return Point((found.x + 180.0) % 360.0 - 180.0 if abs(found.x) > 180 else found.x, found.y)
    found = shapely.transform(found, _unroll) if short_way and _jumps(found) else found
    if isinstance(found, Polygon) and not found.is_valid:
        found = shapely.make_valid(found)
    low, _, high, _ = found.bounds
    if low >= -180 and high <= 180:
        return found
    parts = []
    for turn in range(math.floor((low + 180) / 360), math.ceil((high + 180) / 360)):
        moved = translate(found, -360.0 * turn)
        part = moved.intersection(_WORLD)
        if not part.is_empty:
            parts.append(part)
    return _join(parts)


def _join(parts: list[BaseGeometry]) -> BaseGeometry:
    if len(parts) == 1:
        return parts[0]
    if all(isinstance(p, Point) for p in parts):
        return MultiPoint([p for p in parts if isinstance(p, Point)])
    return unary_union(parts) if parts else GeometryCollection()


def _jumps(found: BaseGeometry) -> bool:
    """Whether consecutive vertices are more than half a turn apart: the short way is over the antimeridian."""
    rings = [found.exterior, *found.interiors] if isinstance(found, Polygon) else [found]
    for ring in rings:
        x = shapely.get_coordinates(ring)[:, 0]
        # A box as wide as the world is what it says.
        if x.size > 1 and np.abs(np.diff(x)).max() > 180 and np.ptp(x) < 359:
            return True
    return False


def _unroll(points: Any) -> Any:
    x = np.unwrap(points[:, 0], period=360.0)
    return np.column_stack([x, points[:, 1]])


def rectangle(coordinates: Sequence[Any]) -> BaseGeometry:
    """A box of [xMin, yMin, xMax, yMax] or of two corners; xMin > xMax crosses the antimeridian."""
    flat = [float(v) for v in np.ravel(np.asarray(coordinates, dtype=float))]
    if len(flat) == 8:
        return Polygon(np.asarray(flat).reshape(4, 2))
    if len(flat) != 4:
        raise EarthEngineError(f"Invalid rectangle coordinates: {list(coordinates)}.")
    west, south, east, north = flat
    if west > east:
        east += 360.0
    return box(west, south, east, north)


def rings(coordinates: Any) -> list[Any]:
    """Coordinates of rings as lists of (x, y), from nested lists, flat numbers or point geometries."""
    if coordinates and isinstance(coordinates[0], Geometry):
        return [[(g.shape.x, g.shape.y) for g in coordinates if isinstance(g.shape, Point)]]
    if coordinates and not isinstance(coordinates[0], (list, tuple)):
        return [pairs(coordinates)]
    if coordinates and coordinates[0] and not isinstance(coordinates[0][0], (list, tuple)):
        return [pairs(coordinates)]
    return [pairs(ring) for ring in coordinates]


def pairs(coordinates: Any) -> list[tuple[float, float]]:
    """(x, y) pairs of a list of pairs or of a flat list of numbers."""
    if coordinates and not isinstance(coordinates[0], (list, tuple)):
        coordinates = list(zip(coordinates[::2], coordinates[1::2], strict=True))
    return [(float(p[0]), float(p[1])) for p in coordinates]


def line(coordinates: Any) -> BaseGeometry:
    """A line string of nested or flat coordinates."""
    return LineString(pairs(coordinates))


def to_crs(found: BaseGeometry, crs: str) -> BaseGeometry:
    """A lon/lat geometry in another CRS, its edges densified to a hundredth of its size."""
    if crs == "EPSG:4326":
        return found
    low_x, low_y, high_x, high_y = found.bounds
    size = max(high_x - low_x, high_y - low_y)
    dense = shapely.segmentize(found, size / 100) if size > 0 else found

    def move(points: Any) -> Any:
        return np.column_stack(project("EPSG:4326", crs, points[:, 0], points[:, 1]))

    return shapely.transform(dense, move)


def metres(found: BaseGeometry, distance: float) -> BaseGeometry:
    """A geometry grown by a distance in metres, in a local equirectangular frame."""
    middle = found.centroid
    stretch = max(math.cos(math.radians(middle.y)), 1e-6)
    scale = [_METRES_PER_DEGREE * stretch, _METRES_PER_DEGREE]
    local = shapely.transform(found, lambda p: (p - [middle.x, middle.y]) * scale)
    return shapely.transform(local.buffer(distance), lambda p: p / scale + [middle.x, middle.y])


def grid_corners(projection: Projection, width: int, height: int) -> BaseGeometry:
    """The lon/lat outline of width × height pixels."""
    t = projection.transform
    edge = np.linspace(0, 1, 33)
    u = np.concatenate([edge, np.ones(33), edge[::-1], np.zeros(33)]) * width
    v = np.concatenate([np.zeros(33), edge, np.ones(33), edge[::-1]]) * height
    x, y = t.a * u + t.b * v + t.c, t.d * u + t.e * v + t.f
    lon, lat = project(projection.crs, "EPSG:4326", x, y)
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        return _WORLD
    if projection.crs != "EPSG:4326":
        unrolled = np.unwrap(lon, period=360.0)
        if abs(unrolled[-1] - unrolled[0]) > 180:  # the outline runs around a pole
            return box(-180, lat.min(), 180, 90) if lat.mean() > 0 else box(-180, -90, 180, lat.max())
        lon = unrolled
    # Points that a straight line in degrees gives anyway are dropped: 1e-9 degrees is a tenth of a millimetre.
    return wrap(Polygon(np.column_stack([lon, lat])).simplify(1e-9), short_way=False)


def inside(grid: Grid, found: BaseGeometry) -> Any:
    """Which pixel centres of a grid lie in a lon/lat geometry, as a (height, width) array."""
    from rasterio.features import rasterize
    from rasterio.transform import Affine as RasterioAffine

    if found.is_empty:
        return np.zeros(grid.shape, bool)
    # Only the part near the grid is projected: far away, projections have no values.
    near = found.intersection(metres_box(grid))
    if near.is_empty:
        return np.zeros(grid.shape, bool)
    local = to_crs(near, grid.crs)
    transform = RasterioAffine(*grid.transform)
    return rasterize([(local, 1)], out_shape=grid.shape, transform=transform, dtype="uint8").astype(bool)


def metres_box(grid: Grid) -> BaseGeometry:
    """A lon/lat box around a grid, with a margin."""
    outline = grid_corners(grid.projection, grid.width, grid.height)
    parts = list(outline.geoms) if hasattr(outline, "geoms") else [outline]
    boxes = []
    for part in parts:
        west, south, east, north = part.bounds
        margin = max(east - west, north - south, 1e-6) * 0.1
        boxes.append(
            box(
                max(west - margin, -180),
                max(south - margin, -90),
                min(east + margin, 180),
                min(north + margin, 90),
            )
        )
    return unary_union(boxes)
