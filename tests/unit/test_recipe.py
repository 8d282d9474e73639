"""Recipes: what their files may say, what they give a run, and what options put in the place of it."""

import json

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from custom_support import changed, places, right, toml, written
from eo_ingest import recipes, runtime
from eo_ingest.cli import cli
from eo_ingest.config import RunConfig
from eo_ingest.errors import ConfigError
from eo_ingest.products import REGISTRY
from eo_ingest.recipes.recipe import Recipe
from eo_ingest.tomlfile import check, table

MINE = {
    "title": "Mine",
    "description": "Three products.",
    "aoi": "demo",
    "grid": "utm",
    "periods": ["2019", "2020"],
    "products": [{"name": "s1grd"}, {"name": "worldcover", "periods": ["2021"]}, {"name": "s2", "periods": ["2018"]}],
    "split": {"method": "bands", "bands": 60, "angle": 0.9, "fractions": {"train": 0.6, "val": 0.2, "test": 0.2}},
}


def mine(tmp_path, **changes):
    values = {key: value for key, value in {**MINE, **changes}.items() if value is not None}
    return written(tmp_path, values, "mine.toml")


def series(recipe, **asked):
    """What a run of a recipe makes: (product, period) pairs."""
    config = RunConfig.of(recipe=recipe, store=runtime.NOWHERE, **asked)
    return [(product.name, period.name) for product, period in runtime.resolve(config).series]


def test_what_it_says_is_what_is_made(tmp_path):
    path = mine(tmp_path)
    assert series(path) == [("s1grd", "2019"), ("s1grd", "2020"), ("worldcover", "2021"), ("s2", "2018")]
    config = RunConfig.of(recipe=path, store=runtime.NOWHERE)
    assert (config.aoi, config.grid, config.recipe.name) == ("demo", "utm", "mine")
    assert config.recipe.split["bands"] == 60


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        ({"periods": ("2017",)}, [("s1grd", "2017"), ("worldcover", "2021"), ("s2", "2018")]),
        (
            {"product_periods": {"s2": ("2017", "2016")}},
            [("s1grd", "2019"), ("s1grd", "2020"), ("worldcover", "2021"), ("s2", "2017"), ("s2", "2016")],
        ),
        ({"products": ("s2",)}, [("s2", "2018")]),
        ({"products": ("s2-20m", "s2")}, [("s2-20m", "2019"), ("s2-20m", "2020"), ("s2", "2018")]),
        ({"products": ("worldcover",), "periods": ("2020",)}, [("worldcover", "2021")]),
        ({"products": ("worldcover",), "product_periods": {"worldcover": ("2020",)}}, [("worldcover", "2020")]),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_asked_for_stands_in_the_place_of_what_it_says(tmp_path, asked, made):
    assert series(mine(tmp_path), **asked) == made


FLOOD = [{"name": "s1event"}, {"name": "dem", "periods": ["2020"]}, {"name": "water", "periods": ["event-1y"]}]


@pytest.mark.parametrize(
    ("asked", "years"),
    [
        ({}, ["2020"]),
        ({"periods": ("2019-09-17",)}, ["2018"]),
        ({"periods": ("2019-01-01",)}, ["2018"]),
        ({"periods": ("2019-09-17", "2019-01-01", "2016-02-29")}, ["2018", "2015"]),
        ({"product_periods": {"s1event": ("2019-09-17",)}}, ["2018"]),
        ({"product_periods": {"s1event": ("2019-09-17",)}, "periods": ("2017-01-01",)}, ["2018"]),
        ({"product_periods": {"water": ("2021",)}, "periods": ("2023-09-10",)}, ["2021"]),
        ({"products": ("water",), "periods": ("2019-09-17",)}, ["2018"]),
        ({"products": ("water",)}, ["2020"]),
    ],
    ids=str,
)
def test_the_year_before_the_event_follows_the_event(asked, years):
    """The recipe flood: water never is of the flood's own year, whose map has the flood in it."""
    assert [period for product, period in series("flood", **asked) if product == "water"] == years


def test_years_before_the_event_are_counted_and_the_rest_stays(tmp_path):
    path = mine(tmp_path, periods=["2021-07-15"], products=[*FLOOD[:2], {**FLOOD[2], "periods": ["event-3y", "2001"]}])
    assert series(path) == [("s1event", "2021-07-15"), ("dem", "2020"), ("water", "2018"), ("water", "2001")]


