"""Real imagery through the whole chain: files, emulator, client, command line, store; held against GDAL and numpy."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from e2e_support import ROOT, Picture, Stored, eo_ingest, median, nobody, serve
from eo_ingest import products
from eo_ingest.cli import cli
from eo_ingest.product import Flag, Product, Variable

pytestmark = pytest.mark.shared

SEASONS = ("DJF", "MAM", "JJA", "SON")
NODATA_DB, NODATA_S2 = -32768, 65535
# Stored values are rounded to whole steps (0.01 dB, 0.0001 of reflectance). Beside that half step, GDAL and the
# emulator agree to a thousandth of one where source and grid share a CRS.
ROUNDED = 0.5 + 0.001
# Between CRSs the emulator transforms every 16th pixel and interpolates: 4e-5 pixels off at most here. Next to a bright
# target, thirteen times the power of its neighbour, that is a quarter of a step; nearly everywhere it is nothing.
INTERPOLATED, NEARLY = 0.5 + 0.25, 0.99
GRD = {"instrumentMode": "IW", "transmitterReceiverPolarisation": ["VV", "VH"]}
ASCENDING, DESCENDING = {"orbitProperties_pass": "ASCENDING"}, {"orbitProperties_pass": "DESCENDING"}


@pytest.fixture(scope="module")
def imagery():
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the real imagery in ../shared/data, which is not part of the repository")
    return folder


def box(picture):
    """The bounds of a picture in degrees, as `--aoi` takes them."""
    from rasterio.transform import array_bounds
    from rasterio.warp import transform_bounds

    height, width = picture.bands.shape[1:]
    bounds = transform_bounds(picture.crs, "EPSG:4326", *array_bounds(height, width, picture.affine))
    return ",".join(f"{value:.6f}" for value in bounds)


def largest(difference):
    """The largest absolute difference of the pixels that are valid on both sides; 0 if there is none."""
    return np.nanmax(np.abs(difference), initial=0.0)


def check_difference(difference, tolerance):
    """Stored minus expected values: all within the tolerance, and nearly all merely rounded."""
    assert largest(difference) <= tolerance
    valid = np.abs(difference[~np.isnan(difference)])
    assert np.count_nonzero(valid <= ROUNDED) >= NEARLY * valid.size


def without(values, nodata):
    return np.where(values == nodata, np.nan, values.astype(np.float64))


def power(decibels):
    """Linear power of VV and VH, NaN where VV is below -30 dB."""
    linear = 10 ** (decibels.bands.astype(np.float64) / 10)
    return np.where(decibels.band("VV") < -30, np.nan, linear)


# California: 21 dates of OPERA RTC


@pytest.fixture(scope="module")
def california(imagery, tmp_path_factory):
    """(pictures in dB by day, store of all five years)."""
    folder = tmp_path_factory.mktemp("california")
    pictures = {}
    for path in sorted((imagery / "s1_opera_rtc_timeseries_california").glob("*_VV.tif")):
        vv, vh = Picture.read(path), Picture.read(path.with_name(path.name.replace("_VV", "_VH")))
        decibels = (10 * np.log10(np.concatenate([vv.bands, vh.bands]))).astype(np.float32)
        date, clock = re.search(r"_(\d{8})T(\d{6})Z_", path.name).groups()
        day = f"{date[:4]}-{date[4:6]}-{date[6:]}"
        pictures[day] = vv.of(decibels, ("VV", "VH"))
        start = f"{day}T{clock[:2]}:{clock[2:4]}:{clock[4:]}Z"
        properties = {**GRD, **ASCENDING, "system__time_start": start}
        serve(folder / "assets", f"COPERNICUS/S1_GRD/{path.stem[:-3]}", pictures[day], nodata=np.nan, **properties)
    years = [part for year in range(2021, 2026) for part in ("--period", year)]
    with nobody(folder):
        run = eo_ingest(
            "tile", f"--aoi={box(pictures[day])}", "--products", "s1grd", *years,
            "--source", "emulator", "--assets", folder / "assets", "--store", folder / "s.zarr",
        )  # fmt: skip
    assert run["jobs"]["failed"] == 0
    return pictures, folder / "s.zarr"


def season(day):
    """The period and the frame of a day, by the calendar: December belongs to the next year."""
    year, month = int(day[:4]), int(day[5:7])
    return str(year + month // 12), SEASONS[month % 12 // 3]


def medians(stored, pictures):
    """Stored units of the median of each polarisation, NaN where there is none, and the count of VV."""
    warped = [[stored.bilinear(band, picture) for band in power(picture)] for picture in pictures]
    nothing = np.full((1, 2, *stored.shape), np.nan)
    stack = np.concatenate([nothing, np.reshape(warped, (-1, 2, *stored.shape))])
    (vv, count), (vh, _) = median(stack[:, 0]), median(stack[:, 1])
    return {"vv": 1000 * np.log10(vv), "vh": 1000 * np.log10(vh), "n_obs": count}


YEARS = range(2021, 2026)


def days_of(pictures, year):
    """By frame, the pictures of a year."""
    return {f: [p for day, p in pictures.items() if season(day) == (str(year), f)] for f in SEASONS}


def check_backscatter(stored, orbit, expected, tolerance=ROUNDED):
    """Masks and counts are the expected ones, and every value is the expected one, rounded."""
    for frame, bands in expected.items():
        for polarisation in ("vv", "vh"):
            values, wanted = stored.values("backscatter", frame, f"{polarisation}_{orbit}"), bands[polarisation]
            np.testing.assert_array_equal(values != NODATA_DB, ~np.isnan(wanted))
            check_difference(values - wanted, tolerance)
        np.testing.assert_array_equal(stored.values("n_obs", frame, orbit), bands["n_obs"])


def check_no_backscatter(stored, orbit):
    for frame in SEASONS:
        assert (stored.values("n_obs", frame, orbit) == 0).all()
        for polarisation in ("vv", "vh"):
            assert (stored.values("backscatter", frame, f"{polarisation}_{orbit}") == NODATA_DB).all()


@pytest.mark.parametrize("year", YEARS)
def test_every_pixel_of_the_backscatter_stack_is_gdals_median(california, year):
    pictures, store = california
    stored = Stored.read(store, "s1grd", str(year))
    check_backscatter(stored, "asc", {f: medians(stored, chosen) for f, chosen in days_of(pictures, year).items()})
    check_no_backscatter(stored, "desc")


@pytest.mark.parametrize("year", YEARS)
def test_where_pixel_centres_coincide_the_median_is_that_of_the_files_own_pixels(california, year):
    """Every third pixel of the 10 m grid has the centre of a 30 m pixel: nothing is interpolated there."""
    pictures, store = california
    stored = Stored.read(store, "s1grd", str(year))
    cols, rows = stored.positions(pictures["2021-11-19"])
    same = (cols % 1 == 0.5) & (rows % 1 == 0.5) & (cols > 0) & (cols < 100) & (rows > 0) & (rows < 100)
    assert same.sum() == 100 * 100
    source = np.floor(rows[same]).astype(int), np.floor(cols[same]).astype(int)
    taken = {frame: chosen for frame, chosen in days_of(pictures, year).items() if chosen}
    assert taken
    for frame, chosen in taken.items():
        for band, polarisation in enumerate(("vv", "vh")):
            wanted, _ = median(np.stack([power(picture)[band][source] for picture in chosen]))
            values = stored.values("backscatter", frame, f"{polarisation}_asc")[same]
            np.testing.assert_array_equal(values != NODATA_DB, ~np.isnan(wanted))
            assert largest(values - 1000 * np.log10(wanted)) <= ROUNDED


def test_all_dates_were_seen(california):
    pictures, store = california
    seen = [Stored.read(store, "s1grd", str(year)).data["n_obs"].max(("y", "x")).sum() for year in YEARS]
    assert sum(map(int, seen)) == len(pictures) == 21


# Spain: Sentinel-1, Sentinel-2 and a label on one grid, in degrees


def _label_scenes(frame, region):
    import ee

    return ee.ImageCollection("projects/sen1floods11/LabelHand").filterBounds(region)


def _label_images(scenes, frame):
    import ee

    label = ee.Image(scenes.first())
    return {"water": label.updateMask(label.gte(0))}


LABEL = Product(
    name="flood-label",
    title="Sen1Floods11 hand label",
    variables=(
        Variable(
            name="water",
            bands=("label",),
            dtype="uint8",
            nodata=255,
            valid_range=(0, 1),
            units="1",
            long_name="water drawn by hand",
            kind="class",
            flags=(Flag(0, "dry", "#c0c0c0"), Flag(1, "water", "#0000ff")),
        ),
    ),
    resolution=10,
    cadence="calendar-year",
    resampling="nearest",
    assets=("projects/sen1floods11/LabelHand",),
    licence="unknown",
    citation="Bonafilia et al. 2020",
    periods=("2019",),
    scenes=_label_scenes,
    images=_label_images,
)
S2_INDEX = "20190918T105621_20190918T105942_T30SXH"


@pytest.fixture(scope="module")
def spain(imagery, tmp_path_factory):
    """(radar, optical, clouds, label, store)."""
    folder = tmp_path_factory.mktemp("spain")
    chip = imagery / "colocated_sen1floods11_spain" / "Spain_7370579"
    radar, optical = Picture.read(f"{chip}_S1Hand.tif"), Picture.read(f"{chip}_S2Hand.tif")
    label = Picture.read(f"{chip}_LabelHand.tif", ["label"])
    score = np.ones((1, 512, 512), np.float32)
    score[0, 100:180, 200:320] = 0.1
    clouds = optical.of(score, ["cs_cdf"])
    assets = folder / "assets"
    when = {"system__time_start": "2019-09-17T06:00:00Z"}
    serve(assets, "COPERNICUS/S1_GRD/spain", radar, nodata=np.nan, **GRD, **DESCENDING, **when)
    when = {"system__time_start": "2019-09-18T10:59:42Z"}
    serve(assets, f"COPERNICUS/S2_SR_HARMONIZED/{S2_INDEX}", optical, nodata=0, **when)
    serve(assets, f"GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED/{S2_INDEX}", clouds, **when)
    serve(assets, "projects/sen1floods11/LabelHand/spain", label)
    with nobody(folder) as patch:
        patch.setitem(products.REGISTRY, LABEL.name, LABEL)
        done = CliRunner().invoke(
            cli,
            [
                "tile", f"--aoi={box(radar)}", "--products", "s1grd,s2,s2-20m,flood-label", "--period", "2019",
                "--source", "emulator", "--assets", str(assets), "--store", str(folder / "s.zarr"), "--json",
            ],
        )  # fmt: skip
    assert done.exit_code == 0, done.output
    return radar, optical, clouds, label, folder / "s.zarr"


def test_radar_in_degrees_is_gdals_bilinear(spain):
    radar, *_, store = spain
    stored = Stored.read(store, "s1grd", "2019")
    expected = medians(stored, [radar])
    assert (stored.nearest((radar.band("VV") < -30).astype(np.uint8), radar, 0) == 1).sum() > 50
    check_backscatter(stored, "desc", {"SON": expected, "JJA": medians(stored, [])}, INTERPOLATED)
    check_no_backscatter(stored, "asc")


def check_reflectance(stored, bands, optical, clouds):
    clear = clouds.band("cs_cdf") >= 0.6
    assert (stored.nearest(clouds.band("cs_cdf"), clouds, 0) == np.float32(0.1)).any()
    for band in bands:
        values = stored.values("reflectance", "SON", band)
        wanted = stored.bilinear(np.where(clear, without(optical.band(band), 0), np.nan), optical)
        np.testing.assert_array_equal(values != NODATA_S2, ~np.isnan(wanted))
        check_difference(values - wanted, INTERPOLATED)
        assert (stored.values("reflectance", "JJA", band) == NODATA_S2).all()
    np.testing.assert_array_equal(stored.values("n_obs", "SON"), stored.nearest(clear.astype(np.uint8), clouds, 0))


def test_reflectance_is_gdals_bilinear_where_the_score_is_clear(spain):
    _, optical, clouds, _, store = spain
    check_reflectance(Stored.read(store, "s2", "2019"), ("B2", "B3", "B4", "B8"), optical, clouds)


def test_reflectance_at_20_m_is_interpolated_from_means_of_two_by_two_pixels(spain):
    """Earth Engine reads files of 10 m from the pyramid's level of 20 m, whose pixels are whole numbers again."""
    _, optical, clouds, _, store = spain
    bands = ("B5", "B6", "B7", "B8A", "B11", "B12")
    halved = [picture.halved() for picture in (optical, clouds)]
    check_reflectance(Stored.read(store, "s2-20m", "2019"), bands, *halved)


