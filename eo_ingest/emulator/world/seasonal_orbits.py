"""From which orbits a tile of the seasonal data set was seen: local incidence angles, layover and shadow."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from shapely import box

from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.world.cells import Survey, gather
from eo_ingest.emulator.world.frame import HALF_LENGTH, HALF_WIDTH, Frame, centres, frame
from eo_ingest.emulator.world.noise import upsample
from eo_ingest.emulator.world.orbit import SENTINEL1
from eo_ingest.emulator.world.place import from_lonlat, to_lonlat
from eo_ingest.emulator.world.relief import gradient
from eo_ingest.emulator.world.seasonal_tiles import exists, tile_lattice
from eo_ingest.emulator.world.shape import boxes, near

if TYPE_CHECKING:
    import numpy.typing as npt

    from eo_ingest.emulator.world.noise import F32, Sites

    Bytes = npt.NDArray[np.uint8]

CLEAR, LAYOVER, SHADOW = 1, 5, 17
_STEP = 48
"""Pixels between exactly projected points of the swath."""
_SIDE = 1200


def _slopes(sites: Sites) -> F32:
    return np.stack(gradient(sites))


SLOPES = Survey("slopes", 1, _slopes)


@lru_cache(maxsize=1024)
def orbits(lon0: int, lat1: int) -> dict[str, tuple[Frame, ...]]:
    """The slices of each relative orbit that see some of a tile, by names such as `015A`."""
    if not exists(lon0, lat1):
        return {}
    area = box(lon0, lat1 - 1, lon0 + 1, lat1)
    lon, lat, imaged = centres()
    found: dict[str, list[Frame]] = {}
    for track, number in zip(*np.nonzero(imaged & near(lon, lat, boxes(area), 245.0)), strict=True):
        one = frame(int(track), int(number), "IW")
        if one.footprint.intersects(area):
            found.setdefault(f"{SENTINEL1.number(one.track):03d}{one.direction[0]}", []).append(one)
    return {name: tuple(found[name]) for name in sorted(found)}


def view(lon0: int, lat1: int, orbit: str, window: Window | None = None) -> tuple[Bytes, Bytes]:
    """(local incidence angle in degrees, layover and shadow) as digital numbers; 0 is no data.

    Args:
        lon0: degrees east of the tile's left edge.
        lat1: degrees north of its upper edge.
        orbit: one of `orbits(lon0, lat1)`.
        window: pixels of the tile; all of them if it is not given.
    """
    cut = window or Window(0, 0, _SIDE, _SIDE)
    part = slice(cut.row, cut.row + cut.height), slice(cut.col, cut.col + cut.width)
    (east, north), _ = gather(tile_lattice(lon0, lat1), cut, SLOPES)
    angle = np.zeros((cut.height, cut.width), np.float32)
    rise = np.zeros_like(angle)
    seen = np.zeros(angle.shape, bool)
    for one in orbits(lon0, lat1)[orbit]:
        across, along = (field[part] for field in _swath(lon0, lat1, one))
        here = ~seen & (np.abs(across) <= HALF_WIDTH["IW"]) & (np.abs(along) <= HALF_LENGTH)
        to_east, to_north = _look(one, lon0 + 0.5, lat1 - 0.5)
        angle[here] = one.angle(across[here])
        rise[here] = east[here] * to_east + north[here] * to_north
        seen |= here
    steep = np.degrees(np.arctan(rise))
    local = np.clip(np.round(angle - steep), 1, 180)
    state = np.where(steep >= angle, LAYOVER, np.where(-steep >= 90 - angle, SHADOW, CLEAR))
    return np.where(seen, local, 0).astype(np.uint8), np.where(seen, state, 0).astype(np.uint8)


@lru_cache(maxsize=16)
def _swath(lon0: int, lat1: int, one: Frame) -> tuple[F32, F32]:
    """Metres across and along the swath of the pixels of a tile."""
    at = np.arange(_SIDE // _STEP + 1) * _STEP / _SIDE
    lon, lat = np.meshgrid(lon0 + at, lat1 - at)
    x, y = from_lonlat(one.crs).transform(lon, lat)
    across, along = (upsample(field, _STEP).astype(np.float32) for field in (one.across(x, y), one.along(x, y)))
    return across, along


def _look(one: Frame, lon: float, lat: float) -> tuple[float, float]:
    """The horizontal direction from the radar to the ground as a unit vector (east, north)."""
    x, y = from_lonlat(one.crs).transform(lon, lat)
    lon1, lat1 = to_lonlat(one.crs).transform(x, y + 1000.0)
    turn = math.atan2((lon1 - lon) * math.cos(math.radians(lat)), lat1 - lat)
    right, up = one.ay, -one.ax
    return right * math.cos(turn) + up * math.sin(turn), up * math.cos(turn) - right * math.sin(turn)
