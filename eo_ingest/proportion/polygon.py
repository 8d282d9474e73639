"""Proportions of classes per polygon, weighted by area: a pixel counts by the part of it that is inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import shapely

from eo_ingest.errors import ConfigError
from eo_ingest.split.ground import ecef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eo_ingest.grid import Bounds, Grid, Tile, Zone
    from eo_ingest.ports import Store
    from eo_ingest.proportion.label import Label
    from eo_ingest.split.polygon import Layer

_SEGMENT = 0.005  # degrees: edges then keep their course in a zone's CRS within 4 mm


def of_polygons(store: Store, grid: Grid, label: Label, layer: Layer) -> pa.Table:
    """One row per polygon of a layer, in its order.

    Columns: `polygon` (its key), `<label>_valid` (the part of its area that has a class in the store), and the fraction
    of each class of that area, null where none has one. Along zone borders each place counts once: in the zone that it
    is in.

    Raises:
        ConfigError: if the store has nothing of it, or its grid is one of chips, which overlap.
        OutputError: if stored bytes are damaged.
    """
    if grid.lattice.stacked:
        raise ConfigError(
            f"grid {grid.name!r} is one of chips, which may overlap: proportions of polygons need a lattice"
        )
    areas = np.zeros((len(layer.keys), len(label.variable.flags) + 1))
    parts: dict[str, tuple[NDArray[np.object_], Any]] = {}
    for tile, pixels in label.tiles(store):
        zone = grid.zone(tile.zone)
        if zone.name not in parts:
            shapes = _in_zone(layer.shapes, zone)
            parts[zone.name] = (shapes, shapely.STRtree(shapes))
        shapes, tree = parts[zone.name]
        bounds = zone.bounds(tile)
        box = shapely.box(*bounds)
        for number in np.sort(tree.query(box, predicate="intersects")):
            inside = coverage(shapely.intersection(shapes[number], box), bounds, len(pixels))
            found = np.bincount(pixels.ravel() + 1, weights=inside.ravel(), minlength=areas.shape[1])
            areas[number] += found * _pixel_area(zone, tile, len(pixels))
    known = areas[:, 1:].sum(axis=1)
    columns = {
        "polygon": pa.array(layer.keys, pa.string()),
        f"{label.prefix}_valid": pa.array(np.minimum(known / _areas(layer.shapes), 1.0)),
    }
    for name, area in zip(label.columns, areas[:, 1:].T, strict=True):
        columns[name] = pa.array(area / np.where(known > 0, known, 1), mask=known == 0)
    return pa.table(columns)


def coverage(shape: Any, bounds: Bounds, px: int) -> NDArray[np.float64]:
    """The part of each pixel of a square that a polygon covers, (y, x): exact, not sampled.

    Args:
        shape: the polygon, within the square.
        bounds: (xmin, ymin, xmax, ymax) of the square.
        px: pixels along its side.
    """
    from rasterio import Affine
    from rasterio.features import rasterize

    if shape.area <= 0:
        return np.zeros((px, px))
    step = (bounds[2] - bounds[0]) / px
    affine = Affine(step, 0, bounds[0], 0, -step, bounds[3])
    inside = rasterize([(shape, 1)], out_shape=(px, px), transform=affine, dtype="uint8").astype(np.float64)
    wider = Affine(step, 0, bounds[0] - step, 0, -step, bounds[3] + step)  # edges along the square's own count too
    edge = rasterize([(shape.boundary, 1)], (px + 2, px + 2), transform=wider, dtype="uint8", all_touched=True)
    rows, cols = np.nonzero(_grown(edge.astype(bool))[1:-1, 1:-1])
    left, top = bounds[0] + cols * step, bounds[3] - rows * step
    shapely.prepare(shape)
    boxes = shapely.box(left, top - step, left + step, top)
    inside[rows, cols] = shapely.area(shapely.intersection(boxes, shape)) / step**2
    return np.asarray(inside)


def _grown(edge: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels and their neighbours: what an edge only grazes counts too."""
    grown = edge.copy()
    for axis in (0, 1):
        before = grown.copy()
        lower, upper = [slice(None)] * 2, [slice(None)] * 2
        lower[axis], upper[axis] = slice(1, None), slice(None, -1)
        grown[tuple(lower)] |= before[tuple(upper)]
        grown[tuple(upper)] |= before[tuple(lower)]
    return grown


def _in_zone(shapes: NDArray[np.object_], zone: Zone) -> NDArray[np.object_]:
    """Polygons in a zone's CRS, cut to the band that the zone is for; empty where they are not in it."""
    from pyproj import Transformer

    transformer = Transformer.from_crs("EPSG:4326", zone.crs, always_xy=True)
    cut = shapely.intersection(shapes, shapely.box(*zone.band))
    made: NDArray[np.object_] = shapely.transform(
        shapely.segmentize(cut, _SEGMENT), lambda p: np.column_stack(transformer.transform(p[:, 0], p[:, 1]))
    )
    broken = ~shapely.is_valid(made)
    made[broken] = shapely.make_valid(made[broken])
    return made


def _pixel_area(zone: Zone, tile: Tile, px: int) -> float:
    """Square metres on the ground of a pixel in the middle of a tile."""
    from eo_ingest.grid.shape import to_lonlat

    left, bottom, right, top = zone.bounds(tile)
    x, y = (left + right) / 2, (bottom + top) / 2
    corner, across, down = ecef(to_lonlat(zone, np.array([x, x + 1.0, x]), np.array([y, y, y - 1.0])))
    return float(np.linalg.norm(np.cross(across - corner, down - corner))) * ((right - left) / px) ** 2


def _areas(shapes: NDArray[np.object_]) -> NDArray[np.float64]:
    """Square metres of polygons in degrees, edges straight in them, on the ellipsoid."""
    from pyproj import Transformer

    there = Transformer.from_crs("EPSG:4326", "EPSG:6933", always_xy=True)
    return np.asarray(
        shapely.area(
            shapely.transform(
                shapely.segmentize(shapes, _SEGMENT), lambda p: np.column_stack(there.transform(p[:, 0], p[:, 1]))
            )
        )
    )
