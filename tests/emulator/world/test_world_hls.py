"""NASA/HLS: Sentinel-2 and Landsat on one grid."""

import numpy as np
import pytest
from shapely import Point, box

from eo_ingest.emulator.world import World, truth
from eo_ingest.emulator.world.cover import BANDS
from world_places import LUXEMBOURG, centres, ms, window_at

YEAR = ms("2020-01-01"), ms("2021-01-01")
ANGLES = ["SZA", "SAA", "VZA", "VAA"]
S30 = ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12", "Fmask", *ANGLES]
L30 = ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B9", "B10", "B11", "Fmask", *ANGLES]
LOOKS_LIKE = {"B1": "B1", "B2": "B2", "B3": "B3", "B4": "B4", "B5": "B8A", "B6": "B11", "B7": "B12"}


@pytest.fixture(scope="module")
def sentinel(world):
    return list(world.get("NASA/HLS/HLSS30/v002").images(*YEAR, Point(LUXEMBOURG)))


@pytest.fixture(scope="module")
def landsat(world):
    return list(world.get("NASA/HLS/HLSL30/v002").images(*YEAR, Point(LUXEMBOURG)))


@pytest.mark.parametrize(("name", "bands"), [("HLSS30", S30), ("HLSL30", L30)])
def test_bands_are_those_of_the_catalogue(world, name, bands):
    collection = world.get(f"NASA/HLS/{name}/v002")
    image = next(collection.images(*YEAR, Point(LUXEMBOURG)))
    assert [b.name for b in image.bands] == bands
    assert {b.name: b.dtype for b in image.bands if b.dtype != "float32"} == {"Fmask": "uint8"}
    a, b, c, d, e, f = image.bands[0].lattice.transform
    assert (a, b, d, e) == (30, 0, 0, -30)
    assert (image.bands[0].lattice.width, image.bands[0].lattice.height) == (3660, 3660)
    assert (c % 60, f % 60) == (0, 0)
    found = image.properties
    assert {"CLOUD_COVERAGE", "SPATIAL_COVERAGE", "MEAN_SUN_ZENITH_ANGLE", "NBAR_SOLAR_ZENITH"} <= set(found)
    again = World().get(image.id)
    assert dict(again.properties) == dict(found)
    assert world.get(f"NASA/HLS/{name}/v002/T31UGR_20200101T000000") is None
    assert world.get(f"NASA/HLS/{name}/v002/nothing") is None
    assert collection.properties["system:id"] == collection.id


def test_sentinel2_scenes_are_those_of_sentinel2(world, sentinel):
    scenes = world.get("COPERNICUS/S2_SR_HARMONIZED").images(*YEAR, Point(LUXEMBOURG))
    expected = {(s.start, s.overpass.granule.name) for s in scenes}
    assert {(s.properties["system:time_start"], s.visit.granule.name) for s in sentinel} == expected


def test_landsat_comes_every_sixteen_days_and_every_eight_since_there_are_two(world, landsat):
    for scenes, gap in (
        (landsat, 16),
        (world.get("NASA/HLS/HLSL30/v002").images(ms("2022-01-01"), ms("2022-06-01"), Point(LUXEMBOURG)), 8),
    ):
        days = {}
        for scene in scenes:
            days.setdefault(scene.visit.granule.name, []).append(scene.visit.start // 86_400_000)
        assert days
        assert all(set(np.diff(d).tolist()) == {gap} for d in days.values())


def test_scenes_come_in_time_order_and_only_from_where_they_are_asked_for(world):
    area = box(5.9, 49.5, 6.3, 49.9)
    for name in ("HLSS30", "HLSL30"):
        found = list(world.get(f"NASA/HLS/{name}/v002").images(ms("2020-06-01"), ms("2020-08-01"), area))
        starts = [s.properties["system:time_start"] for s in found]
        assert found
        assert starts == sorted(starts)
        assert all(ms("2020-06-01") <= t < ms("2020-08-01") for t in starts)
        assert all(s.footprint.intersects(area) for s in found)
        assert len({s.id for s in found}) == len(found)


def test_clear_reflectances_are_the_truth(landsat, sentinel):
    for scenes, like in ((landsat, LOOKS_LIKE), (sentinel, {b: b for b in BANDS})):
        scene = min(scenes, key=lambda s: s.properties["CLOUD_COVERAGE"] - s.properties["SPATIAL_COVERAGE"])
        lattice = scene.bands[0].lattice
        window = window_at(lattice, LUXEMBOURG, 60)
        flags, seen = scene.read("Fmask", 0, window)
        clear = seen & (flags & 2 == 0)
        assert clear.mean() > 0.3
        for band in ("B1", "B4", "B5", "B7"):
            values, valid = scene.read(band, 0, window)
            expected = truth.reflectance(*centres(lattice, window), scene.visit.start, like[band])
            assert np.array_equal(valid, seen)
            close = np.abs(values - np.round(expected, 4)) < 2e-4
            assert close[clear].mean() > 0.995
            assert 0 < values[valid].min() < values[valid].max() < 1.2


def test_flags_tell_water_and_cloud(landsat):
    cloudy = max(landsat, key=lambda s: s.properties["CLOUD_COVERAGE"])
    window = window_at(cloudy.bands[0].lattice, LUXEMBOURG, 120)
    lattice = cloudy.bands[0].lattice
    flags, _ = cloudy.read("Fmask", 0, window)
    blue, _ = cloudy.read("B2", 0, window)
    water = truth.land_cover(*centres(lattice, window)) == 80
    assert ((flags & 32 > 0) == water).mean() > 0.999
    assert (flags & 0b11000000 == 64).all()
    assert (flags & 2 > 0).mean() > 0.3
    assert blue[flags & 2 > 0].max() > 0.3


def test_summers_are_warm_and_cloud_tops_cold(landsat):
    def kelvin(scene, window):
        values, _ = scene.read("B10", 0, window)
        return values, scene.read("Fmask", 0, window)[0] & 2 > 0

    window = window_at(landsat[0].bands[0].lattice, LUXEMBOURG, 40)
    clear = {}
    for scene in landsat:
        values, cloud = kelvin(scene, window)
        if not cloud.all():
            month = int(scene.index[-11:-9])
            clear.setdefault(month in {6, 7, 8}, []).append(values[~cloud].mean())
    assert np.mean(clear[True]) > np.mean(clear[False]) + 5
    sun, _ = landsat[0].read("SZA", 0, window)
    assert np.unique(sun).tolist() == [np.float32(landsat[0].sun[0])]


def test_windows_and_levels_agree(sentinel):
    scene = max(sentinel, key=lambda s: s.properties["SPATIAL_COVERAGE"])
    window = window_at(scene.bands[0].lattice, LUXEMBOURG, 32)
    whole, _ = scene.read("B4", 0, window)
    piece, _ = scene.read("B4", 0, type(window)(window.row + 3, window.col + 5, 8, 9))
    assert np.array_equal(piece, whole[3:11, 5:14])
    assert not scene.read("B4", 0, type(window)(-5, -5, 5, 5))[1].any()
    coarse, _ = scene.read("B4", 6, type(window)(0, 0, 57, 57))
    assert 0 < coarse.mean() < 1
    with pytest.raises(KeyError):
        scene.read("B13", 0, window)
