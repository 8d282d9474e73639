"""A zone: one CRS, one lattice, one array extent."""

from dataclasses import dataclass

from eo_ingest.errors import ConfigError
from eo_ingest.grid.cell import BLOCK_TILES, Block, Tile

Affine = tuple[float, float, float, float, float, float]
"""`(a, b, c, d, e, f)`: x = a·col + b·row + c and y = d·col + e·row + f, at the outer corner of a pixel."""

Bounds = tuple[float, float, float, float]
"""`(xmin, ymin, xmax, ymax)`."""


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
        return tuple(n for n in range(1, self.tile_px + 1) if self.tile_px % n == 0)

    def factor(self, resolution: float) -> int:
        """Return how many of the zone's finest pixels a pixel of `resolution` metres spans along a side.

        Raises:
            ConfigError: if coarse pixels would not cover whole fine ones and fill whole tiles.
        """
        factor = round(resolution / self.resolution)
        if factor * self.resolution != resolution or factor not in self.factors:
            valid = ", ".join(str(n * self.resolution) for n in self.factors)
            raise ConfigError(f"{resolution:g} m does not nest in zone '{self.name}': expected one of {valid} m")
        return factor

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
        rows, cols = (self.block_rows, self.block_cols) if kind == "block" else (self.tile_rows, self.tile_cols)
        if not (0 <= cell.row < rows and 0 <= cell.col < cols):
            limits = f"rows 0 to {rows - 1} and columns 0 to {cols - 1}"
            raise ConfigError(f"{kind} '{cell.id}' lies outside its zone: expected {limits}")

    def _px(self, factor: int) -> int:
        if factor not in self.factors:
            raise ConfigError(f"factor {factor} does not nest in '{self.name}': expected a divisor of {self.tile_px}")
        return self.tile_px // factor


def utm_zones(
    *, resolution: int, tile_px: int, block_rows: int, block_cols: int, south: float, north: float
) -> list[Zone]:
    """Return the 120 zones of UTM, each 6° wide without exceptions, sorted by name.

    Args:
        resolution: metres per pixel.
        tile_px: pixels along a tile's side.
        block_rows: blocks up from northing 0.
        block_cols: blocks east from easting 0.
        south: southern limit in degrees.
        north: northern limit in degrees.
    """
    zones = []
    for number in range(1, 61):
        west = -186.0 + 6 * number
        for letter, code, band in (
            ("n", 32600, (west, 0.0, west + 6, north)),
            ("s", 32700, (west, south, west + 6, 0.0)),
        ):
            zones.append(
                Zone(
                    name=f"utm{number:02d}{letter}",
                    crs=f"EPSG:{code + number}",
                    x_left=0,
                    y_top=block_rows * BLOCK_TILES * tile_px * resolution,
                    resolution=resolution,
                    tile_px=tile_px,
                    block_tiles=BLOCK_TILES,
                    block_rows=block_rows,
                    block_cols=block_cols,
                    band=band,
                )
            )
    return zones
