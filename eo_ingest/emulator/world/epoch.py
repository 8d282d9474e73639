"""Dates as milliseconds since 1970."""

from __future__ import annotations

import datetime as dt


def ms(year: int, month: int = 1, day: int = 1) -> int:
    """The midnight (UTC) that begins a day."""
    return int(dt.datetime(year, month, day, tzinfo=dt.UTC).timestamp() * 1000)
