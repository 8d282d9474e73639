"""ESA WorldCover: land cover classes of 2020 (v100) and 2021 (v200), nearest neighbour, at the source's own 10 m.

The two years come from two versions of the algorithm: their difference is not a map of change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eo_ingest.product import Flag, Product, Variable
from eo_ingest.products.composite import filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ee

    from eo_ingest.period import Frame

ASSETS = {"2020": "ESA/WorldCover/v100", "2021": "ESA/WorldCover/v200"}

CLASSES = (
    Flag(10, "tree_cover", "#006400"),
    Flag(20, "shrubland", "#ffbb22"),
    Flag(30, "grassland", "#ffff4c"),
    Flag(40, "cropland", "#f096ff"),
    Flag(50, "built_up", "#fa0000"),
    Flag(60, "bare_or_sparse_vegetation", "#b4b4b4"),
    Flag(70, "snow_and_ice", "#f0f0f0"),
    Flag(80, "permanent_water_bodies", "#0064c8"),
    Flag(90, "herbaceous_wetland", "#0096a0"),
    Flag(95, "mangroves", "#00cf75"),
    Flag(100, "moss_and_lichen", "#fae6a0"),
)


def _scenes(frame: Frame, region: ee.Geometry) -> ee.ImageCollection:
    import ee

    return ee.ImageCollection(ASSETS[frame.label]).filterBounds(region)


def _images(scenes: ee.ImageCollection, frame: Frame) -> Mapping[str, ee.Image]:  # noqa: ARG001 - both years alike
    return {"class": filled(scenes.select("Map").mosaic(), ["Map"])}


WORLDCOVER = Product(
    name="worldcover",
    title="ESA WorldCover land cover",
    variables=(
        Variable(
            name="class",
            bands=("Map",),
            dtype="uint8",
            nodata=0,
            valid_range=(10, 100),
            units="1",
            long_name="land cover class",
            kind="class",
            flags=CLASSES,
        ),
    ),
    resolution=10,
    cadence="calendar-year",
    resampling="nearest",
    assets=tuple(ASSETS.values()),
    licence="CC-BY-4.0",
    citation="ESA WorldCover project 2020 and 2021, doi:10.5281/zenodo.5571936 and doi:10.5281/zenodo.7254221",
    periods=("2020", "2021"),
    only_periods=True,
    scenes=_scenes,
    images=_images,
)
