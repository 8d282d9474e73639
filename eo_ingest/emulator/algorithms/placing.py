"""Projections, resampling, and images of where pixels are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator import pixeltype
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.grid import DEFAULT, Affine, Grid, Projection, project, pyproj_crs
from eo_ingest.emulator.image import Band, Image, OnGrid, Resampled
from eo_ingest.emulator.pixeltype import DOUBLE
from eo_ingest.emulator.plane import Plane
from eo_ingest.emulator.registry import algorithm

if TYPE_CHECKING:
    from collections.abc import Callable


@algorithm("Image.projection")
def projection(image: Image) -> Projection:
    """The default projection, which all bands must share."""
    if not image.bands:
        raise EarthEngineError("The image has no bands.")
    found = {band.projection for band in image.bands}
    if len(found) > 1:
        raise EarthEngineError("The bands of the specified image contains different projections. Use select().")
    return image.bands[0].projection


@algorithm("Image.resample")
def resample(image: Image, mode: str) -> Image:
    """The image, interpolated whenever it is read in another grid than its default one."""
    if mode not in {"bilinear", "bicubic"}:
        raise EarthEngineError(f"Unknown resampling mode: '{mode}'. Use 'bilinear' or 'bicubic'.")
    bands = []
    for band in image.bands:
        kind = pixeltype.at_least_float([band.type])
        method: Any = mode
        bands.append(replace(band, type=kind, source=Resampled(band, kind.dtype, method, pyramid=True)))
    return image.with_bands(tuple(bands))


def _placed(where: Projection, transform: list[float] | None, scale: float | None) -> Projection:
    if transform is not None and scale is not None:
        raise EarthEngineError("Specify crsTransform or scale, not both.")
    if transform is not None:
        if len(transform) != 6:
            raise EarthEngineError(f"crsTransform must have 6 elements, got {len(transform)}.")
        return Projection(where.crs, Affine(*(float(v) for v in transform)))
    return where if scale is None else where.at_scale(scale)


@algorithm("Image.reproject")
def reproject(image: Image, where: Projection, transform: list[float] | None, scale: float | None) -> Image:
    """The image computed in a fixed grid, whatever is asked for later."""
    target = _placed(where, transform, scale)
    bands = []
    for band in image.bands:
        placed = replace(band, projection=target, extent=None)
        bands.append(replace(placed, source=Resampled(placed, band.type.dtype, "nearest", pyramid=False)))
    return image.with_bands(tuple(bands))


@algorithm("Image.setDefaultProjection")
def set_default_projection(
    image: Image, where: Projection, transform: list[float] | None, scale: float | None
) -> Image:
    """The image with another default projection; its pixels stay where they are."""
    target = _placed(where, transform, scale)
    return image.with_bands(tuple(replace(b, projection=target, extent=None) for b in image.bands))


@algorithm("Projection")
def make_projection(crs: Any, transform: list[Any] | None, wkt: str | None) -> Projection:
    """A projection of a CRS code or WKT and six numbers."""
    if wkt is not None:
        raise EarthEngineError("transformWkt is not in the emulator; give the transform as six numbers.")
    base = crs if isinstance(crs, Projection) else None
    if base is None:
        from eo_ingest.emulator.grid import canonical_crs

        base = replace(DEFAULT, crs=canonical_crs(str(crs)))
    return base if transform is None else _placed(base, [float(v) for v in transform], None)


@algorithm("Projection.nominalScale")
def nominal_scale(where: Projection) -> float:
    """Metres a pixel."""
    return where.nominal_scale


@algorithm("Projection.atScale")
def at_scale(where: Projection, metres: float) -> Projection:
    """The same CRS with pixels of another size."""
    return where.at_scale(metres)


@algorithm("Projection.scale")
def scaled(where: Projection, x: float, y: float) -> Projection:
    """Pixels scaled in each axis."""
    return replace(where, transform=where.transform.scaled(x, y))


@algorithm("Projection.translate")
def translated(where: Projection, x: float, y: float) -> Projection:
    """Pixels shifted by a number of pixels."""
    return replace(where, transform=where.transform.shifted(x, y))


@algorithm("Projection.crs")
def crs_code(where: Projection) -> str:
    """The CRS's code."""
    return where.crs


@algorithm("Projection.wkt")
def crs_wkt(where: Projection) -> str:
    """The CRS as WKT 1."""
    return str(pyproj_crs(where.crs).to_wkt("WKT1_GDAL", pretty=True))


@algorithm("Projection.transform")
def affine_wkt(where: Projection) -> str:
    """The transform as WKT of an affine parameter."""
    t = where.transform
    terms = [("0_0", t.a), ("0_1", t.b), ("0_2", t.c), ("1_0", t.d), ("1_1", t.e), ("1_2", t.f)]
    lines = [f'PARAMETER["elt_{name}", {value!r}]' for name, value in terms if value]
    return (
        'PARAM_MT["Affine", \n  PARAMETER["num_row", 3], \n  PARAMETER["num_col", 3], \n  ' + ", \n  ".join(lines) + "]"
    )


def _coordinates(grid: Grid) -> tuple[Any, Any]:
    """X and y of the pixel centres, in the grid's CRS."""
    i, j = np.meshgrid(np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5)
    t = grid.transform
    return t.a * i + t.b * j + t.c, t.d * i + t.e * j + t.f


def _placing(name: str, where: Projection, compute: Callable[[Grid], Any]) -> Band:
    return Band(name, DOUBLE, where, OnGrid(lambda grid: Plane(compute(grid), valid=True)))


@algorithm("Image.pixelLonLat")
def pixel_lon_lat() -> Image:
    """Bands longitude and latitude of pixel centres, in degrees."""

    def degrees(axis: int) -> Callable[[Grid], Any]:
        return lambda grid: np.asarray(project(grid.crs, "EPSG:4326", *_coordinates(grid))[axis], float)

    return Image((_placing("longitude", DEFAULT, degrees(0)), _placing("latitude", DEFAULT, degrees(1))))


@algorithm("Image.pixelCoordinates")
def pixel_coordinates(where: Projection) -> Image:
    """Bands x and y of pixel centres, in pixels of a projection."""
    inverse = where.transform.inverse()

    def pixels(axis: int) -> Callable[[Grid], Any]:
        def compute(grid: Grid) -> Any:
            x, y = project(grid.crs, where.crs, *_coordinates(grid))
            t = inverse
            return t.a * x + t.b * y + t.c if axis == 0 else t.d * x + t.e * y + t.f

        return compute

    return Image((_placing("x", where, pixels(0)), _placing("y", where, pixels(1))))
