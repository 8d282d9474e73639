"""MODIS/061/MOD44B: trees, other plants and bare ground in per cent, yearly, on the sinusoidal grid of 250 m."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.emulator.asset import Band, Lattice
from eo_ingest.emulator.crs import SINUSOIDAL
from eo_ingest.emulator.world.cells import Survey, means
from eo_ingest.emulator.world.chart import Chart, dated, shelf
from eo_ingest.emulator.world.cover import Kind
from eo_ingest.emulator.world.epoch import ms
from eo_ingest.emulator.world.noise import hash_words
from eo_ingest.emulator.world.outline import beyond_sinusoidal
from eo_ingest.emulator.world.stand import stand

if TYPE_CHECKING:
    from eo_ingest.emulator.world.cells import Array
    from eo_ingest.emulator.world.chart import Pixels
    from eo_ingest.emulator.world.noise import Sites

COLLECTION = "MODIS/061/MOD44B"
LATTICE = Lattice(
    SINUSOIDAL, (231.65635826374995, 0.0, -20015109.354, 0.0, -231.65635826395834, 10007554.677), 172_800, 86_400
)
"""36 × 18 tiles of 4 800 × 4 800 pixels."""
WATER, FILL = 200, 253
_YEARS = range(2000, 2025)
_SPLIT = 8
_DTYPES = {
    "Percent_Tree_Cover": "uint8", "Percent_NonTree_Vegetation": "uint8", "Percent_NonVegetated": "uint8",
    "Quality": "uint8", "Percent_Tree_Cover_SD": "int16", "Percent_NonVegetated_SD": "int16", "Cloud": "uint8",
}  # fmt: skip


def _measure(sites: Sites) -> Array:
    """Shares of trees, herbs, water and deep sea, and two fields for the flags."""
    here = stand(sites)
    deep = here.kind == Kind.DEEP_SEA
    fields = (here.tree_cover, here.herbs, here.water, deep, sites.noise(40e3, 151), sites.noise(15e3, 152))
    return np.stack([means(np.asarray(f, np.float32), _SPLIT) for f in fields])


COVER = Survey("cover", _SPLIT, _measure)


def _paint(band: str, measured: Array, year: int) -> Pixels:
    trees, herbs, water, deep, first, second = measured
    if band in {"Quality", "Cloud"}:
        return _bits(first if band == "Cloud" else np.maximum(first, second), year), deep < 0.5
    land = np.maximum(1 - water, np.float32(1e-6))
    tree = np.round(100 * trees / land * _harvest(year))
    herb = np.minimum(np.round(100 * herbs / land), 100 - tree)
    if band.endswith("_SD"):
        share = tree if "Tree" in band else 100 - tree - herb
        return 150 + 18 * np.sqrt(np.maximum(share * (100 - share), 0)), water < 0.5
    values = {"Percent_Tree_Cover": tree, "Percent_NonTree_Vegetation": herb, "Percent_NonVegetated": 100 - tree - herb}
    return np.where(deep >= 0.5, FILL, np.where(water >= 0.5, WATER, values[band])), True


def _harvest(year: int) -> float:
    """How a year's map differs from the mean one."""
    return 0.98 + 0.04 * hash_words(year, 153) / 2**32


def _bits(field: Array, year: int) -> Array:
    """One bit for each of eight periods of the year, set where the field is high."""
    found = np.zeros(field.shape, np.int64)
    for bit in range(8):
        found |= (field > 0.45 + 0.5 * hash_words(year, bit, 154) / 2**32).astype(np.int64) << bit
    return found


def _chart(year: int) -> Chart:
    day = dt.date(year, 1, 1) + dt.timedelta(days=64)
    after = dt.date(year + 1, 1, 1) + dt.timedelta(days=64)
    index = day.strftime("%Y_%m_%d")
    kinds = {"Quality": "sample", "Cloud": "sample"}
    return Chart(
        id=f"{COLLECTION}/{index}",
        bands=tuple(
            Band(name=name, dtype=dtype, lattice=LATTICE, pyramid="sample" if name in kinds else "mean")
            for name, dtype in _DTYPES.items()
        ),
        survey=COVER,
        paint=partial(_paint, year=year),
        properties=dated(index, ms(day.year, day.month, day.day), ms(after.year, after.month, after.day)),
        outside=beyond_sinusoidal,
    )


MOD44B = shelf(
    COLLECTION, "MOD44B.061 Terra Vegetation Continuous Fields Yearly Global 250m", tuple(map(_chart, _YEARS))
)
