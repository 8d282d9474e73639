"""Where maps in projections of the whole globe end: what lies beyond the outline is no place on Earth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from eo_ingest.emulator.asset import Lattice, Window
    from eo_ingest.emulator.world.cells import Flags

    Reals = npt.NDArray[np.floating[Any]]

_SPHERE = 6_371_007.181
_EQUATOR = 6_378_137.0
_EDGE = 6_000.0
"""Metres along the outline of the Mollweide projection that are left out: positions there are interpolated."""


def _centres(lattice: Lattice, window: Window) -> tuple[Reals, Reals]:
    a, _, c, _, e, f = lattice.transform
    x = c + a * (window.col + np.arange(window.width) + 0.5)
    y = f + e * (window.row + np.arange(window.height)[:, None] + 0.5)
    return x, y


def beyond_sinusoidal(lattice: Lattice, window: Window) -> Flags:
    """Pixels of a sinusoidal lattice whose centres are more than 180° from Greenwich."""
    x, y = _centres(lattice, window)
    out: Flags = np.abs(x) > math.pi * _SPHERE * np.cos(y / _SPHERE)
    return out


def beyond_mollweide(lattice: Lattice, window: Window) -> Flags:
    """Pixels of a Mollweide lattice outside the ellipse or near its edge."""
    x, y = _centres(lattice, window)
    half = 2 * math.sqrt(2) * _EQUATOR
    share = np.clip(1 - (y / (half / 2)) ** 2, 0, 1)
    out: Flags = np.abs(x) > half * np.sqrt(share) - _EDGE
    return out
