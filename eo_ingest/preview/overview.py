"""A small map of all that a zone was asked for, with the window that the sheet shows: one dot a tile, or coarser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.job import tiles_of
from eo_ingest.preview import lettering
from eo_ingest.preview.fabric import FAILED, MISSING
from eo_ingest.preview.lettering import BLACK, GREY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from eo_ingest.preview.holding import Holding, Masks
    from eo_ingest.preview.measure import Measure
    from eo_ingest.preview.view import View

_NOTHING = (255, 255, 255)
_DONE = (44, 114, 142)
_WORDS = "all tiles of the zone: done, failed, not made; the frame is what is drawn here"


@dataclass(frozen=True)
class Overview:
    """The map: colours per tile, uint8 (row, col, 3), from tile (`row`, `col`) of the zone in its north-west."""

    colours: np.ndarray
    row: int
    col: int

    @classmethod
    def of(cls, holdings: Sequence[Holding]) -> Overview:
        """The map of what a zone holds; a tile that failed in any series is shown as failed."""
        kinds = [[getattr(holding, name) for holding in holdings] for name in ("asked", "done", "failed")]
        places = [_places(many) for many in kinds]
        every = np.concatenate(places)
        (top, left), (bottom, right) = every.min(axis=0).tolist(), every.max(axis=0).tolist()
        colours = np.full((bottom - top + 1, right - left + 1, 3), _NOTHING, dtype=np.uint8)
        for some, colour in zip(places, (MISSING[1], _DONE, FAILED[1]), strict=True):
            colours[some[:, 0] - top, some[:, 1] - left] = colour
        return cls(colours, top, left)

    def size(self, measure: Measure) -> tuple[int, int]:
        """Width and height with the words above it."""
        tall, wide = (round(n * self._scale(measure)) for n in self.colours.shape[:2])
        return max(wide, 2 * measure.cell), tall + 2 * measure.line + measure.gap

    def _scale(self, measure: Measure) -> float:
        """Pixels a tile."""
        return float(min(8.0, 2 * measure.cell / max(self.colours.shape[:2])))

    def draw(self, canvas: Image, pen: ImageDraw, at: tuple[int, int], view: View, measure: Measure) -> None:
        """Draw it, and the window's frame."""
        from PIL import Image

        scale = self._scale(measure)
        tall, wide = (max(1, round(n * scale)) for n in self.colours.shape[:2])
        shape = (wide, tall)
        picture = Image.fromarray(self.colours).resize(
            shape, Image.Resampling.BOX if scale < 1 else Image.Resampling.NEAREST
        )
        lettering.write(pen, at, "Where this is", measure.normal, bold=True)
        words = lettering.shortened(_WORDS, measure.small, self.size(measure)[0])
        lettering.write(pen, (at[0], at[1] + measure.line), words, measure.small, ink=GREY)
        x, y = at[0], at[1] + 2 * measure.line + measure.gap
        canvas.paste(picture, (x, y))
        pen.rectangle((x - 1, y - 1, x + wide, y + tall), outline=GREY)
        left, top = x + (view.col - self.col) * scale, y + (view.row - self.row) * scale
        pen.rectangle((left, top, left + view.cols * scale, top + view.rows * scale), outline=BLACK, width=2)


def _places(many: Sequence[Masks]) -> np.ndarray:
    """The tiles of some masks as (row, col), int (n, 2)."""
    tiles = {block.tile(i) for masks in many for block, mask in masks.items() for i in tiles_of(mask)}
    return np.array([(tile.row, tile.col) for tile in sorted(tiles)], dtype=np.int64).reshape(-1, 2)
