"""JRC/GSW1_4: where Landsat saw water from 1984 to 2021, as one image, by year and by month, at 30 m."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from shapely import box

from eo_ingest.emulator.asset import Band
from eo_ingest.emulator.world.cells import Survey
from eo_ingest.emulator.world.chart import Chart, dated, degrees, shelf
from eo_ingest.emulator.world.cover import Kind
from eo_ingest.emulator.world.epoch import ms
from eo_ingest.emulator.world.land import northern
from eo_ingest.emulator.world.noise import hash_words
from eo_ingest.emulator.world.stand import stand

if TYPE_CHECKING:
    from eo_ingest.emulator.world.cells import Array
    from eo_ingest.emulator.world.chart import Pixels
    from eo_ingest.emulator.world.noise import Sites

FOLDER = "JRC/GSW1_4"
LATTICE = degrees(4000, 80.0, -60.0)
_WETTEST = 4
"""The month of high water in the north."""
_DRIEST_SEEN = 0.34
"""Marsh floods where its field is above this."""
_FOOTPRINT = box(-180.0, -59.0, 180.0, 78.0)


def _measure(sites: Sites) -> Array:
    """Permanent water, months of water (0 to 12), a field of change, share of the northern season, sea."""
    here = stand(sites)
    kind = here.kind
    wet = sites.noise(340.0, 141)
    seasonal = (kind == Kind.WETLAND) & (wet > _DRIEST_SEEN)
    months = np.where(here.water, 12, np.where(seasonal, 1 + np.floor((wet - _DRIEST_SEEN) * 14), 0))
    fields = (here.water, np.minimum(months, 12), sites.noise(1500.0, 142), northern(sites), sites.noise(60e3, 143))
    out: Array = np.stack(fields).astype(np.float32)
    return out


WATER = Survey("surface water", 1, _measure)


def _occurrence(measured: Array) -> Array:
    water, months, change = measured[:3]
    permanent = 90 + np.round(10 * change)
    out: Array = np.where(water > 0, permanent, np.round(months * (6.0 + 2.0 * change)))
    return out


def _summary(band: str, measured: Array) -> Pixels:
    water, months, change = measured[:3]
    seen = months > 0
    if band == "max_extent":
        return seen, True
    new = change > 0.8
    values = {
        "occurrence": _occurrence(measured),
        "change_abs": np.where(water > 0, 0, np.round(40 * (change - 0.5))),
        "change_norm": np.where(water > 0, 0, np.round(120 * (change - 0.5))),
        "seasonality": months,
        "recurrence": np.where(water > 0, 100, 40 + np.round(50 * change)),
        "transition": np.where(water > 0, 1, np.where(new, 5, 4)),
    }
    return values[band], seen


_SUMMARY = {
    "occurrence": "uint8", "change_abs": "int8", "change_norm": "int8", "seasonality": "uint8", "recurrence": "uint8",
    "transition": "uint8", "max_extent": "uint8",
}  # fmt: skip
GLOBAL = Chart(
    id=f"{FOLDER}/GlobalSurfaceWater",
    bands=tuple(
        Band(name=n, dtype=d, lattice=LATTICE, pyramid="mode" if n == "transition" else "mean")
        for n, d in _SUMMARY.items()
    ),
    survey=WATER,
    paint=_summary,
    properties=dated("GlobalSurfaceWater", ms(1984, 3, 16), ms(2022), title="JRC Global Surface Water, v1.4"),
    footprint=_FOOTPRINT,
)


def _flooded(measured: Array, month: int) -> Array:
    """Whether there is water in a month (1 to 12); high water is in spring on either side of the equator."""
    months, north = measured[1], measured[3]
    peak = np.where(north >= 0.5, _WETTEST, _WETTEST + 6)
    away = np.abs((month - peak + 6) % 12 - 6)
    out: Array = (months >= 12) | (2 * away < months)
    return out


def _year(_band: str, measured: Array) -> Pixels:
    months = measured[1]
    return np.where(months >= 12, 3, np.where(months > 0, 2, 1)), True


def _month(_band: str, measured: Array, year: int, month: int) -> Pixels:
    unseen = measured[4] > 0.75 + 0.25 * hash_words(year, month, 144) / 2**32
    return np.where(unseen, 0, np.where(_flooded(measured, month), 2, 1)), True


def _yearly(year: int) -> Chart:
    return Chart(
        id=f"{FOLDER}/YearlyHistory/{year}",
        bands=(Band(name="waterClass", dtype="uint8", lattice=LATTICE, pyramid="mode"),),
        survey=WATER,
        paint=_year,
        properties=dated(str(year), ms(year), ms(year + 1), year=float(year)),
        footprint=_FOOTPRINT,
    )


def _monthly(year: int, month: int) -> Chart:
    index = f"{year}_{month:02d}"
    after = dt.date(year + month // 12, month % 12 + 1, 1)
    return Chart(
        id=f"{FOLDER}/MonthlyHistory/{index}",
        bands=(Band(name="water", dtype="uint8", lattice=LATTICE, pyramid="mode"),),
        survey=WATER,
        paint=partial(_month, year=year, month=month),
        properties=dated(index, ms(year, month), ms(after.year, after.month), year=float(year), month=float(month)),
        footprint=_FOOTPRINT,
    )


YEARLY = shelf(
    f"{FOLDER}/YearlyHistory",
    "JRC Yearly Water Classification History, v1.4",
    tuple(_yearly(year) for year in range(1984, 2022)),
)
MONTHLY = shelf(
    f"{FOLDER}/MonthlyHistory",
    "JRC Monthly Water History, v1.4",
    tuple(_monthly(1984 + n // 12, n % 12 + 1) for n in range(2, 456)),
)
