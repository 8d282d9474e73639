"""How large each split is to be, in whole numbers, and how groups of tiles are allotted to splits."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Self

import numpy as np

from eo_ingest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

GUARD = "guard"
"""The split of tiles that are in none: too near another split, or in polygons of two."""

_FINEST = 10_000
_MOST = 100
_PRODUCT = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_STEP = 0x9E3779B97F4A7C15


@dataclass(frozen=True, slots=True)
class Shares:
    """Splits and their weights, the largest first, then by name: the order in which they are given was none.

    Attributes:
        names: of the splits.
        weights: whole numbers without a common divisor; of 60/20/20 they are 3, 1, 1.
        folds: whether they are folds, each in turn the one that is tested on.
    """

    names: tuple[str, ...]
    weights: tuple[int, ...]
    folds: bool = False

    @classmethod
    def of(cls, fractions: Mapping[str, float]) -> Self:
        """Splits from parts of 1, to a ten-thousandth.

        Raises:
            ConfigError: if they do not add up to 1, one is not above 0, or a name cannot be one.
        """
        if not fractions or len(fractions) > _MOST:
            raise ConfigError(f"there are {len(fractions)} splits: expected 1 to {_MOST}")
        for name, part in fractions.items():
            if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii() or name == GUARD:
                raise ConfigError(
                    f"a split cannot be called {name!r}: expected letters, digits, - and _, and not {GUARD!r}"
                )
            if not (math.isfinite(part) and 0 < part <= 1):
                raise ConfigError(f"split {name!r} has the fraction {part:g}: expected more than 0 and at most 1")
        total = math.fsum(fractions.values())
        if abs(total - 1) > 1e-3:
            raise ConfigError(f"the fractions of the splits add up to {total:g}: expected 1")
        parts = {name: Fraction(round(part * _FINEST), _FINEST) for name, part in fractions.items()}
        if tiny := [name for name, part in parts.items() if not part]:
            raise ConfigError(f"split {tiny[0]!r} is less than a ten-thousandth of all")
        ordered = sorted(parts, key=lambda name: (-parts[name], name))
        weights = [int(parts[name] * _FINEST) for name in ordered]
        common = math.gcd(*weights)
        return cls(tuple(ordered), tuple(weight // common for weight in weights))

    @classmethod
    def of_folds(cls, count: int) -> Self:
        """Folds of equal size, `fold-0` and so on.

        Raises:
            ConfigError: if there are fewer than two, or too many.
        """
        if not 2 <= count <= _MOST:
            raise ConfigError(f"there are {count} folds: expected 2 to {_MOST}")
        digits = len(str(count - 1))
        return cls(tuple(f"fold-{number:0{digits}d}" for number in range(count)), (1,) * count, folds=True)

    @property
    def total(self) -> int:
        """The sum of the weights: so many bands are the pattern that repeats."""
        return sum(self.weights)

    def yields(self, one: int, other: int) -> bool:
        """Whether of two splits that are too near each other, the first gives up its tiles.

        The larger does; of two equal ones the later by name. Of folds, each yields to about as many as yield to it.
        """
        if self.folds:
            odd = (other - one) % 2 == 1
            return odd if one < other else (one - other) % 2 == 0
        return (self.weights[one], self.names[one]) > (self.weights[other], self.names[other])

    def pattern(self) -> NDArray[np.int32]:
        """The split of each band of the pattern that repeats: bands of one split lie together."""
        return np.repeat(np.arange(len(self.names), dtype=np.int32), self.weights)

    def allot(self, sizes: NDArray[np.int64], keys: NDArray[np.uint64]) -> NDArray[np.int32]:
        """The split of each group of tiles.

        Groups come by size, the largest first, those of about a size (within a factor of two) shuffled by their keys;
        each goes to the split that lacks most.

        Args:
            sizes: how many tiles each group has.
            keys: a number for each that no other has, from the seed: see `shuffled`.
        """
        classes = np.frexp(sizes.astype(np.float64))[1]
        order = np.lexsort((keys, -classes))
        whole = int(sizes.sum())
        lacks = [weight * whole for weight in self.weights]
        found = np.empty(len(sizes), dtype=np.int32)
        counts = sizes.tolist()
        for group in order.tolist():
            split = max(range(len(lacks)), key=lacks.__getitem__)
            found[group] = split
            lacks[split] -= self.total * counts[group]
        return found


def shuffled(seed: int, *parts: NDArray[np.integer] | str) -> NDArray[np.uint64]:
    """Numbers that look random, the same on any machine: SplitMix64 over a seed and columns of whole numbers."""
    state = np.array([_number(f"seed {seed}")], dtype=np.uint64)
    for part in parts:
        values = np.array([_number(part)], dtype=np.uint64) if isinstance(part, str) else part.astype(np.uint64)
        state = _mixed(state * np.uint64(_PRODUCT[1]) ^ values)
    return state


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = state + np.uint64(_STEP)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(_PRODUCT[0])
    state = (state ^ (state >> np.uint64(27))) * np.uint64(_PRODUCT[1])
    return state ^ (state >> np.uint64(31))


def number(text: str) -> int:
    """A whole number of 64 bits for a text."""
    return _number(text)


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
