"""Which tiles an area needs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from eo_ingest.errors import ConfigError
from eo_ingest.grid.cell import BLOCK_TILES, Block, Tile
from eo_ingest.grid.zone import Zone

if TYPE_CHECKING:
    from eo_ingest.grid.grid import Grid

_FULL = np.uint16(0xFFFF)
_SEGMENT = 0.005  # degrees: a straight lon/lat edge then leaves its projected chord by less than 4 mm
_EARTH_KM = 6371.007
_BORDER = 1e-7  # degrees: what reaches less far over a zone's border only touches it; its tiles reach further anyway
_SLIVER = 1e-3  # of a pixel: what reaches less far into a tile only touches it

Indexes = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class BlockCover:
    """A block and which of its tiles are asked for.

    Attributes:
        block: the block.
        mask: 16 bits; bit `i` is the tile with `index_in_block` i.
    """

    block: Block
    mask: int

    @property
    def tiles(self) -> list[Tile]:
        """The tiles asked for, by their index in the block."""
        return [self.block.tile(index) for index in range(BLOCK_TILES**2) if self.mask >> index & 1]


@dataclass(frozen=True, slots=True, eq=False)
class ZoneCover:
    """The blocks of one zone that an area needs, as parallel arrays sorted by (row, col).

    Attributes:
        zone: the zone.
        rows: block rows.
        cols: block columns.
        masks: 16-bit masks of tiles.
    """

    zone: Zone
    rows: Indexes
    cols: Indexes
    masks: NDArray[np.uint16]

    @property
    def tiles(self) -> int:
        """The number of tiles."""
        return int(np.bitwise_count(self.masks).sum())

    def tile_indexes(self) -> tuple[Indexes, Indexes]:
        """Return the (rows, cols) of the tiles, sorted by (row, col)."""
        bits = np.arange(BLOCK_TILES**2, dtype=np.uint16)
        block, index = np.nonzero(self.masks[:, None] >> bits & 1)
        rows = self.rows[block] * BLOCK_TILES + (index // BLOCK_TILES).astype(np.int32)
        cols = self.cols[block] * BLOCK_TILES + (index % BLOCK_TILES).astype(np.int32)
        order = np.lexsort((cols, rows))
        return rows[order], cols[order]


class Blocks(Sequence[BlockCover]):
    """The blocks of a cover in the order (zone, row, col), made one by one as they are asked for."""

    def __init__(self, zones: Sequence[ZoneCover]) -> None:
        self._zones = zones
        self._ends = np.cumsum([len(zone.masks) for zone in zones], dtype=np.int64)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    @overload
    def __getitem__(self, index: int) -> BlockCover: ...
    @overload
    def __getitem__(self, index: slice) -> list[BlockCover]: ...
    def __getitem__(self, index: int | slice) -> BlockCover | list[BlockCover]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"block {index} of {len(self)}")
        number = int(np.searchsorted(self._ends, place, side="right"))
        return _block(self._zones[number], place - int(self._ends[number]))

    def __iter__(self) -> Iterator[BlockCover]:
        for zone in self._zones:
            for place in range(len(zone.masks)):
                yield _block(zone, place)


def _block(zone: ZoneCover, place: int) -> BlockCover:
    return BlockCover(Block(zone.zone.name, int(zone.rows[place]), int(zone.cols[place])), int(zone.masks[place]))


@dataclass(frozen=True, slots=True, eq=False)
class Cover:
    """The tiles of a grid that an area needs.

    Attributes:
        grid: the grid.
        zones: the zones met, sorted by name; each has at least one tile.
    """

    grid: "Grid"
    zones: tuple[ZoneCover, ...]

    @property
    def tiles(self) -> int:
        """The number of tiles."""
        return sum(zone.tiles for zone in self.zones)

    @property
    def blocks(self) -> Blocks:
        """The blocks with their masks, lazily, in the order (zone, row, col)."""
        return Blocks(self.zones)

    def iter_tiles(self) -> Iterator[Tile]:
        """Yield the tiles in the order (zone, row, col)."""
        for zone in self.zones:
            for row, col in zip(*(indexes.tolist() for indexes in zone.tile_indexes()), strict=True):
                yield Tile(zone.zone.name, row, col)

    def frame(self, zone: str | None = None) -> Any:
        """Return the tiles as a GeoDataFrame in EPSG:4326, of one zone or of all.

        Columns: id, zone, row, col, block, geometry (four corners; split where it crosses ±180°), centroid (point).

        Raises:
            ConfigError: if the area has no tile in `zone`.
        """
        from eo_ingest.grid.frame import tile_frame

        zones = [part for part in self.zones if zone in (None, part.zone.name)]
        if not zones:
            met = ", ".join(part.zone.name for part in self.zones)
            raise ConfigError(f"the area has no tile in zone '{zone}': expected one of {met}")
        return tile_frame(zones)


def cover(grid: "Grid", geometry: BaseGeometry) -> Cover:
    """Return the tiles that share area with `geometry` inside the band of their zone.

    Args:
        grid: the grid to take tiles from.
        geometry: valid Polygon or MultiPolygon in EPSG:4326 (lon, lat), split at ±180°, with edges straight
            in degrees.

    Raises:
        ConfigError: if the geometry is no area, leaves the grid's latitudes, or is too small to be in any tile.
    """
    _check(grid, geometry)
    parts = shapely.get_parts(geometry)
    tree = shapely.STRtree(parts)
    zones = []
    for zone in grid.zones:
        band = _band(zone)
        near = np.sort(tree.query(band))
        if not len(near):
            continue
        inside = shapely.intersection(parts[near], band)
        inside = inside[~shapely.is_empty(inside)]
        polygons = shapely.get_parts(shapely.get_parts(inside))
        polygons = polygons[shapely.get_type_id(polygons) == shapely.GeometryType.POLYGON]
        if len(polygons):
            found = _enumerate(zone, _project(shapely.multipolygons(polygons), zone))
            if len(found.masks):
                zones.append(found)
    if not zones:
        raise ConfigError("the area meets no tile: it is thinner than a thousandth of a pixel")
    return Cover(grid, tuple(zones))


def _band(zone: Zone) -> BaseGeometry:
    west, south, east, north = zone.band
    return shapely.box(west + _BORDER, south + _BORDER, east - _BORDER, north - _BORDER)


def _check(grid: "Grid", geometry: BaseGeometry) -> None:
    if geometry.geom_type not in {"Polygon", "MultiPolygon"} or geometry.is_empty:
        raise ConfigError(f"cannot tile a {geometry.geom_type}: expected a non-empty Polygon or MultiPolygon")
    west, south, east, north = geometry.bounds
    if not (west >= -180 and east <= 180):
        raise ConfigError(f"longitudes run from {west:g} to {east:g}: expected -180 to 180, split at the antimeridian")
    lowest, highest = grid.latitude
    if south < lowest or north > highest:
        raise ConfigError(_beyond(geometry, lowest, highest))


def _beyond(geometry: BaseGeometry, lowest: float, highest: float) -> str:
    whole = _area_km2(geometry)
    beyond = whole - _area_km2(shapely.intersection(geometry, shapely.box(-180, lowest, 180, highest)))
    south, north = geometry.bounds[1], geometry.bounds[3]
    return (
        f"the area reaches from latitude {south:g} to {north:g}: {beyond:,.0f} km² of its {whole:,.0f} km² lie beyond "
        f"{-lowest:g}°S to {highest:g}°N, which is for the polar grids (EPSG:3413 north, EPSG:3031 south); "
        f"they are not in this version, so clip the area to latitudes {lowest:g} to {highest:g}"
    )


def _area_km2(geometry: BaseGeometry) -> float:
    """Area of lon/lat polygons on the sphere of the Earth's own area, edges straight in degrees."""

    def equal_area(points: NDArray[np.float64]) -> NDArray[np.float64]:
        radians = np.deg2rad(points)
        return _EARTH_KM * np.column_stack([radians[:, 0], np.sin(radians[:, 1])])

    return float(shapely.transform(shapely.segmentize(geometry, 1.0), equal_area).area)


