"""Canopy top height of 2020 and its standard deviation, from Sentinel-2 and GEDI (ETH Zurich).

The two assets belong to a user and are shared with everybody; the official catalogue has canopy height at 1 km of 2005
only, and the map of 1 m by Meta and WRI, in folders of third parties too, gives no error. 10 m, the source's own
sampling; heights are whole metres, interpolated (bilinear) and rounded to whole metres again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eo_ingest.product import Product, Variable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ee

    from eo_ingest.period import Frame

HEIGHT = "users/nlang/ETH_GlobalCanopyHeight_2020_10m_v1"
DEVIATION = "users/nlang/ETH_GlobalCanopyHeightSD_2020_10m_v1"
BANDS = {"height": HEIGHT, "height_sd": DEVIATION}


def _scenes(_frame: Frame, region: ee.Geometry) -> ee.ImageCollection:
    import ee

    return ee.ImageCollection([ee.Image(asset) for asset in BANDS.values()]).filterBounds(region)


def _images(_scenes: ee.ImageCollection, _frame: Frame) -> Mapping[str, ee.Image]:
    import ee

    bands = [ee.Image(asset).select([0], [name]).resample("bilinear") for name, asset in BANDS.items()]
    return {"canopy": ee.Image.cat(*bands)}


CANOPY = Product(
    name="canopy",
    title="Canopy top height of 2020",
    variables=(
        Variable(
            name="canopy",
            bands=tuple(BANDS),
            dtype="uint8",
            nodata=255,
            valid_range=(0, 254),
            units="m",
            long_name="canopy top height above the ground, and its standard deviation",
        ),
    ),
    resolution=10,
    cadence="calendar-year",
    resampling="bilinear",
    assets=tuple(BANDS.values()),
    licence="CC-BY-4.0",
    citation=(
        "Lang et al. 2023, A high-resolution canopy height model of the Earth, doi:10.1038/s41559-023-02206-6; data "
        "doi:10.3929/ethz-b-000609802"
    ),
    periods=("2020",),
    only_periods=True,
    scenes=_scenes,
    images=_images,
)
