"""Distances on the ground between tiles, whatever their zones: straight through the ellipsoid of WGS 84.

Up to 500 km a chord is shorter than the way over the ground by less than 0.03 %, which is all the error there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eo_ingest.split.tiles import Tiles

    Numbers = NDArray[np.float64]
    Places = NDArray[np.int64]

_MAJOR, _FLATTENING = 6_378_137.0, 1 / 298.257223563
_SQUARED = _FLATTENING * (2 - _FLATTENING)
_BATCH = 200_000
_SAMPLE = 1000


def ecef(lonlat: Numbers) -> Numbers:
    """(…, 3) metres from the Earth's centre of (…, 2) degrees, at sea level."""
    lon, lat = np.deg2rad(lonlat[..., 0]), np.deg2rad(lonlat[..., 1])
    normal = _MAJOR / np.sqrt(1 - _SQUARED * np.sin(lat) ** 2)
    return np.stack(
        [
            normal * np.cos(lat) * np.cos(lon),
            normal * np.cos(lat) * np.sin(lon),
            normal * (1 - _SQUARED) * np.sin(lat),
        ],
        axis=-1,
    )


def radii(tiles: Tiles) -> tuple[Numbers, Numbers]:
    """Metres that no edge of a tile is nearer to its centre than, and no corner farther from it.

    They are those of some tiles of each zone, and 2 % beside: what projections do to tiles changes slowly.
    """
    inner, outer = np.empty(len(tiles)), np.empty(len(tiles))
    for _, own in tiles.parts():
        cols = tiles.cols[own]
        some = np.linspace(0, len(cols) - 1, min(len(cols), _SAMPLE)).astype(np.int64)
        chosen = own.start + np.append(some, [cols.argmin(), cols.argmax()])
        rings = _flat(tiles, chosen, chosen)
        edge = np.roll(rings, -1, axis=1) - rings
        cross = np.abs(edge[..., 0] * rings[..., 1] - edge[..., 1] * rings[..., 0])
        inner[own] = 0.98 * (cross / np.hypot(edge[..., 0], edge[..., 1])).min()
        outer[own] = 1.02 * np.hypot(rings[..., 0], rings[..., 1]).max()
    return inner, outer


def gaps(tiles: Tiles, one: Places, other: Places) -> Numbers:
    """Metres between the outlines of pairs of tiles that are near each other; below 0 where they share area."""
    found = np.empty(len(one))
    for start in range(0, len(one), _BATCH):
        own = slice(start, start + _BATCH)
        here = np.asarray(shapely.polygons(_flat(tiles, one[own], one[own])))
        there = np.asarray(shapely.polygons(_flat(tiles, other[own], one[own])))
        between = np.asarray(shapely.distance(here, there))
        close = np.flatnonzero(between <= 0)
        common = shapely.area(shapely.intersection(here[close], there[close]))
        between[close] = -(common > 1e-4 * shapely.area(here[close])).astype(np.float64)
        found[own] = between
    return found


def _flat(tiles: Tiles, chosen: Places, around: Places) -> Numbers:
    """(n, 4, 2) metres east and north of the corners of tiles, on the plane that touches the Earth at others' centres.

    That plane shortens what lies far away; corners are moved out to their distance.
    """
    names, place = np.unique(chosen, return_inverse=True)
    corners = ecef(tiles.corners(names))[place]
    lon, lat = np.deg2rad(tiles.lonlat[around]).T
    away = corners - ecef(tiles.lonlat[around])[:, None]
    east = np.stack([-np.sin(lon), np.cos(lon), np.zeros_like(lon)], axis=-1)
    north = np.stack([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)], axis=-1)
    flat = np.stack([np.einsum("nki,ni->nk", away, axis) for axis in (east, north)], axis=-1)
    short, whole = np.linalg.norm(flat, axis=-1), np.linalg.norm(away, axis=-1)
    return np.asarray(flat * (whole / np.maximum(short, 1e-9))[..., None])
