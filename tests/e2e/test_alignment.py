"""Is every stored pixel where it says it is? Stored tiles of the synthetic world against the world's own functions."""

import json
from functools import partial

import numpy as np
import pytest
import xarray as xr
from pyproj import Transformer

import displacement_support as displacement
from e2e_support import Stored, eo_ingest, median, nobody
from eo_ingest.emulator.world import World, truth

SEED, COUNT, PIXEL = 20_200_101, 10_000, 10.0
# WorldCover's own pixels: whole numbers of them from 180° W and 84° N.
PER_DEGREE, WEST, NORTH = 12_000, -180.0, 84.0
MARGIN = 4
EDGE = 0.15


def make(folder, box, *products):
    with nobody(folder):
        run = eo_ingest(
            "tile", f"--aoi={box}", "--products", ",".join(products), "--period", "2020",
            "--source", "emulator", "--store", folder / "s.zarr",
        )  # fmt: skip
    assert run["jobs"]["failed"] == 0
    return folder / "s.zarr"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """One tile of the demo's area; Sentinel-2 comes from granules of the neighbouring zone there."""
    return make(tmp_path_factory.mktemp("demo"), "6.15,49.60,6.16,49.61", "worldcover", "s2")


@pytest.fixture(scope="module")
def south(tmp_path_factory):
    """One tile in the middle of a southern zone; Sentinel-2 shares its lattice."""
    return make(tmp_path_factory.mktemp("south"), "21.05,-30.05,21.06,-30.045", "worldcover", "s2")


@pytest.fixture(scope="module")
def dateline(tmp_path_factory):
    return make(tmp_path_factory.mktemp("dateline"), "179.985,66.60,-179.985,66.605", "worldcover")


def lonlat(stored, x, y):
    return Transformer.from_crs(stored.crs.to_wkt(), "EPSG:4326", always_xy=True).transform(*np.broadcast_arrays(x, y))


def land_cover(stored, x, y):
    return truth.land_cover(*lonlat(stored, x, y), 2020)


def native_centres(stored, x, y):
    """The centres, in the store's CRS, of the WorldCover pixels that contain places; and their classes."""
    lon, lat = lonlat(stored, x, y)
    lon = WEST + (np.floor((lon - WEST) * PER_DEGREE) + 0.5) / PER_DEGREE
    lat = NORTH - (np.floor((NORTH - lat) * PER_DEGREE) + 0.5) / PER_DEGREE
    back = Transformer.from_crs("EPSG:4326", stored.crs.to_wkt(), always_xy=True)
    return (*back.transform(lon, lat), truth.land_cover(lon, lat, 2020))


def inside(stored):
    return stored.data.isel(x=slice(MARGIN, -MARGIN), y=slice(MARGIN, -MARGIN))


def sample(stored, variable, **labels):
    """(x, y, value) of pixels drawn by coordinates, a few pixels inside the edge."""
    generator = np.random.default_rng(SEED)
    x, y = (generator.choice(inside(stored)[axis].to_numpy(), COUNT) for axis in ("x", "y"))
    points = {axis: xr.DataArray(values, dims="point") for axis, values in (("x", x), ("y", y))}
    return x, y, stored.data[variable].sel(**labels).squeeze().sel(**points).to_numpy()


def moved(stored, east, north):
    """The raster with every pixel's value put that many pixels further east and north."""
    return Stored(stored.data.roll(x=east, y=-north, roll_coords=False))


# Classes


def found_within(stored, reach, x, y, values):
    """Whether truth has the classes no further than so many pixels from the places, in either direction."""
    found = land_cover(stored, x, y) == values
    left = np.flatnonzero(~found)
    steps = np.linspace(-reach, reach, 21) * PIXEL
    for east in steps if left.size else ():
        near = land_cover(stored, x[left] + east, y[left] + steps[:, None])
        found[left] |= (near == values[left]).any(axis=0)
    return found


def class_displacement(stored):
    data = inside(stored)
    classes, x, y = data["class"].sel(frame="2020").squeeze().to_numpy(), data.x.to_numpy(), data.y.to_numpy()
    return displacement.of_classes(classes, partial(land_cover, stored), x, y)


def check_classes(stored):
    """Sampled pixels hold the class of the WorldCover pixel that contains their centre: at most half a pixel away.

    The world's images interpolate slow fields between nodes 32 pixels apart, the truth does not: a few edges lie a
    tenth of a pixel apart.
    """
    x, y, values = sample(stored, "class", frame="2020")
    east, north, classes = native_centres(stored, x, y)
    assert np.mean(values == classes) > 0.998
    assert found_within(stored, EDGE, east, north, values).all()
    off = np.stack([east - x, north - y]) / PIXEL
    assert np.abs(off).max() <= 0.5
    assert np.abs(off.mean(axis=1)).max() < 0.05


def test_classes_are_those_of_the_nearest_pixel(demo):
    check_classes(Stored.read(demo, "worldcover", "2020"))


def test_classes_are_at_most_half_a_pixel_away(demo):
    stored = Stored.read(demo, "worldcover", "2020")
    assert found_within(stored, 0.5, *sample(stored, "class", frame="2020")).all()


