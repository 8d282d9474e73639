"""Maps as Earth Engine assets: images whose pixels are measured from the ground, and collections of a few of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from shapely import box

from eo_ingest.emulator.asset import Band, Lattice, Window
from eo_ingest.emulator.pyramid import pyramid_read
from eo_ingest.emulator.world.cells import gather, locate, pick, thinned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from shapely.geometry.base import BaseGeometry

    from eo_ingest.emulator.world.cells import Array, Flags, Survey
    from eo_ingest.emulator.world.noise import F64

    Pixels = tuple[Array, Flags | bool]

GLOBE = box(-180.0, -90.0, 180.0, 90.0)
_EXACT_LEVELS = 4


@dataclass(frozen=True)
class Chart:
    """An ImageAsset whose bands share one survey.

    `paint` makes (values, valid) of a band from what the survey measured, (bands, ...). `outside` tells which pixels of
    a lattice's window are not on the map though they are on the lattice.
    """

    id: str
    bands: tuple[Band, ...]
    survey: Survey
    paint: Callable[[str, Array], Pixels]
    properties: Mapping[str, Any] = field(default_factory=dict)
    footprint: BaseGeometry = GLOBE
    outside: Callable[[Lattice, Window], Flags] | None = None

    def read(self, band: str, level: int, window: Window) -> tuple[Array, Flags]:
        """See ImageAsset. Above level 4 a pixel is made of 16 × 16 evenly spread thinned ones."""
        found = next((b for b in self.bands if b.name == band), None)
        if found is None:
            raise KeyError(band)
        thin = max(0, level - _EXACT_LEVELS)
        lattice = thinned(found.lattice, thin)
        return pyramid_read(lambda w: self._native(found, lattice, w), level - thin, window, found.pyramid)

    def _native(self, band: Band, lattice: Lattice, window: Window) -> tuple[Array, Flags]:
        measured, inside = gather(lattice, window, self.survey)
        values, valid = self._painted(band, measured)
        valid &= inside
        if self.outside is not None:
            valid &= ~self.outside(lattice, window)
        return np.where(valid, values, np.zeros((), values.dtype)), valid

    def _painted(self, band: Band, measured: Array) -> tuple[Array, Flags]:
        values, valid = self.paint(band.name, measured)
        shape = measured.shape[1:]
        filled: Array = np.broadcast_to(values, shape).astype(band.dtype)
        return filled, np.array(np.broadcast_to(valid, shape))

    def at(self, band: str, lon: F64, lat: F64) -> tuple[Array, Flags]:
        """(values, valid) of the pixels that contain places in degrees, 1-D."""
        found = next(b for b in self.bands if b.name == band)
        lattice = found.lattice
        row, col = locate(lattice, lon, lat)
        inside = (row >= 0) & (row < lattice.height) & (col >= 0) & (col < lattice.width)
        measured = pick(lattice, np.where(inside, row, 0), np.where(inside, col, 0), self.survey)
        values, valid = self._painted(found, measured)
        valid &= inside
        if self.outside is not None:
            valid &= ~np.array(
                [self.outside(lattice, Window(int(r), int(c), 1, 1))[0, 0] for r, c in zip(row, col, strict=True)], bool
            )
        return np.where(valid, values, np.zeros((), values.dtype)), valid


@dataclass(frozen=True)
class Shelf:
    """A CollectionAsset of a few charts in time order."""

    id: str
    charts: tuple[Chart, ...]
    properties: Mapping[str, Any] = field(default_factory=dict)

    def images(self, start: int | None, end: int | None, bounds: BaseGeometry | None) -> Iterator[Chart]:
        """Charts that start in [start, end) and meet `bounds`."""
        for chart in self.charts:
            begins = chart.properties["system:time_start"]
            in_time = (start is None or begins >= start) and (end is None or begins < end)
            if in_time and (bounds is None or chart.footprint.intersects(bounds)):
                yield chart

    def find(self, index: str) -> Chart | None:
        """The chart of a `system:index`."""
        return next((c for c in self.charts if c.properties["system:index"] == index), None)


def shelf(asset_id: str, title: str, charts: tuple[Chart, ...]) -> Shelf:
    """A collection whose dates are its charts'."""
    dates = [c.properties["system:time_start"] for c in charts], [c.properties["system:time_end"] for c in charts]
    properties = {"system:id": asset_id, "title": title, "date_range": [min(dates[0]), max(dates[1])]}
    return Shelf(asset_id, charts, properties)


def dated(index: str, start: int, end: int, **more: Any) -> dict[str, Any]:
    """Properties of an image: its index, its dates in ms since 1970, and others."""
    return {"system:index": index, "system:time_start": start, "system:time_end": end, **more}


def degrees(per_degree: int, north: float, south: float) -> Lattice:
    """A global lattice in EPSG:4326 of `per_degree` pixels a degree, from 180° W."""
    size = 1 / per_degree
    return Lattice(
        "EPSG:4326", (size, 0.0, -180.0, 0.0, -size, north), 360 * per_degree, round((north - south) * per_degree)
    )
