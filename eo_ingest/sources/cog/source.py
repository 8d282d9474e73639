"""The source: jobs in, tiles out, from the archive's files."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.errors import SourceError
from eo_ingest.job import tiles_of
from eo_ingest.period import Period
from eo_ingest.ports import Fetched
from eo_ingest.sources.cog import picture
from eo_ingest.sources.cog.band import SIGHTS, Sight, bands_of, composed
from eo_ingest.sources.cog.library import Library, shelf_at
from eo_ingest.sources.cog.name import orbit_of, stem
from eo_ingest.sources.cog.number import table
from eo_ingest.sources.cog.piece import shares
from eo_ingest.sources.cog.ring import Ring
from eo_ingest.sources.pool import Pool
from eo_ingest.sources.transfer import Traffic
from eo_ingest.sources.warp import Lattice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from eo_ingest.grid import Grid, Zone
    from eo_ingest.job import Job
    from eo_ingest.ports import Source
    from eo_ingest.product import Product
    from eo_ingest.raster import Raster
    from eo_ingest.sources.cog.band import Band
    from eo_ingest.sources.cog.piece import Share
    from eo_ingest.sources.cog.shelf import Listed

    Numbers = NDArray[Any]

SEASONS = {"DJF": "winter", "MAM": "spring", "JJA": "summer", "SON": "fall"}


class CogSource:
    """Reads the files under the tiles of a job, each once for all jobs, with at most `workers` requests in flight."""

    name = "gssic"

    def __init__(self, grid: Grid, products: Mapping[str, Product], *, url: str, workers: int, synthetic: bool) -> None:
        self._grid = grid
        self._products = products
        self._library = Library(shelf_at(url, workers), Ring())
        self._pool = Pool(workers, thread_name_prefix="file")
        self._synthetic = synthetic

    @property
    def synthetic(self) -> bool:
        """See `Source.synthetic`."""
        return self._synthetic

    def fetch(self, job: Job) -> Fetched:
        """See `Source.fetch`."""
        self._library.going_on()
        fetch = _Fetch(self._library, job, self._grid.zone(job.block.zone), self._products[job.product])
        return fetch.run(self._pool)

    def close(self) -> None:
        """See `Source.close`."""
        self._library.close()
        self._pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True)
class Read:
    """A file that is read for one band of one frame, or for what an orbit sees."""

    layer: str
    file: Listed
    frame: int = 0
    band: Band | None = None
    orbit: tuple[int, str] | None = None

    @property
    def metric(self) -> str:
        """Such as `COH12` or `inc`."""
        return self.layer.rpartition("_")[2]


class _Fetch:
    """One job on its way."""

    def __init__(self, library: Library, job: Job, zone: Zone, product: Product) -> None:
        self._library = library
        self._job = job
        self._zone = zone
        self._product = product
        self._frames = product.frames(Period.parse(job.period))
        self._bands = bands_of(product)
        self._traffic = Traffic()
        self._used: dict[str, set[Listed]] = {frame.label: set() for frame in self._frames}

    def run(self, pool: Pool) -> Fetched:
        targets = {i: self._target(i) for i in tiles_of(self._job.tiles)}
        tiles = {i: self._blank(target) for i, target in targets.items()}
        parts = shares(targets)
        listings = pool.map(lambda share: self._library.layers(share.square.name, self._traffic), parts)
        flying: list[tuple[Share, Read, Future[Numbers]]] = []
        try:
            for share, layers in zip(parts, listings, strict=True):
                flying += [(share, read, pool.submit(self._read, share, read)) for read in self._reads(layers)]
            for share, group in groupby(flying, key=lambda item: item[0]):
                self._place(share, [(read, future.result()) for _, read, future in group], tiles)
        except BaseException:
            for _, _, future in flying:
                future.cancel()
            raise
        scenes = {label: _rows(files) for label, files in self._used.items()}
        got = self._traffic
        return Fetched(tiles=tiles, scenes=scenes, requests=got.requests, payload=got.payload, retries=got.retries)

    def _target(self, index: int) -> Lattice:
        tile, factor = self._job.block.tile(index), self._zone.factor(self._product.resolution)
        height, width = self._zone.cell_shape(tile, factor=factor)
        return Lattice(self._zone.crs, self._zone.affine(tile, factor=factor), height, width)

    def _blank(self, target: Lattice) -> Raster:
        return {
            v.name: np.full((len(self._frames), len(v.bands), target.height, target.width), v.nodata, v.dtype)
            for v in self._product.variables
        }

    def _reads(self, layers: Mapping[str, Listed]) -> Iterator[Read]:
        """The files of a tile that are needed, and what each is for."""
        directions = sorted({band.direction for band in self._bands if band.direction})
        for layer, file in sorted(layers.items()):
            season, _, rest = layer.partition("_")
            for number, frame in enumerate(self._frames):
                if season == SEASONS[frame.label]:
                    yield from (Read(layer, file, number, band) for band in self._bands if band.layer == rest)
            orbit = orbit_of(layer)
            if orbit and orbit[1] in directions and rest in SIGHTS:
                yield Read(layer, file, orbit=orbit)

    def _read(self, share: Share, read: Read) -> Numbers:
        data = self._library.read(read.file, self._traffic)
        try:
            return picture.read(data, read.file, read.layer, share.square, share.window)
        except SourceError:
            self._library.drop(read.file)
            raise

    def _place(self, share: Share, found: Sequence[tuple[Read, Numbers]], tiles: Mapping[int, Raster]) -> None:
        for read, numbers in found:
            if read.band:
                self._store(share, read.band, read.frame, numbers, tiles)
                self._used[self._frames[read.frame].label].add(read.file)
        views = composed(Sight(*read.orbit, read.metric, numbers) for read, numbers in found if read.orbit)
        for band in self._bands:
            if band.direction and (band.direction, band.metric) in views:
                for frame in range(len(self._frames)):
                    self._store(share, band, frame, views[band.direction, band.metric], tiles)
        for files in self._used.values():
            files.update(read.file for read, _ in found if read.orbit)

    def _store(self, share: Share, band: Band, frame: int, numbers: Numbers, tiles: Mapping[int, Raster]) -> None:
        stored = table(band.metric, band.variable)[numbers]
        name, index = band.variable.name, band.index
        share.place(stored, {i: raster[name][frame, index] for i, raster in tiles.items()})


def _rows(files: set[Listed]) -> list[dict[str, Any]]:
    """What a record tells of files."""
    return [
        {"system:index": stem(file.name), "url": file.url, "size": file.size, "etag": file.etag}
        for file in sorted(files, key=lambda file: file.name)
    ]


_: type[Source] = CogSource
