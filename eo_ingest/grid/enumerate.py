"""Finding the tiles that an area needs: closer looks only where its boundary passes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from eo_ingest.aoi.repair import areas
from eo_ingest.errors import ConfigError
from eo_ingest.grid.chips import ChipZone
from eo_ingest.grid.cover import Cover, ZoneCover
from eo_ingest.grid.definition import Definition
from eo_ingest.grid.zone import Bounds, Indexes, Zone

if TYPE_CHECKING:
    from eo_ingest.grid.grid import Grid

_SEGMENT = 0.005  # degrees: a straight lon/lat edge then leaves its projected chord by less than 4 mm
_EARTH_KM = 6371.007
_BORDER = 1e-7  # degrees: what reaches less far over a zone's border only touches it; its tiles reach further anyway
_SLIVER = 1e-3  # of a pixel: what reaches less far into a tile only touches it
_POLAR_DEGREE = 11_600  # metres in a degree of longitude at 84°N, where it is shortest
_LARGEST = 64  # tiles along the side of the squares that are looked at first
_NO_TILE = "the area meets no tile: it is thinner than a thousandth of a pixel"


def cover(grid: "Grid", geometry: BaseGeometry) -> Cover:
    """Return the tiles that share area with `geometry` inside the band of their zone.

    Args:
        grid: the grid to take tiles from.
        geometry: valid Polygon or MultiPolygon in EPSG:4326 (lon, lat), split at ±180°, with edges straight
            in degrees.

    Raises:
        ConfigError: if the geometry is no area, leaves what the grid is for, or is too small to be in any tile.
    """
    zones = tuple(iter_zones(grid, geometry))
    if not zones:
        raise ConfigError(_NO_TILE if grid.chips is None else f"the area meets none of the chips of '{grid.name}'")
    return Cover(grid, zones)


def iter_zones(grid: "Grid", geometry: BaseGeometry) -> Iterator[ZoneCover]:
    """Yield what `cover` returns zone by zone, each with at least one tile; memory does not grow with their number.

    Raises:
        ConfigError: if the geometry is no area, or leaves what the grid is for.
    """
    _check(grid, geometry)
    parts = shapely.get_parts(geometry)
    tree = shapely.STRtree(parts)
    for zone in grid.zones:
        found = _chips(zone, parts, tree) if isinstance(zone, ChipZone) else _tiles(zone, parts, tree)
        if found is not None and len(found.masks):
            yield found


def _tiles(zone: Zone, parts: NDArray[np.object_], tree: shapely.STRtree) -> ZoneCover | None:
    polygons = _within(_band(zone), parts, tree)
    return _enumerate(zone, _project(polygons, zone)) if len(polygons) else None


def _within(box: BaseGeometry, parts: NDArray[np.object_], tree: shapely.STRtree) -> NDArray[np.object_]:
    """The polygons that the parts have in common with a box."""
    near = np.sort(tree.query(box))
    inside = shapely.intersection(parts[near], box)
    flat = shapely.get_parts(shapely.get_parts(inside[~shapely.is_empty(inside)]))
    polygons: NDArray[np.object_] = flat[shapely.get_type_id(flat) == shapely.GeometryType.POLYGON]
    return polygons


def _band(zone: Zone) -> BaseGeometry:
    """What a zone is for, without a sliver along the borders that it has in common with other zones."""
    west, south, east, north = zone.band
    if zone.name.startswith("utm"):
        return shapely.box(west + _BORDER, south + _BORDER, east - _BORDER, north - _BORDER)
    return shapely.box(west, south, east, north)


def _check(grid: "Grid", geometry: BaseGeometry) -> None:
    if geometry.geom_type not in {"Polygon", "MultiPolygon"} or geometry.is_empty:
        raise ConfigError(f"cannot tile a {geometry.geom_type}: expected a non-empty Polygon or MultiPolygon")
    west, south, east, north = geometry.bounds
    if not (west >= -180 and east <= 180):
        raise ConfigError(f"longitudes run from {west:g} to {east:g}: expected -180 to 180, split at the antimeridian")
    limits = grid.bounds
    if south < limits[1] or north > limits[3] or west < limits[0] or east > limits[2]:
        raise ConfigError(_beyond(grid, geometry, limits))


def _beyond(grid: "Grid", geometry: BaseGeometry, limits: Bounds) -> str:
    """Say how much of an area lies where the grid is not, and what to do about it."""
    whole = _area_km2(geometry)
    beyond = whole - _area_km2(shapely.intersection(geometry, shapely.box(*limits)))
    west, south, east, north = geometry.bounds
    lost = f"{beyond:,.0f} km² of its {whole:,.0f} km² lie beyond"
    if isinstance(grid.definition, Definition):
        lowest, highest = limits[1], limits[3]
        return (
            f"the area reaches from latitude {south:g} to {north:g}: {lost} {-lowest:g}°S to {highest:g}°N, which is "
            "for the polar grids (--grid polar-north, EPSG:3413, and --grid polar-south, EPSG:3031); take one "
            f"or clip the area to latitudes {lowest:g} to {highest:g}"
        )
    box, own = ([f"{edge:g}" for edge in edges] for edges in (limits, (west, south, east, north)))
    return (
        f"the area, {','.join(own)}, leaves what the grid '{grid.name}' is for, {','.join(box)}: {lost} it; clip the "
        "area, or choose another grid with --grid"
    )


def _area_km2(geometry: BaseGeometry) -> float:
    """Area of lon/lat polygons on the sphere of the Earth's own area, edges straight in degrees."""

    def equal_area(points: NDArray[np.float64]) -> NDArray[np.float64]:
        radians = np.deg2rad(points)
        return _EARTH_KM * np.column_stack([radians[:, 0], np.sin(radians[:, 1])])

    return float(shapely.transform(shapely.segmentize(geometry, 1.0), equal_area).area)


