"""Downloads that are kept: whole or not at all, once, and not too many."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from eo_ingest.errors import SourceError
from eo_ingest.sources.gunw.cache import Cache, usual_folder


def test_the_cache_keeps_to_its_limit_and_loses_what_was_used_longest_ago(tmp_path):
    cache = Cache(tmp_path, limit=250)

    def use(key):
        with cache.held(key, f"{key}.nc", lambda path: path.write_bytes(bytes(100)), lambda: None) as path:
            os.utime(path, (ages[key], ages[key]))
            return path

    ages = {"a": 100.0, "b": 200.0, "c": 300.0, "d": 400.0}
    paths = {key: use(key) for key in "abc"}
    assert [paths[key].exists() for key in "abc"] == [False, True, True]
    ages["b"] = 350.0
    assert use("b") == paths["b"]
    paths["d"] = use("d")
    assert [paths[key].exists() for key in "bcd"] == [True, False, True]


def test_what_somebody_is_opening_stays(tmp_path):
    cache = Cache(tmp_path, limit=10)
    write_ten = lambda path: path.write_bytes(bytes(10))  # noqa: E731
    with cache.held("a", "a.nc", write_ten, lambda: None) as first:
        with cache.held("b", "b.nc", write_ten, lambda: None):
            pass
        assert first.exists()
    with cache.held("c", "c.nc", write_ten, lambda: None):
        pass
    assert not first.exists()


def test_parts_of_dead_processes_are_cleared(tmp_path):
    old, new = tmp_path / ".part" / "1-old", tmp_path / ".part" / "2-new"
    old.parent.mkdir()
    old.write_bytes(b"x")
    new.write_bytes(b"x")
    os.utime(old, (0, 0))
    with Cache(tmp_path).held("a", "a.nc", lambda path: path.write_bytes(b"1"), lambda: None):
        pass
    assert (old.exists(), new.exists()) == (False, True)


def test_a_full_disk_is_told(tmp_path):
    def download(_path):
        raise OSError(28, "No space left on device")

    with (
        pytest.raises(SourceError, match=r"cannot keep 'a.nc' in the folder of downloads: No space left on device"),
        Cache(tmp_path).held("a", "a.nc", download, lambda: None),
    ):
        pass


def test_where_downloads_are_kept(monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert usual_folder() == Path.home() / ".cache" / "eo-ingest"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert usual_folder() == tmp_path / "eo-ingest"
    monkeypatch.setenv("EO_INGEST_CACHE", str(tmp_path / "mine"))
    assert usual_folder() == tmp_path / "mine"
