"""JRC global surface water: land, seasonal and permanent water of a year, and how often water was seen since 1984.

Flood maps subtract permanent water: class 3 of the year before the event. `occurrence` is of all of 1984 to 2021,
the same in every year; it is 0 where the year's map has land or water and water was never seen, which the source
leaves masked. The source's mask of it equals the value, so that blending would count a partial occurrence twice: its
values are taken whole. Both nearest: classes do not mix, and occurrence breaks off at shores. 20 m, the sampling of
ours next below the source's 27.8 m.
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

YEARLY = "JRC/GSW1_4/YearlyHistory"
SUMMARY = "JRC/GSW1_4/GlobalSurfaceWater"
CLASSES = (
    Flag(1, "not_water", "#ffffff"),
    Flag(2, "seasonal_water", "#99d9ea"),
    Flag(3, "permanent_water", "#0000ff"),
)


def _scenes(frame: Frame, _region: ee.Geometry) -> ee.ImageCollection:
    import ee

    return ee.ImageCollection(YEARLY).filter(ee.Filter.eq("year", frame.start.year))


def _images(scenes: ee.ImageCollection, _frame: Frame) -> Mapping[str, ee.Image]:
    import ee

    kind = filled(scenes.select(["waterClass"], ["surface"]).mosaic(), ["surface"]).selfMask()
    seen = ee.Image(SUMMARY).select("occurrence")
    return {"class": kind, "occurrence": kind.multiply(0).where(seen.gt(0), seen)}


WATER = Product(
    name="water",
    title="JRC global surface water, yearly",
    variables=(
        Variable(
            name="class",
            bands=("surface",),
            dtype="uint8",
            nodata=0,
            valid_range=(1, 3),
            units="1",
            long_name="water of the year",
            kind="class",
            flags=CLASSES,
        ),
        Variable(
            name="occurrence",
            bands=("surface",),
            dtype="uint8",
            nodata=255,
            valid_range=(0, 100),
            units="percent",
            long_name="share of the clear observations from 1984 to 2021 that saw water",
        ),
    ),
    resolution=20,
    cadence="calendar-year",
    resampling="nearest",
    assets=(YEARLY, SUMMARY),
    licence="Copernicus Programme: free of charge, without restriction of use; credit: EC JRC/Google",
    citation="Pekel et al. 2016, doi:10.1038/nature20584; Source: EC JRC/Google",
    periods=("2020",),
    gaps=years.only(range(1984, 2022), "1984 to 2021"),
    scene_properties=("year",),
    scenes=_scenes,
    images=_images,
)
