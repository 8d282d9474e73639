"""Warping, held against GDAL with its approximations off, against a slow reference, and against laws."""

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.transform import Affine
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds

from eo_ingest.sources.warp import TOLERANCE, Lattice, Patch, Window, draw

ARCSEC3 = 1 / 1200


def lattice(crs, affine, shape):
    return Lattice(crs, tuple(affine)[:6], *shape)


def utm(lon, lat, pixel, side, zone=None):
    """A target of square pixels around a point, on multiples of its pixels."""
    zone = int((lon + 180) // 6) + 1 if zone is None else zone
    crs = f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"
    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(lon, lat)
    left, top = (round(v / pixel) * pixel for v in (x - side * pixel / 2, y + side * pixel / 2))
    return lattice(crs, Affine(pixel, 0, left, 0, -pixel, top), (side, side))


def around(lon, lat, pixel=ARCSEC3, side=600):
    """A source in degrees around a point, whose corner is on a multiple of its pixels."""
    west, north = (np.floor(v / pixel) * pixel for v in (lon - side * pixel / 2, lat + side * pixel / 2))
    return lattice("EPSG:4326", Affine(pixel, 0, west, 0, -pixel, north), (side, side))


def speckled(rng, shape, dtype, nodata, share):
    values = (rng.gamma(2.0, 20.0, shape) + 1).clip(1, 200).astype(dtype)
    values[rng.random(shape) < share] = nodata
    return values


def gdal(values, source, target, method, nodata):
    """The same by GDAL: exact positions, and the kernel not widened."""
    profile = {"driver": "GTiff", "count": 1, "dtype": values.dtype, "nodata": nodata, "crs": source.crs}
    height, width = values.shape
    with MemoryFile() as memory:
        place = {"height": height, "width": width, "transform": Affine(*source.transform)}
        with memory.open(**profile, **place) as out:
            out.write(values, 1)
        to = {"height": target.height, "width": target.width, "transform": Affine(*target.transform)}
        options = {"tolerance": 1e-9, "XSCALE": 1, "YSCALE": 1}
        with memory.open() as read, WarpedVRT(read, crs=target.crs, resampling=method, **to, **options) as warped:
            return warped.read(1)


def steepest(values, nodata):
    """The largest difference of neighbours: what an error of one pixel in the position is worth."""
    valid = np.where(values == nodata, np.nan, values.astype(float))
    return np.nan_to_num(max(np.nanmax(np.abs(np.diff(valid, axis=axis)), initial=0) for axis in (0, 1)))


PLACES = [
    (9.2, 48.5, 80, 224, None),  # a block of coherence
    (9.2, 48.5, 10, 448, None),  # a tile at 10 m
    (-70.9, -12.3, 80, 224, None),
    (18.1, 68.2, 80, 224, None),
    (14.99, 60.1, 160, 112, 33),
    (6.02, 50.0, 80, 37, 31),  # fewer pixels than the mesh is wide, and more than a zone away
    (25.0, 79.5, 80, 64, 35),  # so bent that every position is projected
]


@pytest.mark.parametrize(("lon", "lat", "pixel", "side", "zone"), PLACES)
@pytest.mark.parametrize(("dtype", "nodata"), [("uint8", 0), ("int16", -32768), ("float32", -9999.0)])
def test_pixels_are_gdals(lon, lat, pixel, side, zone, dtype, nodata):
    rng = np.random.default_rng(side)
    source, target = around(lon, lat), utm(lon, lat, pixel, side, zone)
    values = speckled(rng, (source.height, source.width), dtype, nodata, 0.02)
    chart = draw(target, source)
    nearest, patch = chart.patch(), chart.patch(margin=1)
    expected = gdal(values, source, target, Resampling.nearest, nodata)
    np.testing.assert_array_equal(nearest.nearest(values[nearest.window.slices], nodata=nodata), expected)
    found = patch.bilinear(values[patch.window.slices], nodata=nodata)
    expected = gdal(values, source, target, Resampling.bilinear, nodata)
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found == nodata, expected == nodata)
    difference = np.abs(found.astype(float) - expected)
    slack = 4 * TOLERANCE * steepest(values, nodata)
    if np.issubdtype(values.dtype, np.integer):
        assert difference.max() <= 1
        assert np.mean(difference > 0) <= 2 * slack + 1e-4  # only where a mean is that near to a half
    else:
        assert difference.max() <= slack + 1e-4


