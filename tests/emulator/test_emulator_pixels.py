"""Requests for pixels: formats, grids, limits, getPixels, assets and listings."""

from __future__ import annotations

import io

import numpy as np
import pytest
import rasterio

from emulator_support import CRS, LEFT, SIZE, TOP, grid, stack

X, N = stack()
RAMP = np.arange(SIZE * SIZE, dtype=np.int16).reshape(SIZE, SIZE)


def request(ee, image, form, where=None):
    return ee.data.computePixels({"expression": image, "fileFormat": form, "grid": where or grid()})


class TestNpy:
    def test_a_field_for_each_band_with_its_type(self, ee, pixels):
        image = ee.Image("T/STACK/s0").addBands(ee.Image("T/BYTES/s0")).addBands(ee.Image("T/RAMP").toDouble())
        found = pixels(image)
        assert found.dtype == np.dtype([("x", "<f4"), ("n", "u1"), ("z", "<f8")])
        assert found.shape == (SIZE, SIZE)

    def test_raw_bytes(self, ee):
        data = request(ee, ee.Image("T/RAMP"), "NPY")
        found = np.load(io.BytesIO(data))
        assert found.dtype == np.dtype([("z", "<i2")])
        np.testing.assert_array_equal(found["z"], RAMP)

    def test_shapes_are_rows_by_columns(self, ee, pixels):
        assert pixels(ee.Image(1), grid(7, 3)).shape == (3, 7)


class TestGeoTiff:
    def test_values_transform_and_crs(self, ee):
        data = request(ee, ee.Image("T/TWO"), "GEO_TIFF")
        with rasterio.MemoryFile(data).open() as found:
            assert found.crs == CRS
            assert tuple(found.transform)[:6] == (10, 0, LEFT, 0, -10, TOP)
            assert found.descriptions == ("a", "b")
            np.testing.assert_array_equal(found.read(), np.stack([RAMP, -RAMP]))

    def test_one_type_for_all_bands(self, ee):
        data = request(ee, ee.Image("T/RAMP").addBands(ee.Image("T/STACK/s0")), "GEO_TIFF")
        with rasterio.MemoryFile(data).open() as found:
            assert set(found.dtypes) == {"float32"}
            np.testing.assert_array_equal(found.read(2), np.nan_to_num(X[0]))


class TestLimits:
    def test_bytes_are_counted_with_a_mask_byte(self, ee, pixels):
        # 4096 x 4096 pixels of two bytes and one of mask are 48 MiB exactly.
        image = ee.Image("T/RAMP")
        assert pixels(image.select("z"), grid(4096, 4096)).nbytes == 2 * 4096**2
        with pytest.raises(ee.EEException) as caught:
            pixels(image, grid(4096, 4097))
        assert str(caught.value) == (
            f"Total request size ({4096 * 4097 * 3} bytes) must be less than or equal to 50331648 bytes."
        )

    def test_bands_add_up(self, ee, pixels):
        image = ee.Image("T/STACK/s0").addBands(ee.Image("T/BYTES/s0"))
        with pytest.raises(ee.EEException, match=rf"Total request size \({3000 * 3000 * 7} bytes\)"):
            pixels(image, grid(3000, 3000))

    def test_pixels_a_side(self, ee, pixels):
        with pytest.raises(ee.EEException) as caught:
            pixels(ee.Image(1), grid(40818, 1))
        assert str(caught.value) == "Pixel grid dimensions (40818x1) must be less than or equal to 32768."
        assert pixels(ee.Image(1), grid(32768, 1)).shape == (1, 32768)

    def test_bands(self, ee, pixels):
        many = ee.Image.constant([1] * 1025)
        with pytest.raises(ee.EEException, match="too many bands"):
            pixels(many, grid(1, 1))


class TestGrids:
    def test_band_ids(self, ee, pixels):
        assert pixels(ee.Image("T/TWO"), bandIds=["b"]).dtype.names == ("b",)

    def test_native_grid_by_default(self, ee):
        found = ee.data.computePixels({"expression": ee.Image("T/RAMP"), "fileFormat": "NUMPY_NDARRAY"})
        np.testing.assert_array_equal(found["z"], RAMP)

    @pytest.mark.parametrize(
        ("where", "message"),
        [
            ({"dimensions": {"width": 0, "height": 5}}, "Invalid pixel grid width"),
            ({"dimensions": {"width": 5}}, "Invalid pixel grid height"),
            ({"crsCode": "EPSG:3857", "dimensions": {"width": 5, "height": 5}}, "no affineTransform"),
            ({**grid(), "affineTransform": {"scaleX": 0, "scaleY": 0}}, "not invertible"),
            ({**grid(), "affineTransform": {"scale": 10}}, "unknown member"),
            ({**grid(), "crsCode": "EPSG:0"}, "could not be parsed"),
        ],
    )
    def test_grids_that_cannot_be(self, ee, where, message):
        with pytest.raises(ee.EEException, match=message):
            ee.data.computePixels({"expression": ee.Image("T/RAMP"), "fileFormat": "NPY", "grid": where})

    def test_other_formats_are_refused(self, ee):
        with pytest.raises(ee.EEException, match="File format TF_RECORD_IMAGE is not in the emulator"):
            request(ee, ee.Image(1), "TFRECORD")

    def test_an_expression_must_be_an_image(self, ee):
        with pytest.raises(ee.EEException, match="must be an Image"):
            ee.data.computePixels({"expression": ee.Number(1), "fileFormat": "NPY", "grid": grid()})


