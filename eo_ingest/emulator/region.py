"""Pixels in a region, with the share of each that lies in it, and reductions of them to single values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from eo_ingest.emulator import geometry, reducers
from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.grid import window_grid
from eo_ingest.emulator.memo import Memo
from eo_ingest.emulator.plane import as_array

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from eo_ingest.emulator.grid import Projection
    from eo_ingest.emulator.image import Band
    from eo_ingest.emulator.reducers import Output, Reducer

    Reals = NDArray[np.float64]

# A value from the values of pixels and their weights.
Column = Callable[["Reals", "Reals"], Any]

_CHUNK = 2**22
_MOST_RANKED = 200_000
_LEAST = 1 / 256
"""Pixels of which less is in a region are left out."""
_ROUNDING = 1e-6
"""Pixels that coordinates of a region may be off."""


@dataclass(frozen=True)
class Region:
    """Pixels of a projection that meet a shape, which is in the coordinates of those pixels."""

    projection: Projection
    shape: BaseGeometry
    window: Window

    @property
    def size(self) -> int:
        """The number of pixels in the box around the shape."""
        return self.window.width * self.window.height

    def parts(self) -> Iterator[Window]:
        """The window in bands of rows of a few million pixels."""
        rows = max(1, _CHUNK // max(1, self.window.width))
        for top in range(0, self.window.height, rows):
            height = min(rows, self.window.height - top)
            yield Window(self.window.row + top, self.window.col, height, self.window.width)

    def weights(self, window: Window) -> Reals:
        """The share of each pixel that lies in the shape; 1 for each pixel that a line or a point meets."""
        from rasterio.features import rasterize
        from rasterio.transform import Affine

        if not self.shape.area:
            return self.centred(window)
        to_grid, size = Affine.translation(window.col, window.row), (window.height, window.width)
        out: Reals = rasterize([self.shape], size, transform=to_grid, dtype="uint8").astype(np.float64)
        edge = rasterize([self.shape.boundary], size, transform=to_grid, all_touched=True, dtype="uint8")
        row, col = np.nonzero(edge)
        left, top = col + window.col, row + window.row
        share = shapely.area(shapely.intersection(shapely.box(left, top, left + 1, top + 1), self.shape))
        out[row, col] = np.where(share < _LEAST, 0.0, share)
        return out

    def centred(self, window: Window) -> Reals:
        """1 for each pixel whose centre lies in the shape (or that a line or a point meets), else 0."""
        from rasterio.features import rasterize
        from rasterio.transform import Affine

        out: Reals = rasterize(
            [self.shape],
            (window.height, window.width),
            transform=Affine.translation(window.col, window.row),
            all_touched=not self.shape.area,
            dtype="uint8",
        ).astype(np.float64)
        return out


def region(shape: BaseGeometry, where: Projection) -> Region:
    """The pixels of a projection that meet a lon/lat shape."""
    inverse = where.transform.inverse()

    def to_pixels(points: Any) -> Any:
        x, y = points[:, 0], points[:, 1]
        return np.column_stack([inverse.a * x + inverse.b * y + inverse.c, inverse.d * x + inverse.e * y + inverse.f])

    local = shapely.transform(geometry.to_crs(shape, where.crs), to_pixels)
    left, top, right, bottom = local.bounds
    if not all(map(math.isfinite, local.bounds)):
        raise EarthEngineError("The region has no place in the projection to work in.")
    col, row = math.floor(left + _ROUNDING), math.floor(top + _ROUNDING)
    width, height = math.ceil(right - _ROUNDING) - col, math.ceil(bottom - _ROUNDING) - row
    return Region(where, local, Window(row, col, max(1, height), max(1, width)))


def columns(bands: tuple[Band, ...], area: Region, *, weighted: bool) -> list[tuple[Reals, Reals]]:
    """(values, weights) of the valid pixels of each band in a region."""
    found: list[list[tuple[Reals, Reals]]] = [[] for _ in bands]
    for band in bands:
        band.source.uses += 1
    for window in area.parts():
        weights = area.weights(window) if weighted else area.centred(window)
        grid, memo = window_grid(area.projection, window), Memo()
        for band, parts in zip(bands, found, strict=True):
            plane = memo.plane(band.source, grid)
            chosen = as_array(plane.valid, grid.shape) & (weights > 0)
            values = np.broadcast_to(plane.values, grid.shape)[chosen]
            parts.append((values.astype(np.float64), weights[chosen]))
    return [(np.concatenate([v for v, _ in parts]), np.concatenate([w for _, w in parts])) for parts in found]


def _mean(values: Reals, weights: Reals) -> Any:
    return float((values * weights).sum() / weights.sum()) if values.size else None


def _variance(values: Reals, weights: Reals) -> Any:
    if not values.size:
        return None
    return float(((values - _mean(values, weights)) ** 2 * weights).sum() / weights.sum())


def _sample_variance(values: Reals, _weights: Reals) -> Any:
    return float(values.var(ddof=1)) if values.size > 1 else None


def _root(value: Any) -> Any:
    return None if value is None else math.sqrt(value)


def _mode(values: Reals, weights: Reals) -> Any:
    if not values.size:
        return None
    kinds, at = np.unique(values, return_inverse=True)
    return float(kinds[np.bincount(at.ravel(), weights).argmax()])


def _extreme(function: Callable[[Reals], Any]) -> Column:
    return lambda values, _: float(function(values)) if values.size else None


_COLUMNS: Mapping[str, Column] = {
    "count": lambda values, _: int(values.size),
    "sum": lambda values, weights: float((values * weights).sum()),
    "mean": _mean,
    "median": _extreme(np.median),
    "mode": _mode,
    "min": _extreme(np.min),
    "max": _extreme(np.max),
    "first": _extreme(lambda values: values[0]),
    "last": _extreme(lambda values: values[-1]),
    "product": _extreme(np.prod),
    "all": lambda values, _: int((values != 0).all()) if values.size else None,
    "any": lambda values, _: int((values != 0).any()) if values.size else None,
    "variance": _variance,
    "stdDev": lambda values, weights: _root(_variance(values, weights)),
    "sampleVariance": _sample_variance,
    "sampleStdDev": lambda values, weights: _root(_sample_variance(values, weights)),
}
WEIGHTED = ("mean", "sum", "mode", "variance", "stdDev")
"""The reductions for which pixels on the edge of a region count by the share that is in it; others go by centres."""


def _known(output: Output) -> str | None:
    return next((name for name in _COLUMNS if reducers.OUTPUTS[name].pixels is output.pixels), None)


def weighs(reducer: Reducer) -> bool:
    """Whether the weights of pixels matter to a reducer."""
    histogram = reducer.rows is not None and "histogram" in reducer.rows([])
    return reducer.weighted and (histogram or any(_known(o) in WEIGHTED for o in reducer.outputs))


def reduced(reducer: Reducer, values: Reals, weights: Reals) -> dict[str, Any]:
    """The outputs of a reducer of one input for a column of pixels."""
    if reducer.rows is not None:
        if "histogram" in reducer.rows([]):
            kinds, at = np.unique(values, return_inverse=True)
            return {
                "histogram": {_label(k): float(w) for k, w in zip(kinds, np.bincount(at.ravel(), weights), strict=True)}
            }
        return reducer.rows([(value,) for value in values.tolist()])
    found: dict[str, Any] = {}
    for output in reducer.outputs:
        name = _known(output)
        if name is not None:
            found[output.name] = _COLUMNS[name](values, weights)
        elif values.size > _MOST_RANKED:
            raise EarthEngineError(f"Reducer.{output.name} of more than {_MOST_RANKED} pixels is not in the emulator.")
        else:
            found[output.name] = reducer.of_values([values.tolist()])[output.name] if values.size else None
    return found


def _label(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(float(value))
