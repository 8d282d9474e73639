"""Names of granules, in the forms that they came in."""

from datetime import date

import pytest

from eo_ingest.errors import SourceError
from eo_ingest.sources.gunw.name import GranuleName

REAL = [
    ("S1-GUNW-D-R-071-tops-20200130_20200124-135156-34956N_32979N-PP-913f-v2_0_4", "descending", 71, (2, 0, 4)),
    ("S1-GUNW-D-R-059-tops-20230320_20220418-180300-00179W_00051N-PP-c92e-v2_0_6", "descending", 59, (2, 0, 6)),
    ("S1-GUNW-D-R-032-tops-20200220_20200214-214625-00120E_00014N-PP-b785-v3_0_1", "descending", 32, (3, 0, 1)),
    ("S1-GUNW-A-R-064-tops-20210723_20210711-015000-00119W_00033N-PP-6267-v2_0_6", "ascending", 64, (2, 0, 6)),
    ("S1-GUNW-A-R-005-tops-20180319_20180307-004006-00099W_00019N-PP-0000-v3_0_1", "ascending", 5, (3, 0, 1)),
]


@pytest.mark.parametrize(("text", "direction", "track", "version"), REAL)
@pytest.mark.parametrize("suffix", ["", ".nc"])
def test_real_names_are_read(text, direction, track, version, suffix):
    name = GranuleName.parse(text + suffix)
    assert (name.text, name.direction, name.track, name.version) == (text, direction, track, version)
    assert name.look == "R"
    assert name.reference > name.secondary


def test_the_later_date_is_the_reference():
    name = GranuleName.parse(REAL[0][0])
    assert (name.reference, name.secondary, name.days) == (date(2020, 1, 30), date(2020, 1, 24), 6)
    assert name.seconds == 13 * 3600 + 51 * 60 + 56


def test_both_kinds_of_place():
    by_latitudes, across_the_antimeridian = (GranuleName.parse(REAL[i][0]) for i in (0, 1))
    assert (by_latitudes.south, by_latitudes.west) == (32.979, None)
    assert (across_the_antimeridian.south, across_the_antimeridian.west) == (51.0, -179.0)
    south = GranuleName.parse(REAL[0][0].replace("34956N_32979N", "32979S_34956S"))
    assert (south.south, south.west) == (-34.956, None)


@pytest.mark.parametrize(
    ("index", "place", "reaches"),
    [
        (0, (-117.0, 34.0), True),
        (0, (60.0, 34.0), True),  # the name tells no longitude
        (0, (-117.0, 40.0), False),
        (1, (-178.0, 52.0), True),
        (1, (179.5, 52.0), False),
        (1, (-170.0, 52.0), True),
        (1, (-120.0, 52.0), False),
        (2, (121.0, 13.5), True),
        (2, (121.0, 8.0), False),
    ],
)
def test_a_name_tells_where_its_granule_cannot_be(index, place, reaches):
    assert GranuleName.parse(REAL[index][0]).may_reach(*place) is reaches


def test_reach_goes_on_across_the_antimeridian():
    assert GranuleName.parse(REAL[1][0].replace("00179W", "00178E")).may_reach(-179.5, 52.0)


@pytest.mark.parametrize(
    "text",
    [
        REAL[0][0].replace("GUNW", "GUNW_CUSTOM"),
        REAL[0][0] + "-amplitude",
        REAL[0][0].replace("tops", "strip"),
        REAL[0][0].replace("20200130_20200124", "20200124_20200130"),
        REAL[0][0].replace("20200130_20200124", "20200124_20200124"),
        REAL[0][0].replace("20200130", "20201330"),
        REAL[0][0].replace("071", "000"),
        REAL[0][0].replace("071", "176"),
        "index.json",
        "",
    ],
)
def test_other_names_are_refused_and_left_out_of_listings(text):
    with pytest.raises(SourceError, match="is not the name of a GUNW granule"):
        GranuleName.parse(text)
    assert GranuleName.find(text + ".nc") is None


def test_listings_hold_other_files_too():
    assert GranuleName.find(REAL[0][0] + ".json") is None
    assert GranuleName.find(REAL[0][0] + ".nc") == GranuleName.parse(REAL[0][0])
