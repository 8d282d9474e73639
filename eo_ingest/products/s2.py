"""Sentinel-2 L2A surface reflectance: the median of a season's or a month's clear observations.

The ten bands of the land are two products, at 10 m and at 20 m, each near its bands' own sampling; `s2-rgb` has the
visible ones alone, as reflectance, never stretched to 8 bits. What counts as clear: see `clouds`.

The harmonised collection has the processing-baseline offset of 2022 removed already. Granules of the block's own UTM
zone share the grid's lattice and are not resampled; those of a neighbouring zone are interpolated (bilinear) before the
median. Granules of one datatake overlap: they are one observation, for which the block's own zone comes first.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from eo_ingest.product import Product, Variable
from eo_ingest.products.clouds import CLOUD_SCORE_PLUS, QA60, SCL, Clouds
from eo_ingest.products.composite import ACQUISITION, acquisition, acquisitions, collection, filled, observations

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ee

    from eo_ingest.period import Cadence, Frame
    from eo_ingest.product import Place

ASSET = "COPERNICUS/S2_SR_HARMONIZED"
LICENCE = "Copernicus Sentinel data terms: free, full and open"
CITATION = "Contains modified Copernicus Sentinel data, processed by ESA and Google Earth Engine"
RGB = ("B4", "B3", "B2")
TEN_METRES = ("B2", "B3", "B4", "B8")
TWENTY_METRES = ("B5", "B6", "B7", "B8A", "B11", "B12")
_RANK = "rank"
_UTM = ("EPSG:326", "EPSG:327")
_SPANS: dict[Cadence, str] = {"seasons": "seasonal", "months": "monthly"}


def _scenes(frame: Frame, region: ee.Geometry) -> ee.ImageCollection:
    return collection(ASSET, frame.start, frame.end, region)


def datatake(image: ee.Image) -> ee.String:
    """The satellite, start and absolute orbit of the datatake; not the baseline, which differs where it was redone."""
    return acquisition(image, "DATATAKE_IDENTIFIER").replace("_N[0-9.]+$", "")


def _rank(image: ee.Image, place: Place) -> ee.String:
    """A name by which granules sort, those of the place's own zone behind all others."""
    import ee

    index = ee.String(image.get("system:index"))
    zone = place.crs[-2:] if place.crs.startswith(_UTM) else "no zone"
    return index.replace(f"^.*_T{zone}[A-Z]+$", "~").cat(index)


def _images(
    scenes: ee.ImageCollection, _frame: Frame, place: Place, bands: tuple[str, ...], clouds: Clouds
) -> Mapping[str, ee.Image]:
    import ee

    def clear(image: ee.Image) -> ee.Image:
        seen = image.select(list(bands)).updateMask(clouds.clear(image)).resample("bilinear")
        return seen.set(ACQUISITION, datatake(image), _RANK, _rank(image, place))

    for asset, band in clouds.links:
        scenes = scenes.linkCollection(ee.ImageCollection(asset), [band])
    seen = acquisitions(scenes.map(clear).sort(_RANK))
    return {"reflectance": filled(seen.median(), bands), "n_obs": filled(seen.select(bands[0]).count(), bands[:1])}


def _product(
    name: str, what: str, bands: tuple[str, ...], resolution: int, cadence: Cadence, clouds: Clouds
) -> Product:
    suffix = "" if clouds is CLOUD_SCORE_PLUS else f", clear by {clouds.name}"
    return Product(
        name=name + clouds.suffix,
        title=f"Sentinel-2 surface reflectance, {_SPANS[cadence]} median, {what}{suffix}",
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
        cadence=cadence,
        resampling="bilinear",
        assets=(ASSET, *(asset for asset, _ in clouds.links)),
        licence="; ".join(filter(None, (LICENCE, clouds.licence))),
        citation="; ".join(filter(None, (CITATION, clouds.citation))),
        periods=("2020",),
        gaps=clouds.gaps,
        placed=True,
        scene_properties=(
            "MGRS_TILE",
            "SENSING_ORBIT_NUMBER",
            "DATATAKE_IDENTIFIER",
            "PROCESSING_BASELINE",
            "SPACECRAFT_NAME",
        ),
        scenes=_scenes,
        images=partial(_images, bands=bands, clouds=clouds),
    )


def _family(clouds: Clouds) -> tuple[Product, ...]:
    return (
        _product("s2", "10 m bands", TEN_METRES, 10, "seasons", clouds),
        _product("s2-20m", "20 m bands", TWENTY_METRES, 20, "seasons", clouds),
        _product("s2-rgb", "red, green and blue", RGB, 10, "seasons", clouds),
        _product("s2-monthly", "10 m bands", TEN_METRES, 10, "months", clouds),
        _product("s2-20m-monthly", "20 m bands", TWENTY_METRES, 20, "months", clouds),
        _product("s2-rgb-monthly", "red, green and blue", RGB, 10, "months", clouds),
    )


FAMILY = _family(CLOUD_SCORE_PLUS)
BY_SCL = _family(SCL)
BY_QA60 = _family(QA60)
