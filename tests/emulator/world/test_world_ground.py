"""Noise, places, land and the truth functions."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from eo_ingest.emulator.asset import Lattice, Window
from eo_ingest.emulator.world import truth
from eo_ingest.emulator.world.cover import LOOKS, Kind
from eo_ingest.emulator.world.ground import Cache, parts, raster_of
from eo_ingest.emulator.world.land import survey
from eo_ingest.emulator.world.noise import hash_lattice, hash_words, noise
from eo_ingest.emulator.world.place import pixels, points, to_lonlat
from eo_ingest.emulator.world.speckle import CEILING_DB, FLOOR_DB, speckle_db
from world_places import ms

SUMMER, WINTER = ms("2020-07-15"), ms("2020-01-15")


def test_hashes_never_change():
    assert hash_words(1, 2, 3) == 1351869933
    assert hash_lattice(np.arange(3), np.full(3, -7), 5).tolist() == [3442158626, 1655195180, 515316383]


def test_noise_is_the_same_point_by_point_and_over_a_window():
    x, y = np.meshgrid(np.linspace(0.1, 0.1001, 50), np.linspace(0.05, 0.0501, 50))
    window = noise(x, y, 300.0, 1)
    single = np.array([[noise(x[i : i + 1, j], y[i : i + 1, j], 300.0, 1)[0] for j in (0, 7, 49)] for i in (0, 31)])
    assert np.array_equal(single, window[np.ix_([0, 31], [0, 7, 49])])
    far = noise(np.array([0.1, 0.7]), np.array([0.05, -0.2]), 300.0, 1)
    assert far[0] == window[0, 0]
    assert 0 <= window.min() < window.max() < 1


def test_noise_closes_around_the_globe_and_is_continuous():
    y = np.linspace(-0.3, 0.3, 200)
    east, west = np.full(200, 0.5), np.full(200, -0.5)
    assert np.array_equal(noise(east, y, 500.0, 3), noise(west, y, 500.0, 3))
    step = 1e-9
    x = np.linspace(0.2, 0.3, 200)
    assert np.abs(noise(x, y, 500.0, 3) - noise(x + step, y, 500.0, 3)).max() < 1e-3


@pytest.mark.parametrize(("crs", "origin"), [("EPSG:32631", (715_003.7, 5_510_001.2)), ("EPSG:32701", (2e5, 8.1e6))])
def test_interpolated_places_are_where_the_projection_puts_them(crs, origin):
    sites = pixels(crs, origin, (10.0, -10.0), 256, 4)
    at = (np.arange(256) + 0.5) * 10
    lon, lat = to_lonlat(crs).transform(*np.meshgrid(origin[0] + at, origin[1] - at))
    exact = points(lon, lat)
    east = (sites.x - exact.x + 0.5) % 1.0 - 0.5
    assert np.abs(east).max() * 40_075_017 < 0.02
    assert np.abs(sites.y - exact.y).max() * 40_075_017 < 0.02


def test_luxembourg_is_a_varied_land():
    lon, lat = np.meshgrid(np.linspace(5.9, 6.3, 400), np.linspace(49.5, 49.9, 600))
    classes, counts = np.unique(truth.land_cover(lon, lat), return_counts=True)
    share = dict(zip(classes.tolist(), (counts / counts.sum()).tolist(), strict=True))
    assert {10, 30, 40, 50, 80} <= set(share)
    assert share[80] > 0.01
    assert share[50] > 0.01
    assert max(share.values()) < 0.7


def test_the_globe_has_every_class_and_the_open_sea_has_none():
    lon, lat = np.meshgrid(np.linspace(-180, 180, 700), np.linspace(-59, 83, 500))
    assert {0, *(look.worldcover for look in LOOKS.values())} == set(np.unique(truth.land_cover(lon, lat)).tolist())
    assert truth.land_cover(-30.0, 35.0) == 0
    assert truth.elevation(-30.0, 35.0) == 0
    assert truth.elevation(lon, lat).max() > 1500


def test_class_edges_are_sharp_and_reflectance_has_slopes_at_10_to_100_m():
    sites = pixels("EPSG:32631", (720_000.0, 5_510_000.0), (10.0, -10.0), 512, 4)
    kind = survey(sites).kind.astype(int)
    assert 0.005 < np.mean(np.diff(kind, axis=1) != 0) < 0.2
    lon, lat = to_lonlat("EPSG:32631").transform(
        *np.meshgrid(720_005.0 + 10 * np.arange(200), 5_509_995.0 - 10 * np.arange(200))
    )
    red = truth.reflectance(lon, lat, SUMMER, "B4") * 1e4
    inside = np.diff(kind[:200, :200], axis=1) == 0
    assert np.std(np.diff(red, axis=1)[inside]) > 5


def test_the_world_is_one_across_the_antimeridian():
    lat = np.linspace(64.5, 71.5, 4000)
    for field in (truth.land_cover, truth.elevation, lambda x, y: truth.reflectance(x, y, SUMMER, "B8")):
        assert np.array_equal(field(180.0, lat), field(-180.0, lat))
        assert np.array_equal(field(181.25, lat), field(-178.75, lat))
    jump = truth.elevation(179.99999, lat) - truth.elevation(-179.99999, lat)
    assert np.abs(jump).max() < 1.0
    assert truth.land_cover(180.0, lat).any()


def test_water_is_dark_and_towns_are_bright_to_every_sensor():
    lon, lat = np.meshgrid(np.linspace(5.9, 6.3, 300), np.linspace(49.5, 49.9, 300))
    classes = truth.land_cover(lon, lat)
    near_infrared = truth.reflectance(lon, lat, SUMMER, "B8")
    vv = truth.backscatter_db(lon, lat, SUMMER, "VV", "ASCENDING")
    vh = truth.backscatter_db(lon, lat, SUMMER, "VH", "ASCENDING")
    water, trees, town = classes == 80, classes == 10, classes == 50
    assert near_infrared[water].max() < 0.05
    assert near_infrared[trees].mean() > 0.2
    assert vv[water].max() < -19
    assert vh[water].max() < -24
    assert -12 < vv[trees].mean() < -7
    assert vv[town].mean() > -6
    assert (vh < vv).all()


def test_seasons_are_opposite_in_the_south():
    def vegetation(lon, lat, time):
        red, nir = (truth.reflectance(lon, lat, time, band) for band in ("B4", "B8"))
        return (nir - red) / (nir + red)

    lon, lat = np.meshgrid(np.linspace(0, 0.3, 60), np.linspace(0, 0.3, 60))
    north = vegetation(lon + 6, lat + 49.6, SUMMER) - vegetation(lon + 6, lat + 49.6, WINTER)
    south = vegetation(lon - 62, lat - 36, SUMMER) - vegetation(lon - 62, lat - 36, WINTER)
    assert north.mean() > 0.1
    assert south.mean() < -0.02
    assert np.isfinite(vegetation(lon + 20, lat, SUMMER)).all()


def test_every_kind_has_a_plausible_look():
    for kind in Kind:
        look = LOOKS[kind]
        assert len(look.dormant) == len(look.green) == 12
        assert look.vh < look.vv < 0


def test_a_tile_is_surveyed_as_its_points_are():
    lattice = Lattice("EPSG:32632", (10.0, 0.0, 300_003.7, 0.0, -10.0, 5_500_006.1), 1000, 1000)
    window = Window(-5, 990, 20, 20)
    found = list(parts(lattice, window))
    assert sum((p.out[0].stop - p.out[0].start) * (p.out[1].stop - p.out[1].start) for p in found) == 15 * 10
    assert found[0].row == 0
    assert found[0].col == 990
    assert list(parts(lattice, Window(1000, 0, 5, 5))) == []
    raster, row, col = raster_of(lattice)
    assert raster.phase == pytest.approx((3.7, -3.9))
    assert (row, col) == (-550_001, 30_000)


def test_the_cache_holds_to_its_limit_and_makes_each_value_once():
    cache, made = Cache(10_000), []

    def make(n):
        made.append(n)
        return np.zeros(250)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: cache.get(n % 4, lambda: make(n % 4)), range(200)))
    assert sorted(made) == [0, 1, 2, 3]
    for n in range(4, 12):
        cache.get(n, lambda: np.zeros(250))
    cache.get(0, lambda: make(0))
    assert len(made) == 5


def test_speckle_has_unit_median_and_bounds():
    speckle = speckle_db(0, 0, (400, 400), 9)
    assert abs(np.median(speckle)) < 0.02
    assert FLOOR_DB <= speckle.min() < -3
    assert 2.5 < speckle.max() <= CEILING_DB
    assert 1.2 < speckle.std() < 1.6
    assert np.array_equal(speckle_db(100, 7, (50, 50), 9), speckle[100:150, 7:57])
    assert abs(np.corrcoef(speckle.ravel(), speckle_db(0, 0, (400, 400), 10).ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(speckle[:, 1:].ravel(), speckle[:, :-1].ravel())[0, 1]) < 0.02


def test_golden_ground():
    sites = pixels("EPSG:32631", (715_000.0, 5_510_000.0), (10.0, -10.0), 64, 4)
    ground = survey(sites)
    assert hashlib.sha256(ground.kind.tobytes()).hexdigest()[:16] == "8c418d8f56d37f92"
    assert hashlib.sha256(np.round(ground.texture * 100).astype("<i2").tobytes()).hexdigest()[:16] == "e890dc90fe8ae244"
