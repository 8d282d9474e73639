"""The grid: where every tile, block and pixel is. See docs/aoi-and-grid.md."""

from eo_ingest.grid.cell import BLOCK_TILES, Block, Tile
from eo_ingest.grid.chips import Chips, ChipsDefinition, ChipZone
from eo_ingest.grid.cover import BlockCover, Cover, ZoneCover
from eo_ingest.grid.definition import Definition
from eo_ingest.grid.enumerate import iter_zones
from eo_ingest.grid.grid import Grid, grid_names
from eo_ingest.grid.lattice import Lattice
from eo_ingest.grid.planar import PlanarDefinition
from eo_ingest.grid.zone import Affine, Bounds, Zone

__all__ = [
    "BLOCK_TILES",
    "Affine",
    "Block",
    "BlockCover",
    "Bounds",
    "ChipZone",
    "Chips",
    "ChipsDefinition",
    "Cover",
    "Definition",
    "Grid",
    "Lattice",
    "PlanarDefinition",
    "Tile",
    "Zone",
    "ZoneCover",
    "grid_names",
    "iter_zones",
]
