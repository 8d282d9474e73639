"""Patterns for what is not data, in colours that no colour map has."""

from __future__ import annotations

import numpy as np

from eo_ingest.preview.gather import State

Colour = tuple[int, int, int]

# Two colours each: ground and figure. All lean to violet or red, so that none is a grey of radar.
NODATA: tuple[Colour, Colour] = ((249, 246, 252), (219, 209, 232))
EMPTY: tuple[Colour, Colour] = ((249, 246, 252), (176, 160, 200))
MISSING: tuple[Colour, Colour] = ((250, 249, 253), (170, 165, 185))
FAILED: tuple[Colour, Colour] = ((253, 240, 238), (214, 84, 70))
OUTSIDE: Colour = (255, 255, 255)

WORDS = {State.EMPTY: "no data", State.FAILED: "failed", State.MISSING: "missing"}
MEANINGS = {
    State.EMPTY: "empty: the source has nothing there",
    State.FAILED: "failed",
    State.MISSING: "missing: asked for, not made yet",
}
MASKED = "masked in the source"


def masked(height: int, width: int) -> np.ndarray:
    """A fine chequer for pixels without a value, uint8 (height, width, 3)."""
    y, x = np.indices((height, width), sparse=True)
    return _two(NODATA, (y // 4 + x // 4) % 2 == 0)


def of(state: State, height: int, width: int) -> np.ndarray:
    """The pattern of a tile that is no data, uint8 (height, width, 3): dots, stripes, cross-stripes."""
    y, x = np.indices((height, width), sparse=True)
    if state is State.EMPTY:
        return _two(EMPTY, (y % 8 < 2) & ((x + 4 * (y // 8 % 2)) % 8 < 2))
    if state is State.MISSING:
        return _two(MISSING, (x + y) % 10 < 2)
    if state is State.FAILED:
        return _two(FAILED, ((x + y) % 12 < 2) | ((x - y) % 12 < 2))
    return np.full((height, width, 3), OUTSIDE, dtype=np.uint8)


def grounds() -> tuple[Colour, ...]:
    """All colours that patterns are made of."""
    return (*NODATA, *EMPTY, *MISSING, *FAILED)


def _two(colours: tuple[Colour, Colour], figure: np.ndarray) -> np.ndarray:
    ground, ink = (np.array(colour, dtype=np.uint8) for colour in colours)
    return np.where(figure[..., None], ink, ground)
