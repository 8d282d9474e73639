"""The one use case, and what a crash at each of its steps leaves."""

import json

import pytest

from eo_ingest import ingest as use_case
from eo_ingest import manifest, products
from eo_ingest.errors import StoreError
from eo_ingest.grid import Block, Grid
from eo_ingest.ingest import Task, ingest
from eo_ingest.job import Job, tiles_of
from eo_ingest.manifest import Record
from eo_ingest.stores import layout
from eo_ingest.stores.memory import MemoryStore
from tests_support import FakeSource, refusal

GRID = Grid.load("utm")
BLOCK = Block("utm32n", 251, 16)
NOW = "a" * 64
OLD = "b" * 64


def task(tiles=0x0033, fingerprint=NOW, product="worldcover"):
    p = products.get(product)
    frames = 1 if p.cadence == "calendar-year" else 4
    return Task(Job(product, "2020", BLOCK, tiles), p, frames, fingerprint)


def run(t, source, store):
    return ingest(t, source=source, store=store, run="r1")


def shard(store, product="worldcover", variable="class"):
    return store.get(layout.shard(product, "2020", BLOCK, variable))


def everything(store):
    return {key: store.get(key) for key, _ in store.listing("")}


def pixels(store):
    return {k: v for k, v in everything(store).items() if not k.startswith("manifest/")}


@pytest.fixture
def source():
    return FakeSource()


@pytest.fixture
def store():
    return MemoryStore()


def test_ingest_twice_is_ingest_once(source, store):
    first = run(task(), source, store)
    before = everything(store)
    second = run(task(), source, store)
    assert first.written
    assert not second.written
    assert everything(store) == before
    assert source.calls.total() == 1


def test_the_record_tells_the_truth(source, store):
    record = run(task(), source, store).record
    (name,) = manifest.of_block(store, task().job)
    assert manifest.read(store, name) == record.model_copy(update={"digest": json.loads(store.get(name.key))["digest"]})
    assert record.status == "done"
    assert set(record.tiles) == {BLOCK.tile(i).id for i in tiles_of(0x0033)}
    assert {t.status for t in record.tiles.values()} == {"ok"}
    assert record.objects == {layout.shard("worldcover", "2020", BLOCK, "class"): len(shard(store))}
    assert record.scenes == {"2020": [{"system:index": "utm32n_b251_16-2020"}]}
    assert (record.requests, record.payload) == (2, 100)


def test_more_tiles_are_added_and_those_that_stand_are_not_fetched(source, store):
    run(task(0x0033), source, store)
    record = run(task(0x0077), source, store).record
    assert [j.tiles for j in source.fetched] == [0x0033, 0x0044]
    assert record.mask == 0x0077
    assert record.requests == 4
    (name,) = manifest.of_block(store, task().job)
    assert name.tiles == 0x0077


def test_bytes_do_not_depend_on_the_order_of_aois(source):
    stores = []
    for masks in ([0x0033, 0x0077], [0x0044, 0x0033], [0x0077]):
        store = MemoryStore()
        for mask in masks:
            run(task(mask), source, store)
        stores.append(pixels(store))
    assert stores[0] == stores[1] == stores[2]


def test_a_stale_job_is_made_again_with_the_tiles_that_others_asked_for(source, store):
    run(task(0x0033, OLD), source, store)
    record = run(task(0x0001, NOW), source, store).record
    assert record.mask == 0x0033
    (name,) = manifest.of_block(store, task().job)
    assert name.fingerprint == NOW[:16]


def test_an_empty_tile_is_a_fact(source, store):
    source.empty = {BLOCK.tile(0).id}
    record = run(task(0x0003), source, store).record
    first, second = (record.tiles[BLOCK.tile(i).id] for i in (0, 1))
    assert (first.status, first.valid, first.digests) == ("empty", 0.0, {"class": None})
    assert second.status == "ok"


def test_a_job_that_is_empty_throughout_stores_no_pixels_but_a_record(source, store):
    source.empty = {BLOCK.tile(i).id for i in range(16)}
    record = run(task(0xFFFF), source, store).record
    assert record.status == "done"
    assert record.objects == {}
    assert not pixels(store)
    assert not run(task(0xFFFF), source, store).written


