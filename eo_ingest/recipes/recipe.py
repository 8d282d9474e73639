"""What a recipe's file says: everything that gives a published dataset its shape."""

from __future__ import annotations

import math
import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from eo_ingest.tomlfile import Number, Table, Text, Whole

Clouds = Literal["scl", "qa60"]
Orbit = Literal["most"]
Periods = tuple[Text, ...]

# Calendar years before that of the event that a run is about: `event-1y`.
BEFORE_EVENT = re.compile(r"event-([1-9][0-9]?)y")


class RecipeProduct(Table):
    """One product of a recipe."""

    name: Text | None = Field(None, description="a product's name; `eo-ingest product list` names them")
    file: Text | None = Field(None, description="a product file, in the recipe's folder or below")
    periods: Periods | None = Field(
        None,
        min_length=1,
        max_length=500,
        description="a list of periods, which `--period` does not change; event-1y is the year before the event's",
    )
    note: Text | None = Field(None, description="a line of text: what it stands for")

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.name is None) == (self.file is None):
            raise ValueError("expected either name or file, and not both")
        for period in self.periods or ():
            if period.startswith("event") and not BEFORE_EVENT.fullmatch(period):
                raise ValueError(
                    f"period {period!r} is not one: expected event-1y to event-99y, years before the event"
                )
        return self


class Options(Table):
    """Options of products, as on the command line."""

    clouds: Clouds | None = Field(None, description="'scl' or 'qa60'")
    orbit: Orbit | None = Field(None, description="'most'")


class Split(Table):
    """How tiles are to be parted for training and testing. `eo-ingest split --recipe` does it.

    `bands` are strips of equal width across the area, turned by `angle` radians (`angles` where areas differ);
    `blocks` are squares of so many tiles a side; `countries` never part a country.
    """

    method: Literal["bands", "blocks", "countries", "random"] = Field(
        description="'bands', 'blocks', 'countries' or 'random'"
    )
    fractions: dict[str, Annotated[float, Field(strict=True, gt=0, le=1)]] = Field(
        min_length=1, max_length=20, description="a table of parts of 1, such as { train = 0.6, val = 0.2, test = 0.2 }"
    )
    seed: Whole = Field(0, description="a whole number")
    bands: Annotated[int, Field(strict=True, ge=2, le=10_000)] | None = Field(None, description="how many strips")
    angle: Number | None = Field(None, description="radians from -pi/2 to pi/2")
    angles: dict[str, Number] = Field({}, max_length=100, description="a table of areas and radians")
    block: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = Field(None, description="tiles along a side")
    guard_km: Annotated[float, Field(strict=True, ge=0, le=1000)] = Field(
        0.0, description="kilometres that parts keep from each other"
    )

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        total = math.fsum(self.fractions.values())
        if not math.isclose(total, 1, abs_tol=1e-6):
            raise ValueError(f"fractions add up to {total:g}: expected 1")
        for given, method in (("bands", "bands"), ("angle", "bands"), ("block", "blocks")):
            if getattr(self, given) is not None and self.method != method:
                raise ValueError(f"{given} goes with method {method!r}, not {self.method!r}")
        if (self.method == "bands") != (self.bands is not None):
            raise ValueError("method 'bands' needs bands, how many strips there are")
        for angle in (*self.angles.values(), *([self.angle] if self.angle is not None else [])):
            if not -math.pi / 2 <= angle <= math.pi / 2:
                raise ValueError(f"angle is {angle:g}: expected radians from -pi/2 to pi/2")
        return self


class Recipe(Table):
    """A recipe's file."""

    title: Text = Field(description="a line of text")
    description: Text = Field(description="what the dataset is, and where this differs from it")
    references: tuple[Text, ...] = Field((), max_length=50, description="a list of publications and addresses")
    aoi: Text | None = Field(None, description="an area's name, west,south,east,north, or a file beside the recipe")
    grid: Text | None = Field(None, description="a grid's name")
    periods: Periods | None = Field(
        None,
        min_length=1,
        max_length=500,
        description="a list of periods, for products that have none here",
    )
    options: Options = Field(Options(clouds=None, orbit=None), description="a table: clouds, orbit")
    products: tuple[RecipeProduct, ...] = Field(
        min_length=1, max_length=100, description="a list of tables: name or file, periods, note"
    )
    split: Split | None = Field(None, description="a table: method, fractions …")

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = [product.name or product.file for product in self.products]
        twice = sorted({str(name) for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"products has {twice[0]!r} twice: expected each once, with all its periods")
        return self
