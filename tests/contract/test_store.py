"""One contract for every store."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eo_ingest.errors import StoreError
from eo_ingest.stores.local import LocalStore
from eo_ingest.stores.memory import MemoryStore

names = st.text("abc", min_size=1, max_size=2)
keys = st.lists(names, min_size=1, max_size=3).map("/".join)


@pytest.fixture(params=["memory", "local"])
def store(request, tmp_path):
    return MemoryStore() if request.param == "memory" else LocalStore(tmp_path / "store")


def test_get_gives_what_put_took(store):
    store.put("a/b", b"one")
    assert store.get("a/b") == b"one"
    store.put("a/b", b"two")
    assert store.get("a/b") == b"two"


def test_pieces_are_one_object(store):
    store.put("a/b", [b"one", b"", b"two"])
    assert store.get("a/b") == b"onetwo"
    assert list(store.listing("a/")) == [("a/b", 6)]


def test_a_missing_object_is_a_key_error(store):
    for key in ("nothing", "a/b/c"):
        with pytest.raises(KeyError):
            store.get(key)
    store.put("a/b", b"")
    with pytest.raises(KeyError):
        store.get("a")


def test_create_never_replaces(store):
    assert store.create("k", b"first")
    assert not store.create("k", b"second")
    assert store.get("k") == b"first"


def test_only_one_of_many_creates_wins(store):
    won = []
    barrier = threading.Barrier(8)

    def claim(i):
        barrier.wait()
        if store.create("claim", str(i).encode()):
            won.append(i)

    threads = [threading.Thread(target=claim, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(won) == 1
    assert store.get("claim") == str(won[0]).encode()


def test_delete_is_quiet(store):
    store.put("a/b", b"x")
    store.delete("a/b")
    store.delete("a/b")
    with pytest.raises(KeyError):
        store.get("a/b")


def test_listing_is_by_prefix_with_sizes(store):
    for key in ("m/p/one.json", "m/p/two.json", "m/q/one.json", "mm/x"):
        store.put(key, b"123")
    assert sorted(store.listing("m/")) == [("m/p/one.json", 3), ("m/p/two.json", 3), ("m/q/one.json", 3)]
    assert sorted(store.listing("m/p/on")) == [("m/p/one.json", 3)]
    assert len(list(store.listing(""))) == 4
    assert list(store.listing("nowhere/")) == []


def test_a_folder_does_not_list_what_is_hidden(tmp_path):
    """Neither its own `.tmp` and `.lock` nor what the system leaves anywhere."""
    store = LocalStore(tmp_path)
    store.put("a/b/c", b"123")
    with store.lock("a"):
        pass
    for name in (".DS_Store", "a/.DS_Store", "a/b/._c", ".Trash/a/b", "a/.hidden/c"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    for prefix in ("", "a", "a/", "a/b/"):
        assert list(store.listing(prefix)) == [("a/b/c", 3)]
    assert list(store.listing(".")) == []


def test_a_lock_is_held_by_one(store):
    inside = []

    def work():
        with store.lock("job"):
            inside.append(1)
            assert len(inside) == 1
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not list(store.listing(""))


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", "a\\b", "a\nb"])
def test_keys_stay_inside(store, key):
    for act in (lambda: store.get(key), lambda: store.put(key, b""), lambda: store.create(key, b"")):
        with pytest.raises(StoreError, match="is not a key"):
            act()


@given(st.lists(st.tuples(st.sampled_from(["put", "create", "delete"]), keys, st.binary(max_size=4)), max_size=20))
def test_the_folder_behaves_as_the_model(steps):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        model, local = MemoryStore(), LocalStore(folder)
        taken = set()
        for act, name, data in steps:
            key = name.replace("/", "_") + "/x"  # a key that is a folder of another is not a thing of ours
            taken.add(key)
            if act == "delete":
                model.delete(key)
                local.delete(key)
            else:
                assert getattr(model, act)(key, data) == getattr(local, act)(key, data)
            assert sorted(model.listing("")) == sorted(local.listing(""))
        for key in taken:
            assert {k for k, _ in model.listing(key)} == {k for k, _ in local.listing(key)}
