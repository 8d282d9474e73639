"""Tiles and blocks: the addresses of a grid."""

import re
from dataclasses import dataclass
from typing import Self

from eo_ingest.errors import ConfigError

BLOCK_TILES = 4
"""Tiles along a block's side. Records hold the tiles of a block as a 16-bit mask, so it is the same in every grid."""

_NUMBER = "(0|[1-9][0-9]*)"
_TILE_ID = re.compile(f"([a-z0-9-]+)_{_NUMBER}_{_NUMBER}")
_BLOCK_ID = re.compile(f"([a-z0-9-]+)_b{_NUMBER}_{_NUMBER}")


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """Four by four tiles: one shard of an array, one job, one record.

    Attributes:
        zone: name of the zone, such as `utm31n`.
        row: index of the shard down from the top of the zone's arrays.
        col: index of the shard from their left.
    """

    zone: str
    row: int
    col: int

    @property
    def id(self) -> str:
        """`<zone>_b<row>_<col>`."""
        return f"{self.zone}_b{self.row}_{self.col}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the block whose `id` is `text`.

        Raises:
            ConfigError: if `text` is no block id.
        """
        match = _BLOCK_ID.fullmatch(text)
        if match is None:
            raise ConfigError(f"'{text}' is not a block id: expected '<zone>_b<row>_<col>', such as 'utm31n_b1_0'")
        return cls(match[1], int(match[2]), int(match[3]))

    def tile(self, index: int) -> "Tile":
        """Return the tile at `index`, counted row by row from the top left (0 to 15)."""
        if not 0 <= index < BLOCK_TILES**2:
            raise IndexError(f"a block has tiles 0 to {BLOCK_TILES**2 - 1}, not {index}")
        down, across = divmod(index, BLOCK_TILES)
        return Tile(self.zone, self.row * BLOCK_TILES + down, self.col * BLOCK_TILES + across)


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """One inner chunk of an array: 448 by 448 pixels at the grid's own resolution.

    Attributes:
        zone: name of the zone, such as `utm31n`.
        row: index of the chunk down from the top of the zone's arrays.
        col: index of the chunk from their left.
    """

    zone: str
    row: int
    col: int

    @property
    def id(self) -> str:
        """`<zone>_<row>_<col>`."""
        return f"{self.zone}_{self.row}_{self.col}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the tile whose `id` is `text`.

        Raises:
            ConfigError: if `text` is no tile id.
        """
        match = _TILE_ID.fullmatch(text)
        if match is None:
            raise ConfigError(f"'{text}' is not a tile id: expected '<zone>_<row>_<col>', such as 'utm31n_7_2'")
        return cls(match[1], int(match[2]), int(match[3]))

    @property
    def block(self) -> Block:
        """The block that holds the tile."""
        return Block(self.zone, self.row // BLOCK_TILES, self.col // BLOCK_TILES)

    @property
    def index_in_block(self) -> int:
        """Place within the block, row by row from the top left (0 to 15): the tile's bit in a mask."""
        return self.row % BLOCK_TILES * BLOCK_TILES + self.col % BLOCK_TILES
