"""From values to colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.preview import colour, fabric
from eo_ingest.preview.gather import State

if TYPE_CHECKING:
    from eo_ingest.preview.scale import Limits
    from eo_ingest.preview.style import Style
    from eo_ingest.product import Variable

_SUN = (315.0, 45.0)  # azimuth and altitude in degrees
_RELIEF = 0.06  # the slope, as rise over run, that is shaded as if it were 45°


@dataclass(frozen=True)
class Grain:
    """Pixels of a panel: `metres` wide on the ground; `enlarged` of them in a row show one pixel of the data."""

    metres: float
    enlarged: int = 1


def paint(
    bands: np.ndarray, variable: Variable, style: Style, limits: tuple[Limits, ...], grain: Grain
) -> tuple[np.ndarray, np.ndarray]:
    """Colours, uint8 (y, x, 3), and which pixels have a value, bool (y, x).

    Args:
        bands: values (band, y, x) as gathered: three for a composite, else one.
        variable: what they are.
        style: how they are painted.
        limits: the ends of the scale, or those of each band's.
        grain: how large pixels are.
    """
    if style.how == "composite":
        return _composite(bands, limits)
    values = bands[0]
    if style.how == "classes":
        return _classes(values, variable)
    if style.how == "labels":
        return colour.labels(values), values != variable.nodata
    valid = np.isfinite(values)
    low, _ = limits[0]
    filled = np.where(valid, values, low).astype(np.float64)
    table = colour.table(style.colours)
    if style.period:
        turn = (filled - low) / style.period % 1
        return table[(turn * colour.STEPS).astype(np.intp) % colour.STEPS], valid
    tinted = table[_step(filled, limits[0])]
    if style.how == "relief":
        tinted = np.rint(np.clip(tinted * _shade(values, grain)[..., None], 0, 255)).astype(np.uint8)
    return tinted, valid


def compose(painted: np.ndarray, valid: np.ndarray, states: np.ndarray, px: int) -> np.ndarray:
    """A panel, uint8 (y, x, 3): colours where there are values, and patterns where pixels or tiles have none."""
    height, width = valid.shape
    panel = np.empty((height, width, 3), dtype=np.uint8)
    for row, col in np.ndindex(states.shape):
        here = slice(row * px, (row + 1) * px), slice(col * px, (col + 1) * px)
        state = State(int(states[row, col]))
        if state is State.OK:
            ground = fabric.masked(px, px)
            panel[here] = np.where(valid[here][..., None], painted[here], ground)
        else:
            panel[here] = fabric.of(state, px, px)
    return panel


def _step(values: np.ndarray, limits: Limits) -> np.ndarray:
    low, high = limits
    share = np.clip((values - low) / (high - low), 0, 1)
    return np.minimum(share * colour.STEPS, colour.STEPS - 1).astype(np.intp)


def _composite(bands: np.ndarray, limits: tuple[Limits, ...]) -> tuple[np.ndarray, np.ndarray]:
    valid = np.isfinite(bands).all(axis=0)
    ends = limits * len(bands) if len(limits) == 1 else limits
    painted = [_step(np.where(valid, band, end[0]), end) for band, end in zip(bands, ends, strict=True)]
    return np.stack(painted, axis=-1).astype(np.uint8), valid


def _classes(values: np.ndarray, variable: Variable) -> tuple[np.ndarray, np.ndarray]:
    painted = np.zeros((*values.shape, 3), dtype=np.uint8)
    valid = np.zeros(values.shape, dtype=bool)
    for flag in variable.flags:
        here = values == flag.value
        painted[here] = colour.rgb(flag.colour)
        valid |= here
    return painted, valid


def _shade(heights: np.ndarray, grain: Grain) -> np.ndarray:
    """Light on a surface, 0.45 to 1.1 (y, x), from the north-west; level ground has 1. Nodata is taken as level.

    What was enlarged is shaded as it was before: the steps between large pixels are no cliffs.
    """
    step = grain.enlarged
    lit = _light(heights[step // 2 :: step, step // 2 :: step].astype(np.float64), grain.metres * step)
    return np.repeat(np.repeat(lit, step, axis=0), step, axis=1)


def _light(heights: np.ndarray, metres: float) -> np.ndarray:
    padded = np.pad(heights, 1, mode="edge")
    down = (padded[2:, 1:-1] - padded[:-2, 1:-1]) / (2 * metres)
    right = (padded[1:-1, 2:] - padded[1:-1, :-2]) / (2 * metres)
    steepness = max(_steepness(down, right), _RELIEF)
    down, right = (np.where(np.isfinite(slope), slope, 0) / steepness for slope in (down, right))
    azimuth, altitude = np.radians(_SUN)
    # The sun's direction as (east, south, up), against the normal of the surface (-right, -down, 1).
    east, south, up = np.sin(azimuth) * np.cos(altitude), -np.cos(azimuth) * np.cos(altitude), np.sin(altitude)
    light = (up - east * right - south * down) / np.sqrt(1 + right**2 + down**2)
    lit: np.ndarray = np.clip(light / up, 0.45, 1.1)
    return lit


def _steepness(down: np.ndarray, right: np.ndarray) -> float:
    """The slope that nine in ten pixels do not reach: it is shaded as 45°, so that hills and Alps both show."""
    slopes = np.hypot(down, right)
    slopes = slopes[np.isfinite(slopes)]
    return float(np.percentile(slopes, 90)) if slopes.size else 0.0
