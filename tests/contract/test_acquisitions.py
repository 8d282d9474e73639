"""What was seen at once counts once, and each tile is shown from its own orbit, whatever a request asks for."""

import datetime as dt
from collections import Counter

import expected_radar as radar
import numpy as np
import pytest
import shapely
from world_support import fetched, scenes, spot, window_at

from eo_ingest.period import Period
from eo_ingest.products import REGISTRY
from eo_ingest.request import Window

TILE_PX = 448
# Here swaths of two tracks of either pass end within the block, and further on two slices of one datatake overlap.
TWO_SWATHS, TWO_SLICES = (13.365, 45.06), (14.0359, 44.3558)
# Granules of two UTM zones, and neighbours of one zone, overlap here.
GRANULES = (6.05, 49.62)
EVENT = "2020-07-15"


def frames_of(name, period):
    product = REGISTRY[name]
    return product, product.frames(Period.parse(period))


def test_every_tile_has_the_orbit_with_the_most_passes_over_it(emulator):
    product, frames = frames_of("s1grd-monthly-orbit", "2020-07")
    where = spot(*TWO_SWATHS, 10)
    found = np.zeros((2, 4, 4), int)
    for row in range(4):
        middles = Window(row * TILE_PX + 200, 0, 1, 4 * TILE_PX)
        orbits = fetched(product, frames, 0, middles, where)["orbit"].reshape(2, 4, TILE_PX)
        found[:, row] = orbits.max(axis=2)
        assert ((orbits == 0) | (orbits == found[:, row, :, None])).all()  # 0 beyond the swath's end
    for tile in range(16):
        ascending, descending = radar.most(frames[0], where.of(tile))
        np.testing.assert_array_equal(found[:, tile // 4, tile % 4], [ascending[1], descending[1]])
    assert [len(np.unique(part)) for part in found] == [2, 2]


@pytest.mark.parametrize(("name", "period"), [("s1grd-monthly-orbit", "2020-07"), ("s1event", EVENT)])
def test_pixels_do_not_depend_on_the_request_they_come_in(emulator, name, period):
    product, frames = frames_of(name, period)
    where = spot(*TWO_SWATHS, 10)
    row, col = TILE_PX - 4, 2 * TILE_PX - 8
    whole = fetched(product, frames, 0, Window(row, col, 8, 16), where)
    halves = [fetched(product, frames, 0, Window(row, col + i, 8, 8), where) for i in (0, 8)]
    for variable in product.variables:
        left, right = (half[variable.name].reshape(len(variable.bands), 8, 8) for half in halves)
        joined = np.concatenate([left, right], axis=2)
        np.testing.assert_array_equal(whole[variable.name].reshape(joined.shape), joined)


def test_an_event_is_three_passes_before_and_three_after_of_one_orbit(emulator):
    product, frames = frames_of("s1event", EVENT)
    where = spot(*TWO_SWATHS, 10)
    shown = [fetched(product, frames, i, where.window, where) for i in range(len(frames))]
    assert [frame.label for frame in frames] == ["before-3", "before-2", "before-1", "after-1", "after-2", "after-3"]
    days = [np.unique(each["acquired"]) for each in shown]
    assert all(len(day) == 1 for day in days)
    event = (dt.date.fromisoformat(EVENT) - dt.date(1970, 1, 1)).days
    days = np.concatenate(days).astype(int)
    assert (np.diff(days) > 0).all()
    assert days[2] < event <= days[3]
    assert days[3] - days[2] == 6  # no pass of the track in between: one satellite or the other is there every 6 days
    for variable in ("orbit", "direction"):
        assert len(np.unique([each[variable] for each in shown])) == 1
    assert all((each["backscatter"] != -32768).all() for each in shown)


def test_slices_of_one_datatake_count_once(emulator):
    product, frames = frames_of("s1grd-monthly", "2020-06")
    where = spot(*TWO_SLICES, 10)
    counts = fetched(product, frames, 0, window_at(where, *TWO_SLICES), where)["n_obs"][1]
    here = shapely.Point(TWO_SLICES)
    found = radar.dual(frames[0].start, frames[0].end, where)
    over = [s for s in found if radar.track(s)[0] == "DESCENDING" and s.footprint.contains(here)]
    takes = Counter((s.properties["platform_number"], s.properties["missionDataTakeID"]) for s in over)
    assert max(takes.values()) == 2
    assert (counts == len(takes)).all()


def test_granules_of_one_datatake_count_once(emulator):
    product, frames = frames_of("s2-monthly-scl", "2020-07")
    where = spot(*GRANULES, 10)
    counts = fetched(product, frames, 0, where.window, where)["n_obs"]
    seen = scenes("COPERNICUS/S2_SR_HARMONIZED", frames[0].start, frames[0].end, where)
    takes = {s.properties["DATATAKE_IDENTIFIER"] for s in seen}
    assert len(takes) < len(seen)
    assert 0 < counts.max() <= len(takes)
