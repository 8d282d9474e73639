"""Pixels that depend on the pixels around them, on the grid they are asked for in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.grid import window_grid
from eo_ingest.emulator.plane import as_array, masked

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from eo_ingest.emulator.grid import Grid
    from eo_ingest.emulator.image import Band
    from eo_ingest.emulator.memo import Memo
    from eo_ingest.emulator.plane import Plane

    Values = NDArray[Any]
    Flags = NDArray[np.bool_]
    Compute = Callable[[Grid, Values, Flags], Plane]


class Around:
    """Pixels computed from a band's pixels up to some rows and columns away.

    `reach` gives (rows, cols) for a grid; `compute` gets the grid and the values and mask of the grid that is wider by
    so many on each side.
    """

    def __init__(
        self, band: Band, reach: Callable[[Grid], tuple[int, int]], compute: Compute, dtype: np.dtype[Any]
    ) -> None:
        self.uses = 0
        self._source = band.source
        self._reach = reach
        self._compute = compute
        self._dtype = dtype
        band.source.uses += 1

    def plane(self, grid: Grid, memo: Memo) -> Plane:
        """The pixels of a grid."""
        rows, cols = self._reach(grid)
        window = Window(-rows, -cols, grid.height + 2 * rows, grid.width + 2 * cols)
        wide = window_grid(grid.projection, window)
        plane = memo.plane(self._source, wide)
        if plane.valid is False:
            return masked(self._dtype)
        with np.errstate(all="ignore"):
            return self._compute(grid, np.broadcast_to(plane.values, wide.shape), as_array(plane.valid, wide.shape))
