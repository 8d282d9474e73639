"""The maps of the world tell one story: trees, biomass, heights, buildings, water, relief and coherence agree."""

from itertools import pairwise

import numpy as np
import pytest

from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.world import seasonal_tiles, truth
from eo_ingest.emulator.world.cells import locate
from world_maps import EBD

REGIONS = {"temperate": (5.9, 49.5), "tropical": (-60.3, -3.4), "northern": (24.0, 57.0)}
COUNT = 1500
TREES, CROPS, TOWN, BARE, WATER = 10, 40, 50, 60, 80


class Story:
    """What the maps say at random points of a region."""

    def __init__(self, world, corner):
        rng = np.random.default_rng(11)
        self.world = world
        self.lon, self.lat = (start + rng.uniform(0, 0.35, COUNT) for start in corner)
        self.cover = truth.land_cover(self.lon, self.lat)
        self._shares = {}

    def at(self, asset, band):
        return truth.native(self.world.get(asset), band, self.lon, self.lat)

    def share(self, pixel, code):
        """The share of a class within about `pixel` degrees around each point."""
        if pixel not in self._shares:
            step = (np.arange(5) - 2) / 5 * pixel
            wide = step / np.cos(np.radians(self.lat))[:, None]
            self._shares[pixel] = truth.land_cover(
                self.lon[:, None, None] + wide[:, None, :], self.lat[:, None, None] + step[None, :, None]
            )
        return (self._shares[pixel] == code).mean(axis=(1, 2))


@pytest.fixture(scope="module", params=REGIONS)
def story(request, world):
    return Story(world, REGIONS[request.param])


@pytest.fixture(scope="module")
def temperate(world):
    return Story(world, REGIONS["temperate"])


def alike(a, b):
    return np.corrcoef(a, b)[0, 1]


def test_tree_cover_is_where_land_cover_says_trees(story):
    percent, _ = story.at("MODIS/061/MOD44B/2020_03_05", "Percent_Tree_Cover")
    land = percent <= 100
    trees = story.share(0.0021, TREES)
    assert alike(percent[land], trees[land]) > 0.8
    assert percent[land & (trees > 0.95)].mean() > 65
    assert percent[land & (trees < 0.05)].mean() < 15


def test_percentages_of_cover_add_up(story):
    image = "MODIS/061/MOD44B/2019_03_06"
    parts = [
        story.at(image, f"Percent_{n}")[0].astype(int) for n in ("Tree_Cover", "NonTree_Vegetation", "NonVegetated")
    ]
    land = parts[0] <= 100
    assert (sum(parts)[land] == 100).all()
    assert all((p[~land] == parts[0][~land]).all() for p in parts)
    assert set(parts[0][~land].tolist()) <= {200, 253}


def test_water_of_all_maps_is_one(story):
    water = story.cover == WATER
    assert (story.at("JRC/GSW1_4/GlobalSurfaceWater", "seasonality")[0] == 12)[water].mean() > 0.87
    assert (story.at("JRC/GSW1_4/GlobalSurfaceWater", "occurrence")[0] >= 90)[~water].mean() < 0.01
    assert (story.at("COPERNICUS/DEM/GLO30_2024_1", "WBM")[0] > 0)[~water].mean() < 0.02
    history, _ = story.at("JRC/GSW1_4/YearlyHistory/2020", "waterClass")
    assert (history == 3)[water].mean() > 0.87
    assert (history == 3)[~water].mean() < 0.01
    assert (story.at("JAXA/ALOS/PALSAR/YEARLY/SAR_EPOCH/2020", "qa")[0] == 50)[water].mean() > 0.87


def test_seasonal_water_comes_and_goes(temperate):
    _, months = temperate.at("JRC/GSW1_4/GlobalSurfaceWater", "seasonality")
    seasonality, seen = temperate.at("JRC/GSW1_4/GlobalSurfaceWater", "seasonality")
    wet = np.array([temperate.at(f"JRC/GSW1_4/MonthlyHistory/2020_{m:02d}", "water")[0] for m in range(1, 13)])
    known = (wet > 0).all(axis=0)
    counted = (wet == 2).sum(axis=0)
    assert known.any()
    assert (counted[known & (seasonality == 12)] == 12).all()
    assert (counted[known & ~seen] == 0).all()
    some = known & (seasonality > 0) & (seasonality < 12)
    assert np.abs(counted[some].astype(int) - seasonality[some].astype(int)).max() <= 1
    assert (seen == months).all()


