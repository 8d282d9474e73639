"""The storage beside the Earth Engine emulator, as a process."""

from __future__ import annotations

import subprocess
import sys

import pytest
import requests

from eo_ingest.emulator.errors import EmulatorError
from eo_ingest.emulator.process import EmulatorProcess


def test_beside_earth_engine_and_after_kill_9(tmp_path):
    import os
    import signal

    where = tmp_path / "gcs"
    with EmulatorProcess(world=False, gcs=where, buckets=["demo"]) as emulator:
        assert requests.put(f"{emulator.gcs_url}/demo/k", data=b"value", timeout=10).status_code == 200
        assert "resources" in requests.get(f"{emulator.url}/$discovery/rest", timeout=10).json()
        # Each port has one service.
        assert requests.get(f"{emulator.url}/storage/v1/b", timeout=10).status_code == 404
        with pytest.raises(EmulatorError, match="another emulator"), EmulatorProcess(world=False, gcs=where):
            pass
        os.kill(emulator.pid, signal.SIGKILL)
    with EmulatorProcess(world=False, gcs=where, buckets=["demo"]) as emulator:
        assert requests.get(f"{emulator.gcs_url}/demo/k", timeout=10).content == b"value"


def test_without_it_there_is_none(emulator):
    assert emulator.gcs_url == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--gcs", ":memory:", "--bucket", "Not One"], "Invalid bucket name: 'Not One'"),
        (["--bucket", "b"], "say --gcs DIR too"),
    ],
)
def test_bad_options(arguments, said):
    command = [sys.executable, "-m", "eo_ingest", "emulator", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
