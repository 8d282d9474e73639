"""What of a product goes on a sheet: its frames as columns, and a strip of panels for each band or composite."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from eo_ingest import products
from eo_ingest.preview import style as styles
from eo_ingest.preview.composite import composites
from eo_ingest.preview.style import Style

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eo_ingest.period import Frame
    from eo_ingest.preview.series import Series
    from eo_ingest.product import Variable

_ORDER = {"measure": 1, "class": 2, "id": 3, "count": 4, "date": 5}


@dataclass(frozen=True)
class Column:
    """One frame of one of a section's series: which series, which of its frames."""

    series: int
    index: int
    frame: Frame


@dataclass(frozen=True)
class Strip:
    """A row of panels: the bands of a variable that are painted together. `small` ones have all bands side by side."""

    variable: Variable
    bands: tuple[int, ...]
    name: str
    about: str
    style: Style
    small: bool = False


@dataclass(frozen=True)
class Section:
    """A product in one period, or in several of one frame each."""

    series: tuple[Series, ...]
    columns: tuple[Column, ...]
    strips: tuple[Strip, ...]

    @property
    def product(self) -> str:
        """The product's name."""
        return self.series[0].product

    @property
    def heading(self) -> str:
        """The product, and the period where there is one only."""
        return self.series[0].name if len(self.series) == 1 else self.product

    @property
    def dates(self) -> tuple[Variable, ...]:
        """The variables that are told in words."""
        return tuple(v for v in self.series[0].variables if v.kind == "date")


def sections(found: Sequence[Series], frame: str | None = None) -> tuple[Section, ...]:
    """The sections of a sheet, in the order of the series; with `frame`, that frame alone of those that have it."""
    made = []
    for _, many in groupby(found, key=lambda series: series.product):
        for group in _together(list(many)):
            columns = tuple(
                Column(i, k, one)
                for i, s in enumerate(group)
                for k, one in enumerate(s.frames)
                if frame in {None, one.label}
            )
            if columns:
                made.append(Section(tuple(group), columns, tuple(_strips(_ordered(group[0])))))
    return tuple(made)


def _together(many: list[Series]) -> Iterable[list[Series]]:
    """Series of a product that share a section: those of one frame each and alike in all but period and frame."""
    for key, group in groupby(many, key=lambda s: replace(s, period="", frames=s.frames if len(s.frames) > 1 else ())):
        if key.frames:
            yield from ([series] for series in group)
        else:
            yield list(group)


def _ordered(series: Series) -> Sequence[Variable]:
    """The variables as the product names them, where it is known here: metadata are sorted by name."""
    known = products.REGISTRY.get(series.product)
    names = [variable.name for variable in known.variables] if known else []
    return sorted(series.variables, key=lambda v: names.index(v.name) if v.name in names else len(names))


def _strips(variables: Iterable[Variable]) -> Iterable[Strip]:
    ranked = sorted(variables, key=lambda v: _ORDER[v.kind])
    for variable in ranked:
        style = styles.of(variable)
        unit = f", {style.unit}" if style.unit else ""
        about = f"{variable.long_name}{unit}"
        if variable.kind == "date":
            continue
        if variable.kind in {"count", "id"}:
            every = tuple(range(len(variable.bands)))
            bands = f" {' | '.join(variable.bands)}" if len(every) > 1 else ""
            yield Strip(variable, every, variable.name + bands, about, style, small=True)
            continue
        painted = composites(variable.bands) if variable.kind == "measure" else ()
        for composite in painted:
            chosen = tuple(variable.bands.index(band) for band in composite.bands)
            name = f"{composite.name} {' '.join(composite.bands)}"
            yield Strip(
                variable, chosen, name, about, Style(how="composite", apart=not composite.true, unit=style.unit)
            )
        for i, band in enumerate(variable.bands if not painted else ()):
            name = variable.name if len(variable.bands) == 1 else f"{variable.name} {band}"
            yield Strip(variable, (i,), name, about, style)
