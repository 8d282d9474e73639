"""Areas of pixels, and pixels that are made of smaller ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from eo_ingest.emulator import reducers
from eo_ingest.emulator.combined import Combined
from eo_ingest.emulator.ellipsoid import pixel_areas
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.grid import DEFAULT
from eo_ingest.emulator.image import Band, Image, OnGrid
from eo_ingest.emulator.pixeltype import DOUBLE
from eo_ingest.emulator.plane import Plane
from eo_ingest.emulator.registry import algorithm

if TYPE_CHECKING:
    from eo_ingest.emulator.reducers import Output, Reducer


@algorithm("Image.pixelArea")
def pixel_area() -> Image:
    """Square metres of each pixel, on the ellipsoid."""
    return Image((Band("area", DOUBLE, DEFAULT, OnGrid(lambda grid: Plane(pixel_areas(grid), valid=True))),))


@algorithm("Image.reduceResolution")
def reduce_resolution(image: Image, reducer: Reducer, best_effort: bool, most: int) -> Image:  # noqa: FBT001
    """The image, reduced over its own pixels whenever it is read in larger ones."""
    if not reducer.outputs or reducer.repeated is not None:
        raise EarthEngineError("Only reducers of one input and with numbers as outputs are in the emulator here.")
    bands = []
    for band in image.bands:
        for output in reducer.outputs:
            if output.pixels is reducers.count:
                raise EarthEngineError("Counting smaller pixels is not in the emulator.")
            kind = output.type([band.type])
            if output.pixels is reducers.total and kind.is_integer:
                kind = DOUBLE
            source = Combined(band, output, kind, limit=most, best_effort=best_effort)
            bands.append(replace(band, name=_name(band, output, reducer), type=kind, source=source))
    return image.with_bands(tuple(bands))


def _name(band: Band, output: Output, reducer: Reducer) -> str:
    return band.name if len(reducer.outputs) == 1 else f"{band.name}_{output.name}"
