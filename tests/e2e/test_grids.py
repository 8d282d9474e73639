"""Grids of users, from the command line to the pixels: chips on their footprints, tiles and blocks of other sizes.

Every stored pixel is held against the synthetic world's own functions.
"""

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
import xarray as xr
from click.testing import CliRunner
from pyproj import Transformer

from e2e_support import eo_ingest, nobody
from eo_ingest.cli import cli
from eo_ingest.emulator.world import truth
from eo_ingest.grid import Grid
from eo_ingest.runtime import existing
from eo_ingest.validate import verify
from tests_support import ROOT

# WorldCover's own pixels: whole numbers of them from 180° W and 84° N.
PER_DEGREE, WEST, NORTH = 12_000, -180.0, 84.0
FOOTPRINTS = {"aaa": (5.985, 49.6), "bbb": (6.02, 49.61), "ccc": (6.03, 49.62), "zzz": (30.02, -0.98)}


def agreement(values, x, y, crs):
    """The share of pixels that hold the class of the WorldCover pixel that contains their centre."""
    lon, lat = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(*np.meshgrid(x, y))
    lon = WEST + (np.floor((lon - WEST) * PER_DEGREE) + 0.5) / PER_DEGREE
    lat = NORTH - (np.floor((NORTH - lat) * PER_DEGREE) + 0.5) / PER_DEGREE
    return np.mean(values == truth.land_cover(lon, lat, 2020))


def run(folder, toml, *options):
    with nobody(folder):
        done = eo_ingest(
            "tile", "--grid", toml, "--products", "worldcover", "--period", "2020", "--source", "emulator",
            "--store", folder / "s.zarr", *options,
        )  # fmt: skip
    assert done["jobs"]["failed"] == 0
    return folder / "s.zarr", done


def opened(store, zone):
    group = f"worldcover/2020/{zone}"
    return xr.open_zarr(store, group=group, mask_and_scale=False, chunks=None, consolidated=False)


def sound(store):
    kept, grid = existing(str(store))
    return verify(kept, grid).as_json()["problems"] == []


@pytest.fixture(scope="module")
def chips(tmp_path_factory):
    """Four chips, three of which overlap, two zones, from a file in the form of M3LEO's partitions."""
    folder = tmp_path_factory.mktemp("chips")
    boxes = [shapely.box(lon - 0.03, lat - 0.02, lon + 0.03, lat + 0.02) for lon, lat in FOOTPRINTS.values()]
    frame = gpd.GeoDataFrame({"identifier": list(FOOTPRINTS)}, geometry=boxes, crs="EPSG:4326")
    frame.to_file(folder / "partitions_aschips.geojson")
    lines = ['kind = "chips"', "resolution = 10", "tile_px = 448", "[chips]"]
    (folder / "mine.toml").write_text("\n".join([*lines, 'file = "partitions_aschips.geojson"', 'id = "identifier"']))
    return run(folder, folder / "mine.toml")


def test_a_published_datasets_footprints_are_refilled(chips):
    store, done = chips
    assert done["tiles"] == {"ok": 4, "empty": 0, "failed": 0}
    assert done["requests"] == 8
    for zone, names in (("utm31n", ["aaa"]), ("utm32n", ["bbb", "ccc"]), ("utm36s", ["zzz"])):
        data = opened(store, zone)
        assert data["class"].dims == ("chip", "frame", "band", "y", "x")
        assert sorted(data["chip"].to_numpy()) == names
        crs = data["spatial_ref"].attrs["crs_wkt"]
        for name in names:
            one = data.sel(chip=name)
            x, y = one["x"].to_numpy() + int(one["chip_left"]), one["y"].to_numpy() + int(one["chip_top"])
            assert agreement(one["class"].squeeze().to_numpy(), x, y, crs) > 0.998
            assert agreement(one["class"].squeeze().to_numpy(), x + 10, y, crs) < 0.995
            centre = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(x.mean(), y.mean())
            assert centre == pytest.approx(FOOTPRINTS[name], abs=2e-4)


def test_chips_that_overlap_agree_where_they_do(chips):
    data = opened(chips[0], "utm32n")
    one, other = (data.sel(chip=name) for name in ("bbb", "ccc"))
    east = (int(other["chip_left"]) - int(one["chip_left"])) // 10
    north = (int(other["chip_top"]) - int(one["chip_top"])) // 10
    assert 0 < east < 448
    assert 0 < north < 448
    first = one["class"].squeeze().to_numpy()[: 448 - north, east:]
    second = other["class"].squeeze().to_numpy()[north:, : 448 - east]
    assert first.size > 50_000
    assert np.array_equal(first, second)


def test_a_store_of_chips_needs_no_other_file(chips, tmp_path):
    store, _ = chips
    assert sound(store)
    kept, grid = existing(str(store))
    assert grid.chips is not None
    assert sorted(grid.chips.ids) == sorted(FOOTPRINTS)
    (kept_chips := store / "chips.parquet").rename(tmp_path / "away")
    try:
        result = CliRunner().invoke(cli, ["status", str(store)])
        assert "the table of chips is missing or is not that of the grid 'mine'" in str(result.exception)
    finally:
        (tmp_path / "away").rename(kept_chips)
    assert kept.url == str(store)