def test_counts_of_an_empty_tile_are_zero_not_missing(source, store):
    source.empty = {BLOCK.tile(0).id}
    record = run(task(0x0001, product="s2"), source, store).record
    tile = record.tiles[BLOCK.tile(0).id]
    assert tile.status == "empty"
    assert tile.digests["reflectance"] is None
    assert tile.digests["n_obs"]


def test_a_refused_job_is_recorded_with_its_reason_and_stores_no_pixels(source, store):
    source.broken = {task().job.key: refusal("not found: Asset 'x' not found.")}
    record = run(task(), source, store).record
    assert record.status == "failed"
    assert {t.reason for t in record.tiles.values()} == {"not found: Asset 'x' not found."}
    assert not pixels(store)


def test_a_retry_that_succeeds_drops_the_failure(source, store):
    source.broken = {task().job.key: refusal()}
    run(task(), source, store)
    source.broken = {}
    run(task(), source, store)
    (name,) = manifest.of_block(store, task().job)
    assert name.status == "done"


def test_a_failed_extension_keeps_what_stands(source, store):
    run(task(0x0001), source, store)
    before = pixels(store)
    source.broken = {task().job.key: refusal()}
    assert run(task(0x0003), source, store).record.status == "failed"
    assert pixels(store) == before
    assert {n.status for n in manifest.of_block(store, task().job)} == {"done", "failed"}


def wrong_dtype(tiles):
    for raster in tiles.values():
        raster["class"] = raster["class"].astype("uint16")


def wrong_shape(tiles):
    for raster in tiles.values():
        raster["class"] = raster["class"][..., :-1]


def unknown_class(tiles):
    tiles[0]["class"][0, 0, 3, 3] = 13


@pytest.mark.parametrize("spoil", [wrong_dtype, wrong_shape, unknown_class])
def test_a_reply_that_breaks_its_promise_is_never_stored(source, store, spoil):
    source.spoil = spoil
    record = run(task(), source, store).record
    assert record.status == "failed"
    assert not pixels(store)


class Dying(MemoryStore):
    """Dies (as by kill -9: nothing after happens) at its n-th change."""

    def __init__(self, objects, steps):
        super().__init__()
        self._objects = dict(objects)
        self.left = steps

    def _step(self):
        if self.left == 0:
            raise KilledError
        self.left -= 1

    def put(self, key, data):
        self._step()
        super().put(key, data)

    def create(self, key, data):
        self._step()
        return super().create(key, data)

    def delete(self, key):
        self._step()
        super().delete(key)


class KilledError(BaseException):
    pass


@pytest.mark.parametrize(
    "history",
    [
        pytest.param([], id="new"),
        pytest.param([(0x0030, NOW)], id="extension"),
        pytest.param([(0x0033, OLD)], id="stale"),
    ],
)
@pytest.mark.parametrize("product", ["worldcover", "s2"])
def test_a_crash_at_any_step_is_mended_by_running_again(source, history, product):
    """After each crash every record that stands is true, and running again ends with the undisturbed bytes."""
    base = MemoryStore()
    for mask, fingerprint in history:
        run(task(mask, fingerprint, product), source, base)
    calm = MemoryStore()
    calm._objects = dict(base._objects)
    run(task(0x0033, NOW, product), source, calm)
    expected = pixels(calm)
    for steps in range(30):
        dying = Dying(base._objects, steps)
        try:
            run(task(0x0033, NOW, product), source, dying)
        except KilledError:
            pass
        else:
            break
        survivor = MemoryStore()
        survivor._objects = dying._objects
        for name in manifest.of_block(survivor, task(product=product).job):
            assert_true(survivor, manifest.read(survivor, name))
        run(task(0x0033, NOW, product), source, survivor)
        assert pixels(survivor) == expected
        assert {n.key for n in manifest.of_block(survivor, task(product=product).job)} == {
            n.key for n in manifest.of_block(calm, task(product=product).job)
        }
    assert 2 <= steps < 29


