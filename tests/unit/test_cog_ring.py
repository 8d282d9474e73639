"""What is kept of fetched files: held against a dictionary that forgets nothing."""

import errno

from hypothesis import given
from hypothesis import strategies as st

from eo_ingest.sources.cog.ring import Ring

KEYS = st.integers(0, 12).map(str)


def content(key, size):
    return (key.encode() * (size + 1))[:size]


@given(st.lists(st.tuples(st.sampled_from(["put", "get", "drop"]), KEYS, st.integers(0, 70)), max_size=60))
def test_what_is_found_is_what_was_put(steps):
    ring, put = Ring(limit=100), {}
    for step, key, size in steps:
        if step == "put":
            ring.put(key, content(key, size))
            put.setdefault(key, set()).add(content(key, size))
        elif step == "drop":
            ring.drop(key)
            assert ring.get(key) is None
        else:
            found = ring.get(key)
            assert found is None or found in put[key]
    ring.close()


def test_the_newest_are_there_and_the_oldest_go_first():
    ring = Ring(limit=100)
    for number in range(10):
        ring.put(str(number), content(str(number), 30))
        assert ring.get(str(number)) == content(str(number), 30)
    assert [number for number in range(10) if ring.get(str(number))] == [7, 8, 9]
    ring.close()


def test_what_is_larger_than_all_is_not_kept():
    ring = Ring(limit=100)
    ring.put("a", b"x" * 60)
    ring.put("b", b"x" * 101)
    assert ring.get("b") is None
    assert ring.get("a") == b"x" * 60
    ring.close()
    assert ring.get("a") is None


def test_a_full_disk_is_no_failure(monkeypatch):
    ring = Ring(limit=100)
    ring.put("a", b"x" * 60)

    def full(_data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ring, "_write", full)
    ring.put("b", b"y" * 20)
    assert ring.get("b") is None
    assert ring.get("a") == b"x" * 60
    ring.close()
