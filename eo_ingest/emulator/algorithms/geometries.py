"""Geometries: constructors and the relations of two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pyproj import Geod
from shapely.affinity import affine_transform
from shapely.geometry import MultiPoint, Point, Polygon, mapping
from shapely.ops import unary_union

from eo_ingest.emulator import geometry as shapes
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.geometry import UNBOUNDED, Geometry, draw
from eo_ingest.emulator.registry import add, algorithm

if TYPE_CHECKING:
    from collections.abc import Callable

    from shapely.geometry.base import BaseGeometry

    from eo_ingest.emulator.element import ErrorMargin
    from eo_ingest.emulator.grid import Projection


def _make(
    shape: BaseGeometry,
    where: Projection | None,
    geodesic: bool | None,  # noqa: FBT001
    *,
    short_way: bool | None = None,
) -> Geometry:
    """The geometry of coordinates that count in the pixels of a projection; lon/lat without one."""
    on_arcs = where is None if geodesic is None else geodesic
    if where is not None:
        t = where.transform
        shape = affine_transform(shape, [t.a, t.b, t.d, t.e, t.c, t.f])
    return draw(shape, None if where is None else where.crs, geodesic=on_arcs, short_way=short_way)


def _polygon(rings: list[Any]) -> BaseGeometry:
    if not rings or len(rings[0]) < 3:
        raise EarthEngineError("A polygon needs at least three points.")
    return Polygon(rings[0], rings[1:])


@algorithm("GeometryConstructors.Point")
def point(coordinates: list[Any], where: Projection | None) -> Geometry:
    """A point."""
    return _make(Point(*(float(v) for v in coordinates[:2])), where, None)


@algorithm("GeometryConstructors.MultiPoint")
def multi_point(coordinates: list[Any], where: Projection | None) -> Geometry:
    """Points."""
    return _make(MultiPoint(shapes.pairs(coordinates)), where, None)


@algorithm("GeometryConstructors.Rectangle")
def rectangle(coordinates: list[Any], where: Projection | None, geodesic: bool | None, _odd: bool) -> Geometry:  # noqa: FBT001
    """A box; an infinite one is unbounded."""
    flat = [v.shape if isinstance(v, Geometry) else v for v in coordinates]
    pairs = [(v.x, v.y) if isinstance(v, Point) else v for v in flat]
    if not np.isfinite(np.asarray(pairs, float)).all():
        return UNBOUNDED
    # A box says which way round it goes: only its corners' order makes it cross the antimeridian.
    return _make(shapes.rectangle(pairs), where, geodesic, short_way=False)


@algorithm("GeometryConstructors.BBox")
def bbox(west: float, south: float, east: float, north: float) -> Geometry:
    """A box; west may be east of east, over the antimeridian."""
    return draw(shapes.rectangle([west, south, east, north]), None, geodesic=False, short_way=False)


@algorithm("GeometryConstructors.Polygon")
def polygon(
    coordinates: list[Any],
    where: Projection | None,
    geodesic: Any,
    _margin: Any,
    _odd: bool,  # noqa: FBT001
) -> Geometry:
    """A polygon with holes."""
    return _make(_polygon(shapes.rings(coordinates)), where, geodesic)


@algorithm("GeometryConstructors.MultiPolygon")
def multi_polygon(
    coordinates: list[Any],
    where: Projection | None,
    geodesic: Any,
    _margin: Any,
    _odd: bool,  # noqa: FBT001
) -> Geometry:
    """Polygons."""
    parts = [c.shape if isinstance(c, Geometry) else _polygon(shapes.rings(c)) for c in coordinates]
    return _make(unary_union([p for p in parts if p is not None]), where, geodesic)


@algorithm("GeometryConstructors.LineString", "GeometryConstructors.LinearRing")
def line_string(coordinates: list[Any], where: Projection | None, geodesic: bool | None, _margin: Any) -> Geometry:  # noqa: FBT001
    """A line."""
    return _make(shapes.line(coordinates), where, geodesic)


@algorithm("GeometryConstructors.MultiGeometry")
def multi_geometry(members: list[Geometry], _where: Any, geodesic: bool | None, _margin: Any) -> Geometry:  # noqa: FBT001
    """Geometries of any kind, as their union."""
    return _make(unary_union([m.shape for m in members if m.shape is not None]), None, geodesic)


def _shape(place: Geometry) -> BaseGeometry:
    if place.shape is None:
        raise EarthEngineError("Unable to perform this geometry operation. The geometry is unbounded.")
    return place.shape


_RELATIONS: dict[str, Callable[[BaseGeometry, BaseGeometry], bool]] = {
    "intersects": lambda a, b: bool(a.intersects(b)),
    "disjoint": lambda a, b: bool(a.disjoint(b)),
    "contains": lambda a, b: bool(a.covers(b)),
    "containedIn": lambda a, b: bool(b.covers(a)),
}
_SETS: dict[str, Callable[[BaseGeometry, BaseGeometry], BaseGeometry]] = {
    "intersection": lambda a, b: a.intersection(b),
    "union": lambda a, b: a.union(b),
    "difference": lambda a, b: a.difference(b),
    "symmetricDifference": lambda a, b: a.symmetric_difference(b),
}


def _relation(function: Callable[[BaseGeometry, BaseGeometry], bool]) -> Callable[..., bool]:
    return lambda left, right, _margin, _where: function(_shape(left), _shape(right))


def _set(function: Callable[[BaseGeometry, BaseGeometry], BaseGeometry]) -> Callable[..., Geometry]:
    return lambda left, right, _margin, _where: Geometry(function(_shape(left), _shape(right)), left.geodesic)


for _name, _test in _RELATIONS.items():
    add(f"Geometry.{_name}", _relation(_test))
for _name, _operation in _SETS.items():
    add(f"Geometry.{_name}", _set(_operation))


@algorithm("Geometry.bounds")
def bounds(place: Geometry, _margin: Any, _where: Any) -> Geometry:
    """The box around a geometry."""
    return Geometry(_shape(place).envelope, geodesic=False)


@algorithm("Geometry.centroid")
def centroid(place: Geometry, _margin: Any, _where: Any) -> Geometry:
    """The centre of a geometry, in degrees."""
    return Geometry(_shape(place).centroid)


@algorithm("Geometry.convexHull")
def convex_hull(place: Geometry, _margin: Any, _where: Any) -> Geometry:
    """The convex hull, in degrees."""
    return Geometry(_shape(place).convex_hull)


@algorithm("Geometry.dissolve")
def dissolve(place: Geometry, _margin: Any, _where: Any) -> Geometry:
    """The union of the parts."""
    return Geometry(unary_union(_shape(place)))


@algorithm("Geometry.buffer")
def buffer(place: Geometry, distance: float, _margin: Any, _where: Any) -> Geometry:
    """The geometry grown by metres."""
    return Geometry(shapes.wrap(shapes.metres(_shape(place), distance), short_way=False))


@algorithm("Geometry.simplify")
def simplify(place: Geometry, margin: ErrorMargin, _where: Any) -> Geometry:
    """The geometry with fewer vertices, moved by at most the error margin."""
    return Geometry(_shape(place).simplify((margin.value or 0.0) / 111320.0), place.geodesic)


@algorithm("Geometry.transform")
def transform(place: Geometry, _where: Any, _margin: Any, geodesic: bool | None) -> Geometry:  # noqa: FBT001
    """The geometry itself: all are in longitude and latitude."""
    return Geometry(place.shape, place.geodesic if geodesic is None else geodesic)


@algorithm("Geometry.area")
def area(place: Geometry, _margin: Any, _where: Any) -> float:
    """Square metres on the ellipsoid."""
    return abs(float(Geod(ellps="WGS84").geometry_area_perimeter(_shape(place))[0]))


@algorithm("Geometry.perimeter", "Geometry.length")
def perimeter(place: Geometry, _margin: Any, _where: Any) -> float:
    """Metres on the ellipsoid."""
    return abs(float(Geod(ellps="WGS84").geometry_area_perimeter(_shape(place))[1]))


@algorithm("Geometry.type")
def kind(place: Geometry) -> str:
    """The GeoJSON type."""
    return str(_shape(place).geom_type)


@algorithm("Geometry.coordinates")
def coordinates(place: Geometry) -> Any:
    """The coordinates, as GeoJSON nests them."""
    return _lists(mapping(_shape(place))["coordinates"])


def _lists(value: Any) -> Any:
    return [_lists(v) for v in value] if isinstance(value, (list, tuple)) else value


@algorithm("Geometry.isUnbounded")
def is_unbounded(place: Geometry) -> bool:
    """Whether the geometry is without bounds."""
    return place.shape is None


@algorithm("Geometry.geodesic", "Geometry.edgesAreGeodesics")
def geodesic(place: Geometry) -> bool:
    """Whether edges were declared geodesic."""
    return place.geodesic


@algorithm("Geometry.geometries")
def geometries(place: Geometry) -> list[Geometry]:
    """The parts."""
    shape = _shape(place)
    parts = list(shape.geoms) if hasattr(shape, "geoms") else [shape]
    return [Geometry(part, place.geodesic) for part in parts]
