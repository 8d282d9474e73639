"""Speckle: multiplicative gamma noise, drawn from the pixel's address."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.emulator.world.noise import hash_lattice

if TYPE_CHECKING:
    from eo_ingest.emulator.world.noise import F32

LOOKS = 10
"""Number of looks: about 1.4 dB of spread."""
FLOOR_DB, CEILING_DB = -3.5, 3.0
_BITS = 12


@lru_cache(maxsize=1)
def _quantiles() -> F32:
    """Decibels of the gamma distribution with unit median at 2**12 equal steps of probability."""
    x = np.linspace(1e-6, 6.0, 200_001)
    density = x ** (LOOKS - 1) * np.exp(-LOOKS * x)
    total = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    wanted = (np.arange(2**_BITS) + 0.5) / 2**_BITS
    value = np.interp(wanted, total / total[-1], x)
    median = np.interp(0.5, total / total[-1], x)
    decibels = np.clip(10 * np.log10(value / median), FLOOR_DB, CEILING_DB)
    out: F32 = np.round(decibels, 3).astype(np.float32)
    return out


def speckle_db(row: int, col: int, shape: tuple[int, int], seed: int) -> F32:
    """Speckle in dB, median 0, of the pixels from (row, col) of the scene numbered `seed`."""
    rows = np.arange(row, row + shape[0])[:, None]
    cols = np.arange(col, col + shape[1])[None, :]
    bits = hash_lattice(cols, rows, seed)
    bits >>= np.uint32(32 - _BITS)
    out: F32 = _quantiles().take(bits)
    return out
