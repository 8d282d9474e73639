"""Values that are not images: numbers, strings, lists, dictionaries, dates, geometries, projections."""

from __future__ import annotations

import datetime as dt
import json
import math

import pytest
import requests

VALUES = {
    "sum": (lambda ee: ee.Number(1).add(2).multiply(3.5), 10.5),
    "power": (lambda ee: ee.Number(2).pow(10), 1024),
    "cast": (lambda ee: ee.Number(70000).toUint16(), 65535),
    "comparison": (lambda ee: ee.Number(3).gt(2), 1),
    "log of zero": (lambda ee: ee.Number(0).log(), "NaN"),
    "int64": (lambda ee: ee.Number(2**60 + 1), 2**60 + 1),
    "clamp": (lambda ee: ee.Number(12).clamp(0, 10), 10),
    "number format": (lambda ee: ee.Number(7).format("%03d"), "007"),
    "number format float": (lambda ee: ee.Number(7).format("%.2f"), "7.00"),
    "number parse": (lambda ee: ee.Number.parse("2.5"), 2.5),
    "string": (lambda ee: ee.String("a").cat("b").toUpperCase(), "AB"),
    "string of a number": (lambda ee: ee.String(ee.Number(5).format()), "5"),
    "replace": (lambda ee: ee.String("S2A_T31").replace("T(.)", "$1"), "S2A_31"),
    "split": (lambda ee: ee.String("a_b_c").split("_"), ["a", "b", "c"]),
    "slice": (lambda ee: ee.String("20200101T").slice(0, 4), "2020"),
    "match": (lambda ee: ee.String("ab12").match("[0-9]+"), ["12"]),
    "list map": (lambda ee: ee.List([1, 2, 3]).map(lambda n: ee.Number(n).add(1)), [2, 3, 4]),
    "list iterate": (lambda ee: ee.List([1, 2, 3]).iterate(lambda n, s: ee.Number(n).add(ee.Number(s)), 10), 16),
    "list get": (lambda ee: ee.List([1, 2, 3]).get(-1), 3),
    "sequence": (lambda ee: ee.List.sequence(0, 1, 0.25), [0, 0.25, 0.5, 0.75, 1]),
    "sequence by count": (lambda ee: ee.List.sequence(0, 10, count=3), [0, 5, 10]),
    "zip": (lambda ee: ee.List([1, 2]).zip(["a", "b"]), [[1, "a"], [2, "b"]]),
    "sort": (lambda ee: ee.List([3, 1, 2]).sort().reverse(), [3, 2, 1]),
    "flatten": (lambda ee: ee.List([[1], [2, [3]]]).flatten(), [1, 2, 3]),
    "distinct": (lambda ee: ee.List([1, 1, 2]).distinct().size(), 2),
    "contains": (lambda ee: ee.List(["a"]).contains("a"), True),
    "removeAll": (lambda ee: ee.List([1, 2, 3]).removeAll([2]), [1, 3]),
    "slice of list": (lambda ee: ee.List([1, 2, 3, 4]).slice(1, 3), [2, 3]),
    "list filter": (lambda ee: ee.List([1, 5, 9]).filter(ee.Filter.gt("item", 4)), [5, 9]),
    "dictionary": (lambda ee: ee.Dictionary({"a": 1}).set("b", 2).get("b"), 2),
    "dictionary keys": (lambda ee: ee.Dictionary({"b": 1, "a": 2}).keys(), ["a", "b"]),
    "dictionary values": (lambda ee: ee.Dictionary({"b": 1, "a": 2}).values(), [2, 1]),
    "dictionary map": (lambda ee: ee.Dictionary({"a": 1}).map(lambda k, v: ee.Number(v).add(1)), {"a": 2}),
    "dictionary combine": (lambda ee: ee.Dictionary({"a": 1}).combine({"a": 2, "b": 3}, False), {"a": 1, "b": 3}),
    "dictionary default": (lambda ee: ee.Dictionary({}).get("x", 9), 9),
    "nested": (
        lambda ee: ee.Dictionary({"l": [ee.Number(1).add(1), "x"], "d": {"k": None}}),
        {"l": [2, "x"], "d": {"k": None}},
    ),
    "if": (lambda ee: ee.Algorithms.If(ee.Number(0), "yes", "no"), "no"),
    "is equal": (lambda ee: ee.Algorithms.IsEqual([1, 2], [1, 2]), True),
    "type": (lambda ee: ee.Algorithms.ObjectType(ee.Image(1)), "Image"),
}


