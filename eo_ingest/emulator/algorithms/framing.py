"""Clipping images to rectangles and scaling them: what downloads and thumbnails ask for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shapely.geometry import box

from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.frame import Box, box_around, framed, outline
from eo_ingest.emulator.geometry import Geometry
from eo_ingest.emulator.grid import DEFAULT, Affine, Projection
from eo_ingest.emulator.registry import algorithm

if TYPE_CHECKING:
    from eo_ingest.emulator.image import Band, Image

_WORLD = box(-180, -90, 180, 90)


@dataclass(frozen=True)
class _Size:
    """How large the result is to be: in pixels, by its longer side, or by metres a pixel; or as it is."""

    width: int | None
    height: int | None
    longest: int | None
    scale: float | None

    def __post_init__(self) -> None:
        if (self.width is None) != (self.height is None):
            raise EarthEngineError("Width and height must be given together.")
        if sum(v is not None for v in (self.width, self.longest, self.scale)) > 1:
            raise EarthEngineError("Only one of width and height, maxDimension, and scale may be given.")
        for name, value in (("width", self.width), ("height", self.height), ("maxDimension", self.longest)):
            if value is not None and value < 1:
                raise EarthEngineError(f"The {name} must be positive, got {value}.")

    @property
    def free(self) -> bool:
        """Whether the image's own pixels stay."""
        return self.width is None and self.longest is None and self.scale is None


@algorithm("Image.clipToBoundsAndScale")
def clip_to_bounds_and_scale(
    image: Image,
    place: Geometry | None,
    width: int | None,
    height: int | None,
    longest: int | None,
    scale: float | None,
) -> Image:
    """The image in the box around a geometry, by default its own, in pixels of another size if one is given."""
    size = _Size(width, height, longest, scale)
    if not image.bands:
        return image
    bands = tuple(_fit(band, image, place, size) for band in image.bands)
    first = bands[0]
    footprint = image.footprint if first.extent is None else outline(first.projection, first.extent)
    return replace(image, bands=bands, footprint=footprint)


def _fit(band: Band, image: Image, place: Geometry | None, size: _Size) -> Band:
    projection = band.projection
    if projection == DEFAULT and not size.free:
        # Composites have no pixels of their own to keep: rows go south, as in any other image.
        projection = replace(projection, transform=Affine(1.0, 0.0, 0.0, 0.0, -1.0, 0.0))
    if size.scale is not None:
        projection = projection.at_scale(size.scale)
    around = _box(band, image, place, projection)
    if around is None:
        return band
    if size.free or size.scale is not None:
        return framed(band, projection, around.window())
    if not (around.width > 0 and around.height > 0):
        raise EarthEngineError("The region has no area.")
    width, height = _pixels(size, around, projection)
    t = projection.transform.shifted(around.left, around.top).scaled(around.width / width, around.height / height)
    return framed(band, Projection(projection.crs, t), Window(0, 0, height, width))


def _box(band: Band, image: Image, place: Geometry | None, projection: Projection) -> Box | None:
    """The box around a place, else around the band's pixels, else around the image; None for all there is."""
    if place is not None and place.shape is not None:
        return box_around(place, projection)
    if band.extent is not None and band.projection.crs == projection.crs:
        e, t = band.extent, band.projection.transform
        right, bottom = e.col + e.width, e.row + e.height
        corners = [(e.col, e.row), (right, e.row), (right, bottom), (e.col, bottom)]
        inverse = projection.transform.inverse()
        moved = [inverse.apply(*t.apply(col, row)) for col, row in corners]
        cols, rows = zip(*moved, strict=True)
        return Box(min(cols), min(rows), max(cols), max(rows))
    if image.footprint is not None:
        return box_around(Geometry(image.footprint), projection)
    return box_around(Geometry(_WORLD), projection) if projection.crs == "EPSG:4326" else None


def _pixels(size: _Size, around: Box, projection: Projection) -> tuple[int, int]:
    """Width and height; by its longer side, of pixels that are as nearly square as whole numbers of them allow."""
    if size.width is not None and size.height is not None:
        return size.width, size.height
    t = projection.transform
    across = around.width * (t.a**2 + t.d**2) ** 0.5
    down = around.height * (t.b**2 + t.e**2) ** 0.5
    step = max(across, down) / (size.longest or 1)
    return max(1, round(across / step)), max(1, round(down / step))
