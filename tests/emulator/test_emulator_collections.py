"""Collections: filters, order, maps, joins of properties."""

from __future__ import annotations

import pytest

from emulator_support import COUNT


def indices(collection):
    return collection.aggregate_array("system:index").getInfo()


@pytest.fixture
def col(ee):
    return ee.ImageCollection("T/STACK")


def test_size_first_and_order_of_time(col):
    assert col.size().getInfo() == COUNT
    assert col.first().get("system:index").getInfo() == "s0"
    assert indices(col) == [f"s{i}" for i in range(COUNT)]


class TestDates:
    def test_the_end_is_exclusive_and_the_start_is_not(self, ee, col):
        assert indices(col.filterDate("2020-01-01", "2020-03-01")) == ["s0", "s1"]
        assert indices(col.filterDate("2020-01-01T00:00:01", "2020-03-01T00:00:01")) == ["s1", "s2"]
        assert indices(col.filterDate(ee.Date("2020-02-01"), ee.Date("2020-02-02"))) == ["s1"]
        assert indices(col.filterDate("2020-02-01")) == ["s1"]
        assert indices(col.filterDate(1580515200000, 1580515200001)) == ["s1"]

    def test_images_without_a_time_never_pass(self, ee):
        assert ee.ImageCollection("T/QUALITY").filterDate("1970-01-01", "2100-01-01").size().getInfo() == 0

    def test_two_ranges(self, ee, col):
        either = ee.Filter.Or(ee.Filter.date("2020-01-01", "2020-02-01"), ee.Filter.date("2020-04-01", "2020-05-01"))
        assert indices(col.filter(either)) == ["s0", "s3"]

    def test_calendar_ranges(self, ee, col):
        assert indices(col.filter(ee.Filter.calendarRange(2, 3, "month"))) == ["s1", "s2"]
        assert indices(col.filter(ee.Filter.calendarRange(5, 1, "month"))) == ["s0", "s4"]
        assert indices(col.filter(ee.Filter.dayOfYear(32, 61))) == ["s1"]


FILTERS = {
    "eq": (lambda f: f.eq("pass", "ASCENDING"), [0, 2, 4]),
    "neq": (lambda f: f.neq("pass", "ASCENDING"), [1, 3]),
    "equals number": (lambda f: f.equals("cloud", 10.5), [1]),
    "lt": (lambda f: f.lt("cloud", 21), [0, 1]),
    "lte": (lambda f: f.lte("cloud", 21), [0, 1, 2]),
    "gt": (lambda f: f.gt("cloud", 21), [3, 4]),
    "gte": (lambda f: f.gte("cloud", 21), [2, 3, 4]),
    "listContains": (lambda f: f.listContains("pols", "VH"), [0, 1, 2]),
    "inList": (lambda f: f.inList("number", [1, 4, 9]), [1, 4]),
    "not": (lambda f: f.eq("number", 2).Not(), [0, 1, 3, 4]),
    "and": (lambda f: f.And(f.gt("number", 0), f.lt("number", 3)), [1, 2]),
    "or": (lambda f: f.Or(f.eq("number", 0), f.eq("number", 3)), [0, 3]),
    "notNull": (lambda f: f.notNull(["nothing"]), []),
    "missing property": (lambda f: f.lt("nothing", 1), []),
    # The client writes neq as the negation of eq, which images without the property pass.
    "neq of a missing property": (lambda f: f.neq("nothing", 1), [0, 1, 2, 3, 4]),
    "stringStartsWith": (lambda f: f.stringStartsWith("pass", "ASC"), [0, 2, 4]),
    "stringContains": (lambda f: f.stringContains("pass", "SCEND"), [0, 1, 2, 3, 4]),
    "stringEndsWith": (lambda f: f.stringEndsWith("system:index", "3"), [3]),
    "rangeContains": (lambda f: f.rangeContains("number", 1, 3), [1, 2, 3]),
}


@pytest.mark.parametrize("name", FILTERS)
def test_filters(ee, col, name):
    make, expected = FILTERS[name]
    assert indices(col.filter(make(ee.Filter))) == [f"s{i}" for i in expected]


class TestPlaces:
    def test_bounds(self, ee, col):
        assert col.filterBounds(ee.Geometry.Point([6.09, 49.739])).size().getInfo() == COUNT
        assert col.filterBounds(ee.Geometry.Point([7, 49.739])).size().getInfo() == 0
        assert col.filterBounds(ee.Geometry.Rectangle([6.0, 49.0, 6.2, 50.0])).size().getInfo() == COUNT
        assert col.filterBounds({"type": "Point", "coordinates": [6.09, 49.739]}).size().getInfo() == COUNT

    def test_bounds_of_a_collection_and_a_feature(self, ee, col):
        near = ee.Feature(ee.Geometry.Point([6.09, 49.739]))
        assert col.filterBounds(ee.FeatureCollection([near])).size().getInfo() == COUNT
        assert col.filter(ee.Filter.intersects(".geo", near.geometry())).size().getInfo() == COUNT
        assert col.filter(ee.Filter.bounds(near.geometry()).Not()).size().getInfo() == 0

    def test_bounds_in_another_crs(self, ee, col):
        box = ee.Geometry.Rectangle([290000, 5513000, 290100, 5513990], "EPSG:32632", False)
        assert col.filterBounds(box).size().getInfo() == COUNT

    def test_contained(self, ee, col):
        large, small = ee.Geometry.Rectangle([6, 49, 7, 50]), ee.Geometry.Point([6.09, 49.739])
        assert col.filter(ee.Filter.isContained(".geo", large)).size().getInfo() == COUNT
        assert col.filter(ee.Filter.contains(".geo", small)).size().getInfo() == COUNT
        assert col.filter(ee.Filter.isContained(".geo", small.buffer(10))).size().getInfo() == 0


