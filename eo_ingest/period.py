"""Time: half-open periods in UTC and the frames that a product's cadence cuts them into."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, assert_never

from eo_ingest.errors import ConfigError

Cadence = Literal["seasons", "months", "calendar-year", "event", "pairs"]

# How long before and after an event acquisitions are looked for: five repeats of one Sentinel-1 satellite.
EVENT_DAYS = 60

_SEASONS = ("DJF", "MAM", "JJA", "SON")
_NAME = re.compile(r"(\d{4})(?:-Q(?P<quarter>[1-4])|-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?")
_YEARS = (1900, 2200)


@dataclass(frozen=True, slots=True)
class Frame:
    """One step of an array's first axis: `label` and the half-open days [start, end) in UTC."""

    label: str
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Period:
    """A named half-open time span [start, end) in UTC.

    `2020` is the meteorological year from 2019-12-01 to 2020-12-01, so that its four seasons are whole; `2020-Q1` is
    the calendar quarter from January, `2020-07` the calendar month. `2020-07-15` is an event: that day with 60 days
    before it and, from it on, 60 days after.
    """

    name: str
    start: date
    end: date

    @classmethod
    def parse(cls, name: str) -> Period:
        """Read `YYYY`, `YYYY-Qn`, `YYYY-MM` or `YYYY-MM-DD`.

        Raises:
            ConfigError: for anything else.
        """
        found = _NAME.fullmatch(name)
        period = cls._read(name, found) if found else None
        if period is None:
            raise ConfigError(
                f"period {name!r} is not one: expected a year such as 2020, a quarter such as 2020-Q3, a month such as "
                "2020-07, or the day of an event such as 2020-07-15"
            )
        return period

    @classmethod
    def _read(cls, name: str, found: re.Match[str]) -> Period | None:
        year, quarter, month, day = (int(part) if part else 0 for part in found.groups())
        if not _YEARS[0] <= year <= _YEARS[1]:
            return None
        if quarter:
            first = date(year, 3 * quarter - 2, 1)
            return cls(name, first, _add_months(first, 3))
        if found["month"] is None:
            return cls(name, date(year - 1, 12, 1), date(year, 12, 1))
        try:
            first = date(year, month, day if found["day"] else 1)
        except ValueError:
            return None
        if found["day"]:
            return cls(name, first - timedelta(EVENT_DAYS), first + timedelta(EVENT_DAYS))
        return cls(name, first, _add_months(first, 1))

    @property
    def is_year(self) -> bool:
        """Whether the period is a whole meteorological year."""
        return len(self.name) == 4

    @property
    def event(self) -> date | None:
        """The day of the event, where the period is one."""
        return date.fromisoformat(self.name) if len(self.name) == len("2020-07-15") else None

    def months(self) -> tuple[str, ...]:
        """The names of its months in order; none for an event."""
        if self.event:
            return ()
        count = (self.end.year - self.start.year) * 12 + self.end.month - self.start.month
        return tuple(f"{_add_months(self.start, i):%Y-%m}" for i in range(count))

    def frames(self, cadence: Cadence, slots: int = 0) -> tuple[Frame, ...]:
        """Cut the period into frames.

        `seasons` and `months` rejoin to the period exactly; `calendar-year` gives one frame, the year of the name from
        1 January, for yearly maps that are not composites of ours. `event` gives `before-<slots>` to `before-1` and
        `after-1` to `after-<slots>`, each with the half of the period in which its acquisition is looked for; `pairs`
        gives `pair-01` to `pair-<slots>`, each with the whole period. Which dates such frames have differs from place
        to place, so it is data.

        Raises:
            ConfigError: if the period does not go with the cadence.
        """
        if cadence == "event":
            return self._around_event(slots)
        if self.event:
            raise ConfigError(
                f"period {self.name!r} is the day of an event, but the product has {cadence}: give a year"
            )
        if cadence == "pairs":
            return tuple(Frame(f"pair-{i:02d}", self.start, self.end) for i in range(1, slots + 1))
        if cadence == "months":
            starts = [date.fromisoformat(f"{name}-01") for name in self.months()]
            return tuple(Frame(f"{s:%Y-%m}", s, _add_months(s, 1)) for s in starts)
        if not self.is_year:
            raise ConfigError(
                f"period {self.name!r} is no year, but the product has one value per {cadence}: give a year"
            )
        if cadence == "seasons":
            starts = [_add_months(self.start, 3 * i) for i in range(4)]
            return tuple(Frame(label, s, _add_months(s, 3)) for label, s in zip(_SEASONS, starts, strict=True))
        if cadence == "calendar-year":
            return (Frame(self.name, date(self.end.year, 1, 1), date(self.end.year + 1, 1, 1)),)
        assert_never(cadence)

    def _around_event(self, slots: int) -> tuple[Frame, ...]:
        if not self.event:
            raise ConfigError(f"period {self.name!r} is no event: give the day of one, such as 2020-07-15")
        before = [Frame(f"before-{i}", self.start, self.event) for i in range(slots, 0, -1)]
        return (*before, *(Frame(f"after-{i}", self.event, self.end) for i in range(1, slots + 1)))


def _add_months(day: date, months: int) -> date:
    month = day.month - 1 + months
    return date(day.year + month // 12, month % 12 + 1, day.day)
