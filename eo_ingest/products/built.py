"""GHSL built-up surface: how much of the ground is under buildings, all and those not for living.

The source counts square metres in each of its cells of 100 m, which in its projection, Mollweide, are one hectare of
ground each: an areal quantity, and at the same time square metres per hectare. The cell's value is kept with that
unit, a density, and interpolated (bilinear); so it is not to be summed over our pixels, but value times their area is:
built-up surface is conserved, but for what interpolation moves across the area's edge.

80 m, the sampling of ours next below 100 m. Epochs are five years apart; 2025 and 2030 are projections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eo_ingest.product import Product, Variable
from eo_ingest.products import years
from eo_ingest.products.composite import filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ee

    from eo_ingest.period import Frame

ASSET = "JRC/GHSL/P2023A/GHS_BUILT_S"
BANDS = {"total": "built_surface", "nonresidential": "built_surface_nres"}
HECTARE_M2 = 10_000


def _scenes(frame: Frame, _region: ee.Geometry) -> ee.ImageCollection:
    import ee

    return ee.ImageCollection(ASSET).filter(ee.Filter.eq("system:index", frame.label))


def _per_hectare(image: ee.Image) -> ee.Image:
    source = image.select(list(BANDS.values()), list(BANDS))
    return source.updateMask(source.lte(HECTARE_M2)).resample("bilinear")


def _images(scenes: ee.ImageCollection, _frame: Frame) -> Mapping[str, ee.Image]:
    return {"built": filled(scenes.map(_per_hectare).mosaic(), list(BANDS))}


BUILT = Product(
    name="built",
    title="GHSL built-up surface, every five years",
    variables=(
        Variable(
            name="built",
            bands=tuple(BANDS),
            dtype="uint16",
            nodata=65535,
            valid_range=(0, HECTARE_M2),
            units="m2 ha-1",
            long_name="built-up surface per hectare of ground, all and non-residential",
        ),
    ),
    resolution=80,
    cadence="calendar-year",
    resampling="bilinear",
    assets=(ASSET,),
    licence="European Commission reuse notice: free with acknowledgement of the source",
    citation=(
        "Pesaresi and Politis 2023, GHS-BUILT-S R2023A, doi:10.2905/9F06F36F-4B11-47EC-ABB0-4F8B7B1D72EA; Pesaresi "
        "et al. 2024, doi:10.1080/17538947.2024.2390454"
    ),
    periods=("2020",),
    gaps=years.only(range(1975, 2031, 5), "every fifth year from 1975 to 2030"),
    scenes=_scenes,
    images=_images,
)
