"""Pictures of a store: what people look at before they believe numbers."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest import reader
from eo_ingest.errors import ConfigError
from eo_ingest.period import Period

if TYPE_CHECKING:
    from pathlib import Path

    from eo_ingest.grid import Block
    from eo_ingest.ports import Store
    from eo_ingest.product import Product, Variable

NOTHING = (32, 32, 40)
_STRETCH = {"dB": (-25.0, 0.0), "1": (0.0, 0.3)}


def draw(store: Store, product: Product, period: str, *, frame: str | None = None, max_px: int = 2048) -> np.ndarray:
    """What the store has of a product, as RGBA (height, width, 4); zones stacked from the top.

    Nodata is dark, what was never made is transparent.

    Raises:
        ConfigError: if there is nothing of it, or no such frame.
        OutputError: if stored bytes are damaged.
    """
    labels = [f.label for f in product.frames(Period.parse(period))]
    if frame is not None and frame not in labels:
        raise ConfigError(f"product {product.name!r} has the frames {', '.join(labels)}, not {frame!r}")
    index = labels.index(frame) if frame else len(labels) - 1
    by_zone: dict[str, list[Block]] = {}
    for block in reader.blocks(store, product, period):
        by_zone.setdefault(block.zone, []).append(block)
    pictures = [_draw_zone(store, product, period, index, found, max_px) for found in by_zone.values()]
    width = max(picture.shape[1] for picture in pictures)
    padded = [np.pad(p, ((0, 0), (0, width - p.shape[1]), (0, 0))) for p in pictures]
    return np.concatenate(padded)


def write_png(picture: np.ndarray, path: Path) -> None:
    """Write RGBA (height, width, 4) as a PNG.

    Raises:
        ConfigError: if it cannot be written there.
    """
    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.io import MemoryFile

    height, width, bands = picture.shape
    with MemoryFile() as memory, warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a picture has no place on Earth
        with memory.open(driver="PNG", height=height, width=width, count=bands, dtype="uint8") as file:
            file.write(np.moveaxis(picture, -1, 0))
        data = memory.read()
    try:
        path.write_bytes(data)
    except OSError as err:
        raise ConfigError(f"cannot write the picture {path}: {err.strerror or err}") from err


def _draw_zone(store: Store, product: Product, period: str, frame: int, blocks: list[Block], max_px: int) -> np.ndarray:
    tiles = [block.tile(i) for block in blocks for i in reader.tiles(store, product, period, block)]
    top, left = min(tile.row for tile in tiles), min(tile.col for tile in tiles)
    tall, wide = max(tile.row for tile in tiles) - top + 1, max(tile.col for tile in tiles) - left + 1
    step = max(1, -(-max(tall, wide) * product.tile_px // max_px))
    small = len(range(0, product.tile_px, step))
    picture = np.zeros((tall * small, wide * small, 4), dtype=np.uint8)
    variable = product.variables[0]
    for block in blocks:
        for index, raster in reader.read_block(store, product, period, block).items():
            tile = block.tile(index)
            y, x = (tile.row - top) * small, (tile.col - left) * small
            thin = raster[variable.name][frame, :, ::step, ::step]
            picture[y : y + small, x : x + small] = _colour(thin, product, variable)
    return picture


def _colour(values: np.ndarray, product: Product, variable: Variable) -> np.ndarray:
    """RGBA of bands (band, y, x): classes in their own colours, S2 in true colour, radar as VV, VH, VV."""
    picture = np.empty((*values.shape[1:], 4), dtype=np.uint8)
    picture[..., :3] = NOTHING
    picture[..., 3] = 255
    if variable.flags:
        for flag in variable.flags:
            picture[values[0] == flag.value, :3] = [int(flag.colour[i : i + 2], 16) for i in (1, 3, 5)]
        return picture
    chosen = (2, 1, 0) if variable.bands[:3] == ("B2", "B3", "B4") else (0, min(1, len(values) - 1), 0)
    low, high = _STRETCH.get(variable.units, variable.valid_range)
    with np.errstate(invalid="ignore"):
        scaled = (reader.physical(values[list(chosen)], product, variable.name) - low) / (high - low)
    valid = np.isfinite(scaled).all(axis=0)
    picture[valid, :3] = np.moveaxis(np.clip(scaled, 0, 1) * 255, 0, -1)[valid].astype(np.uint8)
    return picture
