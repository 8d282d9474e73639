"""An emulator of the synthetic planet that other people's clients talk to."""

from __future__ import annotations

import pytest

from emulator_client import Connection
from eo_ingest.emulator.process import EmulatorProcess


@pytest.fixture(scope="session")
def planet():
    """The emulator."""
    with EmulatorProcess() as process:
        yield process


@pytest.fixture(scope="session")
def _connection(planet):
    made = Connection(planet.url)
    yield made
    made.close()


@pytest.fixture
def ee(_connection):
    """The Earth Engine client, initialized with the emulator's URL."""
    import ee

    with _connection.active():
        yield ee


@pytest.fixture
def reference(ee):
    """What computePixels gives for an image on a grid: values by band, and where they are valid."""

    def fetch(image, grid):
        request = {"fileFormat": "NUMPY_NDARRAY", "grid": grid}
        values = ee.data.computePixels({**request, "expression": image})
        valid = ee.data.computePixels({**request, "expression": image.mask()})
        return values, {name: valid[name] > 0 for name in values.dtype.names}

    return fetch
