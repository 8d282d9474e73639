"""What is stored: whole, once, and for many at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eo_ingest.emulator.errors import EmulatorError
from eo_ingest.emulator.gcs.condition import Condition
from eo_ingest.emulator.gcs.errors import GcsError
from eo_ingest.emulator.gcs.serving import open_storage
from eo_ingest.emulator.gcs.storage import About, Query

ABOUT = About()


@pytest.fixture(params=["memory", "folder"])
def storage(request, tmp_path):
    made = open_storage(tmp_path / "gcs" if request.param == "folder" else None, ["demo"])
    yield made
    made.close()


def read(storage, name, bucket="demo"):
    with storage.open(bucket, name) as (entry, content):
        return content.read(0, entry.digest.size)


def test_one_of_many_creates(storage):
    def create(number):
        try:
            storage.put("demo", "claim", str(number).encode(), ABOUT, condition=Condition(generation=0))
        except GcsError:
            return None
        return number

    with ThreadPoolExecutor(16) as pool:
        winners = [one for one in pool.map(create, range(64)) if one is not None]
    assert len(winners) == 1
    assert read(storage, "claim") == str(winners[0]).encode()


def test_compare_and_swap_loses_no_update(storage):
    storage.put("demo", "count", b"0", ABOUT)

    def add(_):
        while True:
            with storage.open("demo", "count") as (entry, content):
                value = int(content.read(0, entry.digest.size))
            try:
                condition = Condition(generation=entry.generation)
                storage.put("demo", "count", str(value + 1).encode(), ABOUT, condition=condition)
            except GcsError:
                continue
            return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(60)))
    assert read(storage, "count") == b"60"


def test_readers_never_see_a_mixture(storage):
    stop = threading.Event()
    storage.put("demo", "k", b"0", ABOUT)

    def write(letter):
        size = 1
        while not stop.is_set():
            storage.put("demo", "k", letter * size, ABOUT)
            size = size % 5000 + 617

    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write, letter) for letter in (b"a", b"b")]
        try:
            for _ in range(300):
                with storage.open("demo", "k") as (entry, content):
                    data = content.read(0, entry.digest.size)
                assert len(set(data)) == 1
                assert replace(entry.digest) == type(entry.digest).of(data)
        finally:
            stop.set()
        for writer in writers:
            writer.result()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["put", "delete", "move", "patch", "reopen"]), st.sampled_from("abc"), st.binary(max_size=9)
        ),
        max_size=12,
    )
)
def test_a_folder_is_a_dictionary_that_lasts(tmp_path_factory, steps):
    where, model = tmp_path_factory.mktemp("gcs"), {}
    storage = open_storage(where, ["demo"])
    for step, name, data in steps:
        if step == "put":
            storage.put("demo", name, data, About(metadata={"n": name}))
            model[name] = data
        elif step == "reopen":
            storage.close()
            storage = open_storage(where, ["demo"])
        elif name in model:
            if step == "delete":
                storage.delete("demo", name)
                del model[name]
            elif step == "move":
                storage.move("demo", name, "moved")
                model["moved"] = model.pop(name)
            else:
                storage.patch("demo", name, lambda found: About(metadata={**found.metadata, "p": "q"}))
        assert [entry.name for entry in storage.page("demo", Query())[0]] == sorted(model)
        assert {name: read(storage, name) for name in model} == model
    storage.close()
    again = open_storage(where)
    assert {name: read(again, name) for name in model} == model
    again.close()


def test_generations_grow_across_restarts(tmp_path, monkeypatch):
    storage = open_storage(tmp_path, ["demo"])
    first = storage.put("demo", "k", b"", ABOUT)
    storage.close()
    monkeypatch.setattr("time.time_ns", lambda: 0)
    again = open_storage(tmp_path)
    assert again.put("demo", "k", b"", ABOUT).generation > first.generation
    again.close()


def test_a_full_disk_leaves_what_was(tmp_path, monkeypatch):
    storage = open_storage(tmp_path, ["demo"])
    storage.put("demo", "k", b"old", ABOUT)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.replace", full)
        with pytest.raises(OSError, match="No space"):
            storage.put("demo", "k", b"new", ABOUT)
    assert read(storage, "k") == b"old"
    assert not list((tmp_path / ".uploads").iterdir())
    storage.close()


def test_what_was_half_written_is_gone_after_a_restart(tmp_path):
    storage = open_storage(tmp_path, ["demo"])
    storage._medium.stage(b"half")
    storage.close()
    again = open_storage(tmp_path)
    assert not list((tmp_path / ".uploads").iterdir())
    assert again.page("demo", Query())[0] == []
    again.close()


def test_a_folder_has_one_server(tmp_path):
    storage = open_storage(tmp_path)
    with pytest.raises(EmulatorError, match="another emulator"):
        open_storage(tmp_path)
    storage.close()


def test_foreign_folders_are_refused(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"")
    with pytest.raises(EmulatorError, match="is no bucket"):
        open_storage(tmp_path)
    assert (tmp_path / "photos" / "cat.jpg").exists()


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: b"", lambda data: data + b"x"])
def test_damaged_files_are_named(tmp_path, change):
    storage = open_storage(tmp_path, ["demo"])
    storage.put("demo", "k", b"value", ABOUT)
    storage.close()
    [path] = [path for path in (tmp_path / "demo").rglob("*") if path.is_file() and path.name != "bucket.json"]
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(EmulatorError, match=path.name):
        open_storage(tmp_path)
