"""One emulator of the synthetic world for a module's tests; the client points at it."""

import pytest

from emulator_client import Connection
from eo_ingest.emulator.process import EmulatorProcess


@pytest.fixture(scope="module")
def emulator():
    with EmulatorProcess() as process:
        connection = Connection(process.url)
        with connection.active():
            yield process
        connection.close()
