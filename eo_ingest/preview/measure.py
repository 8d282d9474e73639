"""Lengths on a sheet, in its pixels: they follow from how large a panel is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eo_ingest.preview.view import View

CELLS = (448, 224, 112)  # the longer side of a panel, at most
_SIZES = {448: 1.85, 224: 1.0, 112: 0.8}


@dataclass(frozen=True)
class Measure:
    """The lengths for panels of `rows` by `cols` tiles, `px` pixels each, that fit into `cell` by `cell` pixels."""

    cell: int
    px: int
    rows: int
    cols: int

    @classmethod
    def of(cls, view: View, cell: int) -> Measure:
        """The measures of a view's panels: as many pixels a tile as fit, a divisor or a multiple of what it has."""
        side, most = view.zone.tile_px, max(1, cell // max(view.rows, view.cols))
        px = most // side * side or max(n for n in range(1, most + 1) if side % n == 0)
        return cls(cell, px, view.rows, view.cols)

    @property
    def panel(self) -> tuple[int, int]:
        """Width and height of a panel."""
        return self.cols * self.px, self.rows * self.px

    @property
    def pitch(self) -> int:
        """From one column to the next: a narrow panel leaves room for its caption."""
        return max(self.panel[0], self._scaled(96)) + self.gap

    def _scaled(self, length: float) -> int:
        return round(length * _SIZES[self.cell])

    @property
    def small(self) -> int:
        """Letters of captions, ticks and legends."""
        return self._scaled(15)

    @property
    def normal(self) -> int:
        """Letters of names."""
        return self._scaled(16)

    @property
    def large(self) -> int:
        """Letters of a section's heading."""
        return self._scaled(22)

    @property
    def title(self) -> int:
        """Letters of the sheet's title."""
        return self._scaled(30)

    @property
    def gap(self) -> int:
        """Between panels."""
        return self._scaled(8)

    @property
    def room(self) -> int:
        """Between sections, and around the sheet."""
        return self._scaled(28)

    @property
    def bar(self) -> int:
        """How wide a colour bar is."""
        return self._scaled(11)

    @property
    def line(self) -> int:
        """From one small line to the next."""
        return self._scaled(19)

    def bar_side(self) -> int:
        """What a colour bar with its numbers takes beside panels."""
        return self.gap + self.bar + self._scaled(54)
