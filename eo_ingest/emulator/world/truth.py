"""The truth about the synthetic world at any point: what a perfect product would hold, without clouds or speckle.

Points are lon/lat degrees (EPSG:4326) and broadcast; times are ms since 1970.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from eo_ingest.emulator.world.cloud import overcast, score_cdf
from eo_ingest.emulator.world.cover import BANDS, WORLDCOVER
from eo_ingest.emulator.world.land import height, reclassify, survey
from eo_ingest.emulator.world.place import points
from eo_ingest.emulator.world.signature import Pass, reflect, scatter

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from eo_ingest.emulator.world.noise import Sites
    from eo_ingest.emulator.world.sentinel2 import Overpass


def land_cover(lon: npt.ArrayLike, lat: npt.ArrayLike, year: int = 2020) -> npt.NDArray[np.uint8]:
    """WorldCover class (10 … 100; 0 far out at sea) as v100 has it, from 2021 on as v200."""

    def classify(sites: Sites) -> np.ndarray:
        kind = survey(sites).kind
        return WORLDCOVER.take(reclassify(sites, kind) if year >= 2021 else kind)

    return _at(lon, lat, classify)


def elevation(lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Metres above the sea."""
    return _at(lon, lat, lambda sites: height(sites.x, sites.y))


def reflectance(lon: npt.ArrayLike, lat: npt.ArrayLike, time: int, band: str) -> npt.NDArray[np.float32]:
    """Cloud-free surface reflectance, 0 to 1, of a Sentinel-2 band (B1 … B12)."""
    return _at(lon, lat, lambda sites: reflect(survey(sites), time, BANDS.index(band)))


def backscatter_db(
    lon: npt.ArrayLike,
    lat: npt.ArrayLike,
    time: int,
    polarisation: Literal["VV", "VH"],
    direction: Pass,
) -> npt.NDArray[np.float32]:
    """Backscatter in dB, the median over speckle."""
    cross = polarisation == "VH"
    return _at(lon, lat, lambda sites: scatter(survey(sites), time, cross=cross, direction=direction))


def clear(lon: npt.ArrayLike, lat: npt.ArrayLike, overpass: Overpass) -> npt.NDArray[np.float32]:
    """Cloud Score+ `cs_cdf` in an overpass of Sentinel-2; from 0.60 on a pixel is free of cloud.

    The overpass belongs to a scene: `World().get("COPERNICUS/S2_SR_HARMONIZED/<index>").overpass`.
    """
    return _at(lon, lat, lambda sites: score_cdf(overcast(sites, overpass.seed)))


def _at(lon: npt.ArrayLike, lat: npt.ArrayLike, field: Callable[[Sites], np.ndarray]) -> npt.NDArray[Any]:
    x, y = np.broadcast_arrays(np.asarray(lon, np.float64), np.asarray(lat, np.float64))
    out: npt.NDArray[Any] = field(points(x.ravel(), y.ravel())).reshape(x.shape)
    return out
