"""Sentinel-1 GRD: the seasonal median of VV and VH per orbit pass.

The median is taken in linear power and stored in dB. Scenes lie on lattices of their own, so each is interpolated
(bilinear, in linear power) onto the grid before the median. Border noise: pixels whose VV is below -30 dB are masked
in both bands, the rule that Earth Engine's own guide gives for GRD edges.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from eo_ingest.product import Product, Variable
from eo_ingest.products.composite import collection, filled, observations

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ee

    from eo_ingest.period import Frame

ASSET = "COPERNICUS/S1_GRD"
PASSES = {"asc": "ASCENDING", "desc": "DESCENDING"}
POLARISATIONS = ("VV", "VH")
NOISE_DB = -30


def _scenes(frame: Frame, region: ee.Geometry) -> ee.ImageCollection:
    import ee

    scenes = collection(ASSET, frame.start, frame.end, region).filter(ee.Filter.eq("instrumentMode", "IW"))
    for polarisation in POLARISATIONS:
        scenes = scenes.filter(ee.Filter.listContains("transmitterReceiverPolarisation", polarisation))
    return scenes


def _power(image: ee.Image) -> ee.Image:
    """Linear power of VV and VH, border noise masked, ready to be interpolated."""
    quiet = image.select("VV").lt(NOISE_DB)
    power = image.select(list(POLARISATIONS)).multiply(math.log(10) / 10).exp()
    return power.updateMask(quiet.Not()).resample("bilinear")


def _images(scenes: ee.ImageCollection, frame: Frame) -> Mapping[str, ee.Image]:  # noqa: ARG001 - all seasons alike
    import ee

    medians, counts = [], []
    for orbit_pass in PASSES.values():
        passing = scenes.filter(ee.Filter.eq("orbitProperties_pass", orbit_pass)).map(_power)
        medians.append(filled(passing.median(), POLARISATIONS).log10().multiply(1000))
        counts.append(filled(passing.select("VV").count(), ["VV"]))
    return {"backscatter": ee.Image.cat(*medians), "n_obs": ee.Image.cat(*counts)}


S1GRD = Product(
    name="s1grd",
    title="Sentinel-1 GRD backscatter, seasonal median per orbit pass",
    variables=(
        Variable(
            name="backscatter",
            bands=tuple(f"{pol.lower()}_{side}" for side in PASSES for pol in POLARISATIONS),
            dtype="int16",
            nodata=-32768,
            valid_range=(-10000, 10000),
            scale_factor=0.01,
            units="dB",
            long_name="median backscatter coefficient sigma0, median taken in linear power",
        ),
        observations("pass", tuple(PASSES), "valid observations"),
    ),
    resolution=10,
    cadence="seasons",
    resampling="bilinear",
    assets=(ASSET,),
    licence="Copernicus Sentinel data terms: free, full and open",
    citation="Contains modified Copernicus Sentinel data, processed by ESA and Google Earth Engine",
    periods=("2020",),
    scene_properties=("orbitProperties_pass", "relativeOrbitNumber_start", "platform_number"),
    scenes=_scenes,
    images=_images,
)
