"""Every product of Earth Engine at 1 000 random pixels, against what the synthetic world's assets hold there.

Classes, labels, dates, counts and masks are exact, all else within one step of what is stored.
"""

from functools import partial

import expected_maps as maps
import expected_optical as optical
import expected_radar as radar
import numpy as np
import pytest
from expected_optical import UNDECIDED
from world_support import fetched, spot

from eo_ingest.period import Period
from eo_ingest.products import REGISTRY

COUNT = 1000
# The Alps, where each track is seen every time; beside the border of two zones; the south; the north.
PLACES = ((10.95, 46.05), (6.05, 49.62), (21.05, -30.05), (24.6, 64.35))
BANDS = {"": ("B2", "B3", "B4", "B8"), "-20m": ("B5", "B6", "B7", "B8A", "B11", "B12"), "-rgb": ("B4", "B3", "B2")}
CLOUDS = {"": optical.by_score, "-scl": optical.by_scene_classification, "-qa60": optical.by_qa60}
EXPECTED = {
    "s1grd": radar.seasonal,
    "s1grd-orbit": radar.seasonal_of_one_orbit,
    "s1grd-monthly": radar.monthly,
    "s1grd-monthly-orbit": radar.monthly_of_one_orbit,
    "s1event": radar.event,
    "palsar": radar.palsar,
    **{
        f"s2{kind}{span}{mask}": partial(optical.sentinel2, bands=bands, clear=clear)
        for kind, bands in BANDS.items()
        for span in ("", "-monthly")
        for mask, clear in CLOUDS.items()
    },
    "hls": optical.hls,
    "worldcover": maps.worldcover,
    "vcf": maps.vcf,
    "built": maps.built,
    "biomass": maps.biomass,
    "canopy": maps.canopy,
    "dem": maps.dem,
    "water": maps.water,
}


def looks(product):
    """(period, frame's index, spot) of each place: another frame each time."""
    for number, (lon, lat) in enumerate(PLACES):
        period = Period.parse(product.periods[number % len(product.periods)])
        period = product.expand(period)[(5 + 2 * number) % len(product.expand(period))]
        frames = product.frames(period)
        yield frames, (2 + number) % len(frames), spot(lon, lat, product.resolution, seed=number)


def wrong(variable, values, wanted):
    """Which values are not the wanted ones: off by more than a step, or by anything but a measure, or nodata in one."""
    known = ~np.isnan(wanted)
    there = np.ones_like(known) if variable.kind == "count" else values != variable.nodata
    off = np.abs(values.astype(np.int64) - np.clip(np.where(known, wanted, 0), *variable.valid_range))
    return (there != known) | (known & (off > (variable.kind == "measure")))


def test_every_product_is_compared():
    assert EXPECTED.keys() == {p.name for p in REGISTRY.values() if p.images and p.archive is None}


@pytest.mark.parametrize("name", EXPECTED)
def test_pixels_are_what_the_world_holds(emulator, name):
    """And are not what it holds a pixel further east, so that a shift would be noticed."""
    product = REGISTRY[name]
    generator = np.random.default_rng(20_201_121)
    valid = beside = 0
    for frames, index, where in looks(product):
        stored = fetched(product, frames, index, where.window, where)
        expected = EXPECTED[name](frames[index], where)
        undecided = expected.pop(UNDECIDED, np.zeros(where.side**2, bool))
        assert expected.keys() == stored.keys()
        assert undecided.mean() < 0.01
        chosen = generator.permutation(np.flatnonzero(~undecided))[: COUNT // len(PLACES)]
        for variable in product.variables:
            values, wanted = stored[variable.name], expected[variable.name]
            amiss = wrong(variable, values[:, chosen], wanted[:, chosen])
            assert not amiss.any(), (variable.name, frames[index].label, where)
            valid += np.count_nonzero(~np.isnan(wanted[:, chosen])) if variable.kind in {"measure", "class"} else 0
            beside += np.count_nonzero(wrong(variable, values[:, chosen - 1], wanted[:, chosen]))
    assert valid > COUNT / 4
    assert beside > COUNT / 50
