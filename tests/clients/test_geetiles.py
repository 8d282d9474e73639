"""geetiles on the emulator: M3LEO's own definitions, by geetiles' own command line."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio

from clients_support import grid, needs

pytestmark = needs("geetiles")

AOI = "POLYGON((6.10 49.60,6.19 49.60,6.19 49.65,6.10 49.65,6.10 49.60))"
PIXELS = 448


@pytest.fixture(scope="session")
def geetiles(planet):
    """Runs a command of geetiles."""

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("geetiles_cli.py")), *map(str, arguments)],
            env={**os.environ, "EMULATOR_URL": planet.url, "PYTHONWARNINGS": "ignore"},
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "error" not in done.stdout, done.stdout
        return done.stdout

    return run


@pytest.fixture(scope="session")
def tiles(geetiles, tmp_path_factory):
    """The file of tiles that `geetiles grid` makes of the area."""
    folder = tmp_path_factory.mktemp("geetiles")
    (folder / "aoi.wkt").write_text(AOI)
    geetiles(
        "grid", "--aoi_wkt_file", folder / "aoi.wkt", "--chip_size_meters", 4480, "--aoi_name", "lux",
        "--dest_dir", folder,
    )  # fmt: skip
    (found,) = folder.glob("*.geojson")
    return found


@pytest.fixture
def download(geetiles, tiles):
    """Downloads the tiles of a definition; the only one's outline and its file."""

    def fetch(definition, pixels=PIXELS):
        geetiles(
            "download", "--project", "emulator", "--tiles_file", tiles, "--dataset_def", definition,
            "--pixels_lonlat", f"[{pixels},{pixels}]", "--n_processes", 1, "--skip_confirm",
        )  # fmt: skip
        (tile,) = gpd.read_file(tiles).itertuples()
        return tile.geometry, tiles.with_suffix("") / definition / f"{tile.identifier}.tif"

    return fetch


@pytest.fixture
def graph(ee):
    """The image that a definition of geetiles makes."""

    def make(definition):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from geetiles.utils import get_dataset_definition

            return get_dataset_definition(definition).get_gee_image()

    return make


def read(outline, path, pixels=PIXELS):
    """Values by band and the grid of a downloaded tile, which must be the outline's box in so many pixels."""
    west, south, east, north = outline.bounds
    with rasterio.open(path) as file:
        assert file.crs == "EPSG:4326"
        assert file.shape == (pixels, pixels)
        expected = ((east - west) / pixels, 0, west, 0, (south - north) / pixels, north)
        assert tuple(file.transform)[:6] == pytest.approx(expected, abs=1e-10)
        bands = dict(zip(file.descriptions, file.read(), strict=True))
        return bands, grid(tuple(file.transform)[:6], (pixels, pixels), "EPSG:4326")


def as_bytes(decibel):
    """What geetiles' s1grd makes of backscatter: -30 to 0 dB as 0 to 255, in single precision."""
    return (255 * (decibel.astype(np.float32) + 30) / 30).astype(np.uint8)


def test_worldcover(download, graph, reference):
    bands, where = read(*download("esaworldcover-2020"))
    values, valid = reference(graph("esaworldcover-2020"), where)
    assert list(bands) == ["Map"]
    assert valid["Map"].all()
    np.testing.assert_array_equal(bands["Map"], values["Map"])
    assert len(np.unique(values["Map"])) > 3


def test_sentinel1_of_four_seasons(download, graph, reference):
    bands, where = read(*download("s1grd-2020"))
    values, valid = reference(graph("s1grd-2020"), where)
    seasons, layers = ("winter", "spring", "summer", "fall"), ("vvasc", "vvdes", "vhasc", "vhdes")
    assert list(bands) == [f"{season}_{layer}" for season in seasons for layer in layers]
    for name, found in bands.items():
        assert valid[name].all()
        np.testing.assert_array_equal(found, as_bytes(values[name]), err_msg=name)
    assert bands["summer_vvasc"].mean() > bands["summer_vhasc"].mean()


def test_sentinel2_of_twelve_months(download, graph, reference):
    bands, where = read(*download("s2rgbm-2020"))
    values, valid = reference(graph("s2rgbm-2020"), where)
    colours = ("red", "green", "blue")
    assert list(bands) == [f"{month:02d}_{colour}" for month in range(1, 13) for colour in colours]
    for name, found in bands.items():
        np.testing.assert_array_equal(found, np.where(valid[name], values[name], 0), err_msg=name)
    assert any(valid[name].all() for name in bands)
    assert any(not valid[name].any() for name in bands), "no month without a clear image"


def test_more_than_one_request_may_ask_for(ee, download, graph, reference):
    """The message that a request is too large is what geetiles knows it by: it asks for some bands at a time."""
    pixels = 560
    whole = {"dimensions": [pixels, pixels], "region": [6, 49, 7, 50], "crs": "EPSG:4326", "format": "GEO_TIFF"}
    with pytest.raises(ee.EEException, match=r"Total request size \(.*\) must be less than or equal to"):
        graph("s1grd-2021").getDownloadURL(whole)
    bands, where = read(*download("s1grd-2021", pixels), pixels)
    assert len(bands) == 16
    values, _ = reference(graph("s1grd-2021"), where)
    for name, found in bands.items():
        np.testing.assert_array_equal(found, as_bytes(values[name]), err_msg=name)
