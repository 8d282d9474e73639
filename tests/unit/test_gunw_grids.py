"""Interferograms on grids of other kinds: another projection, other blocks and tiles, chips that are no neighbours."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from eo_ingest.grid import Grid
from eo_ingest.job import Job
from eo_ingest.products.insar import INSAR
from eo_ingest.sources.gunw import GunwSource
from gunw_support import HOME, Spec, phase_ramp, write


def fetch(grid, folder, tmp_path, at=HOME, tiles=None):
    """The tiles of the first block at a place, with each tile's name."""
    product = INSAR.on(grid.definition.lattice)
    source = GunwSource(grid, {"insar": product}, url=str(folder), workers=2, synthetic=False, cache=tmp_path / "c")
    found = next(iter(grid.cover(shapely.Point(at).buffer(0.03)).blocks))
    try:
        return source.fetch(Job("insar", "2020", found.block, tiles or found.mask)), found.block, product
    finally:
        source.close()


def off(grid, fetched, block, product):
    """The largest difference of the phase from the truth, over all tiles; each has some phase."""
    worst = 0.0
    for index, raster in fetched.tiles.items():
        tile = block.tile(index)
        zone = grid.zone(tile.zone)
        side = product.tile_px
        step, _, left, _, minus, top = zone.affine(tile, factor=product.factor)
        x, y = np.meshgrid(left + step * (np.arange(side) + 0.5), top + minus * (np.arange(side) + 0.5))
        lon, lat = Transformer.from_crs(zone.crs, "EPSG:4326", always_xy=True).transform(x, y)
        stored = raster["unwrapped_phase"][0, 0]
        assert stored.shape == (side, side)
        assert (stored != INSAR.variable("unwrapped_phase").nodata).all()
        worst = max(worst, float(np.abs(stored * 0.01 - phase_ramp(lon, lat)).max()))
    return worst


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "granules"
    made.mkdir()
    write(made, Spec(west=-118.5, south=33.5, width=1100, height=900))
    return made


def test_on_another_projection(folder, tmp_path):
    grid = Grid.load("conus-albers")
    fetched, block, product = fetch(grid, folder, tmp_path)
    assert off(grid, fetched, block, product) <= 0.0061


def test_with_other_blocks_and_tiles(folder, tmp_path):
    text = """
        name = "small"
        kind = "utm"
        resolution = 10
        tile_px = 256
        block_tiles = 2
        [extent]
        block_rows = 2000
        block_cols = 200
        latitude = [-80, 84]
    """
    (tmp_path / "small.toml").write_text(text)
    grid = Grid.load(str(tmp_path / "small.toml"))
    fetched, block, product = fetch(grid, folder, tmp_path, tiles=0b1111)
    assert (block.side, list(fetched.tiles)) == (2, [0, 1, 2, 3])
    assert (product.resolution, product.tile_px) == (80, 32)
    assert off(grid, fetched, block, product) <= 0.0061


def test_chips_get_each_the_pairs_of_its_own_place(folder, tmp_path):
    """Two chips 30 km apart in one stack; the second one lies on another track too, which covers it better."""
    write(folder, Spec(track=20, west=-117.8, south=33.5, width=1100, height=900))
    (tmp_path / "chips.csv").write_text("id,lon,lat\none,-118.1,33.8\ntwo,-117.56,33.8\n")
    text = """
        name = "two"
        kind = "chips"
        resolution = 10
        tile_px = 448
        block_tiles = 2
        [chips]
        file = "chips.csv"
        id = "id"
        lon = "lon"
        lat = "lat"
    """
    (tmp_path / "two.toml").write_text(text)
    grid = Grid.load(str(tmp_path / "two.toml"))
    block = next(iter(grid.cover(shapely.box(-118.5, 33.5, -117, 34.2)).blocks)).block
    product = INSAR.on(grid.definition.lattice)
    source = GunwSource(grid, {"insar": product}, url=str(folder), workers=2, synthetic=False, cache=tmp_path / "c")
    fetched = source.fetch(Job("insar", "2020", block, 0b11))
    source.close()
    assert block.stacked
    assert off(grid, fetched, block, product) <= 0.0061
    assert [np.unique(raster["track"][0]).tolist() for raster in fetched.tiles.values()] == [[64], [20]]
    rows = fetched.scenes["pair-01"]
    assert [(row["system:index"].rpartition("@")[2], row["track"]) for row in rows] == [
        (block.tile(0).id, 64),
        (block.tile(1).id, 20),
    ]
