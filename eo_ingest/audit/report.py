"""The figures of a grid over an area."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from eo_ingest.audit.degrees import DegreeTiles
from eo_ingest.audit.sample import places
from eo_ingest.errors import ConfigError
from eo_ingest.grid import ChipZone
from eo_ingest.grid.shape import centres, to_lonlat

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eo_ingest.grid import Cover, ZoneCover

    Numbers = NDArray[np.float64]

PLACES = 400_000
_TILES = 50_000  # that are measured, at most
_POLAR_DEGREE = 11_600  # metres in a degree of longitude at 84°N


@dataclass(frozen=True)
class Pixels:
    """The ground along the sides of a pixel in metres, over all tiles that were measured: least, most and mean."""

    least: float
    most: float
    mean: float

    @classmethod
    def of(cls, widths: Numbers, heights: Numbers) -> Pixels:
        """The figures of pixels' sides."""
        both = np.concatenate([widths, heights])
        mean = np.sqrt(widths * heights).mean()
        return cls(round(float(both.min()), 4), round(float(both.max()), 4), round(float(mean), 4))


@dataclass(frozen=True)
class Figures:
    """What was found of one method.

    Attributes:
        method: the grid's name, or `geetiles`.
        tiles: how many tiles the whole area has.
        double: share of the ground that two tiles or more have.
        gap: share of the ground that none has; None of chips, which need not cover anything.
        pixels: pixels on the ground; `mean` is the root of their mean area.
        zones: tiles by zone.
        covered: of chips: least and mean share of a foreign footprint that its chip covers.
    """

    method: str
    tiles: int
    double: float
    gap: float | None
    pixels: Pixels
    zones: dict[str, int] = field(default_factory=dict)
    covered: tuple[float, float] | None = None

    def as_json(self) -> dict[str, Any]:
        """The figures as plain values."""
        return asdict(self)


def audit(cover: Cover, geometry: Any, *, within: Any = None, count: int = PLACES) -> list[Figures]:
    """Measure a grid's tiles of an area, and those that geetiles would make.

    Shares are counted at evenly spread places, so they are exact to about one over the root of their number.

    Args:
        cover: the area's tiles.
        geometry: the area, in EPSG:4326.
        within: a part of it to measure in; all of it by default. Which tiles there are is the whole area's affair.
        count: how many places.

    Raises:
        ConfigError: if `within` has nothing of the area.
    """
    part = geometry if within is None else shapely.intersection(geometry, within)
    if part.is_empty or not part.area:
        raise ConfigError("--within has nothing of the area in it")
    if cover.grid.chips is not None:
        return [_of_chips(cover, part, count)]
    lon, lat = places(part, count)
    figures = [_of_grid(cover, part, lon, lat)]
    try:
        tiles = DegreeTiles.of(geometry, cover.grid.lattice.tile_size)
    except ConfigError:
        return figures
    return [*figures, _of_degrees(tiles, part, lon, lat, cover.grid.lattice.tile_px)]


def _of_grid(cover: Cover, part: Any, lon: Numbers, lat: Numbers) -> Figures:
    counts = _counts(cover, lon, lat)
    return Figures(
        method=cover.grid.name,
        tiles=cover.tiles,
        double=float((counts > 1).mean()),
        gap=float((counts == 0).mean()),
        pixels=Pixels.of(*_sides(cover, part)),
        zones={zone.zone.name: zone.tiles for zone in cover.zones},
    )


def _of_chips(cover: Cover, part: Any, count: int) -> Figures:
    """The figures of chips: of the ground that they have, how much two have or more."""
    side = max(2, int(np.sqrt(count / cover.tiles)))
    inside = (np.arange(side) + 0.5) / side
    found = []
    for zone in cover.zones:
        tiles = zone.tile_indexes()
        corners = [zone.zone.places(*tiles, down=down, across=across) for down in inside for across in inside]
        found.append(to_lonlat(zone.zone, *(np.concatenate([corner[axis] for corner in corners]) for axis in (0, 1))))
    lon, lat = np.concatenate(found).T
    shapely.prepare(part)
    own = shapely.contains_xy(part, lon, lat)
    counts = np.maximum(_counts(cover, lon[own], lat[own]), 1)
    weights = 1 / counts  # ground that two chips have is met twice
    covered = np.concatenate([zone.zone.covered for zone in cover.zones if isinstance(zone.zone, ChipZone)])
    known = covered[np.isfinite(covered)]
    return Figures(
        method=cover.grid.name,
        tiles=cover.tiles,
        double=float(weights[counts > 1].sum() / weights.sum()),
        gap=None,
        pixels=Pixels.of(*_sides(cover, part)),
        zones={zone.zone.name: zone.tiles for zone in cover.zones},
        covered=(round(float(known.min()), 4), round(float(known.mean()), 4)) if len(known) else None,
    )