class TestGetPixels:
    def test_the_whole_asset(self, ee):
        found = ee.data.getPixels({"assetId": "T/TWO", "fileFormat": "NUMPY_NDARRAY"})
        np.testing.assert_array_equal(found["b"], -RAMP)

    def test_a_window_and_a_band(self, ee):
        where = grid(10, 10, left=LEFT + 100)
        found = ee.data.getPixels({"assetId": "T/TWO", "fileFormat": "NUMPY_NDARRAY", "grid": where, "bandIds": ["a"]})
        np.testing.assert_array_equal(found["a"], RAMP[:10, 10:20])

    def test_a_region(self, ee):
        box = {
            "type": "Polygon",
            "crs": CRS,
            "coordinates": [[[LEFT + 100, TOP - 200], [LEFT + 200, TOP - 200], [LEFT + 200, TOP], [LEFT + 100, TOP]]],
        }
        found = ee.data.getPixels({"assetId": "T/RAMP", "fileFormat": "NUMPY_NDARRAY", "region": box})
        assert abs(found.shape[0] - 20) <= 1
        assert abs(found.shape[1] - 10) <= 1

    def test_an_asset_that_is_not_there(self, ee):
        with pytest.raises(ee.EEException, match="not found"):
            ee.data.getPixels({"assetId": "T/NO", "fileFormat": "NPY"})


class TestAssets:
    def test_get_an_image(self, ee):
        found = ee.data.getAsset("T/STACK/s1")
        assert found["type"] == "IMAGE"
        assert found["name"] == "projects/earthengine-public/assets/T/STACK/s1"
        assert found["id"] == "T/STACK/s1"
        assert found["startTime"] == "2020-02-01T00:00:00.000000Z"
        assert found["properties"]["cloud"] == 10.5
        band = found["bands"][0]
        assert band["id"] == "x"
        assert band["dataType"] == {"precision": "FLOAT"}
        assert band["grid"]["crsCode"] == CRS
        assert band["grid"]["affineTransform"]["translateX"] == LEFT

    def test_get_a_collection_and_a_folder(self, ee):
        assert ee.data.getAsset("T/STACK")["type"] == "IMAGE_COLLECTION"
        with pytest.raises(ee.EEException, match="not found"):
            ee.data.getAsset("T/NOTHING")

    def test_list(self, ee):
        found = ee.data.listAssets("T/STACK")["assets"]
        assert [a["id"] for a in found] == [f"T/STACK/s{i}" for i in range(5)]
        assert {a["id"] for a in ee.data.listAssets("T")["assets"]} >= {"T/STACK", "T/RAMP"}

    def test_list_by_pages(self, ee):
        first = ee.data.listAssets({"parent": "T/STACK", "pageSize": 2})
        assert [a["id"] for a in first["assets"]] == ["T/STACK/s0", "T/STACK/s1"]
        second = ee.data.listAssets({"parent": "T/STACK", "pageSize": 2, "pageToken": first["nextPageToken"]})
        assert [a["id"] for a in second["assets"]] == ["T/STACK/s2", "T/STACK/s3"]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ('startTime >= "2020-02-01T00:00:00Z" AND endTime < "2020-04-01T00:00:00Z"', [1, 2]),
            ("properties.number > 2", [3, 4]),
            ('properties.pass = "DESCENDING"', [1, 3]),
            ("intersects(\"{'type':'Point','coordinates':[6.09,49.739]}\")", [0, 1, 2, 3, 4]),
            ("intersects(\"{'type':'Point','coordinates':[0,0]}\")", []),
        ],
    )
    def test_list_with_a_filter(self, ee, text, expected):
        found = ee.data.listAssets({"parent": "T/STACK", "filter": text})["assets"]
        assert [a["id"] for a in found] == [f"T/STACK/s{i}" for i in expected]

    def test_list_images_of_the_client(self, ee):
        found = ee.data.listImages({"parent": "T/STACK", "startTime": "2020-04-01T00:00:00.000Z"})["images"]
        assert [a["id"] for a in found] == ["T/STACK/s3", "T/STACK/s4"]

    def test_a_parent_that_is_not_there(self, ee):
        with pytest.raises(ee.EEException, match="not found"):
            ee.data.listAssets("NO/SUCH")

    def test_a_filter_that_cannot_be_read(self, ee):
        with pytest.raises(ee.EEException, match="Invalid filter"):
            ee.data.listAssets({"parent": "T/STACK", "filter": "size ~ 3"})
