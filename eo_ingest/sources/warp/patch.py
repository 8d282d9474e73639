"""The part of a source under a target, and the target's pixels from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.sources.warp.lattice import lying_in, parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eo_ingest.sources.warp.chart import Chart
    from eo_ingest.sources.warp.lattice import Flags, Floats, Ints, Window


FULL = 0.999
"""Neighbours that have this weight together are all there are: the rest is less than positions are sure of."""


@dataclass(frozen=True, slots=True)
class _Taps:
    """Four neighbours a pixel: the place of the upper left one, and the weights of the lower and of the right ones."""

    at: Ints
    down: Floats
    right: Floats

    def __getitem__(self, part: slice | tuple[Ints, ...]) -> _Taps:
        return _Taps(self.at[part], self.down[part], self.right[part])


@dataclass(frozen=True)
class Patch:
    """A part of a chart's source: its pixels come as (…, height, width) of the window, the target's go.

    What lies outside the window is nodata. Values of another shape, and a nodata that they cannot be, are ValueErrors.
    """

    chart: Chart
    window: Window

    def nearest(self, values: NDArray[Any], *, nodata: float) -> NDArray[Any]:
        """The values of the nearest pixels, (…, height, width) of the target; nodata outside the window."""
        self._check(values, nodata)
        at, inside = self._places
        found: NDArray[Any] = values.reshape(*values.shape[:-2], -1).take(at, axis=-1)
        if inside is not None:
            found[..., ~inside] = nodata
        return found

    def bilinear(
        self,
        values: NDArray[Any],
        *,
        nodata: float,
        within: NDArray[np.integer[Any]] | None = None,
        whole: bool = False,
    ) -> NDArray[Any]:
        """Interpolated values, (…, height, width) of the target, in the values' type.

        Integers are rounded, halves up. A mean that would read as nodata becomes the next value.

        Args:
            values: of the window.
            nodata: marks pixels without a value; NaN always does.
            within: labels (height, width) of the window: only neighbours with the nearest pixel's label count.
            whole: nodata also where a neighbour of any weight does not count: interpolate between values, never beyond.
        """
        self._check(values, nodata)
        planes = values.reshape(-1, self.window.height, self.window.width)
        labels = None if within is None else np.pad(within, 1, mode="edge")
        found = [self._plane(plane, nodata, labels, FULL if whole else 0.0) for plane in planes]
        out: NDArray[Any] = np.stack(found) if found else np.empty((0, *self._shape), values.dtype)
        return out.reshape(*values.shape[:-2], *self._shape)

    @property
    def _shape(self) -> tuple[int, int]:
        return self.chart.target.height, self.chart.target.width

    def _check(self, values: NDArray[Any], nodata: float) -> None:
        height, width = self.window.height, self.window.width
        if values.shape[-2:] != (height, width):
            raise ValueError(f"values are {values.shape}, expected (…, {height}, {width}), the window's")
        if np.issubdtype(values.dtype, np.integer):
            info = np.iinfo(values.dtype)
            if not (float(nodata).is_integer() and info.min <= nodata <= info.max):
                raise ValueError(f"nodata is {nodata}, which {values.dtype} values cannot be")

    @cached_property
    def _places(self) -> tuple[Ints, Flags | None]:
        """Each nearest pixel's place among the window's pixels, and whether it is one of them (None: all are)."""
        rows, cols = self.chart.nearest
        inside = lying_in(rows, cols, self.window)
        place = rows * self.window.width
        place += cols
        place -= self.window.row * self.window.width + self.window.col
        return (place if inside is None else np.where(inside, place, 0)), inside

    @property
    def _pitch(self) -> int:
        """From one row of a padded window to the next: there is a pixel of nothing around it."""
        return self.window.width + 2

    @cached_property
    def _taps(self) -> _Taps:
        """Places are in a padded window; of pixels far outside it, they are in the padding."""
        shape = self._shape
        taps = _Taps(np.empty(shape, np.int64), np.empty(shape), np.empty(shape))
        w = self.window
        ways = (
            (self.chart.rows, w.row - 1, w.height, self._pitch, taps.down),
            (self.chart.cols, w.col - 1, w.width, 1, taps.right),
        )
        for part in parts(shape):
            place: Any = 0.0
            for position, start, last, pitch, weight in ways:
                middle = position[part] - (start + 0.5)
                base = np.floor(middle)
                np.subtract(middle, base, out=weight[part])
                place = place + np.clip(base, 0, last, out=base) * pitch
            taps.at[part] = place
        return taps

    def _plane(self, plane: NDArray[Any], nodata: float, labels: NDArray[Any] | None, least: float) -> NDArray[Any]:
        """One band: first as if all neighbours counted, with NaN for nodata; then, one by one, what needs more care.

        Those that count must have at least the weight `least` together.
        """
        padded = np.full((self.window.height + 2, self._pitch), np.nan)
        inner = padded[1:-1, 1:-1]
        inner[...] = plane
        if not math.isnan(nodata):
            inner[plane == nodata] = np.nan
        values, tags = padded.ravel(), None if labels is None else labels.ravel()
        seams = None if labels is None else _seams(labels)
        out = np.empty(self._shape, plane.dtype)
        for part in parts(self._shape):
            taps = self._taps[part]
            found = _blend(values, taps, self._pitch)
            careful = np.isnan(found)
            if seams is not None:
                careful |= seams.take(taps.at)
            at = np.nonzero(careful)
            if at[0].size:
                mean, weight = _weigh(values, tags, taps[at], self._pitch, self._nearest(part, at))
                found[at] = np.where(weight >= least, mean, np.nan)
            out[part] = _stored(found, plane.dtype, nodata)
        return out

    def _nearest(self, part: slice, at: tuple[Ints, ...]) -> Ints:
        """The places of some pixels' nearest ones in a padded window; 0, which is padding, of those beside it."""
        rows, cols = (pixels[part][at] for pixels in self.chart.nearest)
        inside = lying_in(rows, cols, self.window)
        place = (rows - self.window.row + 1) * self._pitch + cols - self.window.col + 1
        return place if inside is None else np.where(inside, place, 0)


