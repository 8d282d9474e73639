"""Periods that a recipe gives relative to an event: `event-1y`, the calendar year before that of the event's day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eo_ingest.errors import ConfigError
from eo_ingest.period import Period
from eo_ingest.recipes.recipe import BEFORE_EVENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def settled(
    periods: Mapping[str, Sequence[str]], of_all: Sequence[str], wanted: Iterable[str], who: str
) -> dict[str, Sequence[str]]:
    """Periods by product, with each relative one replaced by the years that it stands for: one per event of the run.

    Args:
        periods: product -> the periods of it alone, some of them relative.
        of_all: the periods of products that have none of their own.
        wanted: the products of the run.
        who: the recipe's name, for messages.

    Raises:
        ConfigError: if there is a relative period and no event.
    """
    if not any(_relative(name) for own in periods.values() for name in own):
        return dict(periods)
    events = _events(name for own in periods.values() for name in own if not _relative(name))
    if not events or set(wanted) - set(periods):
        events += _events(of_all)
    return {product: _years(own, events, f"recipe {who!r}: {product!r}") for product, own in periods.items()}


def _relative(name: str) -> bool:
    return BEFORE_EVENT.fullmatch(name) is not None


def _events(names: Iterable[str]) -> list[int]:
    """The years of the events among periods."""
    return [event.year for name in names if (event := Period.parse(name).event)]


def _years(own: Sequence[str], events: list[int], who: str) -> tuple[str, ...]:
    names: list[str] = []
    for name in own:
        found = BEFORE_EVENT.fullmatch(name)
        if found and not events:
            raise ConfigError(f"{who} is of {name}, but this run has no event: add the day of one, --period 2020-07-15")
        names += [str(year - int(found[1])) for year in events] if found else [name]
    return tuple(dict.fromkeys(names))
