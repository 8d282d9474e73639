"""What the maps should hold at a spot: numpy on the world's own maps. See `expected_radar`."""

import numpy as np
from world_support import WORLD, View, missing, scenes

from eo_ingest.emulator.world import truth

# Metres of a degree on the equator of WGS 84.
DEGREE = np.radians(1) * 6_378_137


def interpolated(image, bands, where, known=np.isfinite):
    """Each band interpolated between the pixels whose values are known."""
    view = View(image, bands[0], where)
    made = []
    for band in bands:
        values, valid = view.read(band)
        made.append(missing(*view.bilinear(values, valid & known(values))))
    return np.stack(made)


def worldcover(frame, where):
    asset = {"2020": "ESA/WorldCover/v100", "2021": "ESA/WorldCover/v200"}[frame.label]
    return {"class": missing(*truth.native(WORLD.get(asset), "Map", *where.lonlat))[None]}


def vcf(frame, where):
    (image,) = scenes("MODIS/061/MOD44B", frame.start, frame.end, where)
    bands = ("Percent_Tree_Cover", "Percent_NonTree_Vegetation", "Percent_NonVegetated")
    trees, valid = truth.native(image, bands[0], *where.lonlat)
    water = np.where(valid & (trees <= 200), trees == 200, np.nan)
    return {"cover": interpolated(image, bands, where, lambda values: values <= 100), "water": water[None]}


def built(frame, where):
    image = WORLD.get(f"JRC/GHSL/P2023A/GHS_BUILT_S/{frame.label}")
    return {"built": interpolated(image, ("built_surface", "built_surface_nres"), where)}


def biomass(frame, where):
    image = WORLD.get(f"ESA/CCI/Above_Ground_Biomass/V6_0/{frame.label}")
    return {"biomass": interpolated(image, ("agb", "agb_sd"), where)}


def canopy(frame, where):
    names = ("ETH_GlobalCanopyHeight_2020_10m_v1", "ETH_GlobalCanopyHeightSD_2020_10m_v1")
    bands = [interpolated(WORLD.get(f"users/nlang/{name}"), ("b1",), where) for name in names]
    return {"canopy": np.concatenate(bands)}


def water(frame, where):
    kind, valid = truth.native(WORLD.get(f"JRC/GSW1_4/YearlyHistory/{frame.label}"), "waterClass", *where.lonlat)
    seen, ever = truth.native(WORLD.get("JRC/GSW1_4/GlobalSurfaceWater"), "occurrence", *where.lonlat)
    known = valid & (kind > 0)
    return {
        "class": np.where(known, kind, np.nan)[None],
        "occurrence": np.where(known, np.where(ever, seen, 0), np.nan)[None],
    }


def dem(frame, where):
    """Heights of one tile of the source: spots lie inside of them."""
    lon, lat = (np.floor(v).astype(int) for v in where.lonlat)
    assert np.ptp(lon) == np.ptp(lat) == 0
    name = f"{'NS'[int(lat[0] < 0)]}{abs(lat[0]):02d}_00_{'EW'[int(lon[0] < 0)]}{abs(lon[0]):03d}_00"
    image = WORLD.get(f"COPERNICUS/DEM/GLO30_2024_1/Copernicus_DSM_10_{name}")
    view = View(image, "DEM", where, margin=2)
    height, valid = view.read("DEM")
    wide, high = view.pixel
    latitude = view.centres[1]
    east, north = np.zeros(height.shape), np.zeros(height.shape)
    east[:, 1:-1] = (height[:, 2:] - height[:, :-2]) / (2 * wide * DEGREE * np.cos(np.radians(latitude)))[:, None]
    north[1:-1] = (height[:-2] - height[2:]) / (2 * high * DEGREE)
    slope = np.degrees(np.arctan(np.hypot(east, north)))
    down = np.arctan2(-east, -north)
    tilted = valid & (slope > 0)
    sine, cosine = (missing(*view.bilinear(part(down), tilted)) for part in (np.sin, np.cos))
    aspect = np.degrees(np.arctan2(sine, cosine)) % 360
    body, there = view.nearest(*view.read("WBM"))
    return {
        "elevation": (missing(*view.bilinear(height, valid)) + 1000)[None] / 0.2,
        "slope": missing(*view.bilinear(slope, valid))[None] * 100,
        "aspect": np.where(np.hypot(sine, cosine) > 1e-3, np.round(aspect * 10) % 3600, np.nan)[None],
        "water": missing(body, there)[None],
    }
