"""How an area is seen: a projection centred on it, and where on the canvas a place is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_EARTH_M = 6_371_007.0
_WIDEST = 75.0  # degrees from its centre that an area reaches and is still seen from above it
_MARGIN = 0.06  # of the longer side, around the area
_EQUAL_EARTH = (17_243_959.0, 8_392_928.0)  # metres from the middle to the edges
_SMALLEST_M = 30_000.0  # what is smaller is seen with its surroundings


@dataclass(frozen=True)
class View:
    """A rectangle of a map.

    Attributes:
        projection: as PROJ reads it.
        centre: (lon, lat) in degrees that the projection is centred on.
        reach: degrees from there to the farthest corner of the rectangle.
        left: x of its left edge in metres.
        top: y of its upper edge in metres.
        metres: metres a pixel.
        width: in pixels.
        height: in pixels.
    """

    projection: str
    centre: tuple[float, float]
    reach: float
    left: float
    top: float
    metres: float
    width: int
    height: int

    @classmethod
    def of(cls, geometry: Any, width: int, tallest: int) -> View:
        """The view of an area (EPSG:4326): equal-area around its centre, or the whole Earth where it is very wide.

        Args:
            geometry: the area.
            width: of the canvas, in pixels.
            tallest: its height at most, in pixels.
        """
        points = shapely.get_coordinates(shapely.segmentize(shapely.simplify(geometry, 0.01), 1.0))
        centre, radius = _cap(points)
        if radius > _WIDEST:
            return cls._whole(_middle(points), width)
        made = _above(centre)
        x, y = _transformer(made).transform(points[:, 0], points[:, 1])
        low, high = np.array([x.min(), y.min()]), np.array([x.max(), y.max()])
        size = np.maximum((high - low) * (1 + 2 * _MARGIN), _SMALLEST_M)
        metres = max(float(size[0]) / width, float(size[1]) / tallest)
        height = min(tallest, max(int(np.ceil(size[1] / metres)), tallest // 2))
        middle = (low + high) / 2
        left, top = float(middle[0]) - width * metres / 2, float(middle[1]) + height * metres / 2
        reach = np.rad2deg(np.hypot(width, height) * metres / 2 / _EARTH_M) * 1.3 + radius * 0.2
        return cls(made, centre, min(float(reach), 180.0), left, top, metres, width, height)

    @classmethod
    def _whole(cls, lon: float, width: int) -> View:
        """The whole Earth, around a meridian."""
        metres = 2 * _EQUAL_EARTH[0] / (width * (1 - _MARGIN / 2))
        height = round(2 * _EQUAL_EARTH[1] / metres * (1 + _MARGIN))
        left, top = -width * metres / 2, height * metres / 2
        return cls(f"+proj=eqearth +lon_0={lon:.6f}", (lon, 0.0), 180.0, left, top, metres, width, height)

    @property
    def is_whole(self) -> bool:
        """Whether it shows the whole Earth."""
        return "eqearth" in self.projection

    @cached_property
    def _there(self) -> Any:
        return _transformer(self.projection)

    def place(self, lon: Numbers, lat: Numbers) -> Numbers:
        """Where places are on the canvas: (n, 2) pixels from its upper left; infinite where the projection has none."""
        x, y = self._there.transform(lon, lat)
        return np.column_stack([(np.asarray(x) - self.left) / self.metres, (self.top - np.asarray(y)) / self.metres])

    def lonlat(self, columns: Numbers, rows: Numbers) -> tuple[Numbers, Numbers]:
        """What places are at pixels; infinite off the map."""
        x, y = self.left + columns * self.metres, self.top - rows * self.metres
        lon, lat = self._there.transform(x, y, direction="INVERSE")
        back_x, back_y = self._there.transform(lon, lat)
        lost = ~(np.hypot(back_x - x, back_y - y) < self.metres)
        lon, lat = np.where(lost, np.inf, lon), np.where(lost, np.inf, lat)
        return lon, lat

    def is_near(self, lon: Numbers, lat: Numbers, *, margin: float = 0.0) -> NDArray[np.bool_]:
        """Whether places are near enough to be seen, or so many degrees farther away."""
        return np.asarray(_degrees_between(self.centre, lon, lat) <= self.reach + margin)

    def seen(self) -> tuple[float, float, float, float]:
        """Degrees that hold all that is seen: (west, south, east, north); west and east may pass ±180."""
        lon, lat = self.centre
        south, north = max(lat - self.reach, -90.0), min(lat + self.reach, 90.0)
        if self.is_whole or max(abs(south), abs(north)) >= 90:
            return lon - 180, south, lon + 180, north
        sine = np.sin(np.deg2rad(self.reach)) / np.cos(np.deg2rad(lat))  # where a meridian touches the cap
        wide = float(np.rad2deg(np.arcsin(sine))) if sine < 1 else 180.0
        return lon - wide, south, lon + wide, north


def _transformer(projection: str) -> Any:
    from pyproj import Transformer

    return Transformer.from_crs("EPSG:4326", f"{projection} +ellps=WGS84 +units=m +type=crs", always_xy=True)


def _above(centre: tuple[float, float]) -> str:
    return f"+proj=laea +lat_0={centre[1]:.6f} +lon_0={centre[0]:.6f}"


def _unit(lon: Numbers, lat: Numbers) -> Numbers:
    east, north = np.deg2rad(lon), np.deg2rad(lat)
    return np.stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=-1)


def _degrees_between(centre: tuple[float, float], lon: Numbers, lat: Numbers) -> Numbers:
    with np.errstate(invalid="ignore"):
        cosines = _unit(np.asarray(lon), np.asarray(lat)) @ _unit(np.array(centre[0]), np.array(centre[1]))
    return np.asarray(np.rad2deg(np.arccos(np.clip(cosines, -1, 1))))


def _cap(points: Numbers) -> tuple[tuple[float, float], float]:
    """The centre (lon, lat) and the radius in degrees of a cap that holds points, near the smallest there is."""
    vectors = np.unique(_unit(points[:, 0], points[:, 1]).round(4), axis=0)
    centre = vectors.mean(axis=0)
    for step in range(1, 60):  # Bădoiu and Clarkson: towards the farthest point, ever less
        norm = np.linalg.norm(centre)
        centre = centre / norm if norm > 1e-6 else np.array([1.0, 0.0, 0.0])
        farthest = vectors[np.argmin(vectors @ centre)]
        centre = centre + (farthest - centre) / (step + 1)
    centre /= np.linalg.norm(centre)
    lon, lat = np.rad2deg(np.arctan2(centre[1], centre[0])), np.rad2deg(np.arcsin(centre[2]))
    return (float(lon), float(lat)), float(_degrees_between((lon, lat), points[:, 0], points[:, 1]).max())


def _middle(points: Numbers) -> float:
    """The longitude in the middle of points all around the Earth: the middle of the rest of their widest gap."""
    lon = np.sort(points[:, 0])
    gaps = np.diff(np.append(lon, lon[0] + 360))
    widest = int(np.argmax(gaps))
    if gaps[widest] < 30:
        return 0.0
    return float((lon[widest] + gaps[widest] / 2 + 180 + 180) % 360 - 180)
