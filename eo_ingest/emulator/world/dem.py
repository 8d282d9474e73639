"""NASA/NASADEM_HGT/001, bare ground, and COPERNICUS/DEM/GLO30, the surface with what stands on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from shapely import box

from eo_ingest.emulator.asset import Band, Lattice
from eo_ingest.emulator.world.cells import Survey
from eo_ingest.emulator.world.chart import Chart, dated
from eo_ingest.emulator.world.cover import Kind
from eo_ingest.emulator.world.degree import shore, squares
from eo_ingest.emulator.world.epoch import ms
from eo_ingest.emulator.world.land import lakes
from eo_ingest.emulator.world.relief import elevation
from eo_ingest.emulator.world.stand import stand

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shapely.geometry.base import BaseGeometry

    from eo_ingest.emulator.world.cells import Array
    from eo_ingest.emulator.world.chart import Pixels
    from eo_ingest.emulator.world.noise import Sites

_SECOND = 1 / 3600
_LAND = 0.42
_SPACINGS = ((50, 1.0), (60, 1.5), (70, 2.0), (80, 3.0), (85, 5.0), (90, 10.0))
"""Seconds of longitude between pixels of GLO-30 up to a latitude; in latitude they are one second apart."""


def _ground(sites: Sites) -> Array:
    """Bare ground in metres, what stands on it in metres, kind of ground, sources."""
    here = stand(sites)
    sources = 1 + np.floor(sites.noise(30e3, 131) * 14)
    height = sites.smooth(elevation)
    kind = here.kind.astype(np.float32)
    return np.stack([height, here.top, kind, sources, here.tree_cover, lakes(sites)]).astype(np.float32)


GROUND = Survey("dem", 1, _ground)


def _water(measured: Array) -> Array:
    kinds = (Kind.SEA, Kind.DEEP_SEA, Kind.WATER)
    return np.isin(measured[2], kinds)


def _nasadem(band: str, measured: Array) -> Pixels:
    valid = measured[2] != Kind.DEEP_SEA
    if band == "elevation":
        return np.round(measured[0]), valid
    water = _water(measured)
    return (np.where(water, 255, 0) if band == "swb" else np.where(water, 0, measured[3])), valid


_NASADEM = Lattice(
    "EPSG:4326", (_SECOND, 0.0, -179.0 - _SECOND / 2, 0.0, -_SECOND, 61.0 + _SECOND / 2), 1_292_401, 421_201
)
NASADEM = Chart(
    id="NASA/NASADEM_HGT/001",
    bands=(
        Band(name="elevation", dtype="int16", lattice=_NASADEM),
        Band(name="num", dtype="uint8", lattice=_NASADEM, pyramid="sample"),
        Band(name="swb", dtype="uint8", lattice=_NASADEM, pyramid="mode"),
    ),
    survey=GROUND,
    paint=_nasadem,
    properties=dated("001", ms(2000, 2, 11), ms(2000, 2, 22), title="NASADEM: NASA 30m Digital Elevation Model"),
    footprint=box(-179.0, -56.0, 180.0, 61.0),
)


def _surface(band: str, measured: Array) -> Pixels:
    bare, top, kind, _, cover, lake = measured
    water = _water(measured)
    ocean = np.isin(kind, (Kind.SEA, Kind.DEEP_SEA))
    values = {
        "DEM": np.where(water, bare, bare + top),
        "EDM": np.where(ocean, 8, np.where(water, np.where(lake > 0, 9, 10), 1)),
        "FLM": np.where(water, 1, 2),
        "HEM": np.where(water, 0.3, 0.4 + 0.7 * cover),
        "WBM": np.where(ocean, 1, np.where(water, np.where(lake > 0, 2, 3), 0)),
    }
    return values[band], True


def _spacing(lat0: int) -> float:
    """Seconds between pixels in longitude, of the tile whose southern edge is `lat0`."""
    near = min(abs(lat0), abs(lat0 + 1))
    return next(spacing for until, spacing in _SPACINGS if near < until)


def tile_lattice(lon0: int, lat0: int) -> Lattice:
    """The pixels of a tile of GLO-30, given by its south-western corner; their centres are on its edges."""
    wide = _spacing(lat0) * _SECOND
    return Lattice(
        "EPSG:4326", (wide, 0.0, lon0 - wide / 2, 0.0, -_SECOND, lat0 + 1 + _SECOND / 2), round(1 / wide), 3600
    )


def tile_name(lon0: int, lat0: int) -> str:
    """`system:index` of a tile: named by its south-western corner."""
    ns, ew = "S" if lat0 < 0 else "N", "W" if lon0 < 0 else "E"
    return f"Copernicus_DSM_10_{ns}{abs(lat0):02d}_00_{ew}{abs(lon0):03d}_00"


@dataclass(frozen=True)
class Glo30:
    """The collection: tiles of a degree with land, non-square pixels towards the poles.

    The version of 2021 leaves out Armenia and Azerbaijan.
    """

    id: str

    @property
    def properties(self) -> Mapping[str, Any]:
        """Title and dates."""
        title = "Copernicus DEM GLO-30: Global 30m Digital Elevation Model"
        return {"system:id": self.id, "title": title, "date_range": [ms(2010, 12, 1), ms(2015, 1, 31)]}

    def images(self, start: int | None, end: int | None, bounds: BaseGeometry | None) -> Iterator[Chart]:
        """Tiles that meet `bounds`, in the order of their names."""
        begins = ms(2010, 12, 1)
        if (start is not None and begins < start) or (end is not None and begins >= end):
            return
        for lon0, lat1 in squares(bounds, 84, -60, below=1):
            tile = self._tile(lon0, lat1 - 1)
            if tile is not None and (bounds is None or tile.footprint.intersects(bounds)):
                yield tile

    def find(self, index: str) -> Chart | None:
        """The tile of a `system:index`."""
        part = index.split("_")
        if len(part) != 7 or not (part[3][1:] + part[5][1:]).isdigit():
            return None
        lat0 = int(part[3][1:]) * (-1 if part[3][0] == "S" else 1)
        lon0 = int(part[5][1:]) * (-1 if part[5][0] == "W" else 1)
        on_earth = -180 <= lon0 < 180 and -60 <= lat0 < 84
        return self._tile(lon0, lat0) if on_earth and tile_name(lon0, lat0) == index else None

    def _tile(self, lon0: int, lat0: int) -> Chart | None:
        withheld = self.id == "COPERNICUS/DEM/GLO30" and 44 <= lon0 < 51 and 38 <= lat0 < 42
        return None if withheld or shore(lon0, lat0 + 1) <= _LAND else _glo30(self.id, lon0, lat0)


@lru_cache(maxsize=4096)
def _glo30(asset_id: str, lon0: int, lat0: int) -> Chart:
    lattice, index = tile_lattice(lon0, lat0), tile_name(lon0, lat0)
    more = {"tile_version": "02"} if asset_id.endswith("2024_1") else {}
    return Chart(
        id=f"{asset_id}/{index}",
        bands=(
            Band(name="DEM", dtype="float32", lattice=lattice),
            Band(name="EDM", dtype="uint8", lattice=lattice, pyramid="mode"),
            Band(name="FLM", dtype="uint8", lattice=lattice, pyramid="mode"),
            Band(name="HEM", dtype="float32", lattice=lattice),
            Band(name="WBM", dtype="uint8", lattice=lattice, pyramid="mode"),
        ),
        survey=GROUND,
        paint=_surface,
        properties=dated(index, ms(2010, 12, 1), ms(2015, 1, 31), **more),
        footprint=box(lon0, lat0, lon0 + 1, lat0 + 1),
    )


GLO30 = (Glo30("COPERNICUS/DEM/GLO30"), Glo30("COPERNICUS/DEM/GLO30_2024_1"))
