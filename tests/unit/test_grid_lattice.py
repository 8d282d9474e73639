"""Blocks of one, four and sixteen tiles, stacks of chips, and products on other grids than the default one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eo_ingest import products, request
from eo_ingest.errors import ConfigError
from eo_ingest.grid import Block, Lattice, Tile
from eo_ingest.job import Job
from eo_ingest.period import Period
from eo_ingest.stores import codec, layout

LATTICES = st.builds(Lattice, st.just(10), st.just(448), st.sampled_from([1, 2, 4]), st.booleans())
TILES = st.builds(Tile, st.just("utm31n"), st.integers(0, 5000), st.integers(0, 500))


def on(lattice, tile):
    """A tile of a lattice: chips have no columns."""
    return Tile(tile.zone, tile.row, 0) if lattice.stacked else tile


@given(LATTICES, TILES)
def test_a_tile_is_at_its_index_in_its_block(lattice, tile):
    tile = on(lattice, tile)
    block, index = lattice.block_of(tile), lattice.index_of(tile)
    assert block.tile(index) == tile
    assert 0 <= index < block.count == lattice.block_tiles**2
    assert block.full == 2**block.count - 1


@given(LATTICES, TILES)
def test_a_block_is_told_by_its_id_alone(lattice, tile):
    """Jobs and records name blocks by ids: what they hold must not depend on who reads them."""
    block = lattice.block_of(on(lattice, tile))
    assert Block.parse(block.id) == block
    job = Job("p", "2020", block, block.full)
    assert Job.parse(job.spec) == job


def test_ids_of_blocks_say_how_many_tiles_they_have():
    tile = Tile("utm31n", 9, 6)
    assert [Lattice(10, 448, side).block_of(tile).id for side in (4, 2, 1)] == [
        "utm31n_b2_1",
        "utm31n_2b4_3",
        "utm31n_1b9_6",
    ]
    assert Lattice(10, 448, 4, stacked=True).block_of(Tile("utm31n", 37, 0)).id == "utm31n_s2_0"


@pytest.mark.parametrize("text", ["utm31n_3b0_0", "utm31n_4b0_0", "utm31n_8b0_0", "utm31n_c0_0", "utm31n_b0"])
def test_what_is_no_block_is_refused(text):
    with pytest.raises(ConfigError, match="is not a block id"):
        Block.parse(text)


@pytest.mark.parametrize("spec", ["p/2020/utm31n/utm31n_1b0_0:0002", "p/2020/utm31n/utm31n_2b0_0:0010"])
def test_a_job_has_no_more_tiles_than_its_block(spec):
    with pytest.raises(ConfigError, match="its zone, block and tiles do not agree"):
        Job.parse(spec)


@given(LATTICES, st.data())
def test_shards_of_any_size_read_back(lattice, data):
    count = lattice.block_tiles**2
    chunks = data.draw(st.dictionaries(st.integers(0, count - 1), st.binary(min_size=1, max_size=9)))
    shard = codec.pack(chunks, count)
    assert (codec.unpack(shard, count) if shard else {}) == chunks
    if shard:
        assert len(shard) == sum(map(len, chunks.values())) + 16 * count + 4


@given(LATTICES, TILES)
def test_the_key_of_a_shard_tells_its_block(lattice, tile):
    block = lattice.block_of(on(lattice, tile))
    key = layout.shard("p", "2020", block, "v")
    assert layout.place_of_shard(key) == ("p", "2020", "utm31n", block.row, block.col)


@pytest.mark.parametrize(
    "key",
    [
        "p/2020/utm31n/v/zarr.json",
        "p/2020/utm31n/v/c/0",
        "tiles/2020/utm31n/v/c/0/0/1/1",
        "p/2020/utm31n/v/c/0/1/1/1",
        "p/2020/utm31n/v/c/0/0/01/1",
        "p/2020/utm31n/v/c/1/0/0/0/1",
        "p/2020/utm31n/v/c/0/0/x/1",
        "chips.parquet",
        "",
    ],
)
def test_what_is_no_shard_has_no_place(key):
    assert layout.place_of_shard(key) is None


@pytest.mark.parametrize(
    ("resolution", "tile_px", "native", "sampled"),
    [
        (10, 448, 80, 80),
        (10, 448, 160, 160),
        (10, 256, 80, 80),
        (10, 500, 80, 50),
        (30, 256, 10, 30),
        (30, 256, 80, 60),
        (30, 256, 20, 30),
        (10, 449, 160, 10),
        (20, 448, 160, 160),
        (7, 448, 20, 14),
    ],
)
def test_a_product_is_sampled_as_coarsely_as_loses_nothing(resolution, tile_px, native, sampled):
    lattice = Lattice(resolution, tile_px)
    assert lattice.nearest(native) == sampled
    assert lattice.factor(sampled) in lattice.factors


@given(st.integers(1, 100), st.integers(1, 2000), st.integers(1, 1000))
def test_the_sampling_nests_and_is_not_coarser_unless_all_are(resolution, tile_px, native):
    lattice = Lattice(resolution, tile_px)
    sampled = lattice.nearest(native)
    assert tile_px % lattice.factor(sampled) == 0
    assert sampled <= native or sampled == resolution


def test_a_product_on_another_grid():
    product = products.get("s2-20m")
    assert product.on(product.lattice) is product
    other = product.on(Lattice(10, 256, 2))
    assert (other.tile_px, other.factor, other.resolution) == (128, 2, 20)
    coarse = product.on(Lattice(30, 256, 1))
    assert (coarse.tile_px, coarse.factor, coarse.resolution) == (256, 1, 30)
    assert coarse.variables == product.variables


def test_blocks_that_are_too_large_say_what_to_do():
    product, year = products.get("s2"), Period.parse("2020")
    with pytest.raises(ConfigError, match="more than 256 MiB: choose a grid with fewer block_tiles or smaller tiles"):
        product.on(Lattice(10, 2048, 4)).expand(year)
    assert product.on(Lattice(10, 1024, 1)).expand(year) == (year,)


@given(st.sampled_from([1, 2, 4]), st.data())
def test_windows_hold_each_wanted_tile_once_whatever_the_block(side, data):
    mask = data.draw(st.integers(1, 2 ** (side * side) - 1))
    seen = np.zeros((side, side), dtype=int)
    for window in request.windows(mask, 1, side):
        seen[window.row : window.row + window.height, window.col : window.col + window.width] += 1
    assert seen.ravel().tolist() == [mask >> i & 1 for i in range(side * side)]


def test_chips_are_asked_for_one_by_one():
    product = products.get("worldcover").on(Lattice(stacked=True))
    (alone,) = request.pack(product, 1, 1)
    assert (alone.window.row, alone.window.col, alone.window.height) == (0, 0, 448)
    assert request.pack(product, 1, 0b1011) == [alone] * 3