@pytest.mark.parametrize("name", VALUES)
def test_values(ee, name):
    make, expected = VALUES[name]
    assert make(ee).getInfo() == expected


DATES = {
    "iso": (lambda ee: ee.Date("2020-02-29T12:00:00").millis(), 1582977600000),
    "millis": (lambda ee: ee.Date(0).format(), "1970-01-01T00:00:00"),
    "datetime": (lambda ee: ee.Date(dt.datetime(2020, 1, 2, tzinfo=dt.UTC)).format("d MMM YY"), "2 Jan 20"),
    "format": (lambda ee: ee.Date("2020-01-31").format("YYYYMMdd'T'HHmmss"), "20200131T000000"),
    "advance month": (lambda ee: ee.Date("2020-01-31").advance(1, "month").format("YYYY-MM-dd"), "2020-02-29"),
    "advance back": (lambda ee: ee.Date("2020-01-31").advance(-1, "year").format("YYYY-MM-dd"), "2019-01-31"),
    "advance days": (lambda ee: ee.Date("2020-02-28").advance(2, "day").get("month"), 3),
    "difference": (lambda ee: ee.Date("2020-03-01").difference(ee.Date("2020-02-28"), "day"), 2),
    "day of year": (lambda ee: ee.Date("2020-03-01").getRelative("day", "year"), 60),
    "fromYMD": (lambda ee: ee.Date.fromYMD(2020, 5, 6).format("YYYY-MM-dd"), "2020-05-06"),
    "range": (lambda ee: ee.Date("2020-05-06").getRange("month").end().format("YYYY-MM-dd"), "2020-06-01"),
    "week": (lambda ee: ee.Date("2020-01-01").get("week"), 1),
}


@pytest.mark.parametrize("name", DATES)
def test_dates(ee, name):
    make, expected = DATES[name]
    assert make(ee).getInfo() == expected


def test_a_date_and_a_range_as_documents(ee):
    assert ee.Date("1970-01-02").getInfo() == {"type": "Date", "value": 86400000}
    span = ee.DateRange("1970-01-01", "1970-01-02")
    assert span.getInfo() == {"type": "DateRange", "dates": [0, 86400000]}
    assert span.contains(ee.Date(86400000)).getInfo() is False


class TestGeometries:
    def test_areas_and_relations(self, ee):
        box = ee.Geometry.Rectangle([6, 49, 7, 50])
        assert box.area(1).getInfo() == pytest.approx(8.06e9, rel=0.01)
        assert box.contains(ee.Geometry.Point([6.5, 49.5])).getInfo() is True
        assert box.intersects(ee.Geometry.Point([8, 49.5])).getInfo() is False
        assert box.bounds().coordinates().getInfo()[0][0] == [6, 49]
        assert box.intersection(ee.Geometry.Rectangle([6.5, 49, 8, 50])).area(1).getInfo() == pytest.approx(
            box.area(1).getInfo() / 2, rel=1e-3
        )

    def test_buffers_are_metres(self, ee):
        circle = ee.Geometry.Point([6, 49]).buffer(1000)
        assert circle.area(1).getInfo() == pytest.approx(math.pi * 1e6, rel=0.02)

    def test_polygons_with_holes_and_many(self, ee):
        ring = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]
        hole = [[4, 4], [6, 4], [6, 6], [4, 6], [4, 4]]
        with_hole = ee.Geometry.Polygon([ring, hole])
        assert with_hole.contains(ee.Geometry.Point([5, 5])).getInfo() is False
        assert with_hole.contains(ee.Geometry.Point([1, 1])).getInfo() is True
        several = ee.Geometry.MultiPolygon([[ring], [[[20, 0], [21, 0], [21, 1], [20, 0]]]])
        assert several.getInfo()["type"] == "MultiPolygon"

    @pytest.mark.parametrize(
        "make",
        [
            lambda ee: ee.Geometry.BBox(179, -10, -179, 10),
            lambda ee: ee.Geometry.Rectangle([179, -10, 181, 10]),
            lambda ee: ee.Geometry.Polygon([[179, -10], [-179, -10], [-179, 10], [179, 10]]),
        ],
    )
    def test_the_antimeridian_is_crossed(self, ee, make):
        found = make(ee)
        assert found.contains(ee.Geometry.Point([179.5, 0])).getInfo() is True
        assert found.contains(ee.Geometry.Point([-179.5, 0])).getInfo() is True
        assert found.contains(ee.Geometry.Point([0, 0])).getInfo() is False

    def test_features(self, ee):
        feature = ee.Feature(ee.Geometry.Point([1, 2]), {"name": "x"})
        info = feature.getInfo()
        assert info["geometry"]["coordinates"] == [1, 2]
        assert info["properties"] == {"name": "x"}
        assert feature.set("n", 1).get("n").getInfo() == 1


