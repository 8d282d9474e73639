"""A store with a user's products: read, checked and resumed without their files; one definition at a time."""

import json

import pytest

from custom_support import changed, right, variable, written
from eo_ingest import catalog, reader, runtime, validate
from eo_ingest.config import RunConfig
from eo_ingest.errors import ConfigError
from eo_ingest.job import Job
from eo_ingest.products import custom
from tests_support import objects

NAME = "user-red"
KEPT = f"products/{NAME}.json"
PROGRAM = """
from dataclasses import replace
from eo_ingest.products.worldcover import WORLDCOVER

MINE = replace(WORLDCOVER, name="mine")
"""


@pytest.fixture
def run(source, tmp_path):
    """Run product files on the demo, from the fake source; the totals."""

    def make(*products, **changes):
        values = {"aoi": "demo", "store": str(tmp_path / "s.zarr"), "source": "emulator", "products": products}
        config = RunConfig.of(**{**values, **changes})
        source.products |= {c.product.name: c.product for c in runtime.choices(config).values()}
        told = []
        done = runtime.tile(config, on_plan=lambda plan, _jobs: told.extend(runtime.notes(config, plan)))
        return done.totals.jobs, told

    return make


@pytest.fixture
def store(tmp_path):
    return tmp_path / "s.zarr"


def counts(store, name=NAME):
    opened, grid = runtime.existing(str(store))
    found = catalog.status(opened, catalog.wanted(opened), runtime.current_fingerprint(grid, opened))
    return tuple(found["products"][name]["2020"]["jobs"].values())


def problems(store):
    opened, grid = runtime.existing(str(store))
    return validate.verify(opened, grid).as_json()["problems"]


DONE, STALE = (2, 0, 0, 0), (0, 2, 0, 0)
MASKED = right(mask=[{"band": "SCL", "drop": {"eq": 3}}])


def test_a_store_is_all_that_it_takes(run, store, tmp_path):
    """The file is gone: status, verify, reading, and going on by the product's name."""
    path = written(tmp_path, right())
    assert run(path, limit=1)[0] == {"done": 1, "failed": 0, "kept": 0}
    (tmp_path / "user.toml").unlink()
    assert counts(store) == (1, 0, 0, 1)
    assert problems(store) == []
    assert run(NAME)[0] == {"done": 1, "failed": 0, "kept": 1}
    assert counts(store) == DONE
    assert problems(store) == []
    opened, grid = runtime.existing(str(store))
    product = runtime.product(opened, grid, NAME)
    blocks = list(reader.blocks(opened, product, "2020"))
    assert len(blocks) == 2
    assert reader.read_block(opened, product, "2020", blocks[0])
    assert runtime.known(opened, grid)[NAME] == product


def test_a_name_that_the_store_does_not_know(run):
    with pytest.raises(ConfigError, match="unknown product 'user-red'"):
        run(NAME)


def test_another_definition_makes_the_old_one_stale_and_says_so(run, store, tmp_path):
    run(written(tmp_path, right()))
    jobs, told = run(written(tmp_path, MASKED), limit=1)
    assert jobs["done"] == 1
    assert len(told) == 1
    assert told[0].startswith(f"product '{NAME}' is defined otherwise than in user.toml of ")
    assert "is stale" in told[0]
    assert counts(store) == (1, 1, 0, 0)
    assert problems(store) == []
    assert run(NAME) == ({"done": 1, "failed": 0, "kept": 1}, [])
    assert counts(store) == DONE


def test_going_back_is_another_definition_too(run, store, tmp_path):
    run(written(tmp_path, right()))
    run(written(tmp_path, MASKED))
    assert run(written(tmp_path, right()))[0]["done"] == 2
    assert counts(store) == DONE
    kept = json.loads((store / KEPT).read_text())
    assert len(kept["definitions"]) == 2


def test_a_definition_that_was_begun_and_given_up_holds_until_the_old_one_is_asked_for(run, source, store, tmp_path):
    """Nothing was made of it, so there is nothing to make again; but which one holds is not forgotten."""
    run(written(tmp_path, right()))
    source.before = lambda _job: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        run(written(tmp_path, MASKED))
    source.before = lambda _job: None
    assert counts(store) == STALE
    assert run(written(tmp_path, right()))[0] == {"done": 0, "failed": 0, "kept": 2}
    assert counts(store) == DONE


