"""What the ground can be: kinds of surface, finer than WorldCover's classes, and how each looks to a sensor.

Reflectances are typical of published spectra, backscatter of C-band statistics; both are rounded, not fitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np


class Kind(IntEnum):
    """A kind of surface; its number is what `survey` returns."""

    SEA = 0
    DEEP_SEA = 1
    WATER = 2
    CONIFER = 3
    BROADLEAF = 4
    RAINFOREST = 5
    SHRUB = 6
    MEADOW = 7
    SAVANNA = 8
    CEREAL = 9
    MAIZE = 10
    RAPE = 11
    TILLED = 12
    TOWN = 13
    SUBURB = 14
    ROCK = 15
    SAND = 16
    SNOW = 17
    WETLAND = 18
    MANGROVE = 19
    MOSS = 20


BANDS = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B11", "B12")
"""Sentinel-2's surface reflectance bands, in the order of the spectra below."""


@dataclass(frozen=True)
class Look:
    """How a kind of surface looks.

    `dormant` and `green` are reflectances × 100 of BANDS out of and in full season; `peak` and `width` are the season's
    middle and half length in days of a northern year; `vv`, `vh` dB out of season and `rise` what the season adds to
    each; `grain` scales the texture.
    """

    worldcover: int
    dormant: tuple[float, ...]
    green: tuple[float, ...]
    peak: float
    width: float
    vv: float
    vh: float
    rise: tuple[float, float]
    grain: float = 1.0


_WATER = (4.2, 4.4, 4.6, 3.2, 2.9, 2.2, 2.2, 1.9, 1.8, 1.6, 1.0, 0.8)
_SOIL = (7.0, 8.4, 11.5, 15.0, 17.2, 18.8, 20.3, 22.0, 23.1, 24.0, 30.0, 25.5)
_LEAF = (2.6, 3.0, 5.6, 3.2, 8.6, 27.0, 35.0, 38.0, 39.5, 40.0, 20.0, 9.6)
_TWIGS = (4.2, 5.0, 6.8, 8.2, 10.6, 14.0, 16.0, 18.0, 19.4, 20.0, 20.5, 13.5)
_NEEDLE = (2.2, 2.4, 3.6, 2.6, 5.4, 15.5, 19.5, 21.0, 22.2, 22.6, 10.8, 5.2)
_GRASS = (3.4, 4.2, 8.0, 5.4, 11.8, 27.5, 33.0, 36.0, 37.8, 38.4, 23.5, 12.8)
_STRAW = (5.8, 7.2, 10.8, 13.6, 17.4, 22.0, 24.6, 27.0, 28.6, 29.6, 31.0, 22.0)
_CROP = (2.8, 3.4, 7.0, 3.6, 10.0, 34.0, 44.0, 48.0, 49.0, 49.5, 20.5, 9.8)
_BLOOM = (3.4, 4.6, 14.0, 12.5, 19.0, 34.0, 40.0, 43.0, 44.5, 45.0, 24.5, 12.6)
_ROOFS = (10.5, 12.4, 14.4, 16.4, 17.6, 18.8, 19.8, 21.0, 21.8, 22.4, 24.0, 22.6)
_GARDEN = (6.2, 7.4, 9.6, 9.8, 13.0, 20.0, 23.6, 25.5, 26.8, 27.6, 21.8, 16.8)
_ROCK = (13.0, 15.0, 18.4, 21.6, 23.0, 24.0, 25.0, 26.2, 27.0, 27.6, 31.2, 28.0)
_SAND = (14.5, 18.0, 26.5, 36.0, 39.0, 41.0, 42.6, 44.0, 45.4, 46.2, 54.0, 49.0)
_SNOW = (88.0, 90.0, 89.0, 88.0, 86.5, 85.0, 83.0, 80.0, 77.0, 70.0, 12.0, 9.0)
_MARSH = (3.6, 4.2, 6.6, 5.8, 9.8, 17.5, 20.5, 22.0, 23.0, 23.4, 14.6, 7.8)
_MANGROVE = (2.4, 2.8, 4.6, 3.0, 7.2, 21.0, 26.0, 28.0, 29.0, 29.4, 11.6, 5.0)
_MOSS = (4.4, 5.4, 7.6, 8.6, 11.4, 16.4, 18.6, 20.2, 21.6, 22.4, 24.0, 16.0)

