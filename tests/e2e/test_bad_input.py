"""What a user may get wrong: each is answered in one sentence with exit code 2, and nothing is made or changed."""

import errno
import json
import logging
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from eo_ingest import runtime
from eo_ingest.cli import main
from eo_ingest.config import RunConfig
from eo_ingest.stores import layout
from process_support import command, one_sentence, snapshot, tile
from tests_support import FakeSource

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
NASTY = sorted((SHARED / "nasty").glob("*"))
ANTIMERIDIAN = sorted((SHARED / "aoi" / "antimeridian").glob("*"))


@pytest.fixture
def say(monkeypatch, capsys):
    """Run the command line in this process."""
    root = logging.getLogger()
    handlers, handler = list(root.handlers), signal.getsignal(signal.SIGTERM)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["eo-ingest", *map(str, arguments)])
        monkeypatch.setattr("eo_ingest.cli._leave", sys.exit)  # leaving at once would end the tests too
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, ended.value.code, out, err)

    yield run
    root.handlers[:] = handlers
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def refused(say, tmp_path):
    """Run a command that must be refused; its sentence."""

    def run(*arguments):
        before = snapshot(tmp_path), sorted(tmp_path.rglob("*"))
        result = say(*arguments)
        assert (snapshot(tmp_path), sorted(tmp_path.rglob("*"))) == before
        assert result.stdout == ""
        return one_sentence(result, 2)

    return run


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A finished store of the demo, from the fake source."""
    store = tmp_path_factory.mktemp("made") / "demo.zarr"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime, "shared", lambda _config: FakeSource())
        runtime.tile(RunConfig.of(aoi="demo", store=str(store), source="emulator", products=("worldcover",)))
    return store


@pytest.fixture
def store(made, tmp_path):
    """A copy of it to spoil."""
    return Path(shutil.copytree(made, tmp_path / "demo.zarr"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--aoi", "luxemburg"], "did you mean 'luxembourg'?"),
        (["--aoi", "atlantis"], "there is no AOI 'atlantis': expected one of china, conus"),
        (["--aoi", ""], "there is no AOI ''"),
        (["--aoi", "nowhere.geojson"], "there is no such file"),
        (["--aoi", "1,2,3"], "has 3 numbers"),
        (["--aoi", "6,50,5,49"], "'6,50,5,49'"),
        (["--aoi", "-180,-10,180,10"], "wraps the globe"),
        (["--aoi", "5,85,6,86"], "polar"),
        (["--products", "worldcovr"], "did you mean 'worldcover'?"),
        (["--products", "sentinel"], "there are s1grd, s1grd-orbit"),
        (["--grid", "utn"], "utm"),
        (["--products", ""], "Invalid value for '--products': it is empty; leave the option out to get its default"),
        (["--products", ","], "Invalid value for '--products': it is empty"),
        (["--period", ""], "Invalid value for '--period': it is empty"),
        (["--period", " , "], "Invalid value for '--period': it is empty"),
        (["--period", "lately"], "expected a year such as 2020"),
        (["--period", "2020-13"], "expected a year such as 2020"),
        (["--period", "2019"], "product 'worldcover' has the periods 2020, 2021, not '2019'"),
        (["--products", "s2", "--period", "2020-07"], "is no year"),
        (["--limit", "0"], "0 is not in the range x>=1"),
        (["--limit", "few"], "'few' is not a valid integer"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("verb", ["plan", "tile"])
def test_what_to_make(refused, tmp_path, verb, options, said):
    given = {"--aoi": "demo", "--products": "worldcover", **dict(zip(options[::2], options[1::2], strict=True))}
    where = ["--store", tmp_path / "new.zarr", "--source", "emulator"] if verb == "tile" else []
    assert said in refused(verb, *(part for pair in given.items() for part in pair), *where)


def test_one_of_several_is_empty(refused):
    """As `--products "$ONE" --products "$OTHER"` is where a variable was forgotten."""
    assert "it is empty" in refused("plan", "--aoi", "demo", "--products", "", "--products", "worldcover")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--workers", "0"], "0 is not in the range 1<=x<=40"),
        (["--workers", "100"], "100 is not in the range 1<=x<=40"),
        (["--source", "bing"], "'bing' is not one of 'earthengine', 'emulator'"),
        (["--colour", "red"], "No such option"),
        (["extra"], "Got unexpected extra argument"),
    ],
    ids=" ".join,
)
def test_how_to_make_it(refused, tmp_path, options, said):
    assert said in refused(*tile(tmp_path / "new.zarr"), *options)


@pytest.mark.parametrize("missing", ["--aoi", "--store"])
def test_what_must_be_said(refused, tmp_path, missing):
    given = {"--aoi": "demo", "--store": tmp_path / "new.zarr"}
    del given[missing]
    assert f"Missing option '{missing}'" in refused("tile", *(part for pair in given.items() for part in pair))


def test_an_unknown_command(refused):
    assert "No such command 'til'" in refused("til")


@pytest.mark.parametrize("url", ["gs://bucket/store.zarr", "s3://bucket/store.zarr", ""])
def test_a_store_that_is_no_folder_s_name(refused, url):
    for arguments in (tile(url), ("status", "--store", url), ("verify", "--store", url)):
        assert "folder" in refused(*arguments)


def reading(store, tmp_path):
    """The commands that read a store."""
    yield "status", "--store", store
    yield "verify", "--store", store
    yield "preview", "--store", store, "--product", "worldcover", "--out", tmp_path / "picture.png"


def test_no_store(refused, tmp_path):
    for arguments in reading(tmp_path / "none.zarr", tmp_path):
        assert "there is no store at" in refused(*arguments)
    (tmp_path / "empty.zarr").mkdir()
    for arguments in reading(tmp_path / "empty.zarr", tmp_path):
        assert "there is no store at" in refused(*arguments)


def a_file(folder):
    folder.write_text("hello")


def a_folder_with_files(folder):
    folder.mkdir()
    (folder / "thesis.docx").write_text("hello")


def a_zarr_v2_group(folder):
    folder.mkdir()
    (folder / ".zgroup").write_text('{"zarr_format": 2}')


def another_zarr_store(folder):
    import zarr

    zarr.open_group(str(folder), mode="w").create_array("a", shape=(4,), dtype="uint8")


def rooted(text):
    def make(folder):
        folder.mkdir()
        (folder / layout.ROOT).write_bytes(text)

    return make


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (a_file, "is a file"),
        (a_folder_with_files, "is not a store of eo-ingest"),
        (a_zarr_v2_group, "not a store of eo-ingest"),
        (another_zarr_store, "is a Zarr store, but not one of eo-ingest"),
        (rooted(b""), "damaged or half-written"),
        (rooted(b'{"zarr_format": 3, "node_ty'), "damaged or half-written"),
        (rooted(b"\xff\xfe\x00"), "damaged or half-written"),
        (rooted(b"[]"), "damaged or half-written"),
        (rooted(b"null"), "damaged or half-written"),
        (rooted(b"{}"), "not one of eo-ingest"),
        (rooted(b'{"attributes": 3}'), "not one of eo-ingest"),
        (rooted(b'{"attributes": {"eo-ingest": []}}'), "not one of eo-ingest"),
    ],
    ids=["file", "folder", "zarr-2", "zarr", "empty", "half", "binary", "list", "null", "bare", "odd", "odder"],
)
def test_what_is_no_store_of_ours(refused, tmp_path, make, said):
    folder = tmp_path / "store.zarr"
    make(folder)
    for arguments in (tile(folder), *reading(folder, tmp_path)):
        assert said in refused(*arguments)


def test_a_folder_that_cannot_be_looked_into(say, tmp_path, monkeypatch):
    def refuse(_self):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert "Permission denied" in one_sentence(say(*tile(tmp_path)), 1)


def respell(store, **changes):
    """Change what a store's root says of it."""
    path = store / layout.ROOT
    root = json.loads(path.read_bytes())
    ours = next(value for value in root["attributes"].values() if isinstance(value, dict) and "grid" in value)
    for name, value in changes.items():
        ours[name] = ours[name] | value if isinstance(value, dict) else value
    path.write_text(json.dumps(root))


