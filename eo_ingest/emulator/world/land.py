"""The ground itself: relief, water, woods, towns and fields as one function of place.

All fields are value noise on world coordinates, so features keep their shape everywhere and shrink with the cosine of
the latitude. Sizes are in metres at 50°.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eo_ingest.emulator.world.continents import land_share
from eo_ingest.emulator.world.cover import GRAIN, Kind
from eo_ingest.emulator.world.noise import F32, F64, U8, Sites, cells, hash_lattice, noise, unit
from eo_ingest.emulator.world.place import latitude

Flags = npt.NDArray[np.bool_]
_RELIEF_STEP = 40.0 / 25.76e6
"""Half the base line of slopes, in turns: 40 m at 50°."""


@dataclass(frozen=True)
class Ground:
    """What is at some sites, all of one shape.

    `kind` is a Kind; `texture` about ±1; `facing` the slope down to the east, ±1; `north` the share of the northern
    hemisphere's season, one value where it is the same everywhere.
    """

    kind: U8
    texture: F32
    facing: F32
    north: F32

    def __getitem__(self, part: tuple[slice, slice]) -> Ground:
        north = self.north if self.north.size == 1 else self.north[part]
        return Ground(self.kind[part], self.texture[part], self.facing[part], north)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.kind.nbytes + self.texture.nbytes + self.facing.nbytes + self.north.nbytes


def survey(sites: Sites) -> Ground:
    """Everything that does not change with time, at `sites`."""
    kind = kinds(sites)
    facing = sites.smooth(_facing)
    facing *= (np.float32(0.2) < GRAIN).take(kind)
    north = northern(sites)
    if (north == north.ravel()[0]).all():
        north = north.ravel()[:1]
    return Ground(kind, texture(sites, kind), facing, north)


def kinds(sites: Sites) -> U8:
    """The kind of ground at `sites`."""
    land = sites.smooth(coast)
    warm = sites.smooth(_warmth)
    moist = sites.smooth(_moisture)
    kind = _nature(sites, warm, moist)
    _settle(sites, kind, warm, moist)
    _flood(sites, kind, warm, moist)
    _sea(kind, land, warm, sites)
    return kind


def texture(sites: Sites, kind: U8) -> F32:
    """How the ground varies where its kind does not, about ±1."""
    found = sites.noise(60.0, 61) * np.float32(0.8)
    found += sites.noise(24.0, 62) * np.float32(0.4)
    found += sites.noise(200.0, 63) * np.float32(0.9)
    found += sites.smooth(_brightness)
    found *= GRAIN.take(kind)
    return found


def northern(sites: Sites) -> F32:
    """The share of the northern hemisphere's season."""
    return sites.smooth(_northern)


def height(x: F64, y: F64) -> F32:
    """Elevation in metres above the sea, with the sea bed flattened to 0."""
    share = coast(x, y)
    inland = np.clip((share - np.float32(0.4)) * np.float32(4), 0, 1)
    ranges = np.maximum(noise(x, y, 420e3, 11) - np.float32(0.52), 0)
    hills = noise(x, y, 90e3, 12)
    peaks = 9000 * ranges * ranges * (noise(x, y, 38e3, 13) + 1)
    out: F32 = inland * (20 + 520 * hills * hills + peaks + _relief(x, y))
    return out


def _relief(x: F64, y: F64) -> F32:
    """The hills one can see from one place, in metres."""
    rough = noise(x, y, 90e3, 12) * np.float32(1.5)
    out: F32 = rough * (150 * noise(x, y, 9e3, 14) + 60 * noise(x, y, 3e3, 15) + 16 * noise(x, y, 900.0, 16))
    return out


def _facing(x: F64, y: F64) -> F32:
    slope = _relief(x - _RELIEF_STEP, y) - _relief(x + _RELIEF_STEP, y)
    out: F32 = np.clip(slope * np.float32(1 / 16), -1, 1)
    return out


def _northern(_: F64, y: F64) -> F32:
    """1 north of 20° N, 0 south of 20° S."""
    t = np.clip((latitude(y) + 20.0) / 40.0, 0.0, 1.0).astype(np.float32)
    out: F32 = t * t * (3 - 2 * t)
    return out


def coast(x: F64, y: F64) -> F32:
    """Land where above 0.42, sea below, deep sea under 0.22."""
    lon = (x * 360.0 + 180.0) % 360.0 - 180.0
    share = land_share(lon, latitude(y))
    wiggle = 0.26 * noise(x, y, 110e3, 1) + 0.12 * noise(x, y, 24e3, 2) + 0.05 * noise(x, y, 5e3, 3)
    out: F32 = share + (wiggle - np.float32(0.215)).astype(np.float32)
    return out


def _warmth(x: F64, y: F64) -> F32:
    """Mean temperature in °C."""
    lat = np.abs(latitude(y)).astype(np.float32)
    wide = 6 * (noise(x, y, 700e3, 21) - np.float32(0.5))
    out: F32 = 30 - 0.42 * lat + wide - np.float32(0.0062) * height(x, y)
    return out


