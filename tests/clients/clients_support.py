"""Places, periods and pixel grids that the clients are asked for."""

from __future__ import annotations

import importlib.util

import pytest

CRS = "EPSG:32632"
# The outer corner of a tile in Luxembourg, 10 m pixels.
LEFT, TOP = 290_000.0, 5_514_000.0
SIZE = 160
TRANSFORM = (10.0, 0.0, LEFT, 0.0, -10.0, TOP)
START, END = "2020-06-01", "2020-09-01"
_MEMBERS = ("scaleX", "shearX", "translateX", "shearY", "scaleY", "translateY")


def needs(package):
    """Marks that skip a module where a client is not installed; what a client's code is warned of is not ours."""
    missing = importlib.util.find_spec(package) is None
    reason = f"needs the client {package}: pip install -e '.[bench]'"
    ignored = [f"ignore::{kind}" for kind in ("DeprecationWarning", "PendingDeprecationWarning", "FutureWarning")]
    return [pytest.mark.skipif(missing, reason=reason), pytest.mark.filterwarnings(*ignored)]


def grid(transform=TRANSFORM, shape=(SIZE, SIZE), crs=CRS):
    """The `grid` member of a request for pixels; `shape` is (height, width)."""
    return {
        "dimensions": {"width": shape[1], "height": shape[0]},
        "affineTransform": dict(zip(_MEMBERS, map(float, transform), strict=True)),
        "crsCode": crs,
    }


def place(ee):
    """A region inside the tile."""
    return ee.Geometry.Rectangle([LEFT + 300, TOP - 1300, LEFT + 1300, TOP - 300], CRS, False)


def sentinel1(ee):
    """Sentinel-1 images of the place that have both polarisations, in dB."""
    both = ee.Filter.listContains("transmitterReceiverPolarisation", "VH")
    return ee.ImageCollection("COPERNICUS/S1_GRD").filter(both).filterDate(START, END).filterBounds(place(ee))


def sentinel2(ee):
    """Sentinel-2 images of the place."""
    return ee.ImageCollection("COPERNICUS/S2_SR_HARMONIZED").filterDate(START, END).filterBounds(place(ee))


def partly_clouded(ee):
    """The image whose clear part of the tile, by Cloud Score+, is nearest to a half."""
    scores = ee.ImageCollection("GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED")
    clear = {}
    for index in sentinel2(ee).aggregate_array("system:index").getInfo():
        score = scores.filter(ee.Filter.eq("system:index", index)).first().select("cs")
        request = {"expression": score.gt(0.6).unmask(0), "fileFormat": "NUMPY_NDARRAY", "grid": grid()}
        clear[index] = float(ee.data.computePixels(request)["cs"].mean())
    index = min(clear, key=lambda i: abs(clear[i] - 0.5))
    assert 0.05 < clear[index] < 0.95
    return ee.Image(f"COPERNICUS/S2_SR_HARMONIZED/{index}")
