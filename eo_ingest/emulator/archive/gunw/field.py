"""What interferograms show, at any place: the truth that granules are made of, without their noise and constants.

Phase is that of the later pass times the conjugate of the earlier: positive is motion towards the satellite. Phase and
components are functions of place; coherence and amplitude, filtered as they are, are of ground seen in pixels of 6″.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator.archive.gunw.piece import incidence
from eo_ingest.emulator.asset import Lattice, Window
from eo_ingest.emulator.world.cells import Survey, gather, locate, pick
from eo_ingest.emulator.world.coherence import coherence as remaining
from eo_ingest.emulator.world.coherence import parameters
from eo_ingest.emulator.world.land import coast, height, kinds, northern
from eo_ingest.emulator.world.noise import cells, hash_lattice, hash_words, noise
from eo_ingest.emulator.world.place import mercator
from eo_ingest.emulator.world.signature import power

if TYPE_CHECKING:
    import numpy.typing as npt

    from eo_ingest.emulator.archive.gunw.granule import Granule
    from eo_ingest.emulator.world.noise import F64, Sites

    Reals = npt.NDArray[np.floating[Any]]
    Ints = npt.NDArray[np.int64]

WAVELENGTH = 0.05546576
"""Metres."""
PER_DEGREE = 1200
COARSE = 2
"""Pixels of 3″ along the edge of those that the ground is seen in."""
_GROUND = Lattice(
    "EPSG:4326",
    (COARSE / PER_DEGREE, 0.0, -180.0, 0.0, -COARSE / PER_DEGREE, 90.0),
    360 * PER_DEGREE // COARSE,
    180 * PER_DEGREE // COARSE,
)
_CYCLE = 4 * math.pi / WAVELENGTH
_RANGE = 850e3
_CELL = 34e3
_SEAM = 0.006
"""Half the width of what parts two components, in cells."""
_SEA = 0.43
_WATT = 2.0e4


def _measure(sites: Sites) -> Reals:
    kind = kinds(sites)
    fields = kind, sites.noise(350.0, 91), np.broadcast_to(northern(sites), kind.shape)
    return np.stack(fields).astype(np.float32)


_SURVEY = Survey("gunw", 1, _measure)


def ground(row: int, col: int, rows: int, cols: int) -> Reals:
    """What coherence and amplitude are made of, (3, rows, cols), in pixels of 3″ from 90° N, 180° W; may pass 180°.

    Numbers of the first row and column are even.
    """
    window = Window(row // COARSE, col // COARSE, -(-rows // COARSE), -(-cols // COARSE))
    beyond = max(0, window.col + window.width - _GROUND.width)
    parts = [Window(window.row, window.col, window.height, window.width - beyond)]
    if beyond:
        parts.append(Window(window.row, 0, window.height, beyond))
    found = np.concatenate([gather(_GROUND, part, _SURVEY)[0] for part in parts if part.width], axis=2)
    return found.repeat(COARSE, axis=1).repeat(COARSE, axis=2)[:, :rows, :cols]


def ground_at(lon: F64, lat: F64) -> Reals:
    """The same, (3, count), of the pixels that contain places in degrees."""
    row, col = locate(_GROUND, (lon + 180.0) % 360.0 - 180.0, lat)
    return pick(_GROUND, row, col, _SURVEY)


def coherence(granule: Granule, found: Reals) -> Reals:
    """Of the pair, by the model of the seasonal data set in the middle of its time; of ground, (3, …)."""
    middle = (granule.reference + granule.secondary) // 2
    kind, stability, north = found[0].astype(np.uint8), found[1], found[2]
    rho, tau = parameters(kind[..., None], north, stability, middle)
    out: Reals = np.clip(remaining(rho, tau, granule.days), 0.02, 0.98).astype(np.float32)
    return out


def amplitude(granule: Granule, found: Reals) -> Reals:
    """Power in watt, not calibrated; of ground, (3, …)."""
    kind, north = found[0].astype(np.uint8), found[2]
    out: Reals = power(kind[..., None], north, granule.reference, cross=False) * np.float32(_WATT)
    return out


def phase(granule: Granule, lon: Reals, lat: Reals, across: Reals | None = None) -> Reals:
    """Radians at places in degrees: motion, the air's delay at both times, and what is wrong in the elevation model.

    `across` is how far they are to the right of the swath's middle, in metres, where that is known already.
    """
    x, y = mercator(lon, lat)
    across = granule.piece.place(lon, lat)[0] if across is None else across
    angle = np.radians(incidence(across))
    motion = rate(x, y) * np.cos(angle) * (granule.days / 365.25)
    tall = height(x, y).astype(np.float64) / 1000.0
    air = np.zeros_like(x)
    for cycle, sign in ((granule.cycle, -1), (granule.cycle - granule.days // 12, 1)):
        seed = hash_words(granule.piece.track, cycle, 222)
        lag = 5.0 * (noise(x, y, 45e3, seed) - 0.5) + 1.2 * (noise(x, y, 11e3, seed + 1) - 0.5)
        air += sign * (lag + tall * (seed / 2**32 - 0.5) * 1.6) / np.cos(angle)
    wrong = 6.0 * (noise(x, y, 1.6e3, 223) - 0.5)
    out: Reals = _CYCLE * (motion + baseline(granule, across) * wrong / (_RANGE * np.sin(angle))) + air
    return out


def rate(x: F64, y: F64) -> Reals:
    """Upward motion of the ground in metres a year, at world coordinates: it sinks in bowls ten kilometres wide."""
    bowl = np.maximum(noise(x, y, 15e3, 241).astype(np.float64) - 0.55, 0)
    return -0.5 * bowl + 0.04 * (noise(x, y, 60e3, 242) - 0.5)


def component(lon: Reals, lat: Reals) -> Ints:
    """A number per connected component, the same in all granules; 0 on the seams between them, and at sea."""
    x, y = mercator(lon, lat)
    n = cells(_CELL)
    across = x * n + 0.8 * noise(x, y, 13e3, 231)
    up = y * n + 0.8 * noise(x, y, 11e3, 232)
    i, j = np.floor(across), np.floor(up)
    edge = np.minimum(np.minimum(across - i, i + 1 - across), np.minimum(up - j, j + 1 - up))
    number = hash_lattice(i.astype(np.int64) % n, j.astype(np.int64), 233).astype(np.int64) + 1
    return np.where((edge < _SEAM) | (coast(x, y) < _SEA), 0, number)


def baseline(granule: Granule, across: Reals) -> Reals:
    """Perpendicular baseline in metres, at metres to the right of the swath's middle."""
    track, before = granule.piece.track, granule.cycle - granule.days // 12
    middle = _tube(track, granule.cycle) - _tube(track, before)
    out: Reals = middle * (1 + 1.2e-6 * across)
    return out


def _tube(track: int, cycle: int) -> float:
    """Where in its orbital tube the satellite flies, in metres to the right."""
    return (hash_words(track, cycle, 221) / 2**32 - 0.5) * 180.0
