"""The source: jobs in, tiles out, from granules in an archive."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from concurrent.futures import CancelledError, Future
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.job import tiles_of
from eo_ingest.period import Period
from eo_ingest.ports import Fetched
from eo_ingest.sources.gunw import footprint, stored
from eo_ingest.sources.gunw.archive import Archive, shelf_at
from eo_ingest.sources.gunw.cache import LIMIT_BYTES, Cache, usual_folder
from eo_ingest.sources.gunw.granule import reader
from eo_ingest.sources.gunw.overlap import compare
from eo_ingest.sources.gunw.picture import Pixels, make
from eo_ingest.sources.gunw.select import Rule, choose
from eo_ingest.sources.gunw.shelf import Area
from eo_ingest.sources.pool import Pool
from eo_ingest.sources.transfer import Traffic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from eo_ingest.grid import Block, Grid, Tile
    from eo_ingest.job import Job
    from eo_ingest.ports import Source
    from eo_ingest.product import Product
    from eo_ingest.raster import Raster
    from eo_ingest.sources.gunw.entry import Entry
    from eo_ingest.sources.gunw.granule import Granule
    from eo_ingest.sources.gunw.overlap import Tie
    from eo_ingest.sources.gunw.picture import Made
    from eo_ingest.sources.gunw.select import Pair

INDEX = "system:index"
# What is made up can be made again.
SYNTHETIC_BYTES = 2**30
# Overlaps whose ties are remembered: neighbouring blocks ask for the same ones.
_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Choices:
    """What a product's archive parameters decide."""

    rule: Rule
    smallest_overlap: int
    height: float

    @classmethod
    def of(cls, product: Product) -> Choices:
        """The choices of a product that has an archive of kind `gunw`."""
        archive = product.archive
        if archive is None or archive.kind != "gunw":
            raise ValueError(f"product {product.name!r} is not made of GUNW granules")
        version = tuple(int(part) for part in str(archive.parameter("oldest_version")).split("."))
        rule = Rule(product.slots, int(archive.parameter("longest_baseline_days")), version)
        overlap, height = archive.parameter("smallest_overlap_px"), archive.parameter("geometry_height_m")
        return cls(rule, int(overlap), float(height))


