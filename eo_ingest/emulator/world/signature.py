"""How the ground looks at a given moment: reflectance and backscatter without clouds, noise or speckle."""

from __future__ import annotations

import datetime as dt
import math
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from eo_ingest.emulator.world.cover import BANDS, LOOKS, Kind

if TYPE_CHECKING:
    from eo_ingest.emulator.world.land import Ground
    from eo_ingest.emulator.world.noise import F32

Pass = Literal["ASCENDING", "DESCENDING"]
_YEAR = 365.2425
_SHADE = (0.30, 0.30, 0.29, 0.29, 0.26, 0.22, 0.20, 0.20, 0.20, 0.20, 0.22, 0.24)
_SUN = np.float32(0.12)
_GRAIN_DB = np.float32(2.0)
_SLOPE_DB = np.float32(1.3)


def day_of_year(time: int) -> float:
    """Days since the start of the year of a time in ms since 1970."""
    moment = dt.datetime.fromtimestamp(time / 1000.0, dt.UTC)
    start = dt.datetime(moment.year, 1, 1, tzinfo=dt.UTC)
    return (moment - start).total_seconds() / 86400.0


def greenness(kind: Kind, day: float) -> float:
    """How far the season of a kind is advanced on a northern day of the year, 0 to 1."""
    look = LOOKS[kind]
    away = abs((day - look.peak + _YEAR / 2) % _YEAR - _YEAR / 2)
    edge = (look.width + 12.0 - away) / 34.0
    t = min(1.0, max(0.0, edge + 0.5))
    return t * t * (3.0 - 2.0 * t)


@lru_cache(maxsize=512)
def _reflectances(day: int) -> F32:
    """(bands, kinds) reflectances in the north on a tenth of a day of the year."""
    table = np.empty((len(BANDS), len(Kind)), np.float32)
    for kind in Kind:
        look, share = LOOKS[kind], greenness(kind, day / 10.0)
        pairs = zip(look.dormant, look.green, strict=True)
        table[:, kind] = [round(a + (b - a) * share, 4) / 100.0 for a, b in pairs]
    return table


@lru_cache(maxsize=512)
def _backscatters(day: int) -> F32:
    """(VV and VH, kinds) dB in the north on a tenth of a day of the year."""
    table = np.empty((2, len(Kind)), np.float32)
    for kind in Kind:
        look, share = LOOKS[kind], greenness(kind, day / 10.0)
        table[0, kind] = round(look.vv + look.rise[0] * share, 4)
        table[1, kind] = round(look.vh + look.rise[1] * share, 4)
    return table


def opposite(day: float) -> float:
    """The day of the year half a year away: what a northern day is like in the south."""
    return (day + _YEAR / 2) % _YEAR


def _days(time: int) -> tuple[int, int]:
    """The tenth of a day of the year in the north, and the one half a year away."""
    day = day_of_year(time)
    return round(day * 10), round(opposite(day) * 10)


def power(kinds: np.ndarray, north: F32, time: int, *, cross: bool) -> F32:
    """Mean backscatter of pixels in linear power, of the like or the cross polarisation, without texture or relief.

    Args:
        kinds: (..., points) kinds of ground of each pixel.
        north: (...) share of the northern hemisphere's season.
        time: ms since 1970.
        cross: whether it is the cross polarisation.
    """
    tables = [np.float32(10) ** (_backscatters(day)[int(cross)] / np.float32(10)) for day in _days(time)]
    ours, theirs = (table.take(kinds).mean(axis=-1, dtype=np.float32) for table in tables)
    out: F32 = theirs + (ours - theirs) * north
    return out


def _look_up(north: F32, south: F32, ground: Ground) -> F32:
    """Values per kind, blended where the hemispheres' seasons meet."""
    share = ground.north
    if share.size == 1:
        table = south + (north - south) * share.ravel()[0]
        value: F32 = table.take(ground.kind)
        return value
    low = south.take(ground.kind)
    out: F32 = low + (north.take(ground.kind) - low) * share
    return out


def reflect(ground: Ground, time: int, band: int) -> F32:
    """Surface reflectance (0 to 1) of BANDS[band] at `time` (ms since 1970)."""
    here, there = _days(time)
    value = _look_up(_reflectances(here)[band], _reflectances(there)[band], ground)
    relief = ground.texture * np.float32(_SHADE[band])
    relief += ground.facing * _SUN
    relief += np.float32(1)
    value *= relief
    return value


def scatter(ground: Ground, time: int, *, cross: bool, direction: Pass) -> F32:
    """Backscatter in dB, of the like or the cross polarisation, at `time` (ms since 1970)."""
    here, there = _days(time)
    row = int(cross)
    value = _look_up(_backscatters(here)[row], _backscatters(there)[row], ground)
    value += ground.texture * _GRAIN_DB
    value += ground.facing * (-_SLOPE_DB if direction == "ASCENDING" else _SLOPE_DB)
    return value


def scene_classes(ground: Ground, time: int) -> np.ndarray:
    """Sen2Cor's scene classes of cloud-free ground: 4 vegetation, 5 not vegetated, 6 water, 11 snow."""
    here, there = _days(time)
    mostly_north = ground.north.ravel()[0] >= 0.5
    table = _reflectances(here if mostly_north else there)
    red, nir, green = table[BANDS.index("B4")], table[BANDS.index("B8")], table[BANDS.index("B3")]
    codes = np.where(nir - red > 0.32 * (nir + red), 4, 5).astype(np.uint8)
    codes[(green > nir) & (green < 0.2)] = 6
    codes[Kind.SNOW] = 11
    out: np.ndarray = codes.take(ground.kind)
    return out


def sun_position(lon: float, lat: float, time: int) -> tuple[float, float]:
    """Solar (zenith, azimuth) in degrees, good to about a degree."""
    day = day_of_year(time)
    declination = math.radians(-23.44) * math.cos(2 * math.pi * (day + 10) / _YEAR)
    hour = math.radians((time / 3_600_000.0 % 24.0 - 12.0) * 15.0 + lon)
    phi = math.radians(lat)
    up = math.sin(phi) * math.sin(declination) + math.cos(phi) * math.cos(declination) * math.cos(hour)
    east = -math.cos(declination) * math.sin(hour)
    north = math.cos(phi) * math.sin(declination) - math.sin(phi) * math.cos(declination) * math.cos(hour)
    zenith = math.degrees(math.acos(max(-1.0, min(1.0, up))))
    return zenith, math.degrees(math.atan2(east, north)) % 360.0
