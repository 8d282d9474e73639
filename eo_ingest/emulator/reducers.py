"""Reducers: functions of many values, applied pixel by pixel to a stack of planes or to a list of numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator import order, pixeltype
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.pixeltype import BOOLEAN, DOUBLE, PixelType
from eo_ingest.emulator.plane import Plane, as_bool, either, masked, settle

if TYPE_CHECKING:
    from numpy.typing import NDArray

Types = Sequence[PixelType]
Planes = Sequence[Plane]
# Reduces planes to one plane, whose values have the type given.
Pixels = Callable[[Planes, PixelType], Plane]


@dataclass(frozen=True)
class Output:
    """One result of a reducer: its name, its pixel type given the inputs', and how it is computed.

    `chosen` is the position of the result among values of any kind, where it is one of them.
    """

    name: str
    type: Callable[[Types], PixelType]
    pixels: Pixels
    chosen: int | None = None


@dataclass(frozen=True)
class Reducer:
    """A reducer of pixels by its `outputs`; or, with `rows`, one of lists of values only.

    In regions, pixels on the edge count by the share that is inside, unless it is not `weighted`.
    """

    outputs: tuple[Output, ...]
    rows: Callable[[list[tuple[Any, ...]]], dict[str, Any]] | None = None
    inputs: int = 1
    repeated: int | None = None
    weighted: bool = True

    def of_values(self, columns: list[list[Any]]) -> dict[str, Any]:
        """Results by output name for columns of values; null values are left out, as masked pixels are."""
        if self.rows is not None and self.repeated is None:
            return self.rows(list(zip(*columns, strict=True)))
        count = self.repeated or 1
        if len(columns) != count * self.inputs:
            raise EarthEngineError(f"Need {count * self.inputs} inputs for the reducer, got {len(columns)}.")
        parts = [self._of_column(column) for column in columns]
        if self.repeated is None:
            return parts[0]
        return {name: [part[name] for part in parts] for name in parts[0]}

    def _of_column(self, column: list[Any]) -> dict[str, Any]:
        if self.rows is not None:
            return self.rows([(value,) for value in column])
        present = [value for value in column if value is not None]
        if present and all(output.chosen is not None for output in self.outputs):
            return {output.name: present[output.chosen or 0] for output in self.outputs}
        numbers = [_as_number(v) for v in present]
        types = [pixeltype.of_number(n) for n in numbers] or [DOUBLE]
        planes = [Plane(np.asarray(n, t.dtype), valid=True) for n, t in zip(numbers, types, strict=False)]
        found = {}
        for output in self.outputs:
            plane = output.pixels(planes, output.type(types))
            value = plane.values.item() if plane.valid is not False else None
            found[output.name] = 0 if value is None and output.name == "count" else value
        return found

    def renamed(self, names: Sequence[str]) -> Reducer:
        """The same reducer with other output names."""
        if len(names) != len(self.outputs):
            raise EarthEngineError(f"Expected {len(self.outputs)} output names, got {len(names)}.")
        return replace(self, outputs=tuple(replace(o, name=n) for o, n in zip(self.outputs, names, strict=True)))


def _as_number(value: Any) -> float:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    found = getattr(value, "millis", None)
    if found is None:
        raise EarthEngineError(f"The reducer takes numbers, found {type(value).__name__}.")
    return float(found)


def _float_or_double(types: Types) -> PixelType:
    """The type of averages: double of integers, else the inputs' own precision."""
    found = pixeltype.union(types)
    return DOUBLE if found.is_integer else PixelType(found.precision)


def _seen(planes: Planes) -> NDArray[np.bool_] | bool:
    valid: NDArray[np.bool_] | bool = False
    for plane in planes:
        valid = either(valid, plane.valid)
    return valid if isinstance(valid, bool) else settle(valid)


def _present(planes: Planes) -> list[Plane]:
    return [plane for plane in planes if plane.valid is not False]


def _moments(planes: Planes, power: int) -> NDArray[np.float64]:
    """The sum of valid values to a power."""
    total: Any = np.zeros(())
    for plane in _present(planes):
        values = plane.values.astype(np.float64)
        term = values if power == 1 else values**power
        total = total + (term if plane.valid is True else np.where(plane.valid, term, 0.0))
    return np.asarray(total)


def _numbers(planes: Planes) -> NDArray[np.int64]:
    """How many are valid."""
    total: Any = np.zeros((), np.int64)
    for plane in planes:
        total = total + as_bool(plane.valid)
    return np.asarray(total)


def _finish(values: Any, planes: Planes, kind: PixelType) -> Plane:
    valid = _seen(planes)
    return masked(kind.dtype) if valid is False else Plane(np.asarray(values).astype(kind.dtype), valid)


def count(planes: Planes, kind: PixelType) -> Plane:
    """How many are valid; masked where none is."""
    return _finish(_numbers(planes), planes, kind)


def total(planes: Planes, kind: PixelType) -> Plane:
    """The sum."""
    return _finish(_moments(planes, 1), planes, kind)


def mean(planes: Planes, kind: PixelType) -> Plane:
    """The arithmetic mean."""
    return _finish(_moments(planes, 1) / np.maximum(_numbers(planes), 1), planes, kind)


