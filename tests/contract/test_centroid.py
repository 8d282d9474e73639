"""Resampling onto the grid shifts nothing: a smooth hill in the middle of nowhere stays where it is.

For each coarse product a raster in its source's own projection and pixels, served under its source's id, holds a round
hill whose top is at a known place. The centre of mass of what the product makes of it must be that place.
"""

import json

import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import Transformer

from emulator_client import Connection
from eo_ingest.emulator.process import EmulatorProcess
from eo_ingest.grid import Grid
from eo_ingest.period import Period
from eo_ingest.products import REGISTRY
from eo_ingest.request import PixelRequest, Window
from eo_ingest.sources.earthengine import graph

LON, LAT = 16.3713, 48.2079
SINUSOIDAL = "+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +R=6371007.181 +units=m +no_defs"
MOLLWEIDE = "+proj=moll +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs"
DEGREES = "EPSG:4326"
REACH_M = 6000
SIZE_M = 900


def hill(crs, pixel, phase):
    """(heights from 0 to 1, affine) around the place, on pixels of a CRS whose corners are multiples plus a phase."""
    x, y = Transformer.from_crs(DEGREES, crs, always_xy=True).transform(LON, LAT)
    around = Transformer.from_crs(crs, f"+proj=aeqd +lon_0={LON} +lat_0={LAT} +datum=WGS84", always_xy=True)
    metres = 111_320 * np.cos(np.radians(LAT)) if crs == DEGREES else 1.0
    half = int(1.6 * REACH_M / (pixel * metres))
    left, top = (np.floor(v / pixel) + phase for v in (x, y))
    left, top = (left - half) * pixel, (top + half) * pixel
    steps = (np.arange(2 * half) + 0.5) * pixel
    distance = np.hypot(*around.transform(*np.meshgrid(left + steps, top - steps)))
    return np.exp(-((distance / SIZE_M) ** 2) / 2), Affine(pixel, 0, left, 0, -pixel, top)


def serve(folder, asset, crs, affine, bands, dtype, **properties):
    path = folder / f"{asset}.tif"
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = next(iter(bands.values())).shape
    shape = {"count": len(bands), "height": height, "width": width, "dtype": dtype}
    with rasterio.open(path, "w", driver="GTiff", crs=crs, transform=affine, **shape) as file:
        for number, values in enumerate(bands.values(), 1):
            file.write(values.astype(dtype), number)
    sidecar = {"properties": {"system:time_start": "2020-03-05", **properties}, "bands": list(bands)}
    path.with_suffix(".json").write_text(json.dumps(sidecar))


def write(folder):
    """Every source with its hill."""
    high, where = hill(SINUSOIDAL, 231.65635826, 0)
    names = ("Percent_Tree_Cover", "Percent_NonTree_Vegetation", "Percent_NonVegetated")
    serve(folder, "MODIS/061/MOD44B/2020_03_05", SINUSOIDAL, where, dict.fromkeys(names, np.round(90 * high)), "uint8")

    high, where = hill(MOLLWEIDE, 100, 0)
    names = ("built_surface", "built_surface_nres")
    serve(folder, "JRC/GHSL/P2023A/GHS_BUILT_S/2020", MOLLWEIDE, where, dict.fromkeys(names, 9000 * high), "uint16")

    high, where = hill(DEGREES, 1 / 1125, 0)
    bands = dict.fromkeys(("agb", "agb_sd"), 400 * high)
    serve(folder, "ESA/CCI/Above_Ground_Biomass/V6_0/2020", DEGREES, where, bands, "uint16")

    high, where = hill(DEGREES, 1 / 4000, 0)
    serve(folder, "JRC/GSW1_4/GlobalSurfaceWater", DEGREES, where, {"occurrence": np.round(100 * high)}, "uint8")
    ones = {"waterClass": np.ones_like(high)}
    serve(folder, "JRC/GSW1_4/YearlyHistory/2020", DEGREES, where, ones, "uint8", year=2020)

    high, where = hill(DEGREES, 1 / 4500, 0)
    numbers = np.sqrt(1e6 + 1e8 * high)
    more = {"epoch": np.full_like(high, 1.59e12), "qa": np.full_like(high, 255)}
    bands = {"HH": numbers, "HV": numbers, **more}
    serve(folder, "JAXA/ALOS/PALSAR/YEARLY/SAR_EPOCH/2020", DEGREES, where, bands, "float64")

    high, where = hill(DEGREES, 1 / 3600, 0.5)
    bands = {"DEM": 150 + 800 * high, "WBM": np.zeros_like(high)}
    serve(folder, "COPERNICUS/DEM/GLO30_2024_1/tile", DEGREES, where, bands, "float32")


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    folder = tmp_path_factory.mktemp("assets")
    write(folder)
    with EmulatorProcess(assets=folder, world=False) as process:
        connection = Connection(process.url)
        with connection.active():
            yield
        connection.close()


