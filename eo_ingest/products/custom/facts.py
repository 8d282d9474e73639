"""What is known of an asset, and whether a declaration suits it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.products.custom.declaration import keeps_quantity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from eo_ingest.products.custom.declaration import Declaration, DeclaredVariable

# A stored pixel this much finer than the source's repeats its values; this much coarser, it mixes them.
_REPEATS = 2.5
_MIXES = 1.5


@dataclass(frozen=True, slots=True)
class Band:
    """A band as the asset declares it; `low` and `high` are None where its type has no bounds. `scale` is in metres."""

    name: str
    precision: str
    low: float | None
    high: float | None
    crs: str
    scale: float

    @property
    def type(self) -> str:
        """The type in words: `int 0 to 65535`, `double`."""
        if self.low is None or self.high is None:
            return self.precision
        return f"{self.precision} {_short(self.low)} to {_short(self.high)}"


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset: what it is, the bands of one of its images (none if no image was found), its first and last day."""

    id: str
    kind: str
    bands: tuple[Band, ...] = ()
    start: str | None = None
    end: str | None = None

    def band(self, name: str) -> Band | None:
        """The band of that name; None if there is none."""
        return next((band for band in self.bands if band.name == name), None)


def kinds(declared: Declaration, assets: Mapping[str, Asset]) -> Iterator[str]:
    """Which assets are not of the kind that a declaration says, in sentences."""
    for found in assets.values():
        wanted = "image" if found.id == declared.image else "image collection"
        if found.kind == wanted:
            continue
        key = {"image": "image", "image collection": "collection"}.get(found.kind)
        expected = f"{key} = {found.id!r}" if key else f"the id of an {wanted}"
        yield f"asset {found.id!r} is of type {found.kind}, not {wanted}: expected {expected}"


def problems(declared: Declaration, assets: Mapping[str, Asset]) -> Iterator[str]:
    """What keeps a declaration from being made from the bands of these assets, in sentences."""
    asset = assets[declared.asset]
    named = [(f"variables[{i}].bands", band, asset) for i, v in enumerate(declared.variables) for band in v.bands]
    masks = enumerate(declared.mask)
    named += [(f"mask[{i}].band", rule.band, assets[rule.collection or declared.asset]) for i, rule in masks]
    for where, name, holder in named:
        if holder.bands and not holder.band(name):
            names = [band.name for band in holder.bands]
            near = get_close_matches(name, names, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            yield f"{where}: asset {holder.id!r} has no band {name!r}{hint}: expected one of {', '.join(names)}"
    for i, variable in enumerate(declared.variables):
        for name in variable.bands:
            band = asset.band(name)
            told = band and _overflow(variable, declared.reducer_of(variable), band)
            if told:
                yield f"variables[{i}]: {told}"


def notes(declared: Declaration, assets: Mapping[str, Asset]) -> Iterator[str]:
    """What a user should know of a declaration that can be made, in sentences."""
    bands = assets[declared.asset].bands
    wanted = {name for variable in declared.variables for name in variable.bands}
    scales = sorted({band.scale for band in bands if band.name in wanted})
    for scale in scales:
        if scale > _REPEATS * declared.resolution:
            times = scale / declared.resolution
            yield (
                f"the asset's pixels are {scale:.4g} m wide and are stored as {times:.2g} × {times:.2g} pixels of "
                f"{declared.resolution} m: a coarser resolution would hold the same"
            )
        elif declared.resolution > _MIXES * scale:
            yield (
                f"the asset's pixels are {scale:.4g} m wide and are stored in pixels of {declared.resolution} m: Earth "
                "Engine takes them from a coarser level of the asset's pyramid, made by the asset's own policy"
            )
    if len(scales) > 1:
        yield "the bands have pixels of different sizes: two products, one for each size, would store less"


def _overflow(variable: DeclaredVariable, reducer: str | None, band: Band) -> str | None:
    """Why a band's declared values do not fit the variable's type; None if they do, or if it is said what then."""
    if band.low is None or band.high is None or variable.outside or not keeps_quantity(reducer):
        return None
    low, high = (round(variable.stored(value)) for value in (band.low, band.high))
    limits = np.iinfo(variable.dtype)
    if limits.min <= low and high <= limits.max:
        return None
    return (
        f"band {band.name!r} is declared as {band.type}, which is {low} to {high} as stored: that does not fit "
        f"{variable.dtype} ({limits.min} to {limits.max}); expected a wider dtype, a larger scale, or "
        "outside = 'nodata' or 'clamp' for what lies beyond the valid range"
    )


def _short(value: float) -> str:
    return f"{value:.0f}" if float(value).is_integer() and abs(value) < 1e16 else f"{value:g}"
