"""What becomes of a tile, for every product: it is `ok`, `empty` or `failed`, and `missing` until it was tried.

All products of Earth Engine are made together, by the command line, of an emulator whose sources hold nothing, hold
something west of a meridian through the tile only, or fail; those of archives one by one, of files over HTTP.
"""

import json
import logging
import signal
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
import weather_world
import zarr
from click.testing import CliRunner
from pyproj import Transformer

import cog_support
import gunw_server
import gunw_support
from eo_ingest import runtime
from eo_ingest.cli import cli
from eo_ingest.config import RunConfig
from eo_ingest.grid import Grid
from eo_ingest.products import REGISTRY
from eo_ingest.sources.cog.name import Square

# Tiles of a quarter of the usual ones' area: what happens to them is the same.
GRID = """
name = "states"
kind = "utm"
resolution = 10
tile_px = 224
block_tiles = 4

[extent]
block_rows = 1118
block_cols = 112
latitude = [-80.0, 84.0]
"""
SIDE_M, WEST_M = 2240, 800
EARTH_ENGINE = [product.name for product in REGISTRY.values() if product.images]
ARCHIVES = ["coherence-files", "insar"]
ALL = [*EARTH_ENGINE, *ARCHIVES]
# The coarser side of the sources' pixels, metres: so far from the meridian nothing tells what a pixel is.
NATIVE_M = {
    "s1": 10, "s2": 20, "hls": 30, "palsar": 25, "worldcover": 10, "vcf": 232, "built": 100, "biomass": 99,
    "canopy": 10, "dem": 2 * 31, "water": 28, "coherence": 93, "insar": 2 * 93,
}  # fmt: skip
ERROR = "An internal error has occurred"


def product_of(name):
    return REGISTRY[name.removesuffix("-files")]


def period_of(product):
    return "2020-07" if product.cadence == "months" else product.periods[0]


def command(*arguments):
    """Run the command line in this process: its exit code, and its JSON."""
    root = logging.getLogger()
    handlers, handler = list(root.handlers), signal.getsignal(signal.SIGTERM)
    try:
        done = CliRunner().invoke(cli, [*map(str, arguments), "--json"])
    finally:
        root.handlers[:] = handlers
        signal.signal(signal.SIGTERM, handler)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, json.loads(done.stdout)


def eastings(zone, lon, lat):
    """(x, y) of places in a zone."""
    return Transformer.from_crs("EPSG:4326", zone.crs, always_xy=True).transform(lon, lat)


@dataclass(frozen=True)
class Seen:
    """A store as it was left: what the command said, `status`, the records, and the pixels of the one tile."""

    code: int
    said: dict
    status: dict
    records: dict
    pixels: dict

    @classmethod
    def of(cls, store, tile, done=(0, {})):
        records = [json.loads(path.read_text()) for path in sorted((Path(store) / "manifest").rglob("*.json"))]
        return cls(
            *done,
            command("status", store)[1]["products"],
            {record["product"]: record for record in records},
            {record["product"]: pixels_of(store, record, tile) for record in records if record["status"] == "done"},
        )

    def counts(self, name):
        (found,) = self.status[product_of(name).name].values()
        return {kind: {state: n for state, n in found[kind].items() if n} for kind in ("jobs", "tiles")}

    def tile(self, name):
        (found,) = self.records[product_of(name).name]["tiles"].values()
        return found


def pixels_of(store, record, tile):
    """A tile's stored values, by variable, as any reader of Zarr sees them."""
    product = REGISTRY[record["product"]]
    group = zarr.open_group(store, path=f"{product.name}/{record['period']}/{record['zone']}", mode="r")
    side = SIDE_M // product.resolution
    rows, cols = (slice(part * side, (part + 1) * side) for part in (tile.row, tile.col))
    return {variable.name: group[variable.name][:, :, rows, cols] for variable in product.variables}


@dataclass(frozen=True)
class History:
    """What became of one place: never tried, failed, partly masked (in one store); nothing there; all there."""

    untried: Seen
    broken: Seen
    half: Seen
    nothing: Seen
    clear: Seen