def test_without_an_event_there_is_no_year_before_it(tmp_path):
    with pytest.raises(ConfigError, match=r"'mine': 'water' is of event-1y, but this run has no event: add the day"):
        series(mine(tmp_path, periods=["2020"], products=FLOOD[2:]))
    with pytest.raises(ConfigError, match="1984 to 2021"):
        series("flood", periods=("2023-09-10",))


def test_area_and_grid_may_be_others(tmp_path):
    config = RunConfig.of(recipe=mine(tmp_path), aoi="6,49,6.1,49.1", store=runtime.NOWHERE)
    assert config.aoi == "6,49,6.1,49.1"


def test_filling_in_twice_changes_nothing(tmp_path):
    """A batch gets the values that the flow run was filled in with, on a machine without the recipe."""
    config = RunConfig.of(recipe=mine(tmp_path), store=runtime.NOWHERE)
    (tmp_path / "mine.toml").unlink()
    assert RunConfig.of(**json.loads(json.dumps(config.model_dump(mode="json")))) == config


def test_its_files_are_beside_it(tmp_path):
    folder = tmp_path / "recipes"
    folder.mkdir()
    written(folder, right(), "red.toml")
    (folder / "here.wkt").write_text("POLYGON ((6 49, 6.01 49, 6.01 49.01, 6 49))")
    path = mine(folder, aoi="here.wkt", products=[{"file": "red.toml", "periods": ["2019"]}])
    config = RunConfig.of(recipe=path, store=runtime.NOWHERE)
    assert config.products == (str(folder / "red.toml"),)
    assert runtime.resolve(config).aoi.name == "here"
    assert series(path) == [("user-red", "2019")]
    assert series(path, product_periods={"user-red": ("2018",)}) == [("user-red", "2018")]


WRONG = [
    ({"title": None}, "mine.toml: key 'title' is missing: expected a line of text"),
    ({"product": []}, "unknown key 'product' (did you mean 'products'?)"),
    ({"products": []}, "products is []: expected a list of tables"),
    ({"products": [{}]}, "products[0]: expected either name or file, and not both"),
    ({"products": [{"name": "s2"}, {"name": "s2"}]}, "products has 's2' twice"),
    ({"products": [{"name": "s2", "periods": []}]}, "products[0].periods is []: expected a list of periods"),
    (
        {"products": [{"name": "s2", "periods": ["event-0y"]}]},
        "products[0]: period 'event-0y' is not one: expected event-1y",
    ),
    ({"options": {"clouds": "s2cloudless"}}, "options.clouds is 's2cloudless': expected 'scl' or 'qa60'"),
    ({"split": {"method": "dice", "fractions": {"a": 1.0}}}, "split.method is 'dice': expected 'bands', 'blocks'"),
    ({"split": {"method": "random", "fractions": {"a": 0.7, "b": 0.2}}}, "split: fractions add up to 0.9: expected 1"),
    ({"split": {"method": "random", "fractions": {}}}, "split.fractions is {}: expected a table of parts of 1"),
    ({"split": {"method": "bands", "fractions": {"a": 1.0}}}, "split: method 'bands' needs bands"),
    ({"split": {"method": "random", "bands": 9, "fractions": {"a": 1.0}}}, "bands goes with method 'bands'"),
    ({"split": {"method": "bands", "bands": 9, "angle": 90, "fractions": {"a": 1.0}}}, "angle is 90: expected radians"),
]


@pytest.mark.parametrize(("changes", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_is_wrong(tmp_path, changes, said):
    with pytest.raises(ConfigError) as refused:
        recipes.load(mine(tmp_path, **changes))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"recipe": "m3le"}, "unknown recipe 'm3le' (did you mean 'm3leo'?)"),
        ({"recipe": "nothing.toml"}, "there is no recipe '"),
        ({"recipe": "m3leo"}, "recipe 'm3leo' has no area of its own: add --aoi"),
        ({"recipe": "crop", "product_periods": {"s1grd": ("2020",)}}, "--period s1grd=2020: this run makes"),
    ],
    ids=str,
)
def test_what_may_be_asked_wrong(asked, said):
    with pytest.raises(ConfigError) as refused:
        runtime.resolve(RunConfig.of(store=runtime.NOWHERE, **asked))
    assert said in str(refused.value)