class GunwSource:
    """Granules from a folder, a server, a bucket or ASF (`asf`), made into pairs on a block's pixels.

    Raises:
        ConfigError: if there is no such folder, or what is needed to read it is missing.
        SourceError: if it has no listing of granules.
    """

    def __init__(
        self,
        grid: Grid,
        products: Mapping[str, Product],
        *,
        url: str,
        workers: int,
        synthetic: bool,
        cache: Path | None = None,
    ) -> None:
        reader()
        self._grid = grid
        self._products = products
        self._synthetic = synthetic
        folder = cache or usual_folder()
        downloads = folder / ("gunw-synthetic" if synthetic else "gunw")
        notes = folder / "gunw-footprints" / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.json"
        cached = Cache(downloads, SYNTHETIC_BYTES if synthetic else LIMIT_BYTES)
        self._archive = Archive(shelf_at(url, workers), cached, notes)
        self._pool = Pool(workers, thread_name_prefix="granule")
        self._ties: OrderedDict[tuple[Entry, Entry, int], tuple[Tie, ...]] = OrderedDict()
        self._guard = Lock()
        self._closed = False

    @property
    def name(self) -> str:
        """See `Source.name`."""
        return "gunw"

    @property
    def synthetic(self) -> bool:
        """See `Source.synthetic`."""
        return self._synthetic

    def close(self) -> None:
        """See `Source.close`."""
        self._closed = True
        self._archive.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def fetch(self, job: Job) -> Fetched:
        """See `Source.fetch`. Chips, which are no neighbours, get each the pairs of its own place."""
        if self._closed:
            raise CancelledError
        product, traffic = self._products[job.product], Traffic()
        tiles: dict[int, Raster] = {}
        scenes: dict[str, list[dict[str, Any]]] = {}
        for cell, found in self._cells(job).items():
            raster, used = self._fetch(cell, Period.parse(job.period), product, traffic)
            tiles |= {tile: _cut(raster, place, product.tile_px) for tile, place in found.items()}
            for label, rows in used.items():
                mark = f"@{cell.id}" if job.block.stacked else ""
                scenes.setdefault(label, []).extend({**row, INDEX: row[INDEX] + mark} for row in rows)
        return Fetched(
            tiles=tiles, scenes=scenes, requests=traffic.requests, payload=traffic.payload, retries=traffic.retries
        )

    def _cells(self, job: Job) -> dict[Block | Tile, dict[int, tuple[int, int]]]:
        """What is fetched at once: the block, or each chip; and the tiles in it, with their (row, col) there."""
        if job.block.stacked:
            return {job.block.tile(tile): {tile: (0, 0)} for tile in tiles_of(job.tiles)}
        return {job.block: {tile: job.block.place(tile) for tile in tiles_of(job.tiles)}}

    def _fetch(
        self, cell: Block | Tile, period: Period, product: Product, traffic: Traffic
    ) -> tuple[Raster, dict[str, list[dict[str, Any]]]]:
        """The raster of a block or chip, and the rows of the record."""
        zone, choices = self._grid.zone(cell.zone), Choices.of(product)
        outline, longitude = footprint.of_cell(zone, cell)
        area = Area(outline, longitude, outline.centroid.y, period.start, period.end)
        found = self._archive.find(area, choices.rule, traffic)
        pairs = choose(found, outline, (period.start, period.end), choices.rule)
        self._prepare(pairs, traffic)
        frames = product.frames(period)
        pixels = Pixels(zone, cell, product.factor)
        raster = stored.blank(product, len(frames), pixels.shape)
        scenes: dict[str, list[dict[str, Any]]] = {frame.label: [] for frame in frames}
        for index, pair in enumerate(pairs):
            scenes[frames[index].label] = self._place(pair, index, pixels, raster, product, choices, traffic)
        return raster, scenes

    def _prepare(self, pairs: Sequence[Pair], traffic: Traffic) -> None:
        """Have all granules on this machine, several at a time."""
        wanted: list[Future[None]] = []
        try:
            wanted.extend(
                self._pool.submit(self._archive.prepare, entry, traffic) for pair in pairs for entry in pair.granules
            )
            for future in wanted:
                future.result()
        finally:
            for future in wanted:
                future.cancel()

    def _place(
        self,
        pair: Pair,
        index: int,
        pixels: Pixels,
        raster: Raster,
        product: Product,
        choices: Choices,
        traffic: Traffic,
    ) -> list[dict[str, Any]]:
        """Put a pair into its frame; what the record tells of its granules."""
        with ExitStack() as stack:
            granules = [stack.enter_context(self._archive.open(entry, traffic)) for entry in pair.granules]
            entries = {granule.name: entry for granule, entry in zip(granules, pair.granules, strict=True)}

            def ties(first: Granule, second: Granule) -> tuple[Tie, ...]:
                key = (entries[first.name], entries[second.name], choices.smallest_overlap)
                return self._remembered(key, first, second)

            made = make(granules, pixels, choices.height, ties)
            stored.put(made, pair, raster, index, product)
            return [_row(pair, i, granule, made) for i, granule in enumerate(granules)]

    def _remembered(self, key: tuple[Entry, Entry, int], first: Granule, second: Granule) -> tuple[Tie, ...]:
        with self._guard:
            if key in self._ties:
                self._ties.move_to_end(key)
                return self._ties[key]
        found = compare(first, second, key[2])
        with self._guard:
            self._ties[key] = found
            while len(self._ties) > _REMEMBERED:
                self._ties.popitem(last=False)
        return found


def _cut(raster: Raster, place: tuple[int, int], side: int) -> Raster:
    row, col = (part * side for part in place)
    return {name: values[..., row : row + side, col : col + side].copy() for name, values in raster.items()}


def _row(pair: Pair, index: int, granule: Granule, made: Made) -> dict[str, Any]:
    """What the record tells of a granule: which it is, how much of the block it gave, where its components went."""
    name = granule.name
    components = [
        {
            "component": label,
            "label": joined.label,
            "offset_rad": None if joined.offset is None else round(joined.offset, 4),
            "overlap_px": joined.tie.pixels if joined.tie else None,
            "residual_rad": round(joined.tie.residual, 4) if joined.tie else None,
        }
        for (of, label), joined in sorted(made.joined.items())
        if of == index
    ]
    return {
        **pair.granules[index].as_json(),
        "reference": f"{name.reference}",
        "secondary": f"{name.secondary}",
        "days": name.days,
        "direction": name.direction,
        "track": name.track,
        "version": name.version_text,
        "layout": granule.layout,
        "baseline_m": _mean(made.picture.fields["baseline"][made.taken == index]),
        "pixels": int(np.count_nonzero(made.taken == index)),
        "components": components,
    }


def _mean(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return round(float(known.mean(dtype=np.float64)), 2) if known.size else None


_: type[Source] = GunwSource
