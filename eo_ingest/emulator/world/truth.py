"""The truth about the synthetic world at any point: what a perfect product would hold, without clouds or speckle.

Points are lon/lat degrees (EPSG:4326) and broadcast; times are ms since 1970. What a map holds, pixel by pixel, is in
`native`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from shapely import MultiPoint, contains_xy

from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.world import relief
from eo_ingest.emulator.world.cells import locate
from eo_ingest.emulator.world.chart import Chart
from eo_ingest.emulator.world.cloud import overcast, score_cdf
from eo_ingest.emulator.world.cover import BANDS, WORLDCOVER
from eo_ingest.emulator.world.land import reclassify, survey
from eo_ingest.emulator.world.place import points
from eo_ingest.emulator.world.signature import Pass, reflect, scatter
from eo_ingest.emulator.world.stand import stand

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from eo_ingest.emulator.asset import CollectionAsset, ImageAsset
    from eo_ingest.emulator.world.noise import F64, Sites
    from eo_ingest.emulator.world.sentinel2 import Overpass


def land_cover(lon: npt.ArrayLike, lat: npt.ArrayLike, year: int = 2020) -> npt.NDArray[np.uint8]:
    """WorldCover class (10 … 100; 0 far out at sea) as v100 has it, from 2021 on as v200."""

    def classify(sites: Sites) -> np.ndarray:
        kind = survey(sites).kind
        return WORLDCOVER.take(reclassify(sites, kind) if year >= 2021 else kind)

    return _at(lon, lat, classify)


def elevation(lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Metres above the sea, of bare ground."""
    return _at(lon, lat, lambda sites: sites.smooth(relief.elevation))


def slope(lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Degrees from the horizontal, of bare ground over 30 m."""
    return _at(lon, lat, relief.slope)


def tree_cover(lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """The share of the ground under crowns, 0 to 1."""
    return _at(lon, lat, lambda sites: stand(sites).tree_cover)


def canopy_height(lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Height of crowns in metres."""
    return _at(lon, lat, lambda sites: stand(sites).canopy)


def biomass(lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Woody mass above the ground in Mg/ha."""
    return _at(lon, lat, lambda sites: stand(sites).biomass)


def built(lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """The share of the ground under buildings in 2020, 0 to 1."""
    return _at(lon, lat, lambda sites: stand(sites).built)


def native(
    image: ImageAsset | CollectionAsset, band: str, lon: npt.ArrayLike, lat: npt.ArrayLike
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """(values, valid) of the native pixels that contain points, exactly as the asset holds them.

    Args:
        image: an image, or a collection whose images lie side by side (`World().get(…)` gives either).
        band: its name.
        lon: degrees; points far from each other are slow, except on maps.
        lat: degrees.
    """
    x, y = (np.asarray(v, np.float64) for v in np.broadcast_arrays(lon, lat))
    values, valid = _sampled(image, band, x.ravel(), y.ravel())
    return values.reshape(x.shape), valid.reshape(x.shape)


def _sampled(image: Any, band: str, lon: F64, lat: F64) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    if isinstance(image, Chart):
        return image.at(band, lon, lat)
    if hasattr(image, "bands"):
        return _read(image, band, lon, lat)
    values, valid = np.zeros(lon.shape, np.float64), np.zeros(lon.shape, bool)
    for tile in image.images(None, None, MultiPoint(np.column_stack([lon, lat]))):
        inside = contains_xy(tile.footprint.buffer(1e-3), lon, lat) & ~valid
        if inside.any():
            values[inside], valid[inside] = _sampled(tile, band, lon[inside], lat[inside])
    return values, valid


def _read(image: ImageAsset, band: str, lon: F64, lat: F64) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Pixels of an image that is read by windows: the smallest one that holds all points."""
    lattice = next(b.lattice for b in image.bands if b.name == band)
    row, col = locate(lattice, lon, lat)
    window = Window(int(row.min()), int(col.min()), int(np.ptp(row)) + 1, int(np.ptp(col)) + 1)
    values, valid = image.read(band, 0, window)
    at = row - window.row, col - window.col
    return values[at], valid[at]


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
