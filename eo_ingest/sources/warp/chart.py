"""Where a target's pixels lie in a source."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.sources.warp.lattice import Window, lying_in, parts
from eo_ingest.sources.warp.patch import Patch

if TYPE_CHECKING:
    from pyproj import Transformer

    from eo_ingest.sources.warp.lattice import Floats, Ints, Lattice

TOLERANCE = 2e-4
"""What positions between the nodes of the mesh may be off, in source pixels."""
ON_EDGE = 1e-8
"""A position so near to the edge of two pixels counts as on it; an edge belongs to the pixel after it."""
_LONGEST_STEP, _SHORTEST_STEP = 32, 4
_NOWHERE = -(2.0**40)  # pixels


def draw(target: Lattice, source: Lattice) -> Chart:
    """Find where the pixel centres of a target lie in a source."""
    step = _LONGEST_STEP
    while step >= _SHORTEST_STEP:
        down, across = _nodes(target.height, step), _nodes(target.width, step)
        mesh = _project(target, source, down[:, None], across)
        error = _misfit(target, source, mesh, (down, across))
        if error <= TOLERANCE:
            rows, cols = (_between(nodes, step, (target.height, target.width)) for nodes in mesh)
            return Chart(target, source, rows, cols, error)
        step = min(step // 2, _step_for(error, step))
    exact = _project(target, source, np.arange(target.height)[:, None] + 0.5, np.arange(target.width) + 0.5)
    rows, cols = (np.where(np.isfinite(exact[0] + exact[1]), part, _NOWHERE) for part in exact)
    return Chart(target, source, rows, cols, 0.0)


@dataclass(frozen=True)
class Chart:
    """Fractional (row, col) in the source of the target's pixel centres; source centres are at halves.

    Arrays are (height, width) of the target, hugely negative where nothing can be projected. `error` bounds how far
    they are off, in source pixels.
    """

    target: Lattice
    source: Lattice
    rows: Floats
    cols: Floats
    error: float

    @cached_property
    def nearest(self) -> tuple[Ints, Ints]:
        """(row, col) of the source pixel under each centre, exact; a huge negative number where there is none."""
        shape = self.rows.shape
        rows, cols, near = np.empty(shape, np.int64), np.empty(shape, np.int64), np.zeros(shape, bool)
        inner = 0.5 - 2 * self.error - ON_EDGE
        for part in parts(shape):
            for position, pixel in ((self.rows, rows), (self.cols, cols)):
                low = np.floor(position[part] + ON_EDGE)
                pixel[part] = low
                if self.error:
                    near[part] |= np.abs(position[part] - low - 0.5) > inner
        if self.error:
            at = np.nonzero(near)
            row, col = _project(self.target, self.source, at[0] + 0.5, at[1] + 0.5)
            rows[at], cols[at] = np.floor(row + ON_EDGE), np.floor(col + ON_EDGE)
        return rows, cols

    def patch(self, margin: int = 0) -> Patch | None:
        """The smallest part of the source under the target, and `margin` pixels around it (1 for bilinear).

        None if the target lies beside the source.
        """
        rows, cols = self.nearest
        inside = lying_in(rows, cols, Window(0, 0, self.source.height, self.source.width))
        if inside is not None:
            rows, cols = rows[inside], cols[inside]
        if not rows.size:
            return None
        spans = []
        for where, size in ((rows, self.source.height), (cols, self.source.width)):
            spans.append((max(int(where.min()) - margin, 0), min(int(where.max()) + 1 + margin, size)))
        (top, bottom), (left, right) = spans
        return Patch(self, Window(top, left, bottom - top, right - left))


@lru_cache(maxsize=64)
def _transformer(source: str, target: str) -> Transformer:
    from pyproj import Transformer

    return Transformer.from_crs(source, target, always_xy=True)


@lru_cache(maxsize=64)
def _geographic(crs: str) -> bool:
    from pyproj import CRS

    return bool(CRS.from_user_input(crs).is_geographic)


def _project(target: Lattice, source: Lattice, row: Floats, col: Floats) -> tuple[Floats, Floats]:
    """(row, col) in the source of positions in the target, exactly; not finite where there is no such place."""
    a, b, c, d, e, f = target.transform
    x: Any
    y: Any
    x, y = np.broadcast_arrays(a * col + b * row + c, d * col + e * row + f)
    if source.crs != target.crs:
        x, y = _transformer(target.crs, source.crs).transform(x, y)
    a, b, c, d, e, f = source.transform
    if _geographic(source.crs):
        middle = c + a * source.width / 2 + b * source.height / 2
        with np.errstate(invalid="ignore"):
            x = x - 360.0 * np.floor((x - middle + 180.0) / 360.0)
    x, y = x - c, y - f
    if b == 0 == d:
        return y / e, x / a
    area = a * e - b * d
    return (a * y - d * x) / area, (e * x - b * y) / area


def _step_for(error: float, step: int) -> int:
    """The power of two at which an error that grows with the square of the step will be tolerable; 0 for none."""
    fits = step * math.sqrt(TOLERANCE / error)
    return 2 ** math.floor(math.log2(fits)) if fits >= 1 else 0


def _nodes(count: int, step: int) -> Floats:
    """Pixel centres `step` apart, from the first to the last or beyond."""
    return np.arange(math.ceil(count / step) + 1) * float(step) + 0.5


def _misfit(target: Lattice, source: Lattice, mesh: tuple[Floats, Floats], nodes: tuple[Floats, Floats]) -> float:
    """A bound on the error of interpolated positions: what they are off in the middle of the mesh's edges, both ways.

    In the middle of its cells the errors of a conformal projection cancel.
    """
    down, across = nodes
    between_rows = _project(target, source, (down[1:] + down[:-1])[:, None] / 2, across)
    between_cols = _project(target, source, down[:, None], (across[1:] + across[:-1]) / 2)
    worst = 0.0
    with np.errstate(invalid="ignore"):
        for exact, below, beside in zip(mesh, between_rows, between_cols, strict=True):
            along = np.abs((exact[1:] + exact[:-1]) / 2 - below).max()
            over = np.abs((exact[:, 1:] + exact[:, :-1]) / 2 - beside).max()
            worst = max(worst, float(along + over)) if np.isfinite(along + over) else math.inf
    return 1.5 * worst + 1e-9  # a quadratic is off most in the middle; the rest is for what is not quite one


def _between(nodes: Floats, step: int, shape: tuple[int, int]) -> Floats:
    """Values at all pixel centres from those at nodes `step` pixels apart."""
    share = np.arange(step) / step
    down = nodes[:-1, None] + np.diff(nodes, axis=0)[:, None] * share[:, None]
    down = down.reshape(-1, nodes.shape[1])[: shape[0]]
    out = np.diff(down, axis=1)[:, :, None] * share
    out += down[:, :-1, None]
    return out.reshape(shape[0], -1)[:, : shape[1]]
