"""geedim on the emulator: images, composites and collections as GeoTIFF, NumPy and xarray."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio

from clients_support import (
    CRS,
    END,
    LEFT,
    SIZE,
    START,
    TOP,
    TRANSFORM,
    grid,
    needs,
    partly_clouded,
    place,
    sentinel1,
    sentinel2,
)

pytestmark = needs("geedim")

TILE = {"crs": CRS, "crs_transform": TRANSFORM, "shape": (SIZE, SIZE)}
SMALLEST = {
    "uint8": 0,
    "int8": -128,
    "uint16": 0,
    "int16": -32768,
    "uint32": 0,
    "int32": -(2**31),
    "float32": -np.inf,
    "float64": -np.inf,
}


@pytest.fixture(autouse=True)
def _geedim(monkeypatch):
    """The client registers itself on ee.Image; its descriptions of data sets come from the internet: there are none."""
    import geedim  # noqa: F401
    from geedim.stac import STACClient

    class Nothing(dict):
        def __contains__(self, _key):
            return True

        def __missing__(self, _key):
            return None

    monkeypatch.setattr(STACClient(), "_cache", Nothing())


@pytest.fixture
def same(reference):
    """Compares a prepared image, downloaded by geedim, with computePixels on the grid it says it has."""

    def compare(image, **options):
        found = image.gd.toNumPy(masked=True, **options)
        values, valid = reference(image, grid(image.gd.transform, image.gd.shape, image.gd.crs))
        assert found.shape == (*image.gd.shape, len(values.dtype.names))
        for number, name in enumerate(values.dtype.names):
            band = found[..., number]
            np.testing.assert_array_equal(~np.ma.getmaskarray(band), valid[name], err_msg=name)
            np.testing.assert_array_equal(band.filled(0), np.where(valid[name], values[name], 0), err_msg=name)
        return found

    return compare


class TestWorldCover:
    def test_a_tile_as_geotiff(self, ee, same, tmp_path):
        image = ee.ImageCollection("ESA/WorldCover/v200").first().gd.prepareForExport(**TILE)
        image.gd.toGeoTIFF(tmp_path / "cover.tif")
        with rasterio.open(tmp_path / "cover.tif") as file:
            assert file.crs == CRS
            assert tuple(file.transform)[:6] == TRANSFORM
            assert (file.shape, file.dtypes, file.nodata) == ((SIZE, SIZE), ("uint8",), 0)
            assert file.tags()["system-index"] == "2021"
            found = file.read(1)
        np.testing.assert_array_equal(found, same(image)[..., 0].filled(0))
        assert len(np.unique(found)) > 2

    def test_the_images_own_grid_in_a_region(self, ee, same):
        """Without a grid, geedim keeps the image's pixels and asks for those that cover the region."""
        cover = ee.ImageCollection("ESA/WorldCover/v200").first()
        image = cover.gd.prepareForExport(region=ee.Geometry.Rectangle(6.1, 49.6, 6.11, 49.61))
        same(image)
        native = rasterio.Affine(*cover.gd.transform)
        col, row = ~native * (image.gd.transform[2], image.gd.transform[5])
        assert (col, row) == pytest.approx((round(col), round(row)), abs=1e-6)
        assert image.gd.shape == (120, 120)

    def test_a_region_in_another_crs(self, ee, same):
        cover = ee.ImageCollection("ESA/WorldCover/v200").first()
        region = ee.Geometry.Rectangle(6.1, 49.6, 6.11, 49.61)
        by_scale = cover.gd.prepareForExport(crs="EPSG:3857", region=region, scale=30)
        same(by_scale)
        assert by_scale.gd.scale == 30
        by_shape = cover.gd.prepareForExport(crs="EPSG:3857", region=region, shape=(60, 40))
        assert same(by_shape).shape == (60, 40, 1)


class TestComposites:
    def test_sentinel1_median(self, ee, same):
        images = sentinel1(ee).gd.filter(START, END, place(ee))
        composite = images.gd.composite("median").select(["VV", "VH"])
        assert composite.gd.id == "COPERNICUS/S1_GRD/MEDIAN-COMP"
        image = composite.gd.prepareForExport(**TILE)
        found = same(image)
        assert found.dtype == np.float64
        assert -30 < found.mean() < 0

    def test_sentinel2_of_the_clearest_pixels(self, ee, same):
        """The default: Cloud Score+ masks, and at each pixel the image in which clouds are farthest away."""
        composite = sentinel2(ee).gd.composite().select(["B4", "B3", "B2"])
        assert composite.gd.id == "COPERNICUS/S2_SR_HARMONIZED/Q-MOSAIC-COMP"
        found = same(composite.gd.prepareForExport(**TILE, dtype="uint16"))
        assert found.max() > found.min() > 0

    def test_sentinel2_median_as_tiles(self, ee, same):
        """An image that geedim splits into requests of 100 kB has no seams."""
        composite = sentinel2(ee).gd.composite("median").select(["B8", "B4"])
        same(composite.gd.prepareForExport(**TILE, dtype="uint16"), max_tile_size=0.1)

    def test_sentinel2_medoid(self, ee, same):
        """At each pixel the image that is nearest to all others."""
        composite = sentinel2(ee).select(["B4", "B3", "B2"]).gd.medoid()
        same(composite.gd.prepareForExport(**TILE, dtype="uint16"))

    @pytest.mark.filterwarnings("ignore:The 'CloudMaskMethod.qa'", "ignore:The 'qa' mask method")
    def test_sentinel2_with_other_masks(self, ee, same):
        """Clouds by QA60, shadows cast by them in the direction of the sun, both opened and grown."""
        composite = sentinel2(ee).limit(2).gd.composite("mosaic", mask_method="qa").select(["B4"])
        same(composite.gd.prepareForExport(**TILE, dtype="uint16"))

    def test_sentinel2_of_the_images_that_are_clear_over_a_region(self, ee, same):
        clear = sentinel2(ee).gd.filter(START, END, place(ee), cloudless_portion=80)
        portions = clear.aggregate_array("CLOUDLESS_PORTION").getInfo()
        assert portions
        assert min(portions) >= 80
        assert len(portions) < len(sentinel2(ee).gd.properties)
        composite = clear.gd.composite("mosaic", region=place(ee)).select(["B4"])
        same(composite.gd.prepareForExport(**TILE, dtype="uint16"))

    def test_a_filter_in_words(self, ee):
        text = "CLOUDY_PIXEL_PERCENTAGE < 20 && SPACECRAFT_NAME == 'Sentinel-2A'"
        found = sentinel2(ee).gd.filter(custom_filter=text).gd.properties.values()
        assert found
        assert all(p["CLOUDY_PIXEL_PERCENTAGE"] < 20 and p["SPACECRAFT_NAME"] == "Sentinel-2A" for p in found)

    def test_a_composite_has_no_grid_of_its_own(self, ee):
        composite = sentinel2(ee).gd.composite("median")
        assert composite.gd.shape is None
        assert composite.gd.geometry is None
        with pytest.raises(ValueError, match="fixed projection"):
            composite.gd.prepareForExport()