def pixels(product, variable, grid):
    """(values of the first band, x, y) around the place, in stored units."""
    import ee

    zone = grid.zone("utm33n")
    x, y = Transformer.from_crs(DEGREES, zone.crs, always_xy=True).transform(LON, LAT)
    block = grid.cover(_around()).blocks[0].block
    place, step = graph.place(zone, block), product.resolution
    row, col = int((place.top - y - REACH_M) // step), int((x - place.left - REACH_M) // step)
    side = 2 * REACH_M // step
    frames = product.frames(Period.parse("2020"))
    request = PixelRequest((0,), ((variable, 0),), Window(row, col, side, side))
    left, top = place.left + col * step, place.top - row * step
    found = ee.data.computePixels({
        "expression": graph.image(product, frames, place, request),
        "fileFormat": "NUMPY_NDARRAY",
        "grid": {
            "dimensions": {"width": side, "height": side},
            "affineTransform": {
                "scaleX": step, "shearX": 0, "translateX": left, "shearY": 0, "scaleY": -step, "translateY": top,
            },
            "crsCode": zone.crs,
        },
    })  # fmt: skip
    centres = (np.arange(side) + 0.5) * step
    return found[graph.band_name(0, (variable, 0))].astype(np.float64), left + centres - x, top - centres - y


def _around():
    from shapely import box

    return box(LON - 0.01, LAT - 0.01, LON + 0.01, LAT + 0.01)


MASS = {
    ("vcf", "cover"): lambda v: v,
    ("built", "built"): lambda v: v,
    ("biomass", "biomass"): lambda v: v,
    ("palsar", "backscatter"): lambda v: 10 ** (v / 1000 + 8.3) - 1e6,
    ("water", "occurrence"): lambda v: v,
    ("dem", "elevation"): lambda v: v * 0.2 - 1150,
}


@pytest.mark.parametrize(("name", "variable"), MASS)
def test_a_hill_stays_where_it_is(emulator, name, variable):
    product = REGISTRY[name]
    values, east, north = pixels(product, variable, Grid.load("utm"))
    assert (values != product.variable(variable).nodata).all()
    mass = MASS[name, variable](values)
    mass = np.where(mass > mass.max() / 200, mass, 0)
    offset = np.array([(mass.sum(0) * east).sum(), (mass.sum(1) * north).sum()]) / mass.sum() / product.resolution
    assert np.abs(offset).max() < 0.03


def test_the_area_that_is_built_up_is_conserved(emulator):
    """Values are square metres per hectare: times the area of our pixels they add up to what the source adds up to."""
    product = REGISTRY["built"]
    values, _, _ = pixels(product, "built", Grid.load("utm"))
    high, _ = hill(MOLLWEIDE, 100, 0)
    total = values.sum() * product.resolution**2 / 1e4
    assert total == pytest.approx(np.floor(9000 * high).sum(), rel=3e-3)