def _counts(cover: Cover, lon: Numbers, lat: Numbers) -> NDArray[np.int64]:
    """How many tiles hold each place."""
    counts = np.zeros(len(lon), dtype=np.int64)
    for zone in cover.zones:
        near = np.flatnonzero(_is_near(zone, lon, lat))
        if len(near):
            counts[near] += _held(zone, lon[near], lat[near])
    return counts


def _of_degrees(tiles: DegreeTiles, part: Any, lon: Numbers, lat: Numbers, tile_px: int) -> Figures:
    counts = tiles.cover(lon, lat)
    at_lon, at_lat, widths, heights = tiles.sides(10 * _TILES)
    own = shapely.contains_xy(part, at_lon, at_lat)
    own = own if own.any() else np.ones(len(own), dtype=bool)
    return Figures(
        method="geetiles",
        tiles=tiles.count,
        double=float((counts > 1).mean()),
        gap=float((counts == 0).mean()),
        pixels=Pixels.of(widths[own] / tile_px, heights[own] / tile_px),
        zones={tiles.crs: tiles.count},
    )


def _is_near(part: ZoneCover, lon: Numbers, lat: Numbers) -> NDArray[np.bool_]:
    """Whether places may lie in tiles of a zone, which reach over the borders of its band."""
    margin = part.zone.tile_size / _POLAR_DEGREE
    west, south, east, north = part.zone.band
    turned = np.abs((lon - (west + east) / 2 + 180) % 360 - 180) <= (east - west) / 2 + margin
    return np.asarray(turned & (lat >= south - margin) & (lat <= north + margin))


def _held(part: ZoneCover, lon: Numbers, lat: Numbers) -> NDArray[np.int64]:
    """How many tiles of a zone hold each place."""
    from pyproj import Transformer

    zone = part.zone
    x, y = Transformer.from_crs("EPSG:4326", zone.crs, always_xy=True).transform(lon, lat)
    if isinstance(zone, ChipZone):
        rows, _ = part.tile_indexes()
        left, top, size = zone.left[rows], zone.top[rows], zone.tile_size
        tree = shapely.STRtree(shapely.box(left, top - size, left + size, top))
        places, _ = tree.query(shapely.points(x, y), predicate="intersects")
        return np.bincount(places, minlength=len(lon))
    rows = np.floor((zone.y_top - y) / zone.tile_size).astype(np.int64)
    cols = np.floor((x - zone.x_left) / zone.tile_size).astype(np.int64)
    return part.has(rows, cols).astype(np.int64)


def _sides(cover: Cover, part: Any) -> tuple[Numbers, Numbers]:
    """Widths and heights of pixels on the ground, in metres, in the middle of tiles."""
    shapely.prepare(part)
    step = max(1, cover.tiles // (10 * _TILES))
    widths, heights = [], []
    for zone in cover.zones:
        rows, cols = (indexes[::step] for indexes in zone.tile_indexes())
        lon, lat = centres(zone.zone, rows, cols).T
        own = shapely.contains_xy(part, lon, lat)
        wide, high = _ground(zone, rows[own], cols[own])
        widths.append(wide)
        heights.append(high)
    if not sum(map(len, widths)):  # no tile has its middle in so small a part
        rows, cols = cover.zones[0].tile_indexes()
        return _ground(cover.zones[0], rows, cols)
    return np.concatenate(widths), np.concatenate(heights)


def _ground(part: ZoneCover, rows: NDArray[np.int32], cols: NDArray[np.int32]) -> tuple[Numbers, Numbers]:
    """How long a pixel's sides are on the ground in the middle of tiles, measured over a tenth of a tile."""
    from pyproj import Geod

    zone, share = part.zone, 0.05
    ends = {}
    for name, across, down in (
        ("west", 0.5 - share, 0.5),
        ("east", 0.5 + share, 0.5),
        ("north", 0.5, 0.5 - share),
        ("south", 0.5, 0.5 + share),
    ):
        ends[name] = to_lonlat(zone, *zone.places(rows, cols, down=down, across=across)).T
    geod, pixels = Geod(ellps="WGS84"), 2 * share * zone.tile_px
    wide = geod.inv(*ends["west"], *ends["east"])[2]
    high = geod.inv(*ends["north"], *ends["south"])[2]
    return np.asarray(wide) / pixels, np.asarray(high) / pixels
