"""Running the real command line in processes of its own, and looking at what it leaves."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from eo_ingest.stores.local import LocalStore

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "eo_ingest"]
PATIENCE_S = 120


def environment(home, emulator=None):
    """A user without credentials; with `emulator`, one who runs an emulator already."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("EO_INGEST_", "GOOGLE_", "CLOUDSDK_"))}
    paths = [str(ROOT), *filter(None, [kept.get("PYTHONPATH")])]
    kept |= {"PYTHONPATH": os.pathsep.join(paths), "HOME": str(home), "CLOUDSDK_CONFIG": str(Path(home) / "gcloud")}
    return {**kept, "EO_INGEST_EMULATOR_URL": emulator} if emulator else kept


def start(*arguments, home, emulator=None):
    """A command in a process group of its own, as a shell starts it in the foreground."""
    # Where the tests themselves run in the background, Ctrl-C is ignored, and children would inherit that.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            env=environment(home, emulator),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    finally:
        signal.signal(signal.SIGINT, inherited)


def ended(process, timeout=PATIENCE_S):
    """A started command's result, once it ends."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        raise AssertionError(f"did not end within {timeout} s:\n{out}\n{err}") from None
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def command(*arguments, home, emulator=None):
    """Run a command to its end."""
    return ended(start(*arguments, home=home, emulator=emulator))


def tile(store, *more, source="emulator", products="worldcover", aoi="demo"):
    """The arguments of `eo-ingest tile`."""
    return ("tile", "--aoi", aoi, "--source", source, "--products", products, "--store", store, *more)


def wait_for(condition, process=None, timeout=PATIENCE_S):
    """Poll until something is so; whether it is, where the process ended before."""
    end = time.monotonic() + timeout
    while not condition():
        if process is not None and process.poll() is not None:
            return bool(condition())
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)
    return True


def one_sentence(result, code):
    """The sentence of a command that was refused: the last line of stderr, and no traceback anywhere."""
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    lines = [line for line in result.stderr.strip().splitlines() if not line.startswith("note: ")]
    told = [line for line in lines if line.startswith(("error: ", "Error: ", "interrupted: "))]
    assert len(told) == 1, result.stderr
    assert lines[-1] == told[0], result.stderr
    return told[0]


def snapshot(store):
    """Bytes and times of everything in a store, hidden files too."""
    return {
        path.relative_to(store).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in Path(store).rglob("*")
        if path.is_file()
    }


def problems(store):
    """What `verify` finds."""
    from eo_ingest import validate
    from eo_ingest.grid import Grid

    return validate.verify(LocalStore(store), Grid.load("utm")).as_json()["problems"]


def counts(store):
    """What `status` tells."""
    from eo_ingest import catalog, runtime

    opened, grid = runtime.existing(str(store))
    return catalog.status(opened, catalog.wanted(opened), runtime.current_fingerprint(grid))["products"]