def _project(polygons: NDArray[np.object_], zone: Zone) -> BaseGeometry:
    """Bring lon/lat polygons into the zone's CRS, edges bending as they do there, prepared for many questions.

    The parts are valid each by itself. Two may have an edge in common, where ±180° became a line like any other: what
    crosses it is looked at closer, no more.
    """
    from pyproj import Transformer

    transformer = Transformer.from_crs("EPSG:4326", zone.crs, always_xy=True)

    def forward(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

    projected = shapely.transform(shapely.segmentize(polygons, _SEGMENT), forward)
    broken = ~shapely.is_valid(projected)
    if broken.any():
        mended = [areas(shapely.make_valid(polygon)) for polygon in projected[broken]]
        projected = np.concatenate([projected[~broken], *mended])
    area = shapely.MultiPolygon(projected.tolist())
    shapely.prepare(area)
    return area


def _enumerate(zone: Zone, area: BaseGeometry) -> ZoneCover:
    """Descend from large squares to tiles, looking closer only where the area's boundary passes."""
    side = zone.block_tiles
    sizes = sorted({_LARGEST, 16 * side, 4 * side, side, 1}, reverse=True)
    rows, cols = _candidates(zone, area.bounds, sizes[0])
    whole: list[tuple[Indexes, Indexes]] = []
    for size, finer in zip(sizes, [*sizes[1:], 0], strict=True):
        boxes = _boxes(zone, rows, cols, size)
        met = shapely.intersects(area, boxes)
        rows, cols, boxes = rows[met], cols[met], boxes[met]
        if finer:
            inside = shapely.contains_properly(area, boxes)
            whole.append(_split(rows[inside], cols[inside], size // side))
            rows, cols = _split(rows[~inside], cols[~inside], size // finer)
    return _gather(zone, whole, rows, cols)


def _candidates(zone: Zone, bounds: Bounds, size: int) -> tuple[Indexes, Indexes]:
    xmin, ymin, xmax, ymax = bounds
    step = size * zone.tile_size
    down, across = -(-zone.tile_rows // size), -(-zone.tile_cols // size)
    top, bottom = ((zone.y_top - edge) // step for edge in (ymax, ymin))
    left, right = ((edge - zone.x_left) // step for edge in (xmin, xmax))
    rows = np.arange(max(top, 0), min(bottom + 1, down), dtype=np.int32)
    cols = np.arange(max(left, 0), min(right + 1, across), dtype=np.int32)
    return np.repeat(rows, len(cols)), np.tile(cols, len(rows))


def _boxes(zone: Zone, rows: Indexes, cols: Indexes, size: int) -> NDArray[np.object_]:
    """Squares of `size` tiles, drawn in by a sliver so that what only touches them does not meet them."""
    step = size * zone.tile_size
    inset = _SLIVER * zone.resolution
    left = zone.x_left + cols.astype(np.float64) * step
    top = zone.y_top - rows.astype(np.float64) * step
    boxes: NDArray[np.object_] = shapely.box(left + inset, top - step + inset, left + step - inset, top - inset)
    return boxes


def _split(rows: Indexes, cols: Indexes, parts: int) -> tuple[Indexes, Indexes]:
    """Split each square into `parts` by `parts` smaller ones."""
    offset = np.arange(parts, dtype=np.int32)
    shape = (len(rows), parts, parts)
    down = np.broadcast_to(rows[:, None, None] * parts + offset[:, None], shape)
    across = np.broadcast_to(cols[:, None, None] * parts + offset, shape)
    return down.ravel(), across.ravel()


def _gather(zone: Zone, whole: list[tuple[Indexes, Indexes]], rows: Indexes, cols: Indexes) -> ZoneCover:
    """Join whole blocks and single tiles into sorted blocks with masks."""
    side = zone.block_tiles
    bits = np.left_shift(1, rows % side * side + cols % side).astype(np.uint16)
    keys = rows // side * zone.block_cols + cols // side
    partial, place = np.unique(keys, return_inverse=True)
    masks = np.zeros(len(partial), dtype=np.uint16)
    np.bitwise_or.at(masks, place, bits)
    full = np.concatenate([down * zone.block_cols + across for down, across in whole] or [partial[:0]])
    keys = np.concatenate([partial, full])
    order = np.argsort(keys)
    masks = np.concatenate([masks, np.full(len(full), zone.block(0, 0).full, dtype=np.uint16)])[order]
    block_rows, block_cols = np.divmod(keys[order], zone.block_cols)
    return ZoneCover(zone, block_rows.astype(np.int32), block_cols.astype(np.int32), masks)


def _chips(zone: ChipZone, parts: NDArray[np.object_], tree: shapely.STRtree) -> ZoneCover | None:
    """The chips that share area with an area: each is looked at."""
    found = [_within(box, parts, tree) for box in _reaches(zone)]
    polygons = np.concatenate(found)
    if not len(polygons):
        return None
    area = _project(polygons, zone)
    inset, size = _SLIVER * zone.resolution, zone.tile_size
    boxes = shapely.box(zone.left + inset, zone.top - size + inset, zone.left + size - inset, zone.top - inset)
    numbers = np.flatnonzero(shapely.intersects(area, boxes))
    count = zone.block_tiles**2
    rows, place = np.unique(numbers // count, return_inverse=True)
    masks = np.zeros(len(rows), dtype=np.uint16)
    np.bitwise_or.at(masks, place, np.left_shift(1, numbers % count).astype(np.uint16))
    return ZoneCover(zone, rows.astype(np.int32), np.zeros(len(rows), dtype=np.int32), masks)


def _reaches(zone: ChipZone) -> list[BaseGeometry]:
    """Boxes in degrees, on both sides of ±180°, that hold what chips with their centre in the zone's band reach."""
    margin = zone.tile_size / _POLAR_DEGREE
    west, south, east, north = zone.band
    boxes: list[BaseGeometry] = [
        shapely.box(max(west - margin, -180), south - margin, min(east + margin, 180), north + margin)
    ]
    if west - margin < -180:
        boxes.append(shapely.box(west - margin + 360, south - margin, 180, north + margin))
    if east + margin > 180:
        boxes.append(shapely.box(-180, south - margin, east + margin - 360, north + margin))
    return boxes