def test_the_hand_label_is_gdals_nearest_and_its_minus_one_is_nodata(spain):
    *_, label, store = spain
    stored = Stored.read(store, LABEL.name, "2019")
    wanted = stored.nearest(np.where(label.bands[0] == -1, 255, label.bands[0]).astype(np.uint8), label, 255)
    values = stored.values("water", "2019")
    np.testing.assert_array_equal(values, wanted)
    assert set(np.unique(values)) == {0, 1, 255}
    cols, rows = stored.positions(label)
    inside = (cols >= 0) & (cols < 512) & (rows >= 0) & (rows < 512)
    own = label.bands[0][np.floor(rows[inside]).astype(int), np.floor(cols[inside]).astype(int)]
    np.testing.assert_array_equal(values[inside], np.where(own == -1, 255, own))
    assert (own == -1).any()
    assert (values[~inside] == 255).all()


# Príncipe: land cover


@pytest.fixture(scope="module")
def principe(imagery, tmp_path_factory):
    """({year: picture}, store)."""
    folder = tmp_path_factory.mktemp("principe")
    maps = {}
    for year, version in ((2020, "v100"), (2021, "v200")):
        maps[year] = Picture.read(imagery / "labels" / f"worldcover_{year}_{version}_principe.tif", ["Map"])
        start = {"system__time_start": f"{year}-01-01T00:00:00Z"}
        serve(folder / "assets", f"ESA/WorldCover/{version}/{year}", maps[year], nodata=0, **start)
    with nobody(folder):
        run = eo_ingest(
            "tile", f"--aoi={box(maps[2020])}", "--products", "worldcover",
            "--source", "emulator", "--assets", folder / "assets", "--store", folder / "s.zarr",
        )  # fmt: skip
    assert run["jobs"]["failed"] == 0
    return maps, folder / "s.zarr"


