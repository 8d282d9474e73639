"""Numbers."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator import pixeltype
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.registry import add, algorithm

if TYPE_CHECKING:
    from collections.abc import Callable

_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": lambda a, b: 0 if b == 0 else a / b,
    "mod": lambda a, b: 0 if b == 0 else math.fmod(a, b),
    "pow": lambda a, b: float(a) ** b,
    "max": max,
    "min": min,
    "first": lambda a, _b: a,
    "firstNonZero": lambda a, b: a or b,
    "hypot": math.hypot,
    "atan2": lambda a, b: math.atan2(b, a),
    "and": lambda a, b: int(bool(a) and bool(b)),
    "or": lambda a, b: int(bool(a) or bool(b)),
    "lt": lambda a, b: int(a < b),
    "lte": lambda a, b: int(a <= b),
    "gt": lambda a, b: int(a > b),
    "gte": lambda a, b: int(a >= b),
    "eq": lambda a, b: int(a == b),
    "neq": lambda a, b: int(a != b),
    "bitwiseAnd": lambda a, b: int(a) & int(b),
    "bitwiseOr": lambda a, b: int(a) | int(b),
    "bitwiseXor": lambda a, b: int(a) ^ int(b),
    "leftShift": lambda a, b: int(a) << int(b),
    "rightShift": lambda a, b: int(a) >> int(b),
}

_UNARY: dict[str, Callable[[Any], Any]] = {
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": lambda v: math.floor(v + 0.5),
    "signum": lambda v: (v > 0) - (v < 0),
    "not": lambda v: int(not v),
    "bitwiseNot": lambda v: ~int(v),
    "bitCount": lambda v: (int(v) & (2**64 - 1)).bit_count(),
    "sqrt": math.sqrt,
    "cbrt": lambda v: float(np.cbrt(v)),
    "exp": math.exp,
    "log": math.log,
    "log10": math.log10,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
}


def _guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, NaN where it has no value."""

    def call(*values: Any) -> Any:
        try:
            return function(*values)
        except (ValueError, OverflowError, ZeroDivisionError):
            return math.nan

    return call


def _cast(kind: pixeltype.PixelType) -> Callable[[Any], Any]:
    return lambda value: pixeltype.cast(np.asarray(value), kind).item()


for _name, _function in _BINARY.items():
    add(f"Number.{_name}", _guarded(_function))
for _name, _of_one in _UNARY.items():
    add(f"Number.{_name}", _guarded(_of_one))
for _name, _kind in pixeltype.NAMED.items():
    add(f"Number.{_name}", _cast(_kind))
    add(f"Number.to{_name[0].upper()}{_name[1:]}", _cast(_kind))


@algorithm("Number.clamp")
def clamp(value: float, low: float, high: float) -> float:
    """The number limited to a range."""
    return min(max(value, low), high)


@algorithm("Number.unitScale")
def unit_scale(value: float, low: float, high: float) -> float:
    """The number scaled so that [low, high] becomes [0, 1]."""
    return (value - low) / (high - low)


@algorithm("Number.parse")
def parse(text: str, radix: int) -> float:
    """The number that text spells."""
    try:
        return int(text, radix) if radix != 10 else float(text)
    except ValueError as err:
        raise EarthEngineError(f"Cannot parse '{text}' as a number.") from err


@algorithm("Number.format")
def format_number(value: float, pattern: str) -> str:
    """The number in a C-like pattern."""
    whole = float(value).is_integer()
    if pattern == "%s":
        return str(int(value)) if whole else str(value)
    try:
        return pattern % (int(value) if whole and pattern.rstrip("%")[-1:] not in "feEgG" else value)
    except (TypeError, ValueError) as err:
        raise EarthEngineError(f"Cannot format {value} with '{pattern}'.") from err
