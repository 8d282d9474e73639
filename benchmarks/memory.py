"""Memory against the number of jobs: peak resident size of one process up to 10 and up to 200 whole blocks of s1grd.

The server's part is left out: each pixel request is answered at once with made-up pixels of the form asked for, so
that what grows, if anything, is ours.
"""

from __future__ import annotations

import io
import json
import re
import tempfile
import threading
from unittest import mock

import ee
import numpy as np
import psutil

from eo_ingest import runtime
from eo_ingest.config import RunConfig

# 200 whole blocks of Luxembourg's surroundings and beyond.
AOI = "6.1,47.8,9.4,50.0"
MARKS = (10, 50, 100, 200)


def answer(params: dict) -> bytes:
    size = params["grid"]["dimensions"]
    names = sorted(set(re.findall(r"f\d_(?:backscatter|n_obs)_\d", params["expression"].serialize(for_cloud_api=True))))
    fields = [(name, "<u2" if "n_obs" in name else "<i2") for name in names]
    pixels = np.zeros((size["height"], size["width"]), fields)
    rng = np.random.default_rng(0)
    for name, dtype in fields:
        pixels[name] = rng.integers(0, 9, pixels.shape) if dtype == "<u2" else rng.integers(-2500, 0, pixels.shape)
    buffer = io.BytesIO()
    np.save(buffer, pixels)
    return buffer.getvalue()


def main() -> None:
    process = psutil.Process()
    samples: list[tuple[int, int]] = []
    done = 0
    ended = threading.Event()

    def count(_outcome: object) -> None:
        nonlocal done
        done += 1

    def watch() -> None:
        while not ended.wait(0.02):
            samples.append((done, process.memory_info().rss))

    watcher = threading.Thread(target=watch)
    with tempfile.TemporaryDirectory() as folder:
        values = {"aoi": AOI, "store": f"{folder}/s.zarr", "source": "emulator", "products": ("s1grd",)}
        config = RunConfig.of(**values, limit=MARKS[-1])
        with mock.patch.object(ee.data, "computePixels", answer), mock.patch.object(ee.data, "computeValue", scenes):
            watcher.start()
            run = runtime.tile(config, on_done=count)
            ended.set()
    peaks, start = {}, 0
    for mark in MARKS:
        peaks[f"{start}-{mark}"] = round(max(size for jobs, size in samples if start <= jobs <= mark) / 2**20)
        start = mark
    print(json.dumps({"peak_rss_mib_by_jobs_done": peaks, "jobs": run.totals.jobs, "seconds": round(run.seconds)}))


def scenes(_expression: object) -> dict:
    return {label: [["scene", 0, "ASCENDING", 1, "A"]] * 12 for label in ("DJF", "MAM", "JJA", "SON")}


if __name__ == "__main__":
    main()
