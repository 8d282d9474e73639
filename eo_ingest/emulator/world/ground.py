"""Windows of pixels, tile by tile, over a cache of what does not change."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from eo_ingest.emulator.world.land import Ground, survey
from eo_ingest.emulator.world.place import GEOGRAPHIC, pixels, scattered

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from eo_ingest.emulator.asset import Lattice, Window
    from eo_ingest.emulator.world.noise import Ints, Sites

TILE = 256
"""Pixels along the edge of a tile: its arrays fit a processor's cache."""
SPACING = 41.0
"""Metres between places where slowly varying fields are computed, for sensors that see fine detail."""
_METRES_PER_DEGREE = 111_195.0


class _Sized(Protocol):
    @property
    def nbytes(self) -> int: ...


T = TypeVar("T", bound=_Sized)


class Cache:
    """A least-recently-used store of arrays with a limit in bytes, for many threads; each value is made once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._items: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()
        self._makers = [threading.Lock() for _ in range(64)]

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value under `key`, made by `make` if it is not there."""
        found: T | None = self._find(key)
        if found is not None:
            return found
        with self._makers[hash(key) % len(self._makers)]:
            found = self._find(key)
            if found is None:
                found = make()
                self._keep(key, found)
        return found

    def _find(self, key: Hashable) -> Any:
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
            return self._items.get(key)

    def _keep(self, key: Hashable, value: _Sized) -> None:
        with self._lock:
            self._items[key] = value
            self._held += value.nbytes
            while self._held > self._limit and len(self._items) > 1:
                _, dropped = self._items.popitem(last=False)
                self._held -= dropped.nbytes


_CACHE = Cache(256 * 2**20)


@dataclass(frozen=True)
class Raster:
    """An endless grid of square-ish pixels: lattices that differ by whole pixels share one.

    `phase` is the (x, y) of the corner between pixels (-1, -1) and (0, 0); `pixel` is (width, height) in CRS units.
    """

    crs: str
    pixel: tuple[float, float]
    phase: tuple[float, float]

    def tile(self, row: int, col: int) -> Tile:
        """The tile that starts at pixel (row · TILE, col · TILE)."""
        return Tile(self, row, col)

    def sites(self, row: Ints, col: Ints, spacing: float = SPACING) -> Sites:
        """The centres of scattered pixels, bit by bit where the tiles that contain them put them."""
        left = self.phase[0] + col // TILE * TILE * self.pixel[0]
        top = self.phase[1] + row // TILE * TILE * self.pixel[1]
        return scattered(self.crs, (left, top), self.pixel, (row % TILE, col % TILE), self.step(spacing))

    def step(self, spacing: float) -> int:
        """Pixels between the nodes of slowly varying fields that are at most `spacing` metres apart."""
        metres = abs(self.pixel[0]) * (_METRES_PER_DEGREE if self.crs == GEOGRAPHIC else 1.0)
        return 1 << max(0, min(5, math.floor(math.log2(spacing / metres))))


@dataclass(frozen=True)
class Tile:
    """TILE × TILE pixels of a raster."""

    raster: Raster
    row: int
    col: int

    def sites(self, spacing: float = SPACING) -> Sites:
        """The centres of the tile's pixels; fields that vary slowly are computed `spacing` metres apart."""
        (width, height), (x, y) = self.raster.pixel, self.raster.phase
        origin = x + self.col * TILE * width, y + self.row * TILE * height
        return pixels(self.raster.crs, origin, (width, height), TILE, self.raster.step(spacing))

    def ground(self) -> Ground:
        """What is there; kept in the cache."""
        return _CACHE.get(self, lambda: survey(self.sites()))

    def derived(self, key: Hashable, make: Callable[[], T]) -> T:
        """Any other array of the tile, kept in the cache under `key`."""
        return _CACHE.get((self, key), make)


@dataclass(frozen=True)
class Part:
    """The piece of a window that lies in one tile: `inside` cuts the tile, `out` the window.

    `row` and `col` number the piece's first pixel from the lattice's origin.
    """

    tile: Tile
    inside: tuple[slice, slice]
    out: tuple[slice, slice]
    row: int
    col: int


def raster_of(lattice: Lattice, level: int = 0) -> tuple[Raster, int, int]:
    """The raster of a north-up lattice thinned to every 2**level-th pixel, and the (row, col) of its origin."""
    a, _, c, _, e, f = lattice.transform
    width, height = a * 2**level, e * 2**level
    col, row = math.floor(c / width + 1e-6), math.floor(f / height + 1e-6)
    phase = round(c - col * width, 9), round(f - row * height, 9)
    return Raster(lattice.crs, (width, height), phase), row, col


def parts(lattice: Lattice, window: Window, level: int = 0) -> Iterator[Part]:
    """The tiles under the part of a window that lies inside its lattice, in rows.

    Args:
        lattice: a north-up lattice.
        window: in pixels of 2**level native ones.
        level: how far the lattice is thinned; a pixel is then what is found at its centre.
    """
    raster, row0, col0 = raster_of(lattice, level)
    size = -(-lattice.height // 2**level), -(-lattice.width // 2**level)
    return tiles_under(raster, (row0, col0), size, window)


def tiles_under(raster: Raster, origin: tuple[int, int], size: tuple[int, int], window: Window) -> Iterator[Part]:
    """The tiles under a window of the (rows, cols) `size` pixels of a raster from (row, col) `origin` on."""
    row0, col0 = origin
    top, left = max(0, window.row), max(0, window.col)
    bottom, right = min(size[0], window.row + window.height), min(size[1], window.col + window.width)
    if bottom <= top or right <= left:
        return
    for r in range((row0 + top) // TILE, (row0 + bottom - 1) // TILE + 1):
        r0, r1 = max(r * TILE, row0 + top), min((r + 1) * TILE, row0 + bottom)
        rows, out_rows = slice(r0 - r * TILE, r1 - r * TILE), slice(r0 - row0 - window.row, r1 - row0 - window.row)
        for c in range((col0 + left) // TILE, (col0 + right - 1) // TILE + 1):
            c0, c1 = max(c * TILE, col0 + left), min((c + 1) * TILE, col0 + right)
            cols, out_cols = slice(c0 - c * TILE, c1 - c * TILE), slice(c0 - col0 - window.col, c1 - col0 - window.col)
            yield Part(raster.tile(r, c), (rows, cols), (out_rows, out_cols), r0 - row0, c0 - col0)
