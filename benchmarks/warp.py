"""Warping 90 m sources onto the grid: ours against plain `rasterio.warp.reproject`, in the same run.

A source of 3 arc seconds with 0.3 % nodata, as the seasonal coherence files and interferograms are. Ours draws its
chart anew for every tile and uses it for all bands; rasterio gets all bands in one call. Rounds alternate; times are
medians, in milliseconds a tile. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import TYPE_CHECKING

import numpy as np
from pyproj import Transformer
from rasterio.enums import Resampling
from rasterio.transform import Affine
from rasterio.warp import reproject

from eo_ingest.runtime import heap
from eo_ingest.sources.warp import Lattice, draw

if TYPE_CHECKING:
    from collections.abc import Callable

PIXEL = 1 / 1200
CASES = {
    "a block of 16 tiles at 80 m": (80, 224, 16),
    "a tile at 80 m": (80, 56, 1),
    "a tile at 10 m": (10, 448, 1),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--bands", type=int, nargs="*", default=[1, 8, 60])
    arguments = parser.parse_args()
    heap.share()
    rows = [
        measure(name, bands, dtype, method, arguments.rounds)
        for name in CASES
        for dtype, method in (("float32", "bilinear"), ("uint8", "nearest"))
        for bands in arguments.bands
    ]
    print(json.dumps(rows, indent=1))


def measure(name: str, bands: int, dtype: str, method: str, rounds: int) -> dict:
    pixel, side, tiles = CASES[name]
    target, source, values = scene(pixel, side, bands, dtype)
    ours, theirs, exact = [], [], []
    for _ in range(rounds):
        ours.append(timed(lambda: warp(target, source, values, method)))
        theirs.append(timed(lambda: gdal(target, source, values, method)))
        exact.append(timed(lambda: gdal(target, source, values, method, XSCALE=1, YSCALE=1)))
    per_tile = [round(1000 * statistics.median(times) / tiles, 3) for times in (ours, theirs, exact)]
    return {
        "what": name,
        "method": method,
        "dtype": dtype,
        "bands": bands,
        "ours_ms_per_tile": per_tile[0],
        "reproject_ms_per_tile": per_tile[1],
        "reproject_xscale_1_ms_per_tile": per_tile[2],
        "times_faster": round(statistics.median(t / o for o, t in zip(ours, theirs, strict=True)), 1),
    }


def scene(pixel: int, side: int, bands: int, dtype: str) -> tuple[Lattice, Lattice, np.ndarray]:
    """A target in UTM 33 near 48.5° N 16.4° E, and the source around it."""
    x, y = Transformer.from_crs("EPSG:4326", "EPSG:32633", always_xy=True).transform(16.4, 48.5)
    left, top = round(x / pixel) * pixel, round(y / pixel) * pixel
    target = Lattice("EPSG:32633", (pixel, 0, left, 0, -pixel, top), side, side)
    wide = Lattice("EPSG:4326", (PIXEL, 0, 15.0, 0, -PIXEL, 50.0), 3600, 3600)
    patch = draw(target, wide).patch(margin=1)
    if patch is None:
        raise RuntimeError("the target lies beside the source")
    w = patch.window
    source = Lattice("EPSG:4326", (PIXEL, 0, 15.0 + w.col * PIXEL, 0, -PIXEL, 50.0 - w.row * PIXEL), w.height, w.width)
    rng = np.random.default_rng(1)
    values = (rng.gamma(2.0, 20.0, (bands, w.height, w.width)) + 1).clip(1, 200).astype(dtype)
    values[rng.random(values.shape) < 0.003] = 0
    return target, source, values


def warp(target: Lattice, source: Lattice, values: np.ndarray, method: str) -> np.ndarray:
    patch = draw(target, source).patch(margin=1)
    if patch is None:
        raise RuntimeError("the target lies beside the source")
    cut = values[:, *patch.window.slices]
    return patch.bilinear(cut, nodata=0) if method == "bilinear" else patch.nearest(cut, nodata=0)


def gdal(target: Lattice, source: Lattice, values: np.ndarray, method: str, **options: int) -> np.ndarray:
    out = np.empty((len(values), target.height, target.width), values.dtype)
    reproject(
        values,
        out,
        src_transform=Affine(*source.transform),
        src_crs=source.crs,
        dst_transform=Affine(*target.transform),
        dst_crs=target.crs,
        src_nodata=0,
        dst_nodata=0,
        resampling=Resampling[method],
        **options,
    )
    return out


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
