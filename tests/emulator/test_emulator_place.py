"""Grids, projections, resampling and pyramids, against rasterio.warp and the documentation."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
import rasterio.vrt
from rasterio.enums import Resampling
from rasterio.transform import Affine

from emulator_support import CRS, DEGREES, LEFT, SIZE, TOP, classes, grid, stack

X, N = stack()
RAMP = np.arange(SIZE * SIZE, dtype=np.int16).reshape(SIZE, SIZE)
COARSE = np.arange(32 * 32, dtype=np.float32).reshape(32, 32)
COARSE[10:13, 5:8] = np.nan
UTM = Affine(10, 0, LEFT, 0, -10, TOP)


def warped(array, transform, crs, where, method=Resampling.nearest, nodata=0):
    """What GDAL makes of an array on a requested grid, without approximating the transformation.

    `rasterio.warp.reproject` always does, by up to an eighth of a pixel; a WarpedVRT can be told not to.
    """
    a = where["affineTransform"]
    size = where["dimensions"]
    source = {"crs": crs, "transform": transform, "dtype": array.dtype, "nodata": nodata, "count": 1}
    with rasterio.MemoryFile() as memory:
        with memory.open(driver="GTiff", width=array.shape[1], height=array.shape[0], **source) as target:
            target.write(array, 1)
        with (
            memory.open() as opened,
            rasterio.vrt.WarpedVRT(
                opened,
                crs=where["crsCode"],
                transform=Affine(a["scaleX"], 0, a["translateX"], 0, a["scaleY"], a["translateY"]),
                width=size["width"],
                height=size["height"],
                resampling=method,
                tolerance=1e-9,
            ) as found,
        ):
            return found.read(1)


GRIDS = {
    "utm": grid(400, 300, left=287_003, top=5_514_007),
    "other zone": grid(400, 300, left=720_003, top=5_514_007, crs="EPSG:32631"),
    "laea": grid(300, 300, left=4_036_400, top=2_968_000, crs="EPSG:3035"),
    "degrees": grid(300, 200, left=6.06, top=49.75, scale=1.1e-4, crs="EPSG:4326"),
    "mercator": grid(300, 300, left=673_900, top=6_404_000, scale=14, crs="EPSG:3857"),
}


@pytest.mark.parametrize("name", GRIDS)
def test_nearest_equals_gdal_exactly(ee, values, name):
    where = GRIDS[name]
    found = values(ee.Image("T/COVER/2020"), where)
    expected = warped(classes(), DEGREES, "EPSG:4326", where)
    assert (expected > 0).mean() > 0.3
    np.testing.assert_array_equal(found, expected)


def test_aligned_pixels_are_copied(ee, values):
    np.testing.assert_array_equal(values("T/RAMP"), RAMP)
    shifted = grid(30, 20, left=LEFT + 100, top=TOP - 50)
    np.testing.assert_array_equal(values("T/RAMP", shifted), RAMP[5:25, 10:40])


def test_south_up_grids(ee, values):
    found = values("T/RAMP", grid(top=TOP - 10 * SIZE, down=10.0))
    np.testing.assert_array_equal(found, RAMP[::-1])


def test_pixels_outside_an_image_are_masked(ee, values):
    image = ee.Image("T/RAMP").add(1)
    found = values(image, grid(SIZE + 10, SIZE + 10, left=LEFT - 50, top=TOP + 50))
    assert (found[:5] == 0).all()
    np.testing.assert_array_equal(found[5:-5, 5:-5], RAMP + 1)
    assert (values(image, grid(5, 5, left=0, top=0)) == 0).all()


class TestPyramid:
    def test_mean_over_valid_pixels(self, ee, values):
        where = grid(SIZE // 2, SIZE // 2, scale=20)
        found = values(ee.Image("T/STACK/s0"), where, fill=-1e6)
        blocks = X[0].reshape(32, 2, 32, 2)
        count = (~np.isnan(blocks)).sum(axis=(1, 3))
        mean = np.nansum(blocks.astype(float), axis=(1, 3)) / np.maximum(count, 1)
        np.testing.assert_allclose(found, np.where(count > 0, mean, -1e6), rtol=1e-5)

    def test_means_of_integers_are_rounded(self, ee, values):
        found = values(ee.Image("T/RAMP"), grid(16, 16, scale=40))
        mean = RAMP.reshape(16, 4, 16, 4).mean(axis=(1, 3))
        np.testing.assert_array_equal(found, np.floor(mean + 0.5))

    def test_mode_of_classes(self, ee, values):
        where = grid(150, 150, left=6.05, top=49.76, scale=4 / 12000, crs="EPSG:4326")
        found = values(ee.Image("T/COVER/2020"), where)
        assert set(np.unique(found)) <= {0, 10, 20, 30, 80}

    def test_the_level_is_that_below(self, ee, values):
        # 15 m pixels read the 10 m ones, 39 m pixels the 20 m ones.
        fine = values(ee.Image("T/RAMP"), grid(40, 40, scale=15))
        np.testing.assert_array_equal(fine, warped(RAMP, UTM, CRS, grid(40, 40, scale=15), nodata=-1))
        half = np.floor(RAMP.reshape(32, 2, 32, 2).mean(axis=(1, 3)) + 0.5).astype(np.int16)
        coarse = values(ee.Image("T/RAMP"), grid(16, 16, scale=39))
        expected = warped(half, UTM @ Affine.scale(2), CRS, grid(16, 16, scale=39), nodata=-1)
        np.testing.assert_array_equal(coarse, expected)


class TestProjections:
    def test_of_images(self, ee):
        info = ee.Image("T/RAMP").projection().getInfo()
        assert info == {"type": "Projection", "crs": CRS, "transform": [10, 0, LEFT, 0, -10, TOP]}
        assert ee.Image("T/RAMP").projection().nominalScale().getInfo() == 10
        degrees = ee.Image("T/COVER/2020").projection().nominalScale().getInfo()
        assert degrees == pytest.approx(111319.49 / 12000, rel=1e-6)

    def test_of_composites_and_constants(self, ee):
        for image in (ee.ImageCollection("T/STACK").median(), ee.ImageCollection("T/STACK").mosaic(), ee.Image(1)):
            assert image.projection().getInfo()["crs"] == "EPSG:4326"
            assert image.projection().nominalScale().getInfo() == pytest.approx(111319.49, rel=1e-6)

    def test_operations_keep_the_first_ones(self, ee):
        image = ee.Image("T/RAMP").add(ee.Image("T/COVER/2020")).gt(3).updateMask(1).unmask(0)
        assert image.projection().crs().getInfo() == CRS

    def test_bands_may_differ(self, ee, refused):
        both = ee.Image("T/RAMP").addBands(ee.Image("T/COARSE"))
        assert "different projections" in refused(both.projection())
        assert both.select("c").projection().nominalScale().getInfo() == 20

    def test_set_default_projection(self, ee):
        composite = ee.ImageCollection("T/STACK").median().setDefaultProjection(CRS, None, 10)
        assert composite.projection().nominalScale().getInfo() == 10

    def test_a_wrong_crs_is_refused(self, ee, refused):
        assert "could not be parsed" in refused(ee.Projection("EPSG:999999"))


class TestResample:
    @pytest.mark.parametrize("name", ["utm", "other zone", "degrees"])
    @pytest.mark.parametrize(("mode", "method"), [("bilinear", Resampling.bilinear), ("bicubic", Resampling.cubic)])
    def test_it_equals_gdal_away_from_masks(self, ee, values, name, mode, method):
        where = {
            "utm": grid(70, 70, left=LEFT + 93, top=TOP - 107, scale=7),
            "other zone": grid(40, 40, left=722_420, top=5_514_400, scale=10, crs="EPSG:32631"),
            "degrees": grid(60, 60, left=6.087, top=49.7405, scale=5e-5, crs="EPSG:4326"),
        }[name]
        clean = np.arange(32 * 32, dtype=np.float32).reshape(32, 32)
        image = ee.Image("T/COARSE").unmask(ee.Image(0)).resample(mode)
        expected = warped(np.nan_to_num(COARSE), UTM @ Affine.scale(2), CRS, where, method, nodata=-9999)
        found = values(image, where)
        inside = expected != -9999
        assert inside.mean() > 0.2
        assert clean.max() > 0
        np.testing.assert_allclose(found[inside], expected[inside], rtol=1e-3, atol=0.2)

    def test_bilinear_by_hand(self, ee, values):
        # 10 m pixels from 20 m ones: centres lie a quarter of a pixel off, so weights are 3/4 and 1/4.
        found = values(ee.Image("T/COARSE").resample("bilinear"))
        a, b, c, d = COARSE[20, 20], COARSE[20, 21], COARSE[21, 20], COARSE[21, 21]
        assert found[41, 41] == pytest.approx((9 * a + 3 * b + 3 * c + d) / 16)

    def test_masked_where_the_nearest_pixel_is(self, ee, values):
        found = values(ee.Image("T/COARSE").resample("bilinear").mask())
        np.testing.assert_array_equal(found, np.repeat(np.repeat(~np.isnan(COARSE), 2, 0), 2, 1))

    def test_weights_go_to_the_valid_neighbours(self, ee, values):
        found = values(ee.Image("T/COARSE").resample("bilinear"))
        # Row 9 of the source lies above the hole: its lower pixels weigh the row itself only.
        assert found[19, 12] == pytest.approx(COARSE[9, 6] * 0.75 + COARSE[9, 5] * 0.25)

    def test_coinciding_pixels_pass_unchanged(self, ee, values):
        for mode in ("bilinear", "bicubic"):
            found = values(ee.Image("T/STACK/s0").resample(mode))
            np.testing.assert_array_equal(found, np.nan_to_num(X[0]))

    def test_before_compositing_is_not_after(self, ee, values):
        where = grid(50, 50, left=LEFT + 53, top=TOP - 57)
        col = ee.ImageCollection([ee.Image("T/COARSE"), ee.Image("T/COARSE").add(1)])
        before = values(col.map(lambda i: i.resample("bilinear")).mean(), where)
        after = values(col.mean().resample("bilinear"), where)
        nearest = values(col.mean(), where)
        smooth = warped(np.nan_to_num(COARSE), UTM @ Affine.scale(2), CRS, where, Resampling.bilinear, nodata=-9999)
        far = np.ones(before.shape, bool)
        far[5:30, :20] = False
        np.testing.assert_allclose(before[far], smooth[far] + 0.5, rtol=1e-4)
        # A composite's pixels are a degree wide: what is left between them is not the image.
        assert not np.allclose(after, before)
        assert not np.allclose(nearest, before)

    def test_after_compositing_with_a_projection_given(self, ee, values):
        where = grid(30, 30, left=LEFT + 303, top=TOP - 307)
        proj = ee.Image("T/COARSE").projection()
        found = values(ee.ImageCollection([ee.Image("T/COARSE")]).mean().setDefaultProjection(proj).resample(), where)
        direct = values(ee.Image("T/COARSE").resample(), where)
        np.testing.assert_allclose(found, direct)

    def test_integers_become_float(self, ee, values):
        assert values(ee.Image("T/RAMP").resample("bilinear")).dtype == np.float32

    def test_unknown_modes_are_refused(self, ee, refused):
        assert "Unknown resampling mode: 'lanczos'" in refused(ee.Image("T/RAMP").resample("lanczos"))


class TestReproject:
    def test_pixels_are_computed_in_the_grid_given(self, ee, values):
        found = values(ee.Image("T/RAMP").reproject(CRS, [40, 0, LEFT, 0, -40, TOP]))
        mean = np.floor(RAMP.reshape(16, 4, 16, 4).mean(axis=(1, 3)) + 0.5)
        np.testing.assert_array_equal(found, np.repeat(np.repeat(mean, 4, 0), 4, 1))

    def test_at_a_scale(self, ee):
        image = ee.Image("T/RAMP").reproject(CRS, None, 30)
        assert image.projection().getInfo()["transform"] == [30, 0, 0, 0, 30, 0]

    def test_a_composite_on_a_lattice(self, ee, values):
        median = ee.ImageCollection("T/STACK").map(lambda i: i.unmask(0)).median()
        found = values(median.reproject(CRS, [10, 0, LEFT, 0, -10, TOP]))
        np.testing.assert_allclose(found, np.median(np.nan_to_num(X), axis=0))

    def test_too_many_pixels_are_refused(self, ee, pixels):
        image = ee.Image("T/RAMP").reproject(CRS, None, 1)
        with pytest.raises(ee.EEException, match="Reprojection output too large"):
            pixels(image, grid(400, 400, scale=100_000, left=0, top=40_000_000))


def test_pixel_coordinates(ee, pixels):
    found = pixels(ee.Image.pixelLonLat(), grid(4, 3, left=6.0, top=50.0, scale=0.5, crs="EPSG:4326"))
    np.testing.assert_allclose(found["longitude"][0], [6.25, 6.75, 7.25, 7.75])
    np.testing.assert_allclose(found["latitude"][:, 0], [49.75, 49.25, 48.75])
    found = pixels(ee.Image.pixelCoordinates(ee.Image("T/RAMP").projection()))
    np.testing.assert_allclose(found["x"][0], np.arange(SIZE) + 0.5)


def test_a_grid_over_the_antimeridian(ee, values):
    image = ee.Image.pixelLonLat().select("longitude")
    found = values(image, grid(8, 2, left=179.0, top=1.0, scale=0.25, crs="EPSG:4326"))
    assert found.shape == (2, 8)
