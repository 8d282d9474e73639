"""The relief as elevation models see it: the large forms that make the climate, and ridges and gullies on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.emulator.world.land import coast, height
from eo_ingest.emulator.world.noise import noise
from eo_ingest.emulator.world.place import latitude

if TYPE_CHECKING:
    from eo_ingest.emulator.world.noise import F32, F64, Sites

_GLOBE = 40_075_016.7
_BASE = 15.0
"""Metres on either side over which slopes are taken."""


def elevation(x: F64, y: F64) -> F32:
    """Metres above the sea, of bare ground, at world coordinates; the sea bed is flat at 0."""
    ranges = np.clip((noise(x, y, 420e3, 11) - np.float32(0.46)) * np.float32(5), 0, 1)
    hills = noise(x, y, 90e3, 12)
    rugged = np.maximum(ranges, np.float32(0.25) * hills * hills)
    inland = np.clip((coast(x, y) - np.float32(0.43)) * np.float32(5), 0, 1)
    detail = 430 * _ridge(x, y, 5.2e3, 17) + 170 * _ridge(x, y, 2.1e3, 18) + 48 * _ridge(x, y, 800.0, 19)
    out: F32 = (height(x, y) + rugged * inland * detail).astype(np.float32)
    return out


def _ridge(x: F64, y: F64, size: float, seed: int) -> F32:
    """Sharp crests at 1, broad valleys at 0."""
    crest = 1 - np.abs(2 * noise(x, y, size, seed) - 1)
    out: F32 = crest * crest
    return out


def gradient(sites: Sites) -> tuple[F32, F32]:
    """(eastward, northward) rise of the bare ground in metres per metre."""
    return sites.smooth(_eastward), sites.smooth(_northward)


def _eastward(x: F64, y: F64) -> F32:
    step = _step(y)
    out: F32 = (elevation(x + step, y) - elevation(x - step, y)) / np.float32(2 * _BASE)
    return out


def _northward(x: F64, y: F64) -> F32:
    step = _step(y)
    out: F32 = (elevation(x, y + step) - elevation(x, y - step)) / np.float32(2 * _BASE)
    return out


def _step(y: F64) -> F64:
    """Turns in _BASE metres, along either axis."""
    out: F64 = _BASE / (_GLOBE * np.cos(np.radians(latitude(y))))
    return out


def slope(sites: Sites) -> F32:
    """Degrees from the horizontal."""
    out: F32 = np.degrees(np.arctan(np.hypot(*gradient(sites)))).astype(np.float32)
    return out
