"""Masks: getting, setting and filling them, and clipping to geometries."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator import element as elements
from eo_ingest.emulator import geometry, pixeltype
from eo_ingest.emulator.algorithms.arithmetic import pair_bands
from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.collection import Collection
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.frame import box_around
from eo_ingest.emulator.image import Band, Computed, Image, OnGrid, constant_image
from eo_ingest.emulator.pixeltype import BOOLEAN, PixelType
from eo_ingest.emulator.plane import Plane, as_bool, both, either, settle
from eo_ingest.emulator.registry import algorithm

if TYPE_CHECKING:
    from collections.abc import Callable

    from eo_ingest.emulator.grid import Grid


def match(image: Image, other: Image, what: str) -> list[tuple[Band, Band]]:
    """Each band of an image with the one of a mask or test image; a single band goes with all."""
    if len(other.bands) == 1:
        return [(band, other.bands[0]) for band in image.bands]
    if len(other.bands) != len(image.bands):
        raise EarthEngineError(
            f"The {what} must have one band or as many as the image. Got {len(other.bands)} and {len(image.bands)}."
        )
    return list(zip(image.bands, other.bands, strict=True))


def _shown(plane: Plane) -> Any:
    """Where a mask image lets through: valid and above 0."""
    if plane.valid is False:
        return False
    positive = plane.values > 0
    return both(plane.valid, settle(np.asarray(positive)))


def rebuilt(band: Band, kind: PixelType, compute: Callable[..., Plane], *others: Band, strict: bool = False) -> Band:
    """A band computed from itself and others, with its name and projection."""
    source = Computed(compute, band, *others, dtype=kind.dtype, strict=strict)
    return replace(band, type=kind, source=source)


@algorithm("Image.updateMask")
def update_mask(image: Image, mask: Image) -> Image:
    """Masks what the mask image masks or has as 0."""
    bands = [
        rebuilt(band, band.type, lambda p, m: Plane(p.values, both(p.valid, _shown(m))), by, strict=True)
        for band, by in match(image, mask, "mask")
    ]
    return image.with_bands(tuple(bands))


@algorithm("Image.selfMask")
def self_mask(image: Image) -> Image:
    """Masks what is not above 0."""
    return update_mask(image, image)


@algorithm("Image.mask")
def mask_of(image: Image, mask: Image | None) -> Image:
    """The mask as an image of 0 and 1; or the image with a new mask, zeros appearing where it was masked."""
    if mask is None:
        bands = [
            rebuilt(band, BOOLEAN, lambda p: Plane(as_bool(p.valid).astype(np.uint8), valid=True))
            for band in image.bands
        ]
        return image.with_bands(tuple(replace(band, extent=None) for band in bands))

    def compute(p: Plane, m: Plane) -> Plane:
        return Plane(np.where(p.valid, p.values, np.zeros((), p.values.dtype)), _shown(m))

    bands = [rebuilt(band, band.type, compute, by) for band, by in match(image, mask, "mask")]
    return image.with_bands(tuple(replace(band, extent=None) for band in bands))


@algorithm("Image.unmask")
def unmask(image: Image, value: Image | None, same_footprint: bool) -> Image:  # noqa: FBT001  positions are Earth Engine's
    """Value and mask of another image where this one is masked; by default only inside the image's footprint."""
    bands = []
    for band, by in match(image, constant_image(0) if value is None else value, "value"):
        kind = pixeltype.union([band.type, by.type])
        filled = rebuilt(band, kind, _overlay(kind), by)
        if same_footprint and image.footprint is not None:
            filled = replace(filled, source=OnGrid(_inside(image.footprint), filled))
        bands.append(filled if same_footprint else replace(filled, extent=None))
    footprint = image.footprint
    if not same_footprint:
        other = None if value is None else value.footprint
        footprint = None if footprint is None or other is None else footprint.union(other)
    return replace(image, bands=tuple(bands), footprint=footprint)


def _overlay(kind: PixelType) -> Callable[[Plane, Plane], Plane]:
    """The first plane where it is valid, else the second."""

    def compute(top: Plane, under: Plane) -> Plane:
        if top.valid is True:
            return Plane(top.values.astype(kind.dtype, copy=False), valid=True)
        a, b = top.values.astype(kind.dtype, copy=False), under.values.astype(kind.dtype, copy=False)
        return Plane(np.where(top.valid, a, b), either(top.valid, under.valid))

    return compute


def _inside(footprint: Any) -> Callable[[Grid, Plane], Plane]:
    def compute(grid: Grid, plane: Plane) -> Plane:
        return Plane(plane.values, both(plane.valid, settle(geometry.inside(grid, footprint))))

    return compute


