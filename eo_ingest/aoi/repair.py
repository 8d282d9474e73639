"""Making polygons in degrees valid: the antimeridian, self-intersections, longitudes beyond ±180°."""

from functools import partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from eo_ingest.errors import ConfigError

_AMBIGUOUS = 0.01  # of the area: where two ways of reading an invalid polygon differ by more, neither is taken

Polygons = NDArray[np.object_]


def check_degrees(coordinates: NDArray[np.float64]) -> None:
    """Check that (n, 2) coordinates can be longitude and latitude in degrees.

    Raises:
        ConfigError: if they are not finite, certainly swapped, or no degrees at all.
    """
    if not np.isfinite(coordinates).all():
        raise ConfigError("it has a coordinate that is not a finite number")
    across, up = np.abs(coordinates).max(axis=0)
    if up <= 90 and across <= 540:
        return
    worst = coordinates[np.argmax(np.abs(coordinates).max(axis=1))]
    if up <= 360 and across <= 90:
        raise ConfigError(
            f"its axes are swapped: ({worst[0]:g}, {worst[1]:g}) can only be (lat, lon), expected (lon, lat)"
        )
    raise ConfigError(
        f"its coordinates are not degrees, such as ({worst[0]:g}, {worst[1]:g}), and it declares no other CRS: "
        "metres need one (a .prj file, SRID=…; or a 'crs' member)"
    )


def repair(polygon: shapely.Polygon, *, densified: bool = False) -> tuple[Polygons, list[str]]:
    """Return valid polygons within ±180° that cover what `polygon` means, and what had to be done.

    Args:
        polygon: in degrees (lon, lat), perhaps invalid.
        densified: whether its edges are known to be short, so that a long one can only be the antimeridian.

    Raises:
        ConfigError: if what it means is ambiguous, or it wraps the globe.
    """
    notes = []
    parts: Any = polygon
    if _crosses(polygon, densified=densified):
        parts = _split_at_antimeridian(polygon)
        notes.append("split at the antimeridian")
        notes.extend(f"encloses the {pole} pole" for pole in _poles(parts))
    pieces = shapely.get_parts(parts)
    if not shapely.is_valid(pieces).all():
        reason = next(_reason(piece) for piece in pieces if not piece.is_valid)
        pieces = np.concatenate([_make_valid(piece) for piece in pieces])
        notes.append(f"repaired an invalid polygon: {reason}")
    for piece in pieces:
        _check_width(piece)
    if len(pieces) and _beyond(pieces):
        pieces = _wrap(pieces)
        notes.append("brought longitudes beyond ±180° into range")
    return pieces, notes


def _crosses(polygon: shapely.Polygon, *, densified: bool) -> bool:
    """Return whether edges over 180° long stand for the short way across the antimeridian."""
    exterior = shapely.get_coordinates(polygon.exterior)
    steps = np.abs(np.diff(exterior[:, 0]))
    if not (steps > 180).any():
        return False
    if densified or not polygon.is_valid:
        return True
    longest = steps[(steps > 180) & (steps < 360)]
    if not len(longest):
        return False  # split at ±180° already: 360° is an edge along a parallel, and no way at all across
    if polygon.exterior.is_ccw:
        raise ConfigError(
            f"an edge spans {longest.max():g}° of longitude, and either way round makes a polygon: split it at ±180°, "
            "give edges under 180°, or a box as 'west,south,east,north'"
        )
    return True


def _split_at_antimeridian(polygon: shapely.Polygon) -> Any:
    """Split a ring that crosses ±180°; of the two sides of a ring around a pole, take the smaller."""
    split = _fix(polygon)
    if not _poles(split):
        return split
    try:
        return min(split, _fix(polygon.reverse()), key=_share)
    except ConfigError:
        return split


def _fix(polygon: shapely.Polygon) -> Any:
    import antimeridian

    try:
        return antimeridian.fix_polygon(polygon, fix_winding=True, great_circle=False)
    except (ValueError, IndexError, AssertionError, shapely.errors.ShapelyError) as err:
        raise ConfigError("it crosses the antimeridian in a way that cannot be repaired: split it at ±180°") from err


def _poles(geometry: Any) -> list[str]:
    _, south, _, north = geometry.bounds
    return ["south"] * (south == -90) + ["north"] * (north == 90)


def _share(geometry: Any) -> float:
    """Return the area as a share of the Earth's."""

    def equal_area(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([points[:, 0] / 720, np.sin(np.deg2rad(points[:, 1]))])

    return float(shapely.transform(shapely.segmentize(geometry, 1.0), equal_area).area)


def _make_valid(polygon: shapely.Polygon) -> Polygons:
    """Repair a polygon by the even-odd rule, where filling its rings whole would say the same."""
    repaired = areas(shapely.make_valid(polygon))
    total = shapely.union_all(repaired)
    holes = shapely.union_all([_fill(ring) for ring in polygon.interiors])
    filled = shapely.difference(_fill(polygon.exterior), holes)
    unlike = shapely.symmetric_difference(total, filled).area
    if unlike > _AMBIGUOUS * max(total.area, filled.area):
        share = unlike / max(total.area, filled.area)
        raise ConfigError(f"it has {_reason(polygon)}, and two ways to repair that differ by {share:.0%} of the area")
    return repaired


def _reason(polygon: shapely.Polygon) -> str:
    """Say why a polygon is invalid: `self-intersection at 6.5 49.8`."""
    return str(shapely.is_valid_reason(polygon)).replace("[", " at ").rstrip("]").lower()


def _fill(ring: shapely.LinearRing) -> Any:
    return shapely.union_all(shapely.get_parts(shapely.polygonize([shapely.union_all([ring])])))


def areas(geometry: Any) -> Polygons:
    """Return the polygons in geometries of any type, without the empty ones."""
    flat = shapely.get_parts(geometry)
    while np.isin(shapely.get_type_id(flat), [6, 7]).any():  # MultiPolygon, GeometryCollection
        flat = shapely.get_parts(flat)
    polygons: Polygons = flat[(shapely.get_type_id(flat) == 3) & ~shapely.is_empty(flat)]
    return polygons


def _check_width(polygon: shapely.Polygon) -> None:
    west, _, east, _ = polygon.bounds
    box = len(polygon.exterior.coords) == 5 and polygon.equals(shapely.envelope(polygon))
    if east - west > 360 or (box and east - west == 360):
        raise ConfigError(
            f"its polygon wraps the globe: it spans {east - west:g}° of longitude, expected less than 360°"
        )


def _beyond(polygons: Polygons) -> bool:
    bounds = shapely.total_bounds(polygons)
    return bool(bounds[0] < -180 or bounds[2] > 180)


def _wrap(polygons: Polygons) -> Polygons:
    """Cut polygons at ±180° and turn the outer parts by 360°."""
    pieces = []
    for turn in (-360.0, 0.0, 360.0):
        cut = areas(shapely.intersection(polygons, shapely.box(turn - 180, -90, turn + 180, 90)))
        pieces.append(shapely.transform(cut, partial(np.add, [[-turn, 0.0]])))
    wrapped: Polygons = np.concatenate(pieces)
    return wrapped
