"""Slope, aspect and hillshade: laws, an independent computation, and real elevation models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from pyproj import Geod
from rasterio.transform import Affine

from emulator_client import Connection
from emulator_support import LEFT, TOP, grid, write
from eo_ingest.emulator.process import EmulatorProcess

SHARED = Path(__file__).parents[3] / "shared" / "data"
SIZE = 40
DIRECTIONS = {0: (0, 1), 45: (1, 1), 90: (1, 0), 180: (0, -1), 225: (-1, -1), 270: (-1, 0)}
"""The (east, north) step down the slope of each aspect."""
REAL = ("srtm_zion.tif", "glo30_fairbanks_tile.tif", "glo30_los_angeles_tile_0.tif", "NASADEM_n18w072_DR.tif")


def hill(shape=(SIZE, SIZE)):
    i, j = np.mgrid[: shape[0], : shape[1]]
    return (300 + 90 * np.sin(j / 7) * np.cos(i / 5) + 0.7 * i * j / 10).astype(np.float32)


def make_assets(folder):
    i, j = np.mgrid[:SIZE, :SIZE]
    for aspect, (east, north) in DIRECTIONS.items():
        write(folder / f"T/TILTED/a{aspect}.tif", (-2.0 * (east * j - north * i)).astype(np.float32), names=["z"])
    write(folder / "T/HILL.tif", hill(), names=["z"])
    write(folder / "T/FLIPPED.tif", hill()[::-1], transform=Affine(10, 0, LEFT, 0, 10, TOP - 10 * SIZE), names=["z"])
    holed = hill()
    holed[10, 12] = np.nan
    write(folder / "T/HOLED.tif", holed, names=["z"], nodata=np.nan)
    write(folder / "T/FLAT.tif", np.full((SIZE, SIZE), 7, np.int16), names=["elevation"])
    write(
        folder / "T/WIDE.tif", hill(), crs="EPSG:4326", transform=Affine(1 / 1800, 0, 10, 0, -1 / 3600, 64), names=["z"]
    )
    write(folder / "T/TWO.tif", np.stack([hill(), -hill()]), names=["elevation", "other"])
    write(folder / "T/UNNAMED.tif", np.stack([hill(), -hill()]), names=["a", "b"])
    return folder


@pytest.fixture(scope="module")
def hills(tmp_path_factory):
    with EmulatorProcess(assets=make_assets(tmp_path_factory.mktemp("hills")), world=False) as process:
        connection = Connection(process.url)
        yield connection
        connection.close()


@pytest.fixture
def ee(hills):
    import ee

    with hills.active():
        yield ee


def pixels(ee, image, where=None):
    return ee.data.computePixels(
        {"expression": image, "fileFormat": "NUMPY_NDARRAY", "grid": where or grid(SIZE, SIZE)}
    )


def expected(z, dx, dy):
    """(slope, aspect) by numpy's own gradient; `dx`, `dy` metres a pixel, rows to the south."""
    north, east = np.gradient(z.astype(float))
    north, east = -north / dy, east / dx
    return np.degrees(np.arctan(np.hypot(east, north))), np.degrees(np.arctan2(-east, -north)) % 360


def metres(transform, shape):
    """(width, height) in metres of the pixels of each row of a grid in degrees, on the ellipsoid."""
    geod = Geod(ellps="WGS84")
    lat = transform.f + transform.e * (np.arange(shape[0]) + 0.5)
    lon = np.full(lat.shape, transform.c)
    _, _, wide = geod.inv(lon, lat, lon + transform.a, lat)
    _, _, high = geod.inv(lon, lat - abs(transform.e) / 2, lon, lat + abs(transform.e) / 2)
    return np.asarray(wide)[:, None], np.asarray(high)[:, None]


def turned(a, b):
    """Degrees between two directions."""
    return np.abs((a - b + 180) % 360 - 180)


@pytest.mark.parametrize("aspect", DIRECTIONS)
def test_a_tilted_plane_has_one_slope_and_one_aspect(ee, aspect):
    image = ee.Image(f"T/TILTED/a{aspect}")
    inner = grid(SIZE - 2, SIZE - 2, left=LEFT + 10, top=TOP - 10)
    slope = pixels(ee, ee.Terrain.slope(image), inner)["slope"]
    found = pixels(ee, ee.Terrain.aspect(image), inner)["aspect"]
    rise = 0.2 * np.hypot(*DIRECTIONS[aspect])
    np.testing.assert_allclose(slope, np.degrees(np.arctan(rise)), rtol=1e-5)
    assert turned(found, aspect).max() < 1e-3


