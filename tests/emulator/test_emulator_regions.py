"""Reductions over regions, and joins, against plain numpy."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from pyproj import Geod, Transformer

from emulator_support import COUNT, CRS, LEFT, SIZE, TOP, stack, start_of


@pytest.fixture(scope="module")
def x():
    return stack()[0][0].astype(float)


@pytest.fixture
def image(ee):
    return ee.Image("T/STACK/s0")


@pytest.fixture
def box(ee):
    """A rectangle in pixels of the test images, as a geometry."""

    def make(left, top, right, bottom):
        corners = [LEFT + 10 * left, TOP - 10 * bottom, LEFT + 10 * right, TOP - 10 * top]
        return ee.Geometry.Rectangle(corners, CRS, False)

    return make


NUMPY = {
    "mean": np.mean, "sum": np.sum, "min": np.min, "max": np.max, "median": np.median, "stdDev": np.std,
    "variance": np.var, "count": np.size, "sampleStdDev": lambda v: np.std(v, ddof=1), "first": lambda v: v[0],
    "product": np.prod,
}  # fmt: skip


@pytest.mark.parametrize("name", NUMPY)
def test_whole_pixels(ee, image, box, x, name):
    found = image.reduceRegion(getattr(ee.Reducer, name)(), box(10, 12, 30, 25)).getInfo()
    values = x[12:25, 10:30]
    values = values[np.isfinite(values)]
    assert found == {"x": pytest.approx(NUMPY[name](values), rel=1e-5)}


def test_pixels_on_the_edge_count_by_their_share(ee, image, box, x):
    area = box(10.25, 12, 30, 25.4)
    weights = np.ones((14, 20))
    weights[:, 0], weights[-1] = 0.75, 0.4
    weights[-1, 0] = 0.3
    values = x[12:26, 10:30]
    seen = np.isfinite(values)
    total = (np.where(seen, values, 0) * weights).sum()
    assert image.reduceRegion("sum", area).getInfo()["x"] == pytest.approx(total, rel=1e-4)
    mean = image.reduceRegion(ee.Reducer.mean(), area).getInfo()["x"]
    assert mean == pytest.approx(total / (weights * seen).sum(), rel=1e-4)
    plain = image.reduceRegion(ee.Reducer.mean().unweighted(), area).getInfo()["x"]
    assert plain == pytest.approx(np.nanmean(x[12:25, 10:30]), rel=1e-5)
    assert image.reduceRegion(ee.Reducer.count(), area).getInfo()["x"] == seen[:13].sum()


def test_names_of_the_results(ee, box):
    area = box(0, 0, 8, 8)
    two = ee.Image("T/TWO")
    assert two.reduceRegion(ee.Reducer.minMax(), area).getInfo() == {
        "a_min": 0,
        "a_max": 455,
        "b_min": -455,
        "b_max": 0,
    }
    assert set(two.reduceRegion(ee.Reducer.mean(), area).getInfo()) == {"a", "b"}
    found = two.select("a").reduceRegion(ee.Reducer.percentile([0, 50, 100]), area).getInfo()
    assert found == {"a_p0": 0, "a_p50": pytest.approx(227.5), "a_p100": 455}
    assert two.select("a").reduceRegion(ee.Reducer.toList(), box(0, 0, 3, 1)).getInfo() == {"a": [0, 1, 2]}


def test_histograms_weigh_pixels(ee, box):
    image = ee.Image("T/RAMP").mod(2)
    found = image.reduceRegion(ee.Reducer.frequencyHistogram(), box(0, 0, 3.5, 1)).getInfo()
    assert found == {"z": pytest.approx({"0": 2, "1": 1.5}, abs=1e-6)}
    assert image.reduceRegion(ee.Reducer.mode(), box(0, 0, 3.5, 1)).getInfo() == {"z": 0}


def test_a_region_without_valid_pixels(ee, image, box):
    nowhere = box(0, 0, 4, 4)
    found = {
        n: image.reduceRegion(getattr(ee.Reducer, n)(), nowhere).getInfo()["x"] for n in ("mean", "count", "sum", "max")
    }
    assert found == {"mean": None, "count": 0, "sum": 0, "max": None}
    assert image.reduceRegion(ee.Reducer.mean(), box(500, 500, 510, 510)).getInfo() == {"x": None}


def test_points_take_the_pixel_that_contains_them(ee, box, x):
    for col, row in ((5, 7), (40, 33)):
        lon, lat = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform(
            LEFT + 10 * col + 3, TOP - 10 * row - 8
        )
        found = ee.Image("T/RAMP").reduceRegion(ee.Reducer.first(), ee.Geometry.Point([lon, lat])).getInfo()
        assert found == {"z": row * SIZE + col}


def test_scale_and_projection(ee, box):
    area = box(0, 0, 64, 64)
    ramp = ee.Image("T/RAMP")
    assert ramp.reduceRegion(ee.Reducer.count(), area, 20, CRS, None).getInfo()["z"] == pytest.approx(32 * 32, abs=66)
    exact = ramp.reduceRegion(ee.Reducer.count(), area, None, CRS, [20, 0, LEFT, 0, -20, TOP]).getInfo()
    assert exact == {"z": 32 * 32}
    mean = ramp.toFloat().reduceRegion(ee.Reducer.mean(), area, None, CRS, [20, 0, LEFT, 0, -20, TOP]).getInfo()["z"]
    assert mean == pytest.approx((SIZE * SIZE - 1) / 2, abs=1)


def test_too_many_pixels(ee, box):
    area, ramp = box(0, 0, 64, 64), ee.Image("T/RAMP").toFloat()
    with pytest.raises(
        ee.EEException, match=r"Too many pixels in the region\. Found 4096, but maxPixels allows only 100"
    ):
        ramp.reduceRegion(ee.Reducer.mean(), area, maxPixels=100).getInfo()
    best = ramp.reduceRegion(ee.Reducer.mean(), area, maxPixels=100, bestEffort=True).getInfo()["z"]
    assert best == pytest.approx((SIZE * SIZE - 1) / 2, rel=0.1)


def test_areas_of_regions_are_geodesic(ee):
    ring = [[6.1, 49.6], [6.34, 49.62], [6.3, 49.81], [6.12, 49.75], [6.1, 49.6]]
    shape = ee.Geometry.Polygon([ring], None, False)
    found = ee.Image.pixelArea().reduceRegion(ee.Reducer.sum(), shape, 100, "EPSG:32632").getInfo()["area"]
    dense = [
        (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t)
        for a, b in pairwise(ring)
        for t in np.linspace(0, 1, 60, endpoint=False)
    ]
    area = abs(Geod(ellps="WGS84").polygon_area_perimeter(*zip(*dense, strict=True))[0])
    assert found == pytest.approx(area, rel=1e-5)


@pytest.mark.parametrize(("make", "message"), [
    (lambda ee: ee.Image(1).reduceRegion(ee.Reducer.mean()), "unbounded region"),
    (lambda ee: ee.Image("T/TWO").select([]).reduceRegion("mean", ee.Geometry.Point([6, 49])), "at least one band"),
    (lambda ee: ee.Image("T/TWO").reduceRegion(ee.Reducer.mean().repeat(2), ee.Geometry.Point([6, 49])), "one input"),
])  # fmt: skip
def test_what_is_not_understood_is_refused(ee, make, message):
    with pytest.raises(ee.EEException, match=message):
        make(ee).getInfo()


def test_features_get_the_results_as_properties(ee, image, box, x):
    areas = ee.FeatureCollection([ee.Feature(box(10, 12, 30, 25), {"n": 1}), ee.Feature(box(0, 30, 20, 64), {"n": 2})])
    found = image.reduceRegions(areas, ee.Reducer.mean()).getInfo()["features"]
    assert [f["properties"]["n"] for f in found] == [1, 2]
    assert found[0]["properties"]["mean"] == pytest.approx(np.nanmean(x[12:25, 10:30]), rel=1e-5)
    two = ee.Image("T/TWO").reduceRegions(areas, ee.Reducer.minMax()).first().toDictionary().getInfo()
    assert {"a_min", "a_max", "b_min", "b_max", "n"} == set(two)


class TestJoins:
    """Images of the stack, one a month, with those of another collection of the same days."""

    @pytest.fixture
    def same_time(self, ee):
        return ee.Filter.equals(leftField="system:time_start", rightField="system:time_start")

    def names(self, collection):
        return collection.aggregate_array("system:index").getInfo()

    def test_simple_and_inverted_split_a_collection(self, ee, same_time):
        left, right = ee.ImageCollection("T/STACK"), ee.ImageCollection("T/BYTES").filter(ee.Filter.lt("number", 2))
        assert self.names(ee.Join.simple().apply(left, right, same_time)) == ["s0", "s1"]
        assert self.names(ee.Join.inverted().apply(left, right, same_time)) == ["s2", "s3", "s4"]

    def test_inner_makes_pairs(self, ee, same_time):
        pairs = ee.Join.inner().apply(ee.ImageCollection("T/STACK"), ee.ImageCollection("T/BYTES"), same_time)
        assert pairs.size().getInfo() == COUNT
        both = pairs.map(lambda f: ee.Image.cat(f.get("primary"), f.get("secondary")))
        assert ee.ImageCollection(both).first().bandNames().getInfo() == ["x", "n"]

    def test_save_all_keeps_every_match_in_order(self, ee):
        near = ee.Filter.maxDifference(40 * 86_400_000, "system:time_start", rightField="system:time_start")
        stack = ee.ImageCollection("T/STACK")
        joined = ee.Join.saveAll("near", "number", False, "apart").apply(stack, stack, near)
        first = ee.Image(joined.toList(9).get(1))
        assert ee.ImageCollection.fromImages(first.get("near")).aggregate_array("number").getInfo() == [2, 1, 0]
        apart = ee.ImageCollection.fromImages(first.get("near")).aggregate_array("apart").getInfo()
        days = [(start_of(2) - start_of(1)).days, 0, (start_of(1) - start_of(0)).days]
        assert [a / 86_400_000 for a in apart] == days

    def test_save_first_and_best(self, ee):
        stack = ee.ImageCollection("T/STACK")
        later = ee.Filter.lessThan(leftField="number", rightField="number")
        joined = ee.Join.saveFirst("next", "number").apply(stack, stack, later)
        assert joined.map(lambda i: i.set("n", ee.Image(i.get("next")).get("number"))).aggregate_array(
            "n"
        ).getInfo() == [1, 2, 3, 4]
        kept = ee.Join.saveFirst("next", "number", True, None, True).apply(stack, stack, later)
        assert kept.size().getInfo() == COUNT
        when = ee.Feature(None, {"t": start_of(2).timestamp() * 1000 + 86_400_000 * 3})
        close = ee.Filter.maxDifference(1e12, "t", rightField="system:time_start")
        best = ee.Join.saveBest("best", "apart").apply(ee.FeatureCollection([when]), stack, close)
        assert ee.Image(best.first().get("best")).get("number").getInfo() == 2
        assert ee.Image(best.first().get("best")).get("apart").getInfo() == 3 * 86_400_000

    def test_the_best_needs_a_measure(self, ee, same_time):
        stack = ee.ImageCollection("T/STACK")
        with pytest.raises(ee.EEException, match="maxDifference"):
            ee.Join.saveBest("best", "m").apply(stack, stack, same_time).size().getInfo()

    def test_max_difference_filters_a_single_collection(self, ee):
        near = ee.Filter.maxDifference(5, "cloud", 10.5 * 2 + 4)
        assert self.names(ee.ImageCollection("T/STACK").filter(near)) == ["s2"]
