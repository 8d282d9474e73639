"""Conditions of masks: what they let through, held against plain arithmetic on the same numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from eo_ingest.products.custom.condition import Mask, PixelCondition


@dataclass(frozen=True)
class Band:
    """What a condition asks of an image, on an array."""

    values: np.ndarray

    def select(self, _name):
        return self

    def bitwiseAnd(self, number):
        return Band(self.values & number)

    def rightShift(self, bits):
        return Band(self.values >> bits)

    def eq(self, number):
        return Band(self.values == number)

    def neq(self, number):
        return Band(self.values != number)

    def lt(self, number):
        return Band(self.values < number)

    def lte(self, number):
        return Band(self.values <= number)

    def gt(self, number):
        return Band(self.values > number)

    def gte(self, number):
        return Band(self.values >= number)

    def And(self, other):
        return Band(self.values.astype(bool) & other.values.astype(bool))

    def Or(self, other):
        return Band(self.values.astype(bool) | other.values.astype(bool))

    def Not(self):
        return Band(~self.values.astype(bool))


def bit(value, number):
    return bool(value >> number & 1)


def expected(condition, value):
    """Whether a whole number meets every test."""
    number = value
    if "bits" in condition:
        first, last = condition["bits"]
        number = sum(bit(value, b) << (b - first) for b in range(first, last + 1))
    tests = {
        "eq": lambda limit: number == limit,
        "in": lambda several: number in several,
        "lt": lambda limit: number < limit,
        "lte": lambda limit: number <= limit,
        "gt": lambda limit: number > limit,
        "gte": lambda limit: number >= limit,
        "any_bits": lambda bits: any(bit(value, b) for b in bits),
        "all_bits": lambda bits: all(bit(value, b) for b in bits),
    }
    return all(tests[key](told) for key, told in condition.items() if key != "bits")


NUMBERS = st.integers(0, 255)
BITS = st.lists(st.integers(0, 8), min_size=1, max_size=4)
ORDERS = {
    key: st.integers(0, 255) | st.floats(0, 255).map(lambda v: round(v, 1)) for key in ("eq", "lt", "lte", "gt", "gte")
}


@st.composite
def conditions(draw):
    """A condition with one to three tests."""
    several = {**ORDERS, "in": st.lists(NUMBERS, min_size=1, max_size=5)}
    if draw(st.booleans()):
        keys = draw(st.sets(st.sampled_from(sorted(several)), min_size=1, max_size=3))
        first = draw(st.integers(0, 5))
        return {**{k: draw(several[k]) for k in keys}, "bits": [first, draw(st.integers(first, 8))]}
    several |= {"any_bits": BITS, "all_bits": BITS}
    keys = draw(st.sets(st.sampled_from(sorted(several)), min_size=1, max_size=3))
    return {k: draw(several[k]) for k in keys}


@given(conditions(), st.sampled_from(["keep", "drop"]))
def test_what_a_mask_lets_through(condition, which):
    values = np.arange(512)
    used = Mask.model_validate({"band": "qa", which: condition}).used(Band(values)).values
    told = np.array([expected(condition, int(value)) for value in values])
    np.testing.assert_array_equal(used.astype(bool), told if which == "keep" else ~told)


@pytest.mark.parametrize("keys", [{}, {"bits": [0, 1]}, {"bits": [0, 1], "any_bits": [3]}, {"bits": [2, 1], "eq": 0}])
def test_a_condition_says_something(keys):
    with pytest.raises(ValidationError):
        PixelCondition.model_validate(keys)
