"""Outlines of scenes on the globe."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from shapely import MultiPolygon, Polygon, box
from shapely.affinity import translate

from eo_ingest.emulator.world.place import to_lonlat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

_WORLD = box(-180.0, -90.0, 180.0, 90.0)


def outline(crs: str, corners: Sequence[tuple[float, float]], per_edge: int = 8) -> BaseGeometry:
    """The lon/lat shape of a polygon given by its corners in a projected CRS.

    Edges are densified. What crosses the antimeridian is cut there, as a MultiPolygon within ±180°.
    """
    ring = np.asarray(corners, np.float64)
    t = np.arange(per_edge)[:, None] / per_edge
    edges = [a + (b - a) * t for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True)]
    x, y = np.concatenate(edges).T
    lon, lat = to_lonlat(crs).transform(x, y)
    lon = lon - 360.0 * np.round((lon - lon[0]) / 360.0)
    return _cut(Polygon(np.column_stack([lon, lat])))


def _cut(shape: BaseGeometry) -> BaseGeometry:
    """A shape of continuous longitudes, brought within ±180°."""
    west, _, east, _ = shape.bounds
    if west >= -180.0 and east <= 180.0:
        return shape
    pieces = []
    for turn in (-360.0, 0.0, 360.0):
        piece = translate(shape, turn).intersection(_WORLD)
        pieces += [p for p in getattr(piece, "geoms", [piece]) if isinstance(p, Polygon) and p.area > 0]
    return pieces[0] if len(pieces) == 1 else MultiPolygon(pieces)


def boxes(bounds: BaseGeometry) -> list[tuple[float, float, float, float]]:
    """(west, south, east, north) of each part of a lon/lat geometry, longitudes within ±180 or crossing 180 once."""
    parts = getattr(bounds, "geoms", [bounds])
    out = []
    for part in parts:
        if part.is_empty:
            continue
        west, south, east, north = part.bounds
        if east - west >= 360.0:
            west, east = -180.0, 180.0
        turn = 360.0 * np.floor((west + 180.0) / 360.0)
        out.append((west - turn, south, east - turn, north))
    return out


def within_180(bounds: BaseGeometry) -> BaseGeometry:
    """A lon/lat geometry brought within ±180°, cut where it crosses the antimeridian."""
    west, _, east, _ = bounds.bounds
    if west >= -180.0 and east <= 180.0:
        return bounds
    return _union(bounds)


@lru_cache(maxsize=64)
def _union(bounds: BaseGeometry) -> BaseGeometry:
    pieces = [translate(bounds, turn).intersection(_WORLD) for turn in (-360.0, 0.0, 360.0)]
    whole = pieces[0]
    for piece in pieces[1:]:
        whole = whole.union(piece)
    return whole


def near(lon: np.ndarray, lat: np.ndarray, areas: list[tuple[float, float, float, float]], reach: float) -> np.ndarray:
    """Which points (degrees) lie within about `reach` kilometres of any box, or closer; a superset."""
    out = np.zeros(lon.shape, bool)
    high = reach / 110.0
    for west, south, east, north in areas:
        top = min(max(abs(south), abs(north)) + high, 89.0)
        wide = reach / (111.0 * max(np.cos(np.radians(top)), 0.02))
        middle, half = (west + east) / 2, (east - west) / 2 + wide
        away = np.abs((lon - middle + 180.0) % 360.0 - 180.0)
        out |= (lat >= south - high) & (lat <= north + high) & (away <= half)
    return out
