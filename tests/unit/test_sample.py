"""Samples of tiles: the same from the same, and as they were asked for."""

import json
from collections import Counter

import numpy as np
import pytest
import shapely
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from eo_ingest import runtime
from eo_ingest.catalog import index
from eo_ingest.cli import cli
from eo_ingest.errors import EoIngestError
from eo_ingest.grid import Grid
from eo_ingest.split import Tiles
from eo_ingest.split.sample import sample

UTM = Grid.load("utm")
TILES = Tiles.of_cover(UTM.cover(shapely.box(5.5, 49.2, 6.5, 49.9)))
AREA = "5.5,49.2,6.5,49.9"


def run(*args):
    result = CliRunner().invoke(cli, ["sample", *map(str, args)])
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.stdout


@given(st.integers(1, len(TILES)), st.integers(0, 2**40))
def test_a_larger_sample_holds_the_smaller_one(count, seed):
    chosen = sample(TILES, count, seed=seed)
    assert chosen.sum() == count
    assert (sample(TILES, min(count + 7, len(TILES)), seed=seed) >= chosen).all()


@given(st.integers(0, 2**40), st.randoms(use_true_random=False))
def test_what_else_there_is_does_not_change_the_order(seed, random):
    """Of the tiles of a part, the first in the draw of all are the first in the draw of the part."""
    part = np.array([random.random() < 0.5 for _ in range(len(TILES))])
    part[0] = True
    fewer = TILES.taken(part)
    ids = np.array(TILES.ids().to_pylist())
    both = sample(TILES, 40, seed=seed) & part
    if both.any():
        assert set(ids[both]) == set(np.array(fewer.ids().to_pylist())[sample(fewer, int(both.sum()), seed=seed)])


def test_a_sample_is_uniform():
    """Over many seeds every tile is chosen about as often: within six standard deviations."""
    counts = sum(sample(TILES, 30, seed=seed).astype(int) for seed in range(2000))
    p = 30 / len(TILES)
    assert np.abs(counts - 2000 * p).max() < 6 * np.sqrt(2000 * p * (1 - p))


@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=len(TILES), max_size=len(TILES)), st.integers(1, 60))
def test_groups_have_equal_parts_or_all_that_they_have(strata, count):
    sizes = Counter(name for name in strata if name)
    if count > sizes.total():
        return
    found = Counter(name for name, own in zip(strata, sample(TILES, count, strata=strata), strict=True) if own)
    assert found.total() == count
    assert None not in found
    largest = max(found.values())
    assert all(found[name] >= min(sizes[name], largest - 1) for name in sizes)


def test_a_sample_on_the_command_line(tmp_path):
    options = ("--aoi", AREA, "-n", 20, "--seed", 4)
    ids = run(*options).split()
    assert len(ids) == 20
    assert ids == sorted(ids, key=lambda one: (UTM.tile(one).zone, UTM.tile(one).row, UTM.tile(one).col))
    run(*options, "--out", tmp_path / "ids.txt")
    assert (tmp_path / "ids.txt").read_text().split() == ids
    assert json.loads(run(*options, "--json"))["tiles"] == ids


def test_from_countries_alike_and_from_a_box():
    from eo_ingest.aoi.country import countries

    ids = run("--aoi", AREA, "-n", 30, "--by", "country", "--bbox", "5.6,49.3,6.4,49.8").split()
    tiles = Tiles.of_ids(UTM, ids)
    found = Counter(countries().locate(*tiles.lonlat.T))
    assert set(found) == {"BEL", "DEU", "FRA", "LUX"}
    assert found["FRA"] - found["LUX"] in {-1, 0, 1}
    assert (tiles.lonlat >= [5.6, 49.3]).all()
    assert (tiles.lonlat <= [6.4, 49.8]).all()


def test_from_a_split(tmp_path, source, config):
    path = tmp_path / "a.csv"
    CliRunner().invoke(cli, ["split", "--aoi", AREA, "--by", "blocks", "--block", "4", "--out", str(path)])
    lines = dict(line.split(",") for line in path.read_text().splitlines()[3:])
    assert {lines[one] for one in run("--aoi", AREA, "--split", path, "-n", 9).split()} == {"train"}
    assert {lines[one] for one in run("--aoi", AREA, "--split", path, "--part", "test", "-n", 5).split()} == {"test"}
    found = Counter(lines[one] for one in run("--aoi", AREA, "--split", path, "--by", "split", "-n", 9).split())
    assert found == {"train": 3, "test": 3, "val": 3}
    runtime.tile(config())
    assert len(run("--store", config().store, "-n", 2).split()) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--aoi", AREA, "-n", 10**6), "1,000,000 tiles are asked for: expected 1 to"),
        (("--aoi", AREA, "-n", 0), "0 tiles are asked for"),
        (("--aoi", AREA, "-n", 1, "--bbox", "10,10,11,11"), "is in box 10,10,11,11"),
        (("--aoi", AREA, "-n", 1, "--bbox", "x"), "expected west,south,east,north"),
        (("--aoi", AREA, "-n", 1, "--part", "test"), "add --split FILE"),
        (("--aoi", AREA, "-n", 1, "--by", "split"), "need --split FILE"),
        (("-n", 1), "expected an area"),
    ],
)
def test_what_cannot_be_asked(options, said):
    result = CliRunner().invoke(cli, ["sample", *map(str, options)])
    assert isinstance(result.exception, EoIngestError)
    assert said in str(result.exception)


def test_a_run_of_some_tiles(tmp_path, source, config):
    ids = ["utm32n_1007_65", "utm32n_1008_66"]
    path = tmp_path / "ids.txt"
    path.write_text(f"# two of four\n\n{ids[1]}  # one\n{ids[0]}\n{ids[0]}\n")
    result = CliRunner().invoke(cli, ["plan", "--aoi", "demo", "--tiles", str(path), "--json"])
    assert json.loads(result.stdout)["tiles"] == 2
    run = runtime.tile(config(tiles=tuple(ids), periods=("2020",)))
    assert run.totals.tiles["ok"] == 2
    store, grid = runtime.existing(config().store)
    assert [Tiles.of(grid, index.indexed(store, grid)).ids().to_pylist()] == [ids]
    assert runtime.tile(config(periods=("2020",))).totals.tiles["ok"] == 4
    assert runtime.tile(config(tiles=tuple(ids), periods=("2020",))).totals.jobs["done"] == 0


@given(st.sets(st.integers(0, len(TILES) - 1), min_size=1))
def test_a_cover_of_some_tiles_has_these(places):
    cover = UTM.cover(shapely.box(5.5, 49.2, 6.5, 49.9))
    every = list(cover.iter_tiles())
    assert list(cover.only([every[place] for place in places]).iter_tiles()) == [
        every[place] for place in sorted(places)
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("utm32n_1007_67", "tile 'utm32n_1007_67' is asked for, and is none that the area needs"),
        ("utm32n_2_2", "tile 'utm32n_2_2' is asked for"),
        ("utm31n_1007_65", "tile 'utm31n_1007_65' is asked for"),
        ("conus-albers_1_1", "belongs to grid 'conus-albers'"),
        ("x", "'x' is not a tile id"),
        ("# nothing", "has no id in it"),
    ],
)
def test_tiles_that_cannot_be_asked_for(tmp_path, text, said):
    path = tmp_path / "ids.txt"
    path.write_text(text)
    result = CliRunner().invoke(cli, ["plan", "--aoi", "demo", "--tiles", str(path)])
    assert result.exit_code != 0
    assert said in (str(result.exception) if isinstance(result.exception, EoIngestError) else result.output)
