"""JRC/GHSL/P2023A/GHS_BUILT_S and GHS_BUILT_S_10m: square metres of built-up surface in each cell."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.emulator.asset import Band, Lattice
from eo_ingest.emulator.crs import MOLLWEIDE
from eo_ingest.emulator.world.cells import Survey, means
from eo_ingest.emulator.world.chart import Chart, dated, shelf
from eo_ingest.emulator.world.cover import Kind
from eo_ingest.emulator.world.epoch import ms
from eo_ingest.emulator.world.outline import beyond_mollweide
from eo_ingest.emulator.world.stand import stand

if TYPE_CHECKING:
    from eo_ingest.emulator.world.cells import Array
    from eo_ingest.emulator.world.chart import Pixels
    from eo_ingest.emulator.world.noise import F32, Sites
    from eo_ingest.emulator.world.stand import Stand

COLLECTION = "JRC/GHSL/P2023A/GHS_BUILT_S"
FINE = f"{COLLECTION}_10m"
LATTICE = Lattice(MOLLWEIDE, (100.0, 0.0, -18_041_000.0, 0.0, -100.0, 9_000_000.0), 360_820, 180_000)
FINE_LATTICE = Lattice(MOLLWEIDE, (10.0, 0.0, -18_041_000.0, 0.0, -10.0, 9_000_000.0), 3_608_200, 1_800_000)
EPOCHS = tuple(range(1975, 2031, 5))
_SPLIT = 4
_MAPPED = 2020
"""The year that land cover and buildings are of; what follows is extrapolated."""


def _since(sites: Sites) -> F32:
    """The year in which a place was built up."""
    old = sites.noise(2600.0, 121) * np.float32(0.7) + sites.noise(240.0, 122) * np.float32(0.3)
    return np.float32(1950) + np.float32(75) * old


def _share(here: Stand, since: F32, year: int) -> F32:
    """The share of the ground under buildings in a year."""
    if year <= _MAPPED:
        return here.built * (since <= year)
    out: F32 = np.minimum(here.built * np.float32(1 + 0.007 * (year - _MAPPED)), 1)
    return out


def _industry(sites: Sites) -> Array:
    """Where buildings are not for living."""
    return sites.noise(700.0, 123) > np.float32(0.62)


def _measure(sites: Sites) -> Array:
    """Built share of each cell in each epoch, all and non-residential, and the share of deep sea."""
    here, since, industry = stand(sites), _since(sites), _industry(sites)
    built = [_share(here, since, year) for year in EPOCHS]
    fields = [*built, *(b * industry for b in built), here.kind == Kind.DEEP_SEA]
    return np.stack([means(np.asarray(f, np.float32), _SPLIT) for f in fields])


BUILT = Survey("built", _SPLIT, _measure)


def _paint(band: str, measured: Array, number: int) -> Pixels:
    share = measured[number + (len(EPOCHS) if band.endswith("nres") else 0)]
    return np.round(share * 10_000), measured[-1] < 0.5


def _fine(sites: Sites) -> Array:
    here = stand(sites)
    built = _share(here, _since(sites), 2018)
    return np.stack([built, _industry(sites) * built, here.kind == Kind.DEEP_SEA]).astype(np.float32)


def _paint_fine(band: str, measured: Array) -> Pixels:
    values = measured[1] > 0 if band.endswith("nres") else np.round(measured[0] * 100)
    return values, measured[-1] < 0.5


def _chart(number: int, year: int) -> Chart:
    bands = [Band(name=name, dtype="uint16", lattice=LATTICE) for name in ("built_surface", "built_surface_nres")]
    return Chart(
        id=f"{COLLECTION}/{year}",
        bands=tuple(bands),
        survey=BUILT,
        paint=partial(_paint, number=number),
        properties=dated(str(year), ms(year), ms(year + 1)),
        outside=beyond_mollweide,
    )


BUILT_S = shelf(
    COLLECTION,
    "GHSL: Global built-up surface 1975-2030 (P2023A)",
    tuple(_chart(number, year) for number, year in enumerate(EPOCHS)),
)
BUILT_S_10M = shelf(
    FINE,
    "GHSL: Global built-up surface 10m (P2023A)",
    (
        Chart(
            id=f"{FINE}/2018",
            bands=(
                Band(name="built_surface", dtype="uint8", lattice=FINE_LATTICE),
                Band(name="built_surface_nres", dtype="uint8", lattice=FINE_LATTICE, pyramid="mode"),
            ),
            survey=Survey("built 10 m", 1, _fine),
            paint=_paint_fine,
            properties=dated("2018", ms(2018), ms(2019)),
            outside=beyond_mollweide,
        ),
    ),
)
