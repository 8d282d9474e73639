"""Reductions of the pixels in a region."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from eo_ingest.emulator import element as elements
from eo_ingest.emulator.collection import Collection, Mapped
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.grid import Affine, Projection
from eo_ingest.emulator.region import columns, reduced, region, weighs
from eo_ingest.emulator.registry import algorithm

if TYPE_CHECKING:
    from eo_ingest.emulator.element import Element
    from eo_ingest.emulator.geometry import Geometry
    from eo_ingest.emulator.image import Image
    from eo_ingest.emulator.reducers import Reducer
    from eo_ingest.emulator.region import Region


def _projection(image: Image, scale: float | None, crs: Projection | None, transform: list[float] | None) -> Projection:
    """The pixels to work in: the first band's unless others are asked for."""
    if not image.bands:
        raise EarthEngineError("Need at least one band to reduce.")
    where = crs or image.bands[0].projection
    if transform is not None:
        if scale is not None:
            raise EarthEngineError("Specify crsTransform or scale, not both.")
        if len(transform) != 6:
            raise EarthEngineError(f"crsTransform must have 6 elements, got {len(transform)}.")
        return replace(where, transform=Affine(*(float(v) for v in transform)))
    return where if scale is None else where.at_scale(scale)


def _area(geometry: Geometry | None, where: Projection, most: int | None, *, best_effort: bool) -> Region:
    """The pixels of a region, in larger pixels if there are too many and that is allowed."""
    if geometry is None or geometry.shape is None:
        raise EarthEngineError("Cannot reduce over an unbounded region: give a geometry.")
    if geometry.shape.is_empty:
        raise EarthEngineError("Cannot reduce over an empty region.")
    while True:
        area = region(geometry.shape, where)
        if most is None or area.size <= most:
            return area
        if not best_effort:
            raise EarthEngineError(
                f"Too many pixels in the region. Found {area.size}, but maxPixels allows only {most}.\n"
                "Ensure that you are not aggregating at a higher resolution than you intended; that is the most "
                "frequent cause of this error. If not, then you may set the 'maxPixels' argument to a limit suitable "
                "for your computation; set 'bestEffort' to true to aggregate at whatever scale results in 'maxPixels' "
                "total pixels; or both."
            )
        where = replace(where, transform=where.transform.scaled(2, 2))


def _values(image: Image, reducer: Reducer, area: Region) -> list[dict[str, Any]]:
    """The outputs of a reducer for each band."""
    if reducer.repeated is not None or reducer.inputs != 1:
        raise EarthEngineError("Only reducers of one input are in the emulator here.")
    return [reduced(reducer, *column) for column in columns(image.bands, area, weighted=weighs(reducer))]


@algorithm("Image.reduceRegion")
def reduce_region(
    image: Image,
    reducer: Reducer,
    geometry: Geometry | None,
    scale: float | None,
    crs: Projection | None,
    transform: list[float] | None,
    best_effort: bool,  # noqa: FBT001
    most: int,
    _tile_scale: float,
) -> dict[str, Any]:
    """The outputs of a reducer for each band, named by the band, and by the output where there are several."""
    where = _projection(image, scale, crs, transform)
    place = elements.footprint(image) if geometry is None else geometry
    found = _values(image, reducer, _area(place, where, most, best_effort=best_effort))
    named: dict[str, Any] = {}
    for band, outputs in zip(image.bands, found, strict=True):
        for name, value in outputs.items():
            named[band.name if len(outputs) == 1 else f"{band.name}_{name}"] = value
    return named


@algorithm("Image.reduceRegions")
def reduce_regions(
    image: Image,
    collection: Collection,
    reducer: Reducer,
    scale: float | None,
    crs: Projection | None,
    transform: list[float] | None,
    _tile_scale: float,
    most: int | None,
) -> Collection:
    """Features with the outputs of a reducer over each as properties.

    Of an image with one band the properties are named by the outputs, else as by reduceRegion.
    """
    where = _projection(image, scale, crs, transform)

    def reduce(each: Element) -> Element:
        area = _area(elements.footprint(each), where, most, best_effort=False)
        found = _values(image, reducer, area)
        if len(found) == 1:
            return elements.update(each, found[0])
        more: dict[str, Any] = {}
        for band, outputs in zip(image.bands, found, strict=True):
            for name, value in outputs.items():
                more[band.name if len(outputs) == 1 else f"{band.name}_{name}"] = value
        return elements.update(each, more)

    return Mapped(collection, reduce, drop_nulls=False)
