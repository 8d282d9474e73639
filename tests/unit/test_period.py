import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eo_ingest.errors import ConfigError
from eo_ingest.period import Period

years = st.integers(1901, 2200).map(str)
months = st.builds(lambda y, m: f"{y}-{m:02d}", st.integers(1901, 2200), st.integers(1, 12))


def test_a_year_is_the_twelve_months_from_december():
    period = Period.parse("2020")
    assert (period.start, period.end) == (date(2019, 12, 1), date(2020, 12, 1))
    assert [(f.label, f.start, f.end) for f in period.frames("seasons")] == [
        ("DJF", date(2019, 12, 1), date(2020, 3, 1)),
        ("MAM", date(2020, 3, 1), date(2020, 6, 1)),
        ("JJA", date(2020, 6, 1), date(2020, 9, 1)),
        ("SON", date(2020, 9, 1), date(2020, 12, 1)),
    ]


@given(years, st.sampled_from(["seasons", "months"]))
def test_frames_rejoin_to_the_period(name, cadence):
    period = Period.parse(name)
    frames = period.frames(cadence)
    assert frames[0].start == period.start
    assert frames[-1].end == period.end
    assert all(a.end == b.start for a, b in itertools.pairwise(frames))
    days = sum((f.end - f.start for f in frames), timedelta())
    assert days == period.end - period.start
    assert len({f.label for f in frames}) == len(frames)


@given(months)
def test_a_month_is_a_calendar_month(name):
    period = Period.parse(name)
    assert (period.start.day, period.end.day) == (1, 1)
    assert 28 <= (period.end - period.start).days <= 31
    (frame,) = period.frames("months")
    assert (frame.label, frame.start, frame.end) == (name, period.start, period.end)


def test_a_calendar_year_is_not_the_meteorological_one():
    (frame,) = Period.parse("2021").frames("calendar-year")
    assert (frame.label, frame.start, frame.end) == ("2021", date(2021, 1, 1), date(2022, 1, 1))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20",
        "2020-13",
        "2020-00",
        "2020-7",
        "twenty",
        "0000",
        "2020/01",
        "2020-02-30",
        "2020-Q5",
        "2020-Q",
        "2020-q1",
    ],
)
def test_what_is_no_period_is_refused(text):
    with pytest.raises(ConfigError, match="expected a year such as 2020"):
        Period.parse(text)


@given(st.integers(1901, 2200), st.integers(1, 4))
def test_a_quarter_is_three_calendar_months(year, quarter):
    period = Period.parse(f"{year}-Q{quarter}")
    assert period.months() == tuple(f"{year}-{m:02d}" for m in range(3 * quarter - 2, 3 * quarter + 1))
    assert [f.label for f in period.frames("months")] == list(period.months())


@given(st.one_of(years, months))
def test_the_months_of_a_period_rejoin_to_it(name):
    period = Period.parse(name)
    parts = [Period.parse(month) for month in period.months()]
    assert (parts[0].start, parts[-1].end) == (period.start, period.end)
    assert all(a.end == b.start for a, b in itertools.pairwise(parts))


def test_an_event_is_its_day_between_two_windows():
    period = Period.parse("2020-03-01")
    frames = period.frames("event", 2)
    assert [f.label for f in frames] == ["before-2", "before-1", "after-1", "after-2"]
    assert {(f.start, f.end) for f in frames[:2]} == {(date(2020, 1, 1), date(2020, 3, 1))}
    assert {(f.start, f.end) for f in frames[2:]} == {(date(2020, 3, 1), date(2020, 4, 30))}


def test_an_event_is_no_year_and_a_year_is_no_event():
    with pytest.raises(ConfigError, match="give the day of one"):
        Period.parse("2020").frames("event", 3)
    with pytest.raises(ConfigError, match="is the day of an event"):
        Period.parse("2020-03-01").frames("seasons")


def test_pairs_are_looked_for_in_the_whole_period():
    frames = Period.parse("2020-Q2").frames("pairs", 3)
    assert [f.label for f in frames] == ["pair-01", "pair-02", "pair-03"]
    assert {(f.start, f.end) for f in frames} == {(date(2020, 4, 1), date(2020, 7, 1))}


def test_a_month_has_no_seasons():
    with pytest.raises(ConfigError, match="give a year"):
        Period.parse("2020-07").frames("seasons")
