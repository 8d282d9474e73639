"""Rectangles of pixels: the box around a place in the pixels of a projection, and bands cut to a window of theirs."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from eo_ingest.emulator import geometry
from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.grid import Grid, Projection, window_grid
from eo_ingest.emulator.plane import Plane, both, settle

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from eo_ingest.emulator.geometry import Geometry
    from eo_ingest.emulator.image import Band
    from eo_ingest.emulator.memo import Memo, Source

# An edge this near to a pixel's is that pixel's: projections there and back are exact to a thousandth of this.
_TOLERANCE = 1e-6


class Box(NamedTuple):
    """A rectangle in the pixels of a projection, edges anywhere."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """In pixels."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """In pixels."""
        return self.bottom - self.top

    def window(self) -> Window:
        """The whole pixels that the box touches, at least one."""
        left, top = math.floor(self.left + _TOLERANCE), math.floor(self.top + _TOLERANCE)
        right, bottom = math.ceil(self.right - _TOLERANCE), math.ceil(self.bottom - _TOLERANCE)
        return Window(top, left, max(1, bottom - top), max(1, right - left))


def box_around(place: Geometry, projection: Projection) -> Box:
    """The box around a bounded geometry, in the pixels of a projection.

    Raises:
        EarthEngineError: The geometry is empty or unbounded, or has no coordinates in the projection.
    """
    if place.shape is None or place.shape.is_empty:
        raise EarthEngineError("The region is unbounded or empty.")
    found = place.shape
    if place.drawn is not None and place.drawn[0] == projection.crs:
        found = place.drawn[1]
    else:
        found = geometry.to_crs(found, projection.crs)
    points = shapely.get_coordinates(found)
    inverse = projection.transform.inverse()
    cols = inverse.a * points[:, 0] + inverse.b * points[:, 1] + inverse.c
    rows = inverse.d * points[:, 0] + inverse.e * points[:, 1] + inverse.f
    if not (np.isfinite(cols).all() and np.isfinite(rows).all()):
        raise EarthEngineError(f"The region has no coordinates in {projection.crs}.")
    return Box(float(cols.min()), float(rows.min()), float(cols.max()), float(rows.max()))


def outline(projection: Projection, window: Window) -> BaseGeometry:
    """The lon/lat footprint of a window."""
    found = window_grid(projection, window)
    return geometry.grid_corners(found.projection, found.width, found.height)


def framed(band: Band, projection: Projection, window: Window) -> Band:
    """The band cut to a window of the pixels of a projection, which becomes its own."""
    return replace(band, projection=projection, extent=window, source=_Frame(band.source, projection, window))


class _Frame:
    """A band's pixels, masked outside a window."""

    def __init__(self, inner: Source, projection: Projection, window: Window) -> None:
        self.uses = 0
        self._inner = inner
        self._grid = window_grid(projection, window)
        inner.uses += 1

    def plane(self, grid: Grid, memo: Memo) -> Plane:
        """The pixels of a grid."""
        plane = memo.plane(self._inner, grid)
        if plane.valid is False or _within(grid, self._grid):
            return plane
        frame = geometry.grid_corners(self._grid.projection, self._grid.width, self._grid.height)
        return Plane(plane.values, both(plane.valid, settle(geometry.inside(grid, frame))))


def _within(inner: Grid, outer: Grid) -> bool:
    """Whether a grid lies in another one of the same CRS."""
    if inner.crs != outer.crs:
        return False
    t, inverse = inner.transform, outer.transform.inverse()
    for col, row in ((0, 0), (inner.width, 0), (0, inner.height), (inner.width, inner.height)):
        across, down = inverse.apply(*t.apply(col, row))
        if not (-_TOLERANCE <= across <= outer.width + _TOLERANCE and -_TOLERANCE <= down <= outer.height + _TOLERANCE):
            return False
    return True
