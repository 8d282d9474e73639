"""Rasters of one tile that show what the reference chain got wrong, as files that the emulator serves.

The tile lies in zone 32 beside its border with zone 31. What each image holds is told by the functions here, so that a
test can say what must be stored.
"""

from __future__ import annotations

import json

import numpy as np
import rasterio
from pyproj import Transformer
from rasterio.transform import Affine

from eo_ingest.grid import Grid

GRID = Grid.load("utm")
ZONE = GRID.zone("utm32n")
LONLAT = (6.05, 49.62)
SIDE = 448
_MARGIN = 20  # pixels of 10 m around the tile
_WHOLE = SIDE + 2 * _MARGIN

S1, S2, CLOUDS = "COPERNICUS/S1_GRD", "COPERNICUS/S2_SR_HARMONIZED", "GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED"
DEM, VCF = "COPERNICUS/DEM/GLO30_2024_1", "MODIS/061/MOD44B"
RGB = ("B4", "B3", "B2")

# What each Sentinel-1 image of the tile is: start, instrument mode, VV and VH in dB.
RADAR = {
    "first_day": ("2019-12-01T00:00:00Z", "IW", -12.0, -18.0),
    "leap_day": ("2020-02-29T23:59:30Z", "IW", -12.0, -18.0),
    "spring": ("2020-03-01T00:00:00Z", "IW", -20.0, -26.0),
    "may": ("2020-05-01T00:00:00Z", "IW", -20.0, -26.0),
    "last_of_may": ("2020-05-31T23:59:30Z", "IW", -10.0, -16.0),
    "wide_swath": ("2020-07-15T06:00:00Z", "EW", 0.0, 0.0),
    "last_of_august": ("2020-08-31T23:59:30Z", "IW", None, None),
    "last_of_november": ("2020-11-30T23:59:30Z", "IW", -12.0, -18.0),
    "next_year": ("2020-12-01T00:00:00Z", "IW", -12.0, -18.0),
}
# Columns of the tile in the image of 31 August: (first, last + 1, VV, VH); None is masked.
STRIPES = {"bright": (0, 100, 5.0, 2.0), "quiet": (100, 200, -25.0, -35.0), "noise": (200, 300, -40.0, -45.0)}
NOTHING = slice(300, SIDE)
SLOPE = 0.02  # metres up per metre east
SEA_M = -412.3  # at the tile's western edge, some way below sea level
MODIS_M, MODIS_STEP = 231.656, 3.0  # the size of a pixel, and per cents more in each further east


def _tile():
    x, y = Transformer.from_crs("EPSG:4326", ZONE.crs, always_xy=True).transform(*LONLAT)
    return GRID.tile(f"utm32n_{int((ZONE.y_top - y) // 4480)}_{int((x - ZONE.x_left) // 4480)}")


TILE = _tile()
LEFT, _, _, TOP = ZONE.bounds(TILE)