@dataclass(frozen=True)
class Spot:
    """The one tile that is made, in a folder of stores."""

    folder: Path
    lon: float
    lat: float

    @cached_property
    def path(self):
        """The grid's file."""
        path = self.folder / "states.toml"
        path.write_text(GRID)
        return str(path)

    @cached_property
    def zone(self):
        return Grid.load(self.path).zone(f"utm{int((self.lon + 180) // 6) + 1:02d}n")

    @cached_property
    def tile(self):
        x, y = eastings(self.zone, self.lon, self.lat)
        row, col = int((self.zone.y_top - y) // SIDE_M), int((x - self.zone.x_left) // SIDE_M)
        return Grid.load(self.path).tile(f"{self.zone.name}_{row}_{col}")

    @property
    def limit(self):
        """The easting of the meridian."""
        return self.zone.bounds(self.tile)[0] + WEST_M

    def options(self, store):
        box = runtime.box_of(self.tile.id, self.path)
        return {"aoi": box, "grid": self.path, "store": str(self.folder / f"{store}.zarr")}

    def started(self, **more):
        """What a run leaves that dies before its first job."""
        options = self.options("history")
        try:
            runtime.start(RunConfig.of(**options, **more))
        finally:
            runtime.release()
        return Seen.of(options["store"], self.tile)

    def made(self, store, *more):
        options = self.options(store)
        done = command("tile", *(f"--{key}={value}" for key, value in options.items()), *more)
        return Seen.of(options["store"], self.tile, done)


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """No credentials, and no pauses between attempts."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("HOME", str(home))
        patch.setenv("CLOUDSDK_CONFIG", str(home / "gcloud"))
        patch.setattr("eo_ingest.sources.earthengine.source.FIRST_WAIT_S", 0.001)
        patch.setattr("eo_ingest.sources.transfer.FIRST_WAIT_S", 0.001)
        yield patch


@pytest.fixture(scope="module")
def earth_engine(quick, tmp_path_factory):
    """All products of Earth Engine at one place."""
    spot = Spot(tmp_path_factory.mktemp("earthengine"), 10.95, 48.7)
    periods = {name: (period_of(REGISTRY[name]),) for name in EARTH_ENGINE}
    options = ["--source=emulator", f"--products={','.join(EARTH_ENGINE)}"]
    options += [f"--period={name}={period}" for name, (period,) in periods.items()]
    with weather_world.served(spot.folder) as (url, change):
        quick.setenv("EO_INGEST_EMULATOR_URL", url)
        untried = spot.started(source="emulator", products=tuple(EARTH_ENGINE), product_periods=periods)
        change("broken", 500, ERROR)
        broken = spot.made("history", *options)
        change("west", spot.zone.crs, spot.limit)
        half = spot.made("history", *options)
        change("nothing")
        nothing = spot.made("nothing", *options)
        change("clear")
        clear = spot.made("clear", *options)
        quick.delenv("EO_INGEST_EMULATOR_URL")
    return spot, History(untried, broken, half, nothing, clear)


@pytest.fixture(scope="module")
def coherence_files(quick, tmp_path_factory):
    """Coherence of files over HTTP."""
    spot = Spot(tmp_path_factory.mktemp("files"), 10.5, 48.5)
    square, elsewhere = Square(10, 49), Square(20, 49)
    layers = {
        f"{season}_vv_{metric}": "uint8" if metric.startswith("COH") else "uint16"
        for season in cog_support.SEASONS
        for metric in ("COH12", "AMP")
    }
    lon = square.west + (np.arange(1200) + 0.5) / 1200
    lat = square.north - (np.arange(1200) + 0.5) / 1200
    west = lies_west(spot, *np.meshgrid(lon, lat))
    for number, (layer, dtype) in enumerate(layers.items()):
        values = cog_support.whole(square, number, dtype)
        cog_support.write(spot.folder / "clear", square, layer, values)
        cog_support.write(spot.folder / "half", square, layer, np.where(west, values, 0).astype(dtype))
        cog_support.write(spot.folder / "nothing", elsewhere, layer, values)
    return spot, of_archive(spot, "coherence", lambda at: closing(cog_support.Server(at)), {".tif": 500})


@pytest.fixture(scope="module")
def insar(quick, tmp_path_factory):
    """Interferograms of granules over HTTP."""
    spot = Spot(tmp_path_factory.mktemp("granules"), *gunw_support.HOME)

    def cut(values):
        return lambda lon, lat, *home: np.where(lies_west(spot, lon, lat), values(lon, lat, *home), 0.0)

    whole = gunw_support.Spec(width=60, height=60, west=spot.lon - 0.025, south=spot.lat - 0.025)
    half = whole.but(phase=cut(whole.phase), coherence=cut(whole.coherence), amplitude=cut(whole.amplitude))
    for folder, spec in (("clear", whole), ("half", half), ("nothing", whole.but(west=whole.west + 1))):
        (spot.folder / folder).mkdir()
        for month in range(1, 9):
            first = date(2020, month, 17)
            days = {"secondary": f"{first:%Y%m%d}", "reference": f"{first.replace(day=29):%Y%m%d}"}
            gunw_support.write(spot.folder / folder, spec.but(**days))
    faults = {path.name: [500] * 100 for path in (spot.folder / "half").iterdir()}
    return spot, of_archive(spot, "insar", gunw_server.Server, faults)


def lies_west(spot, lon, lat):
    return eastings(spot.zone, lon, lat)[0] < spot.limit


def of_archive(spot, name, serve, faults):
    """The history of a product of an archive whose server has faults at first."""

    def options(url):
        return ["--source=earthengine", f"--products={name}", "--period=2020", f"--archive={name}={url}"]

    with serve(spot.folder / "half") as server:
        untried = spot.started(products=(name,), periods=("2020",), archives={name: server.url})
        server.faults = faults
        broken = spot.made("history", *options(server.url))
        server.faults = {}
        half = spot.made("history", *options(server.url))
    made = []
    for folder in ("nothing", "clear"):
        with serve(spot.folder / folder) as server:
            made.append(spot.made(folder, *options(server.url)))
    return History(untried, broken, half, *made)


@pytest.fixture
def case(request, name):
    """(spot, history) of a product."""
    fixture = name.replace("-", "_") if name in ARCHIVES else "earth_engine"
    return request.getfixturevalue(fixture)


every = pytest.mark.parametrize("name", ALL)


@every
def test_what_was_never_tried_is_missing(case, name):
    _, history = case
    assert history.untried.counts(name) == {"jobs": {"missing": 1}, "tiles": {"missing": 1}}
    assert history.untried.records == {}


@every
def test_what_the_source_cannot_give_is_failed_with_a_reason(case, name):
    _, history = case
    seen, product = history.broken, product_of(name)
    assert seen.code == 1
    assert seen.counts(name) == {"jobs": {"failed": 1}, "tiles": {"failed": 1}}
    tile = seen.tile(name)
    assert tile["status"] == "failed"
    assert (ERROR if name in EARTH_ENGINE else "answers 500") in tile["reason"]
    (told,) = (f["reason"] for f in seen.said["failures"] if f["job"].startswith(f"{product.name}/"))
    assert told == tile["reason"]
    assert product.name not in seen.pixels


@every
def test_a_second_run_makes_what_failed(case, name):
    _, history = case
    seen = history.half
    assert seen.code == 0
    assert seen.said["failures"] == []
    assert seen.counts(name) == {"jobs": {"done": 1}, "tiles": {"ok": 1}}
    assert seen.records[product_of(name).name]["status"] == "done"
    assert "reason" not in seen.tile(name) or seen.tile(name)["reason"] is None


@every
def test_where_the_source_has_nothing_tiles_are_empty(case, name):
    _, history = case
    seen = history.nothing
    assert seen.code == 0
    assert seen.counts(name) == {"jobs": {"done": 1}, "tiles": {"empty": 1}}
    tile = seen.tile(name)
    assert (tile["status"], tile["valid"]) == ("empty", 0.0)
    for variable in product_of(name).variables:
        wanted = 0 if variable.kind == "count" else variable.nodata
        assert (seen.pixels[product_of(name).name][variable.name] == wanted).all(), variable.name


def shares(product, pixels, where=True):
    """How many of the values are valid, as a record counts them: those of `where` only."""
    valid = total = 0
    for variable in product.variables:
        if variable.kind not in {"count", "date"}:
            values = pixels[variable.name]
            valid += np.count_nonzero((values != variable.nodata) & where)
            total += values.size
    return valid / total


@every
def test_where_a_part_is_masked_that_part_is_nodata_and_the_fraction_says_so(case, name):
    """West of the meridian all is as it is without a mask; east of it there is nothing, and 0 observations."""
    _, history = case
    product = product_of(name)
    half, clear = history.half.pixels[product.name], history.clear.pixels[product.name]
    unsure = product.resolution + next(m for start, m in NATIVE_M.items() if name.startswith(start))
    x = (np.arange(SIDE_M // product.resolution) + 0.5) * product.resolution
    west, east = x < WEST_M - unsure, x > WEST_M + unsure
    assert west.any()
    for variable in product.variables:
        nothing = 0 if variable.kind == "count" else variable.nodata
        assert (half[variable.name][..., east] == nothing).all(), variable.name
        np.testing.assert_array_equal(half[variable.name][..., west], clear[variable.name][..., west])
    recorded = history.half.tile(name)["valid"]
    assert recorded == pytest.approx(shares(product, half), abs=1e-6)
    assert recorded == pytest.approx(shares(product, clear, x < WEST_M), abs=unsure / SIDE_M)
    assert 0 < recorded < history.clear.tile(name)["valid"]
    assert history.clear.counts(name) == {"jobs": {"done": 1}, "tiles": {"ok": 1}}


@every
def test_composites_count_what_they_are_made_of(case, name):
    """Where observations are counted, a pixel has a value exactly where its count is not 0."""
    _, history = case
    product = product_of(name)
    for seen in (history.half, history.clear):
        pixels = seen.pixels[product.name]
        for counted in (v for v in product.variables if v.kind == "count"):
            assert (pixels[counted.name] != counted.nodata).all()
            (measured,) = (v for v in product.variables if v.name in {"backscatter", "reflectance"})
            times = len(measured.bands) // len(counted.bands)
            there = np.repeat(pixels[counted.name] > 0, times, axis=1)
            np.testing.assert_array_equal(pixels[measured.name] != measured.nodata, there)