def test_a_store_of_a_later_version(refused, store, tmp_path):
    respell(store, format=99)
    for arguments in (tile(store), *reading(store, tmp_path)):
        assert "has format 99, this version reads" in refused(*arguments)


def test_a_store_on_another_grid(refused, store, tmp_path):
    respell(store, grid={"name": "mars"})
    assert "is on the grid 'mars' and this run on 'utm'" in refused(*tile(store))
    for arguments in reading(store, tmp_path):
        assert "mars" in refused(*arguments)


def test_a_store_on_a_grid_of_the_same_name(refused, store, tmp_path):
    respell(store, grid={"tile_px": 512})
    for arguments in (tile(store), *reading(store, tmp_path)):
        assert "grid 'utm'" in refused(*arguments)


def test_synthetic_data_do_not_go_among_real_ones(refused, store):
    respell(store, synthetic=False)
    told = refused(*tile(store, products="s2-20m"))
    assert "holds real data from Earth Engine and this run makes synthetic data from the emulator" in told


def test_real_data_do_not_go_among_synthetic_ones(refused, store, monkeypatch):
    monkeypatch.setattr("eo_ingest.runtime.check_access", lambda _config: None)
    told = refused(*tile(store, source="earthengine", products="s2-20m"))
    assert "holds synthetic data from the emulator and this run makes real data from Earth Engine" in told


