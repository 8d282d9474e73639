import io
import json
import logging
import subprocess
import sys
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from rich.console import Console

from eo_ingest.cli import cli
from eo_ingest.cli.progress import Counter, Progress
from eo_ingest.cli.text import count, seconds, size, table
from eo_ingest.products import DEFAULT

HEAVY = ("numpy", "ee", "geopandas", "zarr", "rasterio", "pydantic", "prefect", "rich", "pyproj")


def run(*args):
    result = CliRunner().invoke(cli, args)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_help_imports_nothing_heavy():
    code = f"""
import sys
from eo_ingest.cli import cli
try:
    cli(["--help"])
except SystemExit:
    print("loaded:", [name for name in {HEAVY!r} if name in sys.modules])
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.rstrip().endswith("loaded: []")


@pytest.mark.parametrize(
    "name",
    [
        "plan",
        "tile",
        "status",
        "verify",
        "preview",
        "aoi",
        "grid",
        "product",
        "recipe",
        "emulator",
        "split",
        "sample",
        "proportions",
    ],
)
def test_every_command_has_help_and_is_listed(name):
    assert name in run("--help")
    assert "Usage" in run(name, "--help")


def test_plan_needs_no_network_and_prints_its_contract():
    found = json.loads(run("plan", "--aoi", "demo", "--json"))
    assert set(found) == {"aoi", "grid", "tiles", "blocks", "jobs", "products"}
    assert (found["aoi"], found["grid"], found["tiles"], found["blocks"], found["jobs"]) == ("demo", "utm", 4, 2, 10)
    assert set(found["products"]) == set(DEFAULT)
    assert all(set(p) == {"jobs", "requests", "bytes"} for p in found["products"].values())
    assert "s1grd" in run("plan", "--aoi", "demo")


def test_options_may_be_repeated_or_hold_commas():
    one = run("plan", "--aoi", "demo", "--products", "s2,worldcover", "--json")
    assert one == run("plan", "--aoi", "demo", "--products", "s2", "--products", "worldcover", "--json")


@pytest.mark.parametrize("kind", ["aoi", "grid", "product"])
def test_what_is_listed_can_be_shown(kind):
    for row in json.loads(run(kind, "list", "--json")):
        assert row["title"]
        shown = json.loads(run(kind, "show", row["name"], "--json"))
        assert shown["name"] == row["name"]
        assert run(kind, "show", row["name"])
    assert run(kind, "list")


def test_products_are_listed_by_sampling_and_source_and_what_options_make_of_them_apart():
    from eo_ingest.products import REGISTRY

    lines = run("product", "list").splitlines()
    assert lines[0].split() == ["product", "pixel", "cadence", "source", "what"]
    listed = {line.split()[0]: line for line in lines[1:] if not line.startswith("with ")}
    assert "20 m  seasons" in listed["s2-20m"]
    assert "Earth Engine or files (gssic)" in listed["coherence"]
    options = {line.split(": ")[0]: line.split(": ")[1].split(", ") for line in lines if line.startswith("with ")}
    assert "s2-scl" in options["with --clouds scl"]
    assert options["with --orbit most"] == ["s1grd-orbit", "s1grd-monthly-orbit"]
    assert set(listed) | {name for names in options.values() for name in names} == set(REGISTRY)
    rows = {row["name"]: row for row in json.loads(run("product", "list", "--json"))}
    assert (rows["s2-qa60"]["option"], rows["s2"]["option"], rows["s2"]["default"]) == ("--clouds qa60", None, True)


def test_a_tile_a_block_and_a_zone_can_be_shown():
    tile = json.loads(run("grid", "show", "utm32n_1007_65", "--json"))
    assert tile["crs"] == "EPSG:32632"
    assert tile["bounds"] == [291200.0, 5501440.0, 295680.0, 5505920.0]
    block = json.loads(run("grid", "show", "utm32n_b251_16", "--json"))
    assert block["bounds"][2] - block["bounds"][0] == 17920
    assert json.loads(run("grid", "show", "utm32n", "--json"))["shape"] == [1001728, 100352]


def test_words_for_people():
    assert [count(n, "tile") for n in (0, 1, 1200)] == ["0 tiles", "1 tile", "1,200 tiles"]
    assert [size(n) for n in (12, 1234, 5.5e6, 2e15)] == ["12 B", "1.2 kB", "5.5 MB", "2.0 PB"]
    assert [seconds(n) for n in (9.44, 200, 7500)] == ["9.4 s", "3 min 20 s", "2 h 5 min"]
    assert table(("a", "bb"), [("long", "1")]) == "a     bb\nlong   1"


@pytest.fixture
def levels():
    """The levels of our logger and the client's, put back after the test."""
    loggers = [logging.getLogger(name) for name in ("eo_ingest", "googleapiclient")]
    before = [logger.level for logger in loggers]
    yield lambda: tuple(logger.level for logger in loggers)
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


