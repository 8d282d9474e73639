"""A tile's values as the source has them, before they are bounded: held against types and valid ranges."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.errors import SourceError
from eo_ingest.products import custom
from eo_ingest.request import Window

if TYPE_CHECKING:
    from eo_ingest.grid import Block, Tile, Zone
    from eo_ingest.period import Frame, Period
    from eo_ingest.product import Product, Variable
    from eo_ingest.sources.earthengine.catalogue import Catalogue, Spot

# Of a band's values in a tile: where more than this share is not valid, the declaration is wrong, not the place.
_ALL = 0.99


@dataclass
class Look:
    """What was seen: what is in the way, and what is to be known, in sentences.

    `refused` are those problems that no other place could mend, or whose declaration does not say what is done then.
    """

    problems: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def refuse(self, problem: str, *, everywhere: bool = True) -> None:
        """Add a problem; not `everywhere`, it may be the place's alone."""
        self.problems.append(problem)
        if everywhere:
            self.refused.append(problem)


def spot_of(zone: Zone, block: Block, tile: Tile, product: Product) -> Spot:
    """Where a tile of a block is."""
    from eo_ingest.sources.earthengine.catalogue import Spot

    west, _, _, north = zone.bounds(tile)
    left, _, _, top = zone.bounds(block)
    row, col = (round(metres / product.resolution) for metres in (top - north, west - left))
    return Spot(zone, block, Window(row, col, product.tile_px, product.tile_px))


def look(catalogue: Catalogue, product: Product, period: Period, spot: Spot) -> Look:
    """Look at all variables of a tile but the counts.

    Raises:
        SourceError: if the source does not answer.
    """
    seen = Look()
    for variable in product.variables:
        if variable.kind != "count":
            try:
                _look_at(catalogue, product, variable, period, spot, seen)
            except SourceError as err:
                if str(err).startswith(("connection", "quota", "transient", "auth")):
                    raise
                seen.refuse(f"variable {variable.name!r} cannot be computed: {err}")
    return seen


def _look_at(
    catalogue: Catalogue, product: Product, variable: Variable, period: Period, spot: Spot, seen: Look
) -> None:
    free, (low, high) = custom.unbounded(product), variable.valid_range
    told = _outside_is_told(product, variable)
    counts = np.zeros((len(variable.bands), 2), np.int64)  # of each band: outside of the valid range, and all
    ends = np.tile([np.inf, -np.inf], (len(variable.bands), 1))
    for frame in product.frames(period):
        values = np.rint(catalogue.values(free, variable, frame, spot).astype(np.float64))
        for band in range(len(variable.bands)):
            valid = values[band][np.isfinite(values[band])]
            if valid.size:
                _hold(valid, variable, band, frame, told=told, seen=seen)
                counts[band] += ((valid < low) | (valid > high)).sum(), valid.size
                ends[band] = min(ends[band, 0], valid.min()), max(ends[band, 1], valid.max())
    for name, (outside, all_of_them), (least, most) in zip(variable.bands, counts, ends, strict=True):
        if outside > _ALL * all_of_them:
            seen.refuse(
                f"variable {variable.name!r}, band {name!r}: {outside / all_of_them:.2%} of the values are outside of "
                f"the valid range {low} to {high}: they are {least:.0f} to {most:.0f} as stored; expected another "
                "scale, offset or valid_range, or a place where there are such values",
                everywhere=not told,
            )


def _hold(valid: np.ndarray, variable: Variable, band: int, frame: Frame, *, told: bool, seen: Look) -> None:
    """Hold one frame's values of a band, rounded, against the type and the valid range."""
    limits, (low, high) = np.iinfo(variable.dtype), variable.valid_range
    where = f"variable {variable.name!r}, band {variable.bands[band]!r}, {frame.label}"
    are = f"they are {valid.min():.0f} to {valid.max():.0f} as stored"
    beyond = ((valid < limits.min) | (valid > limits.max)).mean()
    outside = ((valid < low) | (valid > high)).mean()
    if beyond and not told:
        seen.refuse(
            f"{where}: {beyond:.2%} of the values do not fit {variable.dtype}: {are}; expected a wider dtype or a "
            "larger scale"
        )
    if outside:
        unfit = f", and {beyond:.2%} do not fit {variable.dtype}" if beyond and told else ""
        seen.notes.append(
            f"{where}: {outside:.2%} of the values are outside of the valid range {low} to {high}{unfit}: {are}"
        )


def _outside_is_told(product: Product, variable: Variable) -> bool:
    """Whether the declaration says what becomes of values outside of the valid range."""
    declared = custom.declaration_of(product)
    return declared is not None and any(v.name == variable.name and v.outside for v in declared.variables)
