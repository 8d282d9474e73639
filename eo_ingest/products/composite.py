"""What seasonal composites share. `ee` is imported where an expression is built, never at import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eo_ingest.product import Variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ee


def observations(dim: str, bands: tuple[str, ...], what: str) -> Variable:
    """The variable that counts the observations behind each pixel of a composite; 0 is an answer, so not nodata."""
    return Variable(
        name="n_obs",
        bands=bands,
        band_dim=dim,
        dtype="uint16",
        nodata=65535,
        valid_range=(0, 65534),
        units="1",
        long_name=f"number of {what} behind the median",
        kind="count",
    )


def collection(asset: str, start: object, end: object, region: ee.Geometry) -> ee.ImageCollection:
    """The images of a collection that meet `region` and start in the half-open days [start, end), UTC."""
    import ee

    return ee.ImageCollection(asset).filterBounds(region).filterDate(f"{start}", f"{end}")


def filled(composite: ee.Image, bands: Sequence[str]) -> ee.Image:
    """A composite, or, where it was made of no image and has no bands, those bands masked everywhere.

    A masked image in the collection would not do: Earth Engine reduces only collections of one band type.
    """
    import ee

    nothing = ee.Image.constant([0] * len(bands)).rename(list(bands)).updateMask(0)
    return nothing.addBands(composite, None, True)  # noqa: FBT003 - positional in ee
