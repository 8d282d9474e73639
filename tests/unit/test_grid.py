"""Grids, their definitions and their zones."""

import subprocess
import sys
import tomllib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eo_ingest import data
from eo_ingest.errors import ConfigError
from eo_ingest.grid import Block, Definition, Grid, Tile, grid_names

UTM = Grid.load("utm")
TABLE = tomllib.loads((data.folder("grids") / "utm.toml").read_text())
ZONES = st.sampled_from(UTM.zones)
ROWS, COLS = st.integers(0, 2235), st.integers(0, 223)


def test_utm_has_a_zone_per_epsg_code_in_order():
    names = [zone.name for zone in UTM.zones]
    assert names == sorted(names)
    assert len(names) == 120
    assert UTM.zone("utm31n").crs == "EPSG:32631"
    assert UTM.zone("utm60s").epsg == 32760
    assert UTM.zone("utm01s").band == (-180, -80, -174, 0)


def test_utm_extent():
    zone = UTM.zone("utm31n")
    assert (zone.x_left, zone.y_top) == (0, 10_017_280)
    assert zone.shape() == (1_001_728, 100_352)
    assert zone.shape(factor=2) == (500_864, 50_176)
    assert zone.affine() == (10, 0, 0, 0, -10, 10_017_280)
    assert zone.bounds(Tile("utm31n", 2235, 0)) == (0, 0, 4480, 4480)


@given(ZONES, ROWS, COLS)
def test_neighbours_share_an_edge_exactly(zone, row, col):
    left, bottom, right, top = zone.bounds(Tile(zone.name, row, col))
    assert (right - left, top - bottom) == (4480, 4480)
    if col < 223:
        assert zone.bounds(Tile(zone.name, row, col + 1))[:2] == (right, bottom)
    if row < 2235:
        assert zone.bounds(Tile(zone.name, row + 1, col))[2:] == (right, bottom)


@given(ZONES, ROWS, COLS)
def test_pixels_lie_on_multiples_of_ten_metres(zone, row, col):
    assert all(edge % 10 == 0 for edge in zone.bounds(Tile(zone.name, row, col)))


@given(ZONES, st.integers(0, 558), st.integers(0, 55))
def test_a_block_is_the_union_of_its_tiles(zone, row, col):
    block = Block(zone.name, row, col)
    edges = np.array([zone.bounds(block.tile(index)) for index in range(16)])
    assert zone.bounds(block) == (*edges[:, :2].min(axis=0), *edges[:, 2:].max(axis=0))


@given(ZONES, ROWS, COLS, st.sampled_from(UTM.zones[0].factors))
def test_a_cell_is_its_chunk_of_the_array(zone, row, col, factor):
    """The origin of a tile and of its block is where the array's own transform puts their first pixel."""
    a, _, c, _, e, f = zone.affine(factor=factor)
    tile = Tile(zone.name, row, col)
    for cell in (tile, UTM.lattice.block_of(tile)):
        height, width = zone.cell_shape(cell, factor=factor)
        assert zone.affine(cell, factor=factor) == (a, 0, c + a * width * cell.col, 0, e, f + e * height * cell.row)


def test_samplings_that_nest():
    zone = UTM.zone("utm31n")
    assert zone.factors == (1, 2, 4, 7, 8, 14, 16, 28, 32, 56, 64, 112, 224, 448)
    assert [zone.factor(resolution) for resolution in (10, 20, 40, 80, 4480)] == [1, 2, 4, 8, 448]
    assert zone.cell_shape(Tile("utm31n", 0, 0), factor=zone.factor(20)) == (224, 224)


@pytest.mark.parametrize("resolution", [0, 5, 15, 30, 60, 100, 8960, -10, 20.5])
def test_samplings_that_do_not_nest_are_refused(resolution):
    with pytest.raises(ConfigError, match=r"zone 'utm31n': .* m does not nest in a tile: expected one of 10, 20, 40"):
        UTM.zone("utm31n").factor(resolution)


def test_a_factor_that_does_not_nest_is_refused():
    with pytest.raises(ConfigError, match="expected a divisor of 448"):
        UTM.zone("utm31n").affine(factor=3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("utm31n_2236_0", "tile 'utm31n_2236_0' lies outside its zone: expected rows 0 to 2235 and columns 0 to 223"),
        ("utm61n_7_2", "tile 'utm61n_7_2' is of no grid: expected one of utm01n … utm60s"),
        ("utm31n_b7_2", "'utm31n_b7_2' is not a tile id"),
    ],
)
def test_ids_that_are_no_tile_of_the_grid(text, message):
    with pytest.raises(ConfigError, match=message):
        UTM.tile(text)