class TestImages:
    def test_clouds_are_masked(self, ee, same):
        image = partly_clouded(ee).gd.addMaskBands().gd.maskClouds()
        found = same(image.gd.prepareForExport(**TILE, dtype="uint16", bands=["B4", "B3"]))
        assert 0.05 < np.ma.getmaskarray(found).mean() < 0.95

    def test_interpolated(self, ee, same):
        image = sentinel2(ee).first().select("B11")
        found = same(image.gd.prepareForExport(**TILE, dtype="float32", resampling="bilinear"))
        plain = same(image.gd.prepareForExport(**TILE, dtype="float32"))
        assert np.abs(found - plain).max() > 0

    def test_averaged(self, ee, same):
        coarse = {"crs": CRS, "crs_transform": (60.0, 0.0, LEFT, 0.0, -60.0, TOP), "shape": (20, 20)}
        image = sentinel2(ee).first().select("B4")
        found = same(image.gd.prepareForExport(**coarse, dtype="float32", resampling="average"))
        assert np.abs(found - np.round(found)).max() > 0

    def test_what_geedim_reads_of_an_image(self, ee):
        image = sentinel2(ee).first()
        assert image.gd.id == f"COPERNICUS/S2_SR_HARMONIZED/{image.gd.index}"
        assert image.gd.bounded
        assert image.gd.scale == 10
        assert image.gd.cloudSupport
        scales = [image.gd.projection(min_scale=least).nominalScale() for least in (True, False)]
        assert ee.List(scales).getInfo() == [10, 60]
        assert ee.List([image.gd.fixed(), ee.Image(1).gd.fixed()]).getInfo() == [True, False]
        prepared = image.gd.prepareForExport(region=place(ee))
        assert prepared.gd.id == image.gd.id

    @pytest.mark.parametrize("dtype", SMALLEST)
    def test_a_cast_image_says_which_value_is_masked(self, ee, dtype):
        image = ee.Image("ESA/WorldCover/v200/2021").updateMask(ee.Image.pixelLonLat().select(0).gt(6.105))
        image = image.gd.prepareForExport(**TILE, dtype=dtype)
        assert image.gd.nodata == SMALLEST[dtype]
        request = {"expression": image, "fileFormat": "GEO_TIFF", "grid": grid()}
        with rasterio.MemoryFile(ee.data.computePixels(request)) as memory, memory.open() as file:
            assert (file.nodata, file.dtypes) == (SMALLEST[dtype], (dtype,))
        assert image.gd.toNumPy().min() == min(SMALLEST[dtype], 10)


class TestCollections:
    def test_images_of_one_grid(self, ee, reference):
        images = sentinel2(ee).limit(3)
        prepared = images.gd.prepareForExport(**TILE, dtype="uint16", bands=["B4", "B3"])
        found = prepared.gd.toNumPy(split="images", masked=True)
        assert found.shape == (SIZE, SIZE, 3, 2)
        for number, index in enumerate(prepared.gd.properties):
            image = ee.Image(prepared.filter(ee.Filter.eq("system:index", index)).first())
            values, valid = reference(image, grid())
            for band, name in enumerate(("B4", "B3")):
                part = found[..., number, band] if found.shape[2] == 3 else found[..., band, number]
                np.testing.assert_array_equal(part.filled(0), np.where(valid[name], values[name], 0))

    def test_as_xarray_with_its_properties(self, ee):
        image = sentinel2(ee).first().gd.prepareForExport(**TILE, dtype="uint16", bands=["B4"])
        found = image.gd.toXarray()
        assert found.sizes == {"y": SIZE, "x": SIZE, "band": 1}
        assert (float(found.x[0]), float(found.y[0])) == (LEFT + 5, TOP - 5)
        assert json.loads(found.attrs["ee"])["system:index"] == image.gd.index

    def test_the_table_of_properties(self, ee):
        assert "S2_SR" in sentinel2(ee).gd.id
        table = sentinel2(ee).gd.propertiesTable
        assert table.count("PASSED") >= len(sentinel2(ee).gd.properties) > 0
