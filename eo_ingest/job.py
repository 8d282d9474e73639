"""A job: one product, one period, one block. Its key is its identity and its address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eo_ingest.errors import ConfigError
from eo_ingest.grid import Block

if TYPE_CHECKING:
    from collections.abc import Iterable

BLOCK_TILES = 4
ALL_TILES = 0xFFFF


def tiles_of(mask: int) -> list[int]:
    """The tiles of a 16-bit mask, as indices 0 to 15 in row-major order from the north-west."""
    return [i for i in range(BLOCK_TILES * BLOCK_TILES) if mask >> i & 1]


def mask_of(tiles: Iterable[int]) -> int:
    """The 16-bit mask of tile indices."""
    mask = 0
    for i in tiles:
        mask |= 1 << i
    return mask


@dataclass(frozen=True, slots=True)
class Job:
    """The tiles (16-bit mask) of one block that are wanted of one product in one period."""

    product: str
    period: str
    block: Block
    tiles: int

    @property
    def key(self) -> str:
        """`<product>/<period>/<zone>/<block id>`."""
        return f"{self.product}/{self.period}/{self.block.zone}/{self.block.id}"

    @property
    def spec(self) -> str:
        """The job as one string, key and tile mask: what crosses a process border. `parse` reads it."""
        return f"{self.key}:{self.tiles:04x}"

    @classmethod
    def parse(cls, spec: str) -> Job:
        """Read what `spec` wrote.

        Raises:
            ConfigError: if it is not a job.
        """
        key, colon, mask = spec.partition(":")
        parts = key.split("/")
        try:
            product, period, zone, block_id = parts
            tiles = int(mask, 16)
        except ValueError as err:
            raise ConfigError(f"{spec!r} is not a job: expected <product>/<period>/<zone>/<block>:<tiles>") from err
        block = Block.parse(block_id)
        if not colon or block.zone != zone or not 0 < tiles <= block.full:
            raise ConfigError(f"{spec!r} is not a job: its zone, block and tiles do not agree")
        return cls(product, period, block, tiles)
