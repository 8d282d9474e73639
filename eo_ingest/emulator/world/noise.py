"""Smooth pseudo-random fields without state: integer hashes on lattices that close around the globe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
U32 = npt.NDArray[np.uint32]
U8 = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

_WORD = 0xFFFFFFFF


def hash_lattice(i: npt.NDArray[np.integer[Any]], j: npt.NDArray[np.integer[Any]], seed: int) -> U32:
    """32 well-mixed bits per lattice point (i, j); `i` and `j` broadcast and may be negative."""
    start = np.uint32((seed * 0x9E3779B1 + 0x7F4A7C15) & _WORD)
    columns = i.astype(np.int64).astype(np.uint32) * np.uint32(0x85EBCA6B) ^ start
    rows = j.astype(np.int64).astype(np.uint32) * np.uint32(0xC2B2AE35)
    return mix(columns + (rows ^ (rows >> np.uint32(13))))


def mix(h: U32) -> U32:
    """Scramble 32-bit words in place, and return them."""
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x2C1B3C6D)
    h ^= h >> np.uint32(12)
    h *= np.uint32(0x297A2D39)
    h ^= h >> np.uint32(15)
    return h


def hash_words(*words: int) -> int:
    """One 32-bit hash of a few integers, for the choices made once per scene."""
    h = 0x811C9DC5
    for word in words:
        h = ((h ^ (word & _WORD)) * 0x01000193 + (word >> 32 & _WORD)) & _WORD
        h ^= h >> 15
        h = h * 0x2C1B3C6D & _WORD
        h ^= h >> 12
        h = h * 0x297A2D39 & _WORD
        h ^= h >> 15
    return h


def unit(h: U32) -> F32:
    """Hashes as numbers in [0, 1)."""
    return (h >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)


def cells(size: float) -> int:
    """How many lattice cells go around the globe so that one is `size` metres wide at 50° of latitude."""
    return max(1, round(40_075_016.7 * 0.642_788 / size))


def noise(x: F64, y: F64, size: float, seed: int) -> F32:
    """Value noise in [0, 1): a C¹ field with features of `size` metres at 50° of latitude.

    Args:
        x: turns east, any shape; period 1.
        y: Mercator northing in turns, same shape.
        size: edge of a lattice cell in metres at 50° N or S; it scales with the cosine of the latitude.
        seed: tells fields apart.
    """
    n = cells(size)
    i, tx = _split(x * n)
    j, ty = _split(y * n)
    i_low, j_low = int(i.min()), int(j.min())
    width, height = int(i.max()) - i_low + 2, int(j.max()) - j_low + 2
    if width * height > 4 * x.size + 4096:
        corners = [unit(hash_lattice((i + di) % n, j + dj, seed)) for dj in (0, 1) for di in (0, 1)]
        return _blend(corners[0], corners[1], corners[2], corners[3], tx, ty)
    columns = (np.arange(width) + i_low) % n
    rows = np.arange(height)[:, None] + j_low
    table = unit(hash_lattice(columns, rows, seed)).ravel()
    at = (j - j_low) * width + (i - i_low)
    return _blend(table.take(at), table[1:].take(at), table[width:].take(at), table[width + 1 :].take(at), tx, ty)


def _split(f: F64) -> tuple[npt.NDArray[np.int64], F32]:
    """Cell numbers and the smoothed position inside the cell."""
    low = np.floor(f)
    t = (f - low).astype(np.float32)
    return low.astype(np.int64), t * t * (np.float32(3) - np.float32(2) * t)


def _blend(a: F32, b: F32, c: F32, d: F32, tx: F32, ty: F32) -> F32:
    b -= a
    b *= tx
    b += a
    d -= c
    d *= tx
    d += c
    d -= b
    d *= ty
    d += b
    return d


def upsample(nodes: npt.NDArray[Any], step: int) -> npt.NDArray[Any]:
    """Bilinear refinement of (rows + 1, cols + 1) nodes to (rows · step, cols · step) pixel centres.

    Nodes sit on pixel corners: node (i, j) is the upper-left corner of pixel (i · step, j · step).
    """
    weight = ((np.arange(step) + 0.5) / step).astype(nodes.dtype)
    down = nodes[:-1, None, :] + (nodes[1:] - nodes[:-1])[:, None, :] * weight[None, :, None]
    down = down.reshape(-1, nodes.shape[1])
    across = np.diff(down, axis=1)[:, :, None] * weight
    across += down[:, :-1, None]
    out: npt.NDArray[Any] = across.reshape(down.shape[0], -1)
    return out


class Sites:
    """Places where fields are wanted: scattered points, or a window of pixels with coarser nodes.

    `x` and `y` are turns east and Mercator turns north. Over a window, fields that vary over a kilometre or more are
    computed on `nodes` (`step` pixels apart, at most about 40 m) and refined, which costs a tenth.
    """

    def __init__(self, x: F64, y: F64, nodes: tuple[F64, F64] | None = None, step: int = 1) -> None:
        self.x = x
        self.y = y
        self._nodes = nodes
        self._step = step

    def smooth(self, field: Callable[[F64, F64], F32]) -> F32:
        """A slowly varying function of (x, y) at every site."""
        if self._nodes is None:
            return field(self.x, self.y)
        return upsample(field(*self._nodes), self._step)

    def noise(self, size: float, seed: int) -> F32:
        """Value noise computed at every site."""
        return noise(self.x, self.y, size, seed)


class Spots(Sites):
    """Single pixels of windows, with the four nodes around each, so that smooth fields are interpolated there too.

    `nodes[i][j]` is (x, y) of the nodes above (0) or below (1), left (0) or right (1); `down` and `along` are the
    shares of the way between them, in single precision.
    """

    def __init__(self, x: F64, y: F64, nodes: list[list[tuple[F64, F64]]], down: F32, along: F32) -> None:
        super().__init__(x, y)
        self._around = nodes
        self._down = down
        self._along = along

    def smooth(self, field: Callable[[F64, F64], F32]) -> F32:
        """A slowly varying function of (x, y) at every site."""
        (a, b), (c, d) = ([field(*node) for node in row] for row in self._around)
        left = a + (c - a) * self._down
        right = b + (d - b) * self._down
        out: F32 = (right - left) * self._along + left
        return out
