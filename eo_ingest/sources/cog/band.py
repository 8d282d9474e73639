"""Which layers the bands of a product are read from, and one view out of those of several orbits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from eo_ingest.product import Product, Variable

SIGHTS = ("inc", "lsmap")
"""What there is of each orbit: angle of incidence, layover and shadow."""


@dataclass(frozen=True)
class Band:
    """One band of a variable and its layer: `vv_COH12` after a season, `A_inc` after an orbit's number."""

    variable: Variable
    index: int
    layer: str

    @property
    def metric(self) -> str:
        """Such as `COH12`."""
        return self.layer.rpartition("_")[2]

    @property
    def direction(self) -> str | None:
        """`A` or `D` of what is seen from an orbit; None of a season's layers."""
        return self.layer.partition("_")[0] if self.metric in SIGHTS else None


def bands_of(product: Product) -> tuple[Band, ...]:
    """The bands of a product, with the layers that its archive's parameters give them as `<variable>.<band>`.

    Raises:
        ConfigError: if it has no archive, or that does not know a band.
    """
    layers = dict(product.archive.parameters) if product.archive else {}
    found = []
    for variable in product.variables:
        for index, band in enumerate(variable.bands):
            layer = layers.get(f"{variable.name}.{band}")
            if not isinstance(layer, str):
                raise ConfigError(f"product {product.name!r}: its archive has no layer for {variable.name}.{band}")
            found.append(Band(variable, index, layer))
    return tuple(found)


@dataclass(frozen=True)
class Sight:
    """Digital numbers of one layer of one orbit: `metric` is one of SIGHTS."""

    number: int
    direction: str
    metric: str
    values: NDArray[Any]


def composed(sights: Iterable[Sight]) -> dict[tuple[str, str], NDArray[Any]]:
    """The digital numbers of each (direction, metric): each pixel's are of the smallest orbit number that sees it.

    An orbit sees a pixel where both of its layers have data.
    """
    orbits: dict[tuple[str, int], dict[str, NDArray[Any]]] = {}
    for sight in sights:
        orbits.setdefault((sight.direction, sight.number), {})[sight.metric] = sight.values
    found: dict[tuple[str, str], NDArray[Any]] = {}
    for (direction, _), layers in sorted(orbits.items(), key=lambda item: item[0]):
        if layers.keys() != set(SIGHTS):
            continue
        seen = np.all([values > 0 for values in layers.values()], axis=0)
        for metric, values in layers.items():
            before = found.setdefault((direction, metric), np.zeros_like(values))
            np.copyto(before, values, where=seen & (before == 0))
    return found
