"""A zone of chips: one UTM CRS, and squares on its pixel grid that need not be neighbours and may overlap."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from eo_ingest.errors import ConfigError
from eo_ingest.grid.cell import Block, Tile
from eo_ingest.grid.chips.table import Chips
from eo_ingest.grid.lattice import Lattice
from eo_ingest.grid.zone import Affine, Bounds, Indexes, Zone, utm_band, utm_crs

SOUTH, NORTH = -80.0, 84.0  # degrees: what UTM is for


@dataclass(frozen=True, slots=True)
class ChipZone(Zone):
    """The chips of one CRS. Arrays stack them: a tile's row is its chip's number, its column is 0.

    Attributes:
        ids: the chips' foreign ids.
        left: x of their left edges, in metres.
        top: y of their top edges, in metres.
        covered: share of the foreign footprint that each covers; NaN where that is a point.
    """

    ids: NDArray[np.object_] = field(compare=False)
    left: NDArray[np.int64] = field(compare=False)
    top: NDArray[np.int64] = field(compare=False)
    covered: NDArray[np.float64] = field(compare=False)

    @property
    def lattice(self) -> Lattice:
        """See `Zone.lattice`."""
        return Lattice(self.resolution, self.tile_px, self.block_tiles, stacked=True)

    @property
    def stacked(self) -> bool:
        """See `Zone.stacked`."""
        return True

    @property
    def tile_rows(self) -> int:
        """The number of chips."""
        return len(self.ids)

    @property
    def tile_cols(self) -> int:
        """One: a stack is one chip wide."""
        return 1

    def bounds(self, cell: Tile | Block) -> Bounds:
        """See `Zone.bounds`; of a block, what its chips reach over together."""
        self.check(cell)
        chips = slice(cell.row, cell.row + 1)
        if isinstance(cell, Block):
            chips = slice(cell.row * cell.count, (cell.row + 1) * cell.count)
        left, top = self.left[chips], self.top[chips]
        size = self.tile_size
        return float(left.min()), float(top.min() - size), float(left.max() + size), float(top.max())

    def affine(self, cell: Tile | Block | None = None, *, factor: int = 1) -> Affine:
        """See `Zone.affine`; arrays and blocks of several chips have none."""
        if cell is None or (isinstance(cell, Block) and cell.count > 1):
            raise ConfigError(f"chips of zone '{self.name}' have places of their own: ask for one tile's transform")
        self._px(factor)
        step = float(self.resolution * factor)
        left, _, _, top = self.bounds(cell)
        return step, 0.0, left, 0.0, -step, top

    def check(self, cell: Tile | Block) -> None:
        """See `Zone.check`; blocks of one chip are always cells of the zone."""
        kind = "block" if isinstance(cell, Block) else "tile"
        if cell.zone != self.name:
            raise ConfigError(f"{kind} '{cell.id}' belongs to zone '{cell.zone}', not '{self.name}'")
        rows = self.tile_rows
        if isinstance(cell, Block):
            if not cell.stacked or cell.side not in {1, self.block_tiles}:
                expected = self.block(0, 0).id
                raise ConfigError(f"block '{cell.id}' is no stack of the grid: expected one such as '{expected}'")
            rows = -(-rows // cell.count)
        if not (0 <= cell.row < rows and cell.col == 0):
            raise ConfigError(f"{kind} '{cell.id}' lies outside its zone: expected rows 0 to {rows - 1} and column 0")

    def block(self, row: int, col: int) -> Block:
        """See `Zone.block`."""
        return Block(self.name, row, col, self.block_tiles, stacked=True)

    def tile_indexes(self, rows: Indexes, cols: Indexes, masks: NDArray[np.uint16]) -> tuple[Indexes, Indexes]:
        """See `Zone.tile_indexes`."""
        count = self.block_tiles**2
        block, index = np.nonzero(masks[:, None] >> np.arange(count, dtype=np.uint16) & 1)
        numbers = np.sort(rows[block] * count + index.astype(np.int32))
        return numbers, np.zeros_like(cols, shape=numbers.shape)

    def places(
        self, rows: Indexes, cols: Indexes, *, down: float, across: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """See `Zone.places`."""
        del cols
        left, top = (edges[rows].astype(np.float64) for edges in (self.left, self.top))
        return left + across * self.tile_size, top - down * self.tile_size


def chip_zones(chips: Chips, lattice: Lattice) -> list[ChipZone]:
    """Return the zones that have chips, sorted by name."""
    zones = []
    for name in chips.names():
        own = chips.zones == name
        zones.append(
            ChipZone(
                name=name,
                crs=utm_crs(name),
                x_left=0,
                y_top=0,
                resolution=lattice.resolution,
                tile_px=lattice.tile_px,
                block_tiles=lattice.block_tiles,
                block_rows=-(-int(own.sum()) // lattice.block_tiles**2),
                block_cols=1,
                band=utm_band(name, south=SOUTH, north=NORTH),
                ids=chips.ids[own],
                left=chips.left[own],
                top=chips.top[own],
                covered=chips.covered[own],
            )
        )
    return zones
