"""`product check`, and what `tile` refuses before the first job: held against assets that are wrong in known ways."""

import json
import re
import signal
import subprocess
import sys

import numpy as np
import pytest
from rasterio import Affine
from rasterio.crs import CRS

from custom_support import classes, right, variable, written
from e2e_support import Picture, serve
from eo_ingest import runtime
from eo_ingest.cli import main
from eo_ingest.emulator.process import EmulatorProcess
from eo_ingest.grid import Grid

TILE = "utm32n_1007_65"
SIDE, STEP = 56, 80


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    """A small catalogue: a collection of two bands and two types, an image of floats, one of classes."""
    folder = tmp_path_factory.mktemp("assets")
    zone = Grid.load("utm").zone("utm32n")
    left, _, _, top = zone.bounds(Grid.load("utm").tile(TILE))
    affine, crs = Affine(STEP, 0, left, 0, -STEP, top), CRS.from_string(zone.crs)
    rng = np.random.default_rng(3)

    def picture(values, *names):
        return Picture(np.asarray(values), affine, crs, names)

    for month in (6, 7):
        both = rng.integers(0, 2000, (2, SIDE, SIDE)).astype(np.uint16)
        start = {"system__time_start": f"2020-{month:02d}-05T10:00:00Z"}
        serve(folder, f"USER/series/i{month}", picture(both, "red", "nir"), cloudy=10 * month, **start)
    floats = rng.normal(0, 400, (1, SIDE, SIDE)).astype(np.float32)
    floats[0, 0, 0] = 40_000
    serve(folder, "USER/height", picture(floats, "elevation"))
    labels = rng.choice(np.array([1, 2, 2, 2], np.uint8), (1, SIDE, SIDE))
    serve(folder, "USER/labels", picture(labels, "Map"))
    with EmulatorProcess(assets=folder, world=False) as process:
        yield process.url


