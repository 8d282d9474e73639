"""Kernels, neighbourhoods, areas of pixels and pixels made of smaller ones, against plain numpy."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Geod

from emulator_support import LEFT, SIZE, TOP, grid, stack

INNER = slice(3, -3), slice(3, -3)


@pytest.fixture(scope="module")
def x():
    return stack()[0][0].astype(float)


@pytest.fixture
def image(ee):
    return ee.Image("T/STACK/s0")


def members(values, footprint):
    """The members of a footprint around each pixel in a last axis, NaN beyond the edge."""
    reach = footprint.shape[0] // 2
    padded = np.pad(values, reach, constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, footprint.shape)
    return around[..., np.asarray(footprint, bool)]


def windows(values, footprint, function):
    """A nan-aware function of the members of a footprint around each pixel."""
    with np.errstate(all="ignore"):
        return function(members(values, footprint), axis=-1)


def correlate(values, weights):
    """The sum of the pixels around each pixel times weights; NaN near the edge."""
    return (members(values, np.ones(weights.shape)) * weights.ravel()).sum(axis=-1)


FUNCTIONS = {
    "mean": np.nanmean, "max": np.nanmax, "min": np.nanmin, "median": np.nanmedian,
    "stdDev": np.nanstd, "count": lambda v, axis: np.isfinite(v).sum(axis=axis),
}  # fmt: skip
SHAPES = {
    "square": np.ones((5, 5)),
    "plus": np.array([[i == 2 or j == 2 for j in range(5)] for i in range(5)]),
    "circle": np.array([[(i - 2) ** 2 + (j - 2) ** 2 <= 4 for j in range(5)] for i in range(5)]),
    "diamond": np.array([[abs(i - 2) + abs(j - 2) <= 2 for j in range(5)] for i in range(5)]),
    "cross": np.array([[abs(i - 2) == abs(j - 2) for j in range(5)] for i in range(5)]),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_reductions_of_neighbourhoods(ee, values, image, x, name):
    found = values(image.reduceNeighborhood(getattr(ee.Reducer, name)(), ee.Kernel.circle(2)), fill=-9999)
    expected = windows(x, SHAPES["circle"], FUNCTIONS[name])
    seen = np.isfinite(x)
    assert (found[~seen] == -9999).all()
    np.testing.assert_allclose(found[INNER][seen[INNER]], expected[INNER][seen[INNER]], rtol=1e-4)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_of_kernels(ee, values, image, x, shape):
    kernel = getattr(ee.Kernel, shape)(2)
    found = values(image.reduceNeighborhood(ee.Reducer.max(), kernel, "kernel", False), fill=-9999)
    expected = windows(x, SHAPES[shape], np.nanmax)
    seen = np.isfinite(expected)
    np.testing.assert_allclose(found[INNER][seen[INNER]], expected[INNER][seen[INNER]], rtol=1e-6)
    assert (found[INNER][~seen[INNER]] == -9999).all()
    same = values(image.focalMax(2, shape), fill=-9999)
    np.testing.assert_array_equal(same, found)


def test_metres_are_pixels_of_the_grid_that_is_asked_for(ee, values, image):
    by_metres = values(image.focalMean(20, "square", "meters"), fill=-9999)
    np.testing.assert_array_equal(by_metres, values(image.focalMean(2, "square", "pixels"), fill=-9999))


def test_names_and_types_of_neighbourhood_bands(ee):
    image = ee.Image("T/TWO")
    both = ee.Reducer.mean().combine(ee.Reducer.max(), "", True)
    document = image.reduceNeighborhood(both, ee.Kernel.square(1)).getInfo()
    assert [b["id"] for b in document["bands"]] == ["a_mean", "a_max", "b_mean", "b_max"]
    assert [b["data_type"]["precision"] for b in document["bands"]] == ["double", "int", "double", "int"]
    assert image.focal_mode(1).bandNames().getInfo() == ["a", "b"]


def test_convolution_is_the_weighted_sum(ee, values):
    ramp = np.arange(SIZE * SIZE, dtype=float).reshape(SIZE, SIZE)
    weights = [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    found = values(ee.Image("T/RAMP").convolve(ee.Kernel.fixed(3, 3, weights, -1, -1, False)))
    np.testing.assert_allclose(found[INNER], correlate(ramp, np.array(weights, float))[INNER])
    smooth = values(ee.Image("T/RAMP").convolve(ee.Kernel.gaussian(3, 1)))
    np.testing.assert_allclose(smooth[INNER], ramp[INNER], rtol=1e-9)
    assert np.abs(values(ee.Image("T/RAMP").convolve(ee.Kernel.laplacian8()))[INNER]).max() == 0
    across = values(ee.Image("T/RAMP").convolve(ee.Kernel.sobel()))[INNER]
    np.testing.assert_allclose(across, 8.0)
    down = values(ee.Image("T/RAMP").convolve(ee.Kernel.sobel().rotate(1)))[INNER]
    np.testing.assert_allclose(down, 8.0 * SIZE)


def test_kernels_combine(ee, values):
    two = ee.Kernel.square(1, "pixels", False).add(ee.Kernel.plus(1, "pixels", False))
    ones = ee.Image(1).reproject("EPSG:32632", None, 10)
    assert (values(ones.convolve(two)) == 14).all()
    near = ee.Kernel.euclidean(1, "pixels", False)
    assert (values(ones.convolve(near)) == 4).all()
    assert (values(ones.convolve(ee.Kernel.chebyshev(2).inverse())) == 8 + 16 / 2).all()
    assert (values(ones.convolve(ee.Kernel.manhattan(2))) == 4 * 1 + 8 * 2).all()
    assert np.allclose(values(ones.convolve(ee.Kernel.rectangle(2, 1, "pixels", False))), 15)


@pytest.mark.parametrize(("make", "message"), [
    (lambda ee: ee.Image(1).reduceNeighborhood(ee.Reducer.median(), ee.Kernel.gaussian(2)), "unequal weights"),
    (lambda ee: ee.Image(1).reduceNeighborhood(ee.Reducer.mean(), ee.Kernel.square(1), "heavy"), "inputWeight"),
    (lambda ee: ee.Image(1).reduceNeighborhood(ee.Reducer.toList(), ee.Kernel.square(1)), "one input"),
    (lambda ee: ee.Image(1).focalMean(2, "blob"), "kernel type: 'blob'"),
    (lambda ee: ee.Image(1).focalMean(2, "square", "furlongs"), "furlongs"),
    (lambda ee: ee.Image(1).focalMean(-2), "must be positive"),
    (lambda ee: ee.Image(1).reduceResolution(ee.Reducer.count()), "Counting"),
])  # fmt: skip
def test_what_is_not_understood_is_refused(ee, pixels, make, message):
    with pytest.raises(ee.EEException, match=message):
        pixels(make(ee))


DEGREES = grid(40, 50, left=6.0, top=49.9, scale=0.01, crs="EPSG:4326")


@pytest.mark.parametrize(
    "where", [grid(20, 30), DEGREES, grid(30, 20, left=6.5e6, top=6e6, scale=500, crs="EPSG:3035")]
)
def test_areas_of_pixels_are_geodesic(ee, values, where):
    from pyproj import Transformer

    found = values(ee.Image.pixelArea(), where)
    back = Transformer.from_crs(where["crsCode"], "EPSG:4326", always_xy=True)
    t = where["affineTransform"]
    for i, j in ((0, 0), (7, 11), (19, 18)):
        corners = [(j, i), (j + 1, i), (j + 1, i + 1), (j, i + 1)]
        # Edges along a parallel are not geodesics: cut them into many.
        ring = [
            (a[0] + (b[0] - a[0]) * s, a[1] + (b[1] - a[1]) * s)
            for a, b in zip(corners, corners[1:] + corners[:1], strict=True)
            for s in np.linspace(0, 1, 50, endpoint=False)
        ]
        lon, lat = back.transform(
            *zip(
                *[(t["translateX"] + t["scaleX"] * c, t["translateY"] + t["scaleY"] * r) for c, r in ring], strict=True
            )
        )
        area = abs(Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)[0])
        assert found[i, j] == pytest.approx(area, rel=2e-6)


def test_reduced_resolution_is_the_mean_of_the_pixels_below(ee, values, image, x):
    coarse = grid(SIZE // 4, SIZE // 4, scale=40)
    found = values(image.reduceResolution(ee.Reducer.mean()), coarse, fill=-9999)
    blocks = x.reshape(SIZE // 4, 4, SIZE // 4, 4)
    np.testing.assert_allclose(
        found, np.where(np.isfinite(blocks).any(axis=(1, 3)), _nanmean(blocks), -9999), rtol=1e-5
    )
    highest = values(image.reduceResolution(ee.Reducer.max()), coarse, fill=-9999)
    with np.errstate(all="ignore"):
        top = np.where(np.isfinite(blocks), blocks, -np.inf).max(axis=(1, 3))
    np.testing.assert_allclose(highest, np.where(np.isfinite(top), top, -9999), rtol=1e-6)


def _nanmean(blocks):
    good = np.isfinite(blocks)
    return np.where(good, blocks, 0).sum(axis=(1, 3)) / np.maximum(good.sum(axis=(1, 3)), 1)


def test_weights_are_shares_of_the_larger_pixel(ee, values):
    """Pixels of 15 m, over pixels of 10 m: one and a half of them each way."""
    ramp = np.arange(SIZE * SIZE, dtype=float).reshape(SIZE, SIZE)
    found = values(ee.Image("T/RAMP").reduceResolution(ee.Reducer.mean()), grid(30, 30, scale=15))
    fine = np.repeat(np.repeat(ramp, 2, 0), 2, 1)[:90, :90].reshape(30, 3, 30, 3).mean(axis=(1, 3))
    # To a tenth of a row: each point stands for a sixth of a pixel.
    assert np.abs(found - fine).max() < 0.1 * SIZE


def test_what_a_pixel_holds_is_neither_lost_nor_made(ee, values):
    """Densities averaged over pixels of another size and place, times their areas, keep the total."""
    image = ee.Image("T/RAMP").toFloat()
    density = image.divide(ee.Image.pixelArea()).reproject("EPSG:32632", [10, 0, LEFT, 0, -10, TOP])
    for scale in (32.0, 20.0, 8.0):
        side = int(10 * SIZE // scale)
        where = grid(side, side, scale=scale)
        amount = density.reduceResolution(ee.Reducer.mean(), True, 1024).multiply(ee.Image.pixelArea())
        total = values(amount, where).astype(float).sum()
        ramp = np.arange(SIZE * SIZE, dtype=float).reshape(SIZE, SIZE)
        edge = side * scale / 10
        share = np.clip(edge - np.arange(SIZE), 0, 1)
        assert total == pytest.approx((ramp * share[:, None] * share).sum(), rel=2e-3)


def test_sums_weigh_by_the_share_of_the_larger_pixel_too(ee, values):
    ones = ee.Image(1).reproject("EPSG:32632", [10, 0, LEFT, 0, -10, TOP])
    found = values(ones.reduceResolution(ee.Reducer.sum()), grid(8, 8, scale=40))
    np.testing.assert_allclose(found, 1.0)


def test_too_many_small_pixels_are_refused_unless_coarser_ones_will_do(ee, values):
    image = ee.Image("T/RAMP")
    where = grid(4, 4, scale=160)
    with pytest.raises(ee.EEException, match=r"Too many input pixels per output pixel: 256\. Increase maxPixels"):
        values(image.reduceResolution(ee.Reducer.mean()), where)
    best = values(image.reduceResolution(ee.Reducer.mean(), True), where)
    exact = values(image.reduceResolution(ee.Reducer.mean(), False, 256), where)
    np.testing.assert_allclose(best, exact, atol=0.51)
