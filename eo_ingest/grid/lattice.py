"""What a product needs to know of a grid: how fine it is, how large a tile and how many of them make a block."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self

from eo_ingest.errors import ConfigError
from eo_ingest.grid.cell import BLOCK_TILES, Block, Tile


@dataclass(frozen=True, slots=True)
class Lattice:
    """The numbers that are the same in all zones of a grid.

    Attributes:
        resolution: metres per pixel of the finest sampling.
        tile_px: pixels along a tile's side at that resolution.
        block_tiles: tiles along a block's side.
        stacked: whether tiles are chips, each with a place of its own, rather than neighbours.
    """

    resolution: int = 10
    tile_px: int = 448
    block_tiles: int = BLOCK_TILES
    stacked: bool = False

    @property
    def tile_size(self) -> int:
        """Metres along a tile's side."""
        return self.resolution * self.tile_px

    @property
    def factors(self) -> tuple[int, ...]:
        """The samplings that nest, as multiples of the resolution: the divisors of `tile_px`."""
        return _divisors(self.tile_px)

    def nearest(self, resolution: int) -> int:
        """Return the sampling in metres for what is natively at `resolution`: the coarsest that loses nothing.

        That is the coarsest that nests and is not coarser than `resolution`, or the finest there is.
        """
        fit = [factor for factor in self.factors if factor * self.resolution <= resolution]
        return self.resolution * (fit[-1] if fit else 1)

    def factor(self, resolution: float) -> int:
        """Return how many of the finest pixels a pixel of `resolution` metres spans along a side.

        Raises:
            ConfigError: if coarse pixels would not cover whole fine ones and fill whole tiles.
        """
        factor = round(resolution / self.resolution)
        if factor * self.resolution != resolution or factor not in self.factors:
            valid = ", ".join(str(n * self.resolution) for n in self.factors)
            raise ConfigError(f"{resolution:g} m does not nest in a tile: expected one of {valid} m")
        return factor

    def block_of(self, tile: Tile) -> Block:
        """Return the block that holds a tile."""
        side = self.block_tiles
        if self.stacked:
            return Block(tile.zone, tile.row // side**2, 0, side, stacked=True)
        return Block(tile.zone, tile.row // side, tile.col // side, side)

    def index_of(self, tile: Tile) -> int:
        """Return a tile's place within its block: the number of its bit in a mask."""
        side = self.block_tiles
        if self.stacked:
            return tile.row % side**2
        return tile.row % side * side + tile.col % side

    def single(self) -> Self:
        """Return the same with blocks of one tile."""
        return replace(self, block_tiles=1)


@lru_cache(maxsize=64)
def _divisors(number: int) -> tuple[int, ...]:
    return tuple(n for n in range(1, number + 1) if number % n == 0)