def _spread(*, sample: bool, root: bool) -> Pixels:
    def reduce(planes: Planes, kind: PixelType) -> Plane:
        number = _numbers(planes)
        average = _moments(planes, 1) / np.maximum(number, 1)
        around = [Plane(plane.values.astype(np.float64) - average, plane.valid) for plane in _present(planes)]
        variance = _moments(around, 2) / np.maximum(number - sample, 1)
        return _finish(np.sqrt(variance) if root else variance, planes, kind)

    return reduce


def product(planes: Planes, kind: PixelType) -> Plane:
    """The product."""
    result: Any = np.ones(())
    for plane in _present(planes):
        result = result * np.where(plane.valid, plane.values.astype(np.float64), 1.0)
    return _finish(result, planes, kind)


def _extreme(better: Callable[[Any, Any], Any]) -> Pixels:
    def reduce(planes: Planes, kind: PixelType) -> Plane:
        return _overlay(_present(planes), kind, better)

    return reduce


def _overlay(planes: Planes, kind: PixelType, wins: Callable[[Any, Any], Any]) -> Plane:
    """Goes through the planes and keeps, at each pixel, the valid value that wins over the one before."""
    found = masked(kind.dtype)
    for plane in planes:
        values = plane.values.astype(kind.dtype, copy=False)
        if found.valid is False:
            found = Plane(values, plane.valid)
            continue
        with np.errstate(invalid="ignore"):
            take = as_bool(plane.valid) & (~as_bool(found.valid) | wins(values, found.values))
        valid = either(found.valid, plane.valid)
        found = Plane(np.where(take, values, found.values), valid if isinstance(valid, bool) else settle(valid))
    return found


def mosaic(planes: Planes, kind: PixelType) -> Plane:
    """The last valid value: the last image lies on top."""
    return first(list(planes)[::-1], kind)


def first(planes: Planes, kind: PixelType) -> Plane:
    """The first valid value; planes under pixels that are all taken are not looked at."""
    return _overlay(_present(planes), kind, lambda new, _old: np.zeros(np.shape(new), bool))


def _ranked(pick: order.Pick) -> Pixels:
    return lambda planes, kind: order.select(planes, [pick], kind.dtype)[0]


def _truth(*, every: bool) -> Pixels:
    def reduce(planes: Planes, kind: PixelType) -> Plane:
        result: Any = np.asarray(every)
        for plane in _present(planes):
            yes = plane.values != 0
            result = result & (yes | ~as_bool(plane.valid)) if every else result | (yes & as_bool(plane.valid))
        return _finish(result, planes, kind)

    return reduce


def _bits(function: Any) -> Pixels:
    def reduce(planes: Planes, kind: PixelType) -> Plane:
        result: Any = None
        for plane in _present(planes):
            neutral = np.int64(-1 if function is np.bitwise_and else 0)
            values = np.where(plane.valid, plane.values.astype(np.int64), neutral)
            result = values if result is None else function(result, values)
        return masked(kind.dtype) if result is None else _finish(result, planes, kind)

    return reduce


def _sum_type(types: Types) -> PixelType:
    found = pixeltype.union(types)
    if not found.is_integer:
        return PixelType(found.precision)
    low, high = found.range
    return pixeltype.integer(min(0, low * len(types)), max(0, high * len(types)))


def _always(kind: PixelType) -> Callable[[Types], PixelType]:
    return lambda _types: kind


COUNT_TYPE = pixeltype.from_dtype("uint32")

OUTPUTS: dict[str, Output] = {
    o.name: o
    for o in (
        Output("count", _always(COUNT_TYPE), count),
        Output("sum", _sum_type, total),
        Output("mean", _float_or_double, mean),
        Output("median", _float_or_double, _ranked(order.median)),
        Output("mode", pixeltype.union, _ranked(order.mode)),
        Output("min", pixeltype.union, _extreme(lambda new, old: new < old)),
        Output("max", pixeltype.union, _extreme(lambda new, old: new > old)),
        Output("first", pixeltype.union, first, chosen=0),
        Output("last", pixeltype.union, mosaic, chosen=-1),
        Output("product", _float_or_double, product),
        Output("all", _always(BOOLEAN), _truth(every=True)),
        Output("any", _always(BOOLEAN), _truth(every=False)),
        Output("stdDev", _always(DOUBLE), _spread(sample=False, root=True)),
        Output("variance", _always(DOUBLE), _spread(sample=False, root=False)),
        Output("sampleStdDev", _always(DOUBLE), _spread(sample=True, root=True)),
        Output("sampleVariance", _always(DOUBLE), _spread(sample=True, root=False)),
        Output("bitwiseAnd", pixeltype.union, _bits(np.bitwise_and)),
        Output("bitwiseOr", pixeltype.union, _bits(np.bitwise_or)),
    )
}


def named(*names: str) -> Reducer:
    """A reducer of the outputs named."""
    return Reducer(tuple(OUTPUTS[name] for name in names))


def percentiles(fractions: Sequence[float], names: Sequence[str] | None) -> Reducer:
    """A reducer of percentiles, named p0 to p100."""
    found = names or [f"p{f:g}" for f in fractions]
    if len(found) != len(fractions):
        raise EarthEngineError("There must be as many output names as percentiles.")
    return Reducer(
        tuple(
            Output(name, _float_or_double, _ranked(order.percentile(fraction / 100)))
            for name, fraction in zip(found, fractions, strict=True)
        )
    )