def test_classes_are_not_displaced(demo):
    found, edges = class_displacement(Stored.read(demo, "worldcover", "2020"))
    assert edges > 5000
    assert np.abs(found).max() < 0.05


@pytest.mark.parametrize(("east", "north"), [(1, 0), (0, -1)])
def test_a_raster_one_pixel_off_would_be_noticed(demo, east, north):
    """The truth then has the stored values one pixel the other way."""
    wrong = moved(Stored.read(demo, "worldcover", "2020"), east, north)
    found, _ = class_displacement(wrong)
    assert found @ [-east, -north] == pytest.approx(1, abs=0.1)
    assert found_within(wrong, 0.5, *sample(wrong, "class", frame="2020")).mean() < 0.995


# Reflectance


def overpasses(store, frame):
    """The distinct looks at the place that the record of the job lists for a frame."""
    (path,) = (store / "manifest" / "s2").rglob("*.json")
    rows = json.loads(path.read_text())["scenes"][frame]
    world = World()
    return [world.get(f"COPERNICUS/S2_SR_HARMONIZED/{row['system:index']}").overpass for row in rows]


def seen(overpass, lon, lat):
    """Where an overpass has clear pixels: inside granule and swath, and without cloud."""
    granule = overpass.granule
    x, y = Transformer.from_crs("EPSG:4326", granule.crs, always_xy=True).transform(lon, lat)
    col, row = (x - granule.left) / 109_800, (granule.top - y) / 109_800
    imaged = np.abs(overpass.sight.across(x, y)) <= 145_000
    return imaged & (col >= 0) & (col < 1) & (row >= 0) & (row < 1) & (truth.clear(lon, lat, overpass) >= 0.6)


def acquisitions(looks, clear):
    """One look of each datatake that sees anything, and where any of its granules does: they overlap."""
    found = {}
    for look, ok in zip(looks, clear, strict=True):
        if ok.any():
            first, there = found.get(look.datatake_start, (look, ok))
            found[look.datatake_start] = (first, there | ok)
    return zip(*found.values(), strict=True)


def reflectance(stored, looks, clear, x, y):
    """The median of what the looks see, in stored units; NaN where none does."""
    lon, lat = lonlat(stored, x, y)
    stack = [
        np.where(ok, truth.reflectance(lon, lat, o.start, "B8") * 1e4, np.nan)
        for o, ok in zip(looks, clear, strict=True)
    ]
    return median(np.stack(stack))[0]


def values_and_truth(stored, store, frame):
    """(x, y, values, counts, truth of places near each pixel, how many looks are clear there)."""
    x, y, values = sample(stored, "reflectance", frame=frame, band="B8")
    _, _, counts = sample(stored, "n_obs", frame=frame)
    looks = overpasses(store, frame)
    looks, clear = acquisitions(looks, [seen(look, *lonlat(stored, x, y)) for look in looks])
    values = np.where(values == 65535, np.nan, values.astype(float))
    return x, y, values, counts, partial(reflectance, stored, looks, clear), np.sum(clear, axis=0)


def value_displacement(stored, store, frame):
    x, y, values, _, at, _ = values_and_truth(stored, store, frame)
    return displacement.of_values(values, at, x, y, PIXEL)


@pytest.mark.parametrize("frame", ["JJA", "SON"])
def test_interpolated_reflectance_is_not_displaced(demo, frame):
    found = value_displacement(Stored.read(demo, "s2", "2020"), demo, frame)
    assert np.abs(found).max() < 0.05


@pytest.mark.parametrize(("east", "north"), [(1, 0), (0, 1)])
def test_reflectance_one_pixel_off_would_be_noticed(demo, east, north):
    found = value_displacement(moved(Stored.read(demo, "s2", "2020"), east, north), demo, "JJA")
    assert found == pytest.approx([-east, -north], abs=0.05)


# The southern hemisphere


def test_southern_classes_are_those_of_the_nearest_pixel(south):
    stored = Stored.read(south, "worldcover", "2020")
    assert stored.crs.to_epsg() == 32734
    check_classes(stored)


def test_reflectance_on_its_own_lattice_is_the_truth_of_the_pixels_centre(south):
    """Scenes hold whole numbers, and medians of two of them are rounded again: one step."""
    stored = Stored.read(south, "s2", "2020")
    x, y, values, counts, at, clear = values_and_truth(stored, south, "JJA")
    assert np.mean(counts == clear) > 0.999
    known = (counts == clear) & (counts > 0)
    off = np.abs(values - at(x, y))[known]
    assert np.mean(off <= 1) > 0.999


# The antimeridian


@pytest.mark.parametrize(("zone", "side"), [("utm60n", 1), ("utm01n", -1)])
def test_classes_on_both_sides_of_the_antimeridian(dateline, zone, side):
    stored = Stored.read(dateline, "worldcover", "2020", zone)
    check_classes(stored)
    x, y, _ = sample(stored, "class", frame="2020")
    lon, _ = lonlat(stored, x, y)
    assert 0.2 < np.mean(np.sign(lon) == side) <= 1