@given(st.data())
def test_any_table_is_a_recipe_or_is_refused_in_one_line(data):
    place = data.draw(st.sampled_from([place for place in places(MINE) if place]))
    value = data.draw(
        st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just([]), st.just({}))
    )
    told = None
    try:
        made = check(table(toml(changed(MINE, place, value)), "mine.toml"), Recipe, "mine.toml")
    except ConfigError as err:
        told = str(err)
    assert isinstance(made, Recipe) if told is None else told.startswith("mine.toml") and told.isprintable()


@pytest.mark.parametrize("name", recipes.names())
def test_each_recipe_plans(name):
    """Its products exist, and each has its periods; what it says of itself is whole."""
    loaded = recipes.load(name)
    assert loaded.recipe.references
    assert set(loaded.products) <= set(REGISTRY)
    aoi = loaded.recipe.aoi or "demo"
    made = series(name, aoi=aoi)
    assert {product for product, _ in made} == set(loaded.products)


def run(*arguments):
    return CliRunner().invoke(cli, arguments)


def test_they_are_listed_and_shown(tmp_path):
    rows = json.loads(run("recipe", "list", "--json").stdout)
    assert [row["name"] for row in rows] == ["biomass", "crop", "flood", "hls", "m3leo", "s1s2-landcover"]
    for row in rows:
        assert row["title"] in run("recipe", "list").stdout
        shown = json.loads(run("recipe", "show", row["name"], "--json").stdout)
        assert (shown["name"], shown["title"]) == (row["name"], row["title"])
        text = run("recipe", "show", row["name"]).stdout
        assert shown["products"][0]["name"] in text
        assert shown["description"].strip() in text
    assert "bands 60: train 60%, val 20%, test 20%" in run("recipe", "show", mine(tmp_path)).stdout


def test_plan_of_a_recipe(tmp_path):
    result = run("plan", "--recipe", mine(tmp_path), "--period", "s1grd=2020", "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert list(found["products"]) == ["s1grd", "worldcover", "s2"]
    assert found["jobs"] == 2 * 3
    assert result.stderr == (
        "note: recipe mine declares a split (bands): it is recorded in the run's description; "
        "`eo-ingest split --recipe` parts tiles by it\n"
    )


def test_the_split_is_in_the_runs_description(tmp_path, source):
    config = RunConfig.of(
        recipe=mine(tmp_path), products=("worldcover",), source="emulator", store=str(tmp_path / "s.zarr")
    )
    runtime.tile(config)
    (described,) = (json.loads(path.read_text()) for path in (tmp_path / "s.zarr" / "runs").iterdir())
    assert described["config"]["recipe"]["name"] == "mine"
    assert described["config"]["recipe"]["split"]["fractions"] == {"train": 0.6, "val": 0.2, "test": 0.2}
    assert str(tmp_path) not in json.dumps(described)


@pytest.mark.parametrize(
    ("options", "made"),
    [
        (["--period", "2020"], [("s2", "2020"), ("s1grd", "2020")]),
        (["--period", "s2=2020,2019"], [("s2", "2020"), ("s2", "2019"), ("s1grd", "2018")]),
        (["--period", "s2=2020", "--period", "2019"], [("s2", "2020"), ("s1grd", "2019")]),
        (["--period", "s2=2020,s1grd=2019"], [("s2", "2020"), ("s1grd", "2019")]),
        (["--period", "2019,s2=2020"], [("s2", "2020"), ("s1grd", "2019")]),
    ],
    ids=str,
)
def test_periods_of_one_product_on_the_command_line(tmp_path, monkeypatch, options, made):
    path = mine(tmp_path, periods=["2018"], products=[{"name": "s2"}, {"name": "s1grd"}], split=None)
    found = []
    resolve = runtime.resolve
    monkeypatch.setattr(runtime, "resolve", lambda config: found.append(resolve(config)) or found[0])
    assert run("plan", "--recipe", path, *options).exit_code == 0
    assert [(product.name, period.name) for product, period in found[0].series] == made


@pytest.mark.parametrize("option", ["s2=", "=2020", "2020,s2="])
def test_periods_that_are_none(option):
    result = run("plan", "--aoi", "demo", "--period", option)
    assert result.exit_code == 2
    assert "expected a period such as 2020, or PRODUCT=PERIOD" in result.output
