"""The source: jobs in, tiles out, through `computePixels`."""

from __future__ import annotations

import io
import logging
from concurrent.futures import CancelledError, Future
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from google.auth.exceptions import GoogleAuthError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from eo_ingest import request as packing
from eo_ingest.errors import OutputError, SourceError, TransientError
from eo_ingest.job import tiles_of
from eo_ingest.period import Period
from eo_ingest.ports import Fetched
from eo_ingest.raster import tile_shape
from eo_ingest.sources.earthengine import graph
from eo_ingest.sources.earthengine.failure import SplitError, explain
from eo_ingest.sources.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from eo_ingest.grid import Grid, Zone
    from eo_ingest.job import Job
    from eo_ingest.period import Frame
    from eo_ingest.ports import Source
    from eo_ingest.product import Product
    from eo_ingest.raster import Raster
    from eo_ingest.request import PixelRequest

log = logging.getLogger(__name__)

ATTEMPTS = 6
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0


class EarthEngineSource:
    """Fetches over the initialised client, with at most `workers` requests in flight for all jobs together."""

    def __init__(
        self, grid: Grid, products: Mapping[str, Product], *, workers: int, name: str, synthetic: bool
    ) -> None:
        self._grid = grid
        self._products = products
        self._pool = Pool(workers, thread_name_prefix="request")
        self._name = name
        self._synthetic = synthetic
        self._closed = False

    @property
    def name(self) -> str:
        """See `Source.name`."""
        return self._name

    @property
    def synthetic(self) -> bool:
        """See `Source.synthetic`."""
        return self._synthetic

    def fetch(self, job: Job) -> Fetched:
        """See `Source.fetch`."""
        if self._closed:
            raise CancelledError
        fetch = _Fetch(self, job, self._grid.zone(job.block.zone), self._products[job.product])
        return fetch.run(self._pool)

    def close(self) -> None:
        """See `Source.close`."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def call(self, send: Callable[[], Any], count: Callable[[], None]) -> Any:
        """Send, and again while that may help. Each failed attempt but the last is counted.

        Raises:
            SourceError: explained, once no retry is left or none would help.
        """

        def attempt() -> Any:
            import ee

            if self._closed:
                raise CancelledError
            try:
                return send()
            except (ee.EEException, GoogleAuthError, OSError) as err:
                raise explain(err) from err

        def waiting(state: RetryCallState) -> None:
            count()
            log.info(
                "attempt %s failed, waiting: %s", state.attempt_number, state.outcome and state.outcome.exception()
            )

        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S),
            before_sleep=waiting,
            reraise=True,
        )
        return retrying(attempt)


class _Fetch:
    """One job on its way."""

    def __init__(self, source: EarthEngineSource, job: Job, zone: Zone, product: Product) -> None:
        self._source = source
        self._job = job
        self._zone = zone
        self._product = product
        self._frames = product.frames(Period.parse(job.period))
        self._where = graph.place(zone, job.block)
        self._guard = Lock()
        self._requests = 0
        self._retries = 0
        self._payload = 0

    def run(self, pool: Pool) -> Fetched:
        tiles: dict[int, Raster] = {tile: self._blank() for tile in tiles_of(self._job.tiles)}
        listing = pool.submit(self._scenes)
        requests = packing.pack(self._product, len(self._frames), self._job.tiles)
        flying: dict[Future[None], PixelRequest] = {pool.submit(self._pixels, r, tiles): r for r in requests}
        try:
            while flying:
                future, request = next(iter(flying.items()))
                try:
                    future.result()
                except SplitError as err:
                    for half in self._halves(request, err):
                        flying[pool.submit(self._pixels, half, tiles)] = half
                del flying[future]
            scenes = listing.result()
        except BaseException:
            listing.cancel()
            for future in flying:
                future.cancel()
            raise
        return Fetched(
            tiles=tiles, scenes=scenes, requests=self._requests, payload=self._payload, retries=self._retries
        )

    def _blank(self) -> Raster:
        shapes = {v.name: tile_shape(self._product, v, len(self._frames)) for v in self._product.variables}
        return {v.name: np.empty(shapes[v.name], dtype=v.dtype) for v in self._product.variables}

    def _halves(self, request: PixelRequest, err: SplitError) -> tuple[PixelRequest, PixelRequest]:
        halves = packing.split(request)
        if halves is None:
            raise SourceError(f"Earth Engine cannot compute even {request.window.pixels} pixels: {err}") from err
        with self._guard:
            self._retries += 1
        log.info("%s: split a request: %s", self._job.key, err)
        return halves

    def _pixels(self, request: PixelRequest, tiles: Mapping[int, Raster]) -> None:
        """Ask, check, and put the pixels where they belong; the reply is let go of at once."""
        import ee

        params = {
            "expression": graph.image(self._product, self._frames, self._where, request),
            "fileFormat": "NPY",
            "grid": graph.pixel_grid(self._zone, self._job.block, self._product, request.window),
            "workloadTag": f"eo-ingest-{self._product.name}",
        }
        reply = array_of(self._source.call(lambda: self._counted(ee.data.computePixels, params), self._retried))
        _check_reply(reply, request, self._product)
        with self._guard:
            self._payload += reply.nbytes
        self._place(reply, request, tiles)

    def _scenes(self) -> dict[str, list[dict[str, Any]]]:
        import ee

        rows = graph.scene_rows(self._product, self._frames, self._where)
        found = self._source.call(lambda: self._counted(ee.data.computeValue, rows), self._retried)
        return _scenes_of(found, self._frames, graph.scene_columns(self._product))

    def _counted(self, send: Callable[..., Any], *args: Any) -> Any:
        with self._guard:
            self._requests += 1
        return send(*args)

    def _retried(self) -> None:
        with self._guard:
            self._retries += 1

    def _place(self, reply: np.ndarray, request: PixelRequest, tiles: Mapping[int, Raster]) -> None:
        side = self._product.tile_px
        window = request.window
        for tile, raster in tiles.items():
            row, col = (part * side for part in self._job.block.place(tile))
            top, bottom = max(row, window.row), min(row + side, window.row + window.height)
            left, right = max(col, window.col), min(col + side, window.col + window.width)
            if top >= bottom or left >= right:
                continue
            there = (slice(top - row, bottom - row), slice(left - col, right - col))
            here = (slice(top - window.row, bottom - window.row), slice(left - window.col, right - window.col))
            for frame in request.frames:
                for unit in request.units:
                    raster[unit[0]][frame, unit[1], *there] = reply[graph.band_name(frame, unit)][here]


def array_of(reply: bytes) -> np.ndarray:
    """The structured array in a reply in NPY format, without a copy.

    Raises:
        OutputError: if the reply is cut short or is something else.
    """
    head = io.BytesIO(reply)
    try:
        version = np.lib.format.read_magic(head)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(head)
        if fortran or dtype.hasobject:
            raise OutputError(f"Earth Engine sent pixels as {dtype}, in another order than rows")
        return np.frombuffer(reply, dtype, count=int(np.prod(shape)), offset=head.tell()).reshape(shape)
    except ValueError as err:
        raise OutputError(f"Earth Engine sent {len(reply)} bytes that are not the pixels asked for: {err}") from err


def _check_reply(reply: np.ndarray, request: PixelRequest, product: Product) -> None:
    """Hold a reply against its request.

    Raises:
        OutputError: if shape, bands or types differ.
    """
    shape = (request.window.height, request.window.width)
    expected = [
        (graph.band_name(frame, unit), np.dtype(product.variable(unit[0]).dtype))
        for frame in request.frames
        for unit in request.units
    ]
    fields: Mapping[str, Any] = reply.dtype.fields or {}
    got = [(name, fields[name][0]) for name in reply.dtype.names or ()]
    if reply.shape != shape:
        raise OutputError(f"Earth Engine sent {reply.shape} pixels, expected {shape}")
    if sorted(got) != sorted(expected):
        raise OutputError(f"Earth Engine sent the bands {got}, expected {expected}")


def _scenes_of(found: Any, frames: Sequence[Frame], columns: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    try:
        rows = {frame.label: [dict(zip(columns, row, strict=True)) for row in found[frame.label]] for frame in frames}
    except (KeyError, TypeError, ValueError) as err:
        raise OutputError(f"Earth Engine sent scenes in another form than asked: {err!r}") from err
    for scenes in rows.values():
        for scene in scenes:
            start = scene.get("system:time_start")
            if isinstance(start, int | float):
                scene["system:time_start"] = datetime.fromtimestamp(start / 1000, UTC).isoformat()
        scenes.sort(key=lambda scene: str(scene["system:index"]))
    return rows


_: type[Source] = EarthEngineSource