def test_biomass_and_heights_are_high_where_trees_are(story):
    mass, valid = story.at(
        "projects/sat-io/open-datasets/ESA/ESA_CCI_AGB/ESACCI-BIOMASS-L4-AGB-MERGED-100m-2020-fv6", "AGB"
    )
    height, _ = story.at("users/nlang/ETH_GlobalCanopyHeight_2020_10m_v1", "b1")
    trees = story.share(0.0009, TREES)
    mass = np.where(valid, mass, 0)
    assert alike(mass, trees) > 0.8
    assert mass[trees > 0.95].mean() > 100
    assert mass[trees == 0].mean() < 25
    assert height[story.cover == TREES].mean() > 15
    assert (height[story.cover == CROPS] <= 1).mean() > 0.98
    carbon, _ = story.at("NASA/ORNL/biomass_carbon_density/v1/carbon_density_2010", "agb")
    assert alike(carbon, story.share(0.0028, TREES)) > 0.7
    assert 0.3 < carbon.mean() / mass.mean() < 0.7


def test_error_layers_are_positive_where_there_is_a_value(story):
    image = "projects/sat-io/open-datasets/ESA/ESA_CCI_AGB/ESACCI-BIOMASS-L4-AGB-MERGED-100m-2020-fv6"
    mass, valid = story.at(image, "AGB")
    spread, also = story.at(image, "SD")
    assert (valid == also).all()
    assert (mass[valid] > 0).all()
    assert (spread[valid] > 0).all()
    forest = valid & (mass > 80)
    assert 0.2 < np.median(spread[forest] / mass[forest]) < 0.7


def test_biomass_grows_over_the_years(temperate):
    stem = "projects/sat-io/open-datasets/ESA/ESA_CCI_AGB/ESACCI-BIOMASS-L4-AGB-MERGED-100m"
    early, late = (temperate.at(f"{stem}-{year}-fv6", "AGB")[0].astype(float).mean() for year in (2010, 2020))
    assert 1.02 < late / early < 1.1


def test_l_band_sees_biomass(story):
    image = "JAXA/ALOS/PALSAR/YEARLY/SAR_EPOCH/2020"
    decibels = {p: 20 * np.log10(story.at(image, p)[0].astype(float)) - 83 for p in ("HH", "HV")}
    land = (story.cover != WATER) & (story.cover != TOWN)
    assert alike(decibels["HV"][land], np.sqrt(truth.biomass(story.lon, story.lat)[land])) > 0.8
    assert (decibels["HV"] < decibels["HH"]).all()
    if (story.cover == WATER).sum() > 20:
        assert decibels["HH"][story.cover == WATER].mean() < -15


def test_buildings_are_where_land_cover_says_built_up(temperate):
    surface, _ = temperate.at("JRC/GHSL/P2023A/GHS_BUILT_S/2020", "built_surface")
    town = temperate.share(0.0009, TOWN)
    assert alike(surface, town) > 0.8
    assert surface[town == 0].mean() < 150
    assert surface.max() <= 10_000
    fine, _ = temperate.at("JRC/GHSL/P2023A/GHS_BUILT_S_10m/2018", "built_surface")
    assert fine[temperate.cover == TOWN].mean() > 20
    assert (fine[np.isin(temperate.cover, (TREES, CROPS))] == 0).mean() > 0.99
    # Square metres of 10 m cells are a hundredth of those of 100 m cells, but for what was built in between.
    assert fine.mean() * 100 == pytest.approx(surface.mean(), rel=0.15)


def test_towns_grow(temperate):
    totals = [
        temperate.at(f"JRC/GHSL/P2023A/GHS_BUILT_S/{y}", "built_surface")[0].astype(int) for y in range(1975, 2031, 5)
    ]
    means = [t.mean() for t in totals]
    assert all(b > a for a, b in pairwise(means))
    assert means[0] < 0.6 * means[9]
    assert all((b >= a).all() for a, b in pairwise(totals))
    other, _ = temperate.at("JRC/GHSL/P2023A/GHS_BUILT_S/2020", "built_surface_nres")
    assert (other <= totals[9]).all()
    assert 0.05 < other.mean() / means[9] < 0.6


def test_a_surface_model_stands_above_bare_ground_by_what_stands_there(temperate):
    bare, _ = temperate.at("NASA/NASADEM_HGT/001", "elevation")
    surface, _ = temperate.at("COPERNICUS/DEM/GLO30_2024_1", "DEM")
    above = surface - bare
    assert 8 < above[temperate.cover == TREES].mean() < 25
    assert abs(above[temperate.cover == CROPS].mean()) < 1
    assert above[temperate.cover == TOWN].mean() > 1.5
    assert np.abs(bare - truth.elevation(temperate.lon, temperate.lat)).max() < 25
    assert np.array_equal(surface, temperate.at("COPERNICUS/DEM/GLO30", "DEM")[0])


def test_coherence_is_high_on_what_stays_and_low_on_what_moves(temperate):
    winter, _ = temperate.at(f"{EBD}/COHERENCE", "winter_vv_COH12")
    for low, high in ((WATER, TREES), (TREES, CROPS), (CROPS, TOWN)):
        pure = [winter[temperate.share(0.0009, c) > 0.9] for c in (low, high)]
        assert pure[0].mean() < pure[1].mean()
    assert alike(winter, temperate.share(0.0009, TREES)) < -0.4
    assert alike(winter, temperate.share(0.0009, TOWN)) > 0.15


