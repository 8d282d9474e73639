"""The ends of colour scales and the numbers beside them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eo_ingest.preview.style import Style

Limits = tuple[float, float]

_CLIPPED = 2  # percent of the values at each end that may lie outside of a scale
_STEPS = (1, 2, 2.5, 5, 10)


def limits(pictures: Sequence[np.ndarray], style: Style) -> tuple[Limits, ...]:
    """The ends of the scale of pictures (band, y, x), physical, NaN for nodata: one, or one per band.

    They are the style's own, or those between which 96 % of the values lie, so that all frames compare.
    """
    if style.apart:
        return tuple(_ends([picture[i] for picture in pictures], style) for i in range(len(pictures[0])))
    return (_ends(pictures, style),)


def _ends(values: Sequence[np.ndarray], style: Style) -> Limits:
    if style.limits is not None:
        return style.limits
    valid = np.concatenate([v[np.isfinite(v)] for v in values])
    if not valid.size:
        return 0.0, 1.0
    if style.whole:
        low, high = float(valid.min()), float(valid.max())
        return low, max(high, low + 1)
    low, high = (float(v) for v in np.percentile(valid, (_CLIPPED, 100 - _CLIPPED)))
    if style.centred:
        low, high = -max(abs(low), abs(high)), max(abs(low), abs(high))
    return widened(low, high)


def widened(low: float, high: float) -> Limits:
    """The interval, out to round numbers, and never empty."""
    if high - low <= 1e-6 * max(abs(low), abs(high)):
        step = _round_up(max(abs(low), 1e-9) / 100)
        return low - step, high + step
    step = _round_up((high - low) / 20)
    return math.floor(low / step + 1e-6) * step, math.ceil(high / step - 1e-6) * step


def ticks(low: float, high: float, count: int, *, whole: bool = False) -> list[float]:
    """Two to `count` evenly spaced round numbers from low to high; just the ends where there are none."""
    step = _round_up((high - low) / count)
    while (whole and step % 1) or len(_multiples(low, high, step)) > count:
        step = _round_up(step * 1.01)
    found = _multiples(low, high, step)
    return found if len(found) > 1 else [low, high]


def _multiples(low: float, high: float, step: float) -> list[float]:
    return [n * step for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def number(value: float, step: float) -> str:
    """A number on a scale with such steps: no more digits than those need, a true minus, thin spaces in thousands."""
    digits = 0
    while digits < 9 and abs(round(step, digits) - step) > 1e-6 * step:
        digits += 1
    text = f"{round(value, digits) + 0.0:,.{digits}f}"
    return text.replace(",", "\u2009").replace("-", "\u2212")


def _round_up(value: float) -> float:
    """The next of 1, 2, 2.5, 5, 10 times a power of ten."""
    power: float = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in _STEPS if step * power >= value * (1 - 1e-9))
