"""From projected pixels to the world's own coordinates: turns east and Mercator turns north."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from pyproj import Transformer

from eo_ingest.emulator.crs import definition
from eo_ingest.emulator.world.noise import Sites, Spots, upsample

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


def scattered(
    crs: str, corner: tuple[Reals, Reals], pixel: tuple[float, float], inside: tuple[Ints, Ints], step: int
) -> Sites:
    """Single pixels of many tiles, interpolated as `pixels` does it.

    Args:
        crs: of `corner` and `pixel`.
        corner: (x, y) of the upper-left corner of each pixel's tile, any shape.
        pixel: (width, height).
        inside: (row, col) of each pixel in its tile.
        step: as for `pixels`.
    """
    cell = _Cell(crs, corner, pixel, inside)
    down, along = ((v % _COARSE + 0.5) / _COARSE for v in inside)
    sites = cell.between(down, along)
    if step == 1:
        return Sites(*sites)
    nodes = [[cell.between(*(_toward(v, step, k) for v, k in zip(inside, (di, dj), strict=True))) for dj in (0, 1)]
             for di in (0, 1)]  # fmt: skip
    weights = (((v % step + 0.5) / step).astype(np.float32) for v in inside)
    return Spots(*sites, nodes, *weights)


def _toward(number: Ints, step: int, ahead: int) -> F64:
    """How far into its cell the node before (or ahead of) a pixel lies, 0 to 1."""
    out: F64 = (number % _COARSE // step + ahead) * step / float(_COARSE)
    return out


class _Cell:
    """The four exactly projected places around single pixels."""

    def __init__(
        self, crs: str, corner: tuple[Reals, Reals], pixel: tuple[float, float], inside: tuple[Ints, Ints]
    ) -> None:
        i, j = (v // _COARSE for v in inside)
        start = None if crs == GEOGRAPHIC else _world(crs, *corner)[0]

        def node(di: int, dj: int) -> tuple[F64, F64]:
            x, y = _world(
                crs,
                corner[0] + pixel[0] * ((j + dj) * float(_COARSE)),
                corner[1] + pixel[1] * ((i + di) * float(_COARSE)),
            )
            return (x if start is None else x - np.round(x - start)), y

        self._nodes = [[node(di, dj) for dj in (0, 1)] for di in (0, 1)]

    def between(self, down: F64, along: F64) -> tuple[F64, F64]:
        """World coordinates at shares of the cell's height and width."""
        (a, b), (c, d) = self._nodes
        x, y = (_blend(_blend(a[k], c[k], down), _blend(b[k], d[k], down), along) for k in (0, 1))
        return x, y


def _blend(one: F64, other: F64, share: F64) -> F64:
    """From one to the other; exactly there at either end."""
    out: F64 = np.where(share == 1, other, one + (other - one) * share)
    return out


def _world(crs: str, x: Reals, y: Reals) -> tuple[F64, F64]:
    """World coordinates; what lies outside the globe's outline in a projection is put at 0° E, 0° N."""
    if crs == GEOGRAPHIC:
        return mercator(x, y)
    lon, lat = to_lonlat(crs).transform(x, y)
    return mercator(np.where(np.isfinite(lon), lon, 0.0), np.where(np.isfinite(lat), lat, 0.0))


def _refine(nodes: F64, factor: int) -> F64:
    """Bilinear refinement of (n, n) corners to ((n - 1) · factor + 1)² corners."""
    fine = np.linspace(0.0, nodes.shape[0] - 1.0, (nodes.shape[0] - 1) * factor + 1)
    low = np.minimum(fine.astype(np.int64), nodes.shape[0] - 2)
    t = fine - low
    rows = nodes[low] + (nodes[low + 1] - nodes[low]) * t[:, None]
    out: F64 = rows[:, low] + (rows[:, low + 1] - rows[:, low]) * t
    return out
