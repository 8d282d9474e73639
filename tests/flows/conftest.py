"""Servers for the session, each started by the first test that needs it. Prefect is imported inside fixtures alone."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import warnings
from pathlib import Path

import pytest

HERE = Path(__file__).parent

ENVIRONMENT = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_CLI_PROMPT": "false",
}


def pytest_collection_modifyitems(items):
    """Prefect's HTTP clients leave sockets to the garbage collector: no error in these tests, and only here."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"))


@pytest.fixture(autouse=True)
def _sockets_are_collected_here():
    yield
    if "prefect" in sys.modules:
        gc.collect()


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory):
    """Prefect's folder and switches, in the environment before Prefect is imported."""
    patch = pytest.MonkeyPatch()
    home = tmp_path_factory.mktemp("prefect")
    patch.setenv("PREFECT_HOME", str(home))
    for name in [name for name in os.environ if name.startswith("PREFECT_API")]:
        patch.delenv(name)
    for name, value in ENVIRONMENT.items():
        patch.setenv(name, value)
    yield home
    patch.undo()


@pytest.fixture(scope="session")
def harness(prefect_home):
    """Prefect's own test server."""
    from prefect.testing.utilities import prefect_test_harness

    with warnings.catch_warnings():
        # The session's last test may be of another folder, where this would be an error.
        warnings.simplefilter("ignore", ResourceWarning)
        with prefect_test_harness(server_startup_timeout=180):
            yield
        gc.collect()


@pytest.fixture
def flow(harness, monkeypatch):
    """The flow `ingest`, as it is but for the minutes between its retries."""
    from flows import batch, ingest

    quick = batch.batch.with_options(retry_delay_seconds=[0.05, 0.05, 0.05])
    monkeypatch.setattr(ingest, "batch", quick)
    return ingest.ingest


@pytest.fixture(scope="session")
def server(prefect_home, tmp_path_factory):
    """The address of a real `prefect server start`, with its scheduler."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}/api"
    environment = {
        **os.environ,
        "PREFECT_HOME": str(tmp_path_factory.mktemp("server")),
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
    }
    log = tmp_path_factory.mktemp("log") / "server.log"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        _wait_for(f"{url}/health", process, log)
        yield url, log
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(url, process, log, seconds=180):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise AssertionError(f"the Prefect server did not start:\n{log.read_text()[-3000:]}")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
