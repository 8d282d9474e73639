"""Packing: which pixels to ask for in one request, within Earth Engine's limits.

A request holds some frames × some bands × a window of a block. A block's pixels are packed into few requests, split
by frames first, then by bands, then in space. The order matters for compute: bands of one frame share their inputs.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from eo_ingest.errors import ConfigError
from eo_ingest.job import tiles_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eo_ingest.product import Product

# Earth Engine's limits on one computePixels request: bytes (a mask byte beside each value), side and bands.
MAX_BYTES = 48 * 1024 * 1024
MAX_BANDS = 1024
MASK_BYTES = 1
SMALLEST_SIDE_PX = 16

Unit = tuple[str, int]  # a variable's name and the index of one of its bands


@dataclass(frozen=True, slots=True)
class Window:
    """Pixels [row, row + height) × [col, col + width) of a block, at the product's resolution, north up."""

    row: int
    col: int
    height: int
    width: int

    @property
    def pixels(self) -> int:
        """How many pixels the window has."""
        return self.height * self.width


@dataclass(frozen=True, slots=True)
class PixelRequest:
    """One request: frame indices × units × a window of the block."""

    frames: tuple[int, ...]
    units: tuple[Unit, ...]
    window: Window

    def cost(self, product: Product) -> int:
        """Bytes as Earth Engine counts them: pixels × bands × (itemsize + mask byte)."""
        return self.window.pixels * len(self.frames) * sum(_unit_cost(product, u) for u in self.units)

    def payload(self, product: Product) -> int:
        """Bytes of pixels that come back."""
        sizes = (product.variable(name).itemsize for name, _ in self.units)
        return self.window.pixels * len(self.frames) * sum(sizes)


def pack(product: Product, frames: int, tiles: int, limit: int = MAX_BYTES) -> list[PixelRequest]:
    """Cover the tiles (16-bit mask) of a block with requests of at most `limit` bytes each.

    Every wanted pixel of every frame and band is in exactly one request; no other pixel is in any.
    """
    requests: list[PixelRequest] = []
    lattice = product.lattice
    if lattice.stacked:  # chips are no neighbours: each is asked for by itself
        alone = replace(product, lattice=replace(lattice, block_tiles=1, stacked=False))
        return pack(alone, frames, 1, limit) * tiles.bit_count()
    for window in windows(tiles, product.tile_px, lattice.block_tiles):
        requests += _pack_window(product, tuple(range(frames)), window, limit)
    return requests


def windows(tiles: int, tile_px: int, side: int) -> Iterator[Window]:
    """Cut the tiles of a mask into few rectangles that hold each wanted tile once and no other tile."""
    wanted = set(tiles_of(tiles))
    while wanted:
        row, col = divmod(min(wanted), side)
        width = 1
        while col + width < side and row * side + col + width in wanted:
            width += 1
        height = 1
        while row + height < side and all((row + height) * side + col + c in wanted for c in range(width)):
            height += 1
        wanted -= {(row + r) * side + col + c for r in range(height) for c in range(width)}
        yield Window(row * tile_px, col * tile_px, height * tile_px, width * tile_px)


def split(request: PixelRequest) -> tuple[PixelRequest, PixelRequest] | None:
    """Halve a request that was too much: frames, then bands, then space. None where it cannot get smaller."""
    if len(request.frames) > 1:
        half = len(request.frames) // 2
        return replace(request, frames=request.frames[:half]), replace(request, frames=request.frames[half:])
    if len(request.units) > 1:
        half = len(request.units) // 2
        return replace(request, units=request.units[:half]), replace(request, units=request.units[half:])
    if max(request.window.height, request.window.width) <= SMALLEST_SIDE_PX:
        return None
    first, second = _halves(request.window)
    return replace(request, window=first), replace(request, window=second)


def _pack_window(product: Product, frames: tuple[int, ...], window: Window, limit: int) -> list[PixelRequest]:
    units = _units(product)
    frame_cost = PixelRequest((0,), units, window).cost(product)
    if frame_cost <= limit and len(units) <= MAX_BANDS:
        most = min(limit // frame_cost, MAX_BANDS // len(units))
        return [PixelRequest(part, units, window) for part in _even(frames, math.ceil(len(frames) / most))]
    groups = _group(product, units, window, limit)
    if groups:
        return [PixelRequest((frame,), group, window) for frame in frames for group in groups]
    if max(window.height, window.width) <= SMALLEST_SIDE_PX:
        raise ConfigError(f"product {product.name!r}: one band of {window.pixels} pixels passes {limit} bytes")
    return [request for half in _halves(window) for request in _pack_window(product, frames, half, limit)]


def _units(product: Product) -> tuple[Unit, ...]:
    """All bands, those that share inputs (same relative place in their variables) side by side."""
    units = [(v.name, i, i / len(v.bands)) for v in product.variables for i in range(len(v.bands))]
    return tuple((name, i) for name, i, _ in sorted(units, key=lambda u: u[2]))


def _group(product: Product, units: tuple[Unit, ...], window: Window, limit: int) -> list[tuple[Unit, ...]] | None:
    """Cut the bands of one frame into the fewest even runs that fit; None if a single band does not fit."""
    costs = [window.pixels * _unit_cost(product, unit) for unit in units]
    if max(costs) > limit:
        return None
    for parts in range(math.ceil(sum(costs) / limit), len(units) + 1):
        target = sum(costs) / parts
        groups: list[list[Unit]] = [[] for _ in range(parts)]
        done = 0.0
        for unit, cost in zip(units, costs, strict=True):
            groups[min(int((done + cost / 2) / target), parts - 1)].append(unit)
            done += cost
        if all(g and window.pixels * sum(_unit_cost(product, u) for u in g) <= limit for g in groups):
            return [tuple(g) for g in groups]
    return [(unit,) for unit in units]


def _unit_cost(product: Product, unit: Unit) -> int:
    return product.variable(unit[0]).itemsize + MASK_BYTES


def _even(items: tuple[int, ...], parts: int) -> list[tuple[int, ...]]:
    """Cut into `parts` runs whose lengths differ by one at most."""
    edges = [round(i * len(items) / parts) for i in range(parts + 1)]
    return [items[a:b] for a, b in itertools.pairwise(edges)]


def _halves(window: Window) -> tuple[Window, Window]:
    if window.height >= window.width:
        half = window.height // 2
        return replace(window, height=half), replace(window, row=window.row + half, height=window.height - half)
    half = window.width // 2
    return replace(window, width=half), replace(window, col=window.col + half, width=window.width - half)
