"""Assets made from arrays, the command line, what a store holds, and GDAL's opinion of what it should hold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
import xarray as xr
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform

ROOT = Path(__file__).resolve().parents[2]
TILE = 448


@dataclass(frozen=True)
class Picture:
    """Bands (band, y, x) of one file and the place of its pixels."""

    bands: np.ndarray
    affine: rasterio.Affine
    crs: CRS
    names: tuple[str, ...]

    @classmethod
    def read(cls, path, names=None):
        with rasterio.open(path) as file:
            return cls(file.read(), file.transform, file.crs, tuple(names or file.descriptions))

    def of(self, bands, names):
        """Other bands on the same pixels."""
        return Picture(np.asarray(bands), self.affine, self.crs, tuple(names))

    def halved(self):
        """Means of two by two pixels, whole numbers rounded half up. All pixels must be valid, and even in number."""
        count, height, width = self.bands.shape
        means = self.bands.reshape(count, height // 2, 2, width // 2, 2).mean((2, 4))
        rounded = np.floor(means + 0.5) if self.bands.dtype.kind in "iu" else means
        a = self.affine
        affine = rasterio.Affine(2 * a.a, 0, a.c, 0, 2 * a.e, a.f)
        return Picture(rounded.astype(self.bands.dtype), affine, self.crs, self.names)

    def band(self, name):
        return self.bands[self.names.index(name)]


def serve(folder, asset, picture, *, nodata=None, **properties):
    """Write a picture as an asset of a folder, with a sidecar of properties and band names."""
    path = Path(folder) / f"{asset}.tif"
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = picture.bands.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=count,
        height=height,
        width=width,
        dtype=picture.bands.dtype,
        crs=picture.crs,
        transform=picture.affine,
        nodata=nodata,
    ) as file:
        file.write(picture.bands)
    named = {key.replace("__", ":"): value for key, value in properties.items()}
    path.with_suffix(".json").write_text(json.dumps({"properties": named, "bands": list(picture.names)}))


@contextmanager
def nobody(home):
    """An environment without anybody's credentials, for fixtures that live longer than a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("CLOUDSDK_CONFIG", str(home / "gcloud"))
        patch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
        for name in [name for name in os.environ if name.startswith("EO_INGEST_")]:
            patch.delenv(name)
        yield patch


def eo_ingest(*arguments):
    """Run the command line in a process of its own; its `--json`. It must succeed."""
    command = [sys.executable, "-m", "eo_ingest", *map(str, arguments), "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Stored:
    """The rectangle of tiles that a store has of one product, period and zone; values as stored."""

    data: xr.Dataset

    @classmethod
    def read(cls, store, product, period, zone=None):
        """Every stored pixel of the zone, or of the only one. The tiles must fill a rectangle."""
        rows = pd.read_parquet(Path(store) / "manifest.parquet")
        rows = rows[(rows["product"] == product) & (rows["period"] == period)]
        rows = rows[rows["zone"] == zone] if zone else rows
        (zone,) = rows["zone"].unique()
        places = np.array([tile.split("_")[1:] for tile in rows["tile"]], dtype=int)
        (top, left), (bottom, right) = places.min(0), places.max(0) + 1
        assert len(places) == (bottom - top) * (right - left)
        data = xr.open_zarr(
            store, group=f"{product}/{period}/{zone}", mask_and_scale=False, chunks=None, consolidated=False
        )
        step = TILE * 10 // round(float(data.x[1] - data.x[0]))
        return cls(data.isel(y=slice(top * step, bottom * step), x=slice(left * step, right * step)).load())

    @property
    def crs(self):
        return CRS.from_wkt(self.data["spatial_ref"].attrs["crs_wkt"])

    @property
    def shape(self):
        return self.data.sizes["y"], self.data.sizes["x"]

    @property
    def affine(self):
        """From the coordinates that a reader of the store sees, not from the grid's own words."""
        x, y = self.data["x"].to_numpy(), self.data["y"].to_numpy()
        dx, dy = x[1] - x[0], y[1] - y[0]
        return rasterio.Affine(dx, 0, x[0] - dx / 2, 0, dy, y[0] - dy / 2)

    def values(self, variable, frame, band=None):
        array = self.data[variable].sel(frame=frame)
        dim = array.dims[0]
        return array.isel({dim: 0}).to_numpy() if band is None else array.sel({dim: band}).to_numpy()

    def positions(self, picture):
        """Pixel centres as (col, row) in pixels of a picture, each of this raster's shape."""
        x, y = np.meshgrid(self.data["x"].to_numpy(), self.data["y"].to_numpy())
        if self.crs != picture.crs:
            x, y = (np.reshape(v, self.shape) for v in transform(self.crs, picture.crs, x.ravel(), y.ravel()))
        a = picture.affine
        return (x - a.c) / a.a, (y - a.f) / a.e

    def warp(self, values, picture, resampling, fill):
        """An array on a picture's pixels, warped by GDAL onto these: exact coordinates, a kernel of 2 × 2 pixels.

        `rasterio.warp.reproject` would be simpler, but approximates coordinates to an eighth of a pixel.
        """
        height, width = self.shape
        shape = dict(zip(("height", "width"), values.shape, strict=True))
        profile = {"driver": "GTiff", "count": 1, "dtype": values.dtype, "nodata": fill, **shape}
        with MemoryFile() as memory:
            with memory.open(**profile, crs=picture.crs, transform=picture.affine) as file:
                file.write(values, 1)
            with (
                memory.open() as file,
                WarpedVRT(
                    file,
                    crs=self.crs,
                    transform=self.affine,
                    height=height,
                    width=width,
                    resampling=resampling,
                    tolerance=1e-9,
                    XSCALE="1",
                    YSCALE="1",
                ) as warped,
            ):
                return warped.read(1)

    def nearest(self, values, picture, fill):
        return self.warp(values, picture, Resampling.nearest, fill)

    def bilinear(self, values, picture):
        """NaN where the nearest pixel is NaN, else weighted over the neighbours that are not."""
        smooth = self.warp(values.astype(np.float64), picture, Resampling.bilinear, np.nan)
        valid = self.nearest((~np.isnan(values)).astype(np.uint8), picture, 0) == 1
        assert not np.isnan(smooth[valid]).any()
        return np.where(valid, smooth, np.nan)


def median(stack):
    """The median of the valid values of a stack (time, y, x), and how many they are."""
    ordered = np.sort(stack, axis=0)
    count = (~np.isnan(stack)).sum(0)
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    middle = [np.take_along_axis(ordered, np.minimum(k, len(stack) - 1)[None], 0)[0] for k in (low, high)]
    return (middle[0] + middle[1]) / 2, count
