"""A source that needs no server, and ways to look at a store."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import numpy as np

from eo_ingest import products
from eo_ingest.errors import SourceError
from eo_ingest.job import tiles_of
from eo_ingest.period import Period
from eo_ingest.ports import Fetched
from eo_ingest.raster import tile_shape

ROOT = Path(__file__).resolve().parent.parent


class FakeSource:
    """Pixels that depend on the job and the tile alone. Tiles in `empty` are nodata; jobs in `broken` are refused.

    `products` are those that are not in the REGISTRY.
    """

    name = "fake"
    synthetic = True

    def __init__(self):
        self.calls = Counter()
        self.fetched = []
        self.empty = set()
        self.broken = {}
        self.spoil = None
        self.products = {}
        self.before = lambda _job: None
        self._guard = threading.Lock()

    def of(self, _product):
        """Where the sources of a run are asked for, this one is all of them."""
        return self

    def fetch(self, job):
        with self._guard:
            self.calls[job.key] += 1
            self.fetched.append(job)
        self.before(job)
        if job.key in self.broken:
            raise self.broken[job.key]
        product = self.products.get(job.product) or products.get(job.product)
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
                low = max(variable.valid_range[0], -2000)
                arrays[variable.name] = rng.integers(low, low + 500, shape).astype(variable.dtype)
        return arrays

    def close(self):
        pass


def refusal(text="bad expression: no"):
    return SourceError(text)


def objects(store):
    """Everything in a folder store that must be the same after any history: all but records, runs and their table."""
    folder = Path(store)
    found = {}
    for path in sorted(folder.rglob("*")):
        key = path.relative_to(folder).as_posix()
        if path.is_file() and not key.startswith((".", "manifest", "runs/")):
            found[key] = path.read_bytes()
    return found
