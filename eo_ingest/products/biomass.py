"""ESA CCI above-ground biomass of living trees, and its standard deviation, yearly.

Version 6.0 of the official catalogue. Both are densities (Mg/ha), so interpolation (bilinear) keeps their meaning; the
standard deviation is that of a source's pixel and is interpolated as it is, not reduced as if neighbours erred
independently. 80 m: the sampling of ours next below the source's 98.9 m.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eo_ingest.product import Product, Variable
from eo_ingest.products import years
from eo_ingest.products.composite import filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ee

    from eo_ingest.period import Frame

ASSET = "ESA/CCI/Above_Ground_Biomass/V6_0"
BANDS = ("agb", "agb_sd")


def _scenes(frame: Frame, _region: ee.Geometry) -> ee.ImageCollection:
    import ee

    return ee.ImageCollection(ASSET).filter(ee.Filter.eq("system:index", frame.label))


def _density(image: ee.Image) -> ee.Image:
    return image.select(list(BANDS)).resample("bilinear")


def _images(scenes: ee.ImageCollection, _frame: Frame) -> Mapping[str, ee.Image]:
    return {"biomass": filled(scenes.map(_density).mosaic(), BANDS)}


BIOMASS = Product(
    name="biomass",
    title="ESA CCI above-ground biomass, yearly",
    variables=(
        Variable(
            name="biomass",
            bands=BANDS,
            dtype="uint16",
            nodata=65535,
            valid_range=(0, 10_000),
            units="Mg ha-1",
            long_name="dry mass of living trees above the ground per area, and its standard deviation",
        ),
    ),
    resolution=80,
    cadence="calendar-year",
    resampling="bilinear",
    assets=(ASSET,),
    licence="CC-BY-4.0",
    citation=(
        "Santoro and Cartus 2025, ESA Biomass Climate Change Initiative (Biomass_cci) v6.0, NERC EDS Centre for "
        "Environmental Data Analysis, doi:10.5285/95913ffb6467447ca72c4e9d8cf30501"
    ),
    periods=("2020",),
    gaps=years.only((2007, 2010, *range(2015, 2023)), "2007, 2010 and 2015 to 2022"),
    scenes=_scenes,
    images=_images,
)
