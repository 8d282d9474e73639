"""Runs that are cut off: killed, interrupted, out of disk, beside one another. Running again mends everything."""

import errno
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import psutil
import pytest

from eo_ingest import runtime
from eo_ingest.emulator.process import EmulatorProcess
from eo_ingest.errors import StoreError
from eo_ingest.stores import layout, local
from eo_ingest.stores.local import LocalStore
from process_support import ROOT, command, counts, ended, one_sentence, problems, snapshot, start, tile, wait_for
from tests_support import objects

# A run is killed so long after its first object is there, after its first job began, after its first record.
CHANCE = random.Random(448)  # noqa: S311 - no secret
MOMENTS = [
    *((layout.ROOT, round(CHANCE.uniform(0, 0.15), 3)) for _ in range(2)),
    *((layout.RUNS, round(CHANCE.uniform(0, 0.5), 3)) for _ in range(3)),
    *((layout.MANIFEST, round(CHANCE.uniform(0, 0.1), 3)) for _ in range(2)),
]
# Tiles of one block, and the western and the eastern of them.
BLOCK, WEST, EAST = "6.14,49.68,6.20,49.69", "6.14,49.68,6.15,49.69", "6.19,49.68,6.20,49.69"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def emulator():
    """One emulator for runs whose own would only cost time."""
    with EmulatorProcess() as process:
        yield process.url


@pytest.fixture(scope="module")
def finished(home, emulator):
    """The store of an undisturbed run; not to be changed."""
    store = home / "finished.zarr"
    result = command(*tile(store), home=home, emulator=emulator)
    assert result.returncode == 0, result.stderr
    assert problems(store) == []
    return store


@pytest.fixture(scope="module")
def calm(finished):
    """Every object that must be the same after any history."""
    return objects(finished)


@pytest.fixture
def again(home, emulator, tmp_path, calm):
    """Run again what was cut off, and see that it ends as the undisturbed run did."""

    def run(store=tmp_path / "store.zarr"):
        result = command(*tile(store), home=home, emulator=emulator)
        assert result.returncode == 0, result.stderr
        assert objects(store) == calm
        assert problems(store) == []
        for period in ("2020", "2021"):
            found = counts(store)["worldcover"][period]
            assert found["jobs"] == {"done": 2, "stale": 0, "failed": 0, "missing": 0}
            assert found["tiles"] == {"ok": 4, "empty": 0, "failed": 0, "missing": 0}
        assert not list((store / ".tmp").iterdir())
        return result

    return run


def is_there(store, key):
    return (store / key).exists


@pytest.mark.parametrize(("key", "seconds"), MOMENTS, ids=lambda value: str(value).replace(".json", ""))
def test_kill_9_at_any_moment(home, emulator, tmp_path, again, key, seconds):
    store = tmp_path / "store.zarr"
    process = start(*tile(store), home=home, emulator=emulator)
    assert wait_for(is_there(store, key), process)
    time.sleep(seconds)
    process.kill()
    ended(process)
    before = {p["problem"] for p in problems(store)}
    assert all("an interrupted run left it" in problem for problem in before)
    again()


def test_kill_9_before_the_table_of_records(home, emulator, tmp_path, again, finished):
    """All records stand, the table of them does not: a run that has no job left still makes it."""
    store = tmp_path / "store.zarr"
    shutil.copytree(finished, store)
    (store / layout.COMPACTION).unlink()
    assert "nothing to do" in again().stdout
    assert (store / layout.COMPACTION).is_file()


def test_kill_9_leaves_no_emulator(home, tmp_path):
    store = tmp_path / "store.zarr"
    process = start(*tile(store), home=home)
    assert wait_for(is_there(store, layout.RUNS), process)
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) == 1
    process.kill()
    ended(process)
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive


@pytest.mark.parametrize(
    ("send", "to"),
    [
        pytest.param(signal.SIGINT, os.killpg, id="ctrl-c"),  # the terminal tells the emulator too
        pytest.param(signal.SIGINT, os.kill, id="sigint"),
        pytest.param(signal.SIGTERM, os.kill, id="sigterm"),
    ],
)
def test_interrupted(home, tmp_path, send, to):
    """While the emulator computes pixels that take it seconds."""
    store = tmp_path / "store.zarr"
    process = start(*tile(store, products="s2-20m"), home=home)
    assert wait_for(is_there(store, layout.RUNS), process)
    children = psutil.Process(process.pid).children(recursive=True)
    time.sleep(0.5)
    begun = time.monotonic()
    to(process.pid, send)
    result = ended(process)
    took = time.monotonic() - begun
    assert one_sentence(result, 130) == ("interrupted: what is done is kept; run the same command again to go on")
    assert result.stdout == ""
    assert took < 5
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
    assert problems(store) == []
    assert counts(store)["s2-20m"]["2020"]["jobs"] == {"done": 0, "stale": 0, "failed": 0, "missing": 2}


