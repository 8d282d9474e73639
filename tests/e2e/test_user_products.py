"""Products from files: made from rasters of known values, what is stored is what numpy makes of them."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from rasterio import Affine
from rasterio.crs import CRS

from custom_support import right, variable, written
from e2e_support import Picture, serve
from eo_ingest import preview, reader, recipes, runtime, validate
from eo_ingest.config import RunConfig
from eo_ingest.grid import Grid
from eo_ingest.period import Period
from eo_ingest.products import custom
from eo_ingest.products.custom.condition import Mask, PixelCondition, PropertyCondition, PropertyFilter
from eo_ingest.products.custom.declaration import Declaration, DeclaredClass, DeclaredVariable
from tests_support import ROOT

TILE = "utm32n_1007_65"
SIDE = 56
STEP = 80
DAYS = ["2020-06-03", "2020-06-20", "2020-07-01", "2020-07-19", "2020-08-31"]
FILL = -9999
# Of one day's image: the property by which it is left out.
CLOUDY = 3


@pytest.fixture(scope="module")
def rasters():
    """Values (day, y, x), their quality bits, and scores of another collection; NaN is nodata."""
    rng = np.random.default_rng(7)
    values = rng.integers(-3000, 3000, (len(DAYS), SIDE, SIDE)).astype(np.int16)
    values[rng.random(values.shape) < 0.1] = FILL
    quality = rng.integers(0, 2**15, values.shape).astype(np.int16)
    score = rng.random(values.shape).astype(np.float32)
    return values, quality, score


@pytest.fixture(scope="module")
def assets(rasters, tmp_path_factory):
    """The rasters as two collections and an image, on the tile's own pixels."""
    folder = tmp_path_factory.mktemp("assets")
    zone = Grid.load("utm").zone("utm32n")
    left, _, _, top = zone.bounds(Grid.load("utm").tile(TILE))
    affine, crs = Affine(STEP, 0, left, 0, -STEP, top), CRS.from_string(zone.crs)
    for i, day in enumerate(DAYS):
        start = {"system__time_start": f"{day}T10:00:00Z"}
        values, quality, score = (kind[i] for kind in rasters)
        both = np.stack([values, quality])
        picture = Picture(both, affine, crs, ("v", "qa"))
        serve(folder, f"USER/series/i{i}", picture, cloudy=90 if i == CLOUDY else 5 * i, mode="XY"[i % 2], **start)
        serve(folder, f"USER/scores/i{i}", Picture(score[None], affine, crs, ("score",)), **start)
    labels = np.full((1, SIDE, SIDE), 3, np.uint8)
    labels[0, :, : SIDE // 2] = 1
    labels[0, 0, 0] = 9
    serve(folder, "USER/labels", Picture(labels, affine, crs, ("Map",)))
    return folder


def values_of(**changes):
    """A variable of the series: hundredths in the asset, tenths as stored."""
    told = {"bands": ["v"], "dtype": "int16", "nodata": -32768, "valid_range": [-300, 300]}
    return variable(**{**told, "asset_scale": 0.01, "scale": 0.1, "asset_nodata": [FILL], **changes})


def declared(**changes):
    told = {
        "name": "user-series",
        "collection": "USER/series",
        "resolution": STEP,
        "filters": [{"property": "cloudy", "drop": {"gt": 60}}],
    }
    return right(**{**told, **changes})


def config(path, assets, store, **changes):
    values = {
        "aoi": runtime.box_of(TILE, "utm"),
        "store": str(store),
        "source": "emulator",
        "assets": str(assets),
        "products": (path,),
    }
    return RunConfig.of(**{**values, **changes})


def made(asked):
    """Run it, and read the one tile: product and raster."""
    run = runtime.tile(asked)
    assert run.totals.jobs["failed"] == 0, run.totals.failures
    store, grid = runtime.existing(asked.store)
    assert not validate.verify(store, grid).problems
    (name,) = kept = [name for name in runtime.known(store, grid) if name.startswith("user-")]
    assert len(kept) == 1
    product = runtime.product(store, grid, name)
    (block,) = reader.blocks(store, product, "2020")
    (raster,) = reader.read_block(store, product, "2020", block).values()
    return product, raster


def next_valid(stack):
    found = np.full(stack.shape[1:], np.nan)
    for layer in stack:
        found = np.where(np.isnan(found), layer, found)
    return found


JJA = 2
REDUCERS = {
    "first": next_valid,
    "last": lambda s: next_valid(s[::-1]),
    "mosaic": lambda s: next_valid(s[::-1]),
    "mean": lambda s: np.nanmean(s, 0),
    "median": lambda s: np.nanmedian(s, 0),
    "min": lambda s: np.nanmin(s, 0),
    "max": lambda s: np.nanmax(s, 0),
    "sum": lambda s: np.where(np.isnan(s).all(0), np.nan, np.nansum(s, 0)),
    "std_dev": lambda s: np.nanstd(s, 0),
}


def stack_of(rasters, *, used=lambda _quality, _score: True):
    """Physical values (day, y, x) of the images that pass the filter, NaN where not valid."""
    values, quality, score = rasters
    keep = np.arange(len(DAYS)) != CLOUDY
    valid = (values != FILL) & used(quality, score)
    physical = np.where(valid, values * 0.01, np.nan)
    return physical[keep]


def test_every_reducer_is_numpys(rasters, assets, tmp_path):
    """One product with a variable for each; masked by bits of the image and by another collection's score."""
    variables = [values_of(name=f"by_{name}", reducer=name) for name in REDUCERS]
    variables += [values_of(name="by_p25", reducer="p25")]
    for name in ("by_sum", "by_std_dev"):
        next(v for v in variables if v["name"] == name)["valid_range"] = [-30000, 30000]
    count = {"name": "seen", "reducer": "count", "dtype": "uint8", "nodata": 255, "valid_range": [0, 254]}
    variables.append(values_of(**count, scale=None, asset_scale=None))
    mask = [
        {"band": "qa", "drop": {"all_bits": [3, 7]}},
        {"band": "qa", "keep": {"bits": [4, 6], "in": [0, 1, 2, 4, 6, 7]}},
        {"collection": "USER/scores", "band": "score", "keep": {"gte": 0.25}},
    ]
    path = written(tmp_path, declared(reducer=None, variables=variables, mask=mask))
    product, raster = made(config(path, assets, tmp_path / "s.zarr"))

    def used(quality, score):
        both = (quality >> 3 & 1).astype(bool) & (quality >> 7 & 1).astype(bool)
        return ~both & np.isin(quality >> 4 & 7, [0, 1, 2, 4, 6, 7]) & (score >= np.float32(0.25))

    stack = stack_of(rasters, used=used)
    with np.errstate(invalid="ignore"), pytest.warns(RuntimeWarning, match="empty|All-NaN|Degrees"):
        expected = {name: make(stack) for name, make in REDUCERS.items()}
    seen = ~np.isnan(stack)
    assert (seen.sum(0) == 0).any()
    for name, values in expected.items():
        got = reader.physical(raster[f"by_{name}"], product, f"by_{name}")[JJA, 0]
        np.testing.assert_array_equal(np.isnan(got), np.isnan(values), err_msg=name)
        assert np.nanmax(np.abs(got - values)) <= 0.05 + 1e-5, name  # half of a stored step
    low = reader.physical(raster["by_p25"], product, "by_p25")[JJA, 0]
    valid = ~np.isnan(low)
    assert (low[valid] >= expected["min"][valid] - 0.06).all()
    assert (low[valid] <= expected["median"][valid] + 0.06).all()
    np.testing.assert_array_equal(raster["seen"][JJA, 0], seen.sum(0))
    for band in range(len(variables)):
        np.testing.assert_array_equal(raster["n_obs"][JJA, band], seen.sum(0))
    for frame in (0, 1, 3):
        assert (raster["by_mean"][frame] == -32768).all()
        assert (raster["n_obs"][frame] == 0).all()


def test_what_is_outside_of_the_valid_range(rasters, assets, tmp_path):
    """It is nodata, or the nearest valid value where that is said; and a fill value never enters a mean."""
    narrow = {"valid_range": [-100, 100], "reducer": "mean"}
    variables = [
        values_of(name="masked", **narrow),
        values_of(name="clamped", outside="clamp", **narrow),
        values_of(name="unfilled", asset_nodata=None, reducer="min"),
        values_of(name="wide", reducer="mean"),
    ]
    product, raster = made(config(written(tmp_path, declared(variables=variables)), assets, tmp_path / "s.zarr"))
    stack = stack_of(rasters)
    inside = np.where(np.abs(np.round(stack * 10)) <= 100, stack, np.nan)
    with np.errstate(invalid="ignore"), pytest.warns(RuntimeWarning, match="empty"):
        mean_inside, mean = np.nanmean(inside, 0), np.nanmean(stack, 0)
    got = {v.name: reader.physical(raster[v.name], product, v.name)[JJA, 0] for v in product.variables[:4]}
    edge = np.abs(np.abs(stack * 10) - 100).min(0) < 1.0  # where rounding decides what is inside
    np.testing.assert_array_equal(np.isnan(got["masked"])[~edge], np.isnan(mean_inside)[~edge])
    assert np.nanmax(np.abs(got["masked"] - mean_inside)[~edge]) <= 0.051
    assert np.nanmax(np.abs(got["clamped"] - np.clip(mean, -10, 10))) <= 0.051
    assert np.nanmin(got["unfilled"]) >= -30.05
    assert np.nanmax(np.abs(got["wide"] - mean)) <= 0.051


def test_filters_and_months(rasters, assets, tmp_path):
    """Filters by text and list; months are half-open; a year becomes frames of its months."""
    filters = [{"property": "mode", "keep": {"in": ["X"]}}, {"property": "cloudy", "keep": {"gte": 10, "lt": 80}}]
    asked = declared(cadence="months", filters=filters, reducer="max", variables=[values_of()])
    product, raster = made(config(written(tmp_path, asked), assets, tmp_path / "s.zarr"))
    labels = [frame.label for frame in product.frames(Period.parse("2020"))]
    values = rasters[0]
    for frame, label in enumerate(labels):
        days = [i for i, day in enumerate(DAYS) if day.startswith(label) and i in {2, 4}]
        got = reader.physical(raster["red"], product, "red")[frame, 0]
        assert np.isnan(got).all() == (not days)
        for i in days:
            expected = np.where(values[i] == FILL, np.nan, values[i] * 0.01)
            np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
            assert np.nanmax(np.abs(got - expected)) <= 0.051
    scenes = json.loads(next((tmp_path / "s.zarr/manifest/user-series").rglob("*.json")).read_text())["scenes"]
    assert {label: [s["system:index"] for s in rows] for label, rows in scenes.items() if rows} == {
        "2020-07": ["i2"],
        "2020-08": ["i4"],
    }
    assert datetime.fromisoformat(scenes["2020-08"][0]["system:time_start"]).tzinfo == UTC


LABELS = {"name": "user-labels", "image": "USER/labels", "collection": None, "filters": None}


def labels(**changes):
    table = [{"value": 1, "name": "one"}, {"value": 3, "name": "three"}]
    told = {"name": "kind", "bands": ["Map"], "dtype": "uint8", "nodata": 0, "valid_range": None, "classes": table}
    return values_of(**{**told, "scale": None, "asset_scale": None, "asset_nodata": None, **changes})


def a_map(*variables):
    return declared(**LABELS, reducer=None, cadence=None, variables=list(variables))


def test_an_image_of_classes_is_exact_and_unknown_ones_are_nodata_where_that_is_said(assets, tmp_path):
    path = written(tmp_path, a_map(labels(outside="nodata")))
    _, raster = made(config(path, assets, tmp_path / "s.zarr"))
    expected = np.full((SIDE, SIDE), 3)
    expected[:, : SIDE // 2] = 1
    expected[0, 0] = 0
    np.testing.assert_array_equal(raster["kind"][0, 0], expected)
    drawn = preview.draw(*runtime.existing(str(tmp_path / "s.zarr")), preview.Ask(tile=TILE))
    assert [part["product"] for part in drawn.told["sections"]] == ["user-labels"]


def test_labels_of_a_year_are_those_that_most_images_have(assets, tmp_path):
    """The labels of three images, each wrong in another place."""
    folder = tmp_path / "assets"
    truth = Picture.read(assets / "USER" / "labels.tif", ["Map"])
    right_ones = np.where(truth.bands == 9, 3, truth.bands)
    for i in range(3):
        wrong = right_ones.copy()
        wrong[0, 10 * i : 10 * i + 10] = 4 - wrong[0, 10 * i : 10 * i + 10]
        start = {"system__time_start": f"2020-0{i + 1}-01T00:00:00Z"}
        serve(folder, f"USER/years/y{i}", truth.of(wrong, ["Map"]), **start)
    asked = {**LABELS, "image": None, "collection": "USER/years", "cadence": "calendar-year", "reducer": "mode"}
    path = written(tmp_path, declared(**asked, variables=[labels()]))
    _, raster = made(config(path, folder, tmp_path / "s.zarr"))
    np.testing.assert_array_equal(raster["kind"][0], right_ones)
    assert (raster["n_obs"] == 3).all()


def test_a_class_that_nobody_listed_fails_the_job_by_name(assets, tmp_path):
    asked = config(written(tmp_path, a_map(labels())), assets, tmp_path / "s.zarr")
    run = runtime.tile(asked)
    assert run.totals.jobs["failed"] == 1
    assert "holds classes [9] that the product does not define" in run.totals.failures[0]["reason"]


DOCUMENT = ROOT / "docs" / "user-products.md"
EXAMPLES = sorted((ROOT / "docs" / "products").glob("*.toml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_documented_products_are_right(path):
    product = custom.load(str(path), trust_code=False).product
    assert product.name == path.stem
    assert product.licence
    assert runtime.resolve(RunConfig.of(aoi="demo", store=runtime.NOWHERE, products=(str(path),))).summary()["jobs"] > 0


def test_the_first_command_of_the_document_works():
    """As it stands there, at the repository's root, on the emulator's own world."""
    (command, *_) = re.findall(r"^    eo-ingest (product check .*)$", DOCUMENT.read_text(), re.MULTILINE)
    words = shlex.split(command, comments=True)
    done = subprocess.run(
        [sys.executable, "-m", "eo_ingest", *words], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "error:" not in done.stderr
    valid = re.search(r"^tile \S+, 2020: ok, ([0-9.]+)% valid$", done.stdout, re.MULTILINE)
    assert float(valid[1]) > 50
    others = {path.name for path in EXAMPLES} - {Path(words[2]).name}
    assert all(f"`{name}`" in DOCUMENT.read_text() for name in others)


def test_a_pixel_as_large_as_a_tile(tmp_path):
    """The documented sum of rain, of two days in July of a raster whose pixels are larger than tiles."""
    folder = tmp_path / "assets"
    affine = Affine(0.05, 0, 5.0, 0, -0.05, 51.0)
    days = np.random.default_rng(1).random((2, 60, 60)).astype(np.float32) * 20
    for i, day in enumerate(("2020-07-01", "2020-07-31")):
        picture = Picture(days[i][None], affine, CRS.from_epsg(4326), ("precipitation",))
        serve(folder, f"UCSB-CHG/CHIRPS/DAILY/{day}", picture, system__time_start=f"{day}T00:00:00Z")
    asked = config(str(ROOT / "docs/products/rain.toml"), folder, tmp_path / "s.zarr", periods=("2020-07",))
    assert runtime.tile(asked).totals.jobs["failed"] == 0
    store, grid = runtime.existing(asked.store)
    product = runtime.product(store, grid, "rain")
    assert product.tile_px == 1
    (block,) = reader.blocks(store, product, "2020-07")
    (raster,) = reader.read_block(store, product, "2020-07", block).values()
    west, south, east, north = map(float, runtime.box_of(TILE, "utm").split(","))
    row, col = int((51.0 - (south + north) / 2) / 0.05), int(((west + east) / 2 - 5.0) / 0.05)
    assert raster["rain"].shape == (1, 1, 1, 1)
    assert reader.physical(raster["rain"], product, "rain").item() == pytest.approx(days[:, row, col].sum(), abs=0.051)
    assert raster["n_obs"].item() == 2


def blocks_of(document, key):
    """The TOML blocks of a document that have a key."""
    found = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / document).read_text(), re.DOTALL)
    return [text for text in found if f"\n{key} = " in f"\n{text}"]


def test_the_documents_own_files_are_right(tmp_path):
    (product,) = blocks_of("user-products.md", "collection")
    assert custom.load(written(tmp_path, product), trust_code=False).product.name == "landsat8"
    (recipe,) = blocks_of("recipes.md", "aoi")
    loaded = recipes.load(written(tmp_path, recipe, "mine.toml"))
    assert loaded.recipe.split.guard_km == 5.0


def test_every_key_is_documented():
    text = (ROOT / "docs" / "user-products.md").read_text()
    for model in (
        Declaration,
        DeclaredVariable,
        DeclaredClass,
        Mask,
        PropertyFilter,
        PixelCondition,
        PropertyCondition,
    ):
        for name, field in model.model_fields.items():
            assert f"`{field.alias or name}" in text or f"\n{field.alias or name} = " in text, name
