"""Rasters with known values, and short ways to ask the emulator for pixels."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import rasterio
from rasterio.transform import Affine

CRS = "EPSG:32632"
SIZE = 64
# The outer corner of the test images: 10 m pixels in UTM 32N, Luxembourg.
LEFT, TOP = 290_000.0, 5_514_000.0
COUNT = 5


def grid(width=SIZE, height=SIZE, *, left=LEFT, top=TOP, scale=10.0, crs=CRS, down=None):
    """The `grid` member of a request for pixels."""
    return {
        "dimensions": {"width": width, "height": height},
        "affineTransform": {
            "scaleX": scale,
            "shearX": 0,
            "translateX": left,
            "shearY": 0,
            "scaleY": -scale if down is None else down,
            "translateY": top,
        },
        "crsCode": crs,
    }


def write(path, array, *, transform=None, crs=CRS, names=None, nodata=None, sidecar=None, **profile):
    """A GeoTIFF of (band, row, col) values and its sidecar."""
    array = np.atleast_3d(array) if array.ndim == 3 else array[None]
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=array.shape[2],
        height=array.shape[1],
        count=array.shape[0],
        dtype=array.dtype,
        crs=crs,
        transform=transform or Affine(10, 0, LEFT, 0, -10, TOP),
        nodata=nodata,
        **profile,
    ) as target:
        target.write(array)
        for number, name in enumerate(names or [], start=1):
            target.set_band_description(number, name)
    if sidecar is not None:
        path.with_suffix(".json").write_text(json.dumps(sidecar))
    return path


def start_of(number):
    """When image `number` of the stack was taken."""
    return dt.datetime(2020, 1 + number, 1, tzinfo=dt.UTC)


def stack():
    """x: float32 with NaN where masked; n: uint8 with 255 where masked; both (COUNT, SIZE, SIZE)."""
    rng = np.random.default_rng(7)
    x = rng.normal(0, 10, (COUNT, SIZE, SIZE)).astype(np.float32)
    x[rng.random(x.shape) < 0.3] = np.nan
    x[:, :4, :4] = np.nan
    n = rng.integers(0, 250, x.shape).astype(np.uint8)
    n[rng.random(n.shape) < 0.2] = 255
    return x, n


def classes():
    """Land cover classes of an image in degrees, 0 where masked."""
    rng = np.random.default_rng(3)
    coarse = rng.choice([10, 20, 30, 80, 0], (100, 100))
    return np.repeat(np.repeat(coarse, 6, 0), 6, 1).astype(np.uint8)


DEGREES = Affine(1 / 12000, 0, 6.05, 0, -1 / 12000, 49.76)


def make_assets(folder):
    """All rasters that the tests of algorithms use."""
    x, n = stack()
    for i in range(COUNT):
        properties = {
            "system:time_start": start_of(i).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "pass": "ASCENDING" if i % 2 == 0 else "DESCENDING",
            "cloud": 10.5 * i,
            "pols": ["VV", "VH"] if i < 3 else ["VV"],
            "number": i,
        }
        write(folder / f"T/STACK/s{i}.tif", x[i], names=["x"], nodata=np.nan, sidecar={"properties": properties})
        write(folder / f"T/BYTES/s{i}.tif", n[i], names=["n"], nodata=255, sidecar={"properties": properties})
        if i != 2:
            write(folder / f"T/QUALITY/s{i}.tif", np.full((SIZE, SIZE), i / 4, np.float32), names=["q"])
    write(
        folder / "T/COVER/2020.tif",
        classes(),
        crs="EPSG:4326",
        transform=DEGREES,
        names=["Map"],
        nodata=0,
        sidecar={"properties": {"system:time_start": 1577836800000}, "pyramid": "mode"},
    )
    ramp = np.arange(SIZE * SIZE, dtype=np.int16).reshape(SIZE, SIZE)
    write(folder / "T/RAMP.tif", ramp, names=["z"])
    two = np.stack([ramp, -ramp])
    write(folder / "T/TWO.tif", two, names=["a", "b"], sidecar={"properties": {"k": 1, "name": "two"}})
    coarse = np.arange(32 * 32, dtype=np.float32).reshape(32, 32)
    coarse[10:13, 5:8] = np.nan
    write(folder / "T/COARSE.tif", coarse, names=["c"], transform=Affine(20, 0, LEFT, 0, -20, TOP))
    return folder
