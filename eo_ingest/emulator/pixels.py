"""Requests for pixels: the grid, the limits, and the format of the reply."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from eo_ingest.emulator import formats, geometry
from eo_ingest.emulator.algorithms.bands import matching
from eo_ingest.emulator.algorithms.visualizing import Style, paint, requested
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.formats import Raster
from eo_ingest.emulator.frame import box_around
from eo_ingest.emulator.grid import Affine, Grid, Projection, canonical_crs, window_grid
from eo_ingest.emulator.memo import Memo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eo_ingest.emulator.image import Band, Image

MAX_BANDS = 1024

_PICTURES = {"PNG", "JPEG", "AUTO_JPEG_PNG"}
_FILES = {"NPY", "GEO_TIFF"}
_ARCHIVES = {"ZIPPED_GEO_TIFF", "ZIPPED_GEO_TIFF_PER_BAND"}


@dataclass(frozen=True)
class Limits:
    """What one request may ask for: bytes of values and masks, bytes of values alone, and pixels a side."""

    total: int
    values: int | None
    side: int


COMPUTE = Limits(total=48 * 2**20, values=None, side=32768)
# Documented are 32 MB and 10 000 pixels; the service has been seen to count as for computePixels.
DOWNLOAD = Limits(total=48 * 2**20, values=32 * 2**20, side=10_000)


@dataclass(frozen=True)
class Reply:
    """Bytes, their media type and the ending of a file of them."""

    content: bytes
    media: str
    suffix: str


@dataclass(frozen=True)
class Job:
    """A request that has been checked: what to compute, and how to write it."""

    form: str
    parts: tuple[tuple[Image, Grid], ...]
    prefix: str

    def render(self, memory: int) -> Reply:
        """The pixels; `memory` is how many bytes may be kept of intermediate results."""
        rasters = [evaluate(image, grid, memory) for image, grid in self.parts]
        return _WRITERS[self.form](rasters, self.prefix)


def prepare(image: Image, request: Mapping[str, Any], limits: Limits = COMPUTE, *, prefix: str = "download") -> Job:
    """A request for pixels, checked as far as it can be before any is computed.

    Args:
        image: What to compute.
        request: The JSON body: `fileFormat`, `grid`, `bandIds`, `region`, `visualizationOptions`.
        limits: What may be asked for.
        prefix: What files in an archive are called.

    Raises:
        EarthEngineError: The format is not one of the emulator's, a band is not there, the grid is not defined or too
            large.
    """
    form = request.get("fileFormat") or "AUTO_JPEG_PNG"
    if form not in _WRITERS:
        raise EarthEngineError(f"File format {form} is not in the emulator. Use one of {', '.join(sorted(_WRITERS))}.")
    wanted = request.get("bandIds")
    if wanted:
        image = image.with_bands(tuple(band for name in wanted for band in matching(image, name)))
    if not image.bands:
        raise EarthEngineError("Image has no bands.")
    options = request.get("visualizationOptions")
    if options:
        image = paint(image, requested(options))
    elif form in _PICTURES:
        image = paint(image, Style())
    images = [image.with_bands((b,)) for b in image.bands] if form == "ZIPPED_GEO_TIFF_PER_BAND" else [image]
    parts = tuple((each, requested_grid(each, request)) for each in images)
    check_limits(parts, limits)
    return Job(form, parts, prefix)


def check_limits(parts: tuple[tuple[Image, Grid], ...], limits: Limits) -> None:
    """Refuses what Earth Engine refuses: too many bands, pixels a side, or bytes."""
    count = sum(len(image.bands) for image, _ in parts)
    if count > MAX_BANDS:
        raise EarthEngineError(f"Image has too many bands ({count}). The maximum is {MAX_BANDS}.")
    for _, grid in parts:
        if max(grid.width, grid.height) > limits.side:
            raise EarthEngineError(
                f"Pixel grid dimensions ({grid.width}x{grid.height}) must be less than or equal to {limits.side}."
            )
    # Each value takes its own size and a byte of mask.
    total, values = _bytes(parts, mask=1), _bytes(parts, mask=0)
    for size, limit in ((total, limits.total), (values, limits.values)):
        if limit is not None and size > limit:
            raise EarthEngineError(f"Total request size ({size} bytes) must be less than or equal to {limit} bytes.")


def _bytes(parts: tuple[tuple[Image, Grid], ...], *, mask: int) -> int:
    return sum(
        grid.width * grid.height * sum(band.type.dtype.itemsize + mask for band in image.bands) for image, grid in parts
    )


def evaluate(image: Image, grid: Grid, memory: int) -> Raster:
    """The pixels of every band."""
    memo = Memo(memory)
    for band in image.bands:
        band.source.uses += 1
    return Raster(grid, image.bands, tuple(memo.plane(band.source, grid) for band in image.bands))


def _zipped(rasters: list[Raster], prefix: str) -> Reply:
    return Reply(formats.zipped([(f"{prefix}.tif", formats.geotiff(rasters[0]))]), "application/zip", ".zip")


def _zipped_per_band(rasters: list[Raster], prefix: str) -> Reply:
    files = [(f"{prefix}.{raster.bands[0].name}.tif", formats.geotiff(raster)) for raster in rasters]
    return Reply(formats.zipped(files), "application/zip", ".zip")


def _png(rasters: list[Raster], _prefix: str) -> Reply:
    return Reply(formats.png(rasters[0]), "image/png", ".png")


def _jpeg(rasters: list[Raster], _prefix: str) -> Reply:
    return Reply(formats.jpeg(rasters[0]), "image/jpeg", ".jpg")


def _auto(rasters: list[Raster], prefix: str) -> Reply:
    return _jpeg(rasters, prefix) if formats.opaque(rasters[0]) else _png(rasters, prefix)


_WRITERS = {
    "NPY": lambda rasters, _prefix: Reply(formats.npy(rasters[0]), "application/octet-stream", ".npy"),
    "GEO_TIFF": lambda rasters, _prefix: Reply(formats.geotiff(rasters[0]), "image/tiff", ".tif"),
    "ZIPPED_GEO_TIFF": _zipped,
    "ZIPPED_GEO_TIFF_PER_BAND": _zipped_per_band,
    "PNG": _png,
    "JPEG": _jpeg,
    "AUTO_JPEG_PNG": _auto,
}


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
        return Grid(where if transform else _origin(where, first), _count(size, "width"), _count(size, "height"))
    region = request.get("region")
    if region is not None:
        return window_grid(where, box_around(geometry.from_geojson(dict(region)), where).window())
    if first.extent is None or where != native:
        raise EarthEngineError("The grid has no dimensions, and the image no pixels of its own to take them from.")
    if not (first.extent.width and first.extent.height):
        raise EarthEngineError("The image has no pixels: nothing is left of it inside the region it was clipped to.")
    return window_grid(where, first.extent)


def _origin(where: Projection, band: Band) -> Projection:
    """The projection, from the first pixel of the band if it is the band's own."""
    if band.extent is None or where != band.projection:
        return where
    return replace(where, transform=where.transform.shifted(band.extent.col, band.extent.row))


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
