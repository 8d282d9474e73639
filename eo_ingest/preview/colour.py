"""Colour maps as tables of 256 colours.

`viridis` is that of S. van der Walt and N. Smith (CC0), interpolated between 17 of its colours. The others are paths
through OKLab, B. Ottosson's perceptually uniform space (2020, public domain): equal steps look equally large.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Map = Literal["grey", "viridis", "green", "blue", "terrain", "wheel", "balance"]

STEPS = 256
_VIRIDIS = (
    "440154 48186a 472d7b 424086 3b528b 33638d 2c728e 26828e 21918c 1fa088 28ae80 3fbc73 5ec962 84d44b addc30 d8e219 "
    "fde725"
)
# Points of paths as (lightness, chroma, hue in degrees), evenly spaced.
_PATHS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "green": ((0.96, 0.03, 105), (0.84, 0.10, 122), (0.68, 0.13, 138), (0.52, 0.12, 147), (0.37, 0.08, 155)),
    "blue": ((0.96, 0.02, 235), (0.82, 0.07, 235), (0.66, 0.11, 242), (0.50, 0.13, 252), (0.34, 0.10, 262)),
    "terrain": (
        (0.62, 0.09, 150),
        (0.78, 0.10, 122),
        (0.88, 0.08, 95),
        (0.72, 0.08, 72),
        (0.58, 0.06, 55),
        (0.95, 0.01, 60),
    ),
    "balance": ((0.42, 0.09, 55), (0.70, 0.09, 70), (0.95, 0.005, 110), (0.66, 0.08, 180), (0.40, 0.07, 195)),
}
_WHEEL = (0.74, 0.115)  # lightness and chroma of the colour wheel: the largest chroma that all its hues have in sRGB
_GOLDEN_ANGLE = 137.508


@cache
def table(name: Map) -> NDArray[np.uint8]:
    """The colours of a map, uint8 (256, 3), from its low end to its high end; of `wheel` both ends are neighbours."""
    if name == "grey":
        return np.repeat(np.arange(STEPS, dtype=np.uint8)[:, None], 3, axis=1)
    if name == "viridis":
        points = np.array([list(bytes.fromhex(colour)) for colour in _VIRIDIS.split()], dtype=float)
        viridis: NDArray[np.uint8] = np.rint(_along(points)).astype(np.uint8)
        return viridis
    if name == "wheel":
        hues = 360 * np.arange(STEPS) / STEPS
        return _srgb(np.stack([np.full(STEPS, _WHEEL[0]), np.full(STEPS, _WHEEL[1]), hues], axis=1))
    return _srgb(_along(np.array(_PATHS[name])))


def labels(values: np.ndarray) -> np.ndarray:
    """A colour for each label, uint8 (…, 3): neighbours differ, 0 is grey."""
    number = values.astype(np.int64)
    shades = np.stack([0.55 + 0.28 * (number % 2), np.full(number.shape, 0.11), number * _GOLDEN_ANGLE % 360], axis=-1)
    colours = _srgb(shades)
    colours[number == 0] = (128, 128, 128)
    return colours


def rgb(colour: str) -> tuple[int, int, int]:
    """`#RRGGBB` as three numbers."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _along(points: np.ndarray) -> np.ndarray:
    """Points (n, 3), interpolated to 256."""
    at = np.linspace(0, len(points) - 1, STEPS)
    return np.stack([np.interp(at, np.arange(len(points)), points[:, i]) for i in range(3)], axis=1)


def _srgb(shades: np.ndarray) -> NDArray[np.uint8]:
    """Lightness, chroma and hue of OKLab (…, 3) as sRGB, uint8; what is outside sRGB is clipped."""
    lightness, chroma, hue = np.moveaxis(shades, -1, 0)
    a, b = chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue))
    cones = np.stack(
        [
            lightness + 0.3963377774 * a + 0.2158037573 * b,
            lightness - 0.1055613458 * a - 0.0638541728 * b,
            lightness - 0.0894841775 * a - 1.2914855480 * b,
        ],
        axis=-1,
    )
    to_linear = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    linear = np.clip(cones**3 @ to_linear.T, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    painted: NDArray[np.uint8] = np.rint(255 * encoded).astype(np.uint8)
    return painted
