"""What composites share. `ee` is imported where an expression is built, never at import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eo_ingest.product import Variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ee

    from eo_ingest.product import Place

# The property by which `acquisitions` tells what was seen at once.
ACQUISITION = "acquisition"


def observations(dim: str, bands: tuple[str, ...], what: str, statistic: str = "median") -> Variable:
    """The variable that counts the observations behind each pixel of a composite; 0 is an answer, so not nodata."""
    return Variable(
        name="n_obs",
        bands=bands,
        band_dim=dim,
        dtype="uint16",
        nodata=65535,
        valid_range=(0, 65534),
        units="1",
        long_name=f"number of {what} behind the {statistic}",
        kind="count",
    )


def footprint(place: Place) -> ee.Geometry:
    """The block's footprint, exact in its own CRS."""
    import ee

    return ee.Geometry.Rectangle(list(place.bounds), place.crs, False)  # noqa: FBT003 - positional in ee


def collection(asset: str, start: object, end: object, region: ee.Geometry) -> ee.ImageCollection:
    """The images of a collection that meet `region` and start in the half-open days [start, end), UTC."""
    import ee

    return ee.ImageCollection(asset).filterBounds(region).filterDate(f"{start}", f"{end}")


def acquisition(image: ee.Image, *properties: str) -> ee.String:
    """What all scenes of one acquisition share: the values of some properties, joined.

    A scene that lacks one of them, as files of one's own may, is an acquisition of its own.
    """
    import ee

    known = image.toDictionary()
    return ee.List([known.get(name, image.get("system:index")) for name in properties]).join("_")


def acquisitions(images: ee.ImageCollection) -> ee.ImageCollection:
    """One image for each acquisition: its scenes on top of each other, later ones of the collection above.

    Scenes of one acquisition overlap, and are one observation where they do. The images must be in an order that
    does not depend on the server, carry the property ACQUISITION and be `resample`d: a mosaic cannot be.
    """
    import ee

    def whole(first: ee.Image) -> ee.Image:
        return images.filter(ee.Filter.eq(ACQUISITION, first.get(ACQUISITION))).mosaic()

    return ee.ImageCollection(images.distinct(ACQUISITION)).map(whole)


def filled(composite: ee.Image, bands: Sequence[str]) -> ee.Image:
    """A composite, or, where it was made of no image and has no bands, those bands masked everywhere.

    A masked image in the collection would not do: Earth Engine reduces only collections of one band type.
    """
    import ee

    nothing = ee.Image.constant([0] * len(bands)).rename(list(bands)).updateMask(0)
    return nothing.addBands(composite, None, True)  # noqa: FBT003 - positional in ee
