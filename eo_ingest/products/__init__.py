"""The products: one file each, or one for a family; listed here by name. Nothing is discovered by magic."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from eo_ingest.errors import ConfigError
from eo_ingest.products import s1grd, s2
from eo_ingest.products.biomass import BIOMASS
from eo_ingest.products.built import BUILT
from eo_ingest.products.canopy import CANOPY
from eo_ingest.products.coherence import COHERENCE
from eo_ingest.products.dem import DEM
from eo_ingest.products.hls import HLS
from eo_ingest.products.insar import INSAR
from eo_ingest.products.palsar import PALSAR
from eo_ingest.products.s1event import S1EVENT
from eo_ingest.products.vcf import VCF
from eo_ingest.products.water import WATER
from eo_ingest.products.worldcover import WORLDCOVER

if TYPE_CHECKING:
    from eo_ingest.product import Product

REGISTRY: dict[str, Product] = {
    product.name: product
    for product in (
        *s1grd.FAMILY,
        S1EVENT,
        *s2.FAMILY,
        *s2.BY_SCL,
        *s2.BY_QA60,
        HLS,
        PALSAR,
        WORLDCOVER,
        VCF,
        BUILT,
        BIOMASS,
        CANOPY,
        DEM,
        WATER,
        COHERENCE,
        INSAR,
    )
}

# What is made where nobody says what.
DEFAULT = ("s1grd", "s2", "s2-20m", "worldcover")


# Which product is made of another where an option is given: option, its value, product, the product that is that.
_VARIANTS: dict[str, dict[str, dict[str, str]]] = {
    "clouds": {
        "scl": {usual.name: made.name for usual, made in zip(s2.FAMILY, s2.BY_SCL, strict=True)},
        "qa60": {usual.name: made.name for usual, made in zip(s2.FAMILY, s2.BY_QA60, strict=True)},
    },
    "orbit": {"most": {usual.name: made.name for usual, made in s1grd.ONE_ORBIT}},
}
# What an option is clearly meant for though there is no variant, and why there is none.
_FIXED = {"clouds": {"hls": "it is masked by its own Fmask alone"}}


def variant(name: str, *, clouds: str | None = None, orbit: str | None = None) -> str:
    """The name of the product that is `name` with other clouds, or with one relative orbit per tile.

    Unchanged where an option does not concern the product, or the product is that already.

    Args:
        name: a product.
        clouds: `scl` or `qa60`; None for the product's own mask.
        orbit: `most`: the relative orbit with the most acquisitions; None for all orbits.

    Raises:
        ConfigError: if there is no such option, or it is meant for the product, but there is no such variant.
    """
    for option, value in (("clouds", clouds), ("orbit", orbit)):
        if value is not None:
            name = _variant(name, option, value)
    return name


def _variant(name: str, option: str, value: str) -> str:
    choices = _VARIANTS[option]
    if value not in choices:
        raise ConfigError(f"{option} {value!r} is not one: expected {' or '.join(choices)}")
    if name in choices[value]:
        return choices[value][name]
    if name in choices[value].values():
        return name
    if name in _FIXED.get(option, {}):
        raise ConfigError(f"product {name!r} has no variant with {option} {value!r}: {_FIXED[option][name]}")
    for other, variants in choices.items():
        if name in variants.values():
            raise ConfigError(f"product {name!r} is one of {option} {other!r}, not {value!r}")
    return name


def get(name: str) -> Product:
    """The product of that name.

    Raises:
        ConfigError: if there is none; lists those there are.
    """
    if name not in REGISTRY:
        near = get_close_matches(name, REGISTRY, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ConfigError(f"unknown product {name!r}{hint}: there are {', '.join(REGISTRY)}")
    return REGISTRY[name]
