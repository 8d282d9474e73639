"""From projected pixels to the world's own coordinates: turns east and Mercator turns north."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from pyproj import Transformer

from eo_ingest.emulator.crs import definition
from eo_ingest.emulator.world.noise import Sites, upsample

if TYPE_CHECKING:
    import numpy.typing as npt

    from eo_ingest.emulator.world.noise import F64, Ints

    Reals = npt.NDArray[np.floating[Any]]

GEOGRAPHIC = "EPSG:4326"
_COARSE = 32
"""Pixels between exactly projected points; in between, positions are interpolated (error below 3 mm at 10 m)."""


@lru_cache(maxsize=256)
def to_lonlat(crs: str) -> Transformer:
    """The transformation from a projected CRS to lon/lat degrees."""
    return Transformer.from_crs(definition(crs), GEOGRAPHIC, always_xy=True)


@lru_cache(maxsize=256)
def from_lonlat(crs: str) -> Transformer:
    """The transformation from lon/lat degrees to a projected CRS."""
    return Transformer.from_crs(GEOGRAPHIC, definition(crs), always_xy=True)


def utm(lon: float, lat: float) -> str:
    """The EPSG code of the UTM zone of a point, without the exceptions of Norway and Svalbard."""
    zone = int((lon + 180.0) // 6.0) % 60 + 1
    return f"EPSG:{32600 + zone if lat >= 0 else 32700 + zone}"


def mercator(lon: Reals, lat: Reals) -> tuple[F64, F64]:
    """World coordinates (turns) of lon/lat degrees; latitudes are held within ±89°."""
    x = np.asarray(lon, np.float64) / 360.0
    y = np.arcsinh(np.tan(np.radians(np.clip(lat, -89.0, 89.0)))) / (2.0 * math.pi)
    return x, y


def latitude(y: F64) -> F64:
    """Degrees of latitude of Mercator turns."""
    return np.degrees(np.arctan(np.sinh(2.0 * math.pi * y)))


def points(lon: F64, lat: F64) -> Sites:
    """Scattered places, exactly where they are."""
    lon, lat = np.broadcast_arrays(np.asarray(lon, np.float64), np.asarray(lat, np.float64))
    return Sites(*mercator(lon, lat))


def pixels(crs: str, origin: tuple[float, float], pixel: tuple[float, float], size: int, step: int) -> Sites:
    """The centres of `size` × `size` pixels.

    Args:
        crs: of `origin` and `pixel`; EPSG:4326 counts in degrees.
        origin: (x, y) of the upper-left corner.
        pixel: (width, height), height negative where rows go south.
        size: pixels along each edge, a multiple of 32.
        step: pixels between the nodes of slowly varying fields, a divisor of 32.
    """
    count = size // _COARSE + 1
    along = np.arange(count) * float(_COARSE)
    px, py = np.meshgrid(origin[0] + pixel[0] * along, origin[1] + pixel[1] * along)
    x, y = _world(crs, px, py)
    if crs != GEOGRAPHIC:
        x -= np.round(x - x[0, 0])
    if step == 1:
        return Sites(upsample(x, _COARSE), upsample(y, _COARSE))
    nodes = _refine(x, _COARSE // step), _refine(y, _COARSE // step)
    return Sites(upsample(x, _COARSE), upsample(y, _COARSE), nodes, step)


def scattered(crs: str, corner: tuple[Reals, Reals], pixel: tuple[float, float], inside: tuple[Ints, Ints]) -> Sites:
    """Single pixels of many tiles, interpolated as `pixels` does it.

    Args:
        crs: of `corner` and `pixel`.
        corner: (x, y) of the upper-left corner of each pixel's tile, any shape.
        pixel: (width, height).
        inside: (row, col) of each pixel in its tile.
    """
    row, col = inside
    i, j = row // _COARSE, col // _COARSE
    down = (row % _COARSE + 0.5) / _COARSE
    along = (col % _COARSE + 0.5) / _COARSE

    def node(di: int, dj: int) -> tuple[F64, F64]:
        return _world(
            crs, corner[0] + pixel[0] * ((j + dj) * float(_COARSE)), corner[1] + pixel[1] * ((i + di) * float(_COARSE))
        )

    whole = np.zeros(()) if crs == GEOGRAPHIC else _world(crs, *corner)[0]
    west, east = (_between(node(0, k), node(1, k), down, whole) for k in (0, 1))
    return Sites((east[0] - west[0]) * along + west[0], (east[1] - west[1]) * along + west[1])


def _world(crs: str, x: Reals, y: Reals) -> tuple[F64, F64]:
    """World coordinates; what lies outside the globe's outline in a projection is put at 0° E, 0° N."""
    if crs == GEOGRAPHIC:
        return mercator(x, y)
    lon, lat = to_lonlat(crs).transform(x, y)
    return mercator(np.where(np.isfinite(lon), lon, 0.0), np.where(np.isfinite(lat), lat, 0.0))


def _between(top: tuple[F64, F64], bottom: tuple[F64, F64], weight: F64, start: F64) -> tuple[F64, F64]:
    """World coordinates between two nodes, whole turns taken off so that x runs on from `start`."""
    (x0, y0), (x1, y1) = top, bottom
    if start.ndim:
        x0, x1 = x0 - np.round(x0 - start), x1 - np.round(x1 - start)
    return x0 + (x1 - x0) * weight, y0 + (y1 - y0) * weight


def _refine(nodes: F64, factor: int) -> F64:
    """Bilinear refinement of (n, n) corners to ((n - 1) · factor + 1)² corners."""
    fine = np.linspace(0.0, nodes.shape[0] - 1.0, (nodes.shape[0] - 1) * factor + 1)
    low = np.minimum(fine.astype(np.int64), nodes.shape[0] - 2)
    t = fine - low
    rows = nodes[low] + (nodes[low + 1] - nodes[low]) * t[:, None]
    out: F64 = rows[:, low] + (rows[:, low + 1] - rows[:, low]) * t
    return out
