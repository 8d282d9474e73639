"""Tiles as polygons in degrees: their corners, and what ±180° and the poles do to them."""

from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from eo_ingest.grid.zone import Indexes, Zone

# (across, down) in tiles, anticlockwise from the lower left.
CORNERS = ((0, 1), (1, 1), (1, 0), (0, 0), (0, 1))
_WIDE = 2.0  # degrees of longitude: a tile wider than this lies by a pole, where straight edges are not straight
_POINTS = 16  # along an edge of such a tile
_POLE = 1e-9  # degrees
_SEAM = 1e-9  # degrees: what ends so near ±180° ends there

Degrees = NDArray[np.float64]


def to_lonlat(zone: Zone, x: Degrees, y: Degrees) -> Degrees:
    """Return (n, 2) longitudes and latitudes of places in a zone's CRS."""
    from pyproj import Transformer

    transformer = Transformer.from_crs(zone.crs, "EPSG:4326", always_xy=True)
    return np.column_stack(transformer.transform(x, y))


def centres(zone: Zone, rows: Indexes, cols: Indexes) -> Degrees:
    """Return the (n, 2) longitudes and latitudes of the centres of tiles."""
    return to_lonlat(zone, *zone.places(rows, cols, down=0.5, across=0.5))


def outlines(zone: Zone, rows: Indexes, cols: Indexes) -> tuple[Degrees, dict[int, Any]]:
    """Return the outlines of tiles.

    Returns:
        (n, 5, 2) corners in degrees, closed and anticlockwise; and, by place among the tiles, the polygons of those
        whose corners do not say it: they cross ±180° (and are split there) or lie by a pole.
    """
    corners = _corners(zone, rows, cols)
    lon = corners[..., 0]
    spans = np.ptp(lon, axis=1)
    turned = np.where(lon < 0, lon + 360, lon)
    wide = (np.minimum(spans, np.ptp(turned, axis=1)) > _WIDE).nonzero()[0]
    crossing = np.setdiff1d((spans > 180).nonzero()[0], wide)
    special = {int(place): _polar(zone, int(rows[place]), int(cols[place])) for place in wide}
    for place in crossing:
        special[int(place)] = _wrapped(np.column_stack([turned[place], corners[place, :, 1]]))
    return corners, special


def _corners(zone: Zone, rows: Indexes, cols: Indexes) -> Degrees:
    """Corners of tiles; neighbours' common corners are brought into degrees once."""
    if zone.stacked:
        places = [zone.places(rows, cols, down=down, across=across) for across, down in CORNERS]
        lonlat = to_lonlat(zone, *(np.concatenate([place[axis] for place in places]) for axis in (0, 1)))
        return lonlat.reshape(len(CORNERS), -1, 2).transpose(1, 0, 2).copy()
    wide = zone.tile_cols + 1
    keys = np.stack([(rows + down).astype(np.int64) * wide + cols + across for across, down in CORNERS[:4]], axis=1)
    nodes, place = np.unique(keys, return_inverse=True)
    x, y = zone.places(nodes // wide, nodes % wide, down=0, across=0)
    lonlat = to_lonlat(zone, x, y)[place.reshape(keys.shape)]
    return np.concatenate([lonlat, lonlat[:, :1]], axis=1)


def _polar(zone: Zone, row: int, col: int) -> Any:
    """A tile by a pole, its edges followed in many steps."""
    steps = np.arange(_POINTS) / _POINTS
    ring = []
    for (x0, y0), (x1, y1) in pairwise(CORNERS):
        ring.append(np.column_stack([x0 + (x1 - x0) * steps, y0 + (y1 - y0) * steps]))
    across, down = np.concatenate(ring).T
    one = np.zeros(1, dtype=np.int32)
    left, top = (edge[0] for edge in zone.places(one + row, one + col, down=0, across=0))
    lonlat = to_lonlat(zone, left + across * zone.tile_size, top - down * zone.tile_size)
    return _wrapped(_around_pole(lonlat))


def _around_pole(lonlat: Degrees) -> Degrees:
    """A ring in degrees with longitudes that go on beyond ±180°, and along the pole where it passes or encloses it."""
    at_pole = np.flatnonzero(90 - np.abs(lonlat[:, 1]) < _POLE)
    if len(at_pole):
        ring = np.roll(lonlat, -int(at_pole[0]), axis=0)
        lon = np.unwrap(ring[1:, 0], period=360)
        pole = np.sign(ring[0, 1]) * 90
        return np.vstack([(lon[0], pole), np.column_stack([lon, ring[1:, 1]]), (lon[-1], pole)])
    lon = np.unwrap(np.append(lonlat[:, 0], lonlat[0, 0]), period=360)
    ring = np.column_stack([lon, np.append(lonlat[:, 1], lonlat[0, 1])])
    if abs(lon[-1] - lon[0]) < 180:
        return ring[:-1]
    pole = np.sign(lonlat[0, 1]) * 90
    return np.vstack([ring, (lon[-1], pole), (lon[0], pole)])


def _wrapped(ring: Degrees) -> Any:
    """A ring with longitudes beyond ±180° as a valid polygon, or several, within."""
    lon = ring[:, 0]
    seam = np.round((lon - 180) / 360) * 360 + 180
    polygon = shapely.Polygon(np.column_stack([np.where(np.abs(lon - seam) < _SEAM, seam, lon), ring[:, 1]]))
    west, _, east, _ = polygon.bounds
    pieces = []
    for turn in (-360.0, 0.0, 360.0):
        if west >= turn + 180 or east <= turn - 180:
            continue
        cut = shapely.get_parts(shapely.intersection(polygon, shapely.box(turn - 180, -90, turn + 180, 90)))
        solid = cut[shapely.get_type_id(cut) == shapely.GeometryType.POLYGON]
        turned = shapely.transform(solid, partial(np.add, [[-turn, 0.0]]))
        pieces += turned.tolist()
    return shapely.orient_polygons(shapely.union_all(pieces))
