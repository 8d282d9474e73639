"""Tiles along meridians and parallels, as geetiles makes them: our own statement of that method, for comparison.

Centres lie on a lattice in one UTM zone, that of the area's centroid, for the whole area. Each tile is a rectangle in
degrees around its centre, sized by how far 0.001° of longitude and of latitude move x and y there; y and x, which they
move too, are left aside. It is kept if it meets the area. Rows and columns that the box does not fill are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from eo_ingest.errors import ConfigError
from eo_ingest.grid.chips.zone import NORTH, SOUTH
from eo_ingest.grid.zone import utm_crs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_STEP = 0.001  # degrees
_MOST = 20_000_000  # lattice points


@dataclass(frozen=True, eq=False)
class DegreeTiles:
    """The tiles of an area.

    Attributes:
        crs: the one UTM zone.
        size: metres between centres there.
        left: x of the first column's centres.
        bottom: y of the first row's centres.
        kept: (rows, cols), from the bottom left: which are tiles.
        lon: longitudes of centres, (rows, cols).
        lat: latitudes of centres.
        half_lon: half their widths in degrees.
        half_lat: half their heights in degrees.
    """

    crs: str
    size: int
    left: float
    bottom: float
    kept: NDArray[np.bool_]
    lon: Numbers
    lat: Numbers
    half_lon: Numbers
    half_lat: Numbers

    @classmethod
    def of(cls, geometry: Any, size: int) -> DegreeTiles:
        """The tiles of an area in EPSG:4326, `size` metres a side.

        Raises:
            ConfigError: if the method fails there: the area reaches too far from the zone, or is too large.
        """
        from pyproj import Transformer

        centre = geometry.centroid
        if not SOUTH <= centre.y <= NORTH:
            raise ConfigError(f"the area's centroid, at latitude {centre.y:g}, is in no UTM zone")
        crs = utm_crs(f"utm{int((centre.x + 180) // 6) % 60 + 1:02d}{'n' if centre.y >= 0 else 's'}")
        there = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
        corners = shapely.get_coordinates(geometry)
        x, y = there.transform(corners[:, 0], corners[:, 1])
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise ConfigError(f"the area reaches too far from {crs}, its one UTM zone")
        left, bottom = float(np.min(x)), float(np.min(y))
        shape = (int((np.max(y) - bottom) // size), int((np.max(x) - left) // size))
        if not 0 < shape[0] * shape[1] <= _MOST:
            raise ConfigError(f"the area is {shape[1]} by {shape[0]} tiles in {crs}, its one UTM zone")
        rows, cols = np.indices(shape)
        lon, lat = there.transform(left + cols * float(size), bottom + rows * float(size), direction="INVERSE")
        half_lon, half_lat = _halves(there, lon, lat, size)
        if not (np.isfinite(lon).all() and np.isfinite(half_lon).all() and np.isfinite(half_lat).all()):
            raise ConfigError(f"the area reaches to where {crs}, its one UTM zone, has no degrees")
        boxes = shapely.box(lon - half_lon, lat - half_lat, lon + half_lon, lat + half_lat)
        shapely.prepare(geometry)
        return cls(crs, size, left, bottom, shapely.intersects(geometry, boxes), lon, lat, half_lon, half_lat)

    @property
    def count(self) -> int:
        """How many tiles there are."""
        return int(self.kept.sum())

    def cover(self, lon: Numbers, lat: Numbers) -> NDArray[np.int64]:
        """Return how many tiles hold each place."""
        from pyproj import Transformer

        x, y = Transformer.from_crs("EPSG:4326", self.crs, always_xy=True).transform(lon, lat)
        near_row = np.round((y - self.bottom) / self.size).astype(np.int64)
        near_col = np.round((x - self.left) / self.size).astype(np.int64)
        counts = np.zeros(len(lon), dtype=np.int64)
        height, width = self.kept.shape
        for down in range(-2, 3):
            for across in range(-2, 3):
                row, col = near_row + down, near_col + across
                there = np.flatnonzero((row >= 0) & (row < height) & (col >= 0) & (col < width))
                at = (row[there], col[there])
                held = np.abs(lon[there] - self.lon[at]) <= self.half_lon[at]
                held &= np.abs(lat[there] - self.lat[at]) <= self.half_lat[at]
                counts[there] += held & self.kept[at]
        return counts

    def sides(self, most: int) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """Return centres (lon, lat), and widths and heights on the ground in metres, of so many tiles at most."""
        from pyproj import Geod

        own = np.flatnonzero(self.kept.ravel())
        own = own[:: max(1, len(own) // most)]
        lon, lat, half_lon, half_lat = (
            values.ravel()[own] for values in (self.lon, self.lat, self.half_lon, self.half_lat)
        )
        geod = Geod(ellps="WGS84")
        width = geod.inv(lon - half_lon, lat, lon + half_lon, lat)[2]
        height = geod.inv(lon, lat - half_lat, lon, lat + half_lat)[2]
        return lon, lat, np.asarray(width), np.asarray(height)


def _halves(there: Any, lon: Numbers, lat: Numbers, size: int) -> tuple[Numbers, Numbers]:
    x, y = there.transform(lon, lat)
    east, _ = there.transform(lon + _STEP, lat)
    _, north = there.transform(lon, lat + _STEP)
    with np.errstate(divide="ignore"):
        return (size - 1) / 2 / ((east - x) / _STEP), (size - 1) / 2 / ((north - y) / _STEP)
