"""The emulator as a process: how it starts and ends, and that it is on loopback only."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import requests

from emulator_support import write
from eo_ingest.emulator import documents
from eo_ingest.emulator.errors import EmulatorError
from eo_ingest.emulator.process import EmulatorProcess


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def gone(pid, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not alive(pid):
            return True
        time.sleep(0.05)
    return False


def test_it_ends_with_the_context(tmp_path):
    with EmulatorProcess(world=False) as process:
        pid = process.pid
        assert process.url.startswith("http://127.0.0.1:")
        assert alive(pid)
    assert gone(pid)
    process.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_killed_parent_leaves_no_orphan():
    code = (
        "import sys, time\n"
        "from eo_ingest.emulator.process import EmulatorProcess\n"
        "p = EmulatorProcess(world=False); p.start(); print(p.pid, flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        child = int(parent.stdout.readline())
        assert alive(child)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
    assert gone(child)


def test_a_port_that_is_taken(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(EmulatorError, match="in use"):
            EmulatorProcess(port=taken.getsockname()[1], world=False).start()


def test_only_loopback_answers(emulator):
    port = int(emulator.url.rpartition(":")[2])
    addresses = {a[4][0] for a in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in addresses - {"127.0.0.1"}:
        with pytest.raises(ConnectionRefusedError), socket.create_connection((address, port), timeout=2):
            pass


def test_it_is_interrupted(tmp_path):
    write(tmp_path / "a.tif", np.zeros((2, 2), "uint8"))
    command = [sys.executable, "-m", "eo_ingest.emulator", "--port", "0", "--no-world", "--assets", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    url = json.loads(process.stdout.readline())["url"]
    assert requests.get(f"{url}/v1/projects/p/algorithms", timeout=10).status_code == 200
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert (out, err) == ("", "")
    assert process.returncode in {0, 130, -signal.SIGINT}


def test_a_package_without_the_documents(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EmulatorError, match="earthengine-api package has no file"):
        documents.discovery("http://127.0.0.1:1")


def test_requests_in_parallel_agree(ee):
    from concurrent.futures import ThreadPoolExecutor

    from emulator_support import grid

    def fetch(_):
        image = ee.ImageCollection("T/STACK").median()
        request = {"expression": image, "fileFormat": "NUMPY_NDARRAY", "grid": grid()}
        return ee.data.computePixels(request).tobytes()

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(fetch, range(12)))) == 1