def test_slope_and_aspect_are_central_differences(ee):
    slope, aspect = expected(hill(), 10, 10)
    inner = grid(SIZE - 2, SIZE - 2, left=LEFT + 10, top=TOP - 10)
    np.testing.assert_allclose(
        pixels(ee, ee.Terrain.slope(ee.Image("T/HILL")), inner)["slope"], slope[1:-1, 1:-1], rtol=1e-5
    )
    found = pixels(ee, ee.Terrain.aspect(ee.Image("T/HILL")), inner)["aspect"]
    assert turned(found, aspect[1:-1, 1:-1]).max() < 1e-3


def test_rows_that_run_north_change_nothing(ee):
    for function in (ee.Terrain.slope, ee.Terrain.aspect, ee.Terrain.hillshade):
        one, other = (pixels(ee, function(ee.Image(n)).unmask(-1)) for n in ("T/HILL", "T/FLIPPED"))
        np.testing.assert_allclose(one[one.dtype.names[0]], other[other.dtype.names[0]], atol=1e-3)


def test_pixels_without_four_neighbours_are_masked(ee):
    seen = pixels(ee, ee.Terrain.slope(ee.Image("T/HOLED")).mask())["slope"] > 0
    lost = np.zeros((SIZE, SIZE), bool)
    lost[[0, -1]] = lost[:, [0, -1]] = True
    for i, j in ((10, 12), (9, 12), (11, 12), (10, 11), (10, 13)):
        lost[i, j] = True
    np.testing.assert_array_equal(seen, ~lost)


def test_degrees_are_metres_at_their_latitude(ee):
    wide, high = metres(Affine(1 / 1800, 0, 10, 0, -1 / 3600, 64), (SIZE, SIZE))
    slope, aspect = expected(hill(), wide, high)
    where = grid(
        SIZE - 2, SIZE - 2, left=10 + 1 / 1800, top=64 - 1 / 3600, scale=1 / 1800, down=-1 / 3600, crs="EPSG:4326"
    )
    found = pixels(ee, ee.Terrain.slope(ee.Image("T/WIDE")), where)["slope"]
    np.testing.assert_allclose(found, slope[1:-1, 1:-1], rtol=0.006)
    direction = pixels(ee, ee.Terrain.aspect(ee.Image("T/WIDE")), where)["aspect"]
    assert np.quantile(turned(direction, aspect[1:-1, 1:-1]), 0.99) < 0.4


def test_slopes_belong_to_the_native_pixels_whatever_is_asked_for(ee):
    image = ee.Terrain.slope(ee.Image("T/HILL"))
    native = pixels(ee, image.unmask(-1))["slope"]
    fine = pixels(ee, image.unmask(-1), grid(2 * SIZE, 2 * SIZE, scale=5))["slope"]
    np.testing.assert_array_equal(fine, np.repeat(np.repeat(native, 2, 0), 2, 1))


