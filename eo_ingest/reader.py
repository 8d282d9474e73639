"""Reading a store: a tile, a window, a mosaic, as plain arrays. Writing is not here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eo_ingest import manifest
from eo_ingest.errors import ConfigError
from eo_ingest.job import tiles_of
from eo_ingest.period import Period
from eo_ingest.raster import tile_shape
from eo_ingest.stores import codec, layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eo_ingest.grid import Block, Tile
    from eo_ingest.ports import Store
    from eo_ingest.product import Product, Variable
    from eo_ingest.raster import Raster

# The cross-polarised band to each like-polarised one.
_CROSS = {"vv": "vh", "hh": "hv"}


def read_tile(store: Store, product: Product, period: str, tile: Tile) -> Raster | None:
    """All variables of one tile, each (frame, band, y, x) in stored units; None where the tile was never made.

    The product is that of the store's grid: `Product.on`.

    Raises:
        OutputError: if the stored bytes are damaged.
    """
    lattice = product.lattice
    return read_block(store, product, period, lattice.block_of(tile)).get(lattice.index_of(tile))


def read_block(store: Store, product: Product, period: str, block: Block) -> dict[int, Raster]:
    """The recorded tiles of a block by index; tiles that were never made are left out.

    Raises:
        OutputError: if the stored bytes are damaged.
    """
    frames = len(product.frames(Period.parse(period)))
    found: dict[int, Raster] = {i: {} for i in tiles(store, product, period, block)}
    for variable in product.variables:
        try:
            shard = store.get(layout.shard(product.name, period, block, variable.name))
            chunks = codec.unpack(shard, block.count)
        except KeyError:
            chunks = {}
        for i, raster in found.items():
            raster[variable.name] = codec.decode(chunks.get(i), variable, tile_shape(product, variable, frames))
    return found


def tiles(store: Store, product: Product, period: str, block: Block) -> list[int]:
    """The recorded tiles of a block, by index."""
    mask = 0
    for key, _ in store.listing(f"{layout.records(product.name, period)}/{block.zone}/{block.id}."):
        name = manifest.RecordName.parse(key)
        if name and name.status == "done":
            mask |= name.tiles
    return tiles_of(mask)


def blocks(store: Store, product: Product, period: str) -> Iterator[Block]:
    """The blocks of a product and period that have a done record, each once.

    Raises:
        ConfigError: if there is none.
    """
    names = manifest.scan(store, product.name, period).names
    done = sorted({manifest.job_of(n).block for found in names.values() for n in found if n.status == "done"})
    if not done:
        raise ConfigError(f"the store has nothing of {product.name} {period}")
    yield from done


def physical(values: np.ndarray, product: Product, variable: str) -> np.ndarray:
    """Stored values in physical units as float32, nodata as NaN."""
    return decoded(values, product.variable(variable))


def decoded(values: np.ndarray, variable: Variable) -> np.ndarray:
    """Stored values of a variable in physical units as float32, nodata as NaN."""
    scaled = values.astype(np.float32)
    if variable.scale_factor is not None:
        scaled *= np.float32(variable.scale_factor)
    if variable.add_offset is not None:
        scaled += np.float32(variable.add_offset)
    scaled[values == variable.nodata] = np.nan
    return scaled


def ratio(raster: Raster, product: Product, variable: str = "backscatter") -> tuple[np.ndarray, tuple[str, ...]]:
    """The ratio of like- to cross-polarised power in dB, such as VV − VH: derived here, because it follows.

    Args:
        raster: a tile in stored units, as `read_tile` gives it.
        product: its product.
        variable: the variable of backscatter in dB.

    Returns:
        (frame, pair, y, x) as float32, NaN where either band is nodata; and the pairs' names: `vv_vh_asc`, `hh_hv`.

    Raises:
        ConfigError: if the product has no such variable, it is not in dB, or has no two polarisations.
    """
    found = next((v for v in product.variables if v.name == variable), None)
    if found is None or found.units != "dB":
        raise ConfigError(f"product {product.name!r} has no variable {variable!r} in dB, to take the ratio of")
    pairs = {}
    for index, band in enumerate(found.bands):
        other = _CROSS.get(band[:2], "") + band[2:]
        if other in found.bands:
            pairs[f"{band[:2]}_{other}"] = (index, found.bands.index(other))
    if not pairs:
        bands = ", ".join(found.bands)
        raise ConfigError(f"variable {variable!r} of product {product.name!r} has the bands {bands}: no two to compare")
    values = decoded(raster[variable], found)
    made: np.ndarray = np.stack([values[:, like] - values[:, cross] for like, cross in pairs.values()], axis=1)
    return made, tuple(pairs)
