"""A Cloud Storage for each test, and clients of it."""

from __future__ import annotations

import pytest
import requests

from eo_ingest.emulator.gcs.serving import GcsServer
from eo_ingest.emulator.gcs.storage import Query

BUCKET = "demo"


class Http:
    """Plain requests to a server."""

    def __init__(self, server):
        self.server = server
        self.session = requests.Session()

    def __call__(self, method, path, **more):
        return self.session.request(method, self.server.url + path, **more)

    def insert(self, name, data, **query):
        more = {"uploadType": "media", "name": name, **query}
        return self("POST", f"/upload/storage/v1/b/{BUCKET}/o", params=more, data=data)


@pytest.fixture(scope="module", params=["memory", "folder"])
def running(request, tmp_path_factory):
    """A server in memory, and one in a folder, whose parent holds nothing else."""
    where = tmp_path_factory.mktemp("parent") / "gcs"
    with GcsServer(where if request.param == "folder" else None, [BUCKET]) as server:
        yield server, where.parent


@pytest.fixture
def gcs(running):
    """A server of one bucket, empty."""
    server, _ = running
    server.hook = None
    for bucket in server.storage.buckets():
        for entry in server.storage.page(bucket.name, Query())[0]:
            server.storage.delete(bucket.name, entry.name)
        server.storage.delete_bucket(bucket.name)
    server.storage.create_bucket(BUCKET)
    server.counts.reset()
    return server


@pytest.fixture
def http(gcs):
    made = Http(gcs)
    yield made
    made.session.close()