def _blend(values: Floats, taps: _Taps, pitch: int) -> Floats:
    """The weighted means of four neighbours."""
    upper: Floats = values.take(taps.at)
    lower: Floats = values[pitch:].take(taps.at)
    for side, first in ((upper, 0), (lower, pitch)):
        slope = values[first + 1 :].take(taps.at)
        slope -= side
        slope *= taps.right
        np.add(side, slope, out=side)
    lower -= upper
    lower *= taps.down
    lower += upper
    return lower


def _weigh(
    values: Floats, labels: NDArray[Any] | None, taps: _Taps, pitch: int, nearest: Ints
) -> tuple[Floats, Floats]:
    """The weighted means of the neighbours that count, NaN where the nearest has no value; and what they weigh."""
    total, weight = np.zeros(nearest.size), np.zeros(nearest.size)
    for row, w_row in ((0, 1 - taps.down), (pitch, taps.down)):
        for col, w_col in ((0, 1 - taps.right), (1, taps.right)):
            value = values.take(taps.at + row + col)
            counts = ~np.isnan(value)
            if labels is not None:
                counts &= labels.take(taps.at + row + col) == labels.take(nearest)
            share = np.where(counts, w_row * w_col, 0.0)
            total += share * np.where(counts, value, 0.0)
            weight += share
    there = ~np.isnan(values.take(nearest))
    mean: Floats = np.divide(total, weight, out=np.full(nearest.size, np.nan), where=there)
    return mean, weight


def _seams(labels: NDArray[Any]) -> Flags:
    """Whether the pixel at each place of a padded window and its right, lower and lower right neighbours differ."""
    found = np.zeros(labels.shape, bool)
    here = labels[:-1, :-1]
    found[:-1, :-1] = (here != labels[:-1, 1:]) | (here != labels[1:, :-1]) | (here != labels[1:, 1:])
    return found.ravel()


def _stored(found: Floats, dtype: np.dtype[Any], nodata: float) -> NDArray[Any]:
    """Results in the source's type, nodata where they are NaN. A mean that happens to be nodata moves by one step."""
    nothing = np.isnan(found)
    if np.issubdtype(dtype, np.integer):
        found += 0.5
        np.floor(found, out=found)
    found[nothing] = nodata
    out: NDArray[Any] = found.astype(dtype)
    mark = dtype.type(nodata)
    clash = out == mark
    clash[nothing] = False
    if clash.any():
        out[clash] = _beside(mark)
    return out


def _beside(mark: Any) -> Any:
    """The next value of a type."""
    if isinstance(mark, np.integer):
        return mark - 1 if mark == np.iinfo(mark.dtype).max else mark + 1
    return np.nextafter(mark, type(mark)(np.inf))
