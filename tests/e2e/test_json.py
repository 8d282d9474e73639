"""The `--json` contracts: exact keys and types and nothing else on stdout; what `status` counts and `verify` finds."""

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eo_ingest import products, runtime
from eo_ingest.config import RunConfig
from eo_ingest.errors import SourceError
from process_support import command, tile
from tests_support import FakeSource, objects

SHARD = "worldcover/2020/utm32n/class/c/0/0/251/16"
BELOW = "worldcover/2020/utm32n/class/c/0/0/252/16"
LATER = "worldcover/2021/utm32n/class/c/0/0/251/16"
OTHER = "s2-20m/2020/utm32n/n_obs/c/0/0/251/16"
RECORDS = "manifest/worldcover/2020/utm32n"
ARRAY = "worldcover/2020/utm32n/class/zarr.json"
JOBS = ("done", "stale", "failed", "missing")
TILES = ("ok", "empty", "failed", "missing")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A finished store of two products, from the fake source; not to be changed."""
    store = tmp_path_factory.mktemp("made") / "demo.zarr"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime, "shared", lambda _config: FakeSource())
        runtime.tile(RunConfig.of(aoi="demo", store=str(store), source="emulator", products=("worldcover", "s2-20m")))
    return store


@pytest.fixture
def store(made, tmp_path):
    """A copy of it to spoil."""
    return Path(shutil.copytree(made, tmp_path / "demo.zarr"))


@pytest.fixture
def say(monkeypatch, capsys):
    """Run a command in this process: its JSON, stderr and exit code."""
    from eo_ingest.cli import cli

    def run(*arguments):
        code = 0
        try:
            cli.main([*map(str, arguments), "--json"], standalone_mode=False)
        except SystemExit as ended:
            code = ended.code
        out, err = capsys.readouterr()
        assert out.count("\n") == 1
        return json.loads(out), err, code

    return run


def test_plan(say):
    found, err, code = say("plan", "--aoi", "demo", "--period", "2020,2019", "--products", "s2,s1grd")
    assert (err, code) == ("", 0)
    assert list(found) == ["aoi", "grid", "tiles", "blocks", "jobs", "products"]
    assert {k: found[k] for k in ("aoi", "grid", "tiles", "blocks", "jobs")} == {
        "aoi": "demo",
        "grid": "utm",
        "tiles": 4,
        "blocks": 2,
        "jobs": 8,
    }
    assert list(found["products"]) == ["s2", "s1grd"]
    for cost in found["products"].values():
        assert list(cost) == ["jobs", "requests", "bytes"]
        assert all(type(value) is int and value > 0 for value in cost.values())
    assert sum(cost["jobs"] for cost in found["products"].values()) == found["jobs"]


def test_notes_go_to_stderr(say, tmp_path):
    area = tmp_path / "two.wkt"
    area.write_text("POLYGON ((6 49, 6.01 49, 6.01 49.01, 6 49))\nPOLYGON ((7 49, 7.01 49, 7.01 49.01, 7 49))\n")
    found, err, _ = say("plan", "--aoi", area, "--period", "2019")
    assert found["aoi"] == "two"
    assert err == (
        "note: AOI two: dissolved 2 features into one area\n"
        "note: left out, since the periods asked for are not theirs: worldcover\n"
    )


def test_status(say, made):
    found, err, code = say("status", "--store", made)
    assert (err, code) == ("", 0)
    done = {"jobs": dict(zip(JOBS, (2, 0, 0, 0), strict=True)), "tiles": dict(zip(TILES, (4, 0, 0, 0), strict=True))}
    assert found == {"products": {"s2-20m": {"2020": done}, "worldcover": {"2020": done, "2021": done}}}
    for periods in found["products"].values():
        for counts in periods.values():
            assert list(counts) == ["jobs", "tiles"]
            assert (tuple(counts["jobs"]), tuple(counts["tiles"])) == (JOBS, TILES)


def test_verify(say, made):
    found, err, code = say("verify", "--store", made)
    assert (err, code) == ("", 0)
    assert list(found) == ["records", "objects", "bytes", "problems"]
    files = [path for path in made.rglob("*") if path.is_file() and ".lock" not in path.parts]
    records = [path for path in files if "manifest" in path.parts]
    assert found["records"] == len(records) == 6
    assert found["objects"] == len(files) - len(records)
    assert found["bytes"] == sum(path.stat().st_size for path in files) - sum(path.stat().st_size for path in records)
    assert found["problems"] == []


def test_tile_in_a_process_of_its_own(tmp_path):
    """Progress goes nowhere where JSON was asked for; the emulator's own start says nothing on stdout either."""
    result = command(*tile(tmp_path / "a.zarr", "--limit", "1", "--period", "2020", "--json"), home=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.count("\n") == 1
    found = json.loads(result.stdout)
    assert list(found) == ["run", "seconds", "jobs", "tiles", "requests", "retries", "bytes", "failures"]
    assert found["jobs"] == {"done": 1, "failed": 0, "kept": 0}
    assert found["tiles"] == {"ok": 2, "empty": 0, "failed": 0}
    again = json.loads(
        command(*tile(tmp_path / "a.zarr", "--limit", "1", "--period", "2020", "--json"), home=tmp_path).stdout
    )
    assert (again["run"], again["jobs"], again["requests"]) == (None, {"done": 0, "failed": 0, "kept": 1}, 0)


def counted(say, store, period="2020"):
    """Jobs and tiles of worldcover in a year, in the order of JOBS and TILES."""
    found = say("status", "--store", store)[0]["products"]["worldcover"][period]
    return tuple(found["jobs"].values()), tuple(found["tiles"].values())


def test_status_counts_what_failed_is_empty_or_was_not_tried(say, source, config):
    """Of one year: a block refused, a block with an empty tile. Of the other: a block refused, and one not tried."""
    run = config()
    source.empty = {"utm32n_1007_65"}
    source.broken = {
        "worldcover/2020/utm32n/utm32n_b252_16": SourceError("not found: gone"),
        "worldcover/2021/utm32n/utm32n_b251_16": SourceError("not found: gone"),
    }
    runtime.tile(run.model_copy(update={"limit": 1}))
    assert counted(say, run.store) == ((1, 0, 0, 1), (1, 1, 0, 2))
    assert counted(say, run.store, "2021") == ((0, 0, 1, 1), (0, 0, 2, 2))
    runtime.tile(run.model_copy(update={"periods": ("2020",)}))
    assert counted(say, run.store) == ((1, 0, 1, 0), (1, 1, 2, 0))
    assert say("verify", "--store", run.store)[2] == 0  # a failure that is recorded is no damage
    source.broken = {}
    runtime.tile(run)
    assert counted(say, run.store) == ((2, 0, 0, 0), (3, 1, 0, 0))
    assert counted(say, run.store, "2021") == ((2, 0, 0, 0), (3, 1, 0, 0))
    assert say("verify", "--store", run.store)[2] == 0


def test_status_counts_what_was_made_from_another_definition(say, source, config, monkeypatch):
    run = config()
    runtime.tile(run)
    old = products.get("worldcover")
    new = replace(old, variables=(replace(old.variables[0], valid_range=(10, 101)),))
    monkeypatch.setitem(products.REGISTRY, "worldcover", new)
    assert counted(say, run.store) == ((0, 2, 0, 0), (0, 0, 0, 4))
    runtime.tile(run.model_copy(update={"limit": 1}))
    assert counted(say, run.store) == ((1, 1, 0, 0), (2, 0, 0, 2))
    source.broken = {"worldcover/2020/utm32n/utm32n_b252_16": SourceError("not found: gone")}
    runtime.tile(run)
    assert counted(say, run.store) == ((1, 0, 1, 0), (2, 0, 2, 0))
    source.broken = {}
    runtime.tile(run)
    assert counted(say, run.store) == ((2, 0, 0, 0), (4, 0, 0, 0))
    assert say("verify", "--store", run.store)[2] == 0


def found_in(say, store):
    """The keys that `verify` names; it exits with 1 if there are any."""
    report, err, code = say("verify", "--store", store)
    assert err == ""
    assert all(list(problem) == ["key", "problem"] for problem in report["problems"])
    assert all(type(problem[name]) is str for problem in report["problems"] for name in problem)
    assert code == (1 if report["problems"] else 0)
    return {problem["key"] for problem in report["problems"]}


def flip(path, at):
    """Turn one bit of the byte at a fraction of a file."""
    data = bytearray(path.read_bytes())
    place = int(at * len(data))
    data[place] ^= 1 << place % 8
    path.write_bytes(data)


CHANCE = random.Random(2020)  # noqa: S311 - no secret
PLACES = [0.0, *(round(CHANCE.random(), 4) for _ in range(6)), 0.99999]


@pytest.mark.parametrize("at", PLACES)
@pytest.mark.parametrize("key", [SHARD, OTHER, "s2-20m/2020/utm32n/reflectance/c/0/0/252/16"])
def test_a_bit_of_a_shard(say, store, key, at):
    flip(store / key, at)
    assert key in found_in(say, store)


def a_record(store, block="utm32n_b251_16"):
    (path,) = (store / RECORDS).glob(f"{block}.*")
    return path


def key_of(path, store):
    return path.relative_to(store).as_posix()


@pytest.mark.parametrize("at", PLACES)
def test_a_bit_of_a_record(say, store, at):
    path = a_record(store)
    flip(path, at)
    assert key_of(path, store) in found_in(say, store)


@pytest.mark.parametrize("at", PLACES)
@pytest.mark.parametrize(
    "key", [ARRAY, "worldcover/2020/utm32n/zarr.json", "worldcover/zarr.json", "worldcover/2020/utm32n/x/c/0"]
)
def test_a_bit_of_metadata(say, store, key, at):
    flip(store / key, at)
    assert found_in(say, store) == {key}


@pytest.mark.parametrize("key", [SHARD, ARRAY, "worldcover/2020/utm32n/frame/c/0", "s2-20m/2020/zarr.json"])
def test_an_object_that_is_gone(say, store, key):
    (store / key).unlink()
    assert found_in(say, store) == {key}


@pytest.mark.parametrize("key", [SHARD, OTHER])
@pytest.mark.parametrize("keep", [0, 1, 100, -1])
def test_a_shard_cut_short(say, store, key, keep):
    (store / key).write_bytes((store / key).read_bytes()[:keep])
    assert key in found_in(say, store)


def test_a_shard_with_more_behind_it(say, store):
    with (store / SHARD).open("ab") as file:
        file.write(b"\0")
    assert SHARD in found_in(say, store)


@pytest.mark.parametrize("other", [BELOW, LATER, OTHER, "s2-20m/2020/utm32n/reflectance/c/0/0/251/16", ARRAY])
def test_a_shard_that_belongs_elsewhere(say, store, other):
    """Of another block, period, variable or product, or no shard at all."""
    shutil.copy(store / other, store / SHARD)
    assert SHARD in found_in(say, store)


def test_a_shard_that_nothing_asked_for(say, store):
    stray = SHARD.replace("251/16", "250/16")
    (store / stray).parent.mkdir()
    shutil.copy(store / SHARD, store / stray)
    assert found_in(say, store) == {stray}


def test_records_that_changed_places(say, store):
    one, other = a_record(store), a_record(store, "utm32n_b252_16")
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(kept)
    assert found_in(say, store) == {key_of(one, store), key_of(other, store)}


@pytest.mark.parametrize(
    ("old", "new"), [("done-6000", "done-e000"), ("done-6000", "failed-6000"), ("251_16", "250_16"), (".json", "")]
)
def test_a_record_under_another_name(say, store, old, new):
    """More tiles than it tells of, another status or block, or no record's name at all."""
    path = a_record(store)
    renamed = path.with_name(path.name.replace(old, new, 1))
    path.rename(renamed)
    assert key_of(renamed, store) in found_in(say, store)


def test_a_record_that_is_gone(say, store):
    """Its pixels are then what an interrupted run leaves: named, and mended by running again."""
    a_record(store).unlink()
    assert SHARD in found_in(say, store)


def test_a_file_that_is_no_record(say, store):
    (store / RECORDS / "notes.txt").write_text("hello")
    assert found_in(say, store) == {f"{RECORDS}/notes.txt"}


def forged(store, change):
    """A record that was changed by somebody who also mended its digest."""
    from eo_ingest.manifest import Record

    path = a_record(store)
    record = Record.load(path.read_bytes())
    path.write_bytes(change(record).dump())
    return key_of(path, store)


def test_a_record_that_claims_what_is_not_so(say, store):
    """Pixels are decoded and held against the record's claims, digests or not."""

    def claim(record):
        name, told = next(iter(record.tiles.items()))
        return record.model_copy(update={"tiles": {**record.tiles, name: told.model_copy(update={"status": "empty"})}})

    forged(store, claim)
    assert found_in(say, store) == {SHARD, "manifest.parquet"}


def test_a_record_of_real_data_in_a_synthetic_store(say, store):
    key = forged(store, lambda record: record.model_copy(update={"synthetic": False}))
    assert found_in(say, store) == {key}


def test_pixels_that_the_product_does_not_allow(say, store):
    """A class that does not exist, well compressed, with record and digest to match."""
    from eo_ingest.manifest import sha256
    from eo_ingest.stores import codec

    variable = products.get("worldcover").variables[0]
    chunks = codec.unpack((store / SHARD).read_bytes())
    index, chunk = next(iter(chunks.items()))
    values = codec.decode(chunk, variable, (1, 1, 448, 448)).copy()
    values[0, 0, 5, 5] = 13
    chunks[index] = codec.encode(values, variable)
    (store / SHARD).write_bytes(codec.pack(chunks))

    def claim(record):
        old, new = sha256(chunk), sha256(chunks[index])
        tiles = {
            name: told.model_copy(update={"digests": {"class": new}}) if told.digests["class"] == old else told
            for name, told in record.tiles.items()
        }
        return record.model_copy(update={"tiles": tiles, "objects": {SHARD: len(codec.pack(chunks))}})

    forged(store, claim)
    assert found_in(say, store) == {SHARD}


@pytest.mark.parametrize("key", ["manifest.parquet", "tiles/utm32n.parquet"])
def test_a_bit_of_a_table(say, store, key):
    """Wherever it is, it is found, or is of no consequence: in what only the packing of the table needs."""
    path = store / key
    sound, truth, found = path.read_bytes(), say("status", "--store", store), 0
    for at in np.linspace(0, 0.99999, 30):
        flip(path, at)
        if found_in(say, store) == {key}:
            found += 1
        else:
            assert say("status", "--store", store) == truth
        path.write_bytes(sound)
    assert found > 10


@pytest.mark.parametrize("key", ["manifest.parquet", "tiles/utm32n.parquet", "runs"])
def test_a_table_or_run_cut_short(say, store, key):
    path = store / key
    if path.is_dir():
        (path,) = path.iterdir()
    path.write_bytes(path.read_bytes()[:100])
    assert found_in(say, store) == {key_of(path, store)}


def test_a_root_that_is_not_ours_throughout(say, store):
    path = store / "zarr.json"
    path.write_text(path.read_text().replace('"group"', '"grouq"'))
    assert found_in(say, store) == {"zarr.json"}


def test_files_of_other_people(say, store):
    """What nobody of ours made is named, so that a store can be handed on whole."""
    (store / "worldcover" / "2020" / "notes.txt").write_text("hello")
    assert found_in(say, store) == {"worldcover/2020/notes.txt"}


@pytest.mark.parametrize(
    ("damage", "removed"),
    [
        (SHARD, [RECORDS]),
        (ARRAY, [ARRAY, RECORDS]),
        ("worldcover/2020/utm32n/x/c/0", [RECORDS]),
        ("manifest.parquet", ["manifest.parquet"]),
        ("tiles/utm32n.parquet", ["tiles/utm32n.parquet"]),
    ],
)
def test_damage_is_mended_by_removing_what_is_named_and_running_again(say, source, store, damage, removed):
    """Of pixels and their metadata the records go, for they say what is done; the run then makes them again."""
    sound = objects(store)
    flip(store / damage, 0)
    assert found_in(say, store)
    for key in removed:
        path = store / key
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    runtime.tile(RunConfig.of(aoi="demo", store=str(store), source="emulator", products=("worldcover",)))
    assert found_in(say, store) == set()
    assert objects(store) == sound
    assert counted(say, store) == ((2, 0, 0, 0), (4, 0, 0, 0))
