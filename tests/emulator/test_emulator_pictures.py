"""Images as colours: visualize, thumbnails, and pixels as PNG and JPEG."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
import requests
from hypothesis import given
from hypothesis import strategies as st

from emulator_support import CRS, LEFT, SIZE, TOP, grid, stack
from eo_ingest.emulator import colour
from eo_ingest.emulator.errors import EarthEngineError

X, N = stack()
RAMP = np.arange(SIZE * SIZE, dtype=np.int16).reshape(SIZE, SIZE)

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def decoded(content):
    """The driver and the (band, row, column) values of a picture."""
    with rasterio.MemoryFile(content) as memory, memory.open() as file:
        return file.driver, file.read()


@pytest.fixture
def picture(ee):
    """What a thumbnail's URL gives."""

    def fetch(image, **params):
        reply = requests.get(ee.Image(image).getThumbURL(params), timeout=60)
        assert reply.status_code == 200, reply.text
        return decoded(reply.content)

    return fetch


def stretched(values, low, high):
    """Values as bytes, by the definition: halves go up."""
    return np.floor(np.clip((values.astype(float) - low) / (high - low), 0, 1) * 255 + 0.5).astype(np.uint8)


class TestVisualize:
    def test_one_band_is_grey(self, ee, pixels):
        found = pixels(ee.Image("T/RAMP").visualize(min=100, max=3000))
        assert found.dtype == [("vis-gray", "u1")]
        np.testing.assert_array_equal(found["vis-gray"], stretched(RAMP, 100, 3000))

    def test_or_three_times_grey(self, ee, pixels):
        found = pixels(ee.Image("T/RAMP").visualize(min=0, max=4095, forceRgbOutput=True))
        assert found.dtype.names == ("vis-red", "vis-green", "vis-blue")
        for name in found.dtype.names:
            np.testing.assert_array_equal(found[name], stretched(RAMP, 0, 4095))

    def test_three_bands_each_with_its_ends(self, ee, pixels):
        image = ee.Image("T/TWO").addBands(ee.Image("T/RAMP")).addBands(ee.Image(7))
        found = pixels(image.visualize(min=[0, -4000, 1000], max=[4000, 0, 2000]))
        assert found.dtype.names == ("vis-red", "vis-green", "vis-blue")
        np.testing.assert_array_equal(found["vis-red"], stretched(RAMP, 0, 4000))
        np.testing.assert_array_equal(found["vis-green"], stretched(-RAMP, -4000, 0))
        np.testing.assert_array_equal(found["vis-blue"], stretched(RAMP, 1000, 2000))

    @pytest.mark.parametrize("bands", [["b", "a", "b"], "b,a,b"])
    def test_bands_by_name(self, ee, pixels, bands):
        found = pixels(ee.Image("T/TWO").visualize(bands=bands, min=-4095, max=4095))
        np.testing.assert_array_equal(found["vis-green"], stretched(RAMP, -4095, 4095))
        np.testing.assert_array_equal(found["vis-blue"], found["vis-red"])

    def test_two_bands_are_red_and_green(self, ee, pixels):
        found = pixels(ee.Image("T/TWO").visualize(min=0, max=4095))
        np.testing.assert_array_equal(found["vis-red"], stretched(RAMP, 0, 4095))
        assert not found["vis-blue"].any()

    def test_gain_and_bias(self, ee, pixels):
        found = pixels(ee.Image("T/RAMP").visualize(gain=0.5, bias=10))["vis-gray"]
        np.testing.assert_array_equal(found, np.clip(np.floor(RAMP * 0.5 + 10 + 0.5), 0, 255))

    def test_gamma(self, ee, pixels):
        found = pixels(ee.Image("T/RAMP").visualize(min=0, max=4095, gamma=2))["vis-gray"]
        np.testing.assert_array_equal(found, np.floor(np.sqrt(RAMP / 4095) * 255 + 0.5))

    @pytest.mark.parametrize("palette", [["red", "00FF00", "#00f"], "red,00FF00,#00f"])
    def test_a_palette_is_interpolated(self, ee, pixels, palette):
        found = pixels(ee.Image("T/RAMP").visualize(min=0, max=4000, palette=palette))
        place = np.clip(RAMP / 4000, 0, 1) * 2
        np.testing.assert_allclose(found["vis-red"].astype(float), np.clip(1 - place, 0, 1) * 255, atol=0.5)
        np.testing.assert_allclose(found["vis-green"].astype(float), (1 - abs(place - 1)) * 255, atol=0.5)
        np.testing.assert_allclose(found["vis-blue"].astype(float), np.clip(place - 1, 0, 1) * 255, atol=0.5)

    def test_a_palette_of_one_colour(self, ee, pixels):
        found = pixels(ee.Image("T/RAMP").visualize(palette=["orange"]))
        assert (found["vis-red"] == 255).all()
        assert (found["vis-green"] == 165).all()

    def test_a_mask_of_any_band_is_one_of_the_colour(self, ee, values):
        image = ee.Image("T/STACK/s0").addBands([ee.Image("T/STACK/s1"), ee.Image("T/STACK/s2")])
        found = values(image.visualize(min=-10, max=10).select("vis-blue").mask())
        np.testing.assert_array_equal(found == 1, ~np.isnan(X[:3]).any(axis=0))

    def test_without_ends_a_types_range_is_stretched(self, ee, pixels):
        np.testing.assert_array_equal(
            pixels(ee.Image("T/RAMP").visualize())["vis-gray"], stretched(RAMP, -32768, 32767)
        )
        np.testing.assert_array_equal(
            pixels(ee.Image("T/BYTES/s0").unmask(0).visualize())["vis-gray"], N[0] * (N[0] != 255)
        )
        found = pixels(ee.Image("T/RAMP").divide(4095.0).visualize())["vis-gray"]
        np.testing.assert_array_equal(found, stretched(RAMP / 4095, 0, 1))

    def test_equal_ends_are_a_step(self, ee, pixels):
        found = pixels(ee.Image("T/RAMP").visualize(min=50, max=50))["vis-gray"]
        np.testing.assert_array_equal(found, np.where(RAMP >= 50, 255, 0))

    @pytest.mark.parametrize(
        ("style", "message"),
        [
            ({"bands": ["a", "b"], "palette": ["red"]}, "A palette needs a single band"),
            ({"min": [1, 2, 3]}, r"number of values of min \(3\)"),
            ({"bands": ["c"]}, "did not match any bands"),
            ({"palette": ["nocolour"], "bands": ["a"]}, "Invalid color format: 'nocolour'"),
            ({"gain": 1, "min": 0}, "gain or bias and min or max"),
            ({"gain": 0}, "must not be 0"),
            ({"gamma": 0}, "must be positive"),
            ({"opacity": 0.5}, "opacity of 0.5 is not in the emulator"),
            ({"min": "low"}, "must be a number"),
        ],
    )
    def test_what_is_refused(self, ee, refused, style, message):
        import re

        assert re.search(message, refused(ee.Image("T/TWO").visualize(**style)))

    def test_an_image_without_bands(self, ee, refused):
        assert "no bands to visualize" in refused(ee.Image("T/TWO").select([]).visualize())


