"""Which pairs a block gets."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from eo_ingest.period import Period
from eo_ingest.sources.gunw.entry import Entry
from eo_ingest.sources.gunw.name import GranuleName
from eo_ingest.sources.gunw.select import Candidate, Rule, choose

BLOCK = shapely.box(0, 0, 1, 1)
YEAR = (date(2019, 12, 1), date(2020, 12, 1))
RULE = Rule(slots=8, longest_days=48, oldest_version=(2, 0, 4))


def granule(reference, days=12, *, box=(0, 0, 1, 1), track=64, way="A", version="2_0_6", digest="abcd", time="120000"):
    day = date.fromisoformat(reference)
    text = (
        f"S1-GUNW-{way}-R-{track:03d}-tops-{day:%Y%m%d}_{day - timedelta(days=days):%Y%m%d}-{time}-"
        f"00000E_00000N-PP-{digest}-v{version}"
    )
    return Candidate(Entry(GranuleName.parse(text), f"{text}.nc"), shapely.box(*box))


def chosen(candidates, rule=RULE, span=YEAR):
    accepted = [c for c in candidates if rule.accepts(c.name, *span)]
    return choose(accepted, BLOCK, span, rule)


def dates(pairs):
    return [(f"{pair.reference}", f"{pair.secondary}") for pair in pairs]


def test_pairs_are_in_order_of_reference_and_secondary():
    pairs = chosen([granule("2020-06-24", 24), granule("2020-06-12"), granule("2020-06-24", 12)])
    assert dates(pairs) == [
        ("2020-06-12", "2020-05-31"),
        ("2020-06-24", "2020-05-31"),
        ("2020-06-24", "2020-06-12"),
    ]


@pytest.mark.parametrize(
    ("reference", "days", "taken"),
    [
        ("2019-12-13", 12, True),  # its earlier date is the period's first day
        ("2019-12-12", 12, False),
        ("2020-11-30", 12, True),
        ("2020-12-01", 12, False),  # the end is not in the period
        ("2020-06-01", 48, True),
        ("2020-06-01", 49, False),
        ("2020-06-01", 6, True),
    ],
)
def test_both_dates_lie_in_the_period_at_most_48_days_apart(reference, days, taken):
    assert len(chosen([granule(reference, days)])) == taken


def test_old_processing_is_left_out():
    assert chosen([granule("2020-06-01", version="2_0_3")]) == []
    assert len(chosen([granule("2020-06-01", version="2_0_4")])) == 1


def test_one_track_the_one_that_covers_most():
    narrow = [granule(f"2020-06-{d:02d}", box=(0, 0, 0.3, 1), track=10) for d in (1, 5, 10)]
    wide = [granule("2020-06-01", track=20), granule("2020-07-01", track=20)]
    pairs = chosen([*narrow, *wide])
    assert {pair.track for pair in pairs} == {20}
    assert [pair.cover for pair in pairs] == [1000, 1000]


def test_what_counts_is_what_the_slots_will_hold():
    """Thirty pairs of a part of the block are worth no more than eight."""
    many = [granule(f"{date(2020, 1, 1) + timedelta(days=10 * i)}", box=(0, 0, 0.4, 1), track=10) for i in range(30)]
    few = [granule(f"2020-0{m}-01", track=20) for m in range(2, 6)]
    assert {pair.track for pair in chosen([*many, *few])} == {20}


@pytest.mark.parametrize("order", [1, -1])
def test_equal_tracks_ascending_first_then_the_lower_number(order):
    tracks = [granule("2020-06-01", track=5, way="D"), granule("2020-06-01", track=90), granule("2020-06-01", track=17)]
    (pair,) = chosen(tracks[::order])
    assert (pair.direction, pair.track) == ("ascending", 17)


def test_granules_of_a_pass_make_one_pair_from_the_south_on():
    north = granule("2020-06-01", box=(0, 0.5, 1, 1.5), digest="0001", time="120030")
    south = granule("2020-06-01", box=(0, -0.5, 1, 0.6), digest="0002")
    (pair,) = chosen([north, south])
    assert [entry.name.text[-11:-7] for entry in pair.granules] == ["0002", "0001"]
    assert pair.cover == 1000


def test_a_pass_across_midnight_is_one():
    before = granule("2020-06-01", box=(0, -0.5, 1, 0.6), time="235950")
    after = granule("2020-06-02", 12, box=(0, 0.4, 1, 1.5), time="000015")
    (pair,) = chosen([before, after])
    assert len(pair.granules) == 2
    assert (pair.reference, pair.secondary) == (date(2020, 6, 1), date(2020, 5, 20))


def test_only_the_secondary_may_cross_midnight():
    one = granule("2020-06-02", 12, box=(0, -0.5, 1, 0.6), time="000002")
    other = granule("2020-06-02", 13, box=(0, 0.4, 1, 1.5), time="000030")
    (pair,) = chosen([one, other])
    assert len(pair.granules) == 2


def test_pairs_of_one_reference_and_days_that_follow_each_other_are_two():
    """At noon, two secondaries a day apart are two passes (of two satellites)."""
    assert len(chosen([granule("2020-06-02", 12), granule("2020-06-02", 13)])) == 2


def test_the_newest_main_version_alone():
    old = granule("2020-06-01", box=(0, -1, 1, 2))
    new = granule("2020-06-01", box=(0, 0, 1, 0.8), version="3_0_1")
    (pair,) = chosen([old, new])
    assert [entry.name.version for entry in pair.granules] == [(3, 0, 1)]


def test_duplicates_are_dropped():
    twice = [granule("2020-06-01", digest=d) for d in ("bbbb", "aaaa")]
    older = granule("2020-06-01", version="2_0_5", digest="0000")
    inner = granule("2020-06-01", box=(0.1, 0.1, 0.9, 0.9), digest="cccc")
    (pair,) = chosen([inner, older, *twice])
    assert [entry.name.text[-11:-7] for entry in pair.granules] == ["aaaa"]


def test_frames_that_overlap_by_half_are_no_duplicates():
    halves = [granule("2020-06-01", box=(0, i / 2, 1, i / 2 + 1), digest=f"000{i}") for i in (0, 1)]
    (pair,) = chosen(halves)
    assert len(pair.granules) == 2


def test_what_only_touches_the_block_is_not_used():
    assert chosen([granule("2020-06-01", box=(1, 0, 2, 1))]) == []
    (pair,) = chosen([granule("2020-06-01"), granule("2020-06-01", box=(1, 0, 2, 1), digest="0001")])
    assert len(pair.granules) == 1


def test_pairs_are_spread_over_the_period():
    """A pair every twelve days: eight of them, one in each eighth of the year."""
    every = [granule(f"{date(2019, 12, 13) + timedelta(days=12 * i)}") for i in range(30)]
    pairs = chosen(every)
    middles = [(pair.middle - YEAR[0]).days * 8 // 366 for pair in pairs]
    assert middles == list(range(8))


def test_free_slots_are_filled():
    """All pairs in one month: still eight of them."""
    june = [granule(f"2020-06-{d:02d}", days) for d in (13, 19, 25) for days in (6, 12)]
    assert len(chosen(june)) == 6
    july = [granule(f"2020-07-{d:02d}", days) for d in (13, 19, 25) for days in (6, 12)]
    assert len(chosen([*june, *july])) == 8


def test_in_a_span_cover_counts_then_shortness_then_the_date():
    rule = Rule(slots=1, longest_days=48, oldest_version=(2, 0, 4))
    half = granule("2020-06-01", 6, box=(0, 0, 0.5, 1))
    longer = granule("2020-06-01", 24)
    shorter = granule("2020-06-13", 12)
    later = granule("2020-06-25", 12)
    assert dates(chosen([half, longer, shorter, later], rule)) == [("2020-06-13", "2020-06-01")]
    assert dates(chosen([half, longer], rule)) == [("2020-06-01", "2020-05-08")]


def test_nothing_there_is_nothing():
    assert chosen([]) == []


def test_months_are_periods_too():
    span = Period.parse("2020-06").start, Period.parse("2020-06").end
    pairs = chosen([granule("2020-06-20", 12), granule("2020-06-05", 12)], span=span)
    assert dates(pairs) == [("2020-06-20", "2020-06-08")]


boxes = st.sampled_from([(0, 0, 1, 1), (0, 0, 0.5, 1), (0, -0.7, 1, 0.4), (0, 0.3, 1, 1.6), (0.9, 0.9, 3, 3)])
granules = st.builds(
    lambda day, days, box, track, way, version, digest: granule(
        f"{date(2020, 1, 1) + timedelta(days=day)}",
        days,
        box=box,
        track=track,
        way=way,
        version=version,
        digest=digest,
    ),
    st.integers(0, 40).map(lambda n: 6 * n),
    st.sampled_from([6, 12, 24, 36, 48]),
    boxes,
    st.sampled_from([5, 64]),
    st.sampled_from(["A", "D"]),
    st.sampled_from(["2_0_4", "2_0_6", "3_0_1"]),
    st.sampled_from(["aaaa", "bbbb"]),
)


@settings(max_examples=60)
@given(st.lists(granules, max_size=30, unique_by=lambda c: c.name.text), st.randoms(use_true_random=False))
def test_the_order_of_the_listing_does_not_matter(candidates, rng):
    shuffled = list(candidates)
    rng.shuffle(shuffled)
    pairs = chosen(candidates)
    assert chosen(shuffled) == pairs
    assert len(pairs) <= RULE.slots
    assert len({(pair.track, pair.direction) for pair in pairs}) <= 1
    assert len(set(dates(pairs))) == len(pairs)
    for pair in pairs:
        assert 0 < pair.days <= 48
        assert 0 < pair.cover <= 1000
        assert len({entry.name.version[0] for entry in pair.granules}) == 1


@settings(max_examples=60)
@given(st.lists(granules, max_size=20, unique_by=lambda c: c.name.text))
def test_what_was_not_chosen_may_as_well_not_be_there(candidates):
    pairs = chosen(candidates)
    used = {entry.name.text for pair in pairs for entry in pair.granules}
    assert chosen([c for c in candidates if c.name.text in used]) == pairs
