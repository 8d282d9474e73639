"""The evaluator over the synthetic world, with expressions as people write them."""

from __future__ import annotations

import numpy as np
import pytest

from emulator_client import Connection
from emulator_support import grid
from eo_ingest.emulator.process import EmulatorProcess


@pytest.fixture(scope="module")
def planet():
    with EmulatorProcess() as process:
        connection = Connection(process.url)
        yield connection
        connection.close()


@pytest.fixture
def ee(planet):
    import ee

    with planet.active():
        yield ee


@pytest.fixture
def here(ee):
    return ee.Geometry.Rectangle([290000, 5510000, 291000, 5511000], "EPSG:32632", False)


WHERE = grid(100, 100, left=290_000, top=5_511_000)


def fetch(ee, image):
    return ee.data.computePixels({"expression": image, "fileFormat": "NUMPY_NDARRAY", "grid": WHERE})


def test_filters_after_select_and_map_still_reach_the_collection(ee, here):
    start, end = "2020-06-01", "2020-09-01"
    col = ee.ImageCollection("COPERNICUS/S2_SR_HARMONIZED")
    expected = col.filterDate(start, end).filterBounds(here).aggregate_array("system:index").getInfo()
    assert expected
    late = col.select(["B4"]).map(lambda i: i.updateMask(i.gt(0))).filterDate(start, end).filterBounds(here)
    assert late.aggregate_array("system:index").getInfo() == expected


def test_a_cloud_free_composite(ee, here):
    col = (
        ee.ImageCollection("COPERNICUS/S2_SR_HARMONIZED")
        .filterBounds(here)
        .filterDate("2020-05-01", "2020-08-01")
        .linkCollection(ee.ImageCollection("GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED"), ["cs_cdf"])
    )
    clear = col.map(lambda i: i.select(["B4", "B8"]).updateMask(i.select("cs_cdf").gte(0.6)))
    image = clear.median().round().toUint16().addBands(clear.select("B4").count().unmask(0).rename("n"))
    found = fetch(ee, image)
    seen = np.stack([fetch(ee, ee.Image(i).mask().unmask(0))["B4"] for i in _members(clear)])
    values = np.stack([fetch(ee, ee.Image(i))["B4"] for i in _members(clear)]).astype(float)
    values[seen == 0] = np.nan
    np.testing.assert_array_equal(found["n"], (seen > 0).sum(axis=0))
    some = (seen > 0).any(axis=0)
    assert some.mean() > 0.5
    np.testing.assert_array_equal(found["B4"][some], np.floor(np.nanmedian(values[:, some], axis=0) + 0.5))


def _members(collection):
    count = collection.size().getInfo()
    listed = collection.toList(count)
    return [listed.get(i) for i in range(count)]


def test_land_cover(ee):
    found = fetch(ee, ee.ImageCollection("ESA/WorldCover/v200").mosaic())
    assert set(np.unique(found["Map"])) <= {10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100}
    assert (found["Map"] > 0).all()
