"""A product as a user declares it in TOML: any image or collection of Earth Engine, without code."""

from __future__ import annotations

import colorsys
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from eo_ingest.product import Dtype, Flag, Resampling
from eo_ingest.products.custom.condition import Asset, BandName, Mask, PropertyFilter
from eo_ingest.tomlfile import Number, Switch, Table, Text, Whole

Reducer = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^(first|last|mosaic|mean|median|min|max|mode|sum|count|std_dev|p([1-9]|[1-9][0-9]))$",
    ),
]
Outside = Literal["nodata", "clamp"]
DeclaredKind = Literal["measure", "class", "id", "count"]

REDUCERS = (
    "first, last (the earliest, the latest value of each pixel), mosaic (the latest image on top), mean, median, "
    "min, max, mode, sum, count, std_dev, or a percentile p1 to p99"
)
# What a reducer gives is a value of the band again, in its range and with its meaning …
_SAME_QUANTITY = frozenset({"first", "last", "mosaic", "mean", "median", "min", "max", "mode"})
# … and these give one of the values that went in, which labels need.
_ONE_OF_THEM = frozenset({"first", "last", "mosaic", "min", "max", "mode"})
_COUNTS_BEHIND = "n_obs"


def keeps_quantity(reducer: str | None) -> bool:
    """Whether what comes out is of the kind, the unit and the range of what goes in; None is no reduction."""
    return reducer is None or reducer in _SAME_QUANTITY or reducer.startswith("p")


class DeclaredClass(Table):
    """One class of a variable."""

    value: Whole = Field(description="the whole number that is stored")
    name: Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9_.+@-]+$", max_length=128)] = Field(
        description="a name without blanks, such as tree_cover"
    )
    colour: Annotated[str, Field(strict=True, pattern=r"^#[0-9A-Fa-f]{6}$")] | None = Field(
        None, description="a colour such as '#006400'"
    )


class DeclaredVariable(Table):
    """One array: physical value = stored · scale + offset, and = asset value · asset_scale + asset_offset."""

    name: Annotated[str, Field(strict=True, pattern=r"^[a-z][a-z0-9_]*$", max_length=64)] = Field(
        description="lower-case letters, digits and underscores"
    )
    bands: tuple[BandName, ...] = Field(min_length=1, max_length=200, description="a list of the asset's band names")
    dtype: Dtype = Field(description="'uint8', 'int16', 'uint16' or 'int32'; fractions are stored by a scale")
    nodata: Whole = Field(description="a whole number of the dtype, outside of valid_range")
    valid_range: tuple[Whole, Whole] | None = Field(
        None, description="[low, high], the whole numbers that stored values can be"
    )
    units: Text = Field(description="units such as 'm', 'dB', 'mm d-1' or '1'")
    long_name: Text | None = Field(None, description="what the values are, in words")
    standard_name: Text | None = Field(None, description="a standard name of CF")
    kind: DeclaredKind | None = Field(None, description="'measure', 'class', 'id' or 'count'")
    scale: Annotated[float, Field(strict=True, gt=0, le=1e12, allow_inf_nan=False)] | None = Field(
        None, description="a number above 0: physical value = stored value * scale + offset"
    )
    offset: Number | None = Field(None, description="a number: physical value = stored value * scale + offset")
    asset_scale: Annotated[float, Field(strict=True, gt=0, le=1e12, allow_inf_nan=False)] = Field(
        1.0, description="a number above 0: physical value = asset's value * asset_scale + asset_offset"
    )
    asset_offset: Number = Field(
        0.0, description="a number: physical value = asset's value * asset_scale + asset_offset"
    )
    asset_nodata: tuple[Number, ...] = Field(
        (), max_length=64, description="a list of the asset's values that stand for nothing"
    )
    outside: Outside | None = Field(
        None, description="'nodata' or 'clamp': what becomes of values outside of valid_range"
    )
    resampling: Resampling | None = Field(None, description="'nearest' or 'bilinear'")
    reducer: Reducer | None = Field(None, description=REDUCERS)
    classes: tuple[DeclaredClass, ...] = Field((), max_length=4096, description="a list of tables: value, name, colour")

    @model_validator(mode="after")
    def _labels_stay_labels(self) -> Self:
        kind = self.actual_kind
        if kind != "measure" and {"scale", "offset", "asset_scale", "asset_offset"} & self.model_fields_set:
            raise ValueError(f"scale and offset are for kind 'measure', and this variable's kind is {kind!r}")
        if kind in {"class", "id"} and self.resampling == "bilinear":
            raise ValueError(f"resampling is 'bilinear': expected 'nearest', since kind is {kind!r}")
        if kind in {"class", "id"} and self.outside == "clamp":
            raise ValueError(f"outside is 'clamp': expected 'nodata', since kind is {kind!r}")
        if len({c.value for c in self.classes}) < len(self.classes):
            raise ValueError("classes has a value twice")
        if self.valid_range is None and not self.classes:
            raise ValueError("key 'valid_range' is missing: expected [low, high] in stored units")
        return self

    @property
    def actual_kind(self) -> DeclaredKind:
        """The kind: as said, or as the classes or the reducer tell."""
        if self.kind:
            return self.kind
        if self.classes:
            return "class"
        return "count" if self.reducer == "count" else "measure"

    @property
    def stored_range(self) -> tuple[int, int]:
        """The valid range in stored units, both ends included."""
        if self.valid_range is not None:
            return self.valid_range
        values = [c.value for c in self.classes]
        return min(values), max(values)

    @property
    def flags(self) -> tuple[Flag, ...]:
        """The classes, each with a colour: its own, or one around the colour circle."""
        return tuple(Flag(c.value, c.name, c.colour or _hue(i)) for i, c in enumerate(self.classes))

    def stored(self, value: float) -> float:
        """What an asset's value is in stored units."""
        factor, term = self.encoding
        return value * factor + term

    def asset_value(self, stored: float) -> float:
        """What a stored value is in the asset."""
        factor, term = self.encoding
        return (stored - term) / factor

    @property
    def encoding(self) -> tuple[float, float]:
        """Factor and term from the asset's values to stored ones."""
        scale = self.scale or 1.0
        return self.asset_scale / scale, (self.asset_offset - (self.offset or 0.0)) / scale


