"""The world, one scene of each kind over Luxembourg, and the world behind the real client."""

import pytest
from shapely import Point

from emulator_client import Connection
from eo_ingest.emulator.process import EmulatorProcess
from eo_ingest.emulator.world import World
from world_places import LUXEMBOURG, ms, window_at


@pytest.fixture(scope="session")
def world():
    return World()


@pytest.fixture(scope="session")
def planet():
    """An emulator that serves the world, as a connection of the client."""
    with EmulatorProcess() as process:
        connection = Connection(process.url)
        yield connection
        connection.close()


@pytest.fixture
def client(planet):
    """The `ee` module, pointed at the world."""
    import ee

    with planet.active():
        yield ee


@pytest.fixture(scope="session")
def radar(world):
    """The first VV+VH scene over Luxembourg in June 2020 whose swath holds the place."""
    scenes = world.get("COPERNICUS/S1_GRD").images(ms("2020-06-01"), ms("2020-09-01"), Point(LUXEMBOURG))
    for scene in scenes:
        lattice = scene.bands[0].lattice
        if scene.polarisations == ("VV", "VH") and scene.read("VV", 0, window_at(lattice, LUXEMBOURG))[1].all():
            return scene
    raise AssertionError


@pytest.fixture(scope="session")
def optical(world):
    """The clearest scene over Luxembourg in 2020."""
    scenes = list(
        world.get("COPERNICUS/S2_SR_HARMONIZED").images(ms("2020-05-01"), ms("2020-09-01"), Point(LUXEMBOURG))
    )
    return min(scenes, key=lambda s: s.properties["CLOUDY_PIXEL_PERCENTAGE"])