def temperature(sites: Sites) -> F32:
    """Mean temperature over the years, °C."""
    return sites.smooth(_warmth)


def _moisture(x: F64, y: F64) -> F32:
    """From 0 (desert) to 1 (rain forest)."""
    lat = np.abs(latitude(y)).astype(np.float32)
    belt = np.clip(1 - ((lat - 23) / 13) ** 2, 0, 1)
    wide = 0.5 * (noise(x, y, 900e3, 22) - np.float32(0.5)) + 0.16 * (noise(x, y, 70e3, 23) - np.float32(0.5))
    out: F32 = np.clip(np.float32(0.74) - np.float32(0.42) * belt + wide, 0, 1).astype(np.float32)
    return out


def _brightness(x: F64, y: F64) -> F32:
    """The part of the texture that varies over a kilometre and more, centred."""
    out: F32 = noise(x, y, 1700.0, 64) * np.float32(0.3) - np.float32(1.2)
    return out


def _wood(x: F64, y: F64) -> F32:
    out: F32 = noise(x, y, 4.5e3, 31) * np.float32(0.55) + noise(x, y, 1.4e3, 32) * np.float32(0.35)
    return out


def _nature(sites: Sites, warm: F32, moist: F32) -> U8:
    """Vegetation where nobody farms: forest, shrub, grass, desert, tundra, ice."""
    wood = sites.smooth(_wood) + sites.noise(260.0, 33) * np.float32(0.13) + sites.noise(70.0, 34) * np.float32(0.05)
    forest = wood > np.float32(1.06) - np.float32(0.72) * moist + np.maximum(4 - warm, 0) * np.float32(0.05)
    stand = sites.noise(430.0, 35)
    needle = warm + 16 * (stand - np.float32(0.5)) < 8.0
    forest &= stand < np.float32(0.9)
    kind = np.full(wood.shape, Kind.MEADOW, np.uint8)
    kind[(warm > 17) & (moist < 0.62)] = Kind.SAVANNA
    kind[(moist < 0.44) & (wood > 0.47)] = Kind.SHRUB
    dry = moist + np.float32(0.25) * (wood - np.float32(0.5))
    kind[dry < 0.24] = Kind.ROCK
    kind[(dry < 0.2) & (warm > 12)] = Kind.SAND
    kind[forest] = Kind.BROADLEAF
    kind[forest & needle] = Kind.CONIFER
    kind[forest & (warm > 21)] = Kind.RAINFOREST
    kind[(warm < 1.5) & ~forest] = Kind.MOSS
    kind[warm + 5 * wood < -1.0] = Kind.ROCK
    kind[warm + 5 * wood < -3.0] = Kind.SNOW
    return kind


def _settle(sites: Sites, kind: U8, warm: F32, moist: F32) -> None:
    """Fields, meadows, roads and towns, in place, where the climate allows them."""
    crop, road, lot = _parcels(sites)
    farmed = (warm > 4.5) & (moist > 0.36) & (kind >= Kind.SHRUB) & (kind <= Kind.SAVANNA)
    np.copyto(kind, crop, where=farmed & (crop != Kind.MEADOW))
    built = sites.smooth(_urban) + sites.noise(220.0, 42) * np.float32(0.1)
    livable = (warm > -2) & (moist > 0.2)
    suburb = livable & (built > 0.83)
    kind[suburb & (lot > 0.34)] = Kind.SUBURB
    kind[suburb & (built > 0.93) & (lot > 0.12)] = Kind.TOWN
    kind[livable & road & (kind >= Kind.SHRUB)] = Kind.SUBURB


def _urban(x: F64, y: F64) -> F32:
    out: F32 = noise(x, y, 8e3, 40) * np.float32(0.82) + noise(x, y, 900.0, 41) * np.float32(0.18)
    return out


_ESTATE = 3100.0
_TURNS = np.array([(np.cos(a), np.sin(a)) for a in np.arange(8) * np.pi / 8 + 0.13], dtype=np.float32)
_CROPS = np.array(
    [Kind.CEREAL] * 5 + [Kind.MAIZE] * 3 + [Kind.RAPE] * 2 + [Kind.TILLED] * 2 + [Kind.MEADOW] * 4, dtype=np.uint8
)


