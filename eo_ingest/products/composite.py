"""What seasonal composites share. `ee` is imported where an expression is built, never at import."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ee


def collection(asset: str, start: object, end: object, region: ee.Geometry) -> ee.ImageCollection:
    """The images of a collection that meet `region` and start in the half-open days [start, end), UTC."""
    import ee

    return ee.ImageCollection(asset).filterBounds(region).filterDate(f"{start}", f"{end}")


def with_bands(images: ee.ImageCollection, bands: Sequence[str]) -> ee.ImageCollection:
    """`images` behind one that is masked everywhere, so that a composite of none still has its bands, all masked."""
    import ee

    nothing = ee.Image.constant([0] * len(bands)).rename(list(bands)).toDouble().updateMask(0)
    return ee.ImageCollection([nothing]).merge(images)
