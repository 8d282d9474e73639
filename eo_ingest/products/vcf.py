"""MODIS vegetation continuous fields: how much of the ground is under trees, under other plants and bare.

A year's map is of the twelve months from day 65, 5 or 6 March, of that year. Values of 200 (water) and 253 (fill) are
no per cents: both are masked, and `water` tells the one from the other. Per cents are interpolated (bilinear), the
water flag is nearest. 160 m, the sampling of ours next below the 231.7 m of the source's sinusoidal grid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eo_ingest.product import Flag, Product, Variable
from eo_ingest.products import years
from eo_ingest.products.composite import filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ee

    from eo_ingest.period import Frame

ASSET = "MODIS/061/MOD44B"
BANDS = {
    "tree": "Percent_Tree_Cover",
    "nontree": "Percent_NonTree_Vegetation",
    "bare": "Percent_NonVegetated",
}
WATER = 200


def _scenes(frame: Frame, _region: ee.Geometry) -> ee.ImageCollection:
    import ee

    return ee.ImageCollection(ASSET).filterDate(f"{frame.start}", f"{frame.end}")


def _cover(image: ee.Image) -> ee.Image:
    cover = image.select(list(BANDS.values()), list(BANDS))
    return cover.updateMask(cover.lte(100)).resample("bilinear")


def _water(image: ee.Image) -> ee.Image:
    trees = image.select([BANDS["tree"]], ["surface"])
    return trees.eq(WATER).updateMask(trees.lte(WATER))


def _images(scenes: ee.ImageCollection, _frame: Frame) -> Mapping[str, ee.Image]:
    return {
        "cover": filled(scenes.map(_cover).mosaic(), list(BANDS)),
        "water": filled(scenes.map(_water).mosaic(), ["surface"]),
    }


VCF = Product(
    name="vcf",
    title="MODIS vegetation continuous fields: tree, other and no vegetation, yearly",
    variables=(
        Variable(
            name="cover",
            bands=tuple(BANDS),
            dtype="uint8",
            nodata=255,
            valid_range=(0, 100),
            units="percent",
            standard_name="area_fraction",
            long_name="share of the ground under trees, under other vegetation and without vegetation",
        ),
        Variable(
            name="water",
            bands=("surface",),
            band_dim="flag",
            dtype="uint8",
            nodata=255,
            valid_range=(0, 1),
            units="1",
            long_name="whether the source's cell is water, which has no cover",
            kind="class",
            flags=(Flag(0, "land", "#a6cf8a"), Flag(1, "water", "#0064c8")),
            resampling="nearest",
        ),
    ),
    resolution=160,
    cadence="calendar-year",
    resampling="bilinear",
    assets=(ASSET,),
    licence="NASA LP DAAC: no restrictions on use, sale or redistribution",
    citation=(
        "DiMiceli et al. 2022, MODIS/Terra Vegetation Continuous Fields Yearly L3 Global 250m SIN Grid V061, "
        "doi:10.5067/MODIS/MOD44B.061"
    ),
    periods=("2020",),
    gaps=years.since(2000),
    scenes=_scenes,
    images=_images,
)
