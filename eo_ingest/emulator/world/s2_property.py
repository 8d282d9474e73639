"""Names and properties of Sentinel-2 scenes, as COPERNICUS/S2_SR_HARMONIZED carries them."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator.world.cloud import overcast
from eo_ingest.emulator.world.cover import BANDS, Kind
from eo_ingest.emulator.world.land import survey
from eo_ingest.emulator.world.mgrs import HALF_SWATH, SIZE
from eo_ingest.emulator.world.noise import hash_words
from eo_ingest.emulator.world.orbit import SENTINEL2
from eo_ingest.emulator.world.place import points, to_lonlat
from eo_ingest.emulator.world.signature import scene_classes, sun_position

if TYPE_CHECKING:
    from eo_ingest.emulator.world.sentinel2 import Overpass

_BASELINES = (
    (1_541_462_400_000, "02.06"), (1_562_284_800_000, "02.11"), (1_580_774_400_000, "02.13"),
    (1_612_224_000_000, "02.14"), (1_625_011_200_000, "03.00"), (1_643_068_800_000, "03.01"),
    (1_670_284_800_000, "04.00"), (1_702_425_600_000, "05.09"),
)  # fmt: skip
_IRRADIANCE = {
    "B1": 1884.69, "B2": 1959.66, "B3": 1823.24, "B4": 1512.06, "B5": 1424.64, "B6": 1287.61, "B7": 1162.08,
    "B8": 1041.63, "B8A": 955.32, "B9": 812.92, "B10": 367.15, "B11": 245.59, "B12": 85.25,
}  # fmt: skip


def _stamp(time: int) -> str:
    return dt.datetime.fromtimestamp(time / 1000, dt.UTC).strftime("%Y%m%dT%H%M%S")


def baseline(time: int) -> str:
    """The processing baseline in use at a time."""
    return next((name for until, name in _BASELINES if time < until), "05.10")


def indices(overpass: Overpass) -> dict[str, str]:
    """The names of a scene: `system:index`, PRODUCT_ID, GRANULE_ID, DATASTRIP_ID, DATATAKE_IDENTIFIER."""
    craft = "A" if overpass.half_cycle % 2 == 0 else "B"
    take, tile = _stamp(overpass.datatake_start), overpass.granule.name
    first = _stamp(overpass.datatake_start + 60_000 + overpass.seed % 540_000)
    made = _stamp(generation_time(overpass))
    version = baseline(overpass.start)
    number = overpass.half_cycle // 2 * SENTINEL2.revolutions + overpass.sight.track + 36
    code = version.replace(".", "")
    return {
        "system:index": f"{take}_{first}_T{tile}",
        "PRODUCT_ID": (f"S2{craft}_MSIL2A_{take}_N{code}_R{SENTINEL2.number(overpass.sight.track):03d}_T{tile}_{made}"),
        "GRANULE_ID": f"L2A_T{tile}_A{number:06d}_{first}",
        "DATASTRIP_ID": f"S2{craft}_OPER_MSI_L2A_DS_VGS2_{made}_S{first}_N{version}",
        "DATATAKE_IDENTIFIER": f"GS2{craft}_{take}_{number:06d}_N{version}",
        "SPACECRAFT_NAME": f"Sentinel-2{craft}",
        "PROCESSING_BASELINE": version,
    }


def generation_time(overpass: Overpass) -> int:
    """When the product was made, ms since 1970: a few hours after the datatake."""
    return overpass.datatake_start + 7_200_000 + overpass.seed % 10_800 * 1000


def properties(overpass: Overpass) -> dict[str, Any]:
    """The properties of a scene; the keys and their types are Earth Engine's."""
    lon, lat = overpass.granule.centre
    zenith, azimuth = sun_position(lon, lat, overpass.start)
    shares = _shares(overpass)
    cloudy = shares["HIGH_PROBA_CLOUDS_PERCENTAGE"] + shares["MEDIUM_PROBA_CLOUDS_PERCENTAGE"]
    cloudy += shares["THIN_CIRRUS_PERCENTAGE"]
    day = dt.datetime.fromtimestamp(overpass.start / 1000, dt.UTC).timetuple().tm_yday
    return {
        "system:time_start": overpass.start,
        "system:time_end": overpass.start,
        "system:asset_size": 1_000_000_000 + overpass.seed % 700_000_000,
        **indices(overpass),
        "MGRS_TILE": overpass.granule.name,
        "SENSING_ORBIT_NUMBER": SENTINEL2.number(overpass.sight.track),
        "SENSING_ORBIT_DIRECTION": "DESCENDING",
        "DATATAKE_TYPE": "INS-NOBS",
        "GENERATION_TIME": generation_time(overpass),
        "MEAN_SOLAR_ZENITH_ANGLE": round(zenith, 6),
        "MEAN_SOLAR_AZIMUTH_ANGLE": round(azimuth, 6),
        "REFLECTANCE_CONVERSION_CORRECTION": round(1 + 0.0334 * math.cos(2 * math.pi * (day - 3) / 365.25), 9),
        "CLOUDY_PIXEL_PERCENTAGE": round(cloudy, 6),
        "CLOUD_COVERAGE_ASSESSMENT": round(cloudy, 6),
        "NODATA_PIXEL_PERCENTAGE": round(100 * overpass.sight.missing, 6),
        **shares,
        **_viewing(overpass),
        **{f"SOLAR_IRRADIANCE_{band}": value for band, value in _IRRADIANCE.items()},
        **{f"{name}_QUALITY": "PASSED" for name in ("GENERAL", "GEOMETRIC", "RADIOMETRIC", "SENSOR")},
        "FORMAT_CORRECTNESS": "PASSED",
        "AOT_RETRIEVAL_ACCURACY": 0,
        "RADIATIVE_TRANSFER_ACCURACY": 0,
        "WATER_VAPOUR_RETRIEVAL_ACCURACY": 0,
        "DEGRADED_MSI_DATA_PERCENTAGE": 0,
        "SATURATED_DEFECTIVE_PIXEL_PERCENTAGE": 0,
    }


