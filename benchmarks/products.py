"""Per product: requests and bytes of a tile on the wire and in the store, and what encoding and decoding it costs.

Each product makes one whole block (16 tiles) of its first period on the emulator. Requests, bytes fetched and bytes
stored are the record's own; encoding and decoding are timed over the block's pixels in one thread, the median of some
rounds, in MB of raw pixels a second. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from typing import TYPE_CHECKING

from eo_ingest import manifest, products, reader, runtime
from eo_ingest.config import RunConfig
from eo_ingest.period import Period
from eo_ingest.raster import Raster, tile_shape
from eo_ingest.runtime.opening import store_at
from eo_ingest.stores import codec

if TYPE_CHECKING:
    from eo_ingest.product import Product

TILES = 16
# Luxembourg and the Eifel: more than a whole block.
WHERE = "6.2,49.7,6.8,50.2"
COLUMNS = (
    "product",
    "MB a tile",
    "requests a tile",
    "kB a tile, wire",
    "kB a tile, store",
    "encode MB/s",
    "decode MB/s",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--aoi", default=WHERE)
    parser.add_argument("--products", nargs="*", default=list(products.REGISTRY))
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
    for name in arguments.products:
        with tempfile.TemporaryDirectory() as folder:
            row = measure(products.get(name), arguments.aoi, f"{folder}/{name}.zarr", arguments.rounds)
        print("| " + " | ".join(row) + " |", flush=True)


def measure(product: Product, aoi: str, store: str, rounds: int) -> list[str]:
    """The cells of a product's row."""
    config = RunConfig.of(
        aoi=aoi, store=store, source="emulator", products=[product.name], periods=[first_period(product)]
    )
    plan = runtime.resolve(config)
    job = next(job for job in plan.jobs() if job.tiles.bit_count() == TILES)
    started = runtime.start(config)
    totals = runtime.run_batch(config, str(started.run), [job])
    runtime.release()
    if totals.jobs["failed"]:
        raise SystemExit(f"{product.name}: {totals.failures[0]['reason']}")
    opened = store_at(store)
    (name,) = manifest.of_block(opened, job)
    record = manifest.read(opened, name)
    rasters = list(reader.read_block(opened, product, job.period, job.block).values())
    raw = sum(values.nbytes for raster in rasters for values in raster.values())
    encode, decode = rates(product, job.period, rasters, raw, rounds)
    stored = sum(record.objects.values())
    return [
        f"`{product.name}`",
        f"{raw / TILES / 1e6:.2f}",
        f"{record.requests / TILES:.2f}",
        f"{record.payload / TILES / 1e3:,.0f}",
        f"{stored / TILES / 1e3:,.1f}",
        f"{encode:,.0f}",
        f"{decode:,.0f}",
    ]


def first_period(product: Product) -> str:
    """The first period that a run of the product would make."""
    return product.expand(Period.parse(product.periods[0]))[0].name


def rates(product: Product, period: str, rasters: list[Raster], raw: int, rounds: int) -> tuple[float, float]:
    """MB of raw pixels a second, encoded and decoded."""
    frames = len(product.frames(Period.parse(period)))
    shapes = {v.name: tile_shape(product, v, frames) for v in product.variables}
    encoding, decoding = [], []
    for _ in range(rounds):
        begun = time.perf_counter()
        chunks = [(v, codec.encode(raster[v.name], v)) for raster in rasters for v in product.variables]
        encoding.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        for variable, chunk in chunks:
            codec.decode(chunk, variable, shapes[variable.name])
        decoding.append(time.perf_counter() - begun)
    return raw / statistics.median(encoding) / 1e6, raw / statistics.median(decoding) / 1e6


if __name__ == "__main__":
    main()