def test_interrupted_while_earth_engine_does_not_answer(home, tmp_path):
    """A server that takes connections and says nothing; nothing was written yet."""
    store = tmp_path / "store.zarr"
    with Listener() as server:
        process = start(*tile(store), home=home, emulator=server.url)
        assert wait_for(lambda: server.connections, process)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        one_sentence(ended(process), 130)
        assert time.monotonic() - begun < 5
    assert not store.exists()


class Listener:
    """Takes connections, counts them, and answers none."""

    def __enter__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.connections = 0
        self._taken = []
        threading.Thread(target=self._take, daemon=True).start()
        return self

    def _take(self):
        while True:
            try:
                self._taken.append(self._socket.accept()[0])
            except OSError:
                return
            self.connections += 1

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        for each in (self._socket, *self._taken):
            each.close()


def test_a_second_run_asks_for_nothing(home, finished):
    """Whoever listens where Earth Engine would be hears nothing, and not a byte or time of the store changes."""
    before = snapshot(finished)
    with Listener() as server:
        result = command(*tile(finished), home=home, emulator=server.url)
        assert server.connections == 0
    assert result.returncode == 0, result.stderr
    assert "nothing to do: all 4 jobs of demo are done" in result.stdout
    assert snapshot(finished) == before


def test_a_second_run_starts_no_emulator(finished, config, monkeypatch):
    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr("eo_ingest.runtime.shared", refuse)
    assert runtime.tile(config(store=str(finished))).totals.jobs["kept"] == 4


def test_the_emulator_dies_midway(config, monkeypatch, calm):
    """Its jobs end as failed with the reason, and nothing of them is stored; running again makes them."""
    do, others = runtime.run_batch, psutil.Process().children()

    def bereft(*arguments, **more):
        (own,) = (child for child in psutil.Process().children() if child not in others)
        own.kill()
        return do(*arguments, **more)

    monkeypatch.setattr("eo_ingest.sources.earthengine.source.FIRST_WAIT_S", 0.01)
    run = config()
    with monkeypatch.context() as patch:
        patch.setattr(runtime, "run_batch", bereft)
        totals = runtime.tile(run).totals
    assert totals.jobs == {"done": 0, "failed": 4, "kept": 0}
    assert all(failure["reason"].startswith("connection: ") for failure in totals.failures)
    assert problems(run.store) == []
    assert counts(run.store)["worldcover"]["2020"]["tiles"] == {"ok": 0, "empty": 0, "failed": 4, "missing": 0}
    assert runtime.tile(run).totals.jobs == {"done": 4, "failed": 0, "kept": 0}
    assert objects(run.store) == calm
    assert problems(run.store) == []


@pytest.fixture
def disk(tmp_path):
    """Make a disk of so many kB at a folder, and give it another size; only root may."""
    mounted = []

    def make(folder, size, remount=False):
        folder.mkdir(exist_ok=True)
        how = f"remount,size={size}k" if remount else f"size={size}k"
        _mount("-t", "tmpfs", "-o", how, "tmpfs", folder)
        if not remount:
            mounted.append(folder)

    yield make
    for folder in mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


