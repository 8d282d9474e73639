"""Distances between pixels."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.grid import window_grid
from eo_ingest.emulator.image import Image
from eo_ingest.emulator.pixeltype import DOUBLE, FLOAT
from eo_ingest.emulator.plane import Plane, as_array, masked, settle
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


@algorithm("Image.directionalDistanceTransform")
def directional_distance_transform(image: Image, angle: float, most: int, label: str | None) -> Image:
    """The distance in pixels to the nearest pixel that is valid and not 0 in a direction; masked where there is none.

    The angle counts from the direction in which columns grow towards that in which rows fall: from east to north.
    """
    if label is not None or len(image.bands) != 1:
        raise EarthEngineError("Only images of one band, without labelBand, can be searched in the emulator.")
    if not 1 <= most <= _LARGEST:
        raise EarthEngineError(f"The maxDistance must be between 1 and {_LARGEST} pixels, got {most}.")
    band = image.bands[0]
    found = replace(band, name="distance", type=FLOAT, extent=None, source=_Ray(band, angle, most))
    return Image((found,), footprint=image.footprint)


class _Ray:
    """Distances along a direction."""

    def __init__(self, band: Band, angle: float, most: int) -> None:
        self.uses = 0
        self._source: Source = band.source
        self._steps = steps(angle, most)
        self._most = most
        self._source.uses += 1

    def plane(self, grid: Grid, memo: Memo) -> Plane:
        """The pixels of a grid."""
        n = self._most
        wide = window_grid(grid.projection, Window(-n, -n, grid.height + 2 * n, grid.width + 2 * n))
        found = memo.plane(self._source, wide)
        if found.valid is False:
            return masked(FLOAT.dtype)
        target = as_array(found.valid, wide.shape) & (np.broadcast_to(found.values, wide.shape) != 0)
        distance = np.full(grid.shape, np.inf, np.float32)
        for row, col in self._steps:
            here = target[n + row : n + row + grid.height, n + col : n + col + grid.width]
            np.minimum(distance, np.where(here, np.hypot(row, col), np.inf), out=distance, casting="same_kind")
        valid = np.isfinite(distance)
        return Plane(np.where(valid, distance, 0).astype(np.float32), settle(valid))


def steps(angle: float, most: int) -> list[tuple[int, int]]:
    """The rows and columns from a pixel to those in a direction, nearest first, the pixel itself among them."""
    direction = math.radians(angle)
    found: dict[tuple[int, int], None] = {}
    for step in range(most + 1):
        found[round(-step * math.sin(direction)), round(step * math.cos(direction))] = None
    return list(found)
