"""Constructors of kernels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.kernel import SHAPES, Kernel, fixed, offsets, pixels, scaled, shaped
from eo_ingest.emulator.registry import add, algorithm

if TYPE_CHECKING:
    from collections.abc import Callable

    from eo_ingest.emulator.kernel import Weights


def _euclidean(radius: float) -> Weights:
    return _within(radius, np.hypot(*offsets(radius)))


def _manhattan(radius: float) -> Weights:
    down, right = offsets(radius)
    return _within(radius, np.abs(down) + np.abs(right))


def _chebyshev(radius: float) -> Weights:
    down, right = offsets(radius)
    return _within(radius, np.maximum(np.abs(down), np.abs(right)))


def _within(radius: float, distance: Weights) -> Weights:
    out: Weights = np.where(distance <= radius + 1e-9, distance, np.nan)
    return out


def _shape(shape: Callable[[float], Weights]) -> Callable[[float, str, bool, float], Kernel]:
    def make(radius: float, units: str, normalize: bool, magnitude: float) -> Kernel:  # noqa: FBT001
        return shaped(shape, radius, units, normalize=normalize, magnitude=magnitude)

    return make


for _name, _function in {
    **SHAPES,
    "euclidean": _euclidean,
    "manhattan": _manhattan,
    "chebyshev": _chebyshev,
}.items():
    add(f"Kernel.{_name}", _shape(_function))


@algorithm("Kernel.rectangle")
def rectangle(x: float, y: float, units: str, normalize: bool, magnitude: float) -> Kernel:  # noqa: FBT001
    """A rectangle of two radii."""

    def make(scale: float) -> Weights:
        across, down = (math.floor(pixels(r, units, scale) + 1e-9) for r in (x, y))
        return scaled(np.ones((2 * down + 1, 2 * across + 1)), normalize=normalize, magnitude=magnitude)

    return Kernel(make)


@algorithm("Kernel.gaussian")
def gaussian(radius: float, sigma: float, units: str, normalize: bool, magnitude: float) -> Kernel:  # noqa: FBT001
    """A bell, cut off at a radius."""

    def make(scale: float) -> Weights:
        down, right = offsets(pixels(radius, units, scale))
        spread = pixels(sigma, units, scale)
        return scaled(np.exp(-(down**2 + right**2) / (2 * spread**2)), normalize=normalize, magnitude=magnitude)

    return Kernel(make)


@algorithm("Kernel.fixed")
def fixed_kernel(_width: int, _height: int, weights: list[Any], x: int, y: int, normalize: bool) -> Kernel:  # noqa: FBT001
    """Given weights."""
    found = scaled(fixed([[float(v) for v in row] for row in weights], x, y), normalize=normalize)
    return Kernel(lambda _: found)


_FIXED: dict[str, list[list[float]]] = {
    "laplacian4": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
    "laplacian8": [[1, 1, 1], [1, -8, 1], [1, 1, 1]],
    "sobel": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
}


def _operator(rows: list[list[float]]) -> Callable[[float, bool], Kernel]:
    def make(magnitude: float, normalize: bool) -> Kernel:  # noqa: FBT001
        found = scaled(fixed(rows, -1, -1), normalize=normalize, magnitude=magnitude)
        return Kernel(lambda _: found)

    return make


for _name, _rows in _FIXED.items():
    add(f"Kernel.{_name}", _operator(_rows))


@algorithm("Kernel.add")
def add_kernels(one: Kernel, other: Kernel, normalize: bool) -> Kernel:  # noqa: FBT001
    """The sum of two kernels of one size."""

    def make(scale: float) -> Weights:
        first, second = one.weights(scale), other.weights(scale)
        if first.shape != second.shape:
            raise EarthEngineError("Kernels that are added must have the same size.")
        both = np.where(np.isnan(first) & np.isnan(second), np.nan, np.nan_to_num(first) + np.nan_to_num(second))
        return scaled(both, normalize=normalize)

    return Kernel(make)


@algorithm("Kernel.rotate")
def rotate(kernel: Kernel, turns: int) -> Kernel:
    """The kernel turned by quarters, clockwise."""
    return kernel.changed(lambda weights: np.rot90(weights, -turns))


@algorithm("Kernel.inverse")
def inverse(kernel: Kernel) -> Kernel:
    """One over each weight; 0 stays."""
    return kernel.changed(lambda weights: np.where(weights == 0, 0.0, 1 / np.where(weights == 0, 1.0, weights)))
