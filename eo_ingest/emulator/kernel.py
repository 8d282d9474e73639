"""Kernels: weights around a pixel, in pixels or in metres."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.emulator.errors import EarthEngineError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Weights = NDArray[np.float64]

# Weights at offsets (rows down, columns right) in pixels for a radius in pixels.
Shape = Callable[[float], "Weights"]
_LARGEST = 512


@dataclass(frozen=True)
class Kernel:
    """Weights for pixels of a given size; NaN marks pixels that are not in it.

    `make` takes metres a pixel. The array's middle is the pixel itself, so its sides are odd.
    """

    make: Callable[[float], Weights]

    def weights(self, scale: float) -> Weights:
        """(rows, cols), both odd."""
        found = self.make(scale)
        if max(found.shape) > _LARGEST:
            raise EarthEngineError(f"Kernel of {found.shape[1]}x{found.shape[0]} pixels; at most {_LARGEST} a side.")
        return found

    def changed(self, change: Callable[[Weights], Weights]) -> Kernel:
        """The kernel with its weights changed."""
        return replace(self, make=lambda scale: change(self.make(scale)))


def pixels(radius: float, units: str, scale: float) -> float:
    """A radius in pixels of `scale` metres."""
    if units in {"pixels", "pixel", "p"}:
        return radius
    if units in {"meters", "metres", "meter", "m"}:
        return radius / scale
    raise EarthEngineError(f"Unknown units of a kernel: '{units}'. Use 'pixels' or 'meters'.")


def shaped(shape: Shape, radius: float, units: str, *, normalize: bool, magnitude: float, least: int = 0) -> Kernel:
    """A kernel given by a function of its radius in pixels."""
    if not radius > 0:
        raise EarthEngineError(f"The radius of a kernel must be positive, got {radius}.")

    def make(scale: float) -> Weights:
        return scaled(shape(max(float(least), pixels(radius, units, scale))), normalize=normalize, magnitude=magnitude)

    return Kernel(make)


def scaled(weights: Weights, *, normalize: bool, magnitude: float = 1.0) -> Weights:
    """Weights times a magnitude, after making their sum 1 if they are to be normalized."""
    total = float(np.nansum(weights))
    if normalize and total != 0:
        return weights * (magnitude / total)
    return weights * magnitude


def offsets(radius: float) -> tuple[Weights, Weights]:
    """(rows down, columns right) of the square of pixels that holds a radius."""
    reach = math.floor(radius + 1e-9)
    side = np.arange(-reach, reach + 1, dtype=np.float64)
    return side[:, None] + 0 * side, side + 0 * side[:, None]


def inside(chosen: NDArray[np.bool_]) -> Weights:
    """Weight 1 where chosen, elsewhere no member of the kernel."""
    out: Weights = np.where(chosen, 1.0, np.nan)
    return out


def _circle(radius: float) -> Weights:
    down, right = offsets(radius)
    return inside(down**2 + right**2 <= radius**2 + 1e-9)


def _square(radius: float) -> Weights:
    down, _ = offsets(radius)
    return np.ones(down.shape)


def _diamond(radius: float) -> Weights:
    down, right = offsets(radius)
    return inside(np.abs(down) + np.abs(right) <= radius + 1e-9)


def _plus(radius: float) -> Weights:
    down, right = offsets(radius)
    return inside((down == 0) | (right == 0))


def _cross(radius: float) -> Weights:
    down, right = offsets(radius)
    return inside(np.abs(down) == np.abs(right))


SHAPES: dict[str, Shape] = {
    "circle": _circle, "square": _square, "diamond": _diamond, "plus": _plus, "cross": _cross,
}  # fmt: skip
"""Kernels of ones."""


def fixed(rows: list[list[float]], x: int, y: int) -> Weights:
    """Given weights, padded so that (x, y) is in the middle; -1 for their own middle."""
    found = np.array(rows, np.float64)
    if found.ndim != 2:
        raise EarthEngineError("The weights of a kernel must be rows of equal length.")
    col = x if x >= 0 else found.shape[1] // 2
    row = y if y >= 0 else found.shape[0] // 2
    down, right = max(row, found.shape[0] - 1 - row), max(col, found.shape[1] - 1 - col)
    out = np.full((2 * down + 1, 2 * right + 1), np.nan)
    out[down - row : down - row + found.shape[0], right - col : right - col + found.shape[1]] = found
    return out
