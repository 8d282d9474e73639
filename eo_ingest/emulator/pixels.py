"""Requests for pixels: the grid, the limits, and the formats of the reply."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from eo_ingest.emulator import geometry
from eo_ingest.emulator.algorithms.bands import matching
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.grid import Affine, Grid, Projection, canonical_crs
from eo_ingest.emulator.memo import Memo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from eo_ingest.emulator.image import Image
    from eo_ingest.emulator.plane import Plane

MAX_BYTES = 48 * 2**20
MAX_SIDE = 32768
MAX_BANDS = 1024

_MEDIA = {"NPY": "application/octet-stream", "GEO_TIFF": "image/tiff"}


def render(image: Image, request: Mapping[str, Any], *, memory: int = 512 * 2**20) -> tuple[bytes, str]:
    """The reply to a request for pixels, and its media type.

    Args:
        image: What to compute.
        request: The JSON body: `fileFormat`, `grid`, `bandIds`, `region`.
        memory: Bytes that may be kept of intermediate results.
    """
    form = request.get("fileFormat") or "AUTO_JPEG_PNG"
    if form not in _MEDIA:
        raise EarthEngineError(f"File format {form} is not in the emulator. Use NPY or GEO_TIFF.")
    if request.get("visualizationOptions"):
        raise EarthEngineError("visualizationOptions are not in the emulator.")
    wanted = request.get("bandIds")
    if wanted:
        image = image.with_bands(tuple(band for name in wanted for band in matching(image, name)))
    if not image.bands:
        raise EarthEngineError("Image has no bands.")
    grid = requested_grid(image, request)
    check_limits(image, grid)
    planes = evaluate(image, grid, memory)
    data = _npy(image, grid, planes) if form == "NPY" else _geotiff(image, grid, planes)
    return data, _MEDIA[form]


def check_limits(image: Image, grid: Grid) -> None:
    """Refuses what Earth Engine refuses: too many bands, pixels a side, or bytes."""
    if len(image.bands) > MAX_BANDS:
        raise EarthEngineError(f"Image has too many bands ({len(image.bands)}). The maximum is {MAX_BANDS}.")
    if max(grid.width, grid.height) > MAX_SIDE:
        raise EarthEngineError(
            f"Pixel grid dimensions ({grid.width}x{grid.height}) must be less than or equal to {MAX_SIDE}."
        )
    # Each value takes its own size and a byte of mask.
    size = grid.width * grid.height * sum(band.type.dtype.itemsize + 1 for band in image.bands)
    if size > MAX_BYTES:
        raise EarthEngineError(f"Total request size ({size} bytes) must be less than or equal to {MAX_BYTES} bytes.")


def evaluate(image: Image, grid: Grid, memory: int) -> list[Plane]:
    """The pixels of every band."""
    memo = Memo(memory)
    for band in image.bands:
        band.source.uses += 1
    return [memo.plane(band.source, grid) for band in image.bands]


def _filled(plane: Plane, grid: Grid, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Values with 0 where they are masked."""
    if plane.valid is False:
        return np.zeros(grid.shape, dtype)
    values = plane.values.astype(dtype, copy=False)
    if plane.valid is not True:
        values = np.where(plane.valid, values, np.zeros((), dtype))
    return np.broadcast_to(values, grid.shape)


def _npy(image: Image, grid: Grid, planes: list[Plane]) -> bytes:
    """A structured array with a little-endian field for each band."""
    fields = [(band.name, band.type.dtype.newbyteorder("<")) for band in image.bands]
    array = np.empty(grid.shape, fields)
    for band, plane in zip(image.bands, planes, strict=True):
        array[band.name] = _filled(plane, grid, band.type.dtype)
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _geotiff(image: Image, grid: Grid, planes: list[Plane]) -> bytes:
    """A GeoTIFF whose bands share the smallest type that holds all."""
    from rasterio.io import MemoryFile
    from rasterio.transform import Affine as RasterioAffine

    dtype = np.result_type(*(band.type.dtype for band in image.bands))
    profile = {
        "driver": "GTiff",
        "width": grid.width,
        "height": grid.height,
        "count": len(planes),
        "dtype": dtype.name,
        "crs": grid.crs,
        "transform": RasterioAffine(*grid.transform),
        "compress": "deflate",
        "zlevel": 1,
    }
    with MemoryFile() as memory:
        with memory.open(**profile) as target:
            for number, (band, plane) in enumerate(zip(image.bands, planes, strict=True), start=1):
                target.write(_filled(plane, grid, dtype), number)
                target.set_band_description(number, band.name)
        return bytes(memory.read())


def requested_grid(image: Image, request: Mapping[str, Any]) -> Grid:
    """The grid of a request; what it leaves out comes from the image's own pixels and from `region`."""
    asked = request.get("grid") or {}
    first = image.bands[0]
    crs = asked.get("crsCode") or asked.get("crsWkt")
    transform = _transform(asked["affineTransform"]) if asked.get("affineTransform") else None
    if crs is not None and transform is None and canonical_crs(crs) != first.projection.crs:
        raise EarthEngineError("The grid has a CRS but no affineTransform.")
    native = first.projection
    where = Projection(canonical_crs(crs) if crs else native.crs, transform or native.transform)
    size = asked.get("dimensions") or {}
    if size:
        return Grid(where, _count(size, "width"), _count(size, "height"))
    region = request.get("region")
    if region is not None:
        return _covering(where, region)
    if first.extent is None or where != native:
        raise EarthEngineError("The grid has no dimensions, and the image no pixels of its own to take them from.")
    if first.extent.col or first.extent.row:
        where = replace(where, transform=where.transform.shifted(first.extent.col, first.extent.row))
    return Grid(where, first.extent.width, first.extent.height)


def _count(size: Mapping[str, Any], name: str) -> int:
    value = size.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 1 or value != int(value):
        raise EarthEngineError(f"Invalid pixel grid {name}: {value}.")
    return int(value)


def _transform(document: Mapping[str, Any]) -> Affine:
    names = ("scaleX", "shearX", "translateX", "shearY", "scaleY", "translateY")
    unknown = set(document) - set(names)
    if unknown:
        raise EarthEngineError(f"Invalid affineTransform: unknown member '{min(unknown)}'.")
    found = Affine(*(float(document.get(name, 0.0)) for name in names))
    found.inverse()
    return found


def _covering(where: Projection, region: Any) -> Grid:
    """The pixels of a projection that cover a GeoJSON region."""
    found = geometry.from_geojson(dict(region)).shape
    if found is None or found.is_empty:
        raise EarthEngineError("The region is empty.")
    inverse = where.transform.inverse()
    points = shapely.get_coordinates(geometry.to_crs(found, where.crs))
    cols = inverse.a * points[:, 0] + inverse.b * points[:, 1] + inverse.c
    rows = inverse.d * points[:, 0] + inverse.e * points[:, 1] + inverse.f
    left, top = math.floor(cols.min() + 1e-6), math.floor(rows.min() + 1e-6)
    width, height = math.ceil(cols.max() - 1e-6) - left, math.ceil(rows.max() - 1e-6) - top
    return Grid(replace(where, transform=where.transform.shifted(left, top)), max(1, width), max(1, height))