def centres(step=10):
    """(x, y) of the tile's pixel centres."""
    at = (np.arange(4480 // step) + 0.5) * step
    return np.meshgrid(LEFT + at, TOP - at)


def noise():
    """Reflectances from 0 to 1.2, another in each pixel: of 31 May 2020, (band, y, x) of the image."""
    return np.random.default_rng(31).integers(0, 12_001, (3, _WHOLE, _WHOLE)).astype("uint16")


def ramp(east, north):
    """Reflectances ×10⁴ of 15 June 2020 by place in zone 31: 0.2 a metre east, 0.1 a metre north."""
    x, y = Transformer.from_crs(ZONE.crs, "EPSG:32631", always_xy=True).transform(east, north)
    left, bottom = _neighbour()
    return 1000 + 0.2 * (x - left) + 0.1 * (y - bottom)


def _neighbour():
    """A place in zone 31, whole pixels, south-west of the tile."""
    x, y = Transformer.from_crs(ZONE.crs, "EPSG:32631", always_xy=True).transform(LEFT, TOP - 4480)
    return np.floor(x / 10) * 10 - 1000, np.floor(y / 10) * 10 - 1000


def write(folder):
    """All of it, as a folder of assets."""
    _radar(folder)
    _optical(folder)
    _surface(folder)


def _serve(folder, asset, bands, affine, crs, *, names, nodata=None, **properties):
    path = folder / f"{asset}.tif"
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = bands.shape
    profile = {"driver": "GTiff", "count": count, "height": height, "width": width, "dtype": bands.dtype}
    with rasterio.open(path, "w", **profile, crs=crs, transform=affine, nodata=nodata) as file:
        file.write(bands)
    told = {key.replace("__", ":"): value for key, value in properties.items()}
    path.with_suffix(".json").write_text(json.dumps({"bands": list(names), "properties": told}))


def _around():
    """The pixels of 10 m around the tile."""
    return Affine(10, 0, LEFT - 10 * _MARGIN, 0, -10, TOP + 10 * _MARGIN), ZONE.crs


def _radar(folder):
    for name, (start, mode, vv, vh) in RADAR.items():
        bands = np.full((2, _WHOLE, _WHOLE), np.nan, "float32")
        if vv is None:
            for first, end, *values in STRIPES.values():
                bands[:, :, _MARGIN * (first > 0) + first : _MARGIN + end] = np.reshape(values, (2, 1, 1))
        else:
            bands[:] = np.reshape([vv, vh], (2, 1, 1))
        _scene(folder, name, bands, _around()[0], start, mode)
    far = _around()[0] @ Affine.translation(0, -60_000)
    _scene(folder, "far_away", np.full((2, 8, 8), -12.0, "float32"), far, "2020-07-01T06:00:00Z", "IW")


def _scene(folder, name, bands, affine, start, mode):
    _serve(
        folder, f"{S1}/{name}", bands, affine, ZONE.crs, names=("VV", "VH"), nodata=np.nan,
        system__time_start=start, instrumentMode=mode, orbitProperties_pass="ASCENDING",  # noqa: S106 - of an orbit
        transmitterReceiverPolarisation=["VV", "VH"], relativeOrbitNumber_start=15,
    )  # fmt: skip


def _optical(folder):
    place = _around()
    grounded = np.full((3, _WHOLE, _WHOLE), 1500, "uint16")
    sure = np.full((_WHOLE, _WHOLE), 0.9, "float32")
    half_cloudy = np.where(np.arange(_WHOLE) < _MARGIN + SIDE // 2, 0.1, 0.9) * np.ones((_WHOLE, 1))
    _granule(folder, "20200531T235900_20200531T235900_T32ULA", noise(), sure, *place)
    _granule(folder, "20230710T103000_20230710T103000_T32ULA", grounded * 0 + 9000, half_cloudy, *place)
    _granule(folder, "20230720T103000_20230720T103000_T32ULA", grounded, sure, *place)
    left, bottom = _neighbour()
    side = 900
    at = (np.arange(side) + 0.5) * 10
    values = 1000 + 0.2 * at + 0.1 * at[::-1, None]
    affine = Affine(10, 0, left, 0, -10, bottom + side * 10)
    bands = np.broadcast_to(np.round(values), (3, side, side)).astype("uint16")
    _granule(folder, "20200615T103000_20200615T103000_T31UGQ", bands, np.full((side, side), 0.9), affine, "EPSG:32631")


def _granule(folder, index, bands, score, affine, crs):
    start = f"{index[:4]}-{index[4:6]}-{index[6:11]}:{index[11:13]}:{index[13:15]}Z"
    _serve(folder, f"{S2}/{index}", bands, affine, crs, names=RGB, system__time_start=start, MGRS_TILE=index[-5:])
    score = np.asarray(score, "float32")[None]
    _serve(folder, f"{CLOUDS}/{index}", score, affine, crs, names=("cs_cdf",), system__time_start=start)


def height(east, north):
    """Metres above the sea, of the plane that the elevation model holds, at places in the zone."""
    lon, _ = Transformer.from_crs(ZONE.crs, "EPSG:4326", always_xy=True).transform(east, north)
    return SEA_M + SLOPE * _metres_per_degree() * (lon - _west())


def _west():
    return Transformer.from_crs(ZONE.crs, "EPSG:4326", always_xy=True).transform(LEFT, TOP)[0]


def _metres_per_degree():
    from pyproj import Geod

    lon, lat = LONLAT
    return Geod(ellps="WGS84").inv(lon - 0.01, lat, lon + 0.01, lat)[2] / 0.02


def _surface(folder):
    step, side = 1 / 3600, 600
    left = np.floor((_west() - 0.05) * 3600) / 3600
    top = np.ceil((LONLAT[1] + 0.08) * 3600) / 3600
    lon = left + (np.arange(side) + 0.5) * step
    plane = SEA_M + SLOPE * _metres_per_degree() * (lon - _west())
    bands = np.stack([np.broadcast_to(plane, (side, side)), np.zeros((side, side))]).astype("float32")
    _serve(folder, f"{DEM}/here", bands, Affine(step, 0, left, 0, -step, top), "EPSG:4326", names=("DEM", "WBM"))
    cover = np.broadcast_to(np.round(10 + MODIS_STEP * np.arange(24)), (3, 24, 24)).astype("uint8")
    affine = Affine(MODIS_M, 0, LEFT - 2 * MODIS_M, 0, -MODIS_M, TOP + 2 * MODIS_M)
    names = ("Percent_Tree_Cover", "Percent_NonTree_Vegetation", "Percent_NonVegetated")
    _serve(folder, f"{VCF}/2020_03_05", cover, affine, ZONE.crs, names=names, system__time_start="2020-03-05T00:00:00Z")


def tree_cover(east):
    """Per cents at eastings: the ramp between the centres of MODIS's pixels."""
    return 10 + MODIS_STEP * ((east - LEFT) / MODIS_M + 1.5)
