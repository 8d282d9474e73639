"""Tiles, blocks and their ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eo_ingest.errors import ConfigError
from eo_ingest.grid import Block, Grid, Tile

UTM = Grid.load("utm")
ZONES = st.sampled_from([zone.name for zone in UTM.zones])
TILES = st.builds(Tile, ZONES, st.integers(0, 2235), st.integers(0, 223))
BLOCKS = st.builds(Block, ZONES, st.integers(0, 558), st.integers(0, 55))


@given(TILES)
def test_tile_id_parses_to_the_same_tile(tile):
    assert Tile.parse(tile.id) == tile
    assert UTM.tile(tile.id) == tile


@given(BLOCKS)
def test_block_id_parses_to_the_same_block(block):
    assert Block.parse(block.id) == block
    assert UTM.block(block.id) == block


@given(TILES)
def test_a_tile_is_at_its_index_in_its_block(tile):
    block = UTM.lattice.block_of(tile)
    assert block.tile(UTM.lattice.index_of(tile)) == tile
    assert block == Block(tile.zone, tile.row // 4, tile.col // 4)


@given(BLOCKS)
def test_a_block_holds_sixteen_tiles_row_by_row(block):
    tiles = [block.tile(index) for index in range(16)]
    assert len(set(tiles)) == 16
    assert tiles == sorted(tiles)
    lattice = UTM.lattice
    assert [(lattice.block_of(tile), lattice.index_of(tile)) for tile in tiles] == [(block, i) for i in range(16)]


@given(st.one_of(TILES, BLOCKS))
def test_ids_of_tiles_and_blocks_never_meet(cell):
    other = Block if isinstance(cell, Tile) else Tile
    with pytest.raises(ConfigError, match="id: expected"):
        other.parse(cell.id)


@pytest.mark.parametrize(
    "text",
    ["", "utm31n", "utm31n_7", "utm31n_7_2_1", "utm31n_07_2", "utm31n_-7_2", "utm31n_7_2\n", "utm31n_7_٢", "_7_2"],
)
def test_what_is_no_id_is_refused(text):
    with pytest.raises(ConfigError, match="is not a tile id: expected '<zone>_<row>_<col>'"):
        Tile.parse(text)
    with pytest.raises(ConfigError, match="is not a block id"):
        Block.parse(text)


def test_a_block_has_no_tile_sixteen():
    with pytest.raises(IndexError, match="0 to 15, not 16"):
        Block("utm31n", 0, 0).tile(16)
