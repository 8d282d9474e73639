"""Distances between pixels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.grid import window_grid
from eo_ingest.emulator.image import Image
from eo_ingest.emulator.pixeltype import DOUBLE
from eo_ingest.emulator.plane import Plane, as_array
from eo_ingest.emulator.registry import algorithm

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from eo_ingest.emulator.grid import Grid
    from eo_ingest.emulator.image import Band
    from eo_ingest.emulator.memo import Memo, Source

    Floats = NDArray[np.float64]

# The distance of a pixel that is some rows and columns away.
_METRICS: dict[str, Callable[[Any, Any], Any]] = {
    "squared_euclidean": lambda rows, cols: rows * rows + cols * cols,
    "manhattan": lambda rows, cols: rows + cols,
    "chebyshev": np.maximum,
}
_LARGEST = 1024


@algorithm("Image.fastDistanceTransform")
def fast_distance_transform(image: Image, neighborhood: int, units: str, metric: str) -> Image:
    """The distance in pixels to the nearest pixel that is valid and not 0, in the grid that is asked for.

    It is the neighbourhood's own where there is none as near as that: no pixel is masked.
    """
    if units != "pixels":
        raise EarthEngineError(f"Unit '{units}' is not supported. Only 'pixels' is.")
    if metric not in _METRICS:
        raise EarthEngineError(f"Unknown distance metric: '{metric}'. Options: {', '.join(_METRICS)}.")
    if not 1 <= neighborhood <= _LARGEST:
        raise EarthEngineError(f"The neighborhood must be between 1 and {_LARGEST} pixels, got {neighborhood}.")
    bands = [
        replace(band, type=DOUBLE, extent=None, source=_Distance(band, neighborhood, _METRICS[metric]))
        for band in image.bands
    ]
    if len(bands) == 1:
        bands = [replace(bands[0], name="distance")]
    return Image(tuple(bands), footprint=image.footprint)


class _Distance:
    """Distances in a grid, computed from the pixels around it as well."""

    def __init__(self, band: Band, reach: int, metric: Callable[[Any, Any], Any]) -> None:
        self.uses = 0
        self._source: Source = band.source
        self._reach = reach
        self._metric = metric
        self._source.uses += 1

    def plane(self, grid: Grid, memo: Memo) -> Plane:
        """The pixels of a grid."""
        n = self._reach
        wide = window_grid(grid.projection, Window(-n, -n, grid.height + 2 * n, grid.width + 2 * n))
        found = memo.plane(self._source, wide)
        if found.valid is False:
            return Plane(np.asarray(float(self._metric(n, 0))), valid=True)
        target = as_array(found.valid, wide.shape) & (np.broadcast_to(found.values, wide.shape) != 0)
        return Plane(distances(target, n, self._metric), valid=True)


def distances(target: NDArray[np.bool_], reach: int, metric: Callable[[Any, Any], Any]) -> Floats:
    """Distances to the nearest target of the pixels that are `reach` or more from the edge, at most those of `reach`.

    Args:
        target: (height + 2 · reach, width + 2 · reach).
        reach: In pixels.
        metric: The distance of so many rows and columns; it grows with each.
    """
    height, width = target.shape[0] - 2 * reach, target.shape[1] - 2 * reach
    most = float(metric(reach, 0))
    best = np.full((height, width), most)
    if not target.any():
        return best
    across = _across(target)[:, reach : reach + width]
    for step in range(-reach, reach + 1):
        rows = across[reach + step : reach + step + height]
        np.minimum(best, metric(float(abs(step)), rows), out=best)
    return best


def _across(target: NDArray[np.bool_]) -> Floats:
    """The distance to the nearest target of the same row."""
    columns = np.arange(target.shape[1], dtype=float)
    before = np.maximum.accumulate(np.where(target, columns, -np.inf), axis=1)
    after = np.minimum.accumulate(np.where(target, columns, np.inf)[:, ::-1], axis=1)[:, ::-1]
    nearest: Floats = np.minimum(columns - before, after - columns)
    return nearest
