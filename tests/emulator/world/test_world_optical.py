"""COPERNICUS/S2_SR_HARMONIZED and Cloud Score+."""

import hashlib
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, pairwise

import numpy as np
import pytest
from shapely import Point, box

from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.world import truth
from eo_ingest.emulator.world.continents import land_share
from eo_ingest.emulator.world.mgrs import granule_middles, granules
from eo_ingest.emulator.world.place import to_lonlat
from world_places import LUXEMBOURG, centres, ms, season, window_at

YEAR = ms("2019-12-01"), ms("2020-12-01")
PLACES = [LUXEMBOURG, (-98.0, 39.0), (-60.0, -3.0), (134.0, -25.0), (179.9, 67.5), (-179.95, 68.5), (18.0, 78.5)]
SCORES = "GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED"


@pytest.fixture(scope="module")
def collection(world):
    return world.get("COPERNICUS/S2_SR_HARMONIZED")


@pytest.fixture(scope="module")
def cloudy(collection):
    """The scene over Luxembourg in 2020 with about half its pixels under cloud."""
    scenes = collection.images(*YEAR, Point(LUXEMBOURG))
    return min(scenes, key=lambda s: abs(s.properties["CLOUDY_PIXEL_PERCENTAGE"] - 50))


@pytest.mark.parametrize("place", PLACES)
def test_every_place_is_seen_a_few_times_per_season(collection, place):
    scenes = list(collection.images(*YEAR, Point(place)))
    takes = {s.overpass.datatake_start for s in scenes}
    count = Counter(season(t) for t in takes)
    assert set(count) == {0, 1, 2, 3}
    assert 2 <= len(takes) / 4 <= 12
    assert [s.start for s in scenes] == sorted(s.start for s in scenes)
    assert len({s.overpass.index for s in scenes}) == len(scenes)


@pytest.mark.parametrize("lat", [-45.0, 0.3, 35.0, 49.6, 60.0, 72.0, 80.0])
def test_granules_leave_no_gap_on_land(lat):
    _lon, middle = granule_middles()
    outlines = [granules()[n].outline for n in np.flatnonzero(np.abs(middle - lat) < 1.2)]
    rng = np.random.default_rng(3)
    for x in rng.uniform(-180, 180, 150):
        if land_share(x, lat) > 0.5:
            assert any(o.contains(Point(x, lat)) for o in outlines), (x, lat)


def test_names_and_corners_are_those_of_the_real_grid():
    corners = {g.name: (g.crs, g.left, g.top) for g in granules()}
    assert corners["31UGR"] == ("EPSG:32631", 699960.0, 5600040.0)
    assert corners["31UFR"] == ("EPSG:32631", 600000.0, 5600040.0)
    assert corners["32ULA"] == ("EPSG:32632", 300000.0, 5600040.0)
    assert corners["60KXF"] == ("EPSG:32760", 600000.0, 8100040.0)
    assert "32UKA" not in corners
    assert len(corners) == len(granules())
    assert 15_000 < len(corners) < 30_000


def test_properties_are_as_in_the_catalogue(optical):
    found = optical.properties
    index = found["system:index"]
    assert re.fullmatch(r"\d{8}T\d{6}_\d{8}T\d{6}_T\d{2}[C-X][A-Z]{2}", index)
    assert optical.id == f"COPERNICUS/S2_SR_HARMONIZED/{index}"
    assert index.endswith(found["MGRS_TILE"])
    assert found["SPACECRAFT_NAME"] in {"Sentinel-2A", "Sentinel-2B"}
    assert re.fullmatch(r"S2[AB]_MSIL2A_\d{8}T\d{6}_N\d{4}_R\d{3}_T\w{5}_\d{8}T\d{6}", found["PRODUCT_ID"])
    assert re.fullmatch(r"GS2[AB]_\d{8}T\d{6}_\d{6}_N\d\d\.\d\d", found["DATATAKE_IDENTIFIER"])
    assert re.fullmatch(r"\d\d\.\d\d", found["PROCESSING_BASELINE"])
    assert 0 <= found["CLOUDY_PIXEL_PERCENTAGE"] <= 100
    assert 20 < found["MEAN_SOLAR_ZENITH_ANGLE"] < 60
    assert 100 < found["MEAN_SOLAR_AZIMUTH_ANGLE"] < 200
    assert found["system:time_start"] < found["GENERATION_TIME"]
    assert found["SENSING_ORBIT_DIRECTION"] == "DESCENDING"
    hour = optical.start / 3.6e6 % 24 + LUXEMBOURG[0] / 15
    assert 10.0 < hour < 12.0


