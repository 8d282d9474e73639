"""A contact sheet: sections of a product each, under a header that says where and what, over the small print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eo_ingest.preview import frame
from eo_ingest.preview.arrange import Arrangement, arrange
from eo_ingest.preview.caption import caption
from eo_ingest.preview.draw import Drawing
from eo_ingest.preview.gather import State
from eo_ingest.preview.lettering import PALE
from eo_ingest.preview.measure import Measure, cells
from eo_ingest.preview.pack import pack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from eo_ingest.preview.frame import Header
    from eo_ingest.preview.gather import Gathered
    from eo_ingest.preview.overview import Overview
    from eo_ingest.preview.section import Section
    from eo_ingest.preview.view import View

MAX_PX = 4800  # the longer side of a sheet, where nobody says otherwise
LARGE_AREA = 7_000_000  # the pixels of a sheet with panels of full size or more, where nobody says otherwise
FULL = 448
_NARROWEST = 50  # letters


@dataclass(frozen=True)
class Content:
    """What goes on a sheet: the ground, the words above and below, a section per product, a map where one is needed."""

    view: View
    header: Header
    credits: tuple[str, ...]
    sections: tuple[Section, ...]
    overview: Overview | None = None


@dataclass(frozen=True)
class Layout:
    """A sheet laid out: where each section and, last, the map goes, and how large the whole is."""

    content: Content
    measure: Measure
    sections: tuple[Arrangement, ...]
    places: tuple[tuple[int, int], ...]
    width: int
    height: int

    @property
    def inner(self) -> int:
        """The width between the margins."""
        return self.width - 2 * self.measure.room


def lay_out(content: Content, measure: Measure, made: tuple[Arrangement, ...]) -> Layout:
    """Put sections that are laid out on a sheet."""
    sizes = [(one.width, one.height) for one in made]
    page = pack([*sizes, content.overview.size(measure)] if content.overview else sizes, measure.room)
    width = max(page.width, _NARROWEST * measure.small)
    top = measure.room + content.header.height(measure, width)
    lines = frame.footer_lines(content.credits, measure, width)
    bottom = (len(lines) + 1) * measure.line + 2 * measure.room
    placed = tuple((x + measure.room, y + top) for x, y in page.places)
    return Layout(content, measure, made, placed, width + 2 * measure.room, top + page.height + bottom)


def fitting(content: Content, max_px: int | None) -> Layout | None:
    """The layout with the largest panels of which neither side is longer than `max_px`; None where none is.

    Without `max_px`, panels of full size are for small sheets only.
    """
    for cell in cells(content.view):
        side = max_px or MAX_PX
        measure = Measure.of(content.view, cell)
        made = tuple(arrange(section, measure) for section in content.sections)
        most = LARGE_AREA if max_px is None and cell >= FULL else side**2
        if sum(one.width * one.height for one in made) <= most:  # else it is no use to try
            layout = lay_out(content, measure, made)
            if max(layout.width, layout.height) <= side and layout.width * layout.height <= most:
                return layout
    return None


def draw(layout: Layout, gathered: Mapping[tuple[str, str], Gathered]) -> tuple[Image, list[dict[str, Any]]]:
    """Draw a sheet: the picture, and what was drawn of each section. `gathered` is by product and period."""
    import PIL.Image
    import PIL.ImageDraw

    content, measure = layout.content, layout.measure
    canvas = PIL.Image.new("RGB", (layout.width, layout.height), "white")
    pen = PIL.ImageDraw.Draw(canvas)
    _draw_header(layout, gathered, canvas, pen)
    told = []
    metres = content.view.zone.tile_size / measure.px
    for arrangement, place in zip(layout.sections, layout.places, strict=False):
        found = [gathered[series.product, series.period] for series in arrangement.section.series]
        strips = Drawing(arrangement, found, canvas, pen, place, metres).draw()
        told.append(_told(arrangement.section, found, strips))
    if content.overview:
        content.overview.draw(canvas, pen, layout.places[-1], content.view, measure)
    lines = frame.footer_lines(content.credits, measure, layout.inner)
    below = layout.height - measure.room - (len(lines) + 1) * measure.line
    frame.footer(pen, (measure.room, below), lines, measure, layout.inner)
    return canvas, told


def _draw_header(layout: Layout, gathered: Mapping[tuple[str, str], Gathered], canvas: Image, pen: ImageDraw) -> None:
    measure, header = layout.measure, layout.content.header
    left, top = measure.room, measure.room
    header.draw(pen, (left, top), measure, layout.inner)
    y = top + header.height(measure, layout.inner) - measure.room
    states = sorted({State(int(s)) for found in gathered.values() for s in found.states.flat})
    masked = any(found.masked for found in gathered.values())
    frame.key(canvas, pen, (left, y - measure.line), states, masked=masked, measure=measure)
    frame.scale_bar(pen, (left + layout.inner, y - measure.line // 4), layout.content.view, measure)
    pen.line((left, y + measure.gap, left + layout.inner, y + measure.gap), fill=PALE)


def _told(section: Section, gathered: list[Gathered], strips: list[dict[str, Any]]) -> dict[str, Any]:
    """A section as plain values."""
    frames = []
    for i, column in enumerate(section.columns):
        scenes = caption(section, i, gathered).scenes
        frames.append(
            {
                "period": section.series[column.series].period,
                "frame": column.frame.label,
                "start": f"{column.frame.start}",
                "end": f"{column.frame.end}",
                "scenes": scenes.count,
                "first": f"{scenes.first}" if scenes.first else None,
                "last": f"{scenes.last}" if scenes.last else None,
            }
        )
    periods = [series.period for series in section.series]
    return {"product": section.product, "periods": periods, "frames": frames, "strips": strips}
