"""Pixel by pixel arithmetic of one or two images."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from eo_ingest.emulator import pixeltype
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.image import Band, Computed, Image
from eo_ingest.emulator.pixeltype import BOOLEAN, FLOAT, PixelType
from eo_ingest.emulator.plane import Plane, both
from eo_ingest.emulator.registry import add, algorithm

if TYPE_CHECKING:
    from collections.abc import Callable

Range = tuple[float, float]


def pair_bands(left: Image, right: Image) -> list[tuple[str, Band, Band]]:
    """Bands of two images as operations match them, with the names of the result.

    One band goes with all of the other image's; the same names go together; otherwise pairs are by position. The
    result is named for the longer image, or the left one.
    """
    if not left.bands or not right.bands:
        if left.bands or right.bands:
            counts = f"Got {len(left.bands)} and {len(right.bands)}."
            raise EarthEngineError(f"If one image has no bands, the other must also have no bands. {counts}")
        return []
    if len(right.bands) == 1:
        return [(band.name, band, right.bands[0]) for band in left.bands]
    if len(left.bands) == 1:
        return [(band.name, left.bands[0], band) for band in right.bands]
    if len(left.bands) != len(right.bands):
        raise EarthEngineError(
            "Images must have the same number of bands, or one of them a single band. "
            f"Got {len(left.bands)} and {len(right.bands)}."
        )
    if set(left.names) == set(right.names):
        return [(band.name, band, right.band(band.name)) for band in left.bands]
    return [(a.name, a, b) for a, b in zip(left.bands, right.bands, strict=True)]


def common_footprint(left: Image, right: Image) -> Any:
    """Where both images are."""
    if left.footprint is None or left.footprint is right.footprint:
        return right.footprint
    if right.footprint is None or shapely.equals(left.footprint, right.footprint):
        return left.footprint
    return left.footprint.intersection(right.footprint)


def combine(left: Image, right: Image, kind: Callable[[PixelType, PixelType], PixelType], operation: Any) -> Image:
    """An operation on each pair of bands; valid where both are. Properties are not kept."""
    bands = []
    for name, a, b in pair_bands(left, right):
        result = kind(a.type, b.type)
        compute = _binary(operation, result)
        source = Computed(compute, a, b, dtype=result.dtype, strict=True)
        bands.append(Band(name, result, a.projection, source, _extent(a, b)))
    return Image(tuple(bands), footprint=common_footprint(left, right))


def _extent(a: Band, b: Band) -> Any:
    return a.extent if a.projection == b.projection or b.extent is None else None


def _binary(operation: Any, kind: PixelType) -> Callable[[Plane, Plane], Plane]:
    def compute(a: Plane, b: Plane) -> Plane:
        return Plane(operation(a.values, b.values, kind), both(a.valid, b.valid))

    return compute


def _in_type(function: Any) -> Any:
    """The operation in the result's own type, whose range holds every result."""

    def operate(a: Any, b: Any, kind: PixelType) -> Any:
        work = np.dtype("int64") if kind.is_integer and kind.dtype.itemsize == 4 else kind.dtype
        return function(a.astype(work, copy=False), b.astype(work, copy=False)).astype(kind.dtype, copy=False)

    return operate


def _as_double(function: Any) -> Any:
    """The operation in double precision, cast to the result's type."""
    return lambda a, b, kind: pixeltype.cast(function(a.astype(np.float64), b.astype(np.float64)), kind)


def _truth(function: Any) -> Any:
    return lambda a, b, _kind: function(a, b).astype(np.uint8)


def _bitwise(function: Any) -> Any:
    return lambda a, b, kind: pixeltype.cast(function(_whole(a), _whole(b)), kind)


def _whole(values: Any) -> Any:
    return pixeltype.cast(values, pixeltype.NAMED["long"])


