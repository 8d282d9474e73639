"""COPERNICUS/S1_GRD."""

import hashlib
import re
from collections import Counter
from itertools import islice, pairwise

import numpy as np
import pytest
from shapely import Point, box

from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.world import truth
from eo_ingest.emulator.world.frame import HALF_LENGTH, SLICES, frame
from eo_ingest.emulator.world.frame import centres as centres_of_frames
from eo_ingest.emulator.world.place import from_lonlat, to_lonlat
from eo_ingest.emulator.world.sentinel1 import FIRST, LAST
from world_places import LUXEMBOURG, centres, ms, season, window_at

YEAR = ms("2019-12-01"), ms("2020-12-01")
INDEX = re.compile(r"S1[ABC]_(IW_GRDH|EW_GRDM)_1S(DV|DH|SV|SH)_(\d{8}T\d{6})_\d{8}T\d{6}_\d{6}_[0-9A-F]{6}_[0-9A-F]{4}")
PLACES = [LUXEMBOURG, (-98.0, 39.0), (-60.0, -3.0), (134.0, -25.0), (179.9, 67.5), (-179.95, 68.5), (25.0, 69.0)]


@pytest.fixture(scope="module")
def collection(world):
    return world.get("COPERNICUS/S1_GRD")


@pytest.mark.parametrize("place", PLACES)
def test_every_place_has_a_few_scenes_per_season_and_pass(collection, place):
    scenes = list(collection.images(*YEAR, Point(place)))
    regular = [s for s in scenes if s.polarisations == ("VV", "VH")]
    count = Counter((s.frame.direction, season(s.start)) for s in regular)
    assert set(count) == {(d, q) for d in ("ASCENDING", "DESCENDING") for q in range(4)}
    assert 2 <= sum(count.values()) / 8 <= 6
    assert all(s.frame.mode == "IW" and s.properties["instrumentMode"] == "IW" for s in regular)
    assert [s.start for s in scenes] == sorted(s.start for s in scenes)
    assert len({s.index for s in scenes}) == len(scenes)
    assert all(YEAR[0] <= s.start < YEAR[1] and s.footprint.intersects(Point(place)) for s in scenes)


def test_there_are_other_kinds_of_scenes_to_filter_out(collection):
    temperate = Counter(s.polarisations for s in collection.images(*YEAR, box(0, 45, 10, 50)))
    assert temperate[("VV", "VH")] > temperate[("VV",)] > 0
    assert temperate[("HH",)] > 0
    arctic = list(collection.images(*YEAR, box(20, 70, 30, 71)))
    wide = [s for s in arctic if s.frame.mode == "EW"]
    assert wide
    assert wide[0].properties["resolution_meters"] == 40
    assert {b.name for b in wide[0].bands} <= {"HH", "HV", "angle"}
    assert wide[0].read("HH", 0, window_at(wide[0].bands[0].lattice, (25.0, 70.5), 8))[1].shape == (8, 8)


def test_properties_are_as_in_the_catalogue(radar):
    found = radar.properties
    assert INDEX.fullmatch(found["system:index"])
    assert radar.id == f"COPERNICUS/S1_GRD/{found['system:index']}"
    assert found["system:time_start"] == found["system:time_end"] == radar.start
    assert found["transmitterReceiverPolarisation"] == ["VV", "VH"]
    assert found["orbitProperties_pass"] in {"ASCENDING", "DESCENDING"}
    assert found["platform_number"] in "ABC"
    assert 1 <= found["relativeOrbitNumber_start"] <= 175
    expected = {
        "familyName": "SENTINEL-1", "instrumentMode": "IW", "productType": "GRD", "resolution": "H",
        "resolution_meters": 10, "sliceProductFlag": "true",
    }  # fmt: skip
    assert expected.items() <= found.items()
    assert all(isinstance(v, str | int | float | list) for v in found.values())


def test_the_grid_is_not_on_multiples_of_ten_metres(radar):
    vv, vh, angle = radar.bands
    assert [b.name for b in radar.bands] == ["VV", "VH", "angle"]
    assert (vv.dtype, angle.dtype) == ("float64", "float32")
    assert vv.lattice == vh.lattice
    a, b, c, d, e, f = vv.lattice.transform
    assert (a, b, d, e) == (10.0, 0.0, 0.0, -10.0)
    assert 1 < c % 10 < 9
    assert 1 < f % 10 < 9
    assert (angle.lattice.width, angle.lattice.height) == (21, 10)


