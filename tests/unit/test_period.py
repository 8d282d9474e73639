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


@pytest.mark.parametrize("text", ["", "20", "2020-13", "2020-00", "2020-7", "twenty", "0000", "2020/01", "2020-01-01"])
def test_what_is_no_period_is_refused(text):
    with pytest.raises(ConfigError, match="expected a year such as 2020"):
        Period.parse(text)


def test_a_month_has_no_seasons():
    with pytest.raises(ConfigError, match="give a year"):
        Period.parse("2020-07").frames("seasons")
