"""What all tests share: no user's credentials, no user's environment, and a source that needs no server."""

from __future__ import annotations

import os
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from eo_ingest import products
from eo_ingest.errors import SourceError
from eo_ingest.job import tiles_of
from eo_ingest.period import Period
from eo_ingest.ports import Fetched
from eo_ingest.raster import tile_shape

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(autouse=True)
def _nobody(monkeypatch, tmp_path_factory):
    """A home without credentials, and none of our environment variables."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(home / "gcloud"))
    for name in list(os.environ):
        if name.startswith("EO_INGEST_") or name in {"GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"}:
            monkeypatch.delenv(name)


@pytest.fixture
def shared():
    """The folder of real imagery, where it is."""
    if not SHARED.is_dir():
        pytest.skip("needs the real imagery in ../shared/data, which is not part of the repository")
    return SHARED


class FakeSource:
    """Pixels that depend on the job and the tile alone. Tiles in `empty` are nodata; jobs in `broken` are refused."""

    name = "fake"
    synthetic = True

    def __init__(self):
        self.calls = Counter()
        self.fetched = []
        self.empty = set()
        self.broken = {}
        self.spoil = None
        self.before = lambda _job: None
        self._guard = threading.Lock()

    def fetch(self, job):
        with self._guard:
            self.calls[job.key] += 1
            self.fetched.append(job)
        self.before(job)
        if job.key in self.broken:
            raise self.broken[job.key]
        product = products.get(job.product)
        frames = product.frames(Period.parse(job.period))
        tiles = {i: self.tile(product, len(frames), job, i) for i in tiles_of(job.tiles)}
        if self.spoil:
            self.spoil(tiles)
        scenes = {f.label: [{"system:index": f"{job.block.id}-{f.label}"}] for f in frames}
        return Fetched(tiles=tiles, scenes=scenes, requests=2, payload=100)

    def tile(self, product, frames, job, index):
        tile = job.block.tile(index)
        rng = np.random.default_rng([tile.row, tile.col, sum(map(ord, product.name + job.period))])
        arrays = {}
        for variable in product.variables:
            shape = tile_shape(product, variable, frames)
            if tile.id in self.empty:
                value = 0 if variable.kind == "count" else variable.nodata
                arrays[variable.name] = np.full(shape, value, variable.dtype)
            elif variable.flags:
                arrays[variable.name] = rng.choice([f.value for f in variable.flags][:3], shape).astype(variable.dtype)
            else:
                arrays[variable.name] = rng.integers(0, 500, shape).astype(variable.dtype)
        return arrays

    def close(self):
        pass


def refusal(text="bad expression: no"):
    return SourceError(text)


@pytest.fixture
def source(monkeypatch):
    """A fake source that every run in this process gets."""
    fake = FakeSource()
    monkeypatch.setattr("eo_ingest.runtime.shared", lambda _config: fake)
    return fake


@pytest.fixture
def config(tmp_path):
    """The demo's configuration, small: one product, in a new store."""
    from eo_ingest.config import RunConfig

    def make(**changes):
        values = {"aoi": "demo", "store": str(tmp_path / "demo.zarr"), "source": "emulator", "products": ("worldcover",)}
        return RunConfig.of(**{**values, **changes})

    return make


def objects(store):
    """Everything in a folder store that must be the same after any history: all but records, runs and their table."""
    folder = Path(store)
    found = {}
    for path in sorted(folder.rglob("*")):
        key = path.relative_to(folder).as_posix()
        if path.is_file() and not key.startswith((".", "manifest", "runs/")):
            found[key] = path.read_bytes()
    return found