def test_block_outside_its_zone():
    with pytest.raises(ConfigError, match="expected rows 0 to 558 and columns 0 to 55"):
        UTM.block("utm31n_b559_0")


def test_cell_of_another_grid():
    other = Grid(replace(UTM.definition, name="other"))
    object.__setattr__(other, "zones", ())
    with pytest.raises(ConfigError, match="tile 'utm31n_7_2' belongs to grid 'utm', not 'other'"):
        other.tile("utm31n_7_2")


def test_cell_of_another_zone():
    with pytest.raises(ConfigError, match="tile 'utm32n_7_2' belongs to zone 'utm32n', not 'utm31n'"):
        UTM.zone("utm31n").bounds(Tile("utm32n", 7, 2))


def test_unknown_grid_and_zone():
    with pytest.raises(ConfigError, match=r"there is no grid 'utn': expected one of .*utm"):
        Grid.load("utn")
    with pytest.raises(ConfigError, match=r"there is no grid '\.\./grids/utm'"):
        Grid.load("../grids/utm")
    with pytest.raises(ConfigError, match="grid 'utm' has no zone 'utm61n'"):
        UTM.zone("utm61n")
    assert "utm" in grid_names()


def test_the_digest_stands():
    """Stores hold it: a change here makes every store of this grid another grid's."""
    assert UTM.digest == "282b318c59c848766fd11cf69ae9f641a44e7618b1de580c33237ad6efddb382"
    assert Grid(replace(UTM.definition, tile_px=896)).digest != UTM.digest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"block_tiles": 8}, "block_tiles is 8, expected one of 1, 2, 4"),
        ({"tile_size": 4480}, "expected either tile_px .* or tile_size"),
        ({"resolution": 0}, "resolution is 0, expected a positive whole number"),
        ({"resolution": 10.0}, "resolution is 10.0, expected a whole number"),
        ({"tile_px": True}, "tile_px is True, expected a whole number"),
        ({"tile_px": 44}, "block_rows spans 983840 m, expected at least the 10000000 m of a UTM zone"),
        ({"colour": "red"}, "unknown key 'colour'"),
        ({"extent": {"block_rows": 559, "latitude": [-80, 85]}}, "latitude is .*-80, 85.*, and UTM is for -80 to 84"),
        ({"extent": {"block_rows": 0}}, "block_rows is 0, expected a positive whole number"),
        ({"extent": {"block_rows": 559, "block_cols": 56, "latitude": [84, -80]}}, r"expected \[south, north\]"),
    ],
)
def test_wrong_definitions_are_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        Definition.read({**TABLE, **change})


def test_a_definition_without_a_key_is_refused():
    with pytest.raises(ConfigError, match="grid 'utm': key 'kind' is missing"):
        Definition.read({key: value for key, value in TABLE.items() if key != "kind"})
    with pytest.raises(ConfigError, match=r"expected either tile_px .* or tile_size"):
        Definition.read({key: value for key, value in TABLE.items() if key != "tile_px"})


def test_grid_files_that_are_wrong(tmp_path, monkeypatch):
    (tmp_path / "broken.toml").write_text("name = ")
    (tmp_path / "alias.toml").write_text((data.folder("grids") / "utm.toml").read_text())
    monkeypatch.setattr(data, "folder", lambda name: tmp_path)
    with pytest.raises(ConfigError, match="grid 'broken': its file is not TOML"):
        Grid.load("broken")
    with pytest.raises(ConfigError, match="grid 'alias': its file names it 'utm'"):
        Grid.load("alias")


def test_a_broken_installation_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "_PACKAGE", tmp_path)
    with pytest.raises(ConfigError, match="the installation lacks its folder 'grids'"):
        Grid.load("utm")


def test_importing_is_light():
    code = "import sys, eo_ingest.aoi, eo_ingest.grid as g; g.Grid.load('utm'); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not {"geopandas", "pandas", "pyproj", "antimeridian", "ee", "zarr", "rasterio", "prefect"} & set(modules)
