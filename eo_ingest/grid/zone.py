"""A zone: one CRS, one lattice, one array extent."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eo_ingest.errors import ConfigError
from eo_ingest.grid.cell import Block, Tile
from eo_ingest.grid.lattice import Lattice

Affine = tuple[float, float, float, float, float, float]
"""`(a, b, c, d, e, f)`: x = a·col + b·row + c and y = d·col + e·row + f, at the outer corner of a pixel."""

Bounds = tuple[float, float, float, float]
"""`(xmin, ymin, xmax, ymax)`."""

Indexes = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Zone:
    """The lattice of one CRS. Arrays are north-up: row 0 is at the top.

    Attributes:
        name: such as `utm31n`.
        crs: such as `EPSG:32631`; its unit is the metre.
        x_left: x of the arrays' left edge.
        y_top: y of the arrays' top edge.
        resolution: metres per pixel of the finest sampling.
        tile_px: pixels along a tile's side at that resolution.
        block_tiles: tiles along a block's side.
        block_rows: blocks down the arrays.
        block_cols: blocks across the arrays.
        band: the area that the zone is for, in degrees: (west, south, east, north).
    """

    name: str
    crs: str
    x_left: int
    y_top: int
    resolution: int
    tile_px: int
    block_tiles: int
    block_rows: int
    block_cols: int
    band: Bounds

    @property
    def lattice(self) -> Lattice:
        """The numbers that the zone shares with all others of its grid."""
        return Lattice(self.resolution, self.tile_px, self.block_tiles)

    @property
    def stacked(self) -> bool:
        """Whether the arrays stack chips, rather than lay tiles side by side as on a map."""
        return False

    @property
    def epsg(self) -> int:
        """The EPSG code of the CRS."""
        return int(self.crs.removeprefix("EPSG:"))

    @property
    def tile_size(self) -> int:
        """Metres along a tile's side."""
        return self.resolution * self.tile_px

    @property
    def tile_rows(self) -> int:
        """Tiles down the arrays."""
        return self.block_rows * self.block_tiles

    @property
    def tile_cols(self) -> int:
        """Tiles across the arrays."""
        return self.block_cols * self.block_tiles

    @property
    def factors(self) -> tuple[int, ...]:
        """The samplings that nest in this zone, as multiples of its resolution: the divisors of `tile_px`."""
        return self.lattice.factors

    def factor(self, resolution: float) -> int:
        """Return how many of the zone's finest pixels a pixel of `resolution` metres spans along a side.

        Raises:
            ConfigError: if coarse pixels would not cover whole fine ones and fill whole tiles.
        """
        try:
            return self.lattice.factor(resolution)
        except ConfigError as err:
            raise ConfigError(f"zone '{self.name}': {err}") from err

    def shape(self, *, factor: int = 1) -> tuple[int, int]:
        """Return (height, width) in pixels of the zone's arrays, sampled at `factor` times the resolution."""
        return self.tile_rows * self._px(factor), self.tile_cols * self._px(factor)

    def cell_shape(self, cell: Tile | Block, *, factor: int = 1) -> tuple[int, int]:
        """Return (height, width) in pixels of a tile or a block, sampled at `factor` times the resolution."""
        side = self._px(factor) * (self.block_tiles if isinstance(cell, Block) else 1)
        return side, side

    def bounds(self, cell: Tile | Block) -> Bounds:
        """Return (xmin, ymin, xmax, ymax) of a tile or a block in the zone's CRS, in metres.

        Raises:
            ConfigError: if the cell is of another zone or lies outside the arrays.
        """
        self.check(cell)
        size = self.tile_size * (self.block_tiles if isinstance(cell, Block) else 1)
        left, top = self.x_left + cell.col * size, self.y_top - cell.row * size
        return float(left), float(top - size), float(left + size), float(top)

    def affine(self, cell: Tile | Block | None = None, *, factor: int = 1) -> Affine:
        """Return the pixel-to-CRS transform of a tile, of a block or (None) of the whole arrays.

        Raises:
            ConfigError: if the cell is of another zone or lies outside the arrays, or `factor` does not nest.
        """
        self._px(factor)
        step = float(self.resolution * factor)
        if cell is None:
            return step, 0.0, float(self.x_left), 0.0, -step, float(self.y_top)
        left, _, _, top = self.bounds(cell)
        return step, 0.0, left, 0.0, -step, top

    def check(self, cell: Tile | Block) -> None:
        """Raise ConfigError if the cell is not one of this zone."""
        kind = "block" if isinstance(cell, Block) else "tile"
        if cell.zone != self.name:
            raise ConfigError(f"{kind} '{cell.id}' belongs to zone '{cell.zone}', not '{self.name}'")
        if isinstance(cell, Block) and (cell.side, cell.stacked) != (self.block_tiles, False):
            expected = Block(self.name, 0, 0, self.block_tiles).id
            raise ConfigError(
                f"block '{cell.id}' is of another size than the grid's: expected one such as '{expected}'"
            )
        rows, cols = (self.block_rows, self.block_cols) if kind == "block" else (self.tile_rows, self.tile_cols)
        if not (0 <= cell.row < rows and 0 <= cell.col < cols):
            limits = f"rows 0 to {rows - 1} and columns 0 to {cols - 1}"
            raise ConfigError(f"{kind} '{cell.id}' lies outside its zone: expected {limits}")

    def block(self, row: int, col: int) -> Block:
        """Return the block at a shard's index."""
        return Block(self.name, row, col, self.block_tiles)

    def tile_indexes(self, rows: Indexes, cols: Indexes, masks: NDArray[np.uint16]) -> tuple[Indexes, Indexes]:
        """Return the (rows, cols) of the tiles of some blocks, sorted by (row, col).

        Args:
            rows: block rows.
            cols: block columns.
            masks: 16-bit masks of the tiles of each.
        """
        side = self.block_tiles
        block, index = _set_bits(masks, side)
        down = rows[block] * side + (index // side).astype(np.int32)
        across = cols[block] * side + (index % side).astype(np.int32)
        order = np.lexsort((across, down))
        return down[order], across[order]

    def places(
        self, rows: Indexes, cols: Indexes, *, down: float, across: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (x, y) in metres of the same place in each of some tiles.

        Args:
            rows: tile rows.
            cols: tile columns.
            down: how far down in the tile, 0 at its top edge and 1 at its bottom.
            across: how far across, 0 at its left edge and 1 at its right.
        """
        columns, lines = cols.astype(np.float64) + across, rows.astype(np.float64) + down
        return self.x_left + columns * self.tile_size, self.y_top - lines * self.tile_size

    def _px(self, factor: int) -> int:
        if factor not in self.factors:
            raise ConfigError(f"factor {factor} does not nest in '{self.name}': expected a divisor of {self.tile_px}")
        return self.tile_px // factor


def _set_bits(masks: NDArray[np.uint16], side: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of the masks and the numbers of the bits that are set in them, in that order."""
    bits = np.arange(side**2, dtype=np.uint16)
    places, numbers = np.nonzero(masks[:, None] >> bits & 1)
    return places, numbers


def utm_names() -> list[str]:
    """Return the names of the 120 zones of UTM, sorted."""
    return [f"utm{number:02d}{letter}" for number in range(1, 61) for letter in "ns"]


def utm_crs(name: str) -> str:
    """Return the CRS of a UTM zone: EPSG:326xx north of the equator, EPSG:327xx south of it."""
    return f"EPSG:{(32600 if name[-1] == 'n' else 32700) + int(name[3:5])}"


def utm_band(name: str, *, south: float, north: float) -> Bounds:
    """Return what a UTM zone is for between two latitudes, in degrees: 6° without exceptions, one hemisphere."""
    west = -186.0 + 6 * int(name[3:5])
    return (west, max(0.0, south), west + 6, north) if name[-1] == "n" else (west, south, west + 6, min(0.0, north))


def utm_zones(lattice: Lattice, *, block_rows: int, block_cols: int, south: float, north: float) -> list[Zone]:
    """Return the zones of UTM that have a part between two latitudes, sorted by name.

    Args:
        lattice: pixels, tiles and blocks.
        block_rows: blocks up from northing 0.
        block_cols: blocks east from easting 0.
        south: southern limit in degrees.
        north: northern limit in degrees.
    """
    bands = {name: utm_band(name, south=south, north=north) for name in utm_names()}
    return [
        Zone(
            name=name,
            crs=utm_crs(name),
            x_left=0,
            y_top=block_rows * lattice.block_tiles * lattice.tile_size,
            resolution=lattice.resolution,
            tile_px=lattice.tile_px,
            block_tiles=lattice.block_tiles,
            block_rows=block_rows,
            block_cols=block_cols,
            band=band,
        )
        for name, band in bands.items()
        if band[1] < band[3]
    ]
