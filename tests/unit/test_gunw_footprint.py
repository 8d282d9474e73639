"""Footprints in all the ways that they are told, on any side of the antimeridian."""

from __future__ import annotations

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from eo_ingest.errors import SourceError
from eo_ingest.sources.gunw import footprint
from gunw_support import HOME, block_at

ACROSS = {
    "runs on eastwards": "POLYGON ((178 50, 182 50, 182 52, 178 52, 178 50))",
    "runs on westwards": "POLYGON ((-182 50, -178 50, -178 52, -182 52, -182 50))",
    "jumps": "POLYGON ((178 50, -178 50, -178 52, 178 52, 178 50))",
    "starts in the west": "POLYGON ((-178 52, 178 52, 178 50, -178 50, -178 52))",
    "is split": "MULTIPOLYGON (((178 50, 180 50, 180 52, 178 52, 178 50)), "
    "((-180 50, -178 50, -178 52, -180 52, -180 50)))",
}


@pytest.mark.parametrize("wkt", ACROSS.values(), ids=ACROSS.keys())
@pytest.mark.parametrize("longitude", [179.0, -179.0, 181.0])
def test_across_the_antimeridian(wkt, longitude):
    polygon = footprint.beside(footprint.parse(wkt, "x"), longitude)
    centre = 180.0 if longitude > 0 else -180.0
    assert polygon.equals(shapely.box(centre - 2, 50, centre + 2, 52))
    assert polygon.is_valid


@given(st.floats(-180, 180), st.integers(-2, 2), st.floats(-180, 180))
def test_a_footprint_is_brought_within_half_a_turn(west, turns, longitude):
    west += 360 * turns
    wkt = shapely.box(west, 10, west + 3, 12).wkt
    moved = footprint.beside(footprint.parse(wkt, "x"), longitude)
    left, _, right, _ = moved.bounds
    assert abs((left + right) / 2 - longitude) <= 180.001
    assert (left - west) / 360 == pytest.approx(round((left - west) / 360), abs=1e-9)
    assert moved.area == pytest.approx(6)


def test_a_footprint_that_crosses_itself_is_mended():
    polygon = footprint.parse("POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))", "x")
    assert polygon.is_valid
    assert polygon.area == pytest.approx(0.5)


@pytest.mark.parametrize(
    "wkt", ["", "POINT (0 0)", "POLYGON EMPTY", "LINESTRING (0 0, 1 1)", "POLYGON ((0 0, 1 1))", "nonsense"]
)
def test_what_is_no_polygon_is_refused(wkt):
    with pytest.raises(SourceError, match="granule x: its footprint is"):
        footprint.parse(wkt, "x")


@pytest.mark.parametrize("at", [HOME, (179.95, 52.0), (-179.95, -16.5), (25.0, 78.0)])
def test_a_block_is_a_polygon_around_its_centre(at):
    block, zone = block_at(*at)
    polygon, longitude = footprint.of_cell(zone, block)
    west, south, east, north = polygon.bounds
    assert polygon.is_valid
    assert east - west < 2
    assert west < longitude < east
    assert south <= at[1] <= north
    assert polygon.contains(shapely.Point(longitude + (at[0] - longitude + 180) % 360 - 180, at[1]))
