"""How a variable is painted: decided by its kind, units and valid range, as the field paints such values."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from eo_ingest.preview.colour import Map
    from eo_ingest.product import Variable

How = Literal["classes", "labels", "scale", "cycle", "relief", "composite", "date"]

_AROUND = 360
_RADIANS = {"rad", "radian", "radians"}
_DEGREES = {"degree", "degrees", "deg", "°"}
_METRES = {"m", "metre", "metres", "meter", "meters"}
_ERROR = re.compile(r"error|deviation|uncertainty|rmse", re.IGNORECASE)
_WATER = re.compile(r"water|snow|ice\b|flood", re.IGNORECASE)
_HEIGHT = re.compile(r"altitude|elevation|height_above", re.IGNORECASE)
_SHOWN = {"1": "", "degree": "°", "degrees": "°", "deg": "°", "percent": "%", "radian": "rad", "radians": "rad"}
_POWER = re.compile(r"(?<=[A-Za-z])(?:\^|\*\*)?(-?\d)\b")
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, kw_only=True)
class Style:
    """How values become colours.

    Attributes:
        how: what is done with them.
        colours: the map of a scale, a cycle or a relief.
        limits: the ends of the scale in physical units; where None, the data decide.
        period: after how much a cycle begins anew.
        centred: whether the scale reaches as far below zero as above.
        whole: whether only whole numbers make sense.
        apart: whether each band of a composite has a scale of its own.
        unit: what stands beside the scale.
    """

    how: How
    colours: Map = "viridis"
    limits: tuple[float, float] | None = None
    period: float | None = None
    centred: bool = False
    whole: bool = False
    apart: bool = False
    unit: str = ""


@dataclass(frozen=True)
class _Facts:
    """What decides a style: the variable, and its valid range in physical units."""

    variable: Variable
    low: float
    high: float

    def is_in(self, units: set[str], low: float, high: float) -> bool:
        """Whether it is in such units, within so much of such a range."""
        return self.variable.units in units and abs(self.low - low) <= 1 and abs(self.high - high) <= 1

    def tells_of(self, words: re.Pattern[str]) -> bool:
        """Whether its names hold one of the words."""
        names = (self.variable.name, self.variable.standard_name or "", self.variable.long_name)
        return any(words.search(name) for name in names)

    def is_percent(self) -> bool:
        """Whether it is a percentage."""
        return self.variable.units in {"%", "percent"}

    def is_share(self) -> bool:
        """Whether it goes from nothing to all, as coherence does; an error of such a thing does not."""
        whole = 0 <= self.low <= 0.05 and 0.9 <= self.high <= 1.01
        return self.variable.units == "1" and whole and not self.tells_of(_ERROR)


# The first that fits decides.
_RULES: tuple[tuple[Callable[[_Facts], bool], Style], ...] = (
    (lambda f: f.variable.kind == "class", Style(how="classes")),
    (lambda f: f.variable.kind == "id", Style(how="labels")),
    (lambda f: f.variable.kind == "date", Style(how="date")),
    (lambda f: f.variable.kind == "count", Style(how="scale", colours="blue", whole=True)),
    (lambda f: f.variable.units.startswith("dB"), Style(how="scale", colours="grey")),
    (
        lambda f: f.variable.units in _RADIANS and f.high - f.low >= 2 * math.pi - 0.1,
        Style(how="cycle", colours="wheel", limits=(-math.pi, math.pi), period=2 * math.pi),
    ),
    (lambda f: f.is_in(_DEGREES, 0, 360), Style(how="cycle", colours="wheel", limits=(0, 360), period=360)),
    (lambda f: f.is_in(_DEGREES, -180, 180), Style(how="cycle", colours="wheel", limits=(-180, 180), period=360)),
    (lambda f: f.variable.units in _METRES and f.tells_of(_HEIGHT), Style(how="relief", colours="terrain")),
    (lambda f: f.is_percent() and f.tells_of(_WATER), Style(how="scale", colours="blue", limits=(0, 100))),
    (_Facts.is_percent, Style(how="scale", colours="green", limits=(0, 100))),
    (_Facts.is_share, Style(how="scale", colours="grey", limits=(0, 1))),
    (lambda f: f.low == -f.high, Style(how="scale", colours="balance", centred=True)),
    (lambda _: True, Style(how="scale")),
)


def of(variable: Variable) -> Style:
    """The style of a variable's bands."""
    facts = _Facts(variable, *_physical_range(variable))
    style = next(style for fits, style in _RULES if fits(facts))
    return replace(style, unit=shown(variable.units))


def settled(style: Style, values: np.ndarray) -> Style:
    """The style once the valid values are known: angles that go nowhere near around are no cycle."""
    if style.how == "cycle" and style.period == _AROUND and values.size and np.ptp(values) < _AROUND / 3:
        return Style(how="scale", unit=style.unit)
    return style


def shown(units: str) -> str:
    """Units as people write them: `Mg ha-1` is `Mg ha⁻¹`, and `1` is nothing."""
    return _SHOWN.get(units, _POWER.sub(lambda found: found[1].translate(_SUPERSCRIPT), units))


def _physical_range(variable: Variable) -> tuple[float, float]:
    """The valid range in physical units, rounded to nine digits so that 100 · 0.01 is 1."""
    scale, offset = variable.scale_factor or 1.0, variable.add_offset or 0.0
    low, high = sorted(value * scale + offset for value in variable.valid_range)
    return float(f"{low:.9g}"), float(f"{high:.9g}")
