"""What stands above a panel: the frame, its days, and which scenes or dates it is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from eo_ingest.preview.arrange import span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np

    from eo_ingest.period import Frame
    from eo_ingest.preview.gather import Gathered
    from eo_ingest.preview.section import Section
    from eo_ingest.product import Variable

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIMED = re.compile(r"date|time|start|end|reference|secondary|acqui", re.IGNORECASE)
_UNTIMED = re.compile(r"process|creat|modif|updat|publish|ingest", re.IGNORECASE)
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Scenes:
    """How many scenes a frame is made of, and the first and last of their days."""

    count: int
    first: date | None = None
    last: date | None = None

    def texts(self, frame: Frame) -> tuple[str, ...]:
        """The same in words, ever shorter; days lose their year only where they are the frame's."""
        if not self.count:
            return ("",)
        told = f"{self.count} scene{'' if self.count == 1 else 's'}"
        if not (self.first and self.last):
            return (told,)
        whole = f"{told}, {between(self.first, self.last)}"
        own = frame.start <= self.first and self.last < frame.end
        return (whole, f"{told}, {between(self.first, self.last, year=False)}", told) if own else (whole, told)


@dataclass(frozen=True)
class Caption:
    """The lines above a panel, each with shorter ways to say it."""

    label: str
    lines: tuple[tuple[str, ...], ...]
    scenes: Scenes


def caption(section: Section, column: int, gathered: Sequence[Gathered]) -> Caption:
    """The caption of a section's column."""
    where = section.columns[column]
    found = gathered[where.series]
    label = (
        where.frame.label
        if len(section.series) == 1
        else _joined(section.series[where.series].period, where.frame.label)
    )
    scenes = _scenes(found, where.frame.label)
    if section.dates:
        lines = [
            line for variable in section.dates for line in _dates(variable, found.values[variable.name][where.index])
        ]
        return Caption(label, tuple(lines), scenes)
    days = span(section, column)
    short = " – ".join(day[len("2020-") :] for day in days.split(" – "))
    return Caption(label, (*([(days, short)] if days else []), scenes.texts(where.frame)), scenes)


def between(first: date, last: date, *, year: bool = True) -> str:
    """Two days as one text: `2020-01-03 – 02-27`."""
    if first == last:
        return f"{first}" if year else f"{first:%m-%d}"
    start, same = (f"{first}" if year else f"{first:%m-%d}"), first.year == last.year
    return f"{start} – {last:%m-%d}" if same or not year else f"{start} – {last}"


def _joined(period: str, label: str) -> str:
    return label if period in label else f"{period} {label}"


def _dates(variable: Variable, stored: np.ndarray) -> Iterable[tuple[str, ...]]:
    """What a date variable (band, y, x) says, a line per band."""
    for band, values in zip(variable.bands, stored, strict=True):
        valid = values[values != variable.nodata]
        name = f"{band} " if len(variable.bands) > 1 else ""
        if not valid.size:
            yield f"{name}no date", "no date"
            continue
        first, last = (_EPOCH + timedelta(days=int(n)) for n in (valid.min(), valid.max()))
        yield f"{name}{between(first, last)}", between(first, last), between(first, last, year=False)


def _scenes(gathered: Gathered, label: str) -> Scenes:
    """The scenes of a frame over all records, each once."""
    rows = [row for record in gathered.records for row in record.scenes.get(label, ())]
    by_id = {str(row.get("system:index", row)): row for row in rows}
    days = [day for row in by_id.values() for day in _days(row)]
    return Scenes(len(by_id), min(days, default=None), max(days, default=None))


def _days(row: dict[str, Any]) -> Iterable[date]:
    """The days that a scene's properties name: when it was taken, not when it was processed."""
    taken = row.get("system:time_start")
    values = (
        [taken] if taken is not None else [v for k, v in row.items() if _TIMED.search(k) and not _UNTIMED.search(k)]
    )
    for value in values:
        if isinstance(value, str) and _DAY.match(value):
            yield date.fromisoformat(value[:10])
        elif value is taken and isinstance(value, int | float):
            yield datetime.fromtimestamp(value / 1000, UTC).date()