def _project(geometry: BaseGeometry, zone: Zone) -> BaseGeometry:
    """Bring lon/lat polygons into the zone's CRS, edges bending as they do there."""
    from pyproj import Transformer

    transformer = Transformer.from_crs("EPSG:4326", zone.crs, always_xy=True)

    def forward(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

    projected = shapely.transform(shapely.segmentize(geometry, _SEGMENT), forward)
    return projected if projected.is_valid else shapely.make_valid(projected)


def _enumerate(zone: Zone, area: BaseGeometry) -> ZoneCover:
    """Descend from squares of 16 blocks to tiles, looking closer only where the area's boundary passes."""
    shapely.prepare(area)
    sizes = [16 * BLOCK_TILES, 4 * BLOCK_TILES, BLOCK_TILES, 1]
    rows, cols = _candidates(zone, area, sizes[0])
    whole: list[tuple[Indexes, Indexes]] = []
    for size, finer in zip(sizes, [*sizes[1:], 0], strict=True):
        boxes = _boxes(zone, rows, cols, size)
        met = shapely.intersects(area, boxes)
        rows, cols, boxes = rows[met], cols[met], boxes[met]
        if finer:
            inside = shapely.contains_properly(area, boxes)
            whole.append(_split(rows[inside], cols[inside], size // BLOCK_TILES))
            rows, cols = _split(rows[~inside], cols[~inside], size // finer)
    return _gather(zone, whole, rows, cols)


def _candidates(zone: Zone, area: BaseGeometry, size: int) -> tuple[Indexes, Indexes]:
    xmin, ymin, xmax, ymax = area.bounds
    step = size * zone.tile_size
    rows = np.arange((zone.y_top - ymax) // step, (zone.y_top - ymin) // step + 1, dtype=np.int32)
    cols = np.arange((xmin - zone.x_left) // step, (xmax - zone.x_left) // step + 1, dtype=np.int32)
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
    bits = np.left_shift(1, rows % BLOCK_TILES * BLOCK_TILES + cols % BLOCK_TILES).astype(np.uint16)
    keys = rows // BLOCK_TILES * zone.block_cols + cols // BLOCK_TILES
    partial, place = np.unique(keys, return_inverse=True)
    masks = np.zeros(len(partial), dtype=np.uint16)
    np.bitwise_or.at(masks, place, bits)
    full = np.concatenate([down * zone.block_cols + across for down, across in whole])
    keys = np.concatenate([partial, full])
    order = np.argsort(keys)
    masks = np.concatenate([masks, np.full(len(full), _FULL)])[order]
    block_rows, block_cols = np.divmod(keys[order], zone.block_cols)
    return ZoneCover(zone, block_rows.astype(np.int32), block_cols.astype(np.int32), masks)
