"""Downloads: registered by the client's getDownloadId, fetched from the URL it gives."""

from __future__ import annotations

import io
import zipfile
from contextlib import contextmanager

import numpy as np
import pytest
import rasterio
import requests

from emulator_support import CRS, LEFT, SIZE, TOP, grid, stack
from eo_ingest.emulator.downloads import Downloads
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.image import constant_image

X, N = stack()
RAMP = np.arange(SIZE * SIZE, dtype=np.int16).reshape(SIZE, SIZE)


@contextmanager
def opened(content):
    """A raster file of bytes."""
    with rasterio.MemoryFile(content) as memory, memory.open() as file:
        yield file


@pytest.fixture
def get(ee):
    """What a download URL gives."""

    def fetch(image, **params):
        reply = requests.get(ee.Image(image).getDownloadURL(params), timeout=60)
        assert reply.status_code == 200, reply.text
        return reply

    return fetch


@pytest.fixture
def tiff(get):
    """The values, transform, CRS and nodata value of a downloaded GeoTIFF."""

    def fetch(image, **params):
        with opened(get(image, format="GEO_TIFF", **params).content) as file:
            return file.read(), tuple(file.transform)[:6], file.crs, file.nodata

    return fetch


def rectangle(ee, left, top, right, bottom):
    """A region by its edges, in pixels of the test images."""
    edges = [LEFT + 10 * left, TOP - 10 * bottom, LEFT + 10 * right, TOP - 10 * top]
    return ee.Geometry.Rectangle(edges, CRS, False)


class TestGrids:
    def test_the_images_own_pixels(self, ee, tiff):
        values, transform, crs, _ = tiff(ee.Image("T/RAMP"))
        assert (transform, crs) == ((10, 0, LEFT, 0, -10, TOP), CRS)
        np.testing.assert_array_equal(values[0], RAMP)

    def test_a_region_of_them(self, ee, tiff):
        values, transform, _, _ = tiff(ee.Image("T/RAMP"), region=rectangle(ee, 10, 20, 30, 50))
        assert transform == (10, 0, LEFT + 100, 0, -10, TOP - 200)
        np.testing.assert_array_equal(values[0], RAMP[20:50, 10:30])

    def test_an_exact_rectangle(self, ee, tiff):
        """A CRS, a transform and dimensions are the grid: what geedim asks for."""
        where = [20, 0, LEFT + 40, 0, -20, TOP - 60]
        values, transform, _, _ = tiff(ee.Image("T/RAMP"), crs=CRS, crs_transform=where, dimensions=[7, 5])
        assert transform == tuple(where)
        expected = ee.data.computePixels(
            {
                "expression": ee.Image("T/RAMP").reproject(CRS, where),
                "fileFormat": "NUMPY_NDARRAY",
                "grid": grid(7, 5, left=LEFT + 40, top=TOP - 60, scale=20.0),
            }
        )
        np.testing.assert_array_equal(values[0], expected["z"])

    @pytest.mark.parametrize("transform", [[10, 0, LEFT, 0, 10, TOP - 640], [10, 0, LEFT, 0, -10, TOP]])
    def test_rows_may_run_either_way(self, ee, tiff, transform):
        values, found, _, _ = tiff(ee.Image("T/RAMP"), crs=CRS, crs_transform=transform, dimensions=[SIZE, SIZE])
        assert found == tuple(transform)
        np.testing.assert_array_equal(values[0], RAMP[::-1] if transform[4] > 0 else RAMP)

    def test_a_region_in_so_many_pixels(self, ee, tiff, pixels):
        """What geetiles asks for: the region's box in degrees."""
        region = ee.Geometry.Polygon([[6.084, 49.741], [6.084, 49.743], [6.087, 49.743], [6.087, 49.741]])
        values, transform, crs, _ = tiff(ee.Image("T/RAMP"), region=region, dimensions="60x50", crs="EPSG:4326")
        assert values.shape == (1, 50, 60)
        assert crs == "EPSG:4326"
        assert transform == pytest.approx((0.003 / 60, 0, 6.084, 0, -0.002 / 50, 49.743), abs=1e-12)
        members = ("scaleX", "shearX", "translateX", "shearY", "scaleY", "translateY")
        there = {
            "dimensions": {"width": 60, "height": 50},
            "affineTransform": dict(zip(members, transform, strict=True)),
            "crsCode": "EPSG:4326",
        }
        np.testing.assert_array_equal(values[0], pixels(ee.Image("T/RAMP"), there)["z"])

    @pytest.mark.parametrize(("dimensions", "shape"), [(40, (20, 40)), ("40", (20, 40)), ([12, 34], (34, 12))])
    def test_a_number_is_the_longer_side(self, ee, tiff, dimensions, shape):
        values, transform, _, _ = tiff(ee.Image("T/RAMP"), region=rectangle(ee, 0, 0, 40, 20), dimensions=dimensions)
        assert values.shape[1:] == shape
        assert transform[:3] == (400 / shape[1], 0, LEFT)

    def test_a_scale_keeps_the_grids_origin(self, ee, tiff):
        values, transform, _, _ = tiff(ee.Image("T/RAMP"), region=rectangle(ee, 11, 21, 29, 49), scale=40)
        assert transform == (40, 0, LEFT + 80, 0, -40, TOP - 200)
        assert values.shape == (1, 8, 6)

    def test_a_scale_in_another_crs_counts_from_its_origin(self, ee, tiff):
        region = rectangle(ee, 10, 10, 30, 30)
        _, transform, crs, _ = tiff(ee.Image("T/RAMP"), region=region, crs="EPSG:3035", scale=25)
        assert crs == "EPSG:3035"
        assert (transform[0], transform[4]) == (25, -25)
        assert (transform[2] % 25, transform[5] % 25) == (0, 0)

    def test_a_region_may_be_larger_than_the_image(self, ee, tiff):
        values, transform, _, _ = tiff(ee.Image("T/RAMP").toInt16(), region=rectangle(ee, -10, -10, 80, 80), scale=10)
        assert transform == (10, 0, LEFT - 100, 0, -10, TOP + 100)
        assert values.shape == (1, 90, 90)
        np.testing.assert_array_equal(values[0, 10:74, 10:74], RAMP)
        outside = np.ones((90, 90), bool)
        outside[10:74, 10:74] = False
        assert (values[0][outside] == -32768).all()

    def test_composites_run_south(self, ee, tiff):
        composite = ee.ImageCollection("T/STACK").mean()
        values, transform, crs, _ = tiff(composite, region=rectangle(ee, 0, 0, 64, 64), scale=10)
        assert crs == "EPSG:4326"
        assert transform[4] < 0 < transform[0]
        assert np.ptp(values) > 0

    def test_no_region_and_no_pixels_of_its_own(self, ee):
        with pytest.raises(ee.EEException, match="no pixels of its own"):
            ee.Image(1).getDownloadURL({"format": "GEO_TIFF"})

    def test_a_region_beside_the_image(self, ee):
        with pytest.raises(ee.EEException, match="nothing is left of it"):
            ee.Image("T/RAMP").getDownloadURL({"region": [0, 0, 1, 1], "format": "GEO_TIFF"})


