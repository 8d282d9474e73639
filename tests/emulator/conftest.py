"""One emulator of test rasters for the session; the client points at it during each test that asks for `ee`."""

from __future__ import annotations

import numpy as np
import pytest

from emulator_client import Connection
from emulator_support import grid, make_assets
from eo_ingest.emulator.process import EmulatorProcess
from gcs_support import gcs, http, running

__all__ = ["gcs", "http", "running"]  # fixtures


@pytest.fixture(scope="session")
def emulator(tmp_path_factory):
    assets = make_assets(tmp_path_factory.mktemp("emulator_assets"))
    with EmulatorProcess(assets=assets, world=False) as process:
        yield process


@pytest.fixture(scope="session")
def connection(emulator):
    made = Connection(emulator.url)
    yield made
    made.close()


@pytest.fixture
def ee(connection):
    import ee

    with connection.active():
        yield ee


@pytest.fixture
def pixels(ee):
    """Pixels of an image on a grid, by default that of the test images."""

    def fetch(image, where=None, **more):
        request = {"expression": ee.Image(image), "fileFormat": "NUMPY_NDARRAY", "grid": where or grid(), **more}
        return ee.data.computePixels(request)

    return fetch


@pytest.fixture
def values(pixels):
    """Pixels of a single band, -9999 or the fill given where masked."""

    def fetch(image, where=None, fill=None):
        found = pixels(image if fill is None else image.unmask(fill, False), where)
        assert len(found.dtype.names) == 1
        return found[found.dtype.names[0]]

    return fetch


@pytest.fixture
def refused(ee):
    """The message of the error that a value's evaluation ends with."""

    def message(value):
        with pytest.raises(ee.EEException) as caught:
            value.getInfo()
        return str(caught.value)

    return message


@pytest.fixture(autouse=True)
def _loud():
    """Tests compare with numpy under its own warnings."""
    with np.errstate(all="ignore"):
        yield
