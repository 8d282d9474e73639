"""Which source pixels a job's pixels are, tile of the archive by tile."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.sources.cog.name import TILE_PX, Square
from eo_ingest.sources.warp import Lattice, Window, draw

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray
    from pyproj import Transformer

    Ints = NDArray[np.int64]

# Degrees of the source around a target that its chart is drawn in: more than any tile spans.
_AROUND = 12


@dataclass(frozen=True, eq=False)
class Piece:
    """Some pixels of a target and what they are in one square.

    Attributes:
        target: which target.
        at: places of the pixels in the target, read row by row.
        rows, cols: the square's pixels that they are, of the same length.
    """

    target: int
    at: Ints
    rows: Ints
    cols: Ints


@dataclass(frozen=True, eq=False)
class Share:
    """What a job needs of one square: a window, and which of its pixels go where."""

    square: Square
    window: Window
    pieces: tuple[Piece, ...]

    @classmethod
    def of(cls, square: Square, pieces: list[Piece]) -> Share:
        """The smallest window that holds all pieces."""
        rows, cols = (np.concatenate([getattr(piece, name) for piece in pieces]) for name in ("rows", "cols"))
        top, left = int(rows.min()), int(cols.min())
        return cls(square, Window(top, left, int(rows.max()) + 1 - top, int(cols.max()) + 1 - left), tuple(pieces))

    def place(self, values: NDArray[np.generic], targets: Mapping[int, NDArray[np.generic]]) -> None:
        """Put a window's values where they belong in the targets, arrays (height, width)."""
        for piece in self.pieces:
            found = values[piece.rows - self.window.row, piece.cols - self.window.col]
            targets[piece.target].reshape(-1)[piece.at] = found


def shares(targets: Mapping[int, Lattice]) -> list[Share]:
    """The squares under some targets, in order, and what is needed of each."""
    pieces: dict[Square, list[Piece]] = {}
    for number, target in targets.items():
        for square, piece in _cut(number, target):
            pieces.setdefault(square, []).append(piece)
    return [Share.of(square, found) for square, found in sorted(pieces.items())]


def _cut(number: int, target: Lattice) -> Iterator[tuple[Square, Piece]]:
    source, west = _around(target)
    rows, cols = (part.ravel() for part in draw(target, source).nearest)
    down, across = rows // TILE_PX, cols // TILE_PX
    for row, col in np.unique(np.stack([down, across]), axis=1).T:
        if 0 <= row < 180:
            at = np.flatnonzero((down == row) & (across == col))
            square = Square.at(int(row), int(col) + west + 180)
            yield square, Piece(number, at, rows[at] - row * TILE_PX, cols[at] - col * TILE_PX)


def _around(target: Lattice) -> tuple[Lattice, int]:
    """The source's pixels some degrees around a target, across 180° where that is near, and their western edge."""
    a, b, c, d, e, f = target.transform
    col, row = target.width / 2, target.height / 2
    lon, _ = _degrees(target.crs).transform(a * col + b * row + c, d * col + e * row + f)
    west, step = math.floor(lon) - _AROUND, 1 / TILE_PX
    transform = (step, 0.0, float(west), 0.0, -step, 90.0)
    return Lattice("EPSG:4326", transform, 180 * TILE_PX, 2 * _AROUND * TILE_PX), west


@lru_cache(maxsize=128)
def _degrees(crs: str) -> Transformer:
    from pyproj import Transformer

    return Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
