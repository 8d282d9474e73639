"""Earth_Big_Data/GLOBAL_SEASONAL_S1/V2019: the seasonal data set as Earth Engine has it, an image for each tile.

COHERENCE and DECAY_MODEL_PARAMETERS are scaled to doubles, BACKSCATTER is in linear power; the collections whose names
end in _RAW hold the digital numbers. Every image has the bands of all seasons and polarisations; those that the tile
lacks are masked. No data inside a layer is 0 and not masked.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from shapely import box

from eo_ingest.emulator.asset import Band, Window
from eo_ingest.emulator.pyramid import pyramid_read
from eo_ingest.emulator.world.chart import Chart, dated
from eo_ingest.emulator.world.degree import squares
from eo_ingest.emulator.world.epoch import ms
from eo_ingest.emulator.world.seasonal import CELLS, cell, dtype, numbers
from eo_ingest.emulator.world.seasonal_orbits import orbits, view
from eo_ingest.emulator.world.seasonal_tiles import (
    DAYS,
    NORTH,
    SOUTH,
    corner,
    exists,
    layers,
    tile_id,
    tile_lattice,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from shapely.geometry.base import BaseGeometry

    from eo_ingest.emulator.world.cells import Array
    from eo_ingest.emulator.world.chart import Pixels

FOLDER = "Earth_Big_Data/GLOBAL_SEASONAL_S1/V2019"
START, END = ms(2019, 12), ms(2020, 12)
_SEASONS = ("fall", "spring", "summer", "winter")
_FULL_POWER = 199_526_231
"""The square of the digital number at 0 dB."""


def _scaled(factor: float) -> Callable[[Array], Array]:
    return lambda found: found * factor


def _power(found: Array) -> Array:
    out: Array = found.astype(np.float64) ** 2 / _FULL_POWER
    return out


@dataclass(frozen=True)
class _Kind:
    """One of the collections: its polarisations and metrics, and how digital numbers become its values."""

    title: str
    polarisations: tuple[str, ...]
    metrics: tuple[str, ...]
    values: Callable[[Array], Array]

    @property
    def layers(self) -> list[str]:
        return [f"{s}_{p}_{m}" for s in _SEASONS for p in self.polarisations for m in self.metrics]


_KINDS = {
    "BACKSCATTER": _Kind("Backscatter", ("hh", "hv", "vh", "vv"), ("AMP",), _power),
    "COHERENCE": _Kind("Coherence", ("hh", "vv"), tuple(f"COH{days:02d}" for days in DAYS), _scaled(0.01)),
    "DECAY_MODEL_PARAMETERS": _Kind("Decay Model Parameters", ("hh", "vv"), ("rho", "rmse", "tau"), _scaled(0.001)),
}  # fmt: skip


def _paint(band: str, measured: Array, held: tuple[str, ...], kind: _Kind, *, raw: bool) -> Pixels:
    if band not in held:
        return np.zeros(measured.shape[1:], np.uint16), False
    found = numbers(band, cell(measured))
    return (found if raw else kind.values(found)), True


@lru_cache(maxsize=1024)
def _chart(asset_id: str, lon0: int, lat1: int) -> Chart:
    name = asset_id.rpartition("/")[2]
    kind, raw = _KINDS[name.removesuffix("_RAW")], name.endswith("_RAW")
    index, lattice = tile_id(lon0, lat1), tile_lattice(lon0, lat1)
    return Chart(
        id=f"{asset_id}/{index}",
        bands=tuple(Band(name=n, dtype=dtype(n) if raw else "float64", lattice=lattice) for n in kind.layers),
        survey=CELLS,
        paint=partial(_paint, held=layers(lon0, lat1), kind=kind, raw=raw),
        properties=dated(index, START, END, tile_id=index),
        footprint=box(lon0, lat1 - 1, lon0 + 1, lat1),
    )


@dataclass(frozen=True)
class View:
    """How one orbit sees one tile: local incidence angle, layover and shadow; an ImageAsset."""

    lon0: int
    lat1: int
    orbit: str

    @property
    def index(self) -> str:
        """`system:index`."""
        return f"{tile_id(self.lon0, self.lat1)}_{self.orbit}"

    @property
    def id(self) -> str:
        """The asset's id."""
        return f"{FOLDER}/INCIDENCE_LAYOVER_SHADOW/{self.index}"

    @property
    def properties(self) -> Mapping[str, Any]:
        """Tile and orbit."""
        more = {"relative_orbit_number": int(self.orbit[:3]), "flight_direction": self.orbit[3]}
        return dated(self.index, START, END, tile_id=tile_id(self.lon0, self.lat1), **more)

    @property
    def footprint(self) -> BaseGeometry:
        """The tile."""
        return box(self.lon0, self.lat1 - 1, self.lon0 + 1, self.lat1)

    @property
    def bands(self) -> tuple[Band, ...]:
        """Both bands."""
        lattice = tile_lattice(self.lon0, self.lat1)
        return (
            Band(name="inc", dtype="uint8", lattice=lattice),
            Band(name="lsmap", dtype="uint8", lattice=lattice, pyramid="mode"),
        )

    def read(self, band: str, level: int, window: Window) -> tuple[Array, Array]:
        """See ImageAsset."""
        found = next(b for b in self.bands if b.name == band)

        def read0(w: Window) -> tuple[Array, Array]:
            side = found.lattice.width
            top, left = max(0, w.row), max(0, w.col)
            bottom, right = min(side, w.row + w.height), min(side, w.col + w.width)
            values = np.zeros((w.height, w.width), np.uint8)
            if top < bottom and left < right:
                part = view(self.lon0, self.lat1, self.orbit, Window(top, left, bottom - top, right - left))
                place = slice(top - w.row, bottom - w.row), slice(left - w.col, right - w.col)
                values[place] = part[int(band == "lsmap")]
            return values, values > 0

        return pyramid_read(read0, level, window, found.pyramid)


