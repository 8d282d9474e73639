"""PALSAR-2 yearly mosaic: L-band backscatter HH and HV, gamma0.

Digital numbers are made linear power (DN², which times 10^-8.3 is gamma0), interpolated (bilinear) so, and stored in
dB. Layover and shadow are no backscatter of their place: masked, and `mask` says why. Ocean and inland water are kept.
`acquired` is the day of the strip that a pixel was taken from; class and day are nearest. 20 m, the sampling of ours
next below the source's 24.7 m.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eo_ingest.product import DATE_UNITS, Flag, Product, Variable
from eo_ingest.products import years
from eo_ingest.products.composite import filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ee

    from eo_ingest.period import Frame

ASSET = "JAXA/ALOS/PALSAR/YEARLY/SAR_EPOCH"
POLARISATIONS = {"hh": "HH", "hv": "HV"}
WATER, LAYOVER, SHADOW, LAND = 50, 100, 150, 255
CALIBRATION_DB = -83.0
MS_PER_DAY = 86_400_000


def _scenes(frame: Frame, _region: ee.Geometry) -> ee.ImageCollection:
    import ee

    return ee.ImageCollection(ASSET).filterDate(f"{frame.start}", f"{frame.end}")


def _power(image: ee.Image) -> ee.Image:
    numbers = image.select(list(POLARISATIONS.values()), list(POLARISATIONS)).toDouble()
    quality = image.select("qa")
    plain = quality.eq(LAND).Or(quality.eq(WATER))
    return numbers.multiply(numbers).updateMask(plain).updateMask(numbers.gt(0)).resample("bilinear")


def _flags(image: ee.Image) -> ee.Image:
    days = image.select(["epoch"], ["day"]).divide(MS_PER_DAY).floor()
    return image.select(["qa"], ["mask"]).selfMask().addBands(days)


def _images(scenes: ee.ImageCollection, _frame: Frame) -> Mapping[str, ee.Image]:
    power = filled(scenes.map(_power).mosaic(), list(POLARISATIONS))
    flags = filled(scenes.map(_flags).mosaic(), ["mask", "day"])
    return {
        "backscatter": power.log10().multiply(10).add(CALIBRATION_DB).multiply(100),
        "mask": flags.select(["mask"], ["mosaic"]),
        "acquired": flags.select(["day"], ["mosaic"]).updateMask(flags.select("mask")),
    }


PALSAR = Product(
    name="palsar",
    title="PALSAR-2 L-band backscatter, yearly mosaic",
    variables=(
        Variable(
            name="backscatter",
            bands=tuple(POLARISATIONS),
            dtype="int16",
            nodata=-32768,
            valid_range=(-10000, 10000),
            scale_factor=0.01,
            units="dB",
            long_name="backscatter coefficient gamma0",
        ),
        Variable(
            name="mask",
            bands=("mosaic",),
            band_dim="source",
            dtype="uint8",
            nodata=0,
            valid_range=(WATER, LAND),
            units="1",
            long_name="what the radar saw",
            kind="class",
            flags=(
                Flag(WATER, "ocean_or_water", "#0000ff"),
                Flag(LAYOVER, "layover", "#aaaa00"),
                Flag(SHADOW, "shadow", "#005555"),
                Flag(LAND, "land", "#aa9988"),
            ),
            resampling="nearest",
        ),
        Variable(
            name="acquired",
            bands=("mosaic",),
            band_dim="source",
            dtype="uint16",
            nodata=65535,
            valid_range=(0, 65534),
            units=DATE_UNITS,
            standard_name="time",
            long_name="day of the strip, UTC",
            kind="date",
            resampling="nearest",
        ),
    ),
    resolution=20,
    cadence="calendar-year",
    resampling="bilinear",
    assets=(ASSET,),
    licence="JAXA: free use with acknowledgement of JAXA's ownership of the data",
    citation="Global PALSAR-2/PALSAR Yearly Mosaic 2.5.0, JAXA; Shimada et al. 2014, doi:10.1016/j.rse.2014.04.014",
    periods=("2020",),
    gaps=years.since(2015),
    scenes=_scenes,
    images=_images,
)
