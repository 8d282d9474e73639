"""xee on the emulator: collections and composites opened with xarray."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
import xarray as xr

from clients_support import CRS, LEFT, SIZE, TOP, TRANSFORM, grid, needs, place, sentinel1, sentinel2

pytestmark = needs("xee")

TILE = {"crs": CRS, "crs_transform": TRANSFORM, "shape_2d": (SIZE, SIZE)}


def opened(source, **options):
    return xr.open_dataset(source, engine="ee", **{**TILE, **options})


def expected(values, valid, name):
    """What xee gives for pixels: float32, NaN where they are masked."""
    return np.where(valid[name], values[name].astype(np.float32), np.nan)


class TestWorldCover:
    def test_a_tile(self, ee, reference):
        found = opened("ee://ESA/WorldCover/v200")
        assert found.sizes == {"time": 1, "y": SIZE, "x": SIZE}
        assert found.time.values[0] == np.datetime64("2021-01-01")
        assert (float(found.x[0]), float(found.y[0])) == (LEFT + 5, TOP - 5)
        cover = ee.ImageCollection("ESA/WorldCover/v200").first()
        np.testing.assert_array_equal(found["Map"].values[0], expected(*reference(cover, grid()), "Map"))
        assert found.attrs["title"]

    def test_its_own_grid(self, ee):
        from xee import extract_grid_params

        found = extract_grid_params(ee.ImageCollection("ESA/WorldCover/v200"))
        assert found["crs"] == "EPSG:4326"
        assert found["shape_2d"] == (4_320_000, 1_728_000)

    def test_a_grid_around_a_place(self, ee, reference):
        from xee import fit_geometry

        params = fit_geometry(shapely.box(6.1, 49.6, 6.11, 49.61), grid_crs=CRS, grid_scale=(10.0, -10.0))
        found = opened("ee://ESA/WorldCover/v200", **params)
        width, height = params["shape_2d"]
        there = grid(params["crs_transform"], (height, width), params["crs"])
        cover = ee.ImageCollection("ESA/WorldCover/v200").first()
        np.testing.assert_array_equal(found["Map"].values[0], expected(*reference(cover, there), "Map"))

    def test_what_is_a_collection(self, ee):
        from xee import EarthEngineBackendEntrypoint

        assert EarthEngineBackendEntrypoint().guess_can_open("ESA/WorldCover/v200")
        assert not EarthEngineBackendEntrypoint().guess_can_open("NO/SUCH/COLLECTION")


class TestSentinel1:
    def test_every_image_and_its_time(self, ee, reference):
        images = sentinel1(ee).select(["VV", "VH"])
        found = opened(images)
        times = images.aggregate_array("system:time_start").getInfo()
        assert found.time.values.astype("datetime64[ms]").astype(int).tolist() == times
        indices = images.aggregate_array("system:index").getInfo()
        for number in (0, len(indices) - 1):
            image = ee.Image(f"COPERNICUS/S1_GRD/{indices[number]}").select(["VV", "VH"])
            values, valid = reference(image, grid())
            for name in ("VV", "VH"):
                np.testing.assert_array_equal(found[name].values[number], expected(values, valid, name))

    def test_a_median_here_is_the_median_there(self, ee, reference):
        images = sentinel1(ee).select(["VV", "VH"])
        found = opened(images).median("time")
        values, valid = reference(images.median(), grid())
        for name in ("VV", "VH"):
            np.testing.assert_allclose(found[name].values, expected(values, valid, name), atol=1e-5)

    def test_a_composite(self, ee, reference):
        composite = sentinel1(ee).select(["VV", "VH"]).median()
        named = composite.set({"system:time_start": 1_590_969_600_000, "system:id": "composite"})
        found = opened(ee.ImageCollection([named]))
        assert found.time.values[0] == np.datetime64("2020-06-01")
        values, valid = reference(composite, grid())
        for name in ("VV", "VH"):
            np.testing.assert_array_equal(found[name].values[0], expected(values, valid, name))


class TestSentinel2:
    def clear(self, ee):
        scores = ee.ImageCollection("GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED")
        linked = sentinel2(ee).linkCollection(scores, ["cs_cdf"])
        return linked.map(lambda image: image.updateMask(image.select("cs_cdf").gte(0.6)).select(["B4", "B3"]))

    def test_a_composite_in_small_requests(self, ee, reference):
        composite = self.clear(ee).median()
        chunks = {"time": 1, "width": 50, "height": 70}
        found = opened(
            ee.ImageCollection([composite.set({"system:time_start": 0, "system:id": "s2"})]), io_chunks=chunks
        )
        values, valid = reference(composite, grid())
        for name in ("B4", "B3"):
            np.testing.assert_array_equal(found[name].values[0], expected(values, valid, name))

    def test_masked_pixels_are_nan(self, ee, reference):
        images = self.clear(ee)
        found = opened(images, fast_time_slicing=False)["B4"]
        values, valid = reference(images.count(), grid())
        seen = found.notnull().sum("time").values
        np.testing.assert_array_equal(seen, np.where(valid["B4"], values["B4"], 0))
        assert 0 < seen.min() < seen.max()

    @pytest.mark.parametrize("fast", [False, True])
    def test_slices_by_id_are_the_same(self, ee, reference, fast):
        images = sentinel2(ee).select(["B8"])
        found = opened(images, fast_time_slicing=fast)["B8"].isel(time=slice(1, 3))
        index = images.aggregate_array("system:index").getInfo()[2]
        image = ee.Image(f"COPERNICUS/S2_SR_HARMONIZED/{index}").select("B8")
        np.testing.assert_array_equal(found.values[1], expected(*reference(image, grid()), "B8"))

    def test_part_of_a_tile(self, ee):
        images = sentinel2(ee).select(["B8"])
        whole = opened(images)["B8"]
        part = opened(images)["B8"].isel(time=0, y=slice(10, 40), x=slice(100, 160))
        np.testing.assert_array_equal(part.values, whole.values[0, 10:40, 100:160])

    def test_where_no_place_was_named(self, ee, reference):
        """A composite of the whole planet's images."""
        images = ee.ImageCollection("COPERNICUS/S2_SR_HARMONIZED").filterDate("2020-06-01", "2020-07-01").select(["B4"])
        found = opened(ee.ImageCollection([images.median().set({"system:time_start": 0, "system:id": "s2"})]))
        values, valid = reference(images.filterBounds(place(ee).buffer(2000)).median(), grid())
        np.testing.assert_array_equal(found["B4"].values[0], expected(values, valid, "B4"))
