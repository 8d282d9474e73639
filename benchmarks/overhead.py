"""What a tile costs beside waiting for the server: decode, check, encode, write, record.

The replies of a run over the demo area are captured once. Then each product's jobs are done again from the captured
bytes, one after the other in one thread, which leaves everything but the server; and in the same round the floor is
measured: Blosc-zstd of the same pixels, tile by tile, and a plain write of the result. Prints JSON; times are medians.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import ee
import numpy as np
from numcodecs.blosc import Blosc

from eo_ingest import products, reader, runtime
from eo_ingest.config import RunConfig
from eo_ingest.grid import Grid
from eo_ingest.ingest import ingest
from eo_ingest.plan import task
from eo_ingest.runtime.opening import Origin, store_at
from eo_ingest.runtime.preparing import prepare


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--aoi", default="demo")
    parser.add_argument("--products", nargs="*", default=list(products.DEFAULT))
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = RunConfig.of(
            aoi=arguments.aoi, store=f"{folder}/captured.zarr", source="emulator", products=arguments.products
        )
        replies = capture(config)
        print(json.dumps(measure(config, replies, Path(folder), arguments.rounds), indent=1))


def capture(config: RunConfig) -> dict[str, bytes]:
    """Run once against the emulator and keep every reply by what was asked."""
    replies: dict[str, bytes] = {}
    pixels, value = ee.data.computePixels, ee.data.computeValue

    def keep_pixels(params):  # noqa: ANN001, ANN202
        replies[asked(params)] = reply = pixels(params)
        return reply

    def keep_value(expression):  # noqa: ANN001, ANN202
        reply = value(expression)
        replies[expression.serialize(for_cloud_api=True)] = json.dumps(reply).encode()
        return reply

    ee.data.computePixels, ee.data.computeValue = keep_pixels, keep_value
    started = runtime.start(config)
    runtime.run_batch(config, str(started.run), started.jobs)
    ee.data.computePixels = lambda params: replies[asked(params)]
    ee.data.computeValue = lambda expression: json.loads(replies[expression.serialize(for_cloud_api=True)])
    return replies


def asked(params: dict) -> str:
    return params["expression"].serialize(for_cloud_api=True) + json.dumps(params["grid"], sort_keys=True)


def measure(config: RunConfig, replies: dict[str, bytes], folder: Path, rounds: int) -> dict:
    plan = runtime.resolve(config)
    grid = Grid.load("utm")
    captured = store_at(config.store)
    source = runtime.shared(config).usual
    result = {}
    for product in plan.products.values():
        jobs = [job for job in plan.jobs() if job.product == product.name]
        tiles = sum(job.tiles.bit_count() for job in jobs)
        rasters = [
            values
            for period in dict.fromkeys(job.period for job in jobs)
            for block in reader.blocks(captured, product, period)
            for raster in reader.read_block(captured, product, period, block).values()
            for values in raster.values()
        ]
        ours, floors = [], []
        for i in range(rounds):
            store = store_at(str(folder / f"{product.name}-{i}.zarr"))
            prepare(plan, store, config, Origin(synthetic=True))
            tasks = [task(job, product, grid) for job in jobs]
            begun = time.perf_counter()
            for each in tasks:
                ingest(each, source=source, store=store, run="bench")
            ours.append(time.perf_counter() - begun)
            floors.append(floor(rasters, folder / f"{product.name}-{i}.floor"))
            shutil.rmtree(store.url)
        result[product.name] = {
            "tiles": tiles,
            "ours_ms_per_tile": round(1000 * statistics.median(ours) / tiles, 2),
            "floor_ms_per_tile": round(1000 * statistics.median(floors) / tiles, 2),
            "ratio": round(statistics.median([a / b for a, b in zip(ours, floors, strict=True)]), 2),
            "raw_mb_per_tile": round(sum(v.nbytes for v in rasters) / tiles / 1e6, 2),
        }
    runtime.release()
    result["replies"] = len(replies)
    return result


def floor(rasters: list[np.ndarray], path: Path) -> float:
    """Seconds to compress every array with Blosc-zstd and write it."""
    begun = time.perf_counter()
    with path.open("wb") as file:
        for values in rasters:
            codec = Blosc(cname="zstd", clevel=3, shuffle=Blosc.BITSHUFFLE, typesize=values.itemsize)
            file.write(codec.encode(np.ascontiguousarray(values)))
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
