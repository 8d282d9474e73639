"""What frames a sheet: the title, where it is, what its patterns mean, a scale bar, and whose data it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eo_ingest.preview import fabric, lettering
from eo_ingest.preview.lettering import BLACK, GREY, PALE, WHITE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from eo_ingest.preview.gather import State
    from eo_ingest.preview.measure import Measure
    from eo_ingest.preview.view import View

_BADGE = (196, 62, 28)
_WHOLE = 40  # lines: what a licence asks to be said is not cut short
_SCALE = 0.4  # of a panel's width, at most


@dataclass(frozen=True)
class Header:
    """The words over a sheet: its title, lines of provenance, and where the data are made up, that they are."""

    title: str
    lines: tuple[str, ...]
    synthetic: str | None

    def height(self, measure: Measure, width: int) -> int:
        """What it takes of a sheet of that width, key and rule included."""
        return round(1.5 * measure.title) + (len(self._wrapped(measure, width)) + 2) * measure.line + measure.room

    def _wrapped(self, measure: Measure, width: int) -> list[str]:
        return [part for line in self.lines for part in lettering.wrapped(line, measure.small, width, lines=3)]

    def draw(self, pen: ImageDraw, at: tuple[int, int], measure: Measure, width: int) -> None:
        """Write it from (x, y) on; the badge at the right."""
        x, y = at
        room = width
        if self.synthetic:
            room -= _badge(pen, (x + width, y), self.synthetic, measure)
        lettering.write(
            pen, at, lettering.shortened(self.title, measure.title, room, bold=True), measure.title, bold=True
        )
        y += round(1.5 * measure.title)
        for line in self._wrapped(measure, width):
            lettering.write(pen, (x, y), line, measure.small, ink=GREY)
            y += measure.line


def _badge(pen: ImageDraw, corner: tuple[int, int], text: str, measure: Measure) -> int:
    """A red plate whose upper right corner is given; what it takes."""
    size = measure.normal
    wide, tall = lettering.width(text, size, bold=True) + 2 * measure.gap, round(2 * size)
    x, y = corner[0] - wide, corner[1]
    pen.rounded_rectangle((x, y, corner[0], y + tall), radius=4, fill=_BADGE)
    lettering.write(pen, (x + wide / 2, y + tall / 2), text, size, ink=WHITE, bold=True, anchor="mm")
    return wide + measure.gap


def key(
    canvas: Image, pen: ImageDraw, at: tuple[int, int], states: Sequence[State], *, masked: bool, measure: Measure
) -> None:
    """The patterns that occur, with what they mean."""
    from PIL import Image

    x, y = at
    side = measure.small
    entries = [(fabric.masked(side, 2 * side), fabric.MASKED)] if masked else []
    entries += [
        (fabric.of(state, side, 2 * side), fabric.MEANINGS[state]) for state in states if state in fabric.MEANINGS
    ]
    for pattern, text in entries:
        canvas.paste(Image.fromarray(pattern), (x, y))
        pen.rectangle((x - 1, y - 1, x + 2 * side, y + side), outline=GREY)
        x += 2 * side + measure.gap
        lettering.write(pen, (x, y + side / 2), text, measure.small, ink=BLACK, anchor="lm")
        x += lettering.width(text, measure.small) + 2 * measure.gap


def scale_bar(pen: ImageDraw, corner: tuple[int, int], view: View, measure: Measure) -> None:
    """A bar of a round length on the ground, its right end at the corner."""
    metres = view.zone.tile_size / measure.px
    length = _round(_SCALE * max(measure.panel) * metres)
    pixels = round(length / metres)
    x, y = corner[0] - pixels, corner[1]
    pen.rectangle((x, y - 4, corner[0], y), fill=BLACK)
    pen.rectangle((x + pixels // 2, y - 3, corner[0] - 1, y - 1), fill=WHITE)
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    words = f"grid north is up · a pixel is {metres:.4g} m · {text}"
    lettering.write(pen, (x - measure.gap, y - 2), words, measure.small, anchor="rm")


def _round(length: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not longer."""
    power = 10.0 ** (len(f"{int(max(length, 1))}") - 1)
    return max(step * power for step in (1, 2, 5) if step * power <= max(length, 1))


def footer_lines(texts: Sequence[str], measure: Measure, width: int) -> list[str]:
    """The small print, wrapped."""
    return [line for text in texts for line in lettering.wrapped(text, measure.small, width, lines=_WHOLE)]


def footer(pen: ImageDraw, at: tuple[int, int], lines: Sequence[str], measure: Measure, width: int) -> None:
    """A rule, and the small print below it."""
    x, y = at
    pen.line((x, y, x + width, y), fill=PALE)
    for i, line in enumerate(lines):
        lettering.write(pen, (x, y + measure.gap + i * measure.line), line, measure.small, ink=GREY)
