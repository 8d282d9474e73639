"""From what a user asks of label proportions to tables, and into a store's index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from eo_ingest.catalog import index
from eo_ingest.errors import ConfigError
from eo_ingest.proportion import Label, of_polygons, of_tiles
from eo_ingest.runtime.defining import product as known_product
from eo_ingest.runtime.opening import existing
from eo_ingest.split.polygon import Layer
from eo_ingest.stores import layout

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from eo_ingest.grid import Grid
    from eo_ingest.ports import Store

__all__ = ["attach", "existing", "label", "table"]


def label(store: Store, grid: Grid, product: str, period: str | None, frame: str | None) -> Label:
    """The classes of a product in a store; of the only period that it has them of, if none is named.

    Raises:
        ConfigError: if there is no such product, period or frame, or it has no classes.
    """
    found = known_product(store, grid, product)
    held = sorted({key.split("/")[2] for key, _ in store.listing(f"{layout.MANIFEST}/{product}/")})
    if not held:
        raise ConfigError(f"the store has nothing of {product}: `eo-ingest tile --products {product}` makes it")
    if period is None and len(held) > 1:
        raise ConfigError(f"the store has {product} of {', '.join(held)}: choose one with --period")
    if period is not None and period not in held:
        raise ConfigError(f"the store has {product} of {', '.join(held)}, not of {period!r}")
    return Label.of(found, period or held[0], frame=frame)


def table(store: Store, grid: Grid, label: Label, layer: Path | None) -> pa.Table:
    """Proportions of tiles, or of the polygons of a file.

    Raises:
        ConfigError: if the store has nothing of it, or the layer cannot be read.
        OutputError: if stored bytes are damaged.
    """
    return of_tiles(store, label) if layer is None else of_polygons(store, grid, label, Layer.read(layer))


def attach(store: Store, grid: Grid, proportions: pa.Table) -> None:
    """Enter proportions of tiles in the tile index; tiles without have none.

    Raises:
        StoreError: if an index is damaged or cannot be written.
    """
    values = proportions.drop_columns(["id", "zone", "row", "col"])
    for name in index.indexed(store, grid):

        def columns(rows: NDArray[np.int32], cols: NDArray[np.int32], name: str = name) -> pa.Table:
            ids = [f"{name}_{row}_{col}" for row, col in zip(rows.tolist(), cols.tolist(), strict=True)]
            return values.take(pc.index_in(pa.array(ids, pa.string()), proportions["id"].combine_chunks()))

        index.attach(store, grid.zone(name), columns)
