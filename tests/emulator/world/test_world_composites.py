"""Composites of the whole planet's images: only those near the pixels that are computed are asked for."""

from __future__ import annotations

import numpy as np
import pytest

from emulator_support import grid

WHERE = grid(60, 60, left=290_000, top=5_511_000)
# The middle of the South Pacific: no Sentinel-2 image is taken there.
OCEAN = grid(20, 20, left=500_000, top=4_500_000, crs="EPSG:32708")


@pytest.fixture
def fetch(client):
    def pixels(image, where=WHERE):
        return client.data.computePixels({"expression": image, "fileFormat": "NUMPY_NDARRAY", "grid": where})

    return pixels


@pytest.fixture
def here(client):
    return client.Geometry.Rectangle([289_000, 5_509_000, 292_000, 5_512_000], "EPSG:32632", False)


@pytest.fixture
def optical_images(client):
    return client.ImageCollection("COPERNICUS/S2_SR_HARMONIZED").filterDate("2020-06-01", "2020-09-01")


def undated(image):
    """A function that keeps the place, and neither time nor other properties."""
    return image.updateMask(image.select("QA60").bitwiseAnd(1 << 10).eq(0)).divide(10_000).select(["B4", "B3"])


@pytest.mark.parametrize("reduce", ["median", "mean", "max", "count", "mosaic"])
def test_the_place_may_be_named_or_not(client, fetch, here, optical_images, reduce):
    images = optical_images.select(["B4", "B3"])
    expected = fetch(getattr(images.filterBounds(here), reduce)())
    np.testing.assert_array_equal(fetch(getattr(images, reduce)()), expected)
    assert expected["B4"].any()


def test_after_a_function_that_drops_the_time(client, fetch, here, optical_images):
    images = optical_images.filter(client.Filter.lt("CLOUDY_PIXEL_PERCENTAGE", 40)).map(undated)
    expected = fetch(
        optical_images.filterBounds(here).filter(client.Filter.lt("CLOUDY_PIXEL_PERCENTAGE", 40)).map(undated).median()
    )
    np.testing.assert_array_equal(fetch(images.median()), expected)


def test_after_a_function_that_clips(client, fetch, here, optical_images):
    def clip(image):
        return image.select(["B8"]).clip(image.geometry().buffer(-20_000))

    expected = fetch(optical_images.filterBounds(here).map(clip).count().unmask(0))
    np.testing.assert_array_equal(fetch(optical_images.map(clip).count().unmask(0)), expected)
    assert expected["B8"].max() > 0


def test_after_a_function_that_moves_images_they_are_too_many(client, fetch):
    images = client.ImageCollection("COPERNICUS/S1_GRD").filterDate("2020-06-01", "2020-09-01")
    vertical = images.filter(client.Filter.listContains("transmitterReceiverPolarisation", "VV")).select(["VV"])
    everywhere = vertical.map(lambda image: image.unmask(0, False))
    with pytest.raises(client.EEException, match="after accumulating over 5000 elements"):
        fetch(everywhere.mean())


def test_the_best_pixel(client, fetch, here, optical_images):
    images = optical_images.select(["B4", "B8"])
    expected = fetch(images.filterBounds(here).qualityMosaic("B8"))
    np.testing.assert_array_equal(fetch(images.qualityMosaic("B8")), expected)


def test_reducers_and_their_names(client, fetch, here, optical_images):
    reducer = client.Reducer.minMax().combine(client.Reducer.count(), sharedInputs=True)
    images = optical_images.select(["B4"])
    assert images.reduce(reducer).bandNames().getInfo() == ["B4_min", "B4_max", "B4_count"]
    expected = fetch(images.filterBounds(here).reduce(reducer))
    np.testing.assert_array_equal(fetch(images.reduce(reducer)), expected)


def test_where_there_is_no_image(client, fetch, optical_images):
    images = optical_images.select(["B4"])
    assert (fetch(images.median().unmask(7), OCEAN)["B4"] == 7).all()
    assert (fetch(images.count().unmask(0), OCEAN)["B4"] == 0).all()


def test_images_with_other_bands_are_an_error_where_they_are(client, fetch):
    images = client.ImageCollection("COPERNICUS/S1_GRD").filterDate("2020-01-01", "2021-01-01")
    with pytest.raises(client.EEException, match="Expected a homogeneous image collection"):
        fetch(images.mean())


def test_no_image_at_all_is_no_band(client, optical_images):
    nothing = optical_images.filterDate("2010-01-01", "2010-02-01")
    assert nothing.median().bandNames().getInfo() == []


def test_an_image_by_its_name_without_a_search(client, optical_images, here):
    index = optical_images.filterBounds(here).first().get("system:index").getInfo()
    images = client.ImageCollection("COPERNICUS/S2_SR_HARMONIZED").map(undated)
    found = images.filter(client.Filter.eq("system:index", index))
    assert found.aggregate_array("system:index").getInfo() == [index]
    assert images.filter(client.Filter.eq("system:index", "nothing")).size().getInfo() == 0
    both = client.Filter.And(client.Filter.eq("system:index", index), client.Filter.gt("CLOUDY_PIXEL_PERCENTAGE", 101))
    assert client.ImageCollection("COPERNICUS/S2_SR_HARMONIZED").filter(both).size().getInfo() == 0
