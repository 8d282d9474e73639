"""What images and collections are called and know of themselves: ids and properties, of collections too."""

from __future__ import annotations

import pytest


class TestIds:
    @pytest.mark.parametrize(
        "keep",
        [
            lambda ee, i: i.select(["a"]),
            lambda ee, i: i.rename(["c", "d"]),
            lambda ee, i: i.addBands(ee.Image(1)),
            lambda ee, i: i.updateMask(1),
            lambda ee, i: i.unmask(0),
            lambda ee, i: i.clip(i.geometry()),
            lambda ee, i: i.toFloat(),
            lambda ee, i: i.resample("bilinear"),
            lambda ee, i: i.reproject("EPSG:3857", None, 10),
            lambda ee, i: i.set("k", 2),
        ],
    )
    def test_what_keeps_properties_keeps_the_id(self, ee, keep):
        info = keep(ee, ee.Image("T/TWO")).getInfo()
        assert info["id"] == "T/TWO"
        assert info["properties"]["name"] == "two"

    @pytest.mark.parametrize("drop", [lambda i: i.add(1), lambda i: i.abs(), lambda i: i.reduce("sum")])
    def test_arithmetic_keeps_neither(self, ee, drop):
        info = drop(ee.Image("T/TWO")).getInfo()
        assert "id" not in info
        assert "name" not in info.get("properties", {})

    def test_an_id_can_be_set(self, ee):
        image = ee.Image("T/TWO").add(1).set({"system:id": "A/B", "k": 2})
        info = image.getInfo()
        assert (info["id"], info["properties"]["k"]) == ("A/B", 2)
        assert "system:id" not in info["properties"]
        assert image.get("system:id").getInfo() == "A/B"
        assert "id" not in image.set("system:id", None).getInfo()


class TestCollections:
    def test_have_properties(self, ee):
        images = ee.ImageCollection("T/STACK")
        assert images.get("system:id").getInfo() == "T/STACK"
        assert images.get("nothing").getInfo() is None
        named = images.set("title", "five", "number", 5)
        assert named.toDictionary().getInfo() == {"title": "five", "number": 5}
        assert set(named.propertyNames().getInfo()) >= {"title", "number"}
        assert named.size().getInfo() == 5
        assert named.set("title", None).toDictionary().getInfo() == {"number": 5}

    def test_keep_them_when_filtered(self, ee):
        named = ee.ImageCollection("T/STACK").set("title", "five").filter(ee.Filter.gt("number", 2))
        assert named.get("title").getInfo() == "five"
        assert named.get("system:id").getInfo() == "T/STACK"
        assert named.mosaic().bandNames().getInfo() == ["x"]

    def test_their_id_can_be_set(self, ee):
        images = ee.ImageCollection([ee.Image(1), ee.Image(2)]).set("system:id", "C/D")
        assert images.get("system:id").getInfo() == "C/D"
        assert images.getInfo()["id"] == "C/D"

    def test_give_and_take_properties(self, ee):
        image = ee.Image(1).copyProperties(ee.ImageCollection("T/STACK").set("title", "five"))
        assert image.get("title").getInfo() == "five"
        images = ee.ImageCollection("T/STACK").copyProperties(ee.Image("T/TWO"), ["name"])
        assert images.get("name").getInfo() == "two"


class TestReducersOfObjects:
    def test_the_first_that_is_there(self, ee):
        nothing = ee.ImageCollection("T/STACK").filter(ee.Filter.eq("number", 99)).first()
        found = ee.List([nothing, ee.Image("T/TWO"), ee.Image("T/RAMP")]).reduce(ee.Reducer.firstNonNull())
        assert ee.Image(found).bandNames().getInfo() == ["a", "b"]
        last = ee.List([ee.Image("T/TWO"), ee.Image("T/RAMP")]).reduce(ee.Reducer.last())
        assert ee.Image(last).bandNames().getInfo() == ["z"]
        assert ee.List(["x", "y"]).reduce(ee.Reducer.first()).getInfo() == "x"

    def test_what_needs_numbers_says_what_it_got(self, ee, refused):
        assert "takes numbers, found Image" in refused(ee.List([ee.Image(1)]).reduce(ee.Reducer.mean()))

    def test_lists_of_several_columns(self, ee):
        reducer = ee.Reducer.toList().repeat(2)
        found = ee.ImageCollection("T/STACK").reduceColumns(reducer, ["system:id", "number"]).getInfo()
        assert found == {"list": [[f"T/STACK/s{i}" for i in range(5)], [0, 1, 2, 3, 4]]}
        empty = ee.ImageCollection([]).reduceColumns(reducer, ["a", "b"]).getInfo()
        assert empty == {"list": [[], []]}
