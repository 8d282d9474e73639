"""What explains colours, beside a strip: a bar with numbers, or the classes that occur."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.preview import colour, lettering, scale
from eo_ingest.preview.arrange import legend_columns, legend_width, meaning
from eo_ingest.preview.lettering import BLACK, GREY

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from eo_ingest.preview.measure import Measure
    from eo_ingest.preview.scale import Limits
    from eo_ingest.preview.section import Strip
    from eo_ingest.preview.style import Style
    from eo_ingest.product import Flag

_PI = {-1: "−π", 0: "0", 1: "π"}


def bar(
    canvas: Image, pen: ImageDraw, at: tuple[int, int], height: int, strip: Strip, limits: Limits, measure: Measure
) -> None:
    """A vertical colour bar with its numbers and, above it, its unit."""
    from PIL import Image

    x, y = at
    share = (np.arange(height)[::-1] + 0.5) / height
    colours = colour.table(strip.style.colours)[(share * colour.STEPS).astype(int)]
    canvas.paste(Image.fromarray(np.repeat(colours[:, None], measure.bar, axis=1)), (x, y))
    pen.rectangle((x - 1, y - 1, x + measure.bar, y + height), outline=GREY)
    low, high = limits
    for value, text in _numbers(strip.style, limits, max(2, height // (2 * measure.line))):
        level = y + height - 1 - round((value - low) / (high - low) * (height - 1))
        pen.line((x + measure.bar, level, x + measure.bar + 3, level), fill=GREY)
        middle = min(max(level, y + measure.small // 2 - 1), y + height - measure.small // 2)
        lettering.write(pen, (x + measure.bar + 6, middle), text, measure.small, anchor="lm")
    if strip.style.unit:
        lettering.write(pen, (x, y - measure.gap // 2), strip.style.unit, measure.small, ink=GREY, anchor="ls")


def _numbers(style: Style, limits: Limits, count: int) -> list[tuple[float, str]]:
    low, high = limits
    if style.how == "cycle" and style.unit == "rad":
        return [(n * high, _PI[n]) for n in (-1, 0, 1)]
    if style.how == "cycle":
        return [(low + n * (high - low) / 4, f"{low + n * (high - low) / 4:g}") for n in range(5)]
    found = scale.ticks(low, high, min(6, count), whole=style.whole)
    return [(value, scale.number(value, found[1] - found[0])) for value in found]


def legend(
    pen: ImageDraw, at: tuple[int, int], strip: Strip, pictures: list[np.ndarray], measure: Measure
) -> list[Flag]:
    """The classes that occur in any of the pictures, in the definition's order; those that were named."""
    counts = {flag: sum(int((values == flag.value).sum()) for values in pictures) for flag in strip.variable.flags}
    present = [flag for flag, count in counts.items() if count]
    columns, rows = legend_columns(strip, measure)
    named = present
    if len(present) > columns * rows:
        largest = sorted(present, key=lambda flag: -counts[flag])[: columns * rows - 1]
        named = [flag for flag in present if flag in largest]
    step = legend_width(strip, measure) + measure.gap
    swatch = measure.small - 1
    texts = [(flag.colour, meaning(flag.meaning)) for flag in named]
    if len(named) < len(present):
        texts.append(("", f"and {len(present) - len(named)} more"))
    for i, (paint, text) in enumerate(texts):
        x, y = at[0] + i // rows * step, at[1] + i % rows * measure.line
        if paint:
            pen.rectangle((x, y, x + swatch - 1, y + swatch - 1), fill=colour.rgb(paint), outline=GREY)
        fitting = lettering.shortened(text, measure.small, step - measure.line)
        lettering.write(pen, (x + measure.line, y + swatch / 2), fitting, measure.small, ink=BLACK, anchor="lm")
    return named