@pytest.fixture
def say(emulator, monkeypatch, capsys):
    """Run the command line in this process; its result."""
    monkeypatch.setenv("EO_INGEST_EMULATOR_URL", emulator)
    monkeypatch.setattr("eo_ingest.cli._leave", sys.exit)
    handler = signal.getsignal(signal.SIGTERM)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["eo-ingest", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return subprocess.CompletedProcess(arguments, ended.value.code, *capsys.readouterr())

    yield run
    signal.signal(signal.SIGTERM, handler)


def a_series(*variables, **changes):
    told = {"name": "user-series", "collection": "USER/series", "resolution": STEP}
    return right(**{**told, "variables": list(variables) or [red()], **changes})


def an_image(image, *variables, **changes):
    told = {"name": "user-map", "image": image, "collection": None, "cadence": None, "reducer": None}
    return a_series(*variables, **{**told, **changes})


def red(**changes):
    return variable(**{"bands": ["red"], **changes})


def elevation(**changes):
    told = {"name": "elevation", "bands": ["elevation"], "units": "m", "scale": None, "asset_scale": None}
    return variable(**{**told, "dtype": "int16", "nodata": -32768, "valid_range": [-500, 9000], **changes})


def check(say, tmp_path, values, *options):
    path = written(tmp_path, values)
    return say("product", "check", path, "--source", "emulator", "--tile", TILE, *options)


def report(say, tmp_path, values, *options):
    """The `--json`, and the exit code."""
    result = check(say, tmp_path, values, *options, "--json")
    assert result.stderr == ""
    return json.loads(result.stdout), result.returncode


def test_a_product_that_is_right(say, tmp_path):
    found, code = report(say, tmp_path, a_series(scene_properties=["cloudy"]))
    assert code == 0
    assert list(found) == [
        *("product", "period", "tile", "problems", "notes", "assets", "scenes", "status", "valid", "values"),
        *("requests", "bytes"),
    ]
    assert (found["product"], found["period"], found["tile"], found["status"]) == ("user-series", "2020", TILE, "ok")
    assert found["problems"] == []
    assert found["notes"] == ["no image at this place in DJF, MAM, SON: its pixels there are nodata"]
    assert found["scenes"] == {"DJF": 0, "MAM": 0, "JJA": 2, "SON": 0}
    (asset,) = found["assets"]
    assert asset["type"] == "image collection"
    assert [(b["name"], b["type"], b["scale"]) for b in asset["bands"]] == [
        ("red", "int 0 to 65535", STEP),
        ("nir", "int 0 to 65535", STEP),
    ]
    frames = found["values"]["red"]["red"]
    assert [frames[frame]["valid"] for frame in frames] == [0.0, 0.0, 1.0, 0.0]
    assert 0 <= frames["JJA"]["min"] < frames["JJA"]["mean"] < frames["JJA"]["max"] <= 0.2
    assert found["values"]["n_obs"]["red"]["JJA"] == {"valid": 1.0, "min": 2.0, "mean": 2.0, "max": 2.0}
    assert (found["requests"], found["valid"]) == (2, 0.25)


def test_as_text(say, tmp_path):
    result = check(say, tmp_path, an_image("USER/labels", classes()))
    assert result.returncode == 0
    assert "USER/labels: image\n  Map  int 0 to 255, 80 m, EPSG:32632\n" in result.stdout
    assert f"tile {TILE}, 2020: ok, 100.0% valid" in result.stdout
    assert "class Map 2020: water 2" in result.stdout
    assert result.stderr == ""


def test_a_picture(say, tmp_path):
    result = check(say, tmp_path, an_image("USER/labels", classes()), "--out", tmp_path / "tile.png")
    assert result.returncode == 0
    assert (tmp_path / "tile.png").read_bytes().startswith(b"\x89PNG")


def test_no_store_and_no_folder_is_left(say, tmp_path):
    check(say, tmp_path, an_image("USER/labels", classes()))
    assert [path.name for path in tmp_path.iterdir()] == ["user.toml"]


PROBLEMS = [
    (a_series(collection="USER/seires"), "the emulator has no asset 'USER/seires': expected one of its world"),
    (an_image("USER/series", red()), "is of type image collection, not image: expected collection = 'USER/series'"),
    (a_series(collection="USER/labels"), "is of type image, not image collection: expected image = 'USER/labels'"),
    (a_series(collection="USER"), "is of type folder, not image collection: expected the id of an image collection"),
    (a_series(red(bands=["rad"])), "has no band 'rad' (did you mean 'red'?): expected one of red, nir"),
    (a_series(mask=[{"band": "qa", "keep": {"eq": 0}}]), "mask[0].band: asset 'USER/series' has no band 'qa'"),
    (
        a_series(mask=[{"collection": "USER/none", "band": "qa", "keep": {"eq": 0}}]),
        "the emulator has no asset 'USER/none'",
    ),
    (
        a_series(red(dtype="uint8", nodata=255, valid_range=[0, 254])),
        "band 'red' is declared as int 0 to 65535, which is 0 to 65535 as stored: that does not fit uint8 (0 to 255)",
    ),
    (
        a_series(red(dtype="int16", nodata=-1)),
        "that does not fit int16 (-32768 to 32767); expected a wider dtype, a larger scale",
    ),
    (a_series(periods=["2017"]), "asset 'USER/series' has no image from 2016-12-01 to 2017-12-01"),
    (a_series(filters=[{"property": "cloudy", "keep": {"lt": 5}}]), "filters: they leave none of the images of"),
    (
        a_series(filters=[{"property": "cluody", "drop": {"gt": 60}}]),
        "filters[0].property: the images of 'USER/series' have no property 'cluody' (did you mean 'cloudy'?)",
    ),
    (a_series(red(valid_range=[3000, 10000])), "band 'red': 100.00% of the values are outside of the valid range"),
]


@pytest.mark.parametrize(("values", "said"), PROBLEMS, ids=[said for _, said in PROBLEMS])
def test_what_the_catalogue_tells_is_refused_by_check_and_by_tile(say, tmp_path, values, said):
    result = check(say, tmp_path, values)
    assert result.returncode == 2
    assert said in result.stderr
    assert all(line.startswith(("error: ", "note: ")) for line in result.stderr.splitlines())
    found, code = report(say, tmp_path, values)
    assert (code, found["status"], found["values"]) == (2, None, {})
    assert any(said in problem for problem in found["problems"])
    path, store = written(tmp_path, values), tmp_path / "s.zarr"
    where = ("--aoi", runtime.box_of(TILE, "utm"), "--source", "emulator", "--store", store)
    told = say("tile", "--products", path, *where)
    assert told.returncode == 2
    assert said in told.stderr
    assert not store.exists()


@pytest.mark.parametrize("verb", ["check", "tile"])
def test_what_the_file_tells_is_refused_without_asking(say, tmp_path, verb, monkeypatch):
    monkeypatch.setattr(runtime, "shared", lambda _config: pytest.fail("asked"))
    path = written(tmp_path, a_series(red(nodata=100)))
    where = ("--store", tmp_path / "s.zarr", "--aoi", "demo", "--products", path) if verb == "tile" else ("check", path)
    result = say("tile" if verb == "tile" else "product", *where, "--source", "emulator")
    assert result.returncode == 2
    assert result.stderr == "error: user.toml: variable 'red': nodata 100 lies inside the valid range (0, 10000)\n"


def test_values_that_overflow_are_seen_where_no_type_tells(say, tmp_path):
    """Floats have no bounds that a catalogue could tell: one pixel of 40 000 m."""
    found, code = report(say, tmp_path, an_image("USER/height", elevation()))
    assert code == 2
    assert found["status"] is None
    (problem,) = found["problems"]
    assert "variable 'elevation', band 'elevation', 2020: 0.03% of the values do not fit int16" in problem
    assert "to 40000 as stored; expected a wider dtype or a larger scale" in problem


def test_values_outside_of_the_valid_range_are_told(say, tmp_path):
    found, code = report(say, tmp_path, an_image("USER/height", elevation(outside="nodata")))
    assert (code, found["problems"]) == (0, [])
    assert any("of the values are outside of the valid range -500 to 9000" in note for note in found["notes"])
    assert found["values"]["elevation"]["elevation"]["2020"]["valid"] < 1


@pytest.mark.parametrize("outside", ["nodata", "clamp"])
def test_no_valid_value_is_a_problem_of_the_check_whatever_is_said_of_it(say, tmp_path, outside):
    values = an_image("USER/labels", elevation(bands=["Map"], outside=outside, valid_range=[100, 200]))
    found, code = report(say, tmp_path, values)
    assert code == 2
    (problem,) = found["problems"]
    assert "100.00% of the values are outside of the valid range 100 to 200: they are 1 to 2 as stored" in problem
    where = ("--aoi", runtime.box_of(TILE, "utm"), "--source", "emulator", "--store", tmp_path / "s.zarr")
    assert say("tile", "--products", written(tmp_path, values), *where).returncode == 0


@pytest.mark.parametrize("outside", ["nodata", "clamp"])
def test_values_beyond_the_dtype_are_told_also_where_it_is_said_what_becomes_of_them(say, tmp_path, outside):
    small = elevation(dtype="uint8", nodata=255, valid_range=[0, 254], outside=outside)
    found, code = report(say, tmp_path, an_image("USER/height", small))
    assert (code, found["problems"]) == (0, [])
    (note,) = (note for note in found["notes"] if "valid range" in note)
    shares = [float(share) for share in re.findall(r"([0-9.]+)%", note)]
    assert 70 < shares[1] <= shares[0] < 80  # normal, of deviation 400: below 0, above 255
    assert "do not fit uint8" in note


def test_values_that_overflow_are_refused_by_tile_too(say, tmp_path):
    path, store = written(tmp_path, an_image("USER/height", elevation())), tmp_path / "s.zarr"
    where = ("--aoi", runtime.box_of(TILE, "utm"), "--source", "emulator", "--store", store)
    told = say("tile", "--products", path, *where)
    assert told.returncode == 2
    assert "0.03% of the values do not fit int16" in told.stderr
    assert not store.exists()


@pytest.mark.parametrize(
    ("resolution", "said"),
    [(20, "are stored as 4 × 4 pixels of 20 m: a coarser"), (160, "from a coarser level of the asset's pyramid")],
)
def test_pixels_of_another_size_are_told(say, tmp_path, resolution, said):
    found, code = report(say, tmp_path, an_image("USER/labels", classes(), resolution=resolution))
    assert code == 0
    assert any(said in note for note in found["notes"])


def test_a_class_that_nobody_listed(say, tmp_path):
    one = [{"value": 2, "name": "land"}]
    found, code = report(say, tmp_path, an_image("USER/labels", classes(classes=one)))
    assert (code, found["status"]) == (2, "failed")
    assert "the tile cannot be made" in found["problems"][0]
    assert "holds classes [1] that the product does not define" in found["problems"][0]


PROGRAM = """
from eo_ingest.product import Product, Variable

def scenes(frame, region):
    import ee
    return ee.ImageCollection([ee.Image("USER/height")])

MINE = Product(
    name="mine", title="Mine", resolution=80, cadence="calendar-year", resampling="nearest", assets=("USER/height",),
    licence="free", citation="me", periods=("2020",), scenes=scenes, images=lambda scenes, frame: {IMAGES},
    variables=(
        Variable(
            name="height", bands=("a",), dtype="int32", nodata=-1, valid_range=(0, 10000), units="m", long_name="h"
        ),
    ),
)
"""


@pytest.mark.parametrize(
    ("images", "said"),
    [
        ("{'height': scenes.first().abs()}", None),
        ("{'height': scenes.first().select('hight')}", "its expression cannot be evaluated"),
        ("{'hight': scenes.first()}", "mine.py: `images` gives hight: expected an image of each variable: height"),
        ("scenes.first()", "mine.py: `images` gives a Image: expected an image of each variable"),
        ("{'height': scenes.frist()}", "mine.py: `images` fails: AttributeError"),
        ("{'height': scenes.first().addBands(1)}", "`images` gives variable 'height' 2 bands: expected 1"),
    ],
    ids=["right", "band", "variable", "image", "typo", "bands"],
)
def test_a_program_is_checked_by_trying_it(say, tmp_path, images, said):
    path = written(tmp_path, PROGRAM.replace("{IMAGES}", images), "mine.py")
    assert "--trust-code" in say("product", "check", path, "--source", "emulator").stderr
    result = say("product", "check", path, "--source", "emulator", "--tile", TILE, "--trust-code")
    assert result.returncode == (2 if said else 0)
    assert (said or "outside of the valid range 0 to 10000") in result.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--tile", "utm32n_1"], "is not a tile id"),
        (["--tile", TILE, "--aoi", "demo"], "--tile and --aoi both say where"),
        (["--out", "nowhere/at/all.png"], "there is no folder nowhere/at"),
        (["--period", "2020-07"], "period '2020-07' is no year"),
        (["--period", "2199"], "is not over yet"),
        (["--archive", "/data"], "comes from Earth Engine alone"),
        (["--grid", "utn"], "there is no grid 'utn'"),
    ],
    ids=str,
)
def test_what_may_be_asked_wrong(say, tmp_path, options, said):
    result = say("product", "check", written(tmp_path, a_series()), "--source", "emulator", *options)
    assert result.returncode == 2
    assert said in result.stderr


def test_a_name_is_no_file(say):
    assert "'s2' is not a product file" in say("product", "check", "s2").stderr