class TestColours:
    @given(st.tuples(*[st.integers(0, 255)] * 3))
    def test_hexadecimal(self, rgb):
        text = "".join(f"{v:02x}" for v in rgb)
        assert colour.parse(text) == colour.parse(f"#{text.upper()}") == rgb

    def test_names_and_short_forms(self):
        assert len(colour.NAMED) == 148
        assert colour.parse("RebeccaPurple") == (102, 51, 153)
        assert colour.parse("f80") == colour.parse("#ff8800")

    @pytest.mark.parametrize("text", ["", "ff", "12345", "#1234567", "gg0000", "blau"])
    def test_what_is_none(self, text):
        with pytest.raises(EarthEngineError, match="Invalid color format"):
            colour.parse(text)


class TestThumbnails:
    def test_png(self, ee, picture):
        driver, found = picture(ee.Image("T/RAMP"), min=0, max=4095, format="png")
        assert driver == "PNG"
        np.testing.assert_array_equal(found, stretched(RAMP, 0, 4095)[None])

    def test_masked_pixels_are_transparent(self, ee, picture):
        driver, found = picture(ee.Image("T/STACK/s0"), min=-10, max=10)
        assert driver == "PNG"
        np.testing.assert_array_equal(found[1] == 255, ~np.isnan(X[0]))
        np.testing.assert_array_equal(found[0], np.where(np.isnan(X[0]), 0, stretched(np.nan_to_num(X[0]), -10, 10)))

    def test_a_picture_without_a_hole_is_a_jpeg_by_default(self, ee, picture):
        driver, found = picture(ee.Image("T/RAMP"), min=0, max=4095, palette=["black", "yellow"])
        assert driver == "JPEG"
        assert found.shape == (3, SIZE, SIZE)
        assert np.abs(found[0].astype(float) - stretched(RAMP, 0, 4095)).mean() < 3
        assert found[2].mean() < 12

    def test_jpeg_has_no_transparency(self, ee, picture):
        driver, found = picture(ee.Image("T/STACK/s0"), min=-10, max=10, format="jpg")
        assert (driver, found.shape) == ("JPEG", (1, SIZE, SIZE))

    def test_its_size(self, ee, picture):
        region = ee.Geometry.Rectangle([LEFT, TOP - 320, LEFT + 640, TOP], CRS, False)
        assert picture(ee.Image("T/RAMP"), region=region, dimensions=32, min=0, max=4095)[1].shape == (1, 16, 32)
        assert picture(ee.Image("T/RAMP"), region=region, dimensions="20x30", min=0, max=9)[1].shape == (1, 30, 20)

    def test_north_is_up_also_in_composites(self, ee, picture):
        region = ee.Geometry.Rectangle([LEFT, TOP - 640, LEFT + 640, TOP], CRS, False)
        composite = ee.ImageCollection([ee.Image("T/RAMP")]).mean()
        _, found = picture(composite, region=region, dimensions=64, min=0, max=4095, format="png")
        assert found[0, 5].mean() < found[0, -6].mean()

    def test_limits_are_those_of_downloads(self, ee):
        with pytest.raises(ee.EEException, match="must be less than or equal to 10000"):
            ee.Image("T/RAMP").getThumbURL({"dimensions": "10001x1"})

    def test_without_a_style_a_types_range_is_stretched(self, ee, picture):
        np.testing.assert_array_equal(picture(ee.Image("T/RAMP"), format="png")[1][0], stretched(RAMP, -32768, 32767))


