"""Maps of the world: as the catalogue has them, at their own pixels, and read through the real client."""

import numpy as np
import pytest
from pyproj import CRS, Transformer
from shapely import Point, box

from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.crs import MOLLWEIDE, definition
from eo_ingest.emulator.world import truth
from eo_ingest.emulator.world.dem import tile_lattice
from world_maps import EBD, MAPS
from world_places import LUXEMBOURG

NAMES = [m.asset.removeprefix(f"{EBD}/").rpartition("projects/")[2] for m in MAPS]
SIDE = 24
PRECISION = {"f": {4: "float", 8: "double"}}


def crs_of(each):
    return MOLLWEIDE if each.crs == "Mollweide" else each.crs


def native_window(each, side=SIDE):
    """(first row, first col) of `side` × `side` native pixels around Luxembourg, by pyproj alone."""
    forward = Transformer.from_crs("EPSG:4326", CRS.from_user_input(definition(crs_of(each))), always_xy=True)
    x, y = forward.transform(*LUXEMBOURG)
    width, left, height, top = each.pixels
    return int((y - top) / height) - side // 2, int((x - left) / width) - side // 2


def native_request(each, side=SIDE):
    """The native pixels as a grid of a request, and their centres in degrees."""
    row, col = native_window(each, side)
    width, left, height, top = each.pixels
    code = {"crsWkt": MOLLWEIDE} if each.crs == "Mollweide" else {"crsCode": each.crs}
    affine = {
        "scaleX": width, "shearX": 0, "translateX": left + col * width,
        "shearY": 0, "scaleY": height, "translateY": top + row * height,
    }  # fmt: skip
    x, y = np.meshgrid(left + width * (col + np.arange(side) + 0.5), top + height * (row + np.arange(side) + 0.5))
    back = Transformer.from_crs(CRS.from_user_input(definition(crs_of(each))), "EPSG:4326", always_xy=True)
    return {"dimensions": {"width": side, "height": side}, "affineTransform": affine, **code}, back.transform(x, y)


def masked(client, image, grid):
    """Values and mask of all bands."""
    mask = image.mask().rename(image.bandNames().map(lambda n: client.String(n).cat("__m")))
    return client.data.computePixels({"expression": image.addBands(mask), "fileFormat": "NUMPY_NDARRAY", "grid": grid})


@pytest.mark.parametrize("each", MAPS, ids=NAMES)
def test_bands_types_and_pixels_are_those_of_the_catalogue(world, each):
    image = world.get(each.image)
    assert image.id == each.image
    assert {b.name: b.dtype for b in image.bands} == each.bands
    assert [b.name for b in image.bands] == list(each.bands)
    for band in image.bands:
        a, b, c, d, e, f = band.lattice.transform
        assert (b, d) == (0, 0)
        assert (a, c, e, f) == pytest.approx(each.pixels, rel=1e-12, abs=1e-9)
        assert band.lattice.crs == crs_of(each)
    assert image.footprint.intersects(Point(LUXEMBOURG))
    assert image.properties["system:time_start"] < image.properties["system:time_end"]


@pytest.mark.parametrize("each", MAPS, ids=NAMES)
def test_collections_find_their_images(world, each):
    asset = world.get(each.asset)
    if each.asset == each.image:
        assert asset.properties["system:index"] == each.image.rpartition("/")[2]
        return
    assert asset.properties["system:id"] == each.asset
    start, end = asset.properties["date_range"]
    found = list(asset.images(None, None, box(6.05, 49.65, 6.15, 49.75)))
    assert each.image in {i.id for i in found}
    assert all(i.footprint.intersects(box(6.05, 49.65, 6.15, 49.75)) for i in found)
    assert all(start <= i.properties["system:time_start"] <= end for i in found)
    assert list(asset.images(0, 1, None)) == []
    assert world.get(f"{each.asset}/nothing") is None
    assert len({i.id for i in found}) == len(found)


@pytest.mark.parametrize("each", MAPS, ids=NAMES)
def test_the_client_gets_the_native_pixels(client, world, each):
    """Every band at its own pixels, value and mask, against the truth at their centres."""
    grid, (lon, lat) = native_request(each)
    found = masked(client, client.Image(each.image), grid)
    for band, dtype in each.bands.items():
        values, valid = truth.native(world.get(each.image), band, lon, lat)
        np.testing.assert_array_equal(found[f"{band}__m"] > 0, valid)
        np.testing.assert_array_equal(found[band], np.where(valid, values, 0).astype(dtype))


@pytest.mark.parametrize("each", MAPS, ids=NAMES)
def test_what_the_client_is_told_of_an_image(client, each):
    document = client.Image(each.image).getInfo()
    kinds = {b["id"]: b for b in document["bands"]}
    assert list(kinds) == list(each.bands)
    for band, dtype in each.bands.items():
        kind = np.dtype(dtype)
        expected = "int" if kind.kind in "iu" else {4: "float", 8: "double"}[kind.itemsize]
        assert kinds[band]["data_type"]["precision"] == expected
        assert kinds[band].get("crs") == (None if each.crs == "Mollweide" else each.crs)
        assert ("crs_wkt" in kinds[band]) == (each.crs == "Mollweide")
        width, left, height, top = each.pixels
        assert kinds[band]["crs_transform"] == pytest.approx([width, 0, left, 0, height, top], rel=1e-12)