class TestErrors:
    def test_an_unknown_algorithm_is_named(self, ee, refused):
        message = refused(ee.Image("T/RAMP").connectedPixelCount())
        assert message.startswith("Image.connectedPixelCount: this algorithm is not in the emulator.")

    def test_it_is_a_400(self, emulator, ee):
        body = {"expression": json.loads(ee.Image("T/RAMP").connectedPixelCount().serialize())}
        reply = requests.post(f"{emulator.url}/v1/projects/p/value:compute", json=body, timeout=10)
        assert reply.status_code == 400
        error = reply.json()["error"]
        assert error["code"] == 400
        assert error["status"] == "INVALID_ARGUMENT"
        assert "Image.connectedPixelCount" in error["message"]

    def test_a_wrong_type_says_what_was_expected(self, ee, refused):
        assert refused(ee.Number(ee.List(["x"]).get(0)).add(1)) == (
            "Number.add: argument 'left': Invalid type.\nExpected type: Number.\nActual type: String.\nActual value: x"
        )
        assert "Expected type: Image" in refused(ee.Image(ee.List([ee.Date(0)]).get(0)).bandNames())
        # A number is a constant image where an image is expected, as Earth Engine promotes it.
        assert ee.Image(1).add(ee.Image(ee.List([1]).get(0))).bandNames().getInfo() == ["constant"]

    def test_a_list_index(self, ee, refused):
        assert "List index must be between" in refused(ee.List([1]).get(5))

    def test_a_missing_key(self, ee, refused):
        assert refused(ee.Dictionary({"a": 1}).get("b")) == "Dictionary.get: Dictionary does not contain key: 'b'."

    def test_a_null_where_an_image_is_needed(self, ee, refused):
        message = refused(ee.Image(ee.ImageCollection([]).first()).select("x"))
        assert message == "Image.select: Parameter 'input' is required and may not be null."

    def test_a_bad_date(self, ee, refused):
        assert "Invalid date: 'yesterday'" in refused(ee.Date("yesterday"))

    def test_a_deep_graph_is_answered(self, ee):
        image = ee.Image("T/RAMP")
        for _ in range(300):
            image = image.add(1)
        assert image.bandNames().getInfo() == ["z"]

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"[]",
            b"{}",
            b'{"expression": {"values": {}, "result": "0"}}',
            b'{"expression": {"values": {"0": {"zzz": 1}}, "result": "0"}}',
            b'{"expression": {"values": {"0": {"valueReference": "1"}}, "result": "0"}}',
            b'{"expression": {"values": {"0": {"valueReference": "0"}}, "result": "0"}}',
            b'{"expression": {"values": {"0": {"argumentReference": "x"}}, "result": "0"}}',
            b'{"expression": {"values": {"0": {"functionInvocationValue": {"functionName": "No"}}}, "result": "0"}}',
        ],
    )
    def test_bodies_that_are_no_expression(self, emulator, body):
        reply = requests.post(f"{emulator.url}/v1/projects/p/value:compute", data=body, timeout=30)
        assert reply.status_code == 400
        assert reply.json()["error"]["status"] == "INVALID_ARGUMENT"

    def test_a_path_that_is_not_there(self, emulator):
        reply = requests.post(f"{emulator.url}/v1/projects/p/videoThumbnails", json={}, timeout=10)
        assert reply.status_code == 404
        assert "is not in the emulator" in reply.json()["error"]["message"]