def _mount(*arguments):
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk")
    try:
        subprocess.run(["mount", *map(str, arguments)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as err:
        pytest.skip(f"disks cannot be mounted here: {err}")


# Room for some of the metadata; for the metadata and some jobs.
@pytest.mark.parametrize("size", [100, 220])
def test_a_full_disk(home, emulator, tmp_path, disk, again, size):
    disk(tmp_path / "disk", size)
    store = tmp_path / "disk" / "store.zarr"
    result = command(*tile(store), home=home, emulator=emulator)
    assert "no space left on the disk of" in one_sentence(result, 1)
    assert all("an interrupted run left it" in p["problem"] for p in problems(store))
    disk(tmp_path / "disk", 4000, remount=True)
    again(store)


def stopped(run):
    """What stopped a run; None if nothing did."""
    try:
        runtime.tile(run)
    except StoreError as err:
        return str(err)
    return None


def test_a_full_disk_wherever_it_strikes(source, config, monkeypatch, tmp_path):
    """The n-th file cannot be written, for every n: one error, and the next run ends with the undisturbed bytes."""
    calm = config(store=str(tmp_path / "calm.zarr"), periods=("2020",))
    runtime.tile(calm)
    expected = objects(calm.store)
    real = os.fsync
    left = [0]

    def fsync(handle):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    told = None
    for steps in range(1, 200, 7):
        left[0] = steps
        run = config(store=str(tmp_path / f"{steps}.zarr"), periods=("2020",))
        with monkeypatch.context() as patch:
            patch.setattr(local.os, "fsync", fsync)
            told = stopped(run)
        if (tmp_path / f"{steps}.zarr" / layout.ROOT).is_file():
            assert all("an interrupted run left it" in p["problem"] for p in problems(run.store))
        runtime.tile(run)
        assert objects(run.store) == expected
        assert problems(run.store) == []
        shutil.rmtree(run.store)
        if told is None:
            break
        assert "no space left" in told
    assert told is None
    assert steps > 60


@pytest.fixture
def read_only(tmp_path, finished):
    """A copy of the finished store that nobody can write to, and a folder beside it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    shutil.copytree(finished, folder / "store.zarr")
    if os.geteuid() == 0:
        _mount("--bind", folder, folder)
        try:
            _mount("-o", "remount,ro,bind", folder)
            yield folder / "store.zarr"
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)
        return
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield folder / "store.zarr"
    for path in paths:
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_read_only_store(home, emulator, read_only, tmp_path):
    """It is read as any other; what would write to it says in one sentence that it cannot."""
    for arguments in (
        ("status", "--store", read_only),
        ("verify", "--store", read_only),
        ("preview", "--store", read_only, "--product", "worldcover", "--out", tmp_path / "a.png"),
        tile(read_only),
    ):
        result = command(*arguments, home=home, emulator=emulator)
        assert (result.returncode, result.stderr) == (0, "")
    for arguments in (tile(read_only, aoi="luxembourg", products="worldcover"), tile(read_only.parent / "new.zarr")):
        told = one_sentence(command(*arguments, "--limit", "1", home=home, emulator=emulator), 1)
        assert "Read-only file system" in told or "Permission denied" in told


def test_a_disk_that_turns_read_only(source, config, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(local.os, "fsync", refuse)
    with pytest.raises(StoreError, match=r"cannot write 'zarr.json' in .*: Read-only file system"):
        runtime.tile(config())


def test_two_runs_at_once(home, emulator, tmp_path, calm):
    store = tmp_path / "store.zarr"
    runs = [start(*tile(store), home=home, emulator=emulator) for _ in range(2)]
    for process in runs:
        result = ended(process)
        assert result.returncode == 0, result.stderr
        assert "WARNING" not in result.stderr
    assert objects(store) == calm
    assert problems(store) == []


def test_two_runs_at_once_of_areas_that_share_a_block(home, emulator, tmp_path):
    store, alone = tmp_path / "store.zarr", tmp_path / "alone.zarr"
    runs = [start(*tile(store, aoi=aoi), home=home, emulator=emulator) for aoi in (WEST, EAST)]
    for process in runs:
        result = ended(process)
        assert result.returncode == 0, result.stderr
    assert problems(store) == []
    assert command(*tile(alone, aoi=BLOCK), home=home, emulator=emulator).returncode == 0
    pixels = {key: data for key, data in objects(store).items() if not key.startswith("tiles/")}
    assert pixels == {key: data for key, data in objects(alone).items() if not key.startswith("tiles/")}
    for period in ("2020", "2021"):
        assert counts(store)["worldcover"][period]["tiles"]["missing"] == 0
        assert len(list((store / "manifest" / "worldcover" / period / "utm32n").iterdir())) == 1


def test_every_new_folder_is_synced_into_the_one_above(tmp_path, monkeypatch):
    """A record that a power failure leaves behind must not stand in a world without its shard."""
    synced = []
    monkeypatch.setattr(local, "_sync_folder", lambda folder: synced.append(folder.relative_to(tmp_path).as_posix()))
    store = LocalStore(tmp_path / "store")
    store.put("a/b/c", b"1")
    assert synced == [".", "store", "store/a", "store/a/b"]
    synced.clear()
    store.put("a/b/d", b"1")
    store.create("a/b/e", b"1")
    store.delete("a/b/d")
    store.delete("a/b/nothing")
    assert synced == ["store/a/b"] * 3


def test_the_document_names_tests_that_exist():
    """docs/failure-modes.md claims nothing that no test shows."""
    text = (ROOT / "docs" / "failure-modes.md").read_text()
    named = set(re.findall(r"`(\w+)::(\w+)", text)) - {("file", "test")}
    assert len(named) > 40
    for file, name in named:
        folder = "unit" if file in {"ingest", "catalog", "earthengine"} else "e2e"
        assert f"def {name}(" in (ROOT / "tests" / folder / f"test_{file}.py").read_text(), (file, name)