class TestFormats:
    def test_numpy(self, ee, get):
        reply = get(ee.Image("T/TWO"), format="NPY", name="two")
        found = np.load(io.BytesIO(reply.content))
        np.testing.assert_array_equal(found["b"], -RAMP)
        assert reply.headers["Content-Disposition"] == "attachment; filename=two.npy"

    def files(self, reply):
        assert reply.headers["Content-Type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def test_an_archive_of_one_file(self, ee, get):
        found = self.files(get(ee.Image("T/TWO"), filePerBand=False))
        assert list(found) == ["TWO.tif"]
        with opened(found["TWO.tif"]) as file:
            assert file.descriptions == ("a", "b")
            np.testing.assert_array_equal(file.read(), np.stack([RAMP, -RAMP]))

    def test_an_archive_with_a_file_for_each_band_by_default(self, ee, get):
        """Each in its own pixels."""
        image = ee.Image("T/RAMP").addBands(ee.Image("T/COARSE"))
        reply = get(image, name="scene 1")
        found = self.files(reply)
        assert list(found) == ["scene_1.z.tif", "scene_1.c.tif"]
        assert reply.headers["Content-Disposition"] == "attachment; filename=scene_1.zip"
        shapes = []
        for content in found.values():
            with opened(content) as file:
                shapes.append((file.shape, file.transform.a, file.dtypes))
        assert shapes == [((64, 64), 10, ("int16",)), ((32, 32), 20, ("float32",))]

    def test_bands_may_differ_in_scale(self, ee, get):
        bands = [{"id": "a", "scale": 20}, {"id": "b"}]
        found = self.files(get(ee.Image("T/TWO"), bands=bands, region=rectangle(ee, 0, 0, 64, 64), scale=40))
        sizes = {}
        for name, content in found.items():
            with opened(content) as file:
                sizes[name] = file.shape
        assert sizes == {"TWO.a.tif": (32, 32), "TWO.b.tif": (16, 16)}

    def test_some_bands(self, ee, get):
        found = self.files(get(ee.Image("T/TWO").add(1), bands=["b"]))
        assert list(found) == ["download.b.tif"]

    def test_the_same_request_gives_the_same_bytes(self, ee, get):
        assert get(ee.Image("T/TWO")).content == get(ee.Image("T/TWO")).content


class TestMaskedPixels:
    def test_are_zero(self, ee, tiff):
        values, _, _, nodata = tiff(ee.Image("T/STACK/s0"))
        assert nodata is None
        np.testing.assert_array_equal(values[0], np.nan_to_num(X[0]))

    @pytest.mark.parametrize(
        ("cast", "dtype", "nodata"),
        [
            ("toByte", "uint8", 0),
            ("toInt8", "int8", -128),
            ("toInt16", "int16", -32768),
            ("toUint32", "uint32", 0),
            ("toFloat", "float32", -np.inf),
            ("toDouble", "float64", -np.inf),
            ("toInt64", "float64", -np.inf),
        ],
    )
    def test_are_the_types_smallest_number_after_a_cast(self, ee, tiff, cast, dtype, nodata):
        values, _, _, declared = tiff(getattr(ee.Image("T/STACK/s0").abs(), cast)())
        assert (declared, values.dtype) == (nodata, dtype)
        assert (values[0][np.isnan(X[0])] == nodata).all()

    def test_a_band_that_was_not_cast_keeps_all_from_it(self, ee, tiff):
        image = ee.Image("T/STACK/s0").toFloat().addBands(ee.Image("T/STACK/s1"))
        assert tiff(image)[3] is None


class TestLimits:
    """Before a pixel is computed: when the URL is asked for."""

    def ask(self, ee, image, width, height):
        params = {"crs": CRS, "crs_transform": [10, 0, LEFT, 0, -10, TOP], "dimensions": [width, height]}
        return image.getDownloadURL({**params, "format": "GEO_TIFF"})

    def test_pixels_a_side(self, ee):
        assert self.ask(ee, ee.Image(1).toByte(), 10_000, 2)
        with pytest.raises(ee.EEException) as caught:
            self.ask(ee, ee.Image(1).toByte(), 10_001, 2)
        assert str(caught.value) == "Pixel grid dimensions (10001x2) must be less than or equal to 10000."

    def test_bytes_of_values(self, ee):
        assert self.ask(ee, ee.Image(1).toFloat(), 4096, 2048)
        with pytest.raises(ee.EEException) as caught:
            self.ask(ee, ee.Image(1).toFloat(), 4096, 2049)
        assert str(caught.value) == (
            f"Total request size ({4096 * 2049 * 4} bytes) must be less than or equal to 33554432 bytes."
        )

    def test_bytes_of_values_and_masks(self, ee):
        assert self.ask(ee, ee.Image(1).toByte(), 6144, 4096)
        with pytest.raises(ee.EEException, match="must be less than or equal to 50331648 bytes"):
            self.ask(ee, ee.Image(1).toByte(), 6144, 4097)

    def test_bands(self, ee):
        with pytest.raises(ee.EEException, match="too many bands"):
            self.ask(ee, ee.Image.constant([1] * 1025).toByte(), 1, 1)

    def test_an_expression_that_fails(self, ee):
        with pytest.raises(ee.EEException, match="did not match any bands"):
            self.ask(ee, ee.Image("T/TWO").select("c"), 1, 1)


class TestNames:
    def test_equal_requests_have_one(self, ee):
        first, second = (ee.data.getDownloadId({"image": ee.Image("T/RAMP")})["docid"] for _ in range(2))
        assert first == second
        assert first.startswith("projects/emulator/thumbnails/")
        assert first != ee.data.getDownloadId({"image": ee.Image("T/TWO")})["docid"]

    def test_one_that_was_never_given(self, emulator):
        reply = requests.get(f"{emulator.url}/v1/projects/p/thumbnails/0-0:getPixels", timeout=10)
        assert reply.status_code == 404
        assert "not found" in reply.json()["error"]["message"]

    def test_the_oldest_are_forgotten(self):
        image = constant_image(1)
        requests_of = [{"fileFormat": "NPY", "grid": {"dimensions": {"width": 1, "height": n}}} for n in range(1, 6)]
        downloads = Downloads(lambda _body: image, kept=150)
        names = [downloads.create("p", body)["name"].rpartition("/")[2] for body in requests_of]
        with pytest.raises(EarthEngineError, match="not found"):
            downloads.pixels("p", names[0], memory=1000)
        reply, name = downloads.pixels("p", names[-1], memory=1000)
        assert np.load(io.BytesIO(reply.content)).shape == (5, 1)
        assert name == "download.npy"

    def test_a_workload_tag_is_accepted(self, ee, get):
        with ee.data.workloadTagContext("tests"):
            assert get(ee.Image("T/RAMP"), format="NPY").content
