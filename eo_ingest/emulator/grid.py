"""Projections and pixel grids: where pixels are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import pyproj

from eo_ingest.emulator.asset import Lattice, Window
from eo_ingest.emulator.crs import definition, is_code
from eo_ingest.emulator.errors import EarthEngineError

# A degree of the equator on the WGS84 sphere that Earth Engine measures with.
_METRES_PER_DEGREE = 111319.49079327358

__all__ = [
    "DEFAULT", "Affine", "Grid", "Lattice", "Projection", "Window", "canonical_crs", "metres_per_unit", "project",
    "pyproj_crs",
]  # fmt: skip


class Affine(NamedTuple):
    """x = a·col + b·row + c, y = d·col + e·row + f, of pixel corners."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    @property
    def determinant(self) -> float:
        """The signed area of a pixel."""
        return self.a * self.e - self.b * self.d

    @property
    def rectilinear(self) -> bool:
        """Whether rows and columns run along the axes."""
        return self.b == 0 and self.d == 0

    def inverse(self) -> Affine:
        """The transform from coordinates to pixels."""
        det = self.determinant
        if det == 0 or not math.isfinite(det):
            raise EarthEngineError(f"The transform {list(self)} is not invertible.")
        a, b, d, e = self.e / det, -self.b / det, -self.d / det, self.a / det
        return Affine(a, b, -(a * self.c + b * self.f), d, e, -(d * self.c + e * self.f))

    def apply(self, col: float, row: float) -> tuple[float, float]:
        """The coordinates of a pixel's corner."""
        return self.a * col + self.b * row + self.c, self.d * col + self.e * row + self.f

    def shifted(self, col: float, row: float) -> Affine:
        """The transform of the window whose first pixel is (col, row)."""
        return self._replace(c=self.a * col + self.b * row + self.c, f=self.d * col + self.e * row + self.f)

    def scaled(self, x: float, y: float) -> Affine:
        """The transform of pixels x times as wide and y times as high, from the same origin."""
        return Affine(self.a * x, self.b * y, self.c, self.d * x, self.e * y, self.f)


@lru_cache(maxsize=512)
def pyproj_crs(crs: str) -> pyproj.CRS:
    """The CRS of a code or WKT."""
    try:
        return pyproj.CRS.from_user_input(definition(crs))
    except pyproj.exceptions.CRSError as err:
        raise EarthEngineError(f"The CRS of a map projection could not be parsed: '{crs[:80]}'.") from err


@lru_cache(maxsize=512)
def canonical_crs(crs: str) -> str:
    """One spelling per CRS: the EPSG code where WKT names one."""
    if is_code(crs):
        pyproj_crs(crs)
        return crs.upper()
    code = pyproj_crs(crs).to_epsg(min_confidence=100)
    return crs if code is None else f"EPSG:{code}"


@lru_cache(maxsize=512)
def _transformer(source: str, target: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(pyproj_crs(source), pyproj_crs(target), always_xy=True)


def project(source: str, target: str, x: Any, y: Any) -> tuple[Any, Any]:
    """Coordinates of arrays in another CRS, x east or longitude; what cannot be projected becomes inf."""
    result: tuple[Any, Any] = _transformer(source, target).transform(x, y)
    return result


@lru_cache(maxsize=512)
def metres_per_unit(crs: str) -> float:
    """Metres in a CRS's own unit; in a degree, along the equator."""
    system = pyproj_crs(crs)
    if system.is_geographic:
        return _METRES_PER_DEGREE
    return float(system.axis_info[0].unit_conversion_factor) if system.axis_info else 1.0


@dataclass(frozen=True)
class Projection:
    """A CRS and the transform of a pixel grid without an extent."""

    crs: str
    transform: Affine

    @property
    def nominal_scale(self) -> float:
        """Metres a pixel, by the CRS's own unit."""
        return math.sqrt(abs(self.transform.determinant)) * metres_per_unit(self.crs)

    def at_scale(self, metres: float) -> Projection:
        """The same CRS and origin with pixels of `metres`."""
        if not metres > 0:
            raise EarthEngineError(f"Scale must be positive, got {metres}.")
        factor = metres / self.nominal_scale
        return Projection(self.crs, self.transform.scaled(factor, factor))

    def level(self, native: Projection) -> int:
        """The pyramid level of `native` that this grid reads: floor(log2(scale / native scale)), at least 0."""
        return max(0, math.floor(math.log2(self.nominal_scale / native.nominal_scale) + 1e-6))

    def encode(self) -> dict[str, Any]:
        """As `getInfo` shows it."""
        key = "crs" if is_code(self.crs) else "wkt"
        return {"type": "Projection", key: self.crs, "transform": list(self.transform)}


DEFAULT = Projection("EPSG:4326", Affine(1.0, 0.0, 0.0, 0.0, 1.0, 0.0))


@dataclass(frozen=True)
class Grid:
    """The pixels that are asked for."""

    projection: Projection
    width: int
    height: int

    @property
    def crs(self) -> str:
        """The CRS's code or WKT."""
        return self.projection.crs

    @property
    def transform(self) -> Affine:
        """Of the first pixel's outer corner."""
        return self.projection.transform

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width)."""
        return (self.height, self.width)


def window_grid(projection: Projection, window: Window) -> Grid:
    """The grid of a window of a projection's pixels."""
    moved = projection.transform.shifted(window.col, window.row)
    return Grid(Projection(projection.crs, moved), window.width, window.height)


def lattice_projection(lattice: Lattice) -> Projection:
    """The projection of a band's native pixels."""
    return Projection(canonical_crs(lattice.crs), Affine(*(float(v) for v in lattice.transform)))