LOOKS: dict[Kind, Look] = {
    Kind.SEA: Look(80, _WATER, _WATER, 180, 60, -19.6, -26.0, (0.0, 0.0), 0.15),
    Kind.DEEP_SEA: Look(0, _WATER, _WATER, 180, 60, -19.2, -26.0, (0.0, 0.0), 0.15),
    Kind.WATER: Look(80, _WATER, _WATER, 180, 60, -20.6, -26.0, (0.0, 0.0), 0.15),
    Kind.CONIFER: Look(10, _NEEDLE, _NEEDLE, 180, 60, -8.4, -14.0, (0.4, 0.5), 0.9),
    Kind.BROADLEAF: Look(10, _TWIGS, _LEAF, 200, 66, -8.9, -14.8, (0.3, 0.9), 0.9),
    Kind.RAINFOREST: Look(10, _LEAF, _LEAF, 180, 60, -7.2, -12.6, (0.0, 0.0), 0.9),
    Kind.SHRUB: Look(20, _STRAW, _MARSH, 150, 70, -11.2, -17.6, (0.6, 1.2), 1.1),
    Kind.MEADOW: Look(30, _GARDEN, _GRASS, 165, 85, -12.2, -19.4, (0.8, 1.6), 0.8),
    Kind.SAVANNA: Look(30, _STRAW, _GRASS, 205, 45, -12.9, -20.2, (1.4, 2.4), 1.0),
    Kind.CEREAL: Look(40, _SOIL, _CROP, 138, 40, -10.6, -18.2, (-3.4, -1.0), 0.7),
    Kind.MAIZE: Look(40, _SOIL, _CROP, 216, 38, -11.2, -19.4, (1.8, 3.8), 0.7),
    Kind.RAPE: Look(40, _TWIGS, _BLOOM, 122, 34, -11.4, -18.8, (1.4, 4.2), 0.7),
    Kind.TILLED: Look(40, _SOIL, _STRAW, 190, 30, -10.2, -18.6, (0.8, 1.4), 1.0),
    Kind.TOWN: Look(50, _ROOFS, _ROOFS, 180, 60, -1.8, -9.2, (0.0, 0.0), 2.4),
    Kind.SUBURB: Look(50, _ROOFS, _GARDEN, 180, 80, -5.2, -12.6, (0.0, 0.2), 2.2),
    Kind.ROCK: Look(60, _ROCK, _ROCK, 180, 60, -10.4, -18.6, (0.0, 0.0), 1.3),
    Kind.SAND: Look(60, _SAND, _SAND, 180, 60, -15.6, -24.6, (0.0, 0.0), 0.8),
    Kind.SNOW: Look(70, _SNOW, _SNOW, 180, 60, -11.8, -19.0, (-1.4, -1.0), 0.4),
    Kind.WETLAND: Look(90, _TWIGS, _MARSH, 190, 70, -11.6, -17.8, (-0.8, 1.0), 1.0),
    Kind.MANGROVE: Look(95, _MANGROVE, _MANGROVE, 180, 60, -8.0, -13.6, (0.0, 0.0), 0.8),
    Kind.MOSS: Look(100, _STRAW, _MOSS, 205, 32, -13.4, -20.8, (0.8, 1.2), 1.0),
}

WORLDCOVER = np.array([LOOKS[kind].worldcover for kind in Kind], dtype=np.uint8)
"""The WorldCover class of each kind; 0 where the product has no data (far out at sea)."""

GRAIN = np.array([LOOKS[kind].grain for kind in Kind], dtype=np.float32)
