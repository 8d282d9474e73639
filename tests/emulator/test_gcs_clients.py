"""Real clients of Cloud Storage, unchanged."""

from __future__ import annotations

import os

import numpy as np
import pytest
from gcsfs.core import GCSFileSystem  # that of `GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT=false`, whatever was imported before

from eo_ingest.emulator.gcs.fault import Fault
from gcs_support import BUCKET

# gcsfs hands its uploads to aiohttp as they are.
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body directly:ResourceWarning")

ANYONE = {"token": "anon"}
BIG = os.urandom(6_000_001)


@pytest.fixture
def fs(gcs):
    return GCSFileSystem(
        **ANYONE, endpoint_url=gcs.url, project="p", skip_instance_cache=True, use_listings_cache=False
    )


@pytest.fixture
def client(gcs, monkeypatch):
    pytest.importorskip("google.cloud.storage", reason="needs google-cloud-storage (extra 'bench')")
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage

    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs.url)
    made = storage.Client(project="p", credentials=AnonymousCredentials())
    yield made
    made.close()


def object_store(url, prefix=None):
    pytest.importorskip("obstore", reason="needs obstore (extra 'bench')")
    from obstore.store import GCSStore

    config = {"base_url": url, "bearer_token": "x"}
    return GCSStore(BUCKET, prefix=prefix, config=config, client_options={"allow_http": True})


def test_gcsfs(fs):
    fs.pipe(f"{BUCKET}/a/small", b"ends with\r")
    fs.pipe(f"{BUCKET}/a/big", BIG)
    with fs.open(f"{BUCKET}/a/stream", "wb", block_size=2**20) as file:
        for start in range(0, len(BIG), 333_333):
            file.write(BIG[start : start + 333_333])
    assert fs.cat(f"{BUCKET}/a/small") == b"ends with\r"
    assert fs.cat(f"{BUCKET}/a/big") == fs.cat(f"{BUCKET}/a/stream") == BIG
    assert fs.cat_file(f"{BUCKET}/a/big", start=-9) == BIG[-9:]
    assert fs.cat_ranges([f"{BUCKET}/a/big"] * 2, [0, 70], [7, 99]) == [BIG[:7], BIG[70:99]]
    with pytest.raises(FileExistsError):
        fs.pipe_file(f"{BUCKET}/a/small", b"", mode="create")
    with pytest.raises(FileNotFoundError):
        fs.cat(f"{BUCKET}/nothing")
    fs.mv(f"{BUCKET}/a/small", f"{BUCKET}/b/é %+")
    fs.cp(f"{BUCKET}/a/big", f"{BUCKET}/b/copy")
    fs.rm(f"{BUCKET}/a", recursive=True)
    assert fs.find(BUCKET) == [f"{BUCKET}/b/copy", f"{BUCKET}/b/é %+"]
    assert fs.ls(BUCKET) == [f"{BUCKET}/b"]
    fs.mkdir("another")
    assert fs.ls("") == ["another/", f"{BUCKET}/"]
    fs.rmdir("another")