@algorithm("Image.where")
def where(image: Image, test: Image, value: Image) -> Image:
    """The value image where the test is valid and not 0, and the value valid; nothing where the image is masked."""
    bands = []
    tests, values = match(image, test, "test"), match(image, value, "value")
    for (band, condition), (_, by) in zip(tests, values, strict=True):
        kind = pixeltype.union([band.type, by.type])
        bands.append(rebuilt(band, kind, _replace_where(kind), condition, by, strict=False))
    return image.with_bands(tuple(bands))


def _replace_where(kind: PixelType) -> Callable[[Plane, Plane, Plane], Plane]:
    def compute(plane: Plane, test: Plane, value: Plane) -> Plane:
        old = plane.values.astype(kind.dtype, copy=False)
        if plane.valid is False or test.valid is False or value.valid is False:
            return Plane(old, plane.valid)
        take = as_bool(test.valid) & (test.values != 0) & as_bool(value.valid)
        return Plane(np.where(take, value.values.astype(kind.dtype, copy=False), old), plane.valid)

    return compute


@algorithm("Image.blend")
def blend(bottom: Image, top: Image) -> Image:
    """The top image where it is valid, else the bottom one."""
    bands = []
    for name, under, over in pair_bands(bottom, top):
        kind = pixeltype.union([under.type, over.type])
        bands.append(replace(rebuilt(over, kind, _overlay(kind), under), name=name, extent=None))
    return replace(bottom, bands=tuple(bands), id=None, footprint=None)


@algorithm("Image.clip")
def clip(image: Image, place: Any) -> Image:
    """Masks pixels whose centre is outside a geometry."""
    if isinstance(place, (elements.Feature, Image)):
        found = elements.footprint(place)
    elif isinstance(place, Collection):
        found = place.geometry()
    else:
        found = place if isinstance(place, geometry.Geometry) else geometry.from_geojson(place)
    if found.shape is None:
        return image
    shape = found.shape
    cut = found if image.footprint is None else geometry.Geometry(image.footprint.intersection(shape))
    bands = [replace(b, source=OnGrid(_inside(shape), b), extent=_extent(b, cut)) for b in image.bands]
    return replace(image, bands=tuple(bands), footprint=cut.shape)


def _extent(band: Band, cut: geometry.Geometry) -> Window | None:
    """The window of a band's pixels around a clipped footprint; empty if nothing of it is left."""
    before = band.extent
    try:
        found = box_around(cut, band.projection).window()
    except EarthEngineError:  # nothing is left, or the place has no coordinates in the band's projection
        empty = cut.shape is not None and cut.shape.is_empty
        return Window(0, 0, 0, 0) if empty else before
    if before is None:
        return found
    top, left = max(found.row, before.row), max(found.col, before.col)
    bottom = min(found.row + found.height, before.row + before.height)
    right = min(found.col + found.width, before.col + before.width)
    return Window(top, left, max(0, bottom - top), max(0, right - left))


@algorithm("Image.clipToCollection")
def clip_to_collection(image: Image, place: Any) -> Image:
    """Masks pixels whose centre is outside every element of a collection."""
    return clip(image, place)


@algorithm("Image.remap")
def remap(image: Image, old: list[Any], new: list[Any], default: Any, name: str | None) -> Image:
    """Values of one list become those of the other, as band `remapped`; others the default, or masked."""
    if len(old) != len(new):
        raise EarthEngineError(f"The lists must have the same length. Got {len(old)} and {len(new)}.")
    band = image.band(name) if name else image.bands[0]
    fill = constant_image(0) if default is None else default
    fill = fill if isinstance(fill, Image) else constant_image(fill)
    kinds = [pixeltype.of_number(v) for v in new] + ([] if default is None else [fill.bands[0].type])
    kind = pixeltype.union(kinds or [BOOLEAN])
    order = np.argsort(np.asarray(old, float), kind="stable")
    keys, targets = np.asarray(old, float)[order], np.asarray(new, float)[order]

    def compute(plane: Plane, by: Plane) -> Plane:
        at = np.clip(np.searchsorted(keys, plane.values.astype(float)), 0, max(len(keys) - 1, 0))
        hit = (keys[at] == plane.values) if len(keys) else np.zeros(plane.values.shape, bool)
        values = np.where(hit, targets[at], by.values) if len(keys) else by.values
        valid = both(plane.valid, settle(np.asarray(hit)) if default is None else either(settle(hit), by.valid))
        return Plane(pixeltype.cast(np.asarray(values, float), kind), valid)

    result = replace(rebuilt(band, kind, compute, fill.bands[0]), name="remapped")
    return image.with_bands((result,))
