"""Sentinel-2 L2A surface reflectance: the seasonal median of clear observations, at 10 m and at 20 m.

Clear means Cloud Score+ `cs_cdf` of at least 0.60. The harmonised collection has the processing-baseline offset of
2022 removed already. Granules of the tile's own UTM zone share the grid's lattice and are not resampled; those of a
neighbouring zone are interpolated (bilinear) before the median. A place seen by two overlapping granules of one
acquisition counts twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eo_ingest.product import Product, Variable
from eo_ingest.products.composite import collection, filled, observations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import ee

    from eo_ingest.period import Frame

ASSET = "COPERNICUS/S2_SR_HARMONIZED"
CLOUDS = "GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED"
SCORE = "cs_cdf"
CLEAR = 0.60


def _scenes(frame: Frame, region: ee.Geometry) -> ee.ImageCollection:
    return collection(ASSET, frame.start, frame.end, region)


def _median_of(bands: tuple[str, ...]) -> Callable[[ee.ImageCollection, Frame], Mapping[str, ee.Image]]:
    def clear(image: ee.Image) -> ee.Image:
        score = image.select(SCORE).resample("bilinear")
        return image.select(list(bands)).updateMask(score.gte(CLEAR)).resample("bilinear")

    def images(scenes: ee.ImageCollection, frame: Frame) -> Mapping[str, ee.Image]:  # noqa: ARG001 - all seasons alike
        import ee

        linked = scenes.linkCollection(ee.ImageCollection(CLOUDS), [SCORE])
        seen = linked.map(clear)
        counts = filled(seen.select(bands[0]).count(), bands[:1])
        return {"reflectance": filled(seen.median(), bands), "n_obs": counts}

    return images


def _product(name: str, title: str, bands: tuple[str, ...], resolution: int) -> Product:
    return Product(
        name=name,
        title=title,
        variables=(
            Variable(
                name="reflectance",
                bands=bands,
                dtype="uint16",
                nodata=65535,
                valid_range=(0, 65534),
                scale_factor=0.0001,
                units="1",
                standard_name="surface_bidirectional_reflectance",
                long_name="median surface reflectance of clear observations",
            ),
            observations("observation", ("clear",), "clear observations"),
        ),
        resolution=resolution,
        cadence="seasons",
        resampling="bilinear",
        assets=(ASSET, CLOUDS),
        licence="Copernicus Sentinel data terms: free, full and open; Cloud Score+: CC-BY-4.0",
        citation=(
            "Contains modified Copernicus Sentinel data, processed by ESA and Google Earth Engine; clouds by "
            "Pasquarella et al. 2023, doi:10.1109/CVPRW59228.2023.00206"
        ),
        periods=("2020",),
        scene_properties=("MGRS_TILE", "SENSING_ORBIT_NUMBER", "PROCESSING_BASELINE", "SPACECRAFT_NAME"),
        scenes=_scenes,
        images=_median_of(bands),
    )


S2 = _product("s2", "Sentinel-2 surface reflectance, seasonal median, 10 m bands", ("B2", "B3", "B4", "B8"), 10)
S2_20M = _product(
    "s2-20m",
    "Sentinel-2 surface reflectance, seasonal median, 20 m bands",
    ("B5", "B6", "B7", "B8A", "B11", "B12"),
    20,
)
