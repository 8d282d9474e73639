"""Features, dates and what else an expression's values can be, besides images and collections."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.geometry import UNBOUNDED, Geometry
from eo_ingest.emulator.image import Image

Function = Callable[..., Any]


@dataclass(frozen=True)
class Feature:
    """A geometry with properties."""

    geometry: Geometry | None
    properties: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None


Element = Image | Feature


@dataclass(frozen=True)
class Date:
    """An instant, in milliseconds since 1970 UTC."""

    millis: float

    @property
    def utc(self) -> dt.datetime:
        """As a datetime."""
        return dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(milliseconds=self.millis)


@dataclass(frozen=True)
class DateRange:
    """Half-open [start, end) in milliseconds; None on an open side."""

    start: float | None
    end: float | None

    def contains(self, millis: float) -> bool:
        """Whether an instant is in the range."""
        return (self.start is None or millis >= self.start) and (self.end is None or millis < self.end)


@dataclass(frozen=True)
class ErrorMargin:
    """Accepted everywhere, used nowhere: geometry here is as exact as it gets."""

    value: float | None
    unit: str


@dataclass(frozen=True)
class Parameters:
    """Any other named value, such as a join: its algorithm and arguments."""

    name: str
    arguments: Mapping[str, Any]


def parse_date(text: str) -> float:
    """Milliseconds of an ISO 8601 date or time; UTC unless it says otherwise."""
    try:
        found = dt.datetime.fromisoformat(text.strip())
    except ValueError as err:
        raise EarthEngineError(f"Invalid date: '{text}'. Dates are ISO 8601, such as 2020-01-31T10:00:00.") from err
    if found.tzinfo is None:
        found = found.replace(tzinfo=dt.UTC)
    return round((found - dt.datetime.fromtimestamp(0, dt.UTC)) / dt.timedelta(milliseconds=1), 3)


def millis(value: Any) -> float:
    """Milliseconds of a Date, a number or an ISO string."""
    if isinstance(value, Date):
        return value.millis
    if isinstance(value, str):
        return parse_date(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    raise EarthEngineError(f"Invalid argument. Expected a date, got {type(value).__name__}.")


def get(element: Element, name: str) -> Any:
    """A property, or None."""
    if name == "system:footprint":
        where = footprint(element)
        return None if where.shape is None else where
    if name in {"system:id", "id"} and name not in element.properties:
        return element.id
    if name == "system:band_names" and isinstance(element, Image):
        return element.names
    if name == ".geo":
        return footprint(element)
    return element.properties.get(name)


def footprint(element: Element) -> Geometry:
    """The geometry of an element; unbounded where it has none."""
    if isinstance(element, Image):
        return UNBOUNDED if element.footprint is None else Geometry(element.footprint)
    return element.geometry or Geometry(None)


def with_properties(element: Element, properties: Mapping[str, Any]) -> Element:
    """The element with other properties; one of value None is removed."""
    kept = {key: value for key, value in properties.items() if value is not None}
    return replace(element, properties=kept)


def update(element: Element, changes: Mapping[str, Any]) -> Element:
    """The element with some properties set."""
    if isinstance(element, Image) and "system:footprint" in changes:
        where = changes["system:footprint"]
        changes = {key: value for key, value in changes.items() if key != "system:footprint"}
        element = replace(element, footprint=where.shape if isinstance(where, Geometry) else None)
    if isinstance(element, Image) and "system:id" in changes:
        identifier = changes["system:id"]
        changes = {key: value for key, value in changes.items() if key != "system:id"}
        element = replace(element, id=None if identifier is None else str(identifier))
    return with_properties(element, {**element.properties, **changes})


def index(element: Element) -> str | None:
    """`system:index`."""
    found = element.properties.get("system:index")
    return None if found is None else str(found)
