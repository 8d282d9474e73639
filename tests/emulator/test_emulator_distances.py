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
