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
RESERVED = {MANIFEST, COMPACTION, TILES, RUNS, DEFINITIONS}


def group(product: str, period: str, zone: str) -> str:
    """The group of a product's arrays in one period and zone."""
    return f"{product}/{period}/{zone}"


def shard(product: str, period: str, block: Block, variable: str) -> str:
    """The object that holds one block of a variable."""
    return f"{group(product, period, block.zone)}/{variable}/c/0/0/{block.row}/{block.col}"


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
