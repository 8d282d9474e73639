"""Lengths on a sheet, in its pixels: they follow from how large a panel is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eo_ingest.preview.view import View

CELLS = (448, 224, 112)  # the longer side of a panel, at most
MOSAIC_CELLS = (1792, 896, *CELLS)  # the same where it shows many tiles
_SIZES = {224: 1.0, 112: 0.8}
_LARGE = 1.85
_FINE = 64  # tiles of fewer pixels need not have a divisor of what they are stored with


def cells(view: View) -> tuple[int, ...]:
    """The sizes of panels to choose from, largest first."""
    return CELLS if (view.rows, view.cols) == (1, 1) else MOSAIC_CELLS


@dataclass(frozen=True)
class Measure:
    """The lengths for panels of `rows` by `cols` tiles, `px` pixels each, that fit into `cell` by `cell` pixels."""

    cell: int
    px: int
    rows: int
    cols: int

    @classmethod
    def of(cls, view: View, cell: int) -> Measure:
        """The measures of a view's panels: as many pixels a tile as fit, preferably a divisor of what it has.

        A single small tile is enlarged; many are not.
        """
        side, most = view.zone.tile_px, max(1, cell // max(view.rows, view.cols))
        if most >= side:
            px = most // side * side if (view.rows, view.cols) == (1, 1) else side
        else:
            whole = max(n for n in range(1, most + 1) if side % n == 0)
            px = whole if whole >= _FINE else most
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
        return round(length * _SIZES.get(self.cell, _LARGE))

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