@pytest.mark.parametrize("turned", [False, True])
def test_between_utm_zones_pixels_are_gdals(turned):
    rng = np.random.default_rng(2)
    here, there = utm(12.1, 52.0, 20, 150, 33), utm(12.1, 52.0, 20, 300, 32)
    if turned:  # a source whose rows do not run west to east
        a, _, c, _, e, f = there.transform
        turn = Affine.translation(150, 150) @ Affine.rotation(9) @ Affine.translation(-150, -150)
        affine = Affine(a, 0, c, 0, e, f) @ turn
        there = lattice(there.crs, affine, (300, 300))
    values = speckled(rng, (300, 300), "float32", 0.0, 0.01)
    patch = draw(here, there).patch(margin=1)
    cut = values[patch.window.slices]
    for found, method in (
        (patch.nearest(cut, nodata=0), Resampling.nearest),
        (patch.bilinear(cut, nodata=0), Resampling.bilinear),
    ):
        expected = gdal(values, there, here, method, 0)
        np.testing.assert_array_equal(found == 0, expected == 0)
        np.testing.assert_allclose(found, expected, atol=4 * TOLERANCE * steepest(values, 0))


@settings(max_examples=60)
@given(
    lon=st.floats(-179, 179),
    lat=st.floats(-79, 82),
    pixel=st.sampled_from([10, 20, 80, 160]),
    side=st.integers(3, 260),
)
def test_positions_are_within_their_bound_and_nearest_is_exact(lon, lat, pixel, side):
    source, target = around(lon, lat, side=4000), utm(lon, lat, pixel, side)
    chart = draw(target, source)
    a, _, c, _, e, f = target.transform
    at = np.arange(side) + 0.5
    x, y = np.meshgrid(c + a * at, f + e * at)
    lons, lats = Transformer.from_crs(target.crs, "EPSG:4326", always_xy=True).transform(x, y)
    middle = source.transform[2] + 2000 * ARCSEC3
    lons -= 360 * np.round((lons - middle) / 360)
    cols, rows = ~Affine(*source.transform) @ (lons, lats)
    assert chart.error <= TOLERANCE
    assert max(np.abs(chart.rows - rows).max(), np.abs(chart.cols - cols).max()) <= chart.error + 1e-8
    np.testing.assert_array_equal(chart.nearest[0], np.floor(rows + 1e-8))
    np.testing.assert_array_equal(chart.nearest[1], np.floor(cols + 1e-8))


def reference(patch, values, nodata, labels):
    """The rule, one pixel at a time."""
    chart, window = patch.chart, patch.window
    out = np.full(chart.rows.shape, nodata, float)
    for place in np.ndindex(out.shape):
        row, col = (part[place] for part in chart.nearest)
        row, col = row - window.row, col - window.col
        if not (0 <= row < window.height and 0 <= col < window.width) or values[row, col] == nodata:
            continue
        v, u = chart.rows[place] - window.row - 0.5, chart.cols[place] - window.col - 0.5
        total = weight = 0.0
        for r in (int(np.floor(v)), int(np.floor(v)) + 1):
            for c in (int(np.floor(u)), int(np.floor(u)) + 1):
                there = 0 <= r < window.height and 0 <= c < window.width
                if there and values[r, c] != nodata and labels[r, c] == labels[row, col]:
                    share = (1 - abs(v - r)) * (1 - abs(u - c))
                    total, weight = total + share * values[r, c], weight + share
        out[place] = total / weight
    return out


@settings(max_examples=25)
@given(st.data())
def test_interpolation_stays_within_a_label_and_leaves_out_nodata(data):
    seed = data.draw(st.integers(0, 10**6))
    rng = np.random.default_rng(seed)
    source, target = around(9.0, 47.0, side=60), utm(9.0, 47.0, 80, 24)
    chart = draw(target, source)
    window = chart.patch(margin=1).window
    if data.draw(st.booleans()):  # a part only: what is beside it is nodata
        window = Window(window.row + 3, window.col + 2, window.height - 7, window.width - 5)
    shape = (window.height, window.width)
    values = rng.normal(0, 10, shape)
    values[rng.random(shape) < data.draw(st.sampled_from([0.0, 0.05, 0.6]))] = -99.0
    labels = rng.integers(0, data.draw(st.integers(1, 3)), shape)
    patch = Patch(chart, window)
    np.testing.assert_allclose(
        patch.bilinear(values, nodata=-99.0, within=labels), reference(patch, values, -99.0, labels), atol=1e-9
    )
    plain = patch.bilinear(values, nodata=-99.0)
    np.testing.assert_allclose(plain, reference(patch, values, -99.0, np.zeros(shape, int)), atol=1e-9)