def test_coarse_slopes_are_those_of_the_coarser_level(ee):
    level = hill().astype(float).reshape(SIZE // 2, 2, SIZE // 2, 2).mean(axis=(1, 3))
    slope, _ = expected(level, 20, 20)
    found = pixels(ee, ee.Terrain.slope(ee.Image("T/HILL")).unmask(-1), grid(SIZE // 2, SIZE // 2, scale=20))["slope"]
    np.testing.assert_allclose(found[1:-1, 1:-1], slope[1:-1, 1:-1], rtol=1e-4)


def test_a_composite_needs_a_default_projection(ee):
    tiles = ee.ImageCollection([ee.Image("T/HILL")])
    wrong = ee.Terrain.slope(tiles.mosaic())
    right = ee.Terrain.slope(tiles.mosaic().setDefaultProjection(tiles.first().projection()))
    direct = pixels(ee, ee.Terrain.slope(ee.Image("T/HILL")).unmask(-1))["slope"]
    np.testing.assert_array_equal(pixels(ee, right.unmask(-1))["slope"], direct)
    assert not (pixels(ee, wrong.unmask(-1))["slope"] == direct)[1:-1, 1:-1].any()


def test_resampled_slopes_lie_between_the_native_ones(ee):
    smooth = pixels(ee, ee.Terrain.slope(ee.Image("T/HILL")).resample("bilinear"), grid(20, 20, left=LEFT + 103))[
        "slope"
    ]
    native = pixels(ee, ee.Terrain.slope(ee.Image("T/HILL")), grid(20, 20, left=LEFT + 100))["slope"]
    following = pixels(ee, ee.Terrain.slope(ee.Image("T/HILL")), grid(20, 20, left=LEFT + 110))["slope"]
    np.testing.assert_allclose(smooth, 0.7 * native + 0.3 * following, rtol=1e-4)


def test_products_add_three_bands(ee):
    document = ee.Terrain.products(ee.Image("T/TWO")).getInfo()
    assert [b["id"] for b in document["bands"]] == ["elevation", "other", "slope", "aspect", "hillshade"]
    assert [b["data_type"]["precision"] for b in document["bands"]] == ["float", "float", "float", "float", "int"]
    found = pixels(ee, ee.Algorithms.Terrain(ee.Image("T/TWO")).select(["slope", "hillshade"]).unmask(0))
    np.testing.assert_array_equal(found["slope"], pixels(ee, ee.Terrain.slope(ee.Image("T/HILL")).unmask(0))["slope"])
    assert found["hillshade"].dtype == np.uint8


def test_flat_ground_is_lit_by_the_sine_of_the_suns_height(ee):
    inner = grid(SIZE - 2, SIZE - 2, left=LEFT + 10, top=TOP - 10)
    for height in (90, 45, 10):
        shade = pixels(ee, ee.Terrain.hillshade(ee.Image("T/FLAT"), 120, height), inner)["hillshade"]
        assert (shade == int(255 * np.sin(np.radians(height)))).all()
    assert (pixels(ee, ee.Terrain.slope(ee.Image("T/FLAT")), inner)["slope"] == 0).all()
    assert (pixels(ee, ee.Terrain.aspect(ee.Image("T/FLAT")), inner)["aspect"] == 0).all()


def test_slopes_that_face_the_sun_are_bright(ee):
    inner = grid(SIZE - 2, SIZE - 2, left=LEFT + 10, top=TOP - 10)
    shade = {
        a: pixels(ee, ee.Terrain.hillshade(ee.Image(f"T/TILTED/a{a}"), 270, 45), inner)["hillshade"][0, 0]
        for a in DIRECTIONS
    }
    assert shade[90] < shade[0] == shade[180] < shade[270]


def test_several_bands_need_one_called_elevation(ee):
    with pytest.raises(ee.EEException, match=r"single band or one named 'elevation', found \[a, b\]"):
        ee.Terrain.slope(ee.Image("T/UNNAMED")).getInfo()


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Real elevation models, served by an emulator."""
    if not SHARED.is_dir():
        pytest.skip("needs the real imagery in ../shared/data, which is not part of the repository")
    folder = tmp_path_factory.mktemp("models")
    (folder / "D").mkdir()
    for name in REAL:
        (folder / "D" / name).write_bytes((SHARED / "dem" / name).read_bytes())
    with EmulatorProcess(assets=folder, world=False) as process:
        connection = Connection(process.url)
        yield connection, SHARED / "dem"
        connection.close()


@pytest.mark.shared
@pytest.mark.parametrize("name", REAL)
def test_slopes_of_real_elevation_models(models, name):
    import ee

    connection, folder = models
    with rasterio.open(folder / name) as dataset:
        z, t = dataset.read(1, masked=True).astype(float).filled(np.nan)[:200, :180], dataset.transform
    slope, aspect = expected(z, *metres(t, z.shape))
    where = grid(z.shape[1], z.shape[0], left=t.c, top=t.f, scale=t.a, down=t.e, crs="EPSG:4326")
    with connection.active():
        image = ee.Image(f"D/{name.removesuffix('.tif')}")
        found = pixels(ee, ee.Terrain.slope(image).addBands(ee.Terrain.aspect(image)).unmask(-1), where)
    inner = slice(1, -1), slice(1, -1)
    known = np.isfinite(slope[inner]) & (found["slope"][inner] >= 0)
    assert known.mean() > 0.9
    # A degree of latitude is up to 0.6 % shorter on the ellipsoid than on Earth Engine's sphere.
    rise = [np.tan(np.radians(s[inner][known])) for s in (found["slope"], slope)]
    np.testing.assert_allclose(rise[0], rise[1], rtol=0.008, atol=1e-6)
    steep = known & (slope[inner] > 3)
    assert np.quantile(turned(found["aspect"][inner], aspect[inner])[steep], 0.99) < 0.5