def test_scenes_of_a_zone_and_pass_share_their_sub_pixel_phase(collection):
    phases = {}
    for scene in collection.images(*YEAR, Point(LUXEMBOURG)):
        lattice = scene.bands[0].lattice
        key = lattice.crs, scene.frame.direction
        phases.setdefault(key, set()).add((round(lattice.transform[2] % 10, 3), round(lattice.transform[5] % 10, 3)))
    assert all(len(found) == 1 for found in phases.values())


def test_the_median_over_speckle_is_the_truth(radar):
    window = window_at(radar.bands[0].lattice, LUXEMBOURG, 300)
    lon, lat = centres(radar.bands[0].lattice, window)
    for band in ("VV", "VH"):
        values, valid = radar.read(band, 0, window)
        assert values.dtype == np.float64
        assert valid.all()
        error = values - truth.backscatter_db(lon, lat, radar.start, band, radar.frame.direction)
        assert abs(np.median(error)) < 0.02
        assert 1.1 < error.std() < 1.7
        assert np.quantile(np.abs(error), 0.999) < 3.6
        assert values.min() > -30


def test_polarisations_and_dates_have_speckle_of_their_own(collection, radar):
    window = window_at(radar.bands[0].lattice, LUXEMBOURG, 128)
    other = next(s for s in collection.images(radar.start + 1, YEAR[1], Point(LUXEMBOURG)) if s.frame == radar.frame)
    vv, vh, later = radar.read("VV", 0, window)[0], radar.read("VH", 0, window)[0], other.read("VV", 0, window)[0]
    lon, lat = centres(radar.bands[0].lattice, window)
    truth_vv, truth_vh, truth_later = (
        truth.backscatter_db(lon, lat, t, p, radar.frame.direction)
        for p, t in (("VV", radar.start), ("VH", radar.start), ("VV", other.start))
    )
    first, second, third = (vv - truth_vv).ravel(), (vh - truth_vh).ravel(), (later - truth_later).ravel()
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.06
    assert abs(np.corrcoef(first, third)[0, 1]) < 0.06


def test_border_noise_lies_along_both_edges_of_the_swath(radar):
    lattice = radar.bands[0].lattice
    a, _, c, _, e, f = lattice.transform
    for side in (-1, 1):
        reach = side * 125_600.0
        x, y = radar.frame.x + reach * radar.frame.ay, radar.frame.y - reach * radar.frame.ax
        window = Window(int((y - f) / e) - 200, int((x - c) / a) - 200, 400, 400)
        values, valid = radar.read("VV", 0, window)
        col, row = window.col + np.arange(400) + 0.5, window.row + np.arange(400)[:, None] + 0.5
        across = radar.frame.across(c + a * col, f + e * row)
        assert np.array_equal(valid, np.abs(across) <= 126_200)
        border = np.abs(across) > 125_000
        assert (values[valid & border] < -30).all()
        assert (values[valid & ~border] > -30).all()
        assert (values[~valid] == 0).all()
        angles = radar.frame.angle(across)
        assert ((angles[border] < 30.9) | (angles[border] > 46.0)).all()


def test_angles_grow_across_the_swath(radar):
    values, valid = radar.read("angle", 0, Window(-1, -1, 12, 23))
    assert valid.sum() == 210
    assert not valid[0].any()
    assert np.all(np.diff(values[1, 1:-1]) > 0)
    assert 30 < values[5, 1] < 32
    assert 45 < values[5, 21] < 47
    assert radar.read("angle", 1, Window(0, 0, 5, 10))[1].all()


def test_windows_agree_with_each_other_and_end_at_the_lattice(radar):
    lattice = radar.bands[0].lattice
    window = window_at(lattice, LUXEMBOURG, 300)
    whole, _ = radar.read("VV", 0, window)
    piece, _ = radar.read("VV", 0, Window(window.row + 131, window.col + 17, 40, 50))
    assert np.array_equal(piece, whole[131:171, 17:67])
    values, valid = radar.read("VV", 0, Window(-50, lattice.width - 20, 30, 60))
    assert values.shape == valid.shape == (30, 60)
    assert not valid.any()
    assert not radar.read("VV", 0, Window(lattice.height + 5, 0, 4, 4))[1].any()


