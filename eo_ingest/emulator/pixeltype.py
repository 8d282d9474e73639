"""Pixel types: integers with a range, float and double, and how arithmetic combines them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from eo_ingest.emulator.errors import EarthEngineError

if TYPE_CHECKING:
    from collections.abc import Iterable


Precision = Literal["int", "float", "double"]

_RANK = {"int": 0, "float": 1, "double": 2}
_LONG = (-(2**63), 2**63 - 1)
_SIGNED = [(n, (-(2**b), 2**b - 1)) for n, b in (("Byte", 7), ("Short", 15), ("Integer", 31), ("Long", 63))]
_INTEGERS = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "int64")


@dataclass(frozen=True)
class PixelType:
    """The type of a band: its precision and, for integers, the range its values can take.

    Earth Engine tracks the range through arithmetic, so that integer operations do not overflow: the sum of two
    uint8 bands is an integer in [0, 510] and is stored in the smallest type that holds it.

    `declared` is whether a cast gave the type: files of such bands say which of their values stands for masked.
    """

    precision: Precision
    minimum: float | None = None
    maximum: float | None = None
    declared: bool = field(default=False, compare=False)

    @property
    def is_integer(self) -> bool:
        """Whether values are integers."""
        return self.precision == "int"

    @property
    def dtype(self) -> np.dtype[Any]:
        """The smallest numpy type that holds every value of this pixel type."""
        if self.precision == "float":
            return np.dtype("float32")
        if self.precision == "double":
            return np.dtype("float64")
        low, high = self.range
        for name in _INTEGERS:
            info = np.iinfo(name)
            if info.min <= low and high <= info.max:
                return np.dtype(name)
        return np.dtype("int64")

    @property
    def range(self) -> tuple[float, float]:
        """The closed interval of values; infinite for floating point without bounds."""
        if self.is_integer:
            low = _LONG[0] if self.minimum is None else self.minimum
            high = _LONG[1] if self.maximum is None else self.maximum
            return low, high
        return (
            -math.inf if self.minimum is None else self.minimum,
            math.inf if self.maximum is None else self.maximum,
        )

    def __str__(self) -> str:
        """As errors show it: `Double`, `Short`, `Short<0, 255>`; integers by the signed type that holds them."""
        if not self.is_integer:
            name, whole = self.precision.capitalize(), (-math.inf, math.inf)
        else:
            low, high = self.range
            name, whole = next((n, w) for n, w in _SIGNED if w[0] <= low and high <= w[1])
        return name if self.range == whole else f"{name}<{self.range[0]}, {self.range[1]}>"

    def encode(self) -> dict[str, Any]:
        """As `getInfo` shows it."""
        document: dict[str, Any] = {"type": "PixelType", "precision": self.precision}
        if self.minimum is not None:
            document["min"] = self.minimum
        if self.maximum is not None:
            document["max"] = self.maximum
        return document


FLOAT = PixelType("float")
DOUBLE = PixelType("double")
BOOLEAN = PixelType("int", 0, 1)


def integer(low: float, high: float) -> PixelType:
    """An integer type of the given range, clamped to 64 bits."""
    return PixelType("int", max(int(low), _LONG[0]), min(int(high), _LONG[1]))


def from_dtype(name: str) -> PixelType:
    """The pixel type of a numpy dtype name."""
    dtype = np.dtype(name)
    if dtype.kind in "iu" and dtype.itemsize <= (4 if dtype.kind == "u" else 8):
        info = np.iinfo(dtype)
        return PixelType("int", int(info.min), int(info.max))
    if dtype.kind == "b":
        return BOOLEAN
    if dtype.kind == "f":
        return DOUBLE if dtype.itemsize > 4 else FLOAT
    raise ValueError(f"no Earth Engine pixel type holds values of numpy type {name!r}")


NAMED: dict[str, PixelType] = {
    **{name: from_dtype(name) for name in _INTEGERS},
    "byte": from_dtype("uint8"),
    "short": from_dtype("int16"),
    "int": from_dtype("int32"),
    "long": from_dtype("int64"),
    "float": FLOAT,
    "double": DOUBLE,
}


def named(name: str) -> PixelType:
    """The type of a name as `Image.cast` takes it."""
    found = NAMED.get(name.removeprefix("to").lower())
    if found is None:
        raise EarthEngineError(f"Invalid type name: '{name}'. Valid names: {', '.join(NAMED)}.")
    return found


def of_number(value: float) -> PixelType:
    """The type of a constant: an integer where the number is whole, else double."""
    if isinstance(value, int) or float(value).is_integer():
        return integer(int(value), int(value))
    return PixelType("double", value, value)


def union(types: Iterable[PixelType]) -> PixelType:
    """The smallest type that holds the values of all."""
    members = list(types)
    precision = max((t.precision for t in members), key=_RANK.__getitem__)
    if precision != "int":
        return PixelType(precision)
    return integer(min(t.range[0] for t in members), max(t.range[1] for t in members))


def at_least_float(types: Iterable[PixelType]) -> PixelType:
    """The union of types, float where that is an integer."""
    found = union(types)
    return FLOAT if found.is_integer else PixelType(found.precision)


def cast(values: Any, target: PixelType) -> Any:
    """Values in another type: fractions are cut off, what is out of range becomes the nearest bound, NaN becomes 0."""
    dtype = target.dtype
    if values.dtype == dtype and not target.is_integer:
        return values
    if not target.is_integer:
        return values.astype(dtype)
    low, high = (int(bound) for bound in target.range)
    if values.dtype.kind in "iub":
        info = np.iinfo(values.dtype) if values.dtype.kind in "iu" else np.iinfo("uint8")
        if low <= info.min and info.max <= high:
            return values.astype(dtype, copy=False)
        return np.clip(values, max(low, int(info.min)), min(high, int(info.max))).astype(dtype)
    # A double cannot hold 2**63 - 1: the next one below is the largest that converts.
    top = float(high) if float(high) <= high else float(np.nextafter(float(high), 0))
    clipped = np.clip(np.nan_to_num(values, nan=0.0, posinf=np.inf, neginf=-np.inf), float(low), top)
    return clipped.astype(dtype)