def test_words_alone_make_nothing_stale(run, store, tmp_path):
    run(written(tmp_path, right()))
    jobs, told = run(written(tmp_path, right(title="Another title", citation="Another 2021")))
    assert (jobs["done"], jobs["kept"], told) == (0, 2, [])
    assert counts(store) == DONE
    assert problems(store) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"resolution": 40},
        {"cadence": "months"},
        *({"variables": [variable(**change)]} for change in (
            {"scale": 0.0002}, {"offset": 1.0}, {"nodata": 60000},
            {"valid_range": [0, 9000]}, {"valid_range": [0, 20000]},
            {"units": "m"}, {"bands": ["B3"]}, {"dtype": "int32"},
        )),
        {"variables": [variable(), variable(name="more")]},
    ],
    ids=str,
)  # fmt: skip
def test_numbers_of_two_meanings_never_mix(run, store, tmp_path, changes):
    run(written(tmp_path, right()))
    before = objects(store)
    with pytest.raises(ConfigError, match=r"would hold both: give the new one another name, or choose another store"):
        run(written(tmp_path, right(**changes)))
    assert objects(store) == before
    assert counts(store) == DONE


def test_a_file_that_changes_while_a_run_is_on_changes_nothing(source, store, tmp_path):
    """All jobs of a run are of the definition that it began with, also on a machine without the file."""
    path = written(tmp_path, right())
    config = RunConfig.of(aoi="demo", store=str(store), source="emulator", products=(path,))
    source.products[NAME] = custom.load(path, trust_code=False).product
    started = runtime.start(config)
    first, second = started.jobs
    runtime.run_batch(started.config, started.run, [first])
    written(tmp_path, MASKED)
    runtime.run_batch(RunConfig.of(**started.config.model_dump(mode="json")), started.run, [Job.parse(second.spec)])
    assert counts(store) == DONE
    (tmp_path / "user.toml").unlink()
    assert runtime.run_batch(started.config, started.run, [second]).jobs == {"done": 0, "failed": 0, "kept": 1}


def test_a_program(run, store, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(PROGRAM)
    with pytest.raises(ConfigError, match="--trust-code"):
        run(str(path))
    run(str(path), trust_code=True)
    assert counts(store, "mine") == DONE
    assert problems(store) == []
    with pytest.raises(ConfigError, match=r"made by the program mine.py, and stores keep no programs"):
        run("mine")
    kept = json.loads((store / "products" / "mine.json").read_text())
    assert kept["definitions"][0]["text"] is None
    assert PROGRAM not in (store / "products" / "mine.json").read_text()


def test_another_program_of_the_same_name(run, store, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(PROGRAM)
    options = {"trust_code": True, "periods": ("2020",)}
    run(str(path), **options)
    path.write_text(PROGRAM + "# a word\n")
    assert run(str(path), **options) == ({"done": 0, "failed": 0, "kept": 2}, [])
    path.write_text(PROGRAM + "MINE = replace(MINE, images=lambda s, f: {'class': s.select('Map').max()})\n")
    jobs, told = run(str(path), **options, limit=1)
    assert (jobs["done"], len(told)) == (1, 1)
    assert counts(store, "mine") == (1, 1, 0, 0)


def test_two_files_of_one_name(run, tmp_path):
    with pytest.raises(ConfigError, match=r"'a.toml' and 'b.toml' are both product 'user-red': take one"):
        run(written(tmp_path, right(), "a.toml"), written(tmp_path, MASKED, "b.toml"))


def test_eo_ingests_own_product_of_a_name_that_became_its_own_later(run, store, tmp_path, monkeypatch):
    run(written(tmp_path, right()))
    product = custom.load(str(tmp_path / "user.toml"), trust_code=False).product
    monkeypatch.setitem(runtime.products.REGISTRY, NAME, product)
    with pytest.raises(ConfigError, match=r"the store has a product 'user-red' of its user, defined in user.toml"):
        run(NAME)


def test_runs_tell_no_path(run, store, tmp_path):
    run(written(tmp_path, right()), product_periods={NAME: ("2020",)})
    for path in (*(store / "runs").iterdir(), store / KEPT):
        assert str(tmp_path) not in path.read_text()
    (described,) = (json.loads(path.read_text()) for path in (store / "runs").iterdir())
    assert described["config"]["products"] == ["user.toml"]
    assert list(described["config"]["definitions"]) == ["user.toml"]


@pytest.mark.parametrize("spoil", ["flip", "cut", "other", "stray"])
def test_what_is_kept_is_checked(run, store, tmp_path, spoil):
    """A damaged definition is found; removed, the next run with the file keeps it again."""
    path = written(tmp_path, right())
    run(path)
    file = store / KEPT
    whole = file.read_text()
    if spoil == "stray":
        (store / "products" / "notes.txt").write_text("hello")
        assert problems(store) == [{"key": "products/notes.txt", "problem": problems(store)[0]["problem"]}]
        return
    kept = json.loads(whole)
    damaged = {
        "flip": whole.replace("seasonal", "seasonbl", 1),
        "cut": whole[:100],
        "other": json.dumps(changed(kept, ("name",), "other")),
    }
    file.write_text(damaged[spoil])
    assert KEPT in {problem["key"] for problem in problems(store)}
    with pytest.raises(ConfigError, match=r"products/user-red.json"):
        run(path)
    file.unlink()
    run(path)
    assert problems(store) == []
    assert counts(store) == DONE
