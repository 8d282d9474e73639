"""A plan: the deterministic list of jobs that an AOI, a grid, products and periods amount to."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from eo_ingest import request
from eo_ingest.errors import ConfigError
from eo_ingest.ingest import Task
from eo_ingest.job import Job, mask_of
from eo_ingest.period import Period
from eo_ingest.stores import codec, layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eo_ingest.aoi import AOI
    from eo_ingest.grid import Cover, Grid, Lattice, Tile
    from eo_ingest.product import Product, Variable


@dataclass(frozen=True)
class Plan:
    """Every (block, product, period) of an AOI, in that order.

    `limit` keeps the first so many blocks, `only` these tiles; `archived` names the products that come from archives of
    files.
    """

    aoi: AOI
    grid: Grid
    series: tuple[tuple[Product, Period], ...]
    limit: int | None = None
    archived: frozenset[str] = frozenset()
    only: frozenset[Tile] | None = None

    @cached_property
    def cover(self) -> Cover:
        """The tiles of the AOI, or those of `only` among them, not limited.

        Raises:
            ConfigError: if a tile of `only` is not one of the AOI.
        """
        whole = self.grid.cover(self.aoi.geometry)
        return whole if self.only is None else whole.only(self.only)

    @property
    def products(self) -> dict[str, Product]:
        """The products by name."""
        return {product.name: product for product, _ in self.series}

    def jobs(self) -> Iterator[Job]:
        """The jobs, in the plan's order."""
        for block in islice(self.cover.blocks, self.limit):
            for product, period in self.series:
                yield Job(product.name, period.name, block.block, block.mask)

    def summary(self) -> dict[str, Any]:
        """What the plan amounts to, without a network: the `--json` of `eo-ingest plan`."""
        masks = self.cover.masks(self.limit)
        blocks, tiles = masks.total(), sum(mask.bit_count() * times for mask, times in masks.items())
        shapes = _shapes(masks, self.grid.lattice)
        listings = tiles if self.grid.lattice.stacked else blocks
        products: dict[str, dict[str, int]] = {}
        for product, period in self.series:
            entry = products.setdefault(product.name, {"jobs": 0, "requests": 0, "bytes": 0})
            entry["jobs"] += blocks
            if product.name in self.archived:
                continue
            entry["requests"] += listings  # one each for the scenes behind the pixels
            for shape, times in shapes.items():
                requests, payload = _cost(product.on(self.grid.lattice), len(product.frames(period)), shape)
                entry["requests"] += times * requests
                entry["bytes"] += times * payload
        return {
            "aoi": self.aoi.name,
            "grid": self.grid.name,
            "tiles": tiles,
            "blocks": blocks,
            "jobs": blocks * len(self.series),
            "products": products,
        }


def series(products: Sequence[Product], periods: Sequence[str] | None) -> tuple[tuple[Product, Period], ...]:
    """Each product with each of its periods: the given ones, or the product's own; years as months where need be.

    Raises:
        ConfigError: if a product does not exist for a given period.
    """
    pairs = []
    for product in products:
        if product.name in layout.RESERVED:
            raise ConfigError(f"product {product.name!r} has a name that stores use for something else")
        for name in dict.fromkeys(periods or product.periods):
            pairs += [(product, period) for period in product.expand(Period.parse(name))]
    return tuple(pairs)


def task(job: Job, product: Product, grid: Grid) -> Task:
    """A job with all that decides its bytes."""
    period, product = Period.parse(job.period), product.on(grid.lattice)
    return Task(job, product, len(product.frames(period)), fingerprint(product, period, grid))


@lru_cache(maxsize=256)
def fingerprint(product: Product, period: Period, grid: Grid) -> str:
    """SHA-256 of all that decides a job's bytes: arrays, frames, serialized graph, grid, encoding.

    A product that comes from Earth Engine or from an archive, with equal pixels, has one fingerprint: its graph's.
    """
    product = product.on(grid.lattice)
    parts = {
        "product": [product.name, product.resolution, [_bytes_of(variable) for variable in product.variables]],
        "frames": [[f.label, f"{f.start}", f"{f.end}"] for f in product.frames(period)],
        "recipe": _recipe(product, period),
        "grid": grid.digest,
        "encoding": [codec.ENCODING_VERSION, codec.BLOSC_LEVEL, codec.ZSTD_LEVEL],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _recipe(product: Product, period: Period) -> str | list[Any]:
    if product.archive and product.images is None:
        scales = [(v.scale_factor, v.add_offset, v.resampling or product.resampling) for v in product.variables]
        return [product.archive.kind, sorted(product.archive.parameters), scales, product.slots]
    from eo_ingest.sources.earthengine import graph

    return graph.recipe(product, period)


def _bytes_of(variable: Variable) -> list[Any]:
    """What of a variable decides stored bytes; words about it do not, and may be mended without making all anew."""
    return [variable.name, variable.bands, variable.dtype, variable.nodata, variable.valid_range, variable.kind]


def _shapes(masks: Counter[int], lattice: Lattice) -> Counter[tuple[int, int]]:
    """How many rectangles of which height and width, in tiles, masks are asked for in."""
    shapes: Counter[tuple[int, int]] = Counter()
    for mask, times in masks.items():
        if lattice.stacked:
            shapes[1, 1] += mask.bit_count() * times
            continue
        for window in request.windows(mask, 1, lattice.block_tiles):
            shapes[window.height, window.width] += times
    return shapes


def _cost(product: Product, frames: int, shape: tuple[int, int]) -> tuple[int, int]:
    """Requests and payload bytes for the pixels of a rectangle of tiles."""
    height, width = shape
    side = product.lattice.block_tiles
    mask = mask_of(row * side + col for row in range(height) for col in range(width))
    requests = request.pack(product, frames, mask)
    return len(requests), sum(r.payload(product) for r in requests)
