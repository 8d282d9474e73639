"""`eo-ingest split` as a user runs it, and splits in a store's index."""

import io
import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from click.testing import CliRunner
from PIL import Image

from eo_ingest import catalog, runtime, validate
from eo_ingest.atlas import parted
from eo_ingest.cli import cli
from eo_ingest.errors import EoIngestError

CHIPS = 'kind = "chips"\nresolution = 10\ntile_px = 448\n[chips]\nfile = "chips.geojson"\nid = "id"'
AREA = "5.2,49.4,6.8,50.2"


def run(*args):
    result = CliRunner().invoke(cli, ["split", *map(str, args)])
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.stdout


def refused(*args):
    """What is said of options that cannot be."""
    result = CliRunner().invoke(cli, ["split", *map(str, args)])
    assert result.exit_code != 0
    return str(result.exception) if isinstance(result.exception, EoIngestError) else result.output


def test_a_split_of_an_area_is_the_same_twice(tmp_path):
    options = ("--aoi", AREA, "--bands", 10, "--angle", 0.9, "--guard-km", 2, "--json")
    told = json.loads(run(*options, "--out", tmp_path / "one.csv"))
    run(*options, "--out", tmp_path / "two.csv")
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert set(told) == {"out", "tiles", "rule"}
    assert set(told["tiles"]) == {"train", "val", "test", "guard"}
    assert told["rule"]["weights"] == [3, 1, 1]
    assert told["rule"]["guard_m"] == 2000


def test_a_recipe_says_how(tmp_path):
    options = ("--recipe", "m3leo", "--aoi", AREA, "--json", "--out", tmp_path / "a.csv")
    rule = json.loads(run(*options))["rule"]
    assert (rule["method"], rule["bands"], rule["splits"]) == ("bands", 60, ["train", "test", "val"])
    rule = json.loads(run(*options, "--by", "blocks", "--folds", 4))["rule"]
    assert (rule["method"], rule["block"], rule["folds"]) == ("blocks", 16, True)


def test_a_recipe_gives_an_area_its_own_angle():
    from eo_ingest import recipes
    from eo_ingest.runtime import splitting

    nothing = dict.fromkeys(("method", "fractions", "folds", "seed", "bands", "angle", "block", "layer", "guard_km"))
    assert splitting.rule(nothing, recipes.load("m3leo"), "china").angle == 1.5
    assert splitting.rule(nothing, recipes.load("m3leo"), "conus").angle == 0.9


def test_every_recipes_split_is_a_rule():
    from eo_ingest import recipes
    from eo_ingest.runtime import splitting

    loaded = [recipes.load(name) for name in recipes.names()]
    assert [splitting.rule({}, one, "x") for one in loaded if one.recipe.split]


@pytest.fixture
def store(source, config, tmp_path):
    runtime.tile(config(aoi="6.065,49.647,6.267,49.776"))
    return config().store


def index(store):
    opened, _ = runtime.existing(store)
    return gpd.read_parquet(io.BytesIO(opened.get("tiles/utm32n.parquet")))


def test_a_split_is_attached_to_a_stores_index(store, tmp_path, config):
    path = tmp_path / "a.csv"
    told = json.loads(run("--store", store, "--by", "random", "--seed", 3, "--out", path, "--json"))
    frame = index(store)
    assert sum(told["tiles"].values()) == len(frame)
    before = frame.drop(columns="split")
    assert json.loads(run("attach", path, "--store", store, "--json")) == {
        "column": "split",
        "tiles": len(frame),
        "without": 0,
    }
    frame = index(store)
    assert frame["split"].value_counts().to_dict() == {name: n for name, n in told["tiles"].items() if n}
    assert frame.drop(columns="split").equals(before)
    opened, grid = runtime.existing(store)
    assert catalog.index.problem_of(opened, grid, "tiles/utm32n.parquet") is None
    assert not validate.verify(opened, grid).problems


