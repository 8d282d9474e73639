"""Frames: what clipToBoundsAndScale and clip make of an image's pixels, as getInfo shows them and as they are read."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from emulator_support import CRS, LEFT, SIZE, TOP, grid, stack
from eo_ingest.emulator import geometry
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.frame import Box, box_around
from eo_ingest.emulator.geometry import Geometry, draw
from eo_ingest.emulator.grid import Affine, Projection

X, _ = stack()
RAMP = np.arange(SIZE * SIZE, dtype=np.int16).reshape(SIZE, SIZE)
UTM = Projection(CRS, Affine(10.0, 0.0, LEFT, 0.0, -10.0, TOP))


def band(image):
    return image.getInfo()["bands"][0]


def rectangle(ee, left, top, right, bottom):
    edges = [LEFT + 10 * left, TOP - 10 * bottom, LEFT + 10 * right, TOP - 10 * top]
    return ee.Geometry.Rectangle(edges, CRS, False)


class TestBoxes:
    @given(
        st.floats(100, 500), st.floats(100, 500), st.floats(0.5, 100), st.floats(0.5, 100),
        st.sampled_from([10.0, 20.0, 0.3]),
    )  # fmt: skip
    def test_a_window_holds_its_box_and_no_pixel_more(self, left, top, width, height, size):
        box = Box(left / size, top / size, (left + width) / size, (top + height) / size)
        window = box.window()
        assert window.col <= box.left + 1e-5
        assert window.col + window.width >= box.right - 1e-5
        assert window.row + window.height >= box.bottom - 1e-5
        assert window.width <= box.width + 2
        assert window.height <= box.height + 2

    def test_a_box_drawn_in_the_crs_is_exact(self):
        drawn = draw(shapely.box(LEFT + 30, TOP - 120, LEFT + 90, TOP - 50), CRS, geodesic=False)
        assert box_around(drawn, UTM) == pytest.approx((3, 5, 9, 12), abs=1e-12)
        found = box_around(Geometry(drawn.shape), UTM)
        assert found == pytest.approx((3, 5, 9, 12), abs=1e-3)

    def test_degrees_over_the_antimeridian(self):
        degrees = Projection("EPSG:4326", Affine(0.5, 0.0, 0.0, 0.0, -0.5, 0.0))
        for edges in ((179, -10, 181, 10), (179, -10, -179, 10)):
            found = box_around(draw(geometry.rectangle(edges), None, geodesic=False, short_way=False), degrees)
            assert found == pytest.approx((358, -20, 362, 20))

    @pytest.mark.parametrize("shape", [None, shapely.Polygon()])
    def test_there_is_none_around_nothing_and_everything(self, shape):
        with pytest.raises(EarthEngineError, match="unbounded or empty"):
            box_around(Geometry(shape), UTM)


class TestClipToBoundsAndScale:
    def test_keeps_the_pixels(self, ee):
        found = band(ee.Image("T/RAMP").clipToBoundsAndScale(rectangle(ee, 10, 20, 30, 50)))
        assert (found["dimensions"], found["origin"]) == ([20, 30], [10, 20])
        assert found["crs_transform"] == [10, 0, LEFT, 0, -10, TOP]

    def test_scales_them(self, ee):
        found = band(ee.Image("T/RAMP").clipToBoundsAndScale(rectangle(ee, 10, 20, 30, 50), scale=50))
        assert found["crs_transform"] == [50, 0, LEFT, 0, -50, TOP]
        assert (found["origin"], found["dimensions"]) == ([2, 4], [4, 6])

    def test_without_a_place_it_is_the_images_own(self, ee):
        assert band(ee.Image("T/RAMP").clipToBoundsAndScale(scale=20))["dimensions"] == [32, 32]
        assert band(ee.Image("T/RAMP").clipToBoundsAndScale(width=5, height=4))["dimensions"] == [5, 4]

    def test_coordinates_may_count_in_an_images_pixels(self, ee):
        image = ee.Image("T/RAMP").reproject(CRS, [10, 0, LEFT + 100, 0, -10, TOP - 100])
        place = ee.Geometry.Rectangle([0, 0, 12, 7], proj=image.projection(), geodesic=False, evenOdd=True)
        found = band(image.clipToBoundsAndScale(place))
        assert found["crs_transform"] == [10, 0, LEFT + 100, 0, -10, TOP - 100]
        assert found["dimensions"] == [12, 7]
        assert "origin" not in found

    def test_each_band_in_its_own_pixels(self, ee):
        image = ee.Image("T/RAMP").addBands(ee.Image("T/COARSE"))
        fine, coarse = image.clipToBoundsAndScale(rectangle(ee, 0, 0, 32, 32)).getInfo()["bands"]
        assert (fine["dimensions"], coarse["dimensions"]) == ([32, 32], [16, 16])

    def test_gives_composites_pixels_and_a_footprint(self, ee):
        composite = ee.ImageCollection("T/STACK").mean()
        assert "system:footprint" not in composite.propertyNames().getInfo()
        framed = composite.setDefaultProjection(CRS, scale=10).clipToBoundsAndScale(rectangle(ee, 0, 0, 5, 5))
        assert band(framed)["dimensions"] == [5, 5]
        assert "system:footprint" in framed.propertyNames().getInfo()

    def test_masks_what_is_outside(self, ee, pixels):
        framed = ee.Image("T/RAMP").clipToBoundsAndScale(rectangle(ee, 10, 20, 30, 50))
        found = pixels(framed.unmask(-1, False))["z"]
        inside = np.zeros(RAMP.shape, bool)
        inside[20:50, 10:30] = True
        np.testing.assert_array_equal(found, np.where(inside, RAMP, -1))

    def test_keeps_properties_and_id(self, ee):
        info = ee.Image("T/TWO").clipToBoundsAndScale(rectangle(ee, 0, 0, 5, 5)).getInfo()
        assert (info["id"], info["properties"]["name"]) == ("T/TWO", "two")

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"width": 5}, "given together"),
            ({"width": 5, "height": 5, "scale": 10}, "Only one of"),
            ({"maxDimension": 5, "scale": 10}, "Only one of"),
            ({"maxDimension": 0}, "must be positive"),
            ({"scale": -1}, "must be positive"),
        ],
    )
    def test_what_is_refused(self, ee, refused, arguments, message):
        assert message in refused(ee.Image("T/RAMP").clipToBoundsAndScale(**arguments))

    def test_a_place_without_area(self, ee, refused):
        point = ee.Geometry.Point([6.09, 49.74])
        assert "no area" in refused(ee.Image("T/RAMP").clipToBoundsAndScale(point, width=5, height=5))


class TestClip:
    def test_shows_the_pixels_around_what_is_left(self, ee):
        found = band(ee.Image("T/RAMP").clip(rectangle(ee, 60, 20, 80, 50)))
        assert (found["origin"], found["dimensions"]) == ([60, 20], [4, 30])

    def test_of_a_composite_in_degrees(self, ee):
        found = band(ee.Image(1).clip(ee.Geometry.Rectangle([5.2, 49.5, 7.1, 50.1])))
        assert (found["origin"], found["dimensions"]) == ([5, 49], [3, 2])

    def test_nothing_left(self, ee):
        assert band(ee.Image("T/RAMP").clip(ee.Geometry.Rectangle([0, 0, 1, 1])))["dimensions"] == [0, 0]

    def test_by_the_whole_world(self, ee):
        found = band(ee.Image("T/RAMP").clip(ee.Geometry.Rectangle([-180, -90, 180, 90], None, False)))
        assert found["dimensions"] == [SIZE, SIZE]

    def test_the_default_grid_is_of_what_is_left(self, ee):
        image = ee.Image("T/RAMP").clip(rectangle(ee, 60, 20, 80, 50))
        found = ee.data.computePixels({"expression": image, "fileFormat": "NUMPY_NDARRAY"})
        np.testing.assert_array_equal(found["z"], RAMP[20:50, 60:])

    def test_a_grid_of_dimensions_alone_starts_there(self, ee):
        image = ee.Image("T/RAMP").clip(rectangle(ee, 10, 20, 30, 50))
        request = {
            "expression": image,
            "fileFormat": "NUMPY_NDARRAY",
            "grid": {"dimensions": {"width": 3, "height": 2}},
        }
        np.testing.assert_array_equal(ee.data.computePixels(request)["z"], RAMP[20:22, 10:13])

    def test_but_not_one_with_a_transform(self, ee):
        image = ee.Image("T/RAMP").clip(rectangle(ee, 10, 20, 30, 50))
        request = {"expression": image, "fileFormat": "NUMPY_NDARRAY", "grid": grid()}
        found = ee.data.computePixels(request)["z"]
        assert not found[:20].any()
        np.testing.assert_array_equal(found[20:50, 10:30], RAMP[20:50, 10:30])


def test_unmask_keeps_the_pixels_it_fills(ee):
    image = ee.Image("T/STACK/s0")
    assert band(image.unmask(0))["dimensions"] == [SIZE, SIZE]
    assert "dimensions" not in band(image.unmask(0, False))
