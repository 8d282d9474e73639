"""JAXA/ALOS/PALSAR/YEARLY/SAR_EPOCH: yearly mosaics of L-band backscatter at 25 m."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.emulator.asset import Band
from eo_ingest.emulator.world.cells import Survey
from eo_ingest.emulator.world.chart import Chart, dated, degrees, shelf
from eo_ingest.emulator.world.cover import Kind
from eo_ingest.emulator.world.epoch import ms
from eo_ingest.emulator.world.land import texture
from eo_ingest.emulator.world.noise import hash_words
from eo_ingest.emulator.world.orbit import DAY
from eo_ingest.emulator.world.relief import gradient
from eo_ingest.emulator.world.stand import stand

if TYPE_CHECKING:
    from eo_ingest.emulator.world.cells import Array
    from eo_ingest.emulator.world.chart import Pixels
    from eo_ingest.emulator.world.noise import F32, Sites

COLLECTION = "JAXA/ALOS/PALSAR/YEARLY/SAR_EPOCH"
YEARS = tuple(range(2015, 2024))
LATTICE = degrees(4500, 85.0, -85.0)
_DTYPES = {"HH": "uint16", "HV": "uint16", "angle": "uint8", "epoch": "float64", "qa": "uint8"}
_LOOK = 38.0
"""Incidence angle in degrees on flat ground; the radar looks east."""
_BARE = {
    Kind.SEA: (-22.0, -33.0), Kind.DEEP_SEA: (-22.0, -33.0), Kind.WATER: (-23.0, -33.0), Kind.TOWN: (-4.0, -14.5),
    Kind.SUBURB: (-8.0, -17.0), Kind.ROCK: (-14.5, -23.5), Kind.SAND: (-21.0, -31.0), Kind.SNOW: (-16.0, -25.0),
    Kind.WETLAND: (-10.5, -19.5), Kind.MOSS: (-15.0, -24.0), Kind.MANGROVE: (-12.0, -21.0), Kind.TILLED: (-13.0, -24.0),
}  # fmt: skip
_TABLE = np.array([_BARE.get(kind, (-14.0, -23.0)) for kind in Kind], np.float32)
_FOREST = (6.4, 10.2)
"""Decibels that a dense forest adds to HH and to HV."""


def _measure(sites: Sites) -> Array:
    """HH and HV in dB, local incidence angle in degrees, kind of ground, a field that tells the day."""
    here = stand(sites)
    kind, grain = here.kind, texture(sites, here.kind)
    east, _ = gradient(sites)
    angle = np.degrees(np.arctan(np.tan(np.radians(np.float32(_LOOK))) - east))
    trees = 1 - np.exp(-here.biomass / 70)
    bands = [_TABLE[:, k].take(kind) + np.float32(_FOREST[k]) * trees + grain for k in (0, 1)]
    return np.stack([*bands, angle, kind, sites.noise(60e3, 171)]).astype(np.float32)


RADAR = Survey("palsar", 1, _measure)


def _paint(band: str, measured: Array, year: int) -> Pixels:
    like, cross, angle, kind, strip = measured
    valid = kind != Kind.DEEP_SEA
    water = np.isin(kind, (Kind.SEA, Kind.DEEP_SEA, Kind.WATER))
    if band == "qa":
        return np.where(water, 50, np.where(angle < 2, 100, np.where(angle > 80, 150, 255))), valid
    if band == "angle":
        return np.clip(np.round(angle), 0, 90), valid
    if band == "epoch":
        return ms(year, 3) + np.floor(strip * 240).astype(np.float64) * DAY, valid
    moist = 0.6 * hash_words(year, 172) / 2**32 - 0.3
    return numbers((like if band == "HH" else cross) + moist), valid


def numbers(decibels: F32) -> Array:
    """Digital numbers of γ⁰ in dB: 10·log10(DN²) − 83."""
    out: Array = np.clip(np.round(10 ** ((decibels + 83) / 20)), 1, 65535)
    return out


def _chart(year: int) -> Chart:
    return Chart(
        id=f"{COLLECTION}/{year}",
        bands=tuple(
            Band(name=name, dtype=dtype, lattice=LATTICE, pyramid="mode" if name == "qa" else "mean")
            for name, dtype in _DTYPES.items()
        ),
        survey=RADAR,
        paint=partial(_paint, year=year),
        properties=dated(str(year), ms(year), ms(year + 1)),
    )


SAR_EPOCH = shelf(COLLECTION, "Global PALSAR-2/PALSAR Yearly Mosaic, version 2.5.0", tuple(map(_chart, YEARS)))
