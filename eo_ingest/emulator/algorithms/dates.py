"""Dates and date ranges, in UTC."""

from __future__ import annotations

import calendar
import datetime as dt
from typing import Any

from eo_ingest.emulator.element import Date, DateRange, millis, parse_date
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.registry import algorithm

_MILLIS = {"second": 1e3, "minute": 6e4, "hour": 3.6e6, "day": 8.64e7, "week": 6.048e8}
# Mean lengths, for differences and fractions.
_MEAN = {**_MILLIS, "month": 365.2425 / 12 * 8.64e7, "year": 365.2425 * 8.64e7}


def _unit(name: str) -> str:
    unit = name.lower().removesuffix("s")
    if unit not in _MEAN:
        raise EarthEngineError(f"Unknown unit of time: '{name}'. Options: {', '.join(_MEAN)}.")
    return unit


def _utc(zone: str | None) -> None:
    if zone not in {None, "UTC", "Etc/UTC", "GMT"}:
        raise EarthEngineError(f"Time zone '{zone}': the emulator knows UTC only.")


def _of(when: dt.datetime) -> Date:
    return Date(parse_date(when.isoformat()))


@algorithm("Date")
def make_date(value: Any, zone: str | None) -> Date:
    """A date of milliseconds, ISO text or another date."""
    _utc(zone)
    return Date(millis(value))


@algorithm("Date.fromYMD")
def from_ymd(year: int, month: int, day: int, zone: str | None) -> Date:
    """A date of its parts."""
    _utc(zone)
    return _of(dt.datetime(year, month, day, tzinfo=dt.UTC))


@algorithm("Date.millis")
def to_millis(date: Date) -> float:
    """Milliseconds since 1970."""
    return date.millis


@algorithm("Date.advance")
def advance(date: Date, delta: float, unit: str, zone: str | None) -> Date:
    """The date moved; whole months and years keep the day of the month where that exists."""
    _utc(zone)
    kind = _unit(unit)
    if kind in _MILLIS:
        return Date(date.millis + delta * _MILLIS[kind])
    months = int(delta) * (12 if kind == "year" else 1)
    when = date.utc
    year, month = divmod(when.year * 12 + when.month - 1 + months, 12)
    day = min(when.day, calendar.monthrange(year, month + 1)[1])
    moved = _of(when.replace(year=year, month=month + 1, day=day))
    rest = delta - int(delta)
    return Date(moved.millis + rest * _MEAN[kind])


@algorithm("Date.difference")
def difference(date: Date, start: Date, unit: str) -> float:
    """How much later than another date, in mean units."""
    return (date.millis - start.millis) / _MEAN[_unit(unit)]


_JODA = {
    "YYYY": "{0.year:04d}",
    "yyyy": "{0.year:04d}",
    "YY": "%y",
    "yy": "%y",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "{0.month:02d}",
    "M": "{0.month}",
    "dd": "{0.day:02d}",
    "d": "{0.day}",
    "DDD": "%j",
    "D": "{1}",
    "HH": "{0.hour:02d}",
    "H": "{0.hour}",
    "mm": "{0.minute:02d}",
    "m": "{0.minute}",
    "ss": "{0.second:02d}",
    "s": "{0.second}",
    "SSS": "{2:03d}",
    "EEEE": "%A",
    "EEE": "%a",
    "E": "%a",
    "e": "{3}",
    "w": "%V",
    "ww": "%V",
}


@algorithm("Date.format")
def format_date(date: Date, pattern: str | None, zone: str | None) -> str:
    """The date as text, ISO by default or by a pattern of Joda time."""
    _utc(zone)
    when = date.utc
    text, position = "", 0
    pattern = pattern or "YYYY-MM-dd'T'HH:mm:ss"
    while position < len(pattern):
        char = pattern[position]
        if char == "'":
            end = pattern.find("'", position + 1)
            end = len(pattern) if end < 0 else end
            text += pattern[position + 1 : end] or "'"
            position = end + 1
            continue
        run = len(pattern[position:]) - len(pattern[position:].lstrip(char))
        token = pattern[position : position + run]
        position += run
        if not char.isalpha():
            text += token
            continue
        form = _JODA.get(token)
        if form is None:
            raise EarthEngineError(f"Date pattern '{token}' is not in the emulator.")
        day = when.timetuple().tm_yday
        shown = form.format(when, day, when.microsecond // 1000, when.isoweekday()) if "{" in form else form
        text += when.strftime(shown) if "%" in shown else shown
    return text


@algorithm("Date.get")
def get(date: Date, unit: str, zone: str | None) -> int:
    """A part of the date."""
    _utc(zone)
    when, kind = date.utc, _unit(unit)
    return int(when.isocalendar().week) if kind == "week" else int(getattr(when, kind))


def _floor(when: dt.datetime, unit: str) -> dt.datetime:
    if unit == "week":
        return _floor(when, "day") - dt.timedelta(days=when.weekday())
    names = ["year", "month", "day", "hour", "minute", "second", "microsecond"]
    first = {"year": 1, "month": 1, "day": 1}
    changes = {name: first.get(name, 0) for name in names[names.index(unit) + 1 :]}
    return when.replace(**changes)  # type: ignore[arg-type]


@algorithm("Date.getRelative")
def get_relative(date: Date, unit: str, inside: str, zone: str | None) -> int:
    """How many whole units since the start of a larger one."""
    _utc(zone)
    when = date.utc
    inner, outer = _unit(unit), _unit(inside)
    if inner == "month" and outer == "year":
        return when.month - 1
    return int((when - _floor(when, outer)).total_seconds() * 1000 // _MEAN[inner])


@algorithm("Date.getFraction")
def get_fraction(date: Date, unit: str, zone: str | None) -> float:
    """The elapsed fraction of a unit."""
    span = get_range(date, unit, zone)
    start, end = span.start or 0, span.end or 0
    return (date.millis - start) / (end - start)


@algorithm("Date.getRange")
def get_range(date: Date, unit: str, zone: str | None) -> DateRange:
    """The unit of time that contains the date."""
    start = _of(_floor(date.utc, _unit(unit)))
    return DateRange(start.millis, advance(start, 1, unit, zone).millis)


@algorithm("Date.unitRatio")
def unit_ratio(numerator: str, denominator: str) -> float:
    """The ratio of two units' mean lengths."""
    return _MEAN[_unit(numerator)] / _MEAN[_unit(denominator)]


@algorithm("DateRange")
def make_range(start: Any, end: Any, zone: str | None) -> DateRange:
    """Half-open [start, end); without an end, one millisecond."""
    _utc(zone)
    first = millis(start)
    last = first + 1 if end is None else millis(end)
    if last < first:
        raise EarthEngineError("A date range ends before it starts.")
    return DateRange(first, last)


@algorithm("DateRange.start")
def range_start(span: DateRange) -> Date | None:
    """The first instant."""
    return None if span.start is None else Date(span.start)


@algorithm("DateRange.end")
def range_end(span: DateRange) -> Date | None:
    """The first instant after."""
    return None if span.end is None else Date(span.end)


@algorithm("DateRange.contains")
def range_contains(span: DateRange, other: Any) -> bool:
    """Whether the range holds a date or a range."""
    if isinstance(other, DateRange):
        return span.contains(other.start or 0) and other.end is not None and (span.end is None or other.end <= span.end)
    return span.contains(millis(other))