def assert_true(store, record):
    """Every digest of a record is that of the stored chunk."""
    from eo_ingest.stores import codec

    assert (record.status == "begun") == (not record.tiles)
    told = tiles_of(record.mask) if record.tiles else []
    for variable in products.get(record.product).variables:
        key = layout.shard(record.product, record.period, BLOCK, variable.name)
        try:
            chunks = codec.unpack(store.get(key))
        except KeyError:
            chunks = {}
        for i in told:
            digest = record.tiles[BLOCK.tile(i).id].digests[variable.name]
            assert digest == (manifest.sha256(chunks[i]) if i in chunks else None)


def test_a_full_disk_stops_the_run_and_is_not_the_job_s_failure(source, store, monkeypatch):
    def full(_key, _data):
        raise StoreError("cannot write: no space left")

    monkeypatch.setattr(store, "put", full)
    with pytest.raises(StoreError, match="no space left"):
        run(task(), source, store)
    assert not everything(store)


def test_a_damaged_tile_is_fetched_again_when_the_job_is_extended(source, store):
    run(task(0x0003), source, store)
    good = pixels(store)
    key = layout.shard("worldcover", "2020", BLOCK, "class")
    data = bytearray(store.get(key))
    data[10] ^= 1
    store.put(key, bytes(data))
    run(task(0x0007), source, store)
    assert source.fetched[-1].tiles == 0x0005  # the damaged one and the new one
    store_again = MemoryStore()
    run(task(0x0007), source, store_again)
    assert pixels(store) == pixels(store_again)
    assert good.keys() == pixels(store).keys()


def test_a_damaged_record_does_not_count(source, store):
    run(task(), source, store)
    (name,) = manifest.of_block(store, task().job)
    data = bytearray(store.get(name.key))
    at = data.index(b'"valid": ') + 10
    data[at] = ord("7") if data[at] != ord("7") else ord("8")
    store.put(name.key, bytes(data))
    assert run(task(), source, store).written
    assert Record.load(store.get(name.key))


def test_somebody_else_finished_first(source, store, monkeypatch):
    """Two runs do one job: the second to commit keeps what the first recorded."""
    other = FakeSource()
    source.before = lambda job: run(task(job.tiles), other, store) if not store._objects else None
    outcome = run(task(), source, store)
    assert not outcome.written
    assert len(manifest.of_block(store, task().job)) == 1


def test_two_aois_commit_into_one_block_at_once(source, store):
    other = FakeSource()
    source.before = lambda _job: run(task(0x0004), other, store)
    record = run(task(0x0003), source, store).record
    assert record.mask == 0x0007
    assert_true(store, record)


def test_versions_name_what_decides_bytes():
    assert {"eo-ingest", "earthengine-api", "numcodecs", "numpy", "zarr"} == set(use_case.versions())


def test_output_errors_say_what_was_expected(source, store):
    source.spoil = wrong_shape
    reason = next(iter(run(task(), source, store).record.tiles.values())).reason
    assert "expected uint8 (1, 1, 448, 448)" in reason


def test_a_crash_while_stale_tiles_are_made_anew_forgets_none_of_them(source):
    """One AOI made 16 tiles; another asks for one of them under a new definition, and dies at each step in turn."""
    base = MemoryStore()
    run(task(0xFFFF, OLD), source, base)
    for steps in range(12):
        dying = Dying(base._objects, steps)
        try:
            run(task(0x0001, NOW), source, dying)
        except KilledError:
            pass
        else:
            break
        survivor = MemoryStore()
        survivor._objects = dying._objects
        record = run(task(0x0001, NOW), source, survivor).record
        assert record.mask == 0xFFFF
        assert_true(survivor, record)
        assert {n.status for n in manifest.of_block(survivor, task().job)} == {"done"}
    assert steps >= 4


def test_a_failed_extension_blames_only_the_tiles_that_were_asked_for(source, store):
    run(task(0x000F), source, store)
    source.broken = {task().job.key: refusal()}
    record = run(task(0x00FF), source, store).record
    assert (record.status, record.mask, len(record.tiles)) == ("failed", 0x00F0, 4)
