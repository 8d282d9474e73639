"""Maps of what plants weigh and how high they are.

ESA CCI biomass (100 m; the official collection and the community's), NASA/ORNL carbon density (300 m, 2010) and the
canopy heights of ETH (10 m, 2020).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from shapely import box

from eo_ingest.emulator.asset import Band
from eo_ingest.emulator.world.cells import Survey, means
from eo_ingest.emulator.world.chart import Chart, dated, degrees, shelf
from eo_ingest.emulator.world.cover import Kind
from eo_ingest.emulator.world.epoch import ms
from eo_ingest.emulator.world.stand import stand

if TYPE_CHECKING:
    from collections.abc import Callable

    from eo_ingest.emulator.world.cells import Array
    from eo_ingest.emulator.world.chart import Pixels
    from eo_ingest.emulator.world.noise import Sites

CCI = "ESA/CCI/Above_Ground_Biomass/V6_0"
COMMUNITY_CCI = "projects/sat-io/open-datasets/ESA/ESA_CCI_AGB"
CCI_YEARS = (2007, 2010, 2015, 2016, 2017, 2018, 2019, 2020, 2021, 2022)
CCI_LATTICE = degrees(1125, 80.0, -60.0)
ORNL = "NASA/ORNL/biomass_carbon_density/v1"
ORNL_LATTICE = degrees(360, 84.0, -61.0)
CANOPY = "users/nlang/ETH_GlobalCanopyHeight_2020_10m_v1"
CANOPY_SD = "users/nlang/ETH_GlobalCanopyHeightSD_2020_10m_v1"
CANOPY_LATTICE = degrees(12_000, 84.0, -60.0)
_CARBON = 0.47
"""Tonnes of carbon in a tonne of dry mass."""


def _mass(sites: Sites, split: int) -> Array:
    """Mean woody mass in Mg/ha, share of herbs, share of deep sea, and a field for the error."""
    here = stand(sites)
    fields = (here.biomass, here.herbs, here.kind == Kind.DEEP_SEA, sites.noise(3e3, 161))
    return np.stack([means(np.asarray(f, np.float32), split) for f in fields])


def _agb(band: str, measured: Array, year: int) -> Pixels:
    mass = np.round(measured[0] * np.float32(1 + 0.006 * (year - 2020)))
    spread = np.round(mass * (0.22 + 0.3 * measured[3]) + 8)
    return (mass if band.lower() == "agb" else spread), mass > 0


def _cci(collection: str, bands: tuple[str, str], year: int) -> Chart:
    community = collection == COMMUNITY_CCI
    index = f"ESACCI-BIOMASS-L4-AGB-MERGED-100m-{year}-fv6" if community else str(year)
    more = {"product_version": "6.0"} if community else {}
    return Chart(
        id=f"{collection}/{index}",
        bands=tuple(Band(name=name, dtype="uint16", lattice=CCI_LATTICE) for name in bands),
        survey=Survey("mass 100 m", 4, partial(_mass, split=4)),
        paint=partial(_agb, year=year),
        properties=dated(index, ms(year), ms(year + 1) - 1, **more),
        footprint=box(-180.0, -60.0, 180.0, 80.0),
    )


ESA_CCI_AGB = tuple(
    shelf(name, "ESA CCI Global Forest Above Ground Biomass", tuple(_cci(name, bands, year) for year in CCI_YEARS))
    for name, bands in ((CCI, ("agb", "agb_sd")), (COMMUNITY_CCI, ("AGB", "SD")))
)
_ORNL_DTYPES = dict.fromkeys(("agb", "agb_uncertainty", "bgb", "bgb_uncertainty"), "float32")


def _carbon(band: str, measured: Array) -> Pixels:
    woody, herbs, deep, error = measured
    woody = woody * np.float32(1 + 0.006 * (2010 - 2020))
    above = _CARBON * (woody + 2.5 * herbs)
    below = _CARBON * (0.26 * woody + 4.0 * herbs)
    mean = above if band.startswith("agb") else below
    return (mean * (0.25 + 0.35 * error) if band.endswith("uncertainty") else mean), deep < 0.5


CARBON_DENSITY = shelf(
    ORNL,
    "Global Aboveground and Belowground Biomass Carbon Density Maps",
    (
        Chart(
            id=f"{ORNL}/carbon_density_2010",
            bands=tuple(Band(name=name, dtype=dtype, lattice=ORNL_LATTICE) for name, dtype in _ORNL_DTYPES.items()),
            survey=Survey("mass 300 m", 8, partial(_mass, split=8)),
            paint=_carbon,
            properties=dated("carbon_density_2010", ms(2010), ms(2010, 12, 31)),
            footprint=box(-180.0, -61.0, 180.0, 84.0),
        ),
    ),
)


def _crowns(sites: Sites) -> Array:
    here = stand(sites)
    return np.stack([here.canopy, here.water, here.vigour]).astype(np.float32)


def _height(_band: str, measured: Array) -> Pixels:
    return np.round(measured[0]), measured[1] < 0.5


def _height_error(_band: str, measured: Array) -> Pixels:
    return np.round(1 + 0.22 * measured[0] + 2 * (1 - measured[2])), measured[1] < 0.5


def _canopy(asset_id: str, paint: Callable[[str, Array], Pixels]) -> Chart:
    return Chart(
        id=asset_id,
        bands=(Band(name="b1", dtype="uint8", lattice=CANOPY_LATTICE),),
        survey=Survey("crowns", 1, _crowns),
        paint=paint,
        properties=dated(asset_id.rpartition("/")[2], ms(2020), ms(2021)),
        footprint=box(-180.0, -60.0, 180.0, 84.0),
    )


CANOPY_HEIGHT = (_canopy(CANOPY, _height), _canopy(CANOPY_SD, _height_error))