def test_whole_neighbours_only_is_nodata_at_every_seam():
    """Between two labels, and around a hole, nothing is made up; elsewhere it is what it is without."""
    source = around(11.0, 47.0, side=80)
    target = utm(11.0, 47.0, 80, 32)
    patch = draw(target, source).patch(margin=1)
    values = np.random.default_rng(1).random((patch.window.height, patch.window.width))
    labels = np.ones(values.shape, int)
    labels[:, values.shape[1] // 2 :] = 2
    values[10, 10] = np.nan
    loose = patch.bilinear(values, nodata=np.nan, within=labels)
    strict = patch.bilinear(values, nodata=np.nan, within=labels, whole=True)
    rows, cols = (
        at - 0.5 - start for at, start in ((patch.chart.rows, patch.window.row), (patch.chart.cols, patch.window.col))
    )
    sees = [(np.floor(rows).astype(int) + i, np.floor(cols).astype(int) + j) for i in (0, 1) for j in (0, 1)]
    mixed = np.ptp([labels[s] for s in sees], axis=0) > 0
    holed = np.any([np.isnan(values[s]) for s in sees], axis=0)
    assert np.array_equal(np.isnan(strict), mixed | holed)
    assert (mixed & ~holed).sum() > 20
    kept = ~np.isnan(strict)
    assert np.array_equal(strict[kept], loose[kept])
    assert np.isnan(loose).sum() < np.isnan(strict).sum()


def test_a_plane_comes_out_as_itself():
    source, target = around(-100.3, 39.7), utm(-100.3, 39.7, 80, 224)
    chart = draw(target, source)
    patch = chart.patch(margin=1)
    down, across = np.mgrid[: source.height, : source.width] + 0.5
    for field, position in ((down, chart.rows), (across, chart.cols)):
        np.testing.assert_allclose(patch.bilinear(field[patch.window.slices], nodata=-1), position, atol=1e-9)


def test_latitudes_may_ascend():
    rng = np.random.default_rng(4)
    source, target = around(9.0, 47.0, side=80), utm(9.0, 47.0, 80, 40)
    values = speckled(rng, (80, 80), "float32", 0.0, 0.05)
    a, _, c, _, e, f = source.transform
    flipped = Lattice(source.crs, (a, 0.0, c, 0.0, -e, f + 80 * e), 80, 80)
    for margin, method in ((0, Patch.nearest), (1, Patch.bilinear)):
        one, two = draw(target, source).patch(margin), draw(target, flipped).patch(margin)
        np.testing.assert_allclose(
            method(one, values[one.window.slices], nodata=0),
            method(two, values[::-1][two.window.slices], nodata=0),
            atol=1e-3,
        )


def test_many_bands_are_as_one_by_one():
    rng = np.random.default_rng(5)
    patch = draw(utm(9.0, 47.0, 80, 70), around(9.0, 47.0, side=120)).patch(margin=1)
    values = speckled(rng, (2, 3, patch.window.height, patch.window.width), "uint8", 0, 0.05)
    for method in (patch.nearest, patch.bilinear):
        together = method(values, nodata=0)
        assert together.shape == (2, 3, 70, 70)
        for index in np.ndindex(2, 3):
            np.testing.assert_array_equal(together[index], method(values[index], nodata=0))


@pytest.mark.parametrize(("lon", "lat"), [(179.99, 52.0), (-179.97, -16.5)])
def test_a_block_across_the_antimeridian_has_no_gap(lon, lat):
    zone = 60 if lon > 0 else 1
    target = utm(lon, lat, 80, 224, zone)
    west = 178.0 if lon > 0 else -182.0
    source = lattice("EPSG:4326", Affine(ARCSEC3, 0, west, 0, -ARCSEC3, round(lat) + 2), (4800, 4800))
    chart = draw(target, source)
    patch = chart.patch()
    assert patch.window.width < 500
    cols = np.broadcast_to(np.arange(4800), (4800, 4800))[patch.window.slices]
    np.testing.assert_array_equal(patch.nearest(cols, nodata=-1), chart.nearest[1])
    degrees = west + chart.cols * ARCSEC3
    assert degrees.min() < 180 * np.sign(west) < degrees.max()


def test_where_the_source_ends_there_is_nodata():
    source, target = around(9.0, 47.0, side=40), utm(9.02, 47.0, 80, 100)
    chart = draw(target, source)
    patch = chart.patch(margin=1)
    assert patch.window == Window(0, patch.window.col, 40, 40 - patch.window.col)
    rows, cols = chart.nearest
    inside = (rows >= 0) & (rows < 40) & (cols >= 0) & (cols < 40)
    assert inside.any()
    assert not inside.all()
    values = np.full((40, 40), 7, np.uint8)
    for method in (patch.nearest, patch.bilinear):
        np.testing.assert_array_equal(method(values[patch.window.slices], nodata=0), np.where(inside, 7, 0))


def test_beside_the_source_there_is_no_patch():
    assert draw(utm(20.0, 47.0, 80, 20), around(9.0, 47.0)).patch(margin=1) is None


def test_what_cannot_be_projected_is_nowhere():
    beyond = lattice("EPSG:6933", Affine(1e5, 0, -3e6, 0, -1e6, 1.2e7), (24, 60))  # y ends at ±7.3e6 at the poles
    source = around(0.0, 0.0, pixel=1.0, side=200)
    chart = draw(beyond, source)
    nowhere = chart.rows < -1e9
    np.testing.assert_array_equal(nowhere.all(axis=1), np.abs(1.15e7 - 1e6 * np.arange(24)) > 7.32e6)
    patch = chart.patch(margin=1)
    found = patch.bilinear(np.ones((patch.window.height, patch.window.width)), nodata=0)
    np.testing.assert_array_equal(found == 0, nowhere)


def test_a_mean_that_is_nodata_by_chance_becomes_its_neighbour():
    patch = draw(utm(9.0, 47.0, 80, 30), around(9.0, 47.0, side=60)).patch(margin=1)
    shape = (patch.window.height, patch.window.width)
    values = np.where(np.indices(shape).sum(0) % 2, 3, -3).astype("int16")
    found = patch.bilinear(values, nodata=0)
    assert (found != 0).all()
    assert (found == 1).any()
    same = np.full(shape, 255, "uint8")
    same[0, 0] = 254
    np.testing.assert_array_equal(patch.bilinear(same, nodata=255) == 255, patch.nearest(same, nodata=255) == 255)


def test_nan_is_always_nodata():
    patch = draw(utm(9.0, 47.0, 80, 30), around(9.0, 47.0, side=60)).patch(margin=1)
    values = np.ones((patch.window.height, patch.window.width), "float32")
    values[10:14, 5:9] = np.nan
    for nodata in (np.nan, -1.0):
        found = patch.bilinear(values, nodata=nodata)
        assert np.isnan(found).any() == np.isnan(nodata)
        assert set(np.unique(found[~np.isnan(found)])) <= {1.0, nodata}
        expected = np.isnan(patch.nearest(values, nodata=np.nan))
        np.testing.assert_array_equal(np.isnan(found) | (found == -1), expected)


@pytest.mark.parametrize(
    ("dtype", "nodata", "shape", "message"),
    [
        ("uint8", -9999, None, "nodata is -9999, which uint8 values cannot be"),
        ("int16", np.nan, None, "nodata is nan"),
        ("uint8", 0, (4, 4), r"values are \(4, 4\), expected"),
    ],
)
def test_what_does_not_fit_is_refused(dtype, nodata, shape, message):
    patch = draw(utm(9.0, 47.0, 80, 30), around(9.0, 47.0, side=60)).patch(margin=1)
    values = np.ones(shape or (patch.window.height, patch.window.width), dtype)
    for method in (patch.nearest, patch.bilinear):
        with pytest.raises(ValueError, match=message):
            method(values, nodata=nodata)


@pytest.mark.shared
@pytest.mark.parametrize(
    "name",
    [
        "insar_mexico_city/cropA_20180106-20180130_VV_8rlks_eqa_unw.tif",
        "insar_mexico_city/cropA_20180106-20180130_VV_8rlks_flat_eqa_cc.tif",
        "insar_mexico_city/cropA_T005A_dem.tif",
        "dem/glo30_fairbanks_tile.tif",
        "s1_ebd_timeseries_niger",
    ],
)
@pytest.mark.parametrize("pixel", [10, 80])
def test_real_rasters_come_out_as_gdal_warps_them(shared, name, pixel):
    path = shared / name
    path = min(path.rglob("*.tif")) if path.is_dir() else path
    with rasterio.open(path) as read:
        values, crs, affine = read.read(1), read.crs.to_string(), read.transform
        nodata = -9999 if read.nodata is None else read.nodata
        west, south, east, north = transform_bounds(read.crs, "EPSG:4326", *read.bounds)
    source = lattice(crs, affine, values.shape)
    target = utm((west + east) / 2, (south + north) / 2, pixel, 6000 // pixel)
    patch = draw(target, source).patch(margin=1)
    cut = values[patch.window.slices]
    for found, method in (
        (patch.nearest(cut, nodata=nodata), Resampling.nearest),
        (patch.bilinear(cut, nodata=nodata), Resampling.bilinear),
    ):
        expected = gdal(values, source, target, method, nodata)
        np.testing.assert_array_equal(found == nodata, expected == nodata)
        slack = 4 * TOLERANCE * steepest(values, nodata) + 1e-4 + np.issubdtype(values.dtype, np.integer)
        assert np.abs(found.astype(float) - expected).max() <= slack
