"""Masks: through operations, maps, filling and clipping."""

from __future__ import annotations

import numpy as np
import pytest

from emulator_support import COUNT, LEFT, SIZE, TOP, grid, stack

X, N = stack()
VALID = ~np.isnan(X)
RAMP = np.arange(SIZE * SIZE, dtype=np.int64).reshape(SIZE, SIZE)


def test_masked_pixels_come_back_as_zero(ee, values):
    found = values("T/STACK/s0")
    np.testing.assert_array_equal(found, np.where(VALID[0], X[0], 0))


def test_mask_is_zero_or_one(ee, values):
    found = values(ee.Image("T/STACK/s0").mask())
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, VALID[0])


def test_update_mask_only_takes_away(ee, values):
    image = ee.Image("T/STACK/s0").updateMask(ee.Image("T/RAMP").gt(1000))
    np.testing.assert_array_equal(values(image.mask()), VALID[0] & (RAMP > 1000))


def test_update_mask_by_a_masked_or_fractional_mask(ee, values):
    image = ee.Image("T/RAMP").updateMask(ee.Image("T/STACK/s0"))
    # A mask is a weight: what is not above 0, or masked itself, masks.
    np.testing.assert_array_equal(values(image.mask()), VALID[0] & (np.nan_to_num(X[0]) > 0))
    assert values(ee.Image(5).updateMask(0.5).mask(), grid(1, 1))[0, 0] == 1


def test_update_mask_band_by_band(ee, pixels, refused):
    two = ee.Image("T/TWO")
    found = pixels(two.updateMask(two.gt(100)).mask())
    np.testing.assert_array_equal(found["a"], RAMP > 100)
    np.testing.assert_array_equal(found["b"], 0)
    assert "one band or as many" in refused(two.updateMask(ee.Image([1, 1, 1])))


def test_self_mask(ee, values):
    np.testing.assert_array_equal(values(ee.Image("T/RAMP").gt(7).selfMask().mask()), RAMP > 7)


def test_setting_a_mask_uncovers_zeros(ee, pixels):
    image = ee.Image("T/STACK/s0").mask(1)
    found = pixels(image.addBands(image.mask().rename("m")))
    assert (found["m"] == 1).all()
    np.testing.assert_array_equal(found["x"], np.where(VALID[0], X[0], 0))


def test_the_empty_image(ee, pixels):
    found = pixels(ee.Image(), grid(3, 2))
    assert found.shape == (2, 3)
    assert (found["constant"] == 0).all()


def test_unmask_by_value_and_by_image(ee, values):
    np.testing.assert_array_equal(values(ee.Image("T/STACK/s0").unmask(-32768)), np.where(VALID[0], X[0], -32768))
    filled = values(ee.Image("T/STACK/s0").unmask(ee.Image("T/STACK/s1")).mask())
    np.testing.assert_array_equal(filled, VALID[0] | VALID[1])


def test_unmask_widens_the_type(ee, values):
    found = values(ee.Image("T/BYTES/s0").unmask(-1))
    assert found.dtype == np.int16
    np.testing.assert_array_equal(found, np.where(N[0] == 255, -1, N[0].astype(int)))


class TestFootprint:
    WIDE = grid(SIZE + 20, SIZE + 20, left=LEFT - 100, top=TOP + 100)

    def test_unmask_stays_inside_the_footprint(self, ee, values):
        found = values(ee.Image("T/STACK/s0").unmask(7).mask(), self.WIDE)
        inside = np.zeros(found.shape, bool)
        inside[10 : 10 + SIZE, 10 : 10 + SIZE] = True
        np.testing.assert_array_equal(found, inside)

    def test_unless_it_is_told_not_to(self, ee, values):
        found = values(ee.Image("T/STACK/s0").unmask(7, sameFootprint=False).mask(), self.WIDE)
        assert (found == 1).all()

    def test_a_composite_has_none(self, ee, values):
        found = values(ee.ImageCollection("T/STACK").median().unmask(7), self.WIDE)
        assert (found[:10] == 7).all()


def test_where(ee, values):
    base, test, value = ee.Image("T/STACK/s0"), ee.Image("T/STACK/s1").gt(0), ee.Image("T/STACK/s2")
    found = base.where(test, value)
    take = VALID[1] & (X[1] > 0) & VALID[2]
    np.testing.assert_array_equal(values(found.mask()), VALID[0])
    expected = np.where(take, X[2], X[0])
    np.testing.assert_array_equal(values(found)[VALID[0]], expected[VALID[0]])


def test_blend_puts_the_top_over_the_bottom(ee, values):
    found = values(ee.Image("T/STACK/s0").blend(ee.Image("T/STACK/s1")))
    expected = np.where(VALID[1], X[1], np.where(VALID[0], X[0], 0))
    np.testing.assert_array_equal(found, expected)


def test_masks_through_maps(ee, values):
    clean = ee.ImageCollection("T/STACK").map(lambda i: i.updateMask(i.gt(-5)).multiply(2))
    masked = np.where(X > -5, X, np.nan)
    count = (~np.isnan(masked)).sum(axis=0)
    expected = np.where(count > 0, np.nansum(masked * 2.0, axis=0) / np.maximum(count, 1), np.nan)
    found = values(clean.mean(), fill=-1e6)
    np.testing.assert_allclose(found, np.where(np.isnan(expected), -1e6, expected), rtol=1e-4)
    counted = values(clean.count().unmask(0))
    np.testing.assert_array_equal(counted, count)


def test_a_map_inside_a_map_sees_both_images(ee, values):
    stack_ = ee.ImageCollection("T/STACK").map(lambda i: i.unmask(0))

    def against_all(image):
        return stack_.map(lambda other: other.gt(image)).sum()

    ranks = stack_.map(against_all)
    filled = np.nan_to_num(X)
    expected = sum((filled > filled[i]).sum(axis=0) for i in range(COUNT))
    np.testing.assert_array_equal(values(ranks.sum()), expected)


def test_clip_masks_pixels_whose_centre_is_outside(ee, values):
    # In the images' own CRS: columns 10 to 19, rows 5 to 24.
    box = ee.Geometry.Rectangle([LEFT + 100, TOP - 250, LEFT + 200, TOP - 50], proj="EPSG:32632", geodesic=False)
    found = values(ee.Image("T/RAMP").clip(box).mask())
    expected = np.zeros((SIZE, SIZE), int)
    expected[5:25, 10:20] = 1
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("default", [None, -7])
def test_remap(ee, values, default):
    cover = ee.Image("T/RAMP").mod(4)
    found = cover.remap([0, 1, 3], [100, 50, 200], default)
    expected = np.array([100, 50, 0 if default is None else default, 200])[RAMP % 4]
    np.testing.assert_array_equal(values(found), expected)
    mask = values(found.mask())
    np.testing.assert_array_equal(mask, (RAMP % 4 != 2) if default is None else np.ones_like(RAMP))