def test_chips_are_done_once_and_other_chips_are_refused(chips, tmp_path):
    store, _ = chips
    folder = store.parent
    _, again = run(folder, folder / "mine.toml")
    assert again["jobs"] == {"done": 0, "failed": 0, "kept": 3}
    text = (folder / "mine.toml").read_text()
    (folder / "other.toml").write_text(f'name = "mine"\n{text.replace("aschips.geojson", "other.geojson")}')
    frame = gpd.read_file(folder / "partitions_aschips.geojson")
    frame.iloc[:3].to_file(folder / "partitions_other.geojson")
    args = ["tile", "--grid", str(folder / "other.toml"), "--source", "emulator", "--store", str(store)]
    result = CliRunner().invoke(cli, args)
    assert "a store has one grid; choose another store" in str(result.exception)
    assert tmp_path.exists()


def test_an_area_takes_its_chips_only(chips):
    folder = chips[0].parent
    args = ["plan", "--grid", str(folder / "mine.toml"), "--aoi", "6.02,49.61,6.021,49.611", "--json"]
    told = CliRunner().invoke(cli, args)
    assert json.loads(told.output)["tiles"] == 2
    index = gpd.read_parquet(chips[0] / "tiles")
    assert set(index["chip"]) == set(FOOTPRINTS)
    covered = dict(zip(index["chip"], index["covered"], strict=True))
    assert covered["zzz"] == pytest.approx(4.48 / 6.68, abs=0.01)  # 0.06° are 6.68 km at the equator
    assert all(share > 0.99 for chip, share in covered.items() if chip != "zzz")
    assert {tuple(names) for names in index["aois"]} == {("chips",)}


GRIDS = {
    "small": 'kind = "utm"\nresolution = 10\ntile_px = 256\nblock_tiles = 2\n',
    "planar": 'kind = "planar"\ncrs = "EPSG:3035"\nresolution = 10\ntile_size = 5000\nblock_tiles = 1\n'
    "[extent]\nbounds = [5, 49, 7, 51]\n",
}


@pytest.mark.parametrize(("name", "side"), [("small", 2), ("planar", 1)])
def test_tiles_and_blocks_of_other_sizes(tmp_path, name, side):
    (tmp_path / f"{name}.toml").write_text(GRIDS[name])
    store, done = run(tmp_path, tmp_path / f"{name}.toml", "--aoi", "6.001,49.61,6.03,49.64")
    assert sound(store)
    kept, grid = existing(str(store))
    assert (grid.name, grid.lattice.block_tiles) == (name, side)
    index = gpd.read_parquet(store / "tiles")
    assert len(index) == done["tiles"]["ok"] > 1
    (zone,) = index["zone"].unique()
    data = opened(store, zone)
    rows = slice(index["row"].min() * grid.lattice.tile_px, (index["row"].max() + 1) * grid.lattice.tile_px)
    cols = slice(index["col"].min() * grid.lattice.tile_px, (index["col"].max() + 1) * grid.lattice.tile_px)
    part = data.isel(y=rows, x=cols)
    values = part["class"].squeeze().to_numpy()
    valid = values != 0
    assert valid.sum() == len(index) * grid.lattice.tile_px**2
    x, y, crs = part["x"].to_numpy(), part["y"].to_numpy(), data["spatial_ref"].attrs["crs_wkt"]
    assert np.diff(x).mean() == grid.lattice.resolution
    lon, lat = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(*np.meshgrid(x, y))
    lon = WEST + (np.floor((lon - WEST) * PER_DEGREE) + 0.5) / PER_DEGREE
    lat = NORTH - (np.floor((NORTH - lat) * PER_DEGREE) + 0.5) / PER_DEGREE
    assert np.mean(values[valid] == truth.land_cover(lon, lat, 2020)[valid]) > 0.995
    assert kept.url == str(store)


def test_grids_that_come_with_it_take_the_same_world(tmp_path):
    """The polar grid, through the pole's own longitudes: 0° to 180° and back."""
    with nobody(tmp_path):
        eo_ingest(
            "tile", "--grid", "polar-south", "--aoi", "-60.05,-63.86,-60,-63.84", "--products", "worldcover",
            "--period", "2020", "--source", "emulator", "--store", tmp_path / "s.zarr",
        )  # fmt: skip
    assert sound(tmp_path / "s.zarr")
    assert Grid.load("polar-south").digest == existing(str(tmp_path / "s.zarr"))[1].digest


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('kind = "utm"\nresolution = 10\ntile_size = 4485', "no multiple of the resolution"),
        (
            'kind = "planar"\ncrs = "EPSG:99"\nresolution = 10\ntile_px = 448\n[extent]\nbounds = [5,49,7,51]',
            "which is unknown",
        ),
        ('kind = "chips"\nresolution = 10\ntile_px = 448\n[chips]\nfile = "no.json"', "there is no file"),
    ],
)
def test_a_wrong_grid_is_told_and_nothing_is_made(tmp_path, text, told):
    (tmp_path / "wrong.toml").write_text(text)
    for command in ("plan", "tile"):
        args = [command, "--aoi", "demo", "--grid", str(tmp_path / "wrong.toml")]
        args += ["--store", str(tmp_path / "s.zarr"), "--source", "emulator"] if command == "tile" else []
        result = CliRunner().invoke(cli, args)
        assert told in str(result.exception)
    assert not (tmp_path / "s.zarr").exists()
    assert ROOT.exists()


def test_an_area_is_needed_unless_there_are_chips(tmp_path):
    (tmp_path / "small.toml").write_text(GRIDS["small"])
    result = CliRunner().invoke(cli, ["plan", "--grid", str(tmp_path / "small.toml")])
    assert "grid 'small' is not one of chips, so it is no area by itself: add --aoi" in str(result.exception)
    result = CliRunner().invoke(cli, ["plan"])
    assert "--aoi" in result.output
