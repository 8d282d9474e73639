"""Conditions on pixels and on the properties of images: a closed vocabulary, in which nothing is ever run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar

from pydantic import Field, model_validator

from eo_ingest.tomlfile import Number, Table, Text, Whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import ee

Bit = Annotated[int, Field(strict=True, ge=0, le=52)]
Asset = Annotated[
    str,
    Field(strict=True, pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.:-]*(/[A-Za-z0-9_.:-]+)*$", max_length=512),
]
BandName = Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", max_length=128)]

Condition = TypeVar("Condition", "PixelCondition", "PropertyCondition")

_ORDERS = ("lt", "lte", "gt", "gte")


class _Bounds(Table):
    """What both kinds of condition share: numbers in order."""

    lt: Number | None = Field(None, description="a number: less than it")
    lte: Number | None = Field(None, description="a number: at most it")
    gt: Number | None = Field(None, description="a number: more than it")
    gte: Number | None = Field(None, description="a number: at least it")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_dump(exclude_none=True, exclude={"bits"}):
            keys = ", ".join(field.alias or name for name, field in type(self).model_fields.items())
            raise ValueError(f"the condition is empty: expected one or more of {keys}")
        return self


class PixelCondition(_Bounds):
    """Of a band's values; where several tests are given, all must hold. `bits` makes them speak of a part of it."""

    eq: Number | None = Field(None, description="a number: equal to it")
    one_of: tuple[Number, ...] | None = Field(
        None, alias="in", min_length=1, max_length=256, description="a list of numbers: equal to one of them"
    )
    any_bits: tuple[Bit, ...] | None = Field(
        None, min_length=1, description="a list of bits from 0 to 52: at least one of them is set"
    )
    all_bits: tuple[Bit, ...] | None = Field(
        None, min_length=1, description="a list of bits from 0 to 52: every one of them is set"
    )
    bits: tuple[Bit, Bit] | None = Field(
        None, description="[first, last], bits from 0 to 52: eq, in, lt, lte, gt and gte are of the number they hold"
    )

    @model_validator(mode="after")
    def _bits_in_order(self) -> Self:
        if self.bits and self.bits[0] > self.bits[1]:
            raise ValueError(f"bits is {list(self.bits)}: expected [first, last] with first <= last")
        if self.bits and (self.any_bits or self.all_bits):
            raise ValueError("bits goes with eq, in, lt, lte, gt and gte, not with any_bits and all_bits")
        return self

    def holds(self, band: ee.Image) -> ee.Image:
        """1 where the condition holds, for an image of one band."""
        tests = []
        for bits, wanted in ((self.any_bits, False), (self.all_bits, True)):
            if bits:
                number = sum(1 << bit for bit in dict.fromkeys(bits))
                found = band.bitwiseAnd(number)
                tests.append(found.eq(number) if wanted else found.neq(0))
        value = band
        if self.bits:
            first, last = self.bits
            value = band.rightShift(first).bitwiseAnd((1 << (last - first + 1)) - 1)
        if self.eq is not None:
            tests.append(value.eq(_plain(self.eq)))
        if self.one_of is not None:
            tests.append(_all_or_any([value.eq(_plain(number)) for number in self.one_of], "Or"))
        for order in _ORDERS:
            number = getattr(self, order)
            if number is not None:
                tests.append(getattr(value, order)(_plain(number)))
        return _all_or_any(tests, "And")


class PropertyCondition(_Bounds):
    """Of a property of an image; where several tests are given, all must hold."""

    eq: Whole | Number | Text | None = Field(None, description="a number or text: equal to it")
    one_of: tuple[Whole | Number | Text, ...] | None = Field(
        None, alias="in", min_length=1, max_length=256, description="a list of numbers or texts: equal to one of them"
    )
    contains: Whole | Number | Text | None = Field(
        None, description="a number or text: the property is a list and holds it"
    )

    def holds(self, name: str) -> ee.Filter:
        """The filter of a property of that name."""
        import ee

        make: dict[str, Callable[[str, Any], ee.Filter]] = {
            "eq": ee.Filter.eq,
            "one_of": ee.Filter.inList,
            "contains": ee.Filter.listContains,
            **{order: getattr(ee.Filter, order) for order in _ORDERS},
        }
        tests = [
            build(name, list(value) if isinstance(value, tuple) else _plain(value))
            for test, build in make.items()
            if (value := getattr(self, test)) is not None
        ]
        return tests[0] if len(tests) == 1 else ee.Filter.And(*tests)


class Mask(Table):
    """Which pixels of each image are used: those where `keep` holds, or those where `drop` does not."""

    band: BandName = Field(description="the name of a band of the asset")
    collection: Asset | None = Field(
        None, description="the id of a collection whose images have the same system:index, where the band is in it"
    )
    keep: PixelCondition | None = Field(None, description="a condition such as { gte = 0.6 }")
    drop: PixelCondition | None = Field(None, description="a condition such as { any_bits = [3, 4] }")

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        _either(self.keep, self.drop)
        return self

    def used(self, image: ee.Image) -> ee.Image:
        """1 where the image's pixels are used."""
        held = _either(self.keep, self.drop).holds(image.select(self.band))
        return held if self.keep else held.Not()


class PropertyFilter(Table):
    """Which images are used: those whose property meets `keep`, or those whose property does not meet `drop`."""

    property: Text = Field(description="the name of a property of the collection's images")
    keep: PropertyCondition | None = Field(None, description='a condition such as { eq = "IW" }')
    drop: PropertyCondition | None = Field(None, description="a condition such as { gt = 60 }")

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        _either(self.keep, self.drop)
        return self

    def used(self) -> ee.Filter:
        """The filter that lets the used images pass."""
        held = _either(self.keep, self.drop).holds(self.property)
        return held if self.keep else held.Not()


def _either(keep: Condition | None, drop: Condition | None) -> Condition:
    """The one that is given.

    Raises:
        ValueError: if that is none, or both.
    """
    found = keep or drop
    if found is None or (keep and drop):
        raise ValueError("expected either keep or drop, and not both")
    return found


def _plain(value: Any) -> Any:
    """Whole floats as integers: they read better in a graph."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _all_or_any(tests: Iterable[ee.Image], how: str) -> ee.Image:
    first, *others = tests
    for other in others:
        first = getattr(first, how)(other)
    return first
