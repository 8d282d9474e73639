"""Where everything is in a store: the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eo_ingest.grid import Block

FORMAT_VERSION = 1
OURS = "eo_ingest"  # the root attribute that tells our stores from others

ROOT = "zarr.json"
MANIFEST = "manifest"
COMPACTION = "manifest.parquet"
TILES = "tiles"
RUNS = "runs"
DEFINITIONS = "products"
CHIPS = "chips.parquet"
RESERVED = {MANIFEST, COMPACTION, TILES, RUNS, DEFINITIONS, CHIPS}

_MAP, _STACK = 4, 5  # dimensions of an array: (frame, band, y, x), before them the chip where chips are stacked


def group(product: str, period: str, zone: str) -> str:
    """The group of a product's arrays in one period and zone."""
    return f"{product}/{period}/{zone}"


def shard(product: str, period: str, block: Block, variable: str) -> str:
    """The object that holds one block of a variable."""
    place = f"{block.row}/0/0/0/0" if block.stacked else f"0/0/{block.row}/{block.col}"
    return f"{group(product, period, block.zone)}/{variable}/c/{place}"


def place_of_shard(key: str) -> tuple[str, str, str, int, int] | None:
    """The (product, period, zone, row, column) of the block in an object's key; None if the object is no shard."""
    parts = key.split("/")
    if len(parts) < _MAP + 5 or parts[0] in RESERVED or parts[4] != "c" or not "".join(parts[5:]).isdecimal():
        return None
    product, period, zone = parts[:3]
    numbers = [int(part) for part in parts[5:]]
    if [str(number) for number in numbers] != parts[5:]:
        return None
    if len(numbers) == _MAP and not any(numbers[:2]):
        return product, period, zone, numbers[2], numbers[3]
    if len(numbers) == _STACK and not any(numbers[1:]):
        return product, period, zone, numbers[0], 0
    return None


def records(product: str, period: str) -> str:
    """The folder of a product's records in one period."""
    return f"{MANIFEST}/{product}/{period}"


def definition(product: str) -> str:
    """What the store keeps of a user's product."""
    return f"{DEFINITIONS}/{product}.json"


def run(run_id: str) -> str:
    """The description of one run."""
    return f"{RUNS}/{run_id}.json"


def tiles(zone: str) -> str:
    """The index of a zone's tiles."""
    return f"{TILES}/{zone}.parquet"