class Declaration(Table):
    """A product file."""

    name: Annotated[str, Field(strict=True, min_length=1, max_length=64)] = Field(
        description="lower-case letters, digits and single hyphens"
    )
    title: Text = Field(description="a line of text")
    image: Asset | None = Field(None, description="an Earth Engine asset id of an image")
    collection: Asset | None = Field(None, description="an Earth Engine asset id of an image collection")
    cadence: Literal["seasons", "months", "calendar-year"] = Field(
        "calendar-year", description="'seasons', 'months' or 'calendar-year'"
    )
    periods: tuple[Text, ...] = Field(
        min_length=1, max_length=500, description="a list of what is made where no period is given, such as ['2020']"
    )
    only_periods: Switch = Field(default=False, description="true if there are no other periods")
    reducer: Reducer | None = Field(None, description=REDUCERS)
    resampling: Resampling | None = Field(None, description="'nearest' or 'bilinear', of what is no label")
    resolution: Whole = Field(description="metres: 10 times a divisor of 448, such as 10, 20, 40, 80 or 160")
    variables: tuple[DeclaredVariable, ...] = Field(min_length=1, max_length=64, description="a list of tables")
    mask: tuple[Mask, ...] = Field((), max_length=64, description="a list of tables: band, and keep or drop")
    filters: tuple[PropertyFilter, ...] = Field(
        (), max_length=64, description="a list of tables: property, and keep or drop"
    )
    scene_properties: tuple[Text, ...] = Field(
        (), max_length=64, description="a list of image properties to keep in the records"
    )
    licence: Text = Field(description="the licence of the data")
    citation: Text = Field(description="how the data are to be cited")

    @model_validator(mode="after")
    def _one_asset(self) -> Self:
        if (self.image is None) == (self.collection is None):
            raise ValueError("expected either image or collection, and not both")
        if self.image:
            if self.reducer or any(v.reducer for v in self.variables):
                raise ValueError("an image is not reduced: expected no reducer, or collection instead of image")
            if self.filters:
                raise ValueError("an image is not filtered: expected no filters, or collection instead of image")
            if any(rule.collection for rule in self.mask):
                raise ValueError("an image has no linked images: expected masks without collection")
            if self.cadence != "calendar-year":
                raise ValueError(f"cadence is {self.cadence!r}: expected 'calendar-year', since an image has no dates")
        elif "cadence" not in self.model_fields_set:
            raise ValueError("key 'cadence' is missing: expected 'seasons', 'months' or 'calendar-year'")
        return self

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = [v.name for v in self.variables]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"variables has {twice[0]!r} twice: expected each name once")
        return self

    @model_validator(mode="after")
    def _reducers_fit(self) -> Self:
        for i, variable in enumerate(self.variables):
            who, kind = f"variables[{i}]", variable.actual_kind
            reducer = self.reducer_of(variable)
            if self.collection and reducer is None:
                raise ValueError(f"{who} has no reducer: expected {REDUCERS}")
            if kind in {"class", "id"} and reducer is not None and reducer not in _ONE_OF_THEM:
                raise ValueError(
                    f"{who} is reduced by {reducer!r}, which makes labels that are none: expected one of "
                    f"{', '.join(sorted(_ONE_OF_THEM))}"
                )
            if (reducer == "count") != (kind == "count"):
                raise ValueError(f"{who} is of kind {kind!r} and reduced by {reducer!r}: expected 'count' as both")
            if self.has_counts and variable.name == _COUNTS_BEHIND:
                raise ValueError(f"{who}.name is {_COUNTS_BEHIND!r}, which composites get by themselves: rename it")
        return self

    def reducer_of(self, variable: DeclaredVariable) -> str | None:
        """The variable's reducer: its own, or the product's."""
        return variable.reducer or self.reducer

    def resampling_of(self, variable: DeclaredVariable) -> Resampling:
        """The variable's resampling: labels and counts are never interpolated; measures are, unless it is said."""
        if variable.resampling:
            return variable.resampling
        return (self.resampling or "bilinear") if variable.actual_kind == "measure" else "nearest"

    @property
    def asset(self) -> str:
        """The image's or the collection's id."""
        return self.image or self.collection or ""

    @property
    def assets(self) -> tuple[str, ...]:
        """All assets that are read."""
        linked = (mask.collection for mask in self.mask if mask.collection)
        return tuple(dict.fromkeys([self.asset, *linked]))

    @property
    def has_counts(self) -> bool:
        """Whether the observations behind each pixel are counted; of a yearly map there is one."""
        if self.image:
            return False
        reducers = {self.reducer_of(v) for v in self.variables}
        return self.cadence != "calendar-year" or not reducers <= {"mosaic", "first", "last", "count"}


def _hue(index: int) -> str:
    """A colour of its own for every index: steps of the golden ratio around the circle."""
    red, green, blue = colorsys.hsv_to_rgb(index * 0.618034 % 1, 0.65, 0.85)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