@pytest.mark.parametrize("season", seasonal_tiles.SEASONS)
def test_coherence_decays_as_the_parameters_say(temperate, season):
    rho, tau = (temperate.at(f"{EBD}/DECAY_MODEL_PARAMETERS", f"{season}_vv_{n}")[0] for n in ("rho", "tau"))
    before = np.ones(COUNT)
    for days in seasonal_tiles.DAYS:
        found, _ = temperate.at(f"{EBD}/COHERENCE", f"{season}_vv_COH{days:02d}")
        assert np.abs(found - ((1 - rho) * np.exp(-days / tau) + rho)).max() < 0.0051
        assert (found <= before).all()
        before = found


def test_scaled_collections_are_the_digital_numbers_scaled(temperate):
    pairs = (
        ("COHERENCE", "fall_vv_COH24", lambda n: n * 0.01),
        ("DECAY_MODEL_PARAMETERS", "fall_vv_tau", lambda n: n * 0.001),
        ("BACKSCATTER", "fall_vh_AMP", lambda n: 10 ** ((20 * np.log10(n) - 83) / 10)),
    )
    for name, band, scaled in pairs:
        raw, valid = temperate.at(f"{EBD}/{name}_RAW", band)
        found, also = temperate.at(f"{EBD}/{name}", band)
        assert valid.all()
        assert also.all()
        np.testing.assert_allclose(found, scaled(raw.astype(float)), rtol=1e-6)


def test_mean_backscatter_is_that_of_sentinel1(temperate):
    amplitude = 10 * np.log10(temperate.at(f"{EBD}/BACKSCATTER", "summer_vv_AMP")[0])
    for code in (TREES, CROPS):
        pure = temperate.share(0.0009, code) > 0.95
        scene = truth.backscatter_db(temperate.lon, temperate.lat, seasonal_tiles.SEASONS["summer"], "VV", "ASCENDING")
        assert amplitude[pure].mean() == pytest.approx(scene[pure].mean(), abs=0.6)


def test_layers_that_a_tile_lacks_are_masked_and_no_data_is_zero(world):
    image = world.get(f"{EBD}/COHERENCE_RAW/N50E006")
    assert not image.read("winter_hh_COH12", 0, Window(0, 0, 9, 9))[1].any()
    corners = [(lon, lat) for lat in range(60, -50, -7) for lon in range(-170, 170, 9)]
    there = (c for c in corners if seasonal_tiles.exists(*c))
    rare = next(c for c in there if 6 not in seasonal_tiles.baselines(*c, "winter"))
    tile = world.get(f"{EBD}/COHERENCE_RAW/{seasonal_tiles.tile_id(*rare)}")
    assert not tile.read("winter_vv_COH06", 0, Window(0, 0, 9, 9))[1].any()
    assert tile.read("winter_vv_COH12", 0, Window(0, 0, 9, 9))[1].all()
    coast = world.get(f"{EBD}/COHERENCE_RAW/N51W007")
    values, valid = coast.read("winter_vv_COH12", 0, Window(500, 0, 100, 1200))
    assert valid.all()
    assert 0.02 < (values == 0).mean() < 0.98


def test_slopes_are_those_of_the_relief(client, temperate):
    """Terrain.slope of both models, through the client, against the slope of the analytic relief."""
    lattice = temperate.world.get("NASA/NASADEM_HGT/001").bands[0].lattice
    row, col = locate(lattice, temperate.lon, temperate.lat)
    a, _, c, _, e, f = lattice.transform
    top, left, side = int(row.min()), int(col.min()), 400
    affine = {
        "scaleX": a, "shearX": 0, "translateX": c + a * left, "shearY": 0, "scaleY": e, "translateY": f + e * top,
    }  # fmt: skip
    grid = {"dimensions": {"width": side, "height": side}, "affineTransform": affine, "crsCode": "EPSG:4326"}

    def slope(image):
        return client.data.computePixels(
            {"expression": client.Terrain.slope(image), "fileFormat": "NUMPY_NDARRAY", "grid": grid}
        )["slope"]

    x, y = c + a * (left + np.arange(side) + 0.5), f + e * (top + np.arange(side)[:, None] + 0.5)
    exact = truth.slope(*np.broadcast_arrays(x, y))
    found = slope(client.Image("NASA/NASADEM_HGT/001").select("elevation"))
    # Whole metres over 60 m: half a degree of noise.
    assert np.abs(found - exact).mean() < 0.7
    assert alike(found.ravel(), exact.ravel()) > 0.6
    models = client.ImageCollection("COPERNICUS/DEM/GLO30_2024_1").filterBounds(client.Geometry.Point([6.1, 49.6]))
    surface = models.select("DEM").mosaic().setDefaultProjection(models.first().select("DEM").projection())
    rough = slope(surface)
    cover = truth.land_cover(*np.broadcast_arrays(x, y))
    assert rough[cover == CROPS].mean() < rough[cover == TREES].mean()
