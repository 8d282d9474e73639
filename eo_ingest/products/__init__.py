"""The products: one file each, listed here by name. Nothing is discovered by magic."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from eo_ingest.errors import ConfigError
from eo_ingest.products.coherence import COHERENCE
from eo_ingest.products.insar import INSAR
from eo_ingest.products.s1grd import S1GRD
from eo_ingest.products.s2 import S2, S2_20M
from eo_ingest.products.worldcover import WORLDCOVER

if TYPE_CHECKING:
    from eo_ingest.product import Product

REGISTRY: dict[str, Product] = {
    product.name: product
    for product in (
        S1GRD,
        S2,
        S2_20M,
        WORLDCOVER,
        COHERENCE,
        INSAR,
    )
}

# What is made where nobody says what.
DEFAULT = ("s1grd", "s2", "s2-20m", "worldcover")


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
