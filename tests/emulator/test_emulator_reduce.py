"""Reductions of collections and of bands, checked against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from emulator_support import COUNT, grid, stack

X, N = stack()
VALID = ~np.isnan(X)
BYTES = np.where(N == 255, np.nan, N.astype(float))


def mode(values):
    """The most frequent value, the smallest of ties."""
    found = np.full(values.shape[1:], np.nan)
    for place in np.ndindex(found.shape):
        column = values[(slice(None), *place)]
        column = column[~np.isnan(column)]
        if column.size:
            kinds, counts = np.unique(column, return_counts=True)
            found[place] = kinds[counts.argmax()]
    return found


@pytest.fixture(autouse=True)
def _quiet():
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numpy's all-NaN slices
        yield


REDUCTIONS = {
    "mean": lambda v: np.nanmean(v, axis=0),
    "median": lambda v: np.nanmedian(v, axis=0),
    "min": lambda v: np.nanmin(v, axis=0),
    "max": lambda v: np.nanmax(v, axis=0),
    "sum": lambda v: np.where(np.isnan(v).all(axis=0), np.nan, np.nansum(v, axis=0)),
    "product": lambda v: np.where(np.isnan(v).all(axis=0), np.nan, np.nanprod(v, axis=0)),
    "count": lambda v: np.where(np.isnan(v).all(axis=0), np.nan, (~np.isnan(v)).sum(axis=0)),
    "mode": mode,
    "And": lambda v: np.where(np.isnan(v).all(axis=0), np.nan, (np.nan_to_num(v, nan=1) != 0).all(axis=0)),
    "Or": lambda v: np.where(np.isnan(v).all(axis=0), np.nan, (np.nan_to_num(v, nan=0) != 0).any(axis=0)),
}


@pytest.mark.parametrize("asset", ["T/STACK", "T/BYTES"])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_match_numpy(ee, values, name, asset):
    source = X if asset == "T/STACK" else BYTES
    expected = REDUCTIONS[name](source.astype(float))
    found = values(getattr(ee.ImageCollection(asset), name)().toDouble().unmask(-1e9, False))
    np.testing.assert_allclose(found, np.where(np.isnan(expected), -1e9, expected), rtol=2e-6, atol=1e-5)


def test_the_median_of_an_even_count_is_the_mean_of_the_middle_two(ee, values):
    found = ee.ImageCollection([ee.Image(v) for v in (1, 10, 4, 100)]).median()
    assert values(found, grid(1, 1))[0, 0] == 7
    assert values(found, grid(1, 1)).dtype == np.float64


@pytest.mark.parametrize("count", [1, 2, 3, 7, 16, 33, 60])
def test_medians_of_many(ee, values, count):
    images = [ee.Image("T/STACK/s0").toDouble().multiply(float(np.sin(i * 7.3))).add(i % 5) for i in range(count)]
    expected = np.median([X[0].astype(float) * np.sin(i * 7.3) + i % 5 for i in range(count)], axis=0)
    found = values(ee.ImageCollection(images).median())
    np.testing.assert_allclose(found[VALID[0]], expected[VALID[0]], rtol=1e-4, atol=1e-4)


REDUCERS = {
    "stdDev": ("stdDev", lambda v: np.nanstd(v, axis=0)),
    "variance": ("variance", lambda v: np.nanvar(v, axis=0)),
    "sampleStdDev": ("stdDev", lambda v: np.where((~np.isnan(v)).sum(0) > 1, np.nanstd(v, axis=0, ddof=1), 0)),
    "first": ("first", lambda v: v[np.argmax(~np.isnan(v), axis=0), *np.indices(v.shape[1:])]),
    "last": ("last", lambda v: v[::-1][np.argmax(~np.isnan(v[::-1]), axis=0), *np.indices(v.shape[1:])]),
    "allNonZero": ("all", REDUCTIONS["And"]),
    "anyNonZero": ("any", REDUCTIONS["Or"]),
}


@pytest.mark.parametrize("name", REDUCERS)
def test_reducers_name_their_bands(ee, pixels, name):
    output, function = REDUCERS[name]
    image = ee.ImageCollection("T/STACK").reduce(getattr(ee.Reducer, name)())
    found = pixels(image.addBands(image.mask().rename("m")))
    seen = VALID.any(axis=0)
    np.testing.assert_array_equal(found["m"], seen)
    expected = function(X.astype(float))
    np.testing.assert_allclose(found[f"x_{output}"][seen], expected[seen], rtol=1e-4, atol=1e-5)


def test_percentiles(ee, pixels):
    found = pixels(ee.ImageCollection("T/STACK").reduce(ee.Reducer.percentile([0, 25, 50, 100])))
    assert found.dtype.names == ("x_p0", "x_p25", "x_p50", "x_p100")
    seen = VALID.any(axis=0)
    for fraction in (0, 25, 50, 100):
        expected = np.nanpercentile(X.astype(float), fraction, axis=0)
        np.testing.assert_allclose(found[f"x_p{fraction}"][seen], expected[seen], rtol=1e-5, atol=1e-5)


def test_combined_reducers(ee, pixels):
    reducer = ee.Reducer.mean().combine(ee.Reducer.minMax(), sharedInputs=True)
    found = pixels(ee.ImageCollection("T/BYTES").reduce(reducer))
    assert found.dtype.names == ("n_mean", "n_min", "n_max")


def test_reduce_bands_of_an_image(ee, values):
    np.testing.assert_array_equal(values(ee.Image("T/TWO").reduce(ee.Reducer.sum())), 0)
    assert ee.Image("T/TWO").reduce(ee.Reducer.max()).bandNames().getInfo() == ["max"]


class TestEmptyCollections:
    NOTHING = ("median", "mean", "count", "mosaic", "min", "sum", "mode")

    @pytest.mark.parametrize("name", NOTHING)
    def test_an_image_without_bands(self, ee, name):
        for empty in (ee.ImageCollection([]), ee.ImageCollection("T/STACK").filterDate("1999-01-01", "1999-02-01")):
            assert getattr(empty, name)().bandNames().getInfo() == []

    def test_its_bands_cannot_be_selected_or_fetched(self, ee, pixels, refused):
        empty = ee.ImageCollection([]).median()
        assert refused(empty.select("VV")) == (
            "Image.select: Band pattern 'VV' was applied to an Image with no bands. "
            "See https://developers.google.com/earth-engine/guides/debugging#no-bands"
        )
        with pytest.raises(ee.EEException, match="no bands"):
            pixels(empty)

    def test_other_questions(self, ee):
        empty = ee.ImageCollection("T/STACK").filter(ee.Filter.eq("pass", "NEITHER"))
        assert empty.size().getInfo() == 0
        assert empty.first().getInfo() is None
        assert empty.aggregate_array("cloud").getInfo() == []
        assert empty.toList(5).getInfo() == []
        assert empty.aggregate_sum("cloud").getInfo() == 0


class TestMosaic:
    def test_the_last_image_is_on_top(self, ee, values):
        found = values(ee.ImageCollection("T/STACK").mosaic())
        expected = np.zeros(X.shape[1:], np.float32)
        for layer in X:
            expected = np.where(np.isnan(layer), expected, layer)
        np.testing.assert_array_equal(found, expected)

    def test_sorting_changes_it(self, ee, values):
        found = values(ee.ImageCollection("T/STACK").sort("cloud", False).mosaic())
        expected = np.zeros(X.shape[1:], np.float32)
        for layer in X[::-1]:
            expected = np.where(np.isnan(layer), expected, layer)
        np.testing.assert_array_equal(found, expected)

    def test_quality_mosaic(self, ee, pixels):
        both = ee.ImageCollection("T/STACK").map(lambda i: i.addBands(ee.Image.constant(i.getNumber("number"))))
        found = pixels(both.qualityMosaic("x"))
        best = np.nanargmax(np.where(np.isnan(X), -np.inf, X), axis=0)
        seen = VALID.any(axis=0)
        np.testing.assert_array_equal(found["constant"][seen], best[seen])


def test_different_bands_are_refused(ee, refused):
    mixed = ee.ImageCollection("T/STACK").merge(ee.ImageCollection("T/BYTES"))
    message = refused(mixed.median())
    assert "Expected a homogeneous image collection" in message
    assert "Image ID: 2_s0" in message


@pytest.mark.parametrize(
    ("one", "other", "expected", "actual"),
    [
        ("toFloat", "toDouble", "Float", "Double"),
        ("toDouble", "toInt16", "Double", "Short"),
        ("toUint8", "toInt16", "Short<0, 255>", "Short"),
        ("toUint16", "toInt64", "Integer<0, 65535>", "Long"),
    ],
)
@pytest.mark.parametrize("reduction", ["median", "mosaic", "count"])
def test_different_types_are_refused(ee, refused, one, other, expected, actual, reduction):
    two = ee.Image("T/TWO")
    first = getattr(two, one)()
    second = first.addBands(getattr(two.select("b"), other)(), None, True)
    _, _, message = refused(getattr(ee.ImageCollection([first, second]), reduction)()).partition(": ")
    assert message == (
        "Expected a homogeneous image collection, but an image with incompatible bands was encountered:\n"
        "Mismatched type for band 'b':\n"
        f"Expected type: {expected}.\n"
        f"Actual type: {actual}.\n"
        "Image ID: TWO\n"
        "This band might require an explicit cast."
    )


def test_ranges_of_a_type_may_differ(ee, values):
    assert values(ee.ImageCollection([ee.Image(3), ee.Image(200)]).max(), grid(1, 1))[0, 0] == 200


def test_bands_are_matched_by_name(ee, pixels):
    two = ee.Image("T/TWO")
    found = pixels(ee.ImageCollection([two, two.select(["b", "a"])]).mean())
    assert found.dtype.names == ("a", "b")
    np.testing.assert_array_equal(found["a"], -found["b"])


def test_lists_reduce_too(ee):
    assert ee.List([3, 1, 2, 2]).reduce(ee.Reducer.median()).getInfo() == 2
    assert ee.List([3, 1, 2]).reduce(ee.Reducer.minMax()).getInfo() == {"min": 1, "max": 3}
    assert ee.List([]).reduce(ee.Reducer.count()).getInfo() == 0


def test_composites_have_no_projection_and_no_properties(ee):
    info = ee.ImageCollection("T/STACK").median().getInfo()
    assert info["bands"][0]["crs"] == "EPSG:4326"
    assert info["bands"][0]["crs_transform"] == [1, 0, 0, 0, 1, 0]
    assert "properties" not in info
    assert COUNT
