import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from eo_ingest.cli import cli
from eo_ingest.cli.text import count, seconds, size, table
from eo_ingest.products import REGISTRY

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


@pytest.mark.parametrize("name", ["plan", "tile", "status", "verify", "preview", "aoi", "grid", "product", "emulator"])
def test_every_command_has_help_and_is_listed(name):
    assert name in run("--help")
    assert "Usage" in run(name, "--help")


def test_plan_needs_no_network_and_prints_its_contract():
    found = json.loads(run("plan", "--aoi", "demo", "--json"))
    assert set(found) == {"aoi", "grid", "tiles", "blocks", "jobs", "products"}
    assert (found["aoi"], found["grid"], found["tiles"], found["blocks"], found["jobs"]) == ("demo", "utm", 4, 2, 10)
    assert set(found["products"]) == set(REGISTRY)
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
