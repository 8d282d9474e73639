"""Harmonised Landsat and Sentinel-2 (HLS): six reflectance bands, the median of a month's clear observations.

Landsat 8 and 9 (L30) and Sentinel-2 (S30), adjusted to nadir view and to common bands by the source; here one series.
Clear is what Fmask does not call cloud (bit 1), beside cloud or shadow (bit 2) or cloud shadow (bit 3); snow, water and
any aerosol are kept. Granules of one sensor of one hour of the clock are one observation where they overlap: no
satellite is back so soon.

20 m: the source's 30 m does not divide our tiles; 40 m would lose detail, and on 20 m its bands lie on the pixels
of `s2-20m`. Granules are interpolated (bilinear) before the median.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eo_ingest.product import Product, Variable
from eo_ingest.products.composite import ACQUISITION, acquisitions, collection, filled, observations

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ee

    from eo_ingest.period import Frame

BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")
SENSORS = {
    "L30": ("NASA/HLS/HLSL30/v002", ("B2", "B3", "B4", "B5", "B6", "B7")),
    "S30": ("NASA/HLS/HLSS30/v002", ("B2", "B3", "B4", "B8A", "B11", "B12")),
}
CLOUDY = 1 << 1 | 1 << 2 | 1 << 3
MS_PER_HOUR = 3_600_000


def _of(sensor: str, frame: Frame, region: ee.Geometry) -> ee.ImageCollection:
    """One sensor's scenes with the bands' common names."""
    asset, bands = SENSORS[sensor]

    def common(image: ee.Image) -> ee.Image:
        return image.select([*bands, "Fmask"], [*BANDS, "Fmask"]).set("sensor", sensor)

    return collection(asset, frame.start, frame.end, region).sort("system:index").map(common)


def _scenes(frame: Frame, region: ee.Geometry) -> ee.ImageCollection:
    landsat, sentinel = (_of(sensor, frame, region) for sensor in SENSORS)
    return landsat.merge(sentinel)


def _clear(image: ee.Image) -> ee.Image:
    import ee

    cloudless = image.select("Fmask").bitwiseAnd(CLOUDY).eq(0)
    hour = ee.Number(image.get("system:time_start")).divide(MS_PER_HOUR).floor().toInt64()
    seen = image.select(list(BANDS)).updateMask(cloudless).resample("bilinear")
    return seen.set(ACQUISITION, ee.List([image.get("sensor"), hour]).join("_"))


def _images(scenes: ee.ImageCollection, _frame: Frame) -> Mapping[str, ee.Image]:
    seen = acquisitions(scenes.map(_clear))
    return {
        "reflectance": filled(seen.median(), BANDS).multiply(10_000),
        "n_obs": filled(seen.select(["nir"], ["clear"]).count(), ["clear"]),
    }


HLS = Product(
    name="hls",
    title="Harmonised Landsat and Sentinel-2 reflectance, monthly median",
    variables=(
        Variable(
            name="reflectance",
            bands=BANDS,
            dtype="int16",
            nodata=-32768,
            valid_range=(-2000, 20_000),
            scale_factor=0.0001,
            units="1",
            standard_name="surface_bidirectional_reflectance",
            long_name="median nadir-adjusted surface reflectance of clear observations",
        ),
        observations("observation", ("clear",), "clear observations"),
    ),
    resolution=20,
    cadence="months",
    resampling="bilinear",
    assets=tuple(asset for asset, _ in SENSORS.values()),
    licence="NASA: full and open sharing, no restrictions on use",
    citation="Masek et al. 2021, HLS v2.0, doi:10.5067/HLS/HLSL30.002 and doi:10.5067/HLS/HLSS30.002",
    periods=("2020",),
    scene_properties=("sensor", "CLOUD_COVERAGE", "SPATIAL_COVERAGE"),
    scenes=_scenes,
    images=_images,
)
