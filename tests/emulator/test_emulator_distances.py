"""Distances between pixels, by the definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from emulator_support import SIZE, grid, stack
from eo_ingest.emulator.algorithms import distances

X, N = stack()
METRICS = {
    "squared_euclidean": lambda r, c: r * r + c * c,
    "manhattan": lambda r, c: r + c,
    "chebyshev": np.maximum,
}


def by_definition(target, reach, metric):
    """The least distance to any target of the pixels that are `reach` from the edge, at most that of `reach`."""
    rows, cols = np.nonzero(target)
    height, width = target.shape[0] - 2 * reach, target.shape[1] - 2 * reach
    j, i = np.mgrid[reach : reach + height, reach : reach + width]
    best = np.full((height, width), metric(float(reach), 0.0))
    for row, col in zip(rows, cols, strict=True):
        best = np.minimum(best, metric(np.abs(j - row).astype(float), np.abs(i - col).astype(float)))
    return best


@given(
    arrays.arrays(bool, st.tuples(st.integers(7, 18), st.integers(7, 18))),
    st.integers(1, 3),
    st.sampled_from([*METRICS]),
)
def test_every_metric(target, reach, metric):
    found = distances.distances(target, reach, distances._METRICS[metric])
    np.testing.assert_array_equal(found, by_definition(target, reach, METRICS[metric]))


@pytest.mark.parametrize("metric", METRICS)
def test_of_an_image(ee, pixels, metric):
    """Masked pixels are no targets, and get a distance; pixels beside the grid are looked at."""
    image = ee.Image("T/BYTES/s0").gt(240)
    found = pixels(image.fastDistanceTransform(9, "pixels", metric), grid(20, 20, left=290_100, top=5_513_900))
    assert found.dtype == [("distance", "f8")]
    target = (N[0] != 255) & (N[0] > 240)
    expected = by_definition(target[1:39, 1:39], 9, METRICS[metric])
    np.testing.assert_array_equal(found["distance"], expected)
    assert len(np.unique(expected)) > 3


def test_what_has_no_target_near_is_as_far_as_can_be(ee, values):
    assert (values(ee.Image(0).fastDistanceTransform(5)) == 25).all()
    assert (values(ee.Image(1).updateMask(0).fastDistanceTransform(5)) == 25).all()
    assert (values(ee.Image(1).fastDistanceTransform(5)) == 0).all()
    assert values(ee.Image(0).fastDistanceTransform(5)).shape == (SIZE, SIZE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"units": "meters"}, "Only 'pixels' is"),
        ({"metric": "euclid"}, "Unknown distance metric: 'euclid'"),
        ({"neighborhood": 0}, "between 1 and 1024"),
    ],
)
def test_what_is_refused(ee, refused, arguments, message):
    assert message in refused(ee.Image("T/RAMP").fastDistanceTransform(**arguments))


class TestDirections:
    def look(self, target, angle, most):
        """The distance to the first target met when looking from each pixel in a direction, NaN where none is."""
        found = np.full(target.shape, np.nan)
        for row in range(target.shape[0]):
            for col in range(target.shape[1]):
                for j, i in distances.steps(angle, most):
                    inside = 0 <= row + j < target.shape[0] and 0 <= col + i < target.shape[1]
                    if inside and target[row + j, col + i]:
                        found[row, col] = np.hypot(j, i)
                        break
        return found

    @pytest.mark.parametrize("angle", [0, 37.5, 90, 200, -45])
    def test_of_an_image(self, ee, pixels, angle):
        image = ee.Image("T/BYTES/s0").gt(240).unmask(0, False)
        found = pixels(image.directionalDistanceTransform(angle, 6).unmask(-1, False))["distance"]
        target = (N[0] != 255) & (N[0] > 240)
        expected = np.nan_to_num(self.look(target, angle, 6), nan=-1)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        assert (expected < 0).any()
        assert (expected > 0).any()

    @pytest.mark.parametrize(
        ("angle", "step"), [(0, (0, 1)), (90, (-1, 0)), (180, (0, -1)), (270, (1, 0)), (45, (-1, 1))]
    )
    def test_angles_count_from_east_to_north(self, angle, step):
        assert distances.steps(angle, 1) == [(0, 0), step]

    def test_what_is_refused(self, ee, refused):
        assert "one band" in refused(ee.Image("T/TWO").directionalDistanceTransform(0, 5))
        assert "between 1 and 1024" in refused(ee.Image("T/RAMP").directionalDistanceTransform(0, 0))


class TestSpectra:
    A, B = (3.0, 1.0, 2.0), (1.0, 4.0, 2.5)

    def measure(self, values, ee, metric):
        left, right = ee.Image.constant(list(self.A)), ee.Image.constant(list(self.B))
        found = values(left.spectralDistance(right, metric), grid(1, 1))
        return found.item()

    def test_metrics(self, ee, values):
        a, b = np.array(self.A), np.array(self.B)
        p, q = a / a.sum(), b / b.sum()
        cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
        assert self.measure(values, ee, "sed") == pytest.approx(((a - b) ** 2).sum())
        assert self.measure(values, ee, "sam") == pytest.approx(np.arccos(cosine))
        assert self.measure(values, ee, "sid") == pytest.approx((p * np.log(p / q) + q * np.log(q / p)).sum())

    def test_masked_where_any_band_is(self, ee, values):
        image = ee.Image("T/STACK/s0").addBands(ee.Image("T/STACK/s1"))
        found = values(image.spectralDistance(ee.Image.constant([0, 0]), "sed"), fill=-1)
        expected = np.where(np.isnan(X[:2]).any(axis=0), -1, (X[:2].astype(float) ** 2).sum(axis=0))
        np.testing.assert_allclose(found, expected)

    def test_what_is_refused(self, ee, refused):
        assert "same number of bands" in refused(ee.Image("T/TWO").spectralDistance(ee.Image(1), "sed"))
        assert "'emd' is not in the emulator" in refused(ee.Image(1).spectralDistance(ee.Image(1), "emd"))
