"""Assets from files: what is served, and what is named at start-up."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import rasterio
import rasterio.vrt
from rasterio.enums import ColorInterp
from rasterio.transform import Affine

from emulator_client import Connection
from emulator_support import CRS, LEFT, SIZE, TOP, grid, write
from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.catalogue import Layered
from eo_ingest.emulator.errors import AssetFileError
from eo_ingest.emulator.files import Files
from eo_ingest.emulator.process import EmulatorProcess

ARRAY = np.arange(30, dtype=np.int16).reshape(5, 6)


def whole(image, level=0):
    lattice = image.bands[0].lattice
    return Window(0, 0, -(-lattice.height // 2**level), -(-lattice.width // 2**level))


def read(folder, asset_id, band="b1"):
    image = Files(folder).get(asset_id)
    return image.read(band, 0, whole(image))


class TestLayout:
    def test_images_of_a_collection_and_single_images(self, tmp_path):
        for name in ("A/B/one", "A/B/two", "C/single"):
            write(tmp_path / f"{name}.tif", ARRAY)
        files = Files(tmp_path)
        assert [i.id for i in files.get("A/B").images(None, None, None)] == ["A/B/one", "A/B/two"]
        assert files.get("A/B/one").properties["system:index"] == "one"
        assert files.get("C/single").bands[0].name == "b1"
        assert files.get("A") is None
        assert [a.id for a in files.children("A")] == ["A/B"]
        assert files.children("Z") is None

    def test_a_folder_of_rasters_and_folders_is_a_folder(self, tmp_path):
        write(tmp_path / "A/single.tif", ARRAY)
        write(tmp_path / "A/B/one.tif", ARRAY)
        files = Files(tmp_path)
        assert files.get("A") is None
        assert [a.id for a in files.children("A")] == ["A/B", "A/single"]

    def test_images_are_in_order_of_time(self, tmp_path):
        for name, day in (("a", 3), ("b", 1), ("c", 2)):
            write(tmp_path / f"X/{name}.tif", ARRAY, sidecar={"properties": {"system:time_start": f"2020-01-0{day}"}})
        write(tmp_path / "X/none.tif", ARRAY)
        assert [i.id[-1] for i in Files(tmp_path).get("X").images(None, None, None)] == ["e", "b", "c", "a"]
        jan2 = 1577923200000
        assert [i.id for i in Files(tmp_path).get("X").images(jan2, jan2 + 1, None)] == ["X/c"]


class TestSidecars:
    def test_dates_are_iso_or_milliseconds(self, tmp_path):
        times = {"system:time_start": "2021-11-19T14:08:00Z", "system:time_end": 1637330880001}
        write(tmp_path / "X/a.tif", ARRAY, sidecar={"properties": {**times, "pols": ["VV", "VH"]}})
        properties = Files(tmp_path).get("X/a").properties
        assert properties["system:time_start"] == 1637330880000
        assert properties["system:time_end"] == 1637330880001
        assert properties["pols"] == ["VV", "VH"]

    def test_names_of_bands(self, tmp_path):
        write(tmp_path / "X/a.tif", np.stack([ARRAY, ARRAY]), names=["VV", "VH"])
        write(tmp_path / "X/b.tif", np.stack([ARRAY, ARRAY]), names=["VV"], sidecar={"bands": ["p", "q"]})
        write(tmp_path / "X/c.tif", np.stack([ARRAY, ARRAY]))
        files = Files(tmp_path)
        assert [[b.name for b in files.get(f"X/{n}").bands] for n in "abc"] == [["VV", "VH"], ["p", "q"], ["b1", "b2"]]

    def test_scale_multiplies(self, tmp_path):
        write(tmp_path / "X/a.tif", ARRAY, nodata=7, sidecar={"scale": 0.01})
        values, valid = read(tmp_path, "X/a")
        assert values.dtype == np.float32
        np.testing.assert_allclose(values[valid], ARRAY[ARRAY != 7] * 0.01, rtol=1e-6)
        assert (~valid).sum() == 1

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("{", "is not JSON"),
            ("[]", "is not a JSON object"),
            ('{"band": ["x"]}', r"unknown members \['band'\]"),
            ('{"bands": ["x", "y"]}', "has 1 bands, its sidecar names 2"),
            ('{"bands": "x"}', "not a list of names"),
            ('{"scale": 0}', "'scale' is 0"),
            ('{"scale": "2"}', "'scale' is '2'"),
            ('{"properties": []}', "'properties' is not an object"),
            ('{"properties": {"system:time_start": "soon"}}', "is no date: 'soon'"),
            ('{"pyramid": "best"}', "'pyramid' is 'best'"),
        ],
    )
    def test_a_wrong_one_is_named(self, tmp_path, text, message):
        path = write(tmp_path / "X/a.tif", ARRAY)
        path.with_suffix(".json").write_text(text)
        with pytest.raises(AssetFileError, match=message) as caught:
            Files(tmp_path)
        assert str(path) in str(caught.value)


class TestMasks:
    def test_nodata(self, tmp_path):
        write(tmp_path / "X/a.tif", ARRAY, nodata=7)
        np.testing.assert_array_equal(read(tmp_path, "X/a")[1], ARRAY != 7)

    def test_nan_without_nodata(self, tmp_path):
        array = ARRAY.astype(np.float32)
        array[2] = np.nan
        write(tmp_path / "X/a.tif", array)
        np.testing.assert_array_equal(read(tmp_path, "X/a")[1], ~np.isnan(array))

    def test_a_mask_band(self, tmp_path):
        path = write(tmp_path / "X/a.tif", ARRAY)
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as target:
            target.write_mask(ARRAY > 10)
        np.testing.assert_array_equal(read(tmp_path, "X/a")[1], ARRAY > 10)

    def test_alpha_is_a_mask_and_no_band(self, tmp_path):
        alpha = np.where(ARRAY > 10, 255, 0)
        path = write(
            tmp_path / "X/a.tif", np.stack([ARRAY, alpha]).astype(np.uint8), photometric="MINISBLACK", alpha="YES"
        )
        with rasterio.open(path) as found:
            assert found.colorinterp[1] == ColorInterp.alpha
        assert [b.name for b in Files(tmp_path).get("X/a").bands] == ["b1"]
        np.testing.assert_array_equal(read(tmp_path, "X/a")[1], ARRAY > 10)

    def test_windows_may_reach_outside(self, tmp_path):
        write(tmp_path / "X/a.tif", ARRAY)
        values, valid = Files(tmp_path).get("X/a").read("b1", 0, Window(-2, 4, 4, 5))
        expected = np.zeros((4, 5), bool)
        expected[2:, :2] = True
        np.testing.assert_array_equal(valid, expected)
        np.testing.assert_array_equal(values[2:, :2], ARRAY[:2, 4:])
        assert not Files(tmp_path).get("X/a").read("b1", 0, Window(100, 100, 2, 2))[1].any()

    def test_levels(self, tmp_path):
        write(tmp_path / "X/a.tif", ARRAY, nodata=0)
        image = Files(tmp_path).get("X/a")
        values, valid = image.read("b1", 1, whole(image, 1))
        assert values.shape == (3, 3)
        assert values[0, 0] == 5  # the mean of 1, 6 and 7 is 4.67
        assert values[2, 2] == 29  # half of it lies outside: the mean of 28 and 29 goes up
        assert valid.all()


class TestRefusals:
    @pytest.mark.parametrize("missing", ["folder", "rasters"])
    def test_an_empty_folder(self, tmp_path, missing):
        with pytest.raises(AssetFileError, match="not a directory" if missing == "folder" else "holds no raster"):
            Files(tmp_path / "no" if missing == "folder" else tmp_path)

    def test_a_file_that_is_no_raster(self, tmp_path):
        (tmp_path / "a.tif").write_text("hello")
        write(tmp_path / "b.tif", ARRAY)
        with pytest.raises(AssetFileError) as caught:
            Files(tmp_path)
        assert str(tmp_path / "a.tif") in str(caught.value)
        assert "b.tif" not in str(caught.value)

    def test_a_truncated_file_opens_but_is_named(self, tmp_path):
        noise = np.random.default_rng(0).integers(0, 30000, (300, 300), dtype=np.int16)
        path = write(tmp_path / "a.tif", noise, compress="deflate")
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(AssetFileError, match=r"a\.tif: cannot be read"):
            Files(tmp_path)

    def test_all_problems_are_listed(self, tmp_path):
        for name in ("a", "b"):
            (tmp_path / f"{name}.tif").write_text("no")
        with pytest.raises(AssetFileError) as caught:
            Files(tmp_path)
        assert "a.tif" in str(caught.value)
        assert "b.tif" in str(caught.value)

    def test_no_crs_or_geotransform(self, tmp_path):
        write(tmp_path / "a.tif", ARRAY, crs=None)
        with pytest.raises(AssetFileError, match="no coordinate reference system"):
            Files(tmp_path)

    def test_complex_pixels(self, tmp_path):
        write(tmp_path / "a.tif", ARRAY.astype(np.complex64))
        with pytest.raises(AssetFileError, match="complex64"):
            Files(tmp_path)

    def test_two_files_of_one_id(self, tmp_path):
        write(tmp_path / "a.tif", ARRAY)
        write(tmp_path / "a.tiff", ARRAY)
        with pytest.raises(AssetFileError, match="same asset id"):
            Files(tmp_path)

    def test_the_child_process_says_so(self, tmp_path):
        (tmp_path / "a.tif").write_text("hello")
        from eo_ingest.emulator.errors import EmulatorError

        with pytest.raises(EmulatorError, match=r"a\.tif: cannot be read"):
            EmulatorProcess(assets=tmp_path, world=False).start()


class World:
    """A catalogue of one collection of a hundred images."""

    class Image:
        def __init__(self, asset_id):
            self.id, self.properties, self.footprint, self.bands = asset_id, {}, None, ()

    class Collection:
        id, properties = "X/COL", {}

        def images(self, start, end, bounds):
            return iter([World.Image(f"X/COL/w{i}") for i in range(100)])

    def get(self, asset_id):
        if asset_id == "X/COL":
            return self.Collection()
        return self.Image(asset_id) if asset_id.startswith(("X/COL/w", "Y/")) else None

    def children(self, parent_id):
        return [self.Collection()] if parent_id == "X" else None


class TestFilesOverTheWorld:
    def test_files_replace_the_whole_collection(self, tmp_path):
        write(tmp_path / "X/COL/f.tif", ARRAY)
        both = Layered(Files(tmp_path), World())
        assert [i.id for i in both.get("X/COL").images(None, None, None)] == ["X/COL/f"]
        assert both.get("X/COL/f") is not None
        assert both.get("X/COL/w1") is None
        assert both.get("Y/z") is not None
        assert [a.id for a in both.children("X")] == ["X/COL"]

    def test_files_elsewhere_hide_nothing(self, tmp_path):
        write(tmp_path / "X/other.tif", ARRAY)
        both = Layered(Files(tmp_path), World())
        assert len(list(both.get("X/COL").images(None, None, None))) == 100
        assert both.get("X/COL/w1") is not None
        assert both.get("X/other") is not None


def serve(folder):
    return EmulatorProcess(assets=folder, world=False)


def test_odd_geotransforms_are_served_right(tmp_path):
    rotated = Affine(LEFT and 8, 6, LEFT, 6, -8, TOP)
    array = np.arange(SIZE * SIZE, dtype=np.float32).reshape(SIZE, SIZE)
    write(tmp_path / "rotated.tif", array, transform=rotated)
    write(tmp_path / "south_up.tif", array, transform=Affine(10, 0, LEFT, 0, 10, TOP - 640))
    where = grid(100, 120, left=LEFT - 50, top=TOP + 400)
    with serve(tmp_path) as process:
        connection = Connection(process.url)
        import ee

        with connection.active():

            def fetch(name):
                request = {"expression": ee.Image(name).add(1), "fileFormat": "NUMPY_NDARRAY", "grid": where}
                return ee.data.computePixels(request)["b1"]

            found, up = fetch("rotated"), fetch("south_up")
        connection.close()
    i, j = np.meshgrid(np.arange(100) + 0.5, np.arange(120) + 0.5)
    x, y = LEFT - 50 + 10 * i, TOP + 400 - 10 * j
    col, row = ~rotated @ (x, y)
    inside = (col >= 0) & (col < SIZE) & (row >= 0) & (row < SIZE)
    expected = np.where(inside, np.floor(row) * SIZE + np.floor(col) + 1, 0)
    np.testing.assert_array_equal(found, expected)
    assert inside.mean() > 0.3
    np.testing.assert_array_equal(up[40 : 40 + SIZE, 5 : 5 + SIZE], array[::-1] + 1)


@pytest.mark.shared
class TestRealFiles:
    SERVED = (
        "all-nodata.tif",
        "clp_polar_nodata_mask.tif",
        "cog_dateline_utm60.tif",
        "geomatrix_rotated.tif",
        "inverted_lat.tif",
        "noaa_seaice_north_3411.tif",
        "perband_nodata_luxembourg.vrt",
        "rotated_utm_2d.tif",
        "umbra_sar_rotated_geotransform.tif",
    )

    @pytest.mark.parametrize("name", SERVED)
    def test_served(self, shared, tmp_path, name):
        (tmp_path / "X").mkdir()
        # A VRT names its files relative to itself.
        (tmp_path / "X" / name).symlink_to(shared / "nasty" / name)
        if name.endswith(".vrt"):
            (tmp_path / "luxembourg_terra").symlink_to(shared / "luxembourg_terra")
        image = Files(tmp_path).get(f"X/{name.rpartition('.')[0]}")
        with rasterio.open(shared / "nasty" / name) as source:
            for band in image.bands:
                number = image.numbers[band.name]
                values, valid = image.read(band.name, 0, whole(image))
                expected = source.read(number)
                good = source.read_masks(number) > 0
                if expected.dtype.kind == "f":
                    good &= ~np.isnan(expected)
                np.testing.assert_array_equal(valid, good)
                np.testing.assert_array_equal(values[valid], expected[good])

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("au-gcp.tif", "ground control points"),
            ("corrupt.tif", "cannot be read"),
            ("truncated_40pct_S1.tif", "cannot be read"),
        ],
    )
    def test_named(self, shared, tmp_path, name, reason):
        shutil.copy(shared / "nasty" / name, tmp_path / name)
        with pytest.raises(AssetFileError, match=reason) as caught:
            Files(tmp_path)
        assert name in str(caught.value)

    def test_over_the_antimeridian(self, shared, tmp_path):
        name = "cog_dateline_utm60.tif"
        (tmp_path / name).symlink_to(shared / "nasty" / name)
        where = grid(300, 200, left=179.0, top=52.2, scale=0.005, crs="EPSG:4326")
        with serve(tmp_path) as process:
            connection = Connection(process.url)
            import ee

            with connection.active():
                image = ee.Image("cog_dateline_utm60")
                request = {"expression": image, "fileFormat": "NUMPY_NDARRAY", "grid": where}
                found = ee.data.computePixels(request)["b1"]
                for lon in (179.5, -179.5):
                    near = ee.ImageCollection([image]).filterBounds(ee.Geometry.Point([lon, 51.5]))
                    assert near.size().getInfo() == 1
                far = ee.ImageCollection([image]).filterBounds(ee.Geometry.Point([0, 51.5]))
                assert far.size().getInfo() == 0
            connection.close()
        import pyproj

        with rasterio.open(shared / "nasty" / name) as source:
            array, transform = source.read(1), source.transform
        lon, lat = np.meshgrid(179 + 0.005 * (np.arange(300) + 0.5), 52.2 - 0.005 * (np.arange(200) + 0.5))
        x, y = pyproj.Transformer.from_crs(4326, 32660, always_xy=True).transform(lon, lat)
        half = array.reshape(-1)  # 100 m pixels, asked for at about 550 m: the level of 400 m pixels is read
        assert half.size
        col, row = ~transform @ (np.ravel(x), np.ravel(y))
        inside = (col > 8) & (col < array.shape[1] - 8) & (row > 8) & (row < array.shape[0] - 8)
        assert inside.mean() > 0.8
        assert (found.ravel()[inside] > 0).all()


def test_readme_layout_by_the_client(tmp_path):
    """The layout of the documentation, through the client."""
    sidecar = {
        "properties": {"system:time_start": "2021-11-19T14:08:00Z", "orbitProperties_pass": "ASCENDING"},
        "bands": ["VV", "VH"],
        "scale": 1.0,
    }
    write(tmp_path / "COPERNICUS/S1_GRD/S1A_x.tif", np.stack([ARRAY, ARRAY + 1]).astype(np.float32), sidecar=sidecar)
    assert json.loads((tmp_path / "COPERNICUS/S1_GRD/S1A_x.json").read_text())
    with serve(tmp_path) as process:
        connection = Connection(process.url)
        import ee

        with connection.active():
            col = ee.ImageCollection("COPERNICUS/S1_GRD").filterDate("2021-11-19", "2021-11-20")
            assert col.filter(ee.Filter.eq("orbitProperties_pass", "ASCENDING")).size().getInfo() == 1
            request = {"expression": col.first(), "fileFormat": "NUMPY_NDARRAY", "grid": grid(6, 5)}
            found = ee.data.computePixels(request)
            assert found.dtype.names == ("VV", "VH")
            np.testing.assert_array_equal(found["VH"], ARRAY + 1)
        connection.close()
    assert CRS