@pytest.mark.parametrize(
    ("before", "after", "level"),
    [
        ([], [], logging.WARNING),
        (["-v"], [], logging.INFO),
        ([], ["-v"], logging.INFO),
        ([], ["--verbose", "-v"], logging.DEBUG),
        (["-v"], ["-v"], logging.DEBUG),
        (["-vv"], ["-vv"], logging.DEBUG),
    ],
)
def test_verbose_before_or_after_tile(source, levels, tmp_path, before, after, level):
    what = ["--aoi", "demo", "--products", "worldcover", "--period", "2020", "--store", str(tmp_path / "demo.zarr")]
    run(*before, "tile", *what, "--source", "emulator", "--limit", "1", *after)
    assert levels() == (level, logging.CRITICAL if level == logging.WARNING else logging.WARNING)


def test_one_or_many_were_done_before(source, tmp_path):
    what = ["--aoi", "demo", "--products", "worldcover", "--store", str(tmp_path / "demo.zarr"), "--source", "emulator"]
    assert "before" not in run("tile", *what, "--limit", "1", "--period", "2020")
    assert ", 1 job was done before: tiles 2 ok" in run("tile", *what, "--period", "2020")
    assert ", 2 jobs were done before: tiles 4 ok" in run("tile", *what)


PLAN = SimpleNamespace(aoi=SimpleNamespace(name="demo"))


def outcome(status="done", tiles=8):
    return SimpleNamespace(
        record=SimpleNamespace(status=status, tiles=range(tiles), objects={"a": 400_000} if status == "done" else {})
    )


def test_a_run_away_from_a_terminal_tells_of_itself_each_minute():
    stream, now = io.StringIO(), 100.0
    with Progress(quiet=False, console=Console(file=stream, width=20), clock=lambda: now) as progress:
        now = 1000.0
        progress.start(PLAN, [SimpleNamespace(tiles=0xFF)] * 150)
        for seconds_in, ended in [(30, outcome()), (59, outcome()), (61, outcome()), (90, outcome()), (119, outcome())]:
            now = 1000.0 + seconds_in
            progress.advance(ended)
        now = 1000.0 + 160
        progress.advance(outcome("failed"))
    assert stream.getvalue().splitlines() == [
        "demo: 150 jobs, 1,200 tiles",
        "demo: 24 of 1,200 tiles, 0.39 tiles/s, 1.2 MB stored, 0 jobs failed",
        "demo: 48 of 1,200 tiles, 0.30 tiles/s, 2.0 MB stored, 1 job failed",
    ]


@pytest.mark.parametrize("where", [{"quiet": True}, {"force_terminal": True}])
def test_a_run_that_is_quiet_or_on_a_terminal_prints_no_lines(where):
    stream, now = io.StringIO(), 0.0
    console = Console(file=stream, **where)
    with Progress(quiet="quiet" in where, console=console, clock=lambda: now) as progress:
        progress.start(PLAN, [SimpleNamespace(tiles=1)])
        now = 100.0
        progress.advance(outcome())
    assert "stored," not in stream.getvalue()
    assert bool(stream.getvalue()) == ("force_terminal" in where)


@pytest.mark.parametrize(("terminal", "quiet"), [(True, False), (True, True), (False, False)])
def test_what_is_only_counted_is_shown_on_a_terminal(terminal, quiet):
    stream = io.StringIO()
    with Counter("verify", "record", quiet=quiet, console=Console(file=stream, force_terminal=terminal)) as counter:
        counter.advance()
        counter.advance()
    assert ("2 records" in stream.getvalue()) == (terminal and not quiet)
    assert bool(stream.getvalue()) == (terminal and not quiet)
