"""Bands: choosing, naming, joining, linking, describing."""

from __future__ import annotations

import numpy as np
import pytest

from emulator_support import COUNT, SIZE, grid, stack

X, N = stack()


def names(image):
    return image.bandNames().getInfo()


def test_select_by_name_index_and_pattern(ee, refused):
    image = ee.Image([1, 2, 3]).rename(["B2", "B3", "QA"])
    assert names(image.select("B3")) == ["B3"]
    assert names(image.select(0, 2)) == ["B2", "QA"]
    assert names(image.select("B.*")) == ["B2", "B3"]
    assert names(image.select(["QA", "B.*"])) == ["QA", "B2", "B3"]
    assert names(image.select(["QA", "B2"], ["q", "b"])) == ["q", "b"]
    assert names(image.select(-1)) == ["QA"]
    message = refused(image.select("VV"))
    assert message == "Image.select: Band pattern 'VV' did not match any bands. Available bands: [B2, B3, QA]"
    assert "out of range" in refused(image.select(3))


def test_rename(ee, refused):
    assert names(ee.Image([1, 2]).rename("a", "b")) == ["a", "b"]
    assert "must match the number of bands" in refused(ee.Image([1, 2]).rename(["a"]))
    assert "Duplicate" in refused(ee.Image([1, 2]).rename(["a", "a"]))
    assert names(ee.Image([1, 2]).rename(["x_1", "x_2"]).regexpRename("x_(.)", "b$1")) == ["b1", "b2"]


def test_add_bands(ee, pixels):
    image = ee.Image(1).rename("a")
    assert names(image.addBands(ee.Image([2, 3]).rename(["a", "b"]))) == ["a", "a_1", "b"]
    assert names(image.addBands(image).addBands(image)) == ["a", "a_1", "a_2"]
    over = image.addBands(ee.Image([2, 3]).rename(["a", "b"]), overwrite=True)
    found = pixels(over, grid(1, 1))
    assert found[0, 0].tolist() == (2, 3)
    assert names(image.addBands(ee.Image([2, 3]).rename(["p", "q"]), ["q"])) == ["a", "q"]


def test_add_the_bands_of_a_composite_of_nothing(ee, pixels):
    nothing = ee.Image.constant([0, 0]).rename(["a", "b"]).updateMask(0)
    empty = ee.ImageCollection("T/STACK").filterDate("1999-01-01", "1999-02-01")
    image = nothing.addBands(empty.median(), None, True)
    assert names(image) == ["a", "b"]
    assert pixels(image.mask(), grid(1, 1))[0, 0].tolist() == (0, 0)
    assert pixels(image.unmask(7), grid(1, 1))[0, 0].tolist() == (7, 7)


def test_add_the_bands_of_a_composite(ee, pixels):
    """In the order of the image that they are added to, and of their own type."""
    nothing = ee.Image.constant([0, 0]).rename(["a", "b"]).updateMask(0)
    images = ee.ImageCollection([ee.Image([n, 10 * n]).rename(["b", "a"]) for n in (1, 2, 4)])
    image = nothing.addBands(images.median(), None, True)
    assert names(image) == ["a", "b"]
    assert pixels(image.addBands(image.mask()), grid(1, 1))[0, 0].tolist() == (20, 2, 1, 1)
    kinds = {b["id"]: b["data_type"]["precision"] for b in image.getInfo()["bands"]}
    assert kinds == {"a": "double", "b": "double"}
    part = nothing.addBands(images.select("b").median(), None, True)
    assert pixels(part.unmask(7), grid(1, 1))[0, 0].tolist() == (7, 2)


def test_cat_and_constants(ee):
    assert names(ee.Image([1, 2, 3])) == ["constant", "constant_1", "constant_2"]
    assert names(ee.Image.cat([ee.Image("T/TWO"), ee.Image("T/TWO"), 5])) == ["a", "b", "a_1", "b_1", "constant"]
    assert names(ee.Image.cat([ee.Image("T/TWO"), 5]).slice(1, 3)) == ["b", "constant"]


def test_cast_of_some_bands(ee):
    image = ee.Image("T/TWO").cast({"a": "double", "new": "uint8"}, ["new", "a", "b"])
    kinds = {b["id"]: b["data_type"]["precision"] for b in image.getInfo()["bands"]}
    assert kinds == {"new": "int", "a": "double", "b": "int"}