def test_sort_and_limit(col):
    assert indices(col.sort("cloud", False)) == ["s4", "s3", "s2", "s1", "s0"]
    assert indices(col.limit(2)) == ["s0", "s1"]
    assert indices(col.limit(2, "cloud", False)) == ["s4", "s3"]
    # The sort is stable.
    assert indices(col.sort("pass")) == ["s0", "s2", "s4", "s1", "s3"]


def test_map_keeps_the_index_and_can_drop(ee, col):
    doubled = col.map(lambda i: ee.Image(1).set("twice", ee.Number(i.get("number")).multiply(2)))
    assert indices(doubled) == indices(col)
    assert doubled.aggregate_array("twice").getInfo() == [0, 2, 4, 6, 8]
    some = col.map(lambda i: ee.Algorithms.If(ee.Number(i.get("number")).gt(2), i, None), dropNulls=True)
    assert indices(some) == ["s3", "s4"]


def test_an_error_in_a_map_names_the_image(ee, col, refused):
    message = refused(col.map(lambda i: i.select("zz")).size())
    assert message.startswith("Error in map(ID=s0):\nImage.select: Band pattern 'zz' did not match")


def test_to_list_and_properties(ee, col):
    pairs = col.toList(3, 1).map(lambda i: ee.List([ee.Image(i).get("system:index"), ee.Image(i).get("cloud")]))
    assert pairs.getInfo() == [["s1", 10.5], ["s2", 21], ["s3", 31.5]]


def test_merge_prefixes_indices(ee, col):
    both = col.limit(1).merge(ee.ImageCollection("T/BYTES").limit(2))
    assert indices(both) == ["1_s0", "2_s0", "2_s1"]


def test_from_images(ee):
    made = ee.ImageCollection([ee.Image(1), ee.Image(2)])
    assert made.size().getInfo() == 2
    assert indices(made) == ["0", "1"]
    assert ee.ImageCollection.fromImages([ee.Image("T/RAMP")]).first().get("system:index").getInfo() == "RAMP"


def test_iterate(ee, col):
    total = col.iterate(lambda i, acc: ee.Number(acc).add(ee.Number(i.get("number"))), 100)
    assert ee.Number(total).getInfo() == 110


def test_aggregates(col):
    assert col.aggregate_sum("cloud").getInfo() == 105
    assert col.aggregate_mean("cloud").getInfo() == 21
    assert col.aggregate_max("cloud").getInfo() == 42
    assert col.aggregate_min("pass").getInfo() == "ASCENDING"
    assert col.aggregate_count("cloud").getInfo() == COUNT
    assert col.aggregate_count("nothing").getInfo() == 0
    assert col.aggregate_count_distinct("pass").getInfo() == 2
    assert col.aggregate_histogram("pass").getInfo() == {"ASCENDING": 3, "DESCENDING": 2}
    assert col.aggregate_first("number").getInfo() == 0


def test_reduce_columns(ee, col):
    assert col.reduceColumns(ee.Reducer.toList(2), ["number", "pass"]).getInfo()["list"][1] == [1, "DESCENDING"]
    assert col.reduceColumns(ee.Reducer.toList(), ["number"]).getInfo() == {"list": [0, 1, 2, 3, 4]}
    assert col.reduceColumns(ee.Reducer.minMax(), ["cloud"]).getInfo() == {"min": 0, "max": 42}
    two = col.reduceColumns(ee.Reducer.mean().repeat(2), ["cloud", "number"]).getInfo()
    assert two == {"mean": [21, 2]}
    assert col.reduceColumns(ee.Reducer.frequencyHistogram(), ["pass"]).getInfo()["histogram"]["ASCENDING"] == 3


def test_distinct(col):
    assert indices(col.distinct("pass")) == ["s0", "s1"]


def test_get_info_of_a_collection(col):
    info = col.limit(2).getInfo()
    assert info["type"] == "ImageCollection"
    assert info["id"] == "T/STACK"
    assert [f["id"] for f in info["features"]] == ["T/STACK/s0", "T/STACK/s1"]


def test_five_thousand_elements_are_enough(ee, refused):
    many = ee.FeatureCollection(ee.List.sequence(1, 5001).map(lambda n: ee.Feature(None, {"n": n})))
    assert refused(many.size()) == "Collection.size: Collection query aborted after accumulating over 5000 elements."
    assert many.limit(5000).size().getInfo() == 5000