def test_two_splits_side_by_side_survive_another_run(store, tmp_path, config):
    run("--store", store, "--by", "random", "--out", tmp_path / "a.csv")
    run("--store", store, "--by", "random", "--folds", 3, "--out", tmp_path / "b.csv")
    run("attach", tmp_path / "a.csv", "--store", store)
    run("attach", tmp_path / "b.csv", "--store", store, "--column", "fold")
    before = index(store)
    runtime.tile(config(aoi="6.04,49.65,6.06,49.66"))
    after = index(store)
    assert len(after) > len(before)
    merged = before.merge(after, on="id")
    assert (merged["split_x"] == merged["split_y"]).all()
    assert (merged["fold_x"] == merged["fold_y"]).all()
    assert after["split"].isna().sum() == len(after) - len(before)


def test_what_cannot_be_attached(store, tmp_path):
    run("--aoi", "-100,40,-99.5,40.5", "--grid", "conus-albers", "--out", tmp_path / "albers.csv")
    assert "is of grid 'conus-albers'" in refused("attach", tmp_path / "albers.csv", "--store", store)
    run("--aoi", "10,50,10.5,50.5", "--out", tmp_path / "far.csv")
    assert "no tile of far.csv is in the index" in refused("attach", tmp_path / "far.csv", "--store", store)
    run("--store", store, "--out", tmp_path / "own.csv")
    said = refused("attach", tmp_path / "own.csv", "--store", store, "--column", "geometry")
    assert "column 'geometry' is one of the index itself" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "expected an area (--aoi) or a store (--store)"),
        (("--aoi", AREA, "--fractions", "train"), "expected NAME=PART"),
        (("--aoi", AREA, "--fractions", "train=0.5,test=0.6"), "add up to 1.1"),
        (("--aoi", AREA, "--fractions", "a=1", "--folds", "3"), "give either fractions or folds"),
        (("--aoi", AREA, "--layer", "no-such.geojson"), "layer 'no-such.geojson': "),
        (("--aoi", AREA, "--recipe", "hls"), "declares no split"),
        (("--aoi", AREA, "attach", "x", "--store", "y"), "do not go with"),
        (("--aoi", AREA, "--out", "no-such-folder/a.csv"), "cannot write no-such-folder/a.csv"),
    ],
)
def test_what_cannot_be_asked(options, said):
    assert said in refused(*options)


def test_an_audit_of_a_store(store, tmp_path):
    path = tmp_path / "a.csv"
    run("--store", store, "--by", "random", "--seed", 5, "--out", path)
    told = json.loads(
        run("audit", path, "--store", store, "--period", "2020", "--map", tmp_path / "a.png", "--km", 3, "--json")
    )
    assert set(told) == {"aoi", "grid", "rule", "tiles", "fractions", "distances", "classes", "map"}
    assert told["fractions"]["wanted"] == {"train": 0.6, "test": 0.2, "val": 0.2}
    for name, found in told["classes"]["splits"].items():
        assert found["tiles"] == told["tiles"][name]
        if found["tiles"]:
            assert sum(found["classes"].values()) == pytest.approx(1)
    picture = np.asarray(Image.open(tmp_path / "a.png"))
    drawn = {name for name, ink in zip(("train", "test", "val"), parted._INKS, strict=False) if has(picture, ink)}
    assert drawn == {name for name in ("train", "test", "val") if told["tiles"][name]}
    text = run("audit", path, "--store", store, "--period", 2020)
    assert "nearest tile of train" in text
    assert "worldcover 2020" in text


def has(picture, ink):
    """Whether a map has more of a colour than its legend."""
    return (np.abs(picture[150:].astype(int) - np.array(ink)).max(axis=-1) < 30).sum() > 500


def test_an_audit_of_chips(tmp_path):
    places = [shapely.Point(6 + n / 10, 49 + n % 3) for n in range(12)]
    gpd.GeoDataFrame({"id": [f"c{n}" for n in range(12)]}, geometry=places, crs=4326).to_file(
        tmp_path / "chips.geojson"
    )
    (tmp_path / "g.toml").write_text(CHIPS)
    path = tmp_path / "a.csv"
    run("--aoi", "chips", "--grid", tmp_path / "g.toml", "--by", "blocks", "--block", 8, "--out", path)
    assert path.read_text().splitlines()[2] == "id,split,chip"
    told = json.loads(run("audit", path, "--grid", tmp_path / "g.toml", "--map", tmp_path / "a.png", "--json"))
    assert sum(told["tiles"].values()) == 12
    assert (tmp_path / "a.png").stat().st_size > 1000