def test_metadata_becomes_a_band(ee, values):
    found = values(ee.Image("T/STACK/s3").metadata("cloud"), grid(1, 1))
    assert found[0, 0] == 31.5
    assert found.dtype == np.float64


def test_to_bands_prefixes_with_the_index(ee, pixels):
    found = pixels(ee.ImageCollection("T/STACK").toBands())
    assert found.dtype.names == tuple(f"s{i}_x" for i in range(COUNT))
    np.testing.assert_array_equal(found["s4_x"], np.nan_to_num(X[4]))


class TestLinkCollection:
    def test_bands_of_the_same_index(self, ee, pixels):
        linked = ee.ImageCollection("T/STACK").linkCollection(ee.ImageCollection("T/QUALITY"), ["q"])
        image = ee.Image(linked.filter(ee.Filter.eq("system:index", "s3")).first())
        found = pixels(image)
        assert found.dtype.names == ("x", "q")
        assert (found["q"] == 0.75).all()

    def test_no_match_gives_masked_bands(self, ee, values):
        linked = ee.ImageCollection("T/STACK").linkCollection(ee.ImageCollection("T/QUALITY"), ["q"])
        image = ee.Image(linked.filter(ee.Filter.eq("system:index", "s2")).first())
        assert (values(image.select("q").mask()) == 0).all()

    def test_masking_by_a_linked_band(self, ee, values):
        linked = ee.ImageCollection("T/STACK").linkCollection(ee.ImageCollection("T/QUALITY"), ["q"])
        clear = linked.map(lambda i: i.select("x").updateMask(i.select("q").gte(0.6)))
        expected = (~np.isnan(X[[3, 4]])).sum(axis=0)
        np.testing.assert_array_equal(values(clear.count().unmask(0)), expected)

    def test_properties_and_another_key(self, ee):
        image = ee.Image("T/STACK/s3").linkCollection(
            ee.ImageCollection("T/BYTES"), linkedProperties=["cloud"], matchPropertyName="number"
        )
        assert image.get("cloud").getInfo() == 31.5

    def test_filters_of_the_linked_collection_hold(self, ee, values):
        later = ee.ImageCollection("T/QUALITY").filter(ee.Filter.neq("system:index", "s3"))
        image = ee.Image("T/STACK/s3").linkCollection(later, ["q"])
        assert (values(image.select("q").mask()) == 0).all()


def test_get_info_of_an_image(ee):
    info = ee.Image("T/TWO").getInfo()
    assert info["type"] == "Image"
    assert info["id"] == "T/TWO"
    assert info["properties"]["name"] == "two"
    assert info["properties"]["system:index"] == "TWO"
    assert info["properties"]["system:footprint"]["type"] == "Polygon"
    assert info["bands"][0] == {
        "id": "a",
        "data_type": {"type": "PixelType", "precision": "int", "min": -32768, "max": 32767},
        "dimensions": [SIZE, SIZE],
        "crs": "EPSG:32632",
        "crs_transform": [10, 0, 290000, 0, -10, 5514000],
    }


def test_properties(ee):
    two = ee.Image("T/TWO")
    assert two.set("k", 5).get("k").getInfo() == 5
    assert two.set({"a": 1, "b": "x"}).toDictionary(["a", "b", "k"]).getInfo() == {"a": 1, "b": "x", "k": 1}
    assert set(two.propertyNames().getInfo()) >= {"k", "name", "system:index", "system:footprint"}
    assert two.get("nothing").getInfo() is None
    copied = ee.Image(3).copyProperties(ee.Image("T/STACK/s1"), ["system:time_start", "pass"])
    assert ee.Image(copied).date().format("YYYY-MM-dd").getInfo() == "2020-02-01"
    assert ee.Image(3).copyProperties(two).get("k").getInfo() == 1
    assert ee.Image(3).copyProperties(two, exclude=["k"]).get("k").getInfo() is None


@pytest.mark.parametrize("make", [lambda ee: ee.Image("T/NO"), lambda ee: ee.ImageCollection("T/NO").size()])
def test_an_asset_that_is_not_there(ee, refused, make):
    assert "asset 'T/NO' not found (does not exist or caller does not have access)." in refused(make(ee))


def test_an_asset_of_the_wrong_kind(ee, refused):
    assert "is not an Image" in refused(ee.Image("T/STACK"))
    assert "is not an ImageCollection" in refused(ee.ImageCollection("T/RAMP").size())