def test_bands_have_their_types_and_grids(optical):
    bands = {b.name: b for b in optical.bands}
    assert list(bands)[:12] == ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B11", "B12"]
    assert [bands[n].lattice.transform[0] for n in ("B2", "B8A", "B1", "SCL", "QA60")] == [10, 20, 60, 20, 60]
    assert [bands[n].dtype for n in ("B2", "SCL", "QA60", "QA20")] == ["uint16", "uint8", "uint16", "uint32"]
    assert bands["SCL"].pyramid == "mode"
    for band in bands.values():
        a, _, c, _, _, f = band.lattice.transform
        assert c % 60 == 0
        assert f % 20 == 0
        assert band.lattice.width * a == 109_800


@pytest.mark.parametrize(("band", "size"), [("B4", 200), ("B8", 200), ("B11", 100), ("B1", 64)])
def test_clear_pixels_are_the_truth(optical, band, size):
    lattice = next(b.lattice for b in optical.bands if b.name == band)
    window = window_at(lattice, LUXEMBOURG, size)
    values, valid = optical.read(band, 0, window)
    lon, lat = centres(lattice, window)
    clear = truth.clear(lon, lat, optical.overpass) > 0.61
    assert valid.all()
    assert clear.mean() > 0.5
    error = np.abs(values - truth.reflectance(lon, lat, optical.start, band) * 1e4)[clear]
    assert np.mean(error <= 1.0) > 0.995
    assert values.min() >= 1


def test_the_same_pixels_a_step_aside_are_not_the_truth(optical):
    lattice = optical.bands[1].lattice
    window = window_at(lattice, LUXEMBOURG, 200)
    values, _ = optical.read("B2", 0, window)
    lon, lat = centres(lattice, Window(window.row, window.col + 1, 200, 200))
    assert np.mean(np.abs(values - truth.reflectance(lon, lat, optical.start, "B2") * 1e4) > 1.0) > 0.8


def test_granules_agree_where_they_overlap(collection):
    by_take = {}
    for scene in collection.images(*YEAR, Point(6.12, 49.57)):
        by_take.setdefault((scene.overpass.datatake_start, scene.overpass.granule.crs), []).append(scene)
    pairs = [s for s in by_take.values() if len(s) > 1]
    assert pairs
    one, two = pairs[0][:2]
    here, there = (s.read("B8", 0, window_at(s.overpass.lattice(10), (6.12, 49.57))) for s in (one, two))
    both = here[1] & there[1]
    assert np.array_equal(here[0][both], there[0][both])


def test_clouds_are_bright_and_scored(world, cloudy):
    index = cloudy.properties["system:index"]
    scores = world.get(f"{SCORES}/{index}")
    assert scores.properties["system:index"] == index
    assert scores.footprint.equals(cloudy.footprint)
    lattice = cloudy.overpass.lattice(10)
    window = Window(2000, 2000, 1500, 1500)
    assert scores.bands[1].lattice == lattice
    cdf, valid = scores.read("cs_cdf", 0, window)
    cs, _ = scores.read("cs", 0, window)
    blue, _ = cloudy.read("B2", 0, window)
    cdf, cs, blue = cdf[valid], cs[valid], blue[valid]
    assert cdf.dtype == np.float32
    assert 0 <= cdf.min() < 0.2
    assert 0.8 < cdf.max() <= 1
    assert np.all((cs >= 0) & (cs <= cdf))
    assert blue[cdf < 0.05].min() > 4500
    assert blue[cdf < 0.05].mean() > 3 * blue[cdf > 0.6].mean()
    lon, lat = centres(lattice, Window(2000, 2000, 40, 40))
    found, _ = scores.read("cs_cdf", 0, Window(2000, 2000, 40, 40))
    assert np.abs(found - truth.clear(lon, lat, cloudy.overpass)).max() < 0.01


def test_flags_agree_with_clouds(world, cloudy):
    window = Window(500, 500, 600, 600)
    classes, valid = cloudy.read("SCL", 0, window)
    probability, _ = cloudy.read("MSK_CLDPRB", 0, window)
    assert set(np.unique(classes[valid])) <= {4, 5, 6, 8, 9, 10, 11}
    assert probability[classes == 9].min() > 70
    assert probability[(classes == 4) & valid].max() <= 5
    qa, _ = cloudy.read("QA60", 0, Window(200, 200, 200, 200))
    assert set(np.unique(qa)) == {0, 1024, 2048}


