"""Defects of the reference chain (geetiles) and of sat-extractor in place, time and value: grid, seasons, bands.

Numbered as they are in the list of defects; each test shows that what was wrong there is right here. What is about
pixels runs on one tile of rasters made for it (`reference_scene`), through the command line's functions and the real
client.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
import reference_scene as scene
import reference_store
import shapely
from pyproj import Geod, Transformer

from eo_ingest import products, runtime
from eo_ingest.config import RunConfig
from eo_ingest.errors import ConfigError
from eo_ingest.grid import Grid
from eo_ingest.period import Period
from tests_support import ROOT

UTM = Grid.load("utm")


@pytest.fixture
def made(tmp_path_factory):
    return reference_store.make(tmp_path_factory.getbasetemp())


# 1. The grid was in one UTM zone for a continent: at its edges 14-24 % of the ground were covered twice and 4-5 % not
# at all, and tiles of "4480 m" measured 4335 to 4550 m on the ground.

EDGES = {"Boston": (-71.06, 42.36), "Seattle": (-122.33, 47.61), "N-California": (-123.9, 41.3), "Maine": (-68.6, 45.2)}
edges = pytest.mark.parametrize("place", EDGES.values(), ids=EDGES.keys())


def zone_at(lon, lat):
    return next(z for z in UTM.zones if z.band[0] <= lon < z.band[2] and z.band[1] <= lat < z.band[3])


def projected(zone, lon, lat):
    return Transformer.from_crs("EPSG:4326", zone.crs, always_xy=True).transform(lon, lat)


@edges
def test_1_all_ground_is_covered_and_none_twice_within_a_zone(place):
    lon, lat = place
    box = shapely.box(lon - 0.4, lat - 0.3, lon + 0.4, lat + 0.3)
    tiles = list(UTM.cover(box).iter_tiles())
    rng = np.random.default_rng(1)
    lons, lats = rng.uniform(*box.bounds[::2], 4000), rng.uniform(*box.bounds[1::2], 4000)
    zones = {zone_at(*at).name for at in zip(lons, lats, strict=True)}
    for name in zones:
        zone = UTM.zone(name)
        own = [zone_at(*at).name == name for at in zip(lons, lats, strict=True)]
        x, y = projected(zone, lons[own], lats[own])
        times = np.zeros(x.size, int)
        for tile in tiles:
            if tile.zone == name:
                west, south, east, north = zone.bounds(tile)
                times += (west <= x) & (x < east) & (south < y) & (y <= north)
        assert (times == 1).all()
    assert {tile.zone for tile in tiles} >= zones


@edges
def test_1_a_tile_is_as_large_on_the_ground_as_it_says(place):
    """Within 0.1 % of 4480 m and 0.2 % of 20.07 km², where the one zone was 3 % off."""
    zone, geod = zone_at(*place), Geod(ellps="WGS84")
    tile = next(UTM.cover(shapely.Point(place).buffer(1e-4)).iter_tiles())
    west, south, east, north = zone.bounds(tile)
    back = Transformer.from_crs(zone.crs, "EPSG:4326", always_xy=True)
    lon, lat = back.transform([west, east, east, west], [south, south, north, north])
    for i, j in pairwise((0, 1, 2, 3, 0)):
        assert geod.inv(lon[i], lat[i], lon[j], lat[j])[2] == pytest.approx(4480, rel=1e-3)
    assert abs(geod.polygon_area_perimeter(lon, lat)[0]) == pytest.approx(4480**2, rel=2e-3)


# 2. Pixels were asked for in EPSG:4326 by their number: resampled, off the grid, never Sentinel-2's own.


def test_2_pixels_are_asked_for_by_crs_and_transform_on_the_grid(made):
    assert len(made.requests) >= sum(map(len, reference_store.PERIODS.values()))
    for (params,), _ in made.requests:
        grid, place = params["grid"], params["grid"]["affineTransform"]
        assert grid["crsCode"] == scene.ZONE.crs == "EPSG:32632"
        assert place["scaleX"] == -place["scaleY"]
        assert place["scaleX"] % 10 == place["translateX"] % 10 == place["translateY"] % 10 == 0
        assert place["shearX"] == place["shearY"] == 0
        assert "region" not in params


def test_2_sentinel_2_of_the_own_zone_is_never_resampled(made):
    """Noise, another number in each pixel, is stored as it is; a pixel aside would be another number."""
    stored = made.stored("s2-rgb-monthly", "2020-05", "reflectance")[0]
    native = scene.noise()
    inside = slice(20, 20 + scene.SIDE)
    np.testing.assert_array_equal(stored, native[:, inside, inside])
    assert (stored == native[:, inside, 21 : 21 + scene.SIDE]).mean() < 0.01


# 3. End dates are exclusive, but seasons ended on their last day: that day was lost, in each month and season.


@pytest.mark.parametrize("year", ["2019", "2020", "2023", "2024"])
def test_3_seasons_and_months_leave_out_no_day(year):
    period = Period.parse(year)
    for cadence in ("seasons", "months"):
        frames = period.frames(cadence)
        assert all(before.end == after.start for before, after in pairwise(frames))
        assert (frames[0].start, frames[-1].end) == (period.start, period.end)
    last = [frame.end - timedelta(1) for frame in period.frames("seasons")]
    feb = (date(int(year), 3, 1) - timedelta(1)).day
    assert [(d.month, d.day) for d in last] == [(2, feb), (5, 31), (8, 31), (11, 30)]


def test_3_the_last_days_of_seasons_and_months_are_counted(made):
    """29 February, 31 May, 31 August and 30 November, half a minute before midnight; and not the day after the last."""
    count = made.stored("s1grd", "2020", "n_obs")[:, 0, 200, 50]
    assert count.tolist() == [2, 3, 1, 1]
    found = made.scenes("s1grd", "2020")
    assert {name for names in found.values() for name in names} == scene.RADAR.keys() - {"wide_swath", "next_year"}
    assert "leap_day" in found["DJF"]
    assert "last_of_may" in found["MAM"]
    assert "last_of_august" in found["JJA"]
    assert made.scenes("s1grd-monthly", "2020-05") == {"2020-05": ["last_of_may", "may"]}


def test_3_the_last_day_of_a_month_is_there_in_optical_images_too(made):
    assert (made.stored("s2-rgb-monthly", "2020-05", "n_obs") == 1).all()


# 4. Sentinel-1: no filter by mode and place; dB put into 8 bits without clipping, so that beyond -30 to 0 dB they
# wrapped; nodata became a value; the monthly mean was taken in dB and stored unsigned.


def backscatter(made, product, period, frame=0):
    """dB of VV and VH ascending, NaN where nodata."""
    stored = made.stored(product, period, "backscatter")[frame, :2]
    return np.where(stored == -32768, np.nan, stored * 0.01)


def test_4_only_the_interferometric_wide_mode_that_meets_the_block_is_used(made):
    assert made.scenes("s1grd", "2020")["JJA"] == ["last_of_august"]


def test_4_backscatter_beyond_0_and_30_db_does_not_wrap(made):
    vv, vh = backscatter(made, "s1grd", "2020", frame=2)
    for name in ("bright", "quiet"):
        first, end, *values = scene.STRIPES[name]
        inside = np.s_[:, first + 2 : end - 2]
        for band, value in zip((vv, vh), values, strict=True):
            np.testing.assert_allclose(band[inside], value, atol=0.0051)


def test_4_nodata_and_border_noise_are_no_value(made):
    first, end, *_ = scene.STRIPES["noise"]
    for band in backscatter(made, "s1grd", "2020", frame=2):
        assert np.isnan(band[:, scene.NOTHING][:, 2:]).all()
        assert np.isnan(band[:, first + 2 : end - 2]).all()
    count = made.stored("s1grd", "2020", "n_obs")[2, 0]
    assert (count[:, first + 2 :] == 0).all()
    assert (made.stored("s1grd", "2020", "backscatter")[:, 2:] == -32768).all()  # no descending image at all


def test_4_monthly_means_are_taken_in_linear_power(made):
    """Of -20 and -10 dB: -12.6 dB; the mean in dB would be -15."""
    vv, vh = backscatter(made, "s1grd-monthly", "2020-05")
    np.testing.assert_allclose(vv, 10 * np.log10((10**-2 + 10**-1) / 2), atol=0.0051)
    np.testing.assert_allclose(vh, 10 * np.log10((10**-2.6 + 10**-1.6) / 2), atol=0.0051)


# 5. QA60 where it is empty; reflectance stretched to 8 bits from 0 to 0.3; heights unsigned from a DEM of 90 m and
# slopes in whole degrees; MODIS/006; 250 m upsampled by nearest neighbour.


def test_5_clouds_are_masked_by_default_where_qa60_is_empty(made):
    """July 2023: under cloud the clear image alone counts; elsewhere both."""
    stored = made.stored("s2-rgb-monthly", "2023-07", "reflectance")[0, 0]
    count = made.stored("s2-rgb-monthly", "2023-07", "n_obs")[0, 0]
    half = scene.SIDE // 2
    assert (stored[:, : half - 1] == 1500).all()
    assert (count[:, : half - 1] == 1).all()
    assert (stored[:, half + 1 :] == (1500 + 9000) / 2).all()
    assert (count[:, half + 1 :] == 2).all()


@pytest.mark.parametrize("period", ["2022-02", "2023-07", "2024-02"])
def test_5_qa60_is_refused_where_it_is_empty(period):
    options = {"aoi": "demo", "store": "-", "products": ("s2-rgb-monthly",), "periods": (period,)}
    assert runtime.resolve(RunConfig.of(**options)).series
    with pytest.raises(ConfigError, match="QA60, its cloud mask, is empty"):
        runtime.resolve(RunConfig.of(**options, clouds="qa60"))


def test_5_bright_ground_is_not_saturated(made):
    stored = made.stored("s2-rgb-monthly", "2020-05", "reflectance")
    assert (stored > 3000).mean() > 0.7
    assert stored.max() > 11_990
    assert np.unique(stored).size > 11_000  # far more than 8 bits hold


def test_5_heights_below_the_sea_are_kept(made):
    variable = products.get("dem").variable("elevation")
    stored = made.stored("dem", "2020", "elevation")[0, 0]
    assert (stored != variable.nodata).all()
    metres = stored * variable.scale_factor + variable.add_offset
    truth = scene.height(*scene.centres(20))
    assert truth.min() < -400
    np.testing.assert_allclose(metres, truth, atol=variable.scale_factor / 2 + 0.01)


def test_5_slopes_are_not_whole_degrees(made):
    stored = made.stored("dem", "2020", "slope")[0, 0] * 0.01
    np.testing.assert_allclose(stored, np.degrees(np.arctan(scene.SLOPE)), atol=0.02)
    assert (stored % 1 > 0.1).all()


def test_5_modis_is_collection_6_1():
    assets = {asset for product in products.REGISTRY.values() for asset in product.assets if asset.startswith("MODIS/")}
    assert assets == {"MODIS/061/MOD44B"}
    text = [path.read_text() for folder in ("eo_ingest", "flows") for path in (ROOT / folder).rglob("*.py")]
    assert not any("MODIS/006" in found for found in text)


def test_5_250_m_are_interpolated_near_their_own_sampling(made):
    """Between the centres of two of MODIS's pixels there is what lies between them, at 160 m and not at 10 m."""
    vcf = products.get("vcf")
    assert (vcf.resolution, vcf.tile_px) == (160, 28)
    stored = made.stored("vcf", "2020", "cover")[0]
    truth = scene.tree_cover(scene.centres(160)[0])
    assert np.abs(stored - truth).max() <= 0.5 + 1e-6
    nearest = 10 + scene.MODIS_STEP * np.round((truth - 10) / scene.MODIS_STEP)
    assert np.abs(nearest - truth).max() > 1.2


# 9. sat-extractor read a window in the scene's CRS and stamped the tile's zone on it: nothing was reprojected.


def test_9_a_scene_of_another_zone_is_reprojected(made):
    """A ramp in zone 31, stored in zone 32, has each value at its own place on the ground."""
    assert made.scenes("s2-rgb-monthly", "2020-06")["2020-06"] == ["20200615T103000_20200615T103000_T31UGQ"]
    stored = made.stored("s2-rgb-monthly", "2020-06", "reflectance")[0, 0].astype(float)
    assert (stored != 65535).all()
    truth = scene.ramp(*scene.centres())
    np.testing.assert_allclose(stored, truth, atol=1.01)  # the ramp's own rounding, and ours
    stamped = truth[0, 0] + 0.2 * 10 * np.arange(scene.SIDE) - 0.1 * 10 * np.arange(scene.SIDE)[:, None]
    assert np.abs(stamped - truth).max() > 20  # what a window without reprojection would have
