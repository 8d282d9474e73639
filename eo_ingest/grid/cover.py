"""Which tiles an area needs: the result, block by block. `eo_ingest.grid.enumerate` finds them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from eo_ingest.errors import ConfigError
from eo_ingest.grid.cell import Block, Tile
from eo_ingest.grid.zone import Indexes, Zone

if TYPE_CHECKING:
    from eo_ingest.grid.grid import Grid


@dataclass(frozen=True, slots=True)
class BlockCover:
    """A block and which of its tiles are asked for.

    Attributes:
        block: the block.
        mask: 16 bits; bit `i` is the tile at index `i` of the block.
    """

    block: Block
    mask: int

    @property
    def tiles(self) -> list[Tile]:
        """The tiles asked for, by their index in the block."""
        return [self.block.tile(index) for index in range(self.block.count) if self.mask >> index & 1]


@dataclass(frozen=True, slots=True, eq=False)
class ZoneCover:
    """The blocks of one zone that an area needs, as parallel arrays sorted by (row, col).

    Attributes:
        zone: the zone.
        rows: block rows.
        cols: block columns.
        masks: 16-bit masks of tiles.
    """

    zone: Zone
    rows: Indexes
    cols: Indexes
    masks: NDArray[np.uint16]

    @property
    def tiles(self) -> int:
        """The number of tiles."""
        return int(np.bitwise_count(self.masks).sum())

    def tile_indexes(self) -> tuple[Indexes, Indexes]:
        """Return the (rows, cols) of the tiles, sorted by (row, col)."""
        return self.zone.tile_indexes(self.rows, self.cols, self.masks)

    def has(self, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which tiles, of a zone that is no stack, are among those of the cover; they may lie off the arrays."""
        side, across = self.zone.block_tiles, self.zone.block_cols
        keys = self.rows.astype(np.int64) * across + self.cols
        wanted = rows // side * across + cols // side
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        bits = (rows % side * side + cols % side).astype(np.uint16)
        found = (keys[place] == wanted) & (cols >= 0) & (cols < self.zone.tile_cols)
        return np.asarray(found & (self.masks[place] >> bits & 1).astype(bool))


class Blocks(Sequence[BlockCover]):
    """The blocks of a cover in the order (zone, row, col), made one by one as they are asked for."""

    def __init__(self, zones: Sequence[ZoneCover]) -> None:
        self._zones = zones
        self._ends = np.cumsum([len(zone.masks) for zone in zones], dtype=np.int64)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    @overload
    def __getitem__(self, index: int) -> BlockCover: ...
    @overload
    def __getitem__(self, index: slice) -> list[BlockCover]: ...
    def __getitem__(self, index: int | slice) -> BlockCover | list[BlockCover]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"block {index} of {len(self)}")
        number = int(np.searchsorted(self._ends, place, side="right"))
        return _block(self._zones[number], place - int(self._ends[number]))

    def __iter__(self) -> Iterator[BlockCover]:
        for zone in self._zones:
            for place in range(len(zone.masks)):
                yield _block(zone, place)


def _block(zone: ZoneCover, place: int) -> BlockCover:
    return BlockCover(zone.zone.block(int(zone.rows[place]), int(zone.cols[place])), int(zone.masks[place]))


@dataclass(frozen=True, slots=True, eq=False)
class Cover:
    """The tiles of a grid that an area needs.

    Attributes:
        grid: the grid.
        zones: the zones met, sorted by name; each has at least one tile.
    """

    grid: "Grid"
    zones: tuple[ZoneCover, ...]

    @property
    def tiles(self) -> int:
        """The number of tiles."""
        return sum(zone.tiles for zone in self.zones)

    def masks(self, limit: int | None = None) -> Counter[int]:
        """Count which tiles blocks have, of all blocks or of the first so many."""
        every = np.concatenate([zone.masks for zone in self.zones])[:limit]
        masks, times = np.unique(every, return_counts=True)
        return Counter(dict(zip(masks.tolist(), times.tolist(), strict=True)))

    @property
    def blocks(self) -> Blocks:
        """The blocks with their masks, lazily, in the order (zone, row, col)."""
        return Blocks(self.zones)

    def iter_tiles(self) -> Iterator[Tile]:
        """Yield the tiles in the order (zone, row, col)."""
        for zone in self.zones:
            for row, col in zip(*(indexes.tolist() for indexes in zone.tile_indexes()), strict=True):
                yield Tile(zone.zone.name, row, col)

    def only(self, tiles: Iterable[Tile]) -> "Cover":
        """Return the cover of some of its tiles.

        Raises:
            ConfigError: if one is not in it, or there is none.
        """
        wanted: dict[Block, int] = {}
        for tile in tiles:
            block = self.grid.lattice.block_of(tile)
            wanted[block] = wanted.get(block, 0) | 1 << self.grid.lattice.index_of(tile)
        zones = []
        for part in self.zones:
            asked = [wanted.get(_block(part, place).block, 0) for place in range(len(part.masks))]
            masks = np.array(asked, dtype=np.uint16) & part.masks
            kept = masks > 0
            if kept.any():
                zones.append(ZoneCover(part.zone, part.rows[kept], part.cols[kept], masks[kept]))
        found = Cover(self.grid, tuple(zones))
        met = {block.block: block.mask for block in found.blocks}
        for block, mask in sorted(wanted.items()):
            if stray := mask & ~met.get(block, 0):
                tile = BlockCover(block, stray).tiles[0]
                raise ConfigError(f"tile '{tile.id}' is asked for, and is none that the area needs: leave it out")
        if not zones:
            raise ConfigError("no tile is asked for: expected one or more")
        return found

    def frame(self, zone: str | None = None) -> Any:
        """Return the tiles as a GeoDataFrame in EPSG:4326, of one zone or of all.

        Columns: id, zone, row, col, block, geometry (four corners; split where it crosses ±180°), centroid (point).

        Raises:
            ConfigError: if the area has no tile in `zone`.
        """
        from eo_ingest.grid.frame import tile_frame

        zones = [part for part in self.zones if zone in (None, part.zone.name)]
        if not zones:
            met = ", ".join(part.zone.name for part in self.zones)
            raise ConfigError(f"the area has no tile in zone '{zone}': expected one of {met}")
        return tile_frame(zones)
