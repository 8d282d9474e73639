"""One panel on the canvas: its picture, its frame, and words where there is no picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.preview import fabric, lettering
from eo_ingest.preview.gather import State
from eo_ingest.preview.lettering import BLACK, GREY, WHITE

if TYPE_CHECKING:
    from PIL.Image import Image as Canvas
    from PIL.ImageDraw import ImageDraw

    from eo_ingest.preview.gather import Gathered
    from eo_ingest.preview.measure import Measure

_LEGIBLE = 48  # tiles narrower than this many pixels have no words; the key of the sheet tells their patterns


def put(canvas: Canvas, pen: ImageDraw, at: tuple[int, int], picture: np.ndarray) -> None:
    """Paste a picture, uint8 (y, x, 3), with a thin frame around it."""
    from PIL import Image

    height, width = picture.shape[:2]
    canvas.paste(Image.fromarray(picture), at)
    pen.rectangle((at[0] - 1, at[1] - 1, at[0] + width, at[1] + height), outline=GREY)


def explain(pen: ImageDraw, at: tuple[int, int], gathered: Gathered, valid: np.ndarray, measure: Measure) -> None:
    """Say of each tile that is no data why, where there is room; also of one that has no value in this frame."""
    px = measure.px
    if px < _LEGIBLE:
        return
    for row, col in np.ndindex(gathered.states.shape):
        state = State(int(gathered.states[row, col]))
        here = valid[row * px : (row + 1) * px, col * px : (col + 1) * px]
        if state is State.OUTSIDE or (state is State.OK and here.any()):
            continue
        lines = [fabric.WORDS.get(state, "no data here" if px > 2 * _LEGIBLE else "no data")]
        reason = gathered.reasons.get((row, col))
        if reason and px > 2 * _LEGIBLE:
            lines += lettering.wrapped(
                reason, measure.small, px - 2 * measure.gap, lines=max(1, px // measure.line - 3)
            )
        _plate(pen, (at[0] + col * px + px / 2, at[1] + row * px + px / 2), lines, measure)


def _plate(pen: ImageDraw, middle: tuple[float, float], lines: list[str], measure: Measure) -> None:
    """Words on a white plate, the first line in bold."""
    wide = max(lettering.width(text, measure.small, bold=i == 0) for i, text in enumerate(lines)) + measure.gap
    tall = len(lines) * measure.line + measure.gap // 2
    left, top = middle[0] - wide / 2, middle[1] - tall / 2
    pen.rounded_rectangle((left, top, left + wide, top + tall), radius=3, fill=WHITE)
    for i, text in enumerate(lines):
        y = top + measure.gap // 4 + (i + 0.5) * measure.line
        lettering.write(pen, (middle[0], y), text, measure.small, ink=BLACK, bold=i == 0, anchor="mm")
