"""A layer of classes in a store: one variable of a product, in one period and frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from eo_ingest import reader
from eo_ingest.errors import ConfigError
from eo_ingest.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from eo_ingest.grid import Block, Tile
    from eo_ingest.ports import Store
    from eo_ingest.product import Product, Variable


@dataclass(frozen=True)
class Label:
    """Classes that proportions are taken of.

    Attributes:
        product: the product, as it is on the store's grid.
        period: name of the period.
        variable: its variable of classes.
        frame: index of the frame.
    """

    product: Product
    period: str
    variable: Variable
    frame: int = 0

    @classmethod
    def of(cls, product: Product, period: str, *, frame: str | None = None) -> Self:
        """The classes of a product.

        Raises:
            ConfigError: if it has none, or several variables or frames of them and none is chosen.
        """
        found = [v for v in product.variables if v.kind == "class"]
        if len(found) != 1 or len(found[0].bands) != 1:
            raise ConfigError(
                f"product {product.name!r} has {len(found)} variables of classes: expected one with one band, "
                "such as that of worldcover"
            )
        labels = [made.label for made in product.frames(Period.parse(period))]
        if frame is None and len(labels) > 1:
            raise ConfigError(f"{product.name} {period} has {len(labels)} frames: choose one of {', '.join(labels)}")
        if frame is not None and frame not in labels:
            raise ConfigError(f"{product.name} {period} has no frame {frame!r}: expected one of {', '.join(labels)}")
        return cls(product, period, found[0], labels.index(frame) if frame else 0)

    @property
    def columns(self) -> list[str]:
        """Names of columns for the classes: `<product>_<period>_<class>`."""
        return [f"{self.prefix}_{flag.meaning}" for flag in self.variable.flags]

    @property
    def prefix(self) -> str:
        """What the names of its columns begin with."""
        return f"{self.product.name}_{self.period}".replace("-", "_")

    def tiles(self, store: Store) -> Iterator[tuple[Tile, NDArray[np.int64]]]:
        """Every recorded tile with the number of the class of each pixel, (y, x); -1 where there is none.

        Raises:
            ConfigError: if the store has nothing of it.
            OutputError: if stored bytes are damaged.
        """
        for block in reader.blocks(store, self.product, self.period):
            yield from self._of_block(store, block)

    def _of_block(self, store: Store, block: Block) -> Iterator[tuple[Tile, NDArray[np.int64]]]:
        values = np.array([flag.value for flag in self.variable.flags])
        order = np.argsort(values)
        for index, raster in sorted(reader.read_block(store, self.product, self.period, block).items()):
            pixels = raster[self.variable.name][self.frame, 0]
            place = np.minimum(np.searchsorted(values, pixels, sorter=order), len(values) - 1)
            known = values[order][place] == pixels
            yield block.tile(index), np.where(known, order[place], -1)
