"""Slope, aspect and shading of elevation models, from the four neighbours of each pixel in their default projection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator.around import Around
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.grid import metres_per_unit, pyproj_crs
from eo_ingest.emulator.image import Band, Image, Resampled
from eo_ingest.emulator.pixeltype import PixelType
from eo_ingest.emulator.plane import Plane, settle
from eo_ingest.emulator.registry import algorithm

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from eo_ingest.emulator.grid import Grid

    Reals = NDArray[np.float64]

_TYPES = {
    "slope": PixelType("float", 0, 90),
    "aspect": PixelType("float", 0, 360),
    "hillshade": PixelType("int", 0, 255),
}


@dataclass(frozen=True)
class _Rise:
    """How the ground rises: metres per metre to the east and to the north."""

    east: Reals
    north: Reals

    @property
    def slope(self) -> Reals:
        """Degrees from the horizontal."""
        out: Reals = np.degrees(np.arctan(np.hypot(self.east, self.north)))
        return out

    @property
    def aspect(self) -> Reals:
        """The direction down the slope in degrees clockwise from north; 0 where it is flat."""
        flat = (self.east == 0) & (self.north == 0)
        found: Reals = np.where(flat, 0.0, np.degrees(np.arctan2(-self.east, -self.north)) % 360.0)
        return found

    def hillshade(self, azimuth: float, elevation: float) -> Reals:
        """Light from a sun at an azimuth and a height above the horizon in degrees: 0 to 255."""
        zenith, tilt = np.radians(90.0 - elevation), np.radians(self.slope)
        turn = np.radians(azimuth - self.aspect)
        light = np.cos(turn) * np.sin(tilt) * np.sin(zenith) + np.cos(tilt) * np.cos(zenith)
        out: Reals = np.clip(light, 0.0, 1.0) * 255.0
        return out


def _metres(grid: Grid) -> tuple[Any, float]:
    """Metres in a unit of x, by row or pixel, and of y."""
    unit = metres_per_unit(grid.crs)
    if not pyproj_crs(grid.crs).is_geographic:
        return unit, unit
    i, j = np.arange(grid.width) + 0.5, np.arange(grid.height)[:, None] + 0.5
    t = grid.transform
    latitude = t.f + t.e * j if t.rectilinear else t.d * i + t.e * j + t.f
    return unit * np.maximum(np.cos(np.radians(latitude)), 1e-9), unit


def _rise(grid: Grid, height: NDArray[Any]) -> _Rise:
    """Central differences over the four neighbours; `height` is a pixel wider than the grid on each side."""
    z = height.astype(np.float64)
    along = (z[1:-1, 2:] - z[1:-1, :-2]) / 2
    down = (z[2:, 1:-1] - z[:-2, 1:-1]) / 2
    t = grid.transform
    per_x = (along * t.e - down * t.d) / t.determinant
    per_y = (down * t.a - along * t.b) / t.determinant
    across, up = _metres(grid)
    return _Rise(per_x / across, per_y / up)


def _surrounded(valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels that are valid and whose four neighbours are."""
    return valid[1:-1, 1:-1] & valid[1:-1, 2:] & valid[1:-1, :-2] & valid[2:, 1:-1] & valid[:-2, 1:-1]


def _band(name: str, height: Band, what: Callable[[_Rise], Any]) -> Band:
    kind = _TYPES[name]

    def compute(grid: Grid, values: NDArray[Any], valid: NDArray[np.bool_]) -> Plane:
        return Plane(what(_rise(grid, values)).astype(kind.dtype), settle(_surrounded(valid)))

    native = replace(height, name=name, type=kind, source=Around(height, lambda _: (1, 1), compute, kind.dtype))
    return replace(native, source=Resampled(native, kind.dtype, "nearest", pyramid=True))


def _height(image: Image) -> Band:
    """The band that holds the elevation."""
    if len(image.bands) == 1:
        return image.bands[0]
    if "elevation" not in image.names:
        raise EarthEngineError(
            f"The image must have a single band or one named 'elevation', found [{', '.join(image.names)}]."
        )
    return image.band("elevation")


def _single(image: Image, band: Band) -> Image:
    return image.with_bands((band,))


@algorithm("Terrain.slope")
def slope(image: Image) -> Image:
    """Degrees from the horizontal."""
    return _single(image, _band("slope", _height(image), lambda rise: rise.slope))


@algorithm("Terrain.aspect")
def aspect(image: Image) -> Image:
    """Degrees clockwise from north, down the slope."""
    return _single(image, _band("aspect", _height(image), lambda rise: rise.aspect))


@algorithm("Terrain.hillshade")
def hillshade(image: Image, azimuth: float, elevation: float) -> Image:
    """Light on the ground, 0 to 255."""
    return _single(image, _band("hillshade", _height(image), lambda rise: rise.hillshade(azimuth, elevation)))


@algorithm("Terrain", "Terrain.products")
def products(image: Image) -> Image:
    """The image with slope, aspect and hillshade."""
    height = _height(image)
    more = (
        _band("slope", height, lambda rise: rise.slope),
        _band("aspect", height, lambda rise: rise.aspect),
        _band("hillshade", height, lambda rise: rise.hillshade(270.0, 45.0)),
    )
    return image.with_bands((*image.bands, *more))
