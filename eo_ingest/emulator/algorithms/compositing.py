"""One image of many: reductions of collections, and of the bands of an image."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator import element as elements
from eo_ingest.emulator import geometry, pixeltype, reducers
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.grid import DEFAULT
from eo_ingest.emulator.image import Band, Computed, Image
from eo_ingest.emulator.plane import Plane, as_bool, masked, settle
from eo_ingest.emulator.registry import add, algorithm

if TYPE_CHECKING:
    from eo_ingest.emulator.collection import Collection
    from eo_ingest.emulator.grid import Grid
    from eo_ingest.emulator.memo import Memo
    from eo_ingest.emulator.reducers import Output, Reducer

# Bands of images, which are one or more and have the same bands.
Compose = Callable[[list[Image]], tuple[Band, ...]]

# Places whose composites are kept: what the bands of one image ask for.
_PLACES = 8


def composite(collection: Collection, compose: Compose) -> Image:
    """The bands composed of all images; of an empty collection, no bands.

    Of a collection from all over the world, only the images near the pixels that are computed are composed.

    Raises:
        EarthEngineError: Images have different bands, or a band is of another type in one than in the first.
    """
    if collection.crowded():
        first = collection.first()
        if not isinstance(first, Image):
            return Image(())
        return _ByPlace(collection, first, compose).image()
    images = collection.images()
    if not images:
        return Image(())
    _check(images[0], images)
    return Image(compose(images))


class _ByPlace:
    """A composite whose images are asked for when its pixels are."""

    def __init__(self, collection: Collection, first: Image, compose: Compose) -> None:
        self._collection = collection
        self._first = first
        self._compose = compose
        self._made: OrderedDict[bytes, tuple[Band, ...]] = OrderedDict()

    def image(self) -> Image:
        """Bands of the names and types that the first image gives."""
        like = self._compose([self._first])
        return Image(tuple(replace(band, source=_Here(self, i, band.type.dtype)) for i, band in enumerate(like)))

    def bands(self, grid: Grid) -> tuple[Band, ...]:
        """The bands composed of the images near a grid; none where there are no images."""
        place = geometry.metres_box(grid)
        key = place.wkb
        if key not in self._made:
            images = self._collection.near(place)
            _check(self._first, images)
            self._made[key] = self._compose(images) if images else ()
            while len(self._made) > _PLACES:
                self._made.popitem(last=False)
        return self._made[key]


class _Here:
    """One band of a composite by place."""

    def __init__(self, parent: _ByPlace, number: int, dtype: np.dtype[Any]) -> None:
        self.uses = 0
        self._parent = parent
        self._number = number
        self._dtype = dtype

    def plane(self, grid: Grid, memo: Memo) -> Plane:
        """The pixels of a grid."""
        bands = self._parent.bands(grid)
        return memo.plane(bands[self._number].source, grid) if bands else masked(self._dtype)


def _check(first: Image, images: list[Image]) -> None:
    types = {band.name: band.type for band in first.bands}
    for image in images:
        if set(image.names) != set(first.names):
            raise EarthEngineError(
                "Expected a homogeneous image collection, but an image with incompatible bands was encountered:\n"
                f"First image type: {len(first.bands)} bands ([{', '.join(first.names)}]).\n"
                f"Current image type: {len(image.bands)} bands ([{', '.join(image.names)}]).\n"
                f"Image ID: {elements.index(image)}\nSome bands might require explicit casts."
            )
        for band in image.bands:
            if band.type != types[band.name] and band.type.dtype != types[band.name].dtype:
                raise EarthEngineError(
                    "Expected a homogeneous image collection, but an image with incompatible bands was encountered:\n"
                    f"Mismatched type for band '{band.name}':\n"
                    f"Expected type: {types[band.name]}.\nActual type: {band.type}.\n"
                    f"Image ID: {elements.index(image)}\nThis band might require an explicit cast."
                )


def reduced_band(name: str, bands: list[Band], output: Output) -> Band:
    """A band of an output of a reducer over bands; it has no projection of its own."""
    kind = output.type([band.type for band in bands])

    def compute(*planes: Plane) -> Plane:
        return output.pixels(planes, kind)

    return Band(name, kind, DEFAULT, Computed(compute, *bands, dtype=kind.dtype))


def _reduce(output: str) -> Callable[[Collection], Image]:
    def compose(images: list[Image]) -> tuple[Band, ...]:
        chosen = reducers.OUTPUTS[output]
        return tuple(reduced_band(n, [image.band(n) for image in images], chosen) for n in images[0].names)

    return lambda collection: composite(collection, compose)


for _name, _output in {
    **{name: name for name in ("min", "max", "count", "sum", "product", "mean", "median", "mode")},
    "and": "all",
    "or": "any",
}.items():
    add(f"reduce.{_name}", _reduce(_output))
add("ImageCollection.mosaic", _reduce("last"))


@algorithm("ImageCollection.reduce")
def reduce_images(collection: Collection, reducer: Reducer, _scale: float) -> Image:
    """A reducer of each band; results are named <band>_<output>."""
    if reducer.rows is not None or reducer.inputs != 1 or reducer.repeated is not None:
        raise EarthEngineError("This reducer cannot reduce images in the emulator.")

    def compose(images: list[Image]) -> tuple[Band, ...]:
        found: list[Band] = []
        for name in images[0].names:
            bands = [image.band(name) for image in images]
            found += [reduced_band(f"{name}_{o.name}", bands, o) for o in reducer.outputs]
        return tuple(found)

    return composite(collection, compose)


@algorithm("Image.reduce")
def reduce_bands(image: Image, reducer: Reducer) -> Image:
    """A reducer over the bands of each pixel."""
    if reducer.rows is not None or reducer.inputs != 1 or reducer.repeated is not None:
        raise EarthEngineError("This reducer cannot reduce images in the emulator.")
    if not image.bands:
        return Image(())
    bands = [reduced_band(o.name, list(image.bands), o) for o in reducer.outputs]
    first = image.bands[0].projection
    return Image(tuple(replace(b, projection=first) for b in bands), footprint=image.footprint)


@algorithm("ImageCollection.qualityMosaic")
def quality_mosaic(collection: Collection, quality: str) -> Image:
    """At each pixel the image that has the highest value of a band."""

    def compose(images: list[Image]) -> tuple[Band, ...]:
        marks = [image.band(quality) for image in images]
        return tuple(_best(name, [image.band(name) for image in images], marks) for name in images[0].names)

    return composite(collection, compose)


def _best(name: str, bands: list[Band], marks: list[Band]) -> Band:
    kind = pixeltype.union([band.type for band in bands])

    def compute(*planes: Plane) -> Plane:
        half = len(planes) // 2
        best = masked(kind.dtype)
        score: Any = np.asarray(-np.inf)
        for value, mark in zip(planes[:half], planes[half:], strict=True):
            take = as_bool(mark.valid) & (mark.values.astype(float) > score)
            score = np.where(take, mark.values, score)
            valid = np.where(take, value.valid, best.valid)
            best = Plane(np.where(take, value.values.astype(kind.dtype), best.values), settle(valid))
        return best

    return Band(name, kind, DEFAULT, Computed(compute, *bands, *marks, dtype=kind.dtype))
