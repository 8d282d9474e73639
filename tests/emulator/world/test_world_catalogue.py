"""World as a catalogue, and ESA/WorldCover."""

import numpy as np
import pytest
from shapely import Point

from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.world import World, truth
from eo_ingest.emulator.world.worldcover import LATTICE
from world_places import LUXEMBOURG, centres, ms, window_at

IDS = [
    "COPERNICUS/S1_GRD",
    "COPERNICUS/S2_SR_HARMONIZED",
    "GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED",
    "ESA/WorldCover/v100",
    "ESA/WorldCover/v200",
]


@pytest.mark.parametrize("asset_id", IDS)
def test_collections_and_their_images_are_found_by_id(world, asset_id):
    collection = world.get(asset_id)
    assert collection.id == asset_id
    assert collection.properties["system:id"] == asset_id
    image = next(collection.images(ms("2020-01-01"), ms("2021-07-01"), Point(LUXEMBOURG)))
    again = World().get(image.id)
    assert again.id == image.id == f"{asset_id}/{image.properties['system:index']}"
    assert dict(again.properties) == dict(image.properties)
    assert again.bands == image.bands


@pytest.mark.parametrize("asset_id", [
    "", "COPERNICUS", "COPERNICUS/S2", "COPERNICUS/S1_GRD/nope", "COPERNICUS/S1_GRD/S1A_a_b_c_d_e",
    "ESA/WorldCover/v100/2021", "COPERNICUS/S2_SR_HARMONIZED/20200105T103421_20200105T103422_T99ZZZ",
    "COPERNICUS/S2_SR_HARMONIZED/20200105T103421_20200105T103422_T31UGR",
])  # fmt: skip
def test_what_is_not_there_is_none(world, asset_id):
    assert world.get(asset_id) is None


def test_folders_list_their_collections(world):
    assert {a.id for a in world.children("COPERNICUS")} == {
        *IDS[:2],
        "COPERNICUS/DEM/GLO30",
        "COPERNICUS/DEM/GLO30_2024_1",
    }
    assert [a.id for a in world.children("ESA/WorldCover/v200")] == ["ESA/WorldCover/v200/2021"]
    assert world.children("COPERNICUS/S1_GRD") == []
    assert world.children("NOWHERE") is None


@pytest.mark.parametrize(("version", "year"), [("v100", 2020), ("v200", 2021)])
def test_worldcover_is_the_truth_with_its_legend(world, version, year):
    image = world.get(f"ESA/WorldCover/{version}/{year}")
    assert image.properties["system:index"] == str(year)
    assert image.properties["Map_class_values"] == [10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100]
    assert image.properties["Map_class_names"][7] == "Permanent water bodies"
    assert image.properties["Map_class_palette"][0] == "006400"
    (band,) = image.bands
    assert (band.name, band.dtype, band.pyramid, band.lattice) == ("Map", "uint8", "mode", LATTICE)
    window = window_at(LATTICE, LUXEMBOURG, 300)
    values, valid = image.read("Map", 0, window)
    assert valid.all()
    assert np.mean(values == truth.land_cover(*centres(LATTICE, window), year)) > 0.999


def test_the_second_version_differs_a_little():
    lon, lat = np.meshgrid(np.linspace(5.9, 6.3, 300), np.linspace(49.5, 49.9, 300))
    changed = truth.land_cover(lon, lat, 2020) != truth.land_cover(lon, lat, 2021)
    assert 0.005 < changed.mean() < 0.1


def test_worldcover_has_no_data_at_sea_and_beyond_its_extent(world):
    image = world.get("ESA/WorldCover/v100/2020")
    assert not image.read("Map", 0, window_at(LATTICE, (-30.0, 35.0), 32))[1].any()
    assert not image.read("Map", 0, Window(-20, -20, 10, 10))[1].any()
    edge = image.read("Map", 0, Window(200_000, -16, 4, 32))
    assert not edge[1][:, :16].any()
    assert image.footprint.bounds == (-180, -60, 180, 84)


def test_worldcover_levels_are_modes(world):
    image = world.get("ESA/WorldCover/v100/2020")
    window = window_at(LATTICE, LUXEMBOURG, 64)
    window = Window(window.row // 2, window.col // 2, 40, 40)
    values, _ = image.read("Map", 1, window)
    native, _ = image.read("Map", 0, Window(window.row * 2, window.col * 2, 80, 80))
    blocks = native.reshape(40, 2, 40, 2).transpose(0, 2, 1, 3).reshape(40, 40, 4)
    votes = np.stack([(blocks == v).sum(axis=2) for v in np.unique(blocks)])
    assert np.array_equal(np.take(np.unique(blocks), votes.argmax(axis=0)), values)
    globe, _ = image.read("Map", 14, Window(16, 130, 24, 40))
    assert len(np.unique(globe)) > 5