@pytest.mark.parametrize("each", MAPS, ids=NAMES)
def test_pixels_of_another_grid_are_the_nearest_native_ones(client, world, each):
    """A thousand random pixels of a UTM grid of 10 m."""
    band = next(b for b in each.bands if "hh" not in b)
    to_utm = Transformer.from_crs("EPSG:4326", "EPSG:32631", always_xy=True)
    x, y = (round(v, -1) for v in to_utm.transform(*LUXEMBOURG))
    grid = {
        "dimensions": {"width": 150, "height": 150}, "crsCode": "EPSG:32631",
        "affineTransform": {"scaleX": 10, "shearX": 0, "translateX": x, "shearY": 0, "scaleY": -10, "translateY": y},
    }  # fmt: skip
    found = masked(client, client.Image(each.image).select([band]), grid)
    rng = np.random.default_rng(5)
    i, j = rng.integers(0, 150, (2, 1000))
    back = Transformer.from_crs("EPSG:32631", "EPSG:4326", always_xy=True)
    lon, lat = back.transform(x + 10 * (j + 0.5), y - 10 * (i + 0.5))
    values, valid = truth.native(world.get(each.image), band, lon, lat)
    np.testing.assert_array_equal(found[f"{band}__m"][i, j] > 0, valid)
    np.testing.assert_array_equal(found[band][i, j], np.where(valid, values, 0).astype(each.bands[band]))


@pytest.mark.parametrize("each", MAPS, ids=NAMES)
def test_windows_agree_with_each_other_and_end_at_the_map(world, each):
    image, band = world.get(each.image), next(b for b in each.bands if "hh" not in b)
    row, col = native_window(each)
    whole, seen = image.read(band, 0, Window(row, col, SIDE, SIDE))
    piece, some = image.read(band, 0, Window(row + 5, col + 3, 7, 9))
    assert np.array_equal(piece, whole[5:12, 3:12])
    assert np.array_equal(some, seen[5:12, 3:12])
    lattice = image.bands[0].lattice
    for outside in (Window(-8, 10, 8, 8), Window(lattice.height, 5, 4, 4), Window(5, lattice.width, 4, 4)):
        values, valid = image.read(band, 0, outside)
        assert values.shape == (outside.height, outside.width)
        assert not valid.any()
        assert not values.any()
    with pytest.raises((KeyError, StopIteration)):
        image.read("nothing", 0, Window(0, 0, 1, 1))


@pytest.mark.parametrize("each", [m for m in MAPS if "INCIDENCE" not in m.asset], ids=lambda m: m.asset[-20:])
def test_levels_are_made_of_the_native_pixels(world, each):
    image = world.get(each.image)
    band = next(b for b in image.bands if "hh" not in b.name)
    row, col = (v // 4 * 4 for v in native_window(each))
    native, valid = image.read(band.name, 0, Window(row, col, 16, 16))
    level, seen = image.read(band.name, 2, Window(row // 4, col // 4, 4, 4))
    assert np.array_equal(seen, valid.reshape(4, 4, 4, 4).any(axis=(1, 3)))
    if band.pyramid == "mean":
        total = np.where(valid, native, 0).astype(float).reshape(4, 4, 4, 4).sum(axis=(1, 3))
        mean = total / np.maximum(valid.reshape(4, 4, 4, 4).sum(axis=(1, 3)), 1)
        assert np.abs(level - mean)[seen].max(initial=0) <= (0.5 if np.dtype(band.dtype).kind in "iu" else 1e-4)
    globe, any_land = image.read(band.name, 11, Window(0, 0, 2, 2))
    assert globe.shape == any_land.shape == (2, 2)


@pytest.mark.parametrize("name", ["COPERNICUS/DEM/GLO30_2024_1", f"{EBD}/COHERENCE", f"{EBD}/INCIDENCE_LAYOVER_SHADOW"])
def test_tiles_come_in_the_order_of_their_names(world, name):
    """So that the first image of a whole collection is one near the equator, with square pixels."""
    found = [i.properties["system:index"] for i in world.get(name).images(None, None, box(-9.5, -1.5, 11.5, 6.5))]
    assert len(found) > 40
    assert found == sorted(found)
    first = next(world.get(name).images(None, None, None))
    assert first.properties["system:index"] <= found[0]
    a, _, _, _, e, _ = first.bands[0].lattice.transform
    assert a == -e


@pytest.mark.parametrize(("lat0", "columns"), [
    (0, 3600), (49, 3600), (50, 2400), (60, 1800), (70, 1200), (80, 720), (-1, 3600), (-50, 3600), (-51, 2400),
])  # fmt: skip
def test_tiles_of_the_surface_model_are_coarser_towards_the_poles(lat0, columns):
    lattice = tile_lattice(10, lat0)
    a, _, c, _, e, f = lattice.transform
    assert (lattice.width, lattice.height) == (columns, 3600)
    assert (a, e) == pytest.approx((1 / columns, -1 / 3600))
    # Centres of pixels lie on the western and the northern edge.
    assert (c + a / 2, f + e / 2) == pytest.approx((10, lat0 + 1))


def test_the_older_surface_model_lacks_two_countries(world):
    at = Point(44.5, 40.2)
    assert list(world.get("COPERNICUS/DEM/GLO30_2024_1").images(None, None, at))
    assert not list(world.get("COPERNICUS/DEM/GLO30").images(None, None, at))