class TestPixels:
    def ask(self, ee, image, form="PNG", **more):
        return decoded(ee.data.computePixels({"expression": image, "fileFormat": form, "grid": grid(), **more}))

    def test_png_of_computed_pixels(self, ee):
        driver, found = self.ask(ee, ee.Image("T/TWO").visualize(min=-4095, max=4095))
        assert (driver, found.shape) == ("PNG", (3, SIZE, SIZE))
        np.testing.assert_array_equal(found[0], stretched(RAMP, -4095, 4095))

    def test_visualization_options(self, ee):
        options = {"ranges": [{"min": 0, "max": 4095}], "paletteColors": ["000000", "ff0000"]}
        driver, found = self.ask(ee, ee.Image("T/TWO"), bandIds=["a"], visualizationOptions=options)
        assert driver == "PNG"
        np.testing.assert_array_equal(found[0], stretched(RAMP, 0, 4095))
        assert not found[1:].any()

    def test_visualization_options_of_an_asset_as_numpy(self, ee):
        request = {"assetId": "T/RAMP", "fileFormat": "NUMPY_NDARRAY"}
        options = {"ranges": [{"min": 0, "max": 4095}], "gamma": {"value": 2}}
        found = ee.data.getPixels({**request, "visualizationOptions": options})["vis-gray"]
        np.testing.assert_array_equal(found, np.floor(np.sqrt(RAMP / 4095) * 255 + 0.5))

    @pytest.mark.parametrize("form", [None, "AUTO_JPEG_PNG"])
    def test_the_default_is_a_picture(self, ee, form):
        request = {"assetId": "T/RAMP"} if form is None else {"assetId": "T/RAMP", "fileFormat": form}
        assert decoded(ee.data.getPixels(request))[0] == "JPEG"

    def test_bytes_of_a_picture_are_counted_as_bytes(self, ee):
        """A picture of double precision takes a byte of value and one of mask for each channel."""
        image = ee.Image("T/RAMP").toDouble()
        for width, fits in ((2450, True), (5120, False)):
            request = {"expression": image, "fileFormat": "JPEG", "grid": grid(width, 5120)}
            if fits:
                assert decoded(ee.data.computePixels(request))[1].shape == (1, 5120, width)
            else:
                with pytest.raises(ee.EEException, match=rf"{5120 * 5120 * 2} bytes"):
                    ee.data.computePixels(request)