@pytest.mark.parametrize("level", [1, 3])
def test_levels_are_block_means(radar, level):
    size = 2**level
    window = window_at(radar.bands[0].lattice, LUXEMBOURG, 64)
    window = Window(window.row // size, window.col // size, 12, 9)
    values, valid = radar.read("VH", level, window)
    native, _ = radar.read("VH", 0, Window(window.row * size, window.col * size, 12 * size, 9 * size))
    assert valid.all()
    np.testing.assert_allclose(values, native.reshape(12, size, 9, size).mean(axis=(1, 3)), rtol=1e-12)


def test_high_levels_stay_quick_and_plausible(radar):
    lattice = radar.bands[0].lattice
    values, valid = radar.read("VV", 9, Window(0, 0, lattice.height // 512 + 1, lattice.width // 512 + 1))
    assert 0.3 < valid.mean() < 1
    assert -16 < values[valid].mean() < -7


def test_footprints_hold_the_valid_pixels(radar):
    a, _, c, _, e, f = radar.bands[0].lattice.transform
    inside = [radar.frame.x, radar.frame.y]
    assert radar.footprint.contains(Point(to_lonlat(radar.frame.crs).transform(*inside)))
    assert 0.5 < radar.footprint.area < 10
    assert c < inside[0] < c + a * radar.bands[0].lattice.width
    assert f > inside[1] > f + e * radar.bands[0].lattice.height


def test_a_frame_across_the_antimeridian_is_cut_there(collection):
    scenes = [s for s in collection.images(*YEAR, Point(179.9, 67.5)) if s.footprint.geom_type == "MultiPolygon"]
    assert scenes
    west, _, east, _ = scenes[0].footprint.bounds
    assert (west, east) == (-180.0, 180.0)
    assert scenes[0].footprint.area < 40
    same = {s.index for s in collection.images(*YEAR, Point(-180.1, 67.5))}
    assert same == {s.index for s in collection.images(*YEAR, Point(179.9, 67.5))}


def test_the_endless_collection_is_listed_lazily_and_in_order(collection):
    scenes = list(islice(collection.images(None, None, None), 300))
    assert scenes[0].start >= FIRST
    assert all(a.start <= b.start for a, b in pairwise(scenes))
    assert list(collection.images(LAST, None, None)) == []
    assert list(collection.images(*YEAR, Point(-30.0, 30.0))) == []
    assert list(collection.images(YEAR[1], YEAR[0], Point(LUXEMBOURG))) == []


def test_golden_scene(radar):
    values, _ = radar.read("VV", 0, window_at(radar.bands[0].lattice, LUXEMBOURG, 64))
    assert radar.index == "S1A_IW_GRDH_1SDV_20200608T061247_20200608T061312_032878_05BD45_7EE0"
    assert hashlib.sha256(np.round(values * 10).astype("<i2").tobytes()).hexdigest()[:16] == "49219d9960924c8f"


def test_a_place_is_seen_from_two_orbits_of_each_pass(collection):
    scenes = collection.images(ms("2020-06-01"), ms("2020-09-01"), Point(LUXEMBOURG))
    orbits = {(s.frame.direction, s.properties["relativeOrbitNumber_start"]) for s in scenes}
    assert Counter(direction for direction, _ in orbits) == {"ASCENDING": 2, "DESCENDING": 2}


@pytest.mark.parametrize("place", [(12.0, 44.3), (11.0, 43.4), (12.6, 45.4)])
def test_one_region_is_imaged_at_every_pass(collection, place):
    """Six days apart on each relative orbit: enough for three scenes before and three after any date."""
    seen = {}
    for scene in collection.images(ms("2021-04-01"), ms("2021-07-01"), Point(place)):
        assert scene.polarisations == ("VV", "VH")
        seen.setdefault(scene.properties["relativeOrbitNumber_start"], {})[round(scene.start / 86_400_000)] = scene
    assert len(seen) >= 3
    for scenes in seen.values():
        assert 14 <= len(scenes) <= 16
        assert set(np.diff(sorted(scenes))) == {6}
        assert {s.properties["platform_number"] for s in scenes.values()} == {"A", "B"}


def test_slices_of_a_track_leave_no_gap():
    tracks, slices = np.nonzero(centres_of_frames()[2])
    for k in np.random.default_rng(1).choice(tracks.size, 300, replace=False):
        if slices[k] + 1 < SLICES:
            here, ahead = frame(int(tracks[k]), int(slices[k]), "IW"), frame(int(tracks[k]), int(slices[k]) + 1, "IW")
            across = np.array([-124e3, 0.0, 124e3])
            x = here.x + HALF_LENGTH * here.ax + across * here.ay
            y = here.y + HALF_LENGTH * here.ay - across * here.ax
            there = from_lonlat(ahead.crs).transform(*to_lonlat(here.crs).transform(x, y))
            assert (ahead.along(*there) >= -HALF_LENGTH).all()
