"""What a map shows beside its area: land, borders and meridians, as lines and polygons on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from eo_ingest.aoi.country import countries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from eo_ingest.atlas.view import View

    Line = NDArray[np.float64]
    Lines = list[tuple[float, Line]]

_STEPS = (30.0, 20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02)
_LINES = 7  # meridians and parallels across a map, about
_SEAM = 1e-6  # degrees
_DEGREE_M = 111_000.0
_STEPS_ACROSS = 30
_PIECE = 4.0  # degrees that a piece of land reaches from its middle, at most


def land(view: View) -> Iterator[Line]:
    """Polygons of land, in pixels. Large countries come in pieces that fit without a gap."""
    pieces = countries().pieces
    west, south, east, north = shapely.bounds(pieces).T
    near = view.is_near((west + east) / 2, (south + north) / 2, margin=_PIECE)
    yield from rings(view, pieces[near])


def borders(view: View) -> Iterator[Line]:
    """The outlines of countries, in pixels."""
    yield from lines(view, countries().shapes)


def rings(view: View, geometries: Any) -> Iterator[Line]:
    """The outer rings of polygons in degrees, in pixels."""
    parts = shapely.get_parts(geometries)
    outer = _plain(view, shapely.get_exterior_ring(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]))
    points, number = shapely.get_coordinates(outer, return_index=True)
    placed = view.place(points[:, 0], points[:, 1])
    for ring in np.split(placed, np.flatnonzero(np.diff(number)) + 1):
        if len(ring) > 3 and np.isfinite(ring).all():
            yield ring


def lines(view: View, geometries: Any) -> Iterator[Line]:
    """The rings of polygons in degrees as lines in pixels, cut where they leave the map or run along ±180°."""
    outlines = _plain(view, shapely.get_rings(shapely.get_parts(geometries)))
    points, number = shapely.get_coordinates(outlines, return_index=True)
    seam = (np.abs(np.abs(points[:, 0]) - 180) < _SEAM) | (np.abs(points[:, 1]) > 90 - _SEAM)
    yield from _runs(view, points, ~(seam[1:] & seam[:-1]) & (number[1:] == number[:-1]))


def graticule(view: View) -> tuple[Lines, Lines]:
    """Meridians and parallels: each with its degrees and its line in pixels."""
    across = view.width * view.metres / _DEGREE_M
    step = _STEPS[0] if view.is_whole else next((s for s in _STEPS if across / s >= _LINES), _STEPS[-1])
    west, south, east, north = view.seen()
    lons = np.arange(np.ceil(west / step), np.floor(east / step) + 1) * step
    lats = np.arange(np.ceil(south / step), np.floor(north / step) + 1) * step
    along_lat, along_lon = np.linspace(south, north, 361), np.linspace(west, east, 721)
    meridians = [
        (float((lon + 180) % 360 - 180), line)
        for lon in lons
        for line in _runs(view, np.column_stack([np.full_like(along_lat, lon), along_lat]))
    ]
    parallels = [
        (float(lat), line)
        for lat in lats[np.abs(lats) < 90]
        for line in _runs(view, np.column_stack([along_lon, np.full_like(along_lon, lat)]))
    ]
    return meridians, parallels


def edge(view: View) -> Line:
    """The edge of the whole Earth, in pixels."""
    lat, lon = np.linspace(-90, 90, 361), view.centre[0] + 180
    west, east = (np.column_stack([np.full_like(lat, at), lat]) for at in (lon - 360 + _SEAM, lon - _SEAM))
    points = np.concatenate([west, east[::-1]])
    return view.place(points[:, 0], points[:, 1])


def meridian(view: View, lon: float, south: float, north: float) -> Iterator[Line]:
    """A piece of a meridian, in pixels."""
    lat = np.linspace(south, north, 181)
    yield from _runs(view, np.column_stack([np.full_like(lat, lon), lat]))


def _plain(view: View, outlines: Any) -> Any:
    """Rings without what is smaller than a pixel, in steps that follow the projection."""
    step = min(1.0, view.width * view.metres / _DEGREE_M / _STEPS_ACROSS)
    points, number = shapely.get_coordinates(outlines, return_index=True)
    rings = np.asarray(shapely.linestrings(points, indices=number), dtype=object)
    plain = shapely.simplify(rings, 0.4 * view.metres / _DEGREE_M, preserve_topology=False)
    return shapely.segmentize(plain[shapely.length(plain) > 0], step)


def _runs(view: View, points: Line, joined: NDArray[np.bool_] | None = None) -> Iterator[Line]:
    """A line in degrees as lines in pixels, cut where it is out of sight or jumps across the map."""
    placed = view.place(points[:, 0], points[:, 1])
    seen = view.is_near(points[:, 0], points[:, 1]) & np.isfinite(placed).all(axis=1)
    whole = seen[1:] & seen[:-1]
    if joined is not None:
        whole &= joined
    with np.errstate(invalid="ignore"):
        whole &= np.abs(np.diff(placed, axis=0)).max(axis=1) < max(view.width, view.height) / 2
    edges = np.flatnonzero(np.diff(np.r_[False, whole, False].astype(np.int8)))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        yield placed[start : stop + 1]