def _corners(function: Callable[[float, float], float]) -> Callable[[Range, Range], Range]:
    """The range of an operation that is monotonic in each operand."""

    def span(a: Range, b: Range) -> Range:
        ends = [function(x, y) for x in a for y in b]
        return min(ends), max(ends)

    return span


def _remainder(a: Range, b: Range) -> Range:
    largest = max(abs(b[0]), abs(b[1]))
    return (0 if a[0] >= 0 else -largest), min(largest, a[1]) if a[0] >= 0 else largest


def _either(a: Range, b: Range) -> Range:
    return min(a[0], b[0]), max(a[1], b[1])


def _bits(a: Range, b: Range) -> Range:
    """The range of a bitwise operation: the smallest integer type that holds both."""
    info = np.iinfo(pixeltype.integer(*_either(a, b)).dtype)
    return int(info.min), int(info.max)


def _ranged(span: Callable[[Range, Range], Range]) -> Callable[[PixelType, PixelType], PixelType]:
    """The union of the types; of integers, with the range of the results."""

    def kind(a: PixelType, b: PixelType) -> PixelType:
        found = pixeltype.union([a, b])
        return pixeltype.integer(*span(a.range, b.range)) if found.is_integer else PixelType(found.precision)

    return kind


def _quotient(a: PixelType, b: PixelType) -> PixelType:
    return pixeltype.at_least_float([a, b])


def _divide(a: Any, b: Any) -> Any:
    if b.ndim == 0:
        return a / b if b else np.zeros_like(a)
    a, b = np.broadcast_arrays(a, b)
    return np.divide(a, b, out=np.zeros(a.shape), where=b != 0)


def _modulo(a: Any, b: Any) -> Any:
    return np.where(b == 0, 0.0, np.fmod(a, np.where(b == 0, 1.0, b)))


def _power(a: Any, b: Any) -> Any:
    return np.power(a, b)


def _shift_right(a: Any, b: Any) -> Any:
    return np.where(b >= 64, np.where(a < 0, -1, 0), np.right_shift(a, np.clip(b, 0, 63)))


def _shift_left(a: Any, b: Any) -> Any:
    return np.where(b >= 64, 0, np.left_shift(a, np.clip(b, 0, 63)))


@dataclass(frozen=True)
class Binary:
    """A binary operation: the type of its result and how it is computed."""

    kind: Callable[[PixelType, PixelType], PixelType]
    operate: Any


_BOOLEAN: Callable[[PixelType, PixelType], PixelType] = lambda _a, _b: BOOLEAN  # noqa: E731
_LONG: Callable[[PixelType, PixelType], PixelType] = lambda _a, _b: pixeltype.NAMED["long"]  # noqa: E731

