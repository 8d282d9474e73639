"""From features to chips: each a square on the pixel grid of its UTM zone."""

import numpy as np
import shapely
from numpy.typing import NDArray

from eo_ingest.errors import ConfigError
from eo_ingest.grid.chips.definition import Placing
from eo_ingest.grid.chips.table import Chips
from eo_ingest.grid.chips.zone import NORTH, SOUTH
from eo_ingest.grid.lattice import Lattice
from eo_ingest.grid.zone import utm_crs

Geometries = NDArray[np.object_]


def place(ids: NDArray[np.object_], geometries: Geometries, placing: Placing, lattice: Lattice) -> Chips:
    """Return the chips of some features, in an order that keeps neighbours together.

    The zone is that of the centre of a feature's bounds; in its CRS, a chip and the bounds have the anchor in common.

    Args:
        ids: the features' ids.
        geometries: polygons or points in EPSG:4326 (lon, lat).
        placing: where a chip lies from its anchor, and what its edges are multiples of.
        lattice: the size of pixels and chips.

    Raises:
        ConfigError: if features lie beyond what UTM is for.
    """
    geometries = _unwrapped(geometries)
    west, south, east, north = shapely.bounds(geometries).T
    zones = _zones((west + east) / 2, (south + north) / 2)
    left, top = (np.zeros(len(ids), dtype=np.int64) for _ in range(2))
    covered = np.full(len(ids), np.nan)
    for name in np.unique(zones):
        own = np.flatnonzero(zones == name)
        projected = _project(geometries[own], utm_crs(name))
        left[own], top[own] = _corner(projected, placing, lattice.tile_size)
        covered[own] = _covered(projected, left[own], top[own], lattice.tile_size)
    order = np.lexsort((ids.astype(str), left, -top, _morton(left, top, lattice.tile_size), zones))
    return Chips(ids[order], zones[order].astype(object), left[order], top[order], covered[order])


def _unwrapped(geometries: Geometries) -> Geometries:
    """Geometries that lie on both sides of ±180° as one piece, east of 180°."""
    bounds = shapely.bounds(geometries)
    split = np.flatnonzero(bounds[:, 2] - bounds[:, 0] > 180)
    turned = geometries.copy()
    for where in split:
        turned[where] = shapely.transform(
            geometries[where], lambda points: points + np.where(points[:, :1] < 0, [[360.0, 0.0]], 0.0)
        )
    return turned


def _zones(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.str_]:
    beyond = (lat < SOUTH) | (lat > NORTH)
    if beyond.any():
        worst = int(np.argmax(beyond))
        raise ConfigError(
            f"{beyond.sum()} of {len(lat)} chips lie beyond {-SOUTH:g}°S to {NORTH:g}°N, where there is no UTM zone, "
            f"such as one at latitude {lat[worst]:g}"
        )
    numbers = (np.floor((lon + 180) / 6).astype(int)) % 60 + 1
    return np.array(
        [f"utm{number:02d}{'n' if north else 's'}" for number, north in zip(numbers, lat >= 0, strict=True)]
    )


def _project(geometries: Geometries, crs: str) -> Geometries:
    from pyproj import Transformer

    transformer = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    projected: Geometries = shapely.transform(
        geometries, lambda points: np.column_stack(transformer.transform(points[:, 0], points[:, 1]))
    )
    return projected


def _corner(projected: Geometries, placing: Placing, size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    xmin, ymin, xmax, ymax = shapely.bounds(projected).T
    left = (xmin + xmax - size) / 2 if placing.anchor == "centre" else xmin
    top = {"centre": (ymin + ymax + size) / 2, "lower-left": ymin + size, "upper-left": ymax}[placing.anchor]
    east, north = placing.offset
    return _snapped(left + east, placing.snap), _snapped(top + north, placing.snap)


def _snapped(edges: NDArray[np.float64], snap: int) -> NDArray[np.int64]:
    return np.round(edges / snap).astype(np.int64) * snap


def _covered(projected: Geometries, left: NDArray[np.int64], top: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """Share of each footprint that its chip covers; NaN for points."""
    area = shapely.area(projected)
    shares = np.full(len(projected), np.nan)
    solid = np.flatnonzero(area > 0)
    sound = shapely.make_valid(projected[solid])
    boxes = shapely.box(left[solid], top[solid] - size, left[solid] + size, top[solid])
    shares[solid] = shapely.area(shapely.intersection(sound, boxes)) / shapely.area(sound)
    return np.round(shares, 6)


def _morton(left: NDArray[np.int64], top: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """The places of chips along a curve that keeps near what is near, at the scale of a chip."""
    across, down = (left // size + 2**15).astype(np.int64), (2**15 - top // size).astype(np.int64)
    return _spread(across) | _spread(down) << 1


def _spread(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bits with a zero between each two."""
    spread = values & 0xFFFF
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        spread = (spread | spread << shift) & mask
    return spread
