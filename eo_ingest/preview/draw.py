"""A section on the canvas, as it was laid out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.preview import lettering, paint, panel, scale, side, style
from eo_ingest.preview.arrange import ABOUT_LINES, caption_height, is_narrow, panel_size, side_width
from eo_ingest.preview.caption import caption
from eo_ingest.preview.gather import State, is_physical
from eo_ingest.preview.lettering import GREY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from eo_ingest.preview.arrange import Arrangement, Placed
    from eo_ingest.preview.gather import Gathered
    from eo_ingest.preview.scale import Limits
    from eo_ingest.preview.section import Strip
    from eo_ingest.product import Variable

_STANDING = {State.OK: "ok", State.EMPTY: "empty", State.FAILED: "failed", State.MISSING: "missing"}
_NAMED = 6
_BARS = {"scale", "cycle", "relief"}


@dataclass(frozen=True)
class Drawing:
    """A section being drawn: its layout, its pixels, the canvas, and where on it the section begins."""

    arrangement: Arrangement
    gathered: Sequence[Gathered]
    canvas: Image
    pen: ImageDraw
    origin: tuple[int, int]
    metres: float

    def draw(self) -> list[dict[str, Any]]:
        """Draw everything; what was drawn, strip by strip."""
        self._heading()
        for placed in self.arrangement.strips:
            if placed.captioned:
                self._captions(placed)
        return [self._strip(placed) for placed in self.arrangement.strips]

    def _at(self, x: float, y: float) -> tuple[int, int]:
        return self.origin[0] + round(x), self.origin[1] + round(y)

    def _heading(self) -> None:
        made, measure = self.arrangement, self.arrangement.measure
        heading = lettering.shortened(made.section.heading, measure.large, made.width, bold=True)
        lettering.write(self.pen, self._at(0, measure.large), heading, measure.large, bold=True, anchor="ls")
        begun = lettering.width(heading, measure.large, bold=True) + measure.gap
        standing = lettering.first_fitting(self._standing(), measure.small, made.width - begun)
        lettering.write(self.pen, self._at(begun, measure.large), standing, measure.small, anchor="ls")
        for i, text in enumerate(made.title):
            at = self._at(0, 1.45 * measure.large + i * measure.line)
            lettering.write(self.pen, at, text, measure.small, ink=GREY)

    def _standing(self) -> tuple[str, ...]:
        """How many tiles stand how, where not all are there."""
        counts = {state: sum(found.count(state) for found in self.gathered) for state in _STANDING}
        if sum(counts.values()) in {0, counts[State.OK]}:
            return ("",)
        told = [f"{count} {_STANDING[state]}" for state, count in counts.items() if count]
        return f"tiles: {', '.join(told)}", ", ".join(told)

    def _captions(self, placed: Placed) -> None:
        made, measure = self.arrangement, self.arrangement.measure
        room = measure.pitch - measure.gap
        for column in range(len(made.section.columns)):
            said = caption(made.section, column, self.gathered)
            x, y = made.panel_at(placed, column)
            y -= caption_height(made.section, measure)
            label = lettering.shortened(said.label, measure.small, room, bold=True)
            lettering.write(self.pen, self._at(x, y), label, measure.small, bold=True)
            for i, texts in enumerate(said.lines, start=1):
                text = lettering.first_fitting(texts, measure.small, room)
                lettering.write(self.pen, self._at(x, y + i * measure.line), text, measure.small, ink=GREY)

    def _strip(self, placed: Placed) -> dict[str, Any]:
        """Draw a strip; what it shows, and how."""
        section, measure = self.arrangement.section, self.arrangement.measure
        pictures = [
            self.gathered[column.series].values[placed.strip.variable.name][column.index, list(placed.strip.bands)]
            for column in section.columns
        ]
        placed = _settled(placed, pictures)
        strip = placed.strip
        limits = scale.limits(pictures, strip.style) if is_physical(strip.variable) else ()
        self._name(placed, limits)
        for column, picture in enumerate(pictures):
            self._panels(placed, column, picture, limits)
        _, y = self.arrangement.panel_at(placed, 0)
        at = self._at(placed.x + self.arrangement.panels_width + measure.gap, y)
        told = {
            "variable": strip.variable.name,
            "bands": [strip.variable.bands[band] for band in strip.bands],
            "painted": strip.style.how,
            "limits": [list(ends) for ends in limits],
            "unit": strip.style.unit,
            "panels": [list(box) for column in range(len(pictures)) for box in self._boxes(placed, column)],
        }
        if strip.style.how in _BARS and any(np.isfinite(picture).any() for picture in pictures):
            side.bar(self.canvas, self.pen, at, panel_size(strip, measure)[1], strip, limits[0], measure)
        if strip.style.how == "classes":
            told["classes"] = [flag.meaning for flag in side.legend(self.pen, at, strip, pictures, measure)]
        return told

    def _name(self, placed: Placed, limits: tuple[Limits, ...]) -> None:
        """What stands above a strip: its name, and what it is as far as there is room."""
        strip, measure = placed.strip, self.arrangement.measure
        stretch = ""
        if strip.style.how == "composite":
            stretch = "; stretch " + ", ".join(f"{low:g} to {high:g}" for low, high in limits)
        room = self.arrangement.panels_width + (side_width(strip, measure) if placed.captioned else 0)
        name = lettering.shortened(strip.name, measure.normal, room, bold=True)
        x, y = self._at(placed.x, placed.y + measure.gap // 2 + measure.normal)
        lettering.write(self.pen, (x, y), name, measure.normal, bold=True, anchor="ls")
        if is_narrow(self.arrangement.section, measure):
            lines = lettering.wrapped(strip.about + stretch, measure.small, room, lines=ABOUT_LINES)
            for i, line in enumerate(lines, start=1):
                lettering.write(self.pen, (x, y + i * measure.line), line, measure.small, ink=GREY, anchor="ls")
            return
        begun = lettering.width(name, measure.normal, bold=True) + measure.gap
        if room - begun > 6 * measure.small:
            left = room - begun - lettering.width(stretch, measure.small)
            about = lettering.shortened(strip.about, measure.small, left) if left > 6 * measure.small else ""
            text = lettering.shortened((about + stretch).removeprefix("; "), measure.small, room - begun)
            lettering.write(self.pen, (x + begun, y), text, measure.small, ink=GREY, anchor="ls")

    def _boxes(self, placed: Placed, column: int) -> list[tuple[int, int, int, int]]:
        """Where on the canvas a column's panels are: x, y, width, height; of small ones one per band."""
        measure = self.arrangement.measure
        x, y = self._at(*self.arrangement.panel_at(placed, column))
        width, height = panel_size(placed.strip, measure)
        count = len(placed.strip.bands) if placed.strip.small else 1
        return [(x + i % 2 * width, y + i // 2 * (height + measure.line), width, height) for i in range(count)]

    def _panels(self, placed: Placed, column: int, picture: np.ndarray, limits: tuple[Limits, ...]) -> None:
        """Draw what a strip shows of one frame: a panel, or small ones side by side with words below."""
        strip, measure = placed.strip, self.arrangement.measure
        found = self.gathered[self.arrangement.section.columns[column].series]
        boxes = self._boxes(placed, column)
        if not strip.small:
            at = boxes[0][:2]
            valid = self._panel(at, strip, found, picture, limits)
            panel.explain(self.pen, at, found, valid, measure)
            return
        for i, (x, y, width, height) in enumerate(boxes):
            self._panel((x, y), strip, found, picture[i : i + 1], limits)
            room = width if len(boxes) > 1 else measure.pitch - measure.gap
            told = _numbers(picture[i]) if is_physical(strip.variable) else _labels(picture[i], strip.variable)
            told = told if found.count(State.OK) else ("",)
            text = lettering.first_fitting(told, measure.small, room)
            lettering.write(self.pen, (x, y + height + 3), text, measure.small, ink=GREY)

    def _panel(
        self, at: tuple[int, int], strip: Strip, found: Gathered, picture: np.ndarray, limits: tuple[Limits, ...]
    ) -> np.ndarray:
        """Draw one panel; where it has values, bool (y, x)."""
        px, own = self.arrangement.measure.px, found.series.tile_px
        grain = paint.Grain(self.metres, px // own if px % own == 0 else 1)
        painted, valid = paint.paint(picture, strip.variable, strip.style, limits, grain)
        if strip.small and px > 1:
            half = px // 2
            at_half = (np.arange(valid.shape[0] // px * half), np.arange(valid.shape[1] // px * half))
            rows, cols = (n // half * px + n % half * 2 for n in at_half)
            painted, valid, px = painted[rows[:, None], cols], valid[rows[:, None], cols], half
        composed = paint.compose(painted, valid, found.states, px)
        panel.put(self.canvas, self.pen, at, composed)
        return valid


def _settled(placed: Placed, pictures: list[np.ndarray]) -> Placed:
    """The strip, painted as its values ask for."""
    strip = placed.strip
    if strip.style.how != "cycle":
        return placed
    valid = np.concatenate([picture[np.isfinite(picture)] for picture in pictures])
    return replace(placed, strip=replace(strip, style=style.settled(strip.style, valid)))


def _labels(values: np.ndarray, variable: Variable) -> tuple[str, ...]:
    """Which labels there are, or how many."""
    found = np.unique(values[values != variable.nodata]).tolist()
    if not found:
        return ("no data", "–")
    many = f"{len(found)} labels", f"{len(found)}"
    return (", ".join(map(str, found)), *many) if len(found) <= _NAMED else many


def _numbers(values: np.ndarray) -> tuple[str, ...]:
    """Least, median and most of what was counted, in ever fewer words."""
    valid = values[np.isfinite(values)]
    if not valid.size:
        return ("no data", "–")
    low, middle, high = valid.min(), np.median(valid), valid.max()
    if low == high:
        return f"{low:.0f} everywhere", f"{low:.0f}"
    return f"{low:.0f} – {high:.0f}, median {middle:.0f}", f"{low:.0f} – {high:.0f}"
