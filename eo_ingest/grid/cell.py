"""Tiles and blocks: the addresses of a grid."""

import re
from dataclasses import dataclass
from typing import Self

from eo_ingest.errors import ConfigError

BLOCK_TILES = 4
"""Tiles along a block's side where a grid does not say otherwise."""

SIDES = (1, 2, 4)
"""What it may say: records hold the tiles of a block as a 16-bit mask."""

_NUMBER = "(0|[1-9][0-9]*)"
_TILE_ID = re.compile(f"([a-z0-9-]+)_{_NUMBER}_{_NUMBER}")
_BLOCK_ID = re.compile(f"([a-z0-9-]+)_([12]?)([bs]){_NUMBER}_{_NUMBER}")


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """One inner chunk of an array.

    Attributes:
        zone: name of the zone, such as `utm31n`.
        row: index of the chunk down from the top of the zone's arrays; of a chip, its number.
        col: index of the chunk from their left; of a chip, 0.
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


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """Some tiles side by side: one shard of an array, one job, one record.

    Attributes:
        zone: name of the zone, such as `utm31n`.
        row: index of the shard down from the top of the zone's arrays; in a stack, its number.
        col: index of the shard from their left; in a stack, 0.
        side: tiles along the block's side; it has `side` × `side` of them.
        stacked: whether they are chips that only follow each other in a stack.
    """

    zone: str
    row: int
    col: int
    side: int = BLOCK_TILES
    stacked: bool = False

    @property
    def id(self) -> str:
        """`<zone>_b<row>_<col>`; `2b` for 2 × 2 tiles, `1b` for one; `s` for a stack of chips."""
        side = "" if self.side == BLOCK_TILES else self.side
        return f"{self.zone}_{side}{'s' if self.stacked else 'b'}{self.row}_{self.col}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the block whose `id` is `text`.

        Raises:
            ConfigError: if `text` is no block id.
        """
        match = _BLOCK_ID.fullmatch(text)
        if match is None:
            raise ConfigError(f"'{text}' is not a block id: expected '<zone>_b<row>_<col>', such as 'utm31n_b1_0'")
        return cls(match[1], int(match[4]), int(match[5]), int(match[2] or BLOCK_TILES), stacked=match[3] == "s")

    @property
    def count(self) -> int:
        """How many tiles it has."""
        return self.side**2

    @property
    def full(self) -> int:
        """The mask of all its tiles."""
        return (1 << self.side**2) - 1

    def place(self, index: int) -> tuple[int, int]:
        """Return (row, col) of a tile within the block, counted in tiles from the top left.

        Raises:
            IndexError: if there is no such tile.
        """
        if not 0 <= index < self.side**2:
            raise IndexError(f"a block has tiles 0 to {self.side**2 - 1}, not {index}")
        return divmod(index, self.side)

    def tile(self, index: int) -> Tile:
        """Return the tile at `index`, counted row by row from the top left, or along the stack.

        Raises:
            IndexError: if there is no such tile.
        """
        down, across = self.place(index)
        if self.stacked:
            return Tile(self.zone, self.row * self.side**2 + index, 0)
        return Tile(self.zone, self.row * self.side + down, self.col * self.side + across)
