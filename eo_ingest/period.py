"""Time: half-open periods in UTC and the frames that a product's cadence cuts them into."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal, assert_never

from eo_ingest.errors import ConfigError

Cadence = Literal["seasons", "months", "calendar-year"]

_SEASONS = ("DJF", "MAM", "JJA", "SON")


@dataclass(frozen=True, slots=True)
class Frame:
    """One step of an array's first axis: `label` and the half-open days [start, end) in UTC."""

    label: str
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Period:
    """A named half-open time span [start, end) in UTC.

    `2020` is the meteorological year from 2019-12-01 to 2020-12-01, so that its four seasons are whole; `2020-07` is
    the calendar month.
    """

    name: str
    start: date
    end: date

    @classmethod
    def parse(cls, name: str) -> Period:
        """Read `YYYY` or `YYYY-MM`.

        Raises:
            ConfigError: for anything else.
        """
        found = re.fullmatch(r"(\d{4})(?:-(\d{2}))?", name)
        year = int(found[1]) if found else 0
        month = int(found[2]) if found and found[2] else None
        if not found or not 1900 <= year <= 2200 or (month is not None and not 1 <= month <= 12):
            raise ConfigError(f"period {name!r} is not one: expected a year such as 2020, or a month such as 2020-07")
        if month is None:
            return cls(name, date(year - 1, 12, 1), date(year, 12, 1))
        return cls(name, date(year, month, 1), _add_months(date(year, month, 1), 1))

    @property
    def is_year(self) -> bool:
        """Whether the period is a whole meteorological year."""
        return len(self.name) == 4

    def frames(self, cadence: Cadence) -> tuple[Frame, ...]:
        """Cut the period into frames.

        `seasons` and `months` rejoin to the period exactly; `calendar-year` gives one frame, the year of the name from
        1 January, for yearly maps that are not composites of ours.

        Raises:
            ConfigError: if the period is too short for the cadence.
        """
        if cadence == "months":
            count = 12 if self.is_year else 1
            starts = [_add_months(self.start, i) for i in range(count)]
            return tuple(Frame(f"{s:%Y-%m}", s, _add_months(s, 1)) for s in starts)
        if not self.is_year:
            raise ConfigError(
                f"period {self.name!r} is a month, but the product has one value per {cadence}: give a year"
            )
        if cadence == "seasons":
            starts = [_add_months(self.start, 3 * i) for i in range(4)]
            return tuple(Frame(label, s, _add_months(s, 3)) for label, s in zip(_SEASONS, starts, strict=True))
        if cadence == "calendar-year":
            return (Frame(self.name, date(self.end.year, 1, 1), date(self.end.year + 1, 1, 1)),)
        assert_never(cadence)


def _add_months(day: date, months: int) -> date:
    month = day.month - 1 + months
    return date(day.year + month // 12, month % 12 + 1, day.day)
