"""Pixels of one band: values with their mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Valid = NDArray[np.bool_] | bool


@dataclass(frozen=True, slots=True)
class Plane:
    """Values and where they are valid; both broadcast to the grid's shape, `valid` may be one bool for all pixels.

    Earth Engine's masks are weights in [0, 1]; here a pixel is valid or it is not (a weight above 0 is valid).
    """

    values: NDArray[Any]
    valid: Valid

    @property
    def nbytes(self) -> int:
        """Memory held."""
        mask = 0 if isinstance(self.valid, bool) else self.valid.nbytes
        return self.values.nbytes + mask


def masked(dtype: np.dtype[Any]) -> Plane:
    """A plane without a valid pixel."""
    return Plane(np.zeros((), dtype), valid=False)


def constant(value: Any, dtype: np.dtype[Any]) -> Plane:
    """The same valid value everywhere."""
    return Plane(np.asarray(value, dtype), valid=True)


def both(left: Valid, right: Valid) -> Valid:
    """Where both are valid."""
    if left is False or right is False:
        return False
    if left is True:
        return right
    if right is True:
        return left
    return left & right


def either(left: Valid, right: Valid) -> Valid:
    """Where at least one is valid."""
    if left is True or right is True:
        return True
    if left is False:
        return right
    if right is False:
        return left
    return left | right


def settle(valid: NDArray[np.bool_]) -> Valid:
    """A mask as one bool where it is the same everywhere."""
    if valid.ndim == 0:
        return bool(valid)
    if valid.all():
        return True
    return valid if valid.any() else False


def as_array(valid: Valid, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """A mask as an array of the given shape."""
    return np.broadcast_to(np.asarray(valid, bool), shape)


def as_bool(valid: Valid) -> NDArray[np.bool_]:
    """A mask as an array that broadcasts."""
    return np.asarray(valid, bool)
