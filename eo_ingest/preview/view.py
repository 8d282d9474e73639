"""Which ground a sheet shows: one tile, all that a zone holds, or a window of it that does not take long to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.grid import Tile
from eo_ingest.job import tiles_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eo_ingest.grid import Block, Zone
    from eo_ingest.preview.holding import Holding, Masks

READ_BYTES = 2 * 1024**3  # decoded, some 200 MB/s: a sheet takes a quarter of a minute at most
MAX_TILES = 112  # along a side: no tile becomes less than a pixel
_FEW, _SPARSE = 8, 2  # what was asked for is shown whole if so few tiles wide, or so many times what was tried


@dataclass(frozen=True)
class View:
    """A rectangle of `rows` by `cols` tiles of a zone, from tile (row, col) in its north-west."""

    zone: Zone
    row: int
    col: int
    rows: int = 1
    cols: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """Width and height on the ground, in metres."""
        return self.cols * self.zone.tile_size, self.rows * self.zone.tile_size

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(xmin, ymin, xmax, ymax) in the zone's CRS."""
        left, _, _, top = self.zone.bounds(Tile(self.zone.name, self.row, self.col))
        width, height = self.size
        return left, top - height, left + width, top

    def within(self, block: Block, mask: int) -> Iterator[tuple[int, int, int]]:
        """The tiles of a block's mask that lie in the view: index in the block, row and column in the view."""
        for index in tiles_of(mask):
            tile = block.tile(index)
            row, col = tile.row - self.row, tile.col - self.col
            if 0 <= row < self.rows and 0 <= col < self.cols:
                yield index, row, col

    def blocks(self, masks: Masks) -> list[Block]:
        """The blocks that have tiles of these in the view."""
        return [block for block, mask in masks.items() if any(True for _ in self.within(block, mask))]

    def count(self, masks: Masks) -> int:
        """How many tiles of these lie in the view."""
        return sum(1 for block, mask in masks.items() for _ in self.within(block, mask))


def of_tile(zone: Zone, tile: Tile) -> View:
    """The view of one tile."""
    return View(zone, tile.row, tile.col)


def of_all(zone: Zone, holdings: Sequence[Holding], tile_bytes: int) -> View:
    """All that a zone was asked for, or what was tried of it where that is little, or the fullest window of that.

    Args:
        zone: the zone.
        holdings: what it holds.
        tile_bytes: what one tile of all series takes, decoded.
    """
    asked = np.array(sorted({t for holding in holdings for t in _tiles(holding.known)}))
    tried = {t for holding in holdings for masks in (holding.done, holding.failed) for t in _tiles(masks)}
    tiles = np.array(sorted(tried)) if tried else asked
    whole, all_asked = _bounding(zone, tiles), _bounding(zone, asked)
    if max(all_asked.rows, all_asked.cols) <= max(_FEW, _SPARSE * max(whole.rows, whole.cols)):
        whole = all_asked
    if max(whole.rows, whole.cols) <= MAX_TILES and len(tiles) * tile_bytes <= READ_BYTES:
        return whole
    side = max(1, min(MAX_TILES, int((READ_BYTES / tile_bytes) ** 0.5)))
    top, left = _fullest(tiles - (whole.row, whole.col), side)
    row, col = whole.row + top, whole.col + left
    inside = ((tiles >= (row, col)) & (tiles < (row + side, col + side))).all(axis=1)
    return _bounding(zone, tiles[inside])


def _tiles(masks: Masks) -> Iterator[tuple[int, int]]:
    for block, mask in masks.items():
        for index in tiles_of(mask):
            tile = block.tile(index)
            yield tile.row, tile.col


def _bounding(zone: Zone, tiles: np.ndarray) -> View:
    (top, left), (bottom, right) = tiles.min(axis=0).tolist(), tiles.max(axis=0).tolist()
    return View(zone, top, left, bottom - top + 1, right - left + 1)


def _fullest(tiles: np.ndarray, side: int) -> tuple[int, int]:
    """Where the window of `side` by `side` begins that has the most of these tiles; of several the first."""
    height, width = (int(n) + 1 for n in tiles.max(axis=0))
    counts = np.zeros((max(height, side) + 1, max(width, side) + 1), dtype=np.int64)
    counts[tiles[:, 0] + 1, tiles[:, 1] + 1] = 1
    total = counts.cumsum(axis=0).cumsum(axis=1)
    sums = total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
    row, col = np.unravel_index(int(sums.argmax()), sums.shape)
    return int(row), int(col)
