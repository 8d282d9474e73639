"""Rasters' pixels as values: where they are, and parts of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Affine = tuple[float, float, float, float, float, float]

_PART = 2**15  # pixels


@dataclass(frozen=True, slots=True)
class Lattice:
    """The pixels of a raster: a CRS, the transform of pixel corners (x = a·col + b·row + c), and a size.

    Latitudes may ascend with the rows (e > 0). Longitudes are taken around the middle of the raster.
    """

    crs: str
    transform: Affine
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Window:
    """Pixels [row, row + height) × [col, col + width) of a lattice."""

    row: int
    col: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """The window as an index of the whole raster's pixels."""
        return slice(self.row, self.row + self.height), slice(self.col, self.col + self.width)


def lying_in(rows: Ints, cols: Ints, window: Window) -> Flags | None:
    """Which pixels are in a window; None if all are."""
    found: Flags | None = None
    for where, start, size in ((rows, window.row, window.height), (cols, window.col, window.width)):
        if where.size and (where.min() < start or where.max() >= start + size):
            here = (where >= start) & (where < start + size)
            found = here if found is None else found & here
    return found


def parts(shape: tuple[int, int]) -> Iterator[slice]:
    """The rows of an array, so few at a time that intermediate results stay in the processor's cache."""
    step = max(1, _PART // max(1, shape[1]))
    return (slice(top, top + step) for top in range(0, shape[0], step))