def test_google_cloud_storage(client):
    from google.api_core.exceptions import NotFound, PreconditionFailed

    bucket = client.bucket(BUCKET)
    blob = bucket.blob("dir/x y")
    blob.upload_from_string(b"12345", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        blob.upload_from_string(b"2", if_generation_match=0)
    blob.chunk_size = 2**20
    blob.upload_from_string(BIG, if_generation_match=blob.generation)
    assert blob.download_as_bytes() == BIG
    assert blob.download_as_bytes(start=10, end=19) == BIG[10:20]
    blob.metadata = {"a": "b"}
    blob.patch()
    assert bucket.get_blob("dir/x y").metadata == {"a": "b"}
    joined = bucket.blob("joined")
    joined.compose([blob, blob])
    assert joined.download_as_bytes() == BIG + BIG
    assert bucket.copy_blob(blob, bucket, "copy").crc32c == blob.crc32c
    assert [one.name for one in client.list_blobs(BUCKET, page_size=1)] == ["copy", "dir/x y", "joined"]
    assert bucket.get_blob("nothing") is None
    with client.batch():
        bucket.blob("copy").delete()
        bucket.blob("joined").delete()
    with pytest.raises(NotFound), client.batch():
        bucket.blob("copy").delete()
    assert [one.name for one in client.list_blobs(BUCKET)] == ["dir/x y"]
    client.create_bucket("another").delete()
    assert not client.bucket("another").exists()


def test_obstore(gcs):
    store = object_store(gcs.url, "deep")
    import obstore
    from obstore.exceptions import AlreadyExistsError, PreconditionError

    first = obstore.put(store, "k/é", b"1", mode="create")
    with pytest.raises(AlreadyExistsError):
        obstore.put(store, "k/é", b"2", mode="create")
    obstore.put(store, "k/é", b"2", mode=first)
    with pytest.raises(PreconditionError):
        obstore.put(store, "k/é", b"3", mode=first)
    obstore.put(store, "big", BIG, chunk_size=5 * 2**20, use_multipart=True)
    assert gcs.counts.requests["xml.object.post"] == 2
    assert bytes(obstore.get(store, "big").bytes()) == BIG
    assert bytes(obstore.get_range(store, "big", start=3, end=9)) == BIG[3:9]
    assert bytes(obstore.get(store, "big", options={"range": {"suffix": 5}}).bytes()) == BIG[-5:]
    assert obstore.head(store, "big")["size"] == len(BIG)
    obstore.copy(store, "big", "copy")
    with pytest.raises(AlreadyExistsError):
        obstore.copy(store, "big", "copy", overwrite=False)
    assert [one["path"] for one in obstore.list(store).collect()] == ["big", "copy", "k/é"]
    assert [one["path"] for one in obstore.list(store, offset="big").collect()] == ["copy", "k/é"]
    assert list(obstore.list_with_delimiter(store)["common_prefixes"]) == ["k"]
    obstore.delete(store, ["big", "copy", "k/é"])
    assert obstore.list(store).collect() == []


@pytest.mark.parametrize("kind", ["gcsfs", "obstore"])
def test_sharded_zarr(gcs, kind):
    import zarr
    from zarr.storage import FsspecStore, ObjectStore

    if kind == "gcsfs":
        made = GCSFileSystem(**ANYONE, endpoint_url=gcs.url, asynchronous=True, skip_instance_cache=True)
        store = FsspecStore(made, path=f"{BUCKET}/a.zarr")
    else:
        store = ObjectStore(object_store(gcs.url, "a.zarr"))
    data = np.arange(64 * 64, dtype="i4").reshape(64, 64)
    array = zarr.create_array(store, shape=data.shape, chunks=(8, 8), shards=(32, 32), dtype=data.dtype)
    array[:] = data
    gcs.counts.reset()
    assert (zarr.open_array(store, mode="r")[5:20, 3:9] == data[5:20, 3:9]).all()
    # Ranges and not whole shards: their index is at the end.
    assert gcs.counts.sent < data.nbytes


def test_clients_repeat_what_failed(gcs, fs):
    gcs.hook = lambda call: Fault(status=503) if call.number in {2, 9, 10} else None
    store = object_store(gcs.url)
    import obstore

    for number in range(7):
        obstore.put(store, f"o{number}", BIG[:number])
    fs.pipe({f"{BUCKET}/g{number}": BIG[:number] for number in range(7)})
    assert gcs.counts.replies == {200: 14, 503: 3}
    assert all(fs.cat(f"{BUCKET}/o{number}") == BIG[:number] for number in range(7))
    assert all(bytes(obstore.get(store, f"g{number}").bytes()) == BIG[:number] for number in range(7))


def test_clients_see_each_other(gcs, fs):
    store = object_store(gcs.url)
    import obstore

    obstore.put(store, "big", BIG, chunk_size=5 * 2**20, use_multipart=True)
    assert fs.cat(f"{BUCKET}/big") == BIG
    fs.pipe(f"{BUCKET}/k", b"1")
    assert obstore.head(store, "k")["e_tag"] == '"c4ca4238a0b923820dcc509a6f75849b"'