def test_assets_are_for_the_emulator(refused, tmp_path):
    told = refused(*tile(tmp_path / "new.zarr", source="earthengine"), "--assets", tmp_path)
    assert "add --source emulator" in told


@pytest.mark.parametrize("files", [None, {}, {"X/b.tif": "junk"}, {"X/b.tif": ""}], ids=["none", "bare", "junk", "0"])
def test_assets_that_cannot_be_served(say, tmp_path, files):
    """Every file that cannot be read is named, on a line of its own."""
    assets = tmp_path / "assets"
    if files is not None:
        assets.mkdir()
    for name, text in (files or {}).items():
        (assets / name).parent.mkdir(exist_ok=True)
        (assets / name).write_text(text)
    result = say(*tile(tmp_path / "new.zarr"), "--assets", assets)
    assert result.returncode == 2
    assert f"error: --assets {assets}" in result.stderr
    assert "Traceback" not in result.stderr
    assert all(name in result.stderr for name in files or {})
    assert not (tmp_path / "new.zarr").exists()


def test_no_credentials(tmp_path):
    """Said in a second, as processor time, with both ways on; nothing is made."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = command("tile", "--aoi", "demo", "--store", tmp_path / "new.zarr", home=tmp_path)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = one_sentence(result, 2)
    assert "earthengine authenticate" in told
    assert "EO_INGEST_EE_PROJECT" in told
    assert "--source emulator" in told
    assert not (tmp_path / "new.zarr").exists()
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2


@pytest.mark.parametrize("text", ["", "not json", "{}", '{"type": "service_account"}', '{"type": "magic"}'])
def test_key_files_that_are_none(refused, tmp_path, monkeypatch, text):
    key = tmp_path / "key.json"
    key.write_text(text)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    assert "credentials" in refused(*tile(tmp_path / "new.zarr", source="earthengine"))


@pytest.mark.parametrize("text", ["{}", "", "not json", "[]"])
def test_a_credentials_file_that_is_none(refused, tmp_path, monkeypatch, text):
    path = Path(os.environ["HOME"]) / ".config" / "earthengine" / "credentials"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert "credentials" in refused(*tile(tmp_path / "new.zarr", source="earthengine"))


@pytest.mark.shared
@pytest.mark.parametrize("path", NASTY, ids=lambda path: path.name)
def test_nasty_files_are_no_area(refused, path):
    told = refused("plan", "--aoi", path)
    assert "it is a raster" in told or "it cannot be read" in told


@pytest.mark.shared
@pytest.mark.parametrize("path", ANTIMERIDIAN, ids=lambda path: path.name)
def test_areas_across_the_antimeridian(say, path):
    """Each is planned, and what was done to it is said, or it is refused."""
    result = say("plan", "--aoi", path, "--products", "worldcover", "--json")
    assert "Traceback" not in result.stderr
    if result.returncode == 0:
        assert "split at the antimeridian" in result.stderr
        assert json.loads(result.stdout)["tiles"] > 0
    else:
        assert "polar grids" in one_sentence(result, 2)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.geojson", "", "it is empty"),
        ("a.geojson", '{"type": "FeatureCollection", "features": []}', "it holds no geometry"),
        ("a.geojson", '{"type": "FeatureCollection", "feat', "cut short"),
        ("a.wkt", "POLYGON EMPTY", "it holds no geometry, or only empty ones"),
        ("a.wkt", "POINT (6 49)", "without area"),
        ("a.wkt", "LINESTRING (6 49, 7 50)", "without area"),
        ("a.wkt", "POLYGON ((292000 5500000, 293000 5500000, 293000 5501000, 292000 5500000))", "degrees"),
        ("a.gpkg", "SQLite format 3", "cannot be read"),
    ],
)
def test_areas_that_are_none(refused, tmp_path, name, text, said):
    path = tmp_path / name
    path.write_text(text)
    assert said in refused(*tile(tmp_path / "new.zarr", aoi=path))


def test_a_folder_is_no_area(refused, tmp_path):
    assert "it is a folder" in refused(*tile(tmp_path / "new.zarr", aoi=tmp_path))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--product", "worldcovr"], "did you mean 'worldcover'?"),
        (["--product", "s2"], "s2"),
        (["--product", "worldcover", "--period", "1999"], "has the periods 2020, 2021"),
        (["--product", "worldcover", "--frame", "JJA"], "not 'JJA'"),
        (["--tile", "utm32n_1_1"], "was not asked of this store"),
        (["--tile", "utm32n_x"], "not a tile id"),
        (["--zone", "utm31n"], "nothing in zone 'utm31n'"),
        (["--product", "worldcover", "--out", "no/such/folder/a.png"], "cannot write the picture"),
    ],
)
def test_pictures_that_cannot_be_drawn(refused, made, tmp_path, options, said):
    out = [] if "--out" in options else ["--out", tmp_path / "a.png"]
    assert said in refused("preview", "--store", made, *out, *options)


@pytest.mark.parametrize("group", ["aoi", "grid", "product"])
def test_nothing_of_that_name_to_show(refused, group):
    assert "atlantis" in refused(group, "show", "atlantis")


@pytest.mark.parametrize("name", ["utm31n_b99999_0", "utm31n_x", "utm31n_7", "utm99n_1_1", ""])
def test_no_such_cell(refused, name):
    refused("grid", "show", name)


def test_a_damaged_tile_index_is_named(say, store):
    (store / "tiles" / "utm32n.parquet").write_bytes(b"PAR1 junk")
    for arguments in (("status", "--store", store), tile(store, products="s2-20m", source="emulator")):
        assert "'tiles/utm32n.parquet' is not a tile index" in one_sentence(say(*arguments), 1)


def test_a_damaged_run_is_named(say, store):
    (path,) = (store / "runs").iterdir()
    path.write_text("{")
    assert f"'runs/{path.name}' is not the description of a run" in one_sentence(say("status", "--store", store), 1)
