"""Where everything of a section goes. Pure arithmetic: no pixel is needed to know how large a sheet will be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eo_ingest.preview import lettering

if TYPE_CHECKING:
    from eo_ingest.preview.measure import Measure
    from eo_ingest.preview.section import Section, Strip

_PER_LINE = 12  # panels
_LEGEND = 24  # classes that a legend has room for
_NARROW = 34  # letters, beside which there is no room for a sentence
ABOUT_LINES = 2
_TOWER = 1.5  # height over width that a section may have


@dataclass(frozen=True)
class Placed:
    """A strip at (x, y) of its section. Captions stand above the lines of panels of a `captioned` one."""

    strip: Strip
    x: int
    y: int
    captioned: bool


@dataclass(frozen=True)
class Arrangement:
    """A section laid out: the lines of its title, its strips with `per_line` panels in a line, and its size."""

    section: Section
    measure: Measure
    title: tuple[str, ...]
    strips: tuple[Placed, ...]
    per_line: int
    panels_width: int
    width: int
    height: int

    def panel_at(self, placed: Placed, column: int) -> tuple[int, int]:
        """The upper left corner of a column's panel."""
        line, place = divmod(column, self.per_line)
        step = _line_height(self.section, placed.strip, self.measure, captioned=placed.captioned)
        above = caption_height(self.section, self.measure) if placed.captioned else 0
        return (
            placed.x + place * self.measure.pitch,
            placed.y + title_height(self.section, self.measure) + line * step + above,
        )


def arrange(section: Section, measure: Measure) -> Arrangement:
    """Lay a section out: single panels side by side, longer strips below one another, or in more columns if many."""
    per_line = min(len(section.columns), _PER_LINE)
    panels_width = per_line * measure.pitch - measure.gap
    step = panels_width + max(side_width(strip, measure) for strip in section.strips) + measure.room // 2
    across = _across(section, measure, step)
    width = across * step - measure.room // 2
    title = tuple(lettering.wrapped(_about(section), measure.small, width, lines=2))
    strips, y = [], round(1.6 * measure.large) + len(title) * measure.line + measure.gap // 2
    for start in range(0, len(section.strips), across):
        captioned = start == 0 or len(section.columns) > per_line
        row = section.strips[start : start + across]
        strips += [Placed(strip, i * step, y, captioned) for i, strip in enumerate(row)]
        y += max(_height(section, strip, measure, captioned=captioned) for strip in row)
    return Arrangement(section, measure, title, tuple(strips), per_line, panels_width, width, y)


def _about(section: Section) -> str:
    return f"{section.series[0].title} · pixels of {section.series[0].resolution}\u00a0m"


def _across(section: Section, measure: Measure, width: int) -> int:
    """How many strips go side by side, so that a section becomes neither a tower nor a ribbon."""
    count = len(section.strips)
    if len(section.columns) <= 2:
        return min(count, 6 // len(section.columns))
    for across in range(1, count):
        rows = [section.strips[i : i + across] for i in range(0, count, across)]
        height = sum(max(_height(section, strip, measure, captioned=False) for strip in row) for row in rows)
        if height <= _TOWER * across * width:
            return across
    return count


def title_height(section: Section, measure: Measure) -> int:
    """What stands above a strip: its name and, where that leaves no room beside it, lines of what it is."""
    lines = 0
    if is_narrow(section, measure):
        room = len(section.columns) * measure.pitch - measure.gap
        told = [lettering.wrapped(strip.about, measure.small, room, lines=ABOUT_LINES) for strip in section.strips]
        stretched = any(strip.style.how == "composite" for strip in section.strips)
        lines = ABOUT_LINES if stretched else max(map(len, told))
    return round(1.7 * measure.normal) + lines * measure.line


def is_narrow(section: Section, measure: Measure) -> bool:
    """Whether strips are so short that what they are stands below their names."""
    return min(len(section.columns), _PER_LINE) * measure.pitch <= _NARROW * measure.small


def caption_lines(section: Section) -> int:
    """Lines above a panel: the frame's name, its days, and its scenes, or its dates."""
    if section.dates:
        return 1 + sum(len(variable.bands) for variable in section.dates)
    return 2 + any(span(section, i) for i in range(len(section.columns)))


def span(section: Section, column: int) -> str:
    """A frame's days, first to last; nothing where its name says it."""
    frame = section.columns[column].frame
    if section.dates or frame.label.replace("-", "").isdigit():
        return ""
    last = frame.end.fromordinal(frame.end.toordinal() - 1)
    return f"{frame.start} – {last}"


def caption_height(section: Section, measure: Measure) -> int:
    """What the captions of a line of panels take."""
    return caption_lines(section) * measure.line + measure.gap // 2


def panel_size(strip: Strip, measure: Measure) -> tuple[int, int]:
    """Width and height of a strip's panels; small ones are half as large."""
    px = max(1, measure.px // 2) if strip.small else measure.px
    return measure.cols * px, measure.rows * px


def _line_height(section: Section, strip: Strip, measure: Measure, *, captioned: bool) -> int:
    """From one line of a strip's panels to the next."""
    height = panel_size(strip, measure)[1]
    if strip.small:
        height = (height + measure.line) * math.ceil(len(strip.bands) / 2)
    return height + measure.gap + (caption_height(section, measure) if captioned else 0)


def _height(section: Section, strip: Strip, measure: Measure, *, captioned: bool) -> int:
    lines = math.ceil(len(section.columns) / _PER_LINE)
    return title_height(section, measure) + lines * _line_height(section, strip, measure, captioned=captioned)


def side_width(strip: Strip, measure: Measure) -> int:
    """What the colour bar or the legend beside a strip takes."""
    if strip.style.how == "classes":
        columns, _ = legend_columns(strip, measure)
        return columns * (legend_width(strip, measure) + measure.gap)
    return measure.bar_side() if strip.style.how in {"scale", "cycle", "relief"} else 0


def legend_width(strip: Strip, measure: Measure) -> int:
    """The widest entry of a legend, swatch included."""
    widest = max(lettering.width(meaning(flag.meaning), measure.small) for flag in strip.variable.flags)
    return min(widest, 14 * measure.small) + measure.line


def legend_columns(strip: Strip, measure: Measure) -> tuple[int, int]:
    """Columns of a legend, and entries in each."""
    entries = min(len(strip.variable.flags), _LEGEND)
    rows = max(1, panel_size(strip, measure)[1] // measure.line)
    columns = min(3, math.ceil(entries / rows))
    return columns, rows


def meaning(word: str) -> str:
    """A class's name for people: `tree_cover` is `tree cover`."""
    return word.replace("_", " ")
