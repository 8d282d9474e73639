"""Reductions of the pixels around each pixel, in the grid that is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator import pixeltype, reducers
from eo_ingest.emulator.around import Around
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.kernel import SHAPES, Kernel, shaped
from eo_ingest.emulator.pixeltype import DOUBLE
from eo_ingest.emulator.plane import Plane, both, settle
from eo_ingest.emulator.registry import add, algorithm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from eo_ingest.emulator.grid import Grid
    from eo_ingest.emulator.image import Band, Image
    from eo_ingest.emulator.pixeltype import PixelType
    from eo_ingest.emulator.reducers import Output, Reducer

    Weighted = Iterator[tuple[float, Plane]]

_CAREFUL = {"kernel": True, "mask": False, "min": True}
"""Whether a way to weigh inputs looks at the kernel."""


def _shifted(weights: NDArray[np.float64], values: NDArray[Any], valid: NDArray[np.bool_]) -> Weighted:
    """(weight, plane) of each member of a kernel; the arrays are wider than the result by half a kernel."""
    rows, cols = weights.shape
    height, width = values.shape[0] - rows + 1, values.shape[1] - cols + 1
    for i, j in zip(*np.nonzero(~np.isnan(weights)), strict=True):
        part = slice(i, i + height), slice(j, j + width)
        yield float(weights[i, j]), Plane(values[part], settle(valid[part]))


def _reach(kernel: Kernel) -> Callable[[Grid], tuple[int, int]]:
    def reach(grid: Grid) -> tuple[int, int]:
        rows, cols = kernel.weights(grid.projection.nominal_scale).shape
        return rows // 2, cols // 2

    return reach


def _centre(valid: NDArray[np.bool_], grid: Grid) -> NDArray[np.bool_]:
    """The part of a wider mask that is the grid's own."""
    rows, cols = (valid.shape[0] - grid.height) // 2, (valid.shape[1] - grid.width) // 2
    return valid[rows : rows + grid.height, cols : cols + grid.width]


def _weighted(members: Weighted, kind: PixelType, *, mean: bool) -> Plane:
    """The weighted sum of the valid members, or their weighted mean."""
    total: Any = np.zeros(())
    weight: Any = np.zeros(())
    seen: Any = np.zeros((), bool)
    for share, plane in members:
        good = np.asarray(plane.valid)
        total = total + share * np.where(good, plane.values.astype(np.float64), 0.0)
        weight = weight + share * good
        seen = seen | good
    result = total / weight if mean else total
    return Plane(np.asarray(result).astype(kind.dtype), settle(np.asarray(seen)))


def _reduced(band: Band, output: Output, kernel: Kernel, kind: PixelType, *, by_kernel: bool, skip: bool) -> Band:
    """A band of one output of a reducer."""

    def compute(grid: Grid, values: NDArray[Any], valid: NDArray[np.bool_]) -> Plane:
        weights = kernel.weights(grid.projection.nominal_scale)
        members = list(_shifted(weights if by_kernel else np.where(weights == 0, 1.0, weights), values, valid))
        if by_kernel:
            members = [(w, p) for w, p in members if w != 0]
        if output.pixels in {reducers.mean, reducers.total}:
            shares = members if by_kernel else [(1.0, p) for _, p in members]
            found = _weighted(iter(shares), kind, mean=output.pixels is reducers.mean)
        else:
            if by_kernel and len({w for w, _ in members}) > 1:
                raise EarthEngineError(f"Reducer.{output.name} with unequal weights is not in the emulator.")
            found = output.pixels([p for _, p in members], kind)
        return Plane(found.values, both(found.valid, settle(_centre(valid, grid)))) if skip else found

    return replace(band, type=kind, source=Around(band, _reach(kernel), compute, kind.dtype))


@algorithm("Image.reduceNeighborhood")
def reduce_neighborhood(
    image: Image,
    reducer: Reducer,
    kernel: Kernel,
    weight: str,
    skip: bool,  # noqa: FBT001
    _optimization: str | None,
) -> Image:
    """Each output of a reducer for each band, over the pixels of a kernel."""
    if not reducer.outputs or reducer.repeated is not None:
        raise EarthEngineError("Only reducers of one input and with numbers as outputs are in the emulator here.")
    if weight not in _CAREFUL:
        raise EarthEngineError(f"Unknown inputWeight: '{weight}'. Use 'mask', 'kernel' or 'min'.")
    bands = []
    for band in image.bands:
        for output in reducer.outputs:
            kind = output.type([band.type])
            if output.pixels is reducers.total and kind.is_integer:
                kind = DOUBLE
            made = _reduced(band, output, kernel, kind, by_kernel=_CAREFUL[weight], skip=skip)
            bands.append(replace(made, name=f"{band.name}_{output.name}"))
    return image.with_bands(tuple(bands))


@algorithm("Image.convolve")
def convolve(image: Image, kernel: Kernel) -> Image:
    """The sum of the pixels around each pixel times the kernel's weights; masked pixels count as 0."""

    def filtered(band: Band) -> Band:
        kind = pixeltype.at_least_float([band.type])
        kind = DOUBLE if band.type.is_integer else kind

        def compute(grid: Grid, values: NDArray[Any], valid: NDArray[np.bool_]) -> Plane:
            members = _shifted(kernel.weights(grid.projection.nominal_scale), values, valid)
            found = _weighted(members, kind, mean=False)
            return Plane(found.values, both(found.valid, settle(_centre(valid, grid))))

        return replace(band, type=kind, source=Around(band, _reach(kernel), compute, kind.dtype))

    return image.with_bands(tuple(map(filtered, image.bands)))


def _named(name: str, radius: float, units: str) -> Kernel:
    shape = SHAPES.get(name)
    if shape is None:
        raise EarthEngineError(f"Unknown kernel type: '{name}'. Known: {', '.join(SHAPES)}.")
    return shaped(shape, radius, units, normalize=False, magnitude=1.0)


def _focal(output: str) -> Callable[[Image, float, str, str, int, Kernel | None], Image]:
    def filtered(image: Image, radius: float, name: str, units: str, times: int, kernel: Kernel | None) -> Image:
        chosen = kernel or _named(name, radius, units)
        reduction = reducers.OUTPUTS[output]
        for _ in range(times):
            bands = []
            for band in image.bands:
                kind = reduction.type([band.type])
                bands.append(_reduced(band, reduction, chosen, kind, by_kernel=True, skip=False))
            image = image.with_bands(tuple(bands))
        return image

    return filtered


for _output in ("mean", "median", "mode", "min", "max"):
    add(f"Image.focal_{_output}", _focal(_output))
    add(f"Image.focal{_output.capitalize()}", _focal(_output))