def _parcels(sites: Sites) -> tuple[U8, Flags, F32]:
    """What farmers grow, where roads run, and a number per small lot.

    Land falls into estates some 3 km wide with wavy borders, each with its own direction of ploughing; an estate into
    strips, a strip into parcels.
    """
    n = cells(_ESTATE)
    ex = sites.smooth(lambda x, y: noise(x, y, 1.9e3, 51) * np.float32(0.8))
    ey = sites.smooth(lambda x, y: noise(x, y, 1.7e3, 52) * np.float32(0.8))
    fx, fy = sites.x * n, sites.y * n
    i, j = np.floor(fx + ex), np.floor(fy + ey)
    dx, dy = (fx - i).astype(np.float32) * np.float32(_ESTATE), (fy - j).astype(np.float32) * np.float32(_ESTATE)
    estate = hash_lattice(i.astype(np.int64) % n, j.astype(np.int64), 53)
    turn = (estate >> np.uint32(4)) & np.uint32(7)
    c, s = _TURNS[:, 0].take(turn), _TURNS[:, 1].take(turn)
    along, across = dx * c + dy * s, dy * c - dx * s
    strip = np.floor(across * np.float32(1 / 340)).astype(np.int32)
    shift = hash_lattice(strip, estate.astype(np.int64), 54)
    parcel = along * np.float32(1 / 170) + unit(shift)
    plot = np.floor(parcel).astype(np.int32)
    twin = (hash_lattice(plot >> 1, shift.astype(np.int64), 55) & np.uint32(3)) == 0
    plot[twin] >>= 1
    crop = _CROPS.take(hash_lattice(plot, shift.astype(np.int64), 56) >> np.uint32(28))
    bx, by = dx + ex * np.float32(_ESTATE), dy + ey * np.float32(_ESTATE)
    border = np.minimum(np.minimum(bx, by), np.float32(_ESTATE) - np.maximum(bx, by)) < np.float32(7)
    lots = np.floor(along * np.float32(1 / 38)).astype(np.int32), np.floor(across * np.float32(1 / 52)).astype(np.int32)
    lot = unit(hash_lattice(lots[0], lots[1], 57))
    return crop, border, lot


def _river(x: F64, y: F64) -> F32:
    """Rivers run where this is about 0."""
    field = noise(x, y, 17e3, 71) + 0.3 * noise(x, y, 3.3e3, 72) + 0.09 * noise(x, y, 800.0, 73)
    out: F32 = (field - np.float32(0.7)).astype(np.float32)
    return out


def _brook(x: F64, y: F64) -> F32:
    """Brooks run where this is about 0."""
    field = noise(x, y, 5e3, 74) + 0.4 * noise(x, y, 1.2e3, 75)
    out: F32 = (field - np.float32(0.62)).astype(np.float32)
    return out


def _lake(x: F64, y: F64) -> F32:
    """Lakes lie where this is high."""
    plenty = noise(x, y, 150e3, 76)
    out: F32 = noise(x, y, 2.9e3, 77) + 0.22 * noise(x, y, 620.0, 78) + np.float32(0.22) * plenty
    return out


def lakes(sites: Sites) -> Flags:
    """Where standing water is; what is water and is not here flows."""
    out: Flags = sites.smooth(_lake) + sites.noise(90.0, 79) * np.float32(0.012) > np.float32(1.21)
    return out


def _flood(sites: Sites, kind: U8, warm: F32, moist: F32) -> None:
    """Rivers, brooks, lakes, and the marsh along them, in place."""
    river, brook, lake = np.abs(sites.smooth(_river)), np.abs(sites.smooth(_brook)), sites.smooth(_lake)
    wet = (moist > 0.3) & (kind != Kind.SNOW)
    edge = sites.noise(90.0, 79) * np.float32(0.012)
    open_land = wet & (kind >= Kind.SHRUB) & (kind != Kind.TOWN) & (kind != Kind.SUBURB)
    kind[open_land & ((river + edge < 0.026) | (lake > 1.15)) & (moist > 0.5)] = Kind.WETLAND
    flowing = (river < 0.0105) | (lake + edge > 1.21) | ((brook < 0.0036) & (warm > -4))
    kind[wet & flowing] = Kind.WATER


def _sea(kind: U8, land: F32, warm: F32, sites: Sites) -> None:
    """The sea and, on warm shores, mangroves, in place."""
    shore = land + sites.noise(120.0, 4) * np.float32(0.004)
    kind[(shore < 0.437) & (warm > 22)] = Kind.MANGROVE
    kind[shore < 0.422] = Kind.SEA
    kind[shore < 0.22] = Kind.DEEP_SEA


def reclassify(sites: Sites, kind: U8) -> U8:
    """The kinds as a later map sees them: small patches of look-alikes are taken for one another."""
    doubt = sites.noise(180.0, 81) > np.float32(0.86)
    swap = np.arange(len(Kind), dtype=np.uint8)
    for a, b in ((Kind.MEADOW, Kind.CEREAL), (Kind.SHRUB, Kind.SAVANNA), (Kind.WETLAND, Kind.MEADOW)):
        swap[a], swap[b] = b, a
    for a, b in ((Kind.MAIZE, Kind.MEADOW), (Kind.BROADLEAF, Kind.SHRUB), (Kind.SUBURB, Kind.MEADOW)):
        swap[a] = b
    for a, b in ((Kind.MOSS, Kind.ROCK), (Kind.ROCK, Kind.MOSS)):
        swap[a] = b
    return np.where(doubt, swap.take(kind), kind)