BINARY: dict[str, Binary] = {
    "add": Binary(_ranged(_corners(lambda x, y: x + y)), _in_type(np.add)),
    "subtract": Binary(_ranged(_corners(lambda x, y: x - y)), _in_type(np.subtract)),
    "multiply": Binary(_ranged(_corners(lambda x, y: x * y)), _in_type(np.multiply)),
    "divide": Binary(_quotient, _as_double(_divide)),
    "mod": Binary(_ranged(_remainder), _as_double(_modulo)),
    "pow": Binary(_quotient, _as_double(_power)),
    "max": Binary(_ranged(_corners(max)), _in_type(np.maximum)),
    "min": Binary(_ranged(_corners(min)), _in_type(np.minimum)),
    "first": Binary(_ranged(_either), _in_type(lambda a, b: np.broadcast_arrays(a, b)[0])),
    "firstNonZero": Binary(_ranged(_either), _in_type(lambda a, b: np.where(a != 0, a, b))),
    "hypot": Binary(_quotient, _as_double(np.hypot)),
    # EE's atan2(x, y) is the angle of the vector [x, y].
    "atan2": Binary(_quotient, _as_double(lambda a, b: np.arctan2(b, a))),
    "and": Binary(_BOOLEAN, _truth(lambda a, b: (a != 0) & (b != 0))),
    "or": Binary(_BOOLEAN, _truth(lambda a, b: (a != 0) | (b != 0))),
    "lt": Binary(_BOOLEAN, _truth(np.less)),
    "lte": Binary(_BOOLEAN, _truth(np.less_equal)),
    "gt": Binary(_BOOLEAN, _truth(np.greater)),
    "gte": Binary(_BOOLEAN, _truth(np.greater_equal)),
    "eq": Binary(_BOOLEAN, _truth(np.equal)),
    "neq": Binary(_BOOLEAN, _truth(np.not_equal)),
    "bitwiseAnd": Binary(_ranged(_bits), _bitwise(np.bitwise_and)),
    "bitwiseOr": Binary(_ranged(_bits), _bitwise(np.bitwise_or)),
    "bitwiseXor": Binary(_ranged(_bits), _bitwise(np.bitwise_xor)),
    "leftShift": Binary(_LONG, _bitwise(_shift_left)),
    "rightShift": Binary(_ranged(_bits), _bitwise(_shift_right)),
}
_SPELLINGS = {
    "bitwiseAnd": "bitwise_and",
    "bitwiseOr": "bitwise_or",
    "bitwiseXor": "bitwise_xor",
    "leftShift": "left_shift",
    "rightShift": "right_shift",
    "firstNonZero": "first_nonzero",
    "bitwiseNot": "bitwise_not",
}


@dataclass(frozen=True)
class Unary:
    """A unary operation: the type of its result and how it is computed."""

    kind: Callable[[PixelType], PixelType]
    operate: Any


def _float_of(kind: PixelType) -> PixelType:
    return FLOAT if kind.is_integer else PixelType(kind.precision)


def _same(kind: PixelType) -> PixelType:
    return kind if kind.is_integer else PixelType(kind.precision)


def _absolute(kind: PixelType) -> PixelType:
    low, high = kind.range
    if not kind.is_integer:
        return PixelType(kind.precision)
    return pixeltype.integer(max(0, low, -high), max(abs(low), abs(high)))


def _signs(kind: PixelType) -> PixelType:
    return pixeltype.integer(-1, 1) if kind.is_integer else PixelType(kind.precision)


def _inverted(kind: PixelType) -> PixelType:
    low, high = kind.range if kind.is_integer else pixeltype.NAMED["long"].range
    return pixeltype.integer(-high - 1, -low - 1)


def _real(function: Any) -> Unary:
    return Unary(_float_of, lambda v, kind: function(v.astype(np.float64)).astype(kind.dtype))


def _rounding(function: Any) -> Unary:
    return Unary(_same, lambda v, kind: v if kind.is_integer else function(v).astype(kind.dtype))


UNARY: dict[str, Unary] = {
    "abs": Unary(_absolute, lambda v, kind: np.abs(v.astype(np.promote_types(v.dtype, kind.dtype))).astype(kind.dtype)),
    # Halves go up: 10.5 becomes 11.
    "round": _rounding(lambda v: np.floor(v.astype(np.float64) + 0.5)),
    "floor": _rounding(np.floor),
    "ceil": _rounding(np.ceil),
    "signum": Unary(_signs, lambda v, kind: np.sign(v.astype(np.float64)).astype(kind.dtype)),
    "not": Unary(lambda _kind: BOOLEAN, lambda v, _kind: (v == 0).astype(np.uint8)),
    "bitwiseNot": Unary(_inverted, lambda v, kind: pixeltype.cast(np.invert(_whole(v)), kind)),
    "bitCount": Unary(lambda _kind: pixeltype.integer(0, 64), lambda v, _kind: np.bitwise_count(_whole(v))),
    "sqrt": _real(np.sqrt),
    "cbrt": _real(np.cbrt),
    "exp": _real(np.exp),
    "log": _real(np.log),
    "log10": _real(np.log10),
    "sin": _real(np.sin),
    "cos": _real(np.cos),
    "tan": _real(np.tan),
    "asin": _real(np.arcsin),
    "acos": _real(np.arccos),
    "atan": _real(np.arctan),
    "sinh": _real(np.sinh),
    "cosh": _real(np.cosh),
    "tanh": _real(np.tanh),
}