def _shares(overpass: Overpass) -> dict[str, float]:
    """Percentages of the imaged part of the granule, from 24 × 24 points."""
    granule = overpass.granule
    step = (np.arange(24) + 0.5) / 24 * SIZE
    x, y = np.meshgrid(granule.left + step, granule.top - step)
    inside = np.abs(overpass.sight.across(x, y)) <= HALF_SWATH
    if not inside.any():
        inside = np.ones_like(inside)
    sites = points(*to_lonlat(granule.crs).transform(x[inside], y[inside]))
    cloud, ground = overcast(sites, overpass.seed), survey(sites)
    classes = scene_classes(ground, overpass.start)
    clear = cloud <= 0.05

    def share(chosen: np.ndarray) -> float:
        return round(100 * float(np.mean(chosen)), 6)

    return {
        "HIGH_PROBA_CLOUDS_PERCENTAGE": share(cloud > 0.75),
        "MEDIUM_PROBA_CLOUDS_PERCENTAGE": share((cloud > 0.3) & (cloud <= 0.75)),
        "THIN_CIRRUS_PERCENTAGE": share((cloud > 0.05) & (cloud <= 0.3)),
        "VEGETATION_PERCENTAGE": share(clear & (classes == 4)),
        "NOT_VEGETATED_PERCENTAGE": share(clear & (classes == 5)),
        "WATER_PERCENTAGE": share(clear & (classes == 6)),
        "SNOW_ICE_PERCENTAGE": share(clear & (ground.kind == Kind.SNOW)),
        "CLOUDY_SHADOW_PERCENTAGE": 0.0,
        "DARK_FEATURES_PERCENTAGE": 0.0,
        "UNCLASSIFIED_PERCENTAGE": 0.0,
    }


def _viewing(overpass: Overpass) -> dict[str, float]:
    """Mean viewing angles of the bands, from the place of the granule in the swath."""
    granule = overpass.granule
    across = float(overpass.sight.across(granule.left + SIZE / 2, granule.top - SIZE / 2))
    zenith = math.degrees(math.atan2(abs(across), 786_000.0))
    heading = math.degrees(math.atan2(overpass.sight.ax, overpass.sight.ay))
    azimuth = (heading + (270.0 if across > 0 else 90.0)) % 360.0
    out = {}
    for k, band in enumerate(BANDS):
        wiggle = (hash_words(k, 51) % 1000) / 1000
        out[f"MEAN_INCIDENCE_ZENITH_ANGLE_{band}"] = round(zenith + 0.1 * wiggle, 6)
        out[f"MEAN_INCIDENCE_AZIMUTH_ANGLE_{band}"] = round((azimuth + wiggle) % 360.0, 6)
    return out
