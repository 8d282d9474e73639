"""Elevation, slope, aspect and water of the Copernicus DEM GLO-30 (release 2024_1).

Chosen over NASADEM because it covers the land beyond 60°N and 56°S, is void-free and newer (2011 to 2015). Both are
surface models, of what a radar sees: crowns and roofs are in the height. Its licence asks for a notice (`licence`).

Slope and aspect are computed on the source's own grid, tile by tile of one degree with its neighbours beside it, and
then interpolated (bilinear) as the height is. Aspect, the direction down the slope, is interpolated as a unit vector,
never as a number across 360; where it is flat there is none (nodata). Ocean within the source's tiles is 0 m and
flagged in `water`; where the source has no tile, which is open ocean, is nodata. Heights below 0 are kept.

20 m, the sampling of ours next below the source's 30.9 m. It is one map, the same in every year: ask for one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from eo_ingest.product import Flag, Product, Variable
from eo_ingest.products.composite import filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ee

    from eo_ingest.period import Frame

ASSET = "COPERNICUS/DEM/GLO30_2024_1"
STEP_M, LOWEST_M = 0.2, -1000.0
BESIDE_M = 500
# Shorter than this, the mean of unit vectors points nowhere.
UNDECIDED = 1e-3
_FIELDS = ("height", "slope", "east", "north", "water")


def _scenes(_frame: Frame, region: ee.Geometry) -> ee.ImageCollection:
    """The tiles of the block and those just beside it, whose pixels the interpolation needs."""
    import ee

    return ee.ImageCollection(ASSET).filterBounds(region.buffer(BESIDE_M, BESIDE_M / 10)).sort("system:index")


def _images(scenes: ee.ImageCollection, _frame: Frame) -> Mapping[str, ee.Image]:
    whole = scenes.select("DEM").mosaic()

    def fields(tile: ee.Image) -> ee.Image:
        """What is derived of a tile on its own grid, with the pixels of its neighbours around it."""
        import ee

        grid = tile.select("DEM").projection()
        height = whole.setDefaultProjection(grid)
        slope = ee.Terrain.slope(height).reproject(grid)
        down = ee.Terrain.aspect(height).reproject(grid).multiply(math.pi / 180).updateMask(slope.gt(0))
        smooth = ee.Image.cat(height, slope, down.sin(), down.cos()).resample("bilinear")
        inside = tile.select("DEM").mask()
        return smooth.addBands(tile.select("WBM")).rename(list(_FIELDS)).updateMask(inside)

    found = filled(scenes.map(fields).mosaic(), _FIELDS)
    east, north = found.select("east"), found.select("north")
    length = east.hypot(north)
    turn = north.divide(length).clamp(-1, 1).acos().multiply(180 / math.pi)
    aspect = turn.where(east.lt(0), turn.multiply(-1).add(360)).updateMask(length.gt(UNDECIDED))
    stored = {
        "elevation": found.select("height").subtract(LOWEST_M).divide(STEP_M),
        "slope": found.select("slope").multiply(100),
        "aspect": aspect.multiply(10).round().mod(3600),
        "water": found.select("water"),
    }
    return {name: image.rename("surface") for name, image in stored.items()}


DEM = Product(
    name="dem",
    title="Copernicus DEM GLO-30: elevation, slope, aspect and water",
    variables=(
        Variable(
            name="elevation",
            bands=("surface",),
            dtype="uint16",
            nodata=65535,
            valid_range=(2000, 52_500),
            scale_factor=STEP_M,
            add_offset=LOWEST_M,
            units="m",
            standard_name="surface_altitude",
            long_name="height of the surface, with what stands on it, above the geoid EGM2008",
        ),
        Variable(
            name="slope",
            bands=("surface",),
            dtype="uint16",
            nodata=65535,
            valid_range=(0, 9000),
            scale_factor=0.01,
            units="degree",
            standard_name="ground_slope_angle",
            long_name="steepness of the surface, from the horizontal",
        ),
        Variable(
            name="aspect",
            bands=("surface",),
            dtype="uint16",
            nodata=65535,
            valid_range=(0, 3599),
            scale_factor=0.1,
            units="degree",
            standard_name="ground_slope_direction",
            long_name="direction down the slope, clockwise from north; nodata where it is flat",
        ),
        Variable(
            name="water",
            bands=("surface",),
            dtype="uint8",
            nodata=255,
            valid_range=(0, 3),
            units="1",
            long_name="water body that the height was edited for",
            kind="class",
            flags=(
                Flag(0, "no_water", "#d3d3d3"),
                Flag(1, "ocean", "#5f9ea0"),
                Flag(2, "lake", "#00008b"),
                Flag(3, "river", "#8a2be2"),
            ),
            resampling="nearest",
        ),
    ),
    resolution=20,
    cadence="calendar-year",
    resampling="bilinear",
    assets=(ASSET,),
    licence=(
        "Copernicus WorldDEM-30 licence: free use, with this notice: produced using Copernicus WorldDEM-30 © DLR e.V. "
        "2010-2014 and © Airbus Defence and Space GmbH 2014-2018 provided under COPERNICUS by the European Union and "
        "ESA; all rights reserved. The organisations in charge of the Copernicus programme by law or by delegation do "
        "not incur any liability for any use of the Copernicus WorldDEM-30"
    ),
    citation="European Space Agency, Airbus 2022, Copernicus DEM, doi:10.5270/ESA-c5d3d65",
    periods=("2020",),
    scenes=_scenes,
    images=_images,
)