@pytest.mark.parametrize(("start", "end", "qa60", "classi"), [
    ("2021-11-01", "2022-01-25", True, False),
    ("2022-01-25", "2022-04-01", False, False),
    ("2024-01-01", "2024-02-28", False, False),
    ("2024-02-28", "2024-06-01", True, True),
])  # fmt: skip
def test_qa60_has_its_gap(collection, start, end, qa60, classi):
    for scene in collection.images(ms(start), ms(end), Point(LUXEMBOURG)):
        window = window_at(scene.overpass.lattice(60), LUXEMBOURG, 4)
        assert scene.read("QA60", 0, window)[1].any() == qa60
        assert scene.read("MSK_CLASSI_OPAQUE", 0, window)[1].any() == classi
        assert scene.read("B4", 0, window_at(scene.overpass.lattice(10), LUXEMBOURG, 4))[1].all()


def test_the_edge_of_the_swath_is_masked_and_outlined(collection):
    scenes = collection.images(*YEAR, box(5.5, 49.0, 7.5, 50.5))
    scene = next(s for s in scenes if 30 < s.properties["NODATA_PIXEL_PERCENTAGE"] < 70)
    values, valid = scene.read("B9", 0, Window(0, 0, 1830, 1830))
    assert 100 * (1 - valid.mean()) == pytest.approx(scene.properties["NODATA_PIXEL_PERCENTAGE"], abs=4)
    assert (values[~valid] == 0).all()
    assert (values[valid] > 0).all()
    lattice = scene.overpass.lattice(60)
    a, _, c, _, e, f = lattice.transform
    for row, col in np.random.default_rng(0).integers(5, 1825, (60, 2)):
        if valid[row - 4 : row + 5, col - 4 : col + 5].mean() in (0.0, 1.0):
            place = Point(to_lonlat(lattice.crs).transform(c + a * (col + 0.5), f + e * (row + 0.5)))
            assert scene.footprint.contains(place) == valid[row, col]


@pytest.mark.parametrize("band", ["B5", "SCL"])
def test_levels_reduce_blocks(optical, band):
    lattice = next(b.lattice for b in optical.bands if b.name == band)
    window = window_at(lattice, LUXEMBOURG, 64)
    window = Window(window.row // 2, window.col // 2, 30, 20)
    values, _ = optical.read(band, 1, window)
    native, _ = optical.read(band, 0, Window(window.row * 2, window.col * 2, 60, 40))
    blocks = native.reshape(30, 2, 20, 2).transpose(0, 2, 1, 3).reshape(30, 20, 4)
    if band == "B5":
        assert np.array_equal(values, np.floor(blocks.mean(axis=2) + 0.5))
    else:
        votes = np.stack([(blocks == v).sum(axis=2) for v in np.unique(blocks)])
        assert np.array_equal(np.take(np.unique(blocks), votes.argmax(axis=0)), values)


def test_windows_end_at_the_granule(optical):
    values, valid = optical.read("B2", 0, Window(-10, -10, 30, 30))
    assert values.shape == (30, 30)
    assert not valid[:10].any()
    assert not valid[:, :10].any()
    assert not optical.read("B2", 0, Window(20_000, 0, 5, 5))[1].any()


def test_threads_read_what_one_reader_reads(collection):
    scenes = list(collection.images(ms("2020-06-01"), ms("2020-09-01"), Point(LUXEMBOURG)))
    jobs = [(s, b, window_at(s.overpass.lattice(10), LUXEMBOURG, 150)) for s in scenes for b in ("B3", "TCI_R", "B8")]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda job: job[0].read(job[1], 0, job[2])[0], jobs))
    for found, (scene, band, window) in zip(together, jobs, strict=True):
        assert np.array_equal(found, scene.read(band, 0, window)[0])


def test_the_endless_collections_are_listed_lazily_and_in_order(world):
    for name in ("COPERNICUS/S2_SR_HARMONIZED", SCORES):
        scenes = list(islice(world.get(name).images(None, None, None), 60))
        assert all(a.overpass.start <= b.overpass.start for a, b in pairwise(scenes))
    assert list(world.get(SCORES).images(*YEAR, Point(-30.0, 30.0))) == []


def test_all_bands_can_be_read(optical):
    for band in optical.bands:
        values, valid = optical.read(band.name, 0, window_at(band.lattice, LUXEMBOURG, 8))
        assert values.dtype == band.dtype
        assert valid.all() != band.name.startswith("MSK_CLASSI")


def test_golden_scene(optical):
    window = window_at(optical.overpass.lattice(10), LUXEMBOURG, 64)
    values, _ = optical.read("B8", 0, window)
    assert optical.overpass.index == "20200518T104026_20200518T104406_T31UGR"
    assert hashlib.sha256(values.astype("<u2").tobytes()).hexdigest()[:16] == "7a90415f27ea0694"