@pytest.mark.parametrize("year", [2020, 2021])
def test_land_cover_is_gdals_nearest_everywhere(principe, year):
    maps, store = principe
    stored = Stored.read(store, "worldcover", str(year))
    wanted = stored.nearest(maps[year].bands[0], maps[year], 0)
    values = stored.values("class", str(year))
    np.testing.assert_array_equal(values, wanted)
    cols, rows = stored.positions(maps[year])
    outside = (cols < 0) | (cols >= 2400) | (rows < 0) | (rows >= 2640)
    assert outside.any()
    np.testing.assert_array_equal(values == 0, outside)
    assert {10, 20, 30, 50, 60, 80, 90} <= set(np.unique(values))


# Paraguay: a scene without a single valid pixel


@pytest.fixture(scope="module")
def paraguay(imagery, tmp_path_factory):
    """(the run's `--json`, the status's, store)."""
    folder = tmp_path_factory.mktemp("paraguay")
    radar = Picture.read(imagery / "s1_grd_sen1floods11" / "Paraguay_34417_S1Hand.tif")
    when = {"system__time_start": "2018-10-31T09:00:00Z"}
    serve(folder / "assets", "COPERNICUS/S1_GRD/paraguay", radar, nodata=np.nan, **GRD, **ASCENDING, **when)
    with nobody(folder):
        run = eo_ingest(
            "tile", f"--aoi={box(radar)}", "--products", "s1grd", "--period", "2018",
            "--source", "emulator", "--assets", folder / "assets", "--store", folder / "s.zarr",
        )  # fmt: skip
        status = eo_ingest("status", "--store", folder / "s.zarr")
        verified = eo_ingest("verify", "--store", folder / "s.zarr")
    return run, status, verified, folder / "s.zarr"


def test_a_scene_of_nothing_but_nan_ends_as_empty(paraguay):
    run, status, verified, store = paraguay
    count = len(pd.read_parquet(store / "manifest.parquet"))
    assert count > 0
    assert run["tiles"] == {"ok": 0, "empty": count, "failed": 0}
    found = status["products"]["s1grd"]["2018"]
    assert found["tiles"] == {"ok": 0, "empty": count, "failed": 0, "missing": 0}
    assert found["jobs"]["failed"] == found["jobs"]["missing"] == 0
    assert verified["problems"] == []


def test_the_scene_of_nan_was_asked_and_is_recorded(paraguay):
    *_, store = paraguay
    records = [json.loads(path.read_text()) for path in (store / "manifest").rglob("*.json")]
    assert any("paraguay" in json.dumps(record["scenes"]) for record in records)


def test_a_scene_of_nothing_but_nan_leaves_nodata_and_counts_of_zero(paraguay):
    *_, store = paraguay
    stored = Stored.read(store, "s1grd", "2018")
    check_no_backscatter(stored, "asc")
    check_no_backscatter(stored, "desc")