def apply(image: Image, kind: Callable[[PixelType], PixelType], operate: Any) -> Image:
    """An operation on each band; only the footprint is kept."""
    bands = []
    for band in image.bands:
        result = kind(band.type)
        compute = _one(operate, result)
        source = Computed(compute, band, dtype=result.dtype, strict=True)
        bands.append(Band(band.name, result, band.projection, source, band.extent))
    return Image(tuple(bands), footprint=image.footprint)


def _one(operate: Any, kind: PixelType) -> Callable[[Plane], Plane]:
    return lambda plane: Plane(operate(plane.values, kind), plane.valid)


def cast_image(image: Image, target: PixelType) -> Image:
    """All bands in another type; properties and the id are kept."""
    kind = replace(target, declared=True)
    return image.with_bands(apply(image, lambda _kind: kind, pixeltype.cast).bands)


def _register() -> None:
    for name, binary in BINARY.items():
        add_all(name, lambda a, b, op=binary: combine(a, b, op.kind, op.operate))
    for name, unary in UNARY.items():
        add_all(name, lambda v, op=unary: apply(v, op.kind, op.operate))
    for name, target in pixeltype.NAMED.items():
        for spelling in (name, f"to{name[0].upper()}{name[1:]}"):
            add(f"Image.{spelling}", lambda v, kind=target: cast_image(v, kind))


def add_all(name: str, function: Callable[..., Image]) -> None:
    """Registers an operation on images under both its spellings."""
    add(f"Image.{name}", function)
    if name in _SPELLINGS:
        add(f"Image.{_SPELLINGS[name]}", function)


_register()


@algorithm("Image.clamp")
def clamp(image: Image, low: float, high: float) -> Image:
    """Values limited to a range."""

    def kind(t: PixelType) -> PixelType:
        bounds = pixeltype.of_number(low), pixeltype.of_number(high)
        if t.is_integer and all(b.is_integer for b in bounds):
            return pixeltype.integer(max(low, min(t.range[0], high)), min(high, max(t.range[1], low)))
        return pixeltype.at_least_float([t])

    return apply(image, kind, lambda v, t: np.clip(v.astype(np.float64), low, high).astype(t.dtype))


@algorithm("Image.unitScale")
def unit_scale(image: Image, low: float, high: float) -> Image:
    """Values scaled so that [low, high] becomes [0, 1]."""
    if not math.isfinite(high - low) or high == low:
        raise EarthEngineError(f"Invalid range [{low}, {high}].")
    return apply(image, _float_of, lambda v, t: ((v.astype(np.float64) - low) / (high - low)).astype(t.dtype))


@algorithm("Image.normalizedDifference")
def normalized_difference(image: Image, names: list[str] | None) -> Image:
    """(first − second) / (first + second) as band `nd`; masked where either is negative."""
    if names is not None and len(names) != 2:
        raise EarthEngineError(f"Expected two band names, got {len(names)}.")
    if names is None and len(image.bands) < 2:
        raise EarthEngineError("The image has fewer than two bands.")
    a, b = (image.band(n) for n in names) if names else image.bands[:2]

    def compute(p: Plane, q: Plane) -> Plane:
        x, y = p.values.astype(np.float64), q.values.astype(np.float64)
        valid = both(both(p.valid, q.valid), (x >= 0) & (y >= 0))
        return Plane(_divide(x - y, x + y).astype(np.float32), valid)

    band = Band("nd", FLOAT, a.projection, Computed(compute, a, b, dtype=FLOAT.dtype, strict=True), a.extent)
    return Image((band,), footprint=image.footprint)