@dataclass(frozen=True)
class Seasonal:
    """One of the collections."""

    name: str

    @property
    def id(self) -> str:
        """The collection's id."""
        return f"{FOLDER}/{self.name}"

    @property
    def properties(self) -> Mapping[str, Any]:
        """Title and dates."""
        kind = _KINDS.get(self.name.removesuffix("_RAW"))
        title = "Global Seasonal Sentinel-1 Interferometric Coherence and Backscatter V2019"
        return {
            "system:id": self.id,
            "title": f"{title} {kind.title if kind else 'Incidence Layover Shadow'}",
            "date_range": [START, END],
        }

    def images(self, start: int | None, end: int | None, bounds: BaseGeometry | None) -> Iterator[Chart | View]:
        """Tiles that meet `bounds`, in the order of their names; all begin in December 2019."""
        if (start is not None and start > START) or (end is not None and end <= START):
            return
        for lon0, lat1 in squares(bounds, NORTH, SOUTH):
            meets = bounds is None or box(lon0, lat1 - 1, lon0 + 1, lat1).intersects(bounds)
            if meets and exists(lon0, lat1):
                yield from self._tile(lon0, lat1)

    def _tile(self, lon0: int, lat1: int) -> list[Chart] | list[View]:
        if self.name == "INCIDENCE_LAYOVER_SHADOW":
            return [View(lon0, lat1, orbit) for orbit in orbits(lon0, lat1)]
        return [_chart(self.id, lon0, lat1)]

    def find(self, index: str) -> Chart | View | None:
        """The image of a `system:index`."""
        try:
            lon0, lat1 = corner(index[:7])
        except ValueError:
            return None
        images = self._tile(lon0, lat1) if exists(lon0, lat1) else []
        return next((i for i in images if i.properties["system:index"] == index), None)


SEASONAL = tuple(Seasonal(name) for name in (*_KINDS, *(f"{k}_RAW" for k in _KINDS), "INCIDENCE_LAYOVER_SHADOW"))
