"""Maps that exist for some years only: what is not among them is refused before any work."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from eo_ingest.product import Gap

if TYPE_CHECKING:
    from collections.abc import Iterable


def only(years: Iterable[int], words: str) -> tuple[Gap, ...]:
    """The gaps of a source that has these calendar years.

    Args:
        years: the years.
        words: how a message names them.
    """
    gaps, free = [], date.min
    for year in sorted(years):
        if free < date(year, 1, 1):
            gaps.append(Gap(free, date(year, 1, 1), f"the source has {words}"))
        free = date(year + 1, 1, 1)
    return (*gaps, Gap(free, date.max, f"the source has {words}"))


def since(year: int) -> tuple[Gap, ...]:
    """The gap of a source that begins with a calendar year and goes on."""
    return (Gap(date.min, date(year, 1, 1), f"the source begins with {year}"),)
