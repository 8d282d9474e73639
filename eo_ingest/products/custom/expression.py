"""From a declaration to Earth Engine objects. `ee` is imported where an expression is built, never at import.

What is a value of the band again (a mean, a median, a mosaic …) is left in the asset's units until it is composed, and
what is not valid is masked before it is interpolated or composed: a fill value never enters a mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eo_ingest.products.composite import collection, filled
from eo_ingest.products.custom.declaration import Declaration, DeclaredVariable, keeps_quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import ee

    from eo_ingest.period import Frame


@dataclass(frozen=True, slots=True)
class Scenes:
    """`Product.scenes` of a declaration; not `filtered`, the filters are left out. Equal ones are equal functions."""

    declared: Declaration
    filtered: bool = True

    def __call__(self, frame: Frame, region: ee.Geometry | None) -> ee.ImageCollection:
        """The images that go in; without a region, those of anywhere."""
        import ee

        if self.declared.image:
            return ee.ImageCollection([ee.Image(self.declared.image)])
        if region is None:
            scenes = ee.ImageCollection(self.declared.asset).filterDate(f"{frame.start}", f"{frame.end}")
        else:
            scenes = collection(self.declared.asset, frame.start, frame.end, region)
        for rule in self.declared.filters if self.filtered else ():
            scenes = scenes.filter(rule.used())
        return scenes


@dataclass(frozen=True, slots=True)
class Images:
    """`Product.images` of a declaration; not `bounded`, values outside of the valid range stay what they are."""

    declared: Declaration
    bounded: bool = True

    def __call__(self, scenes: ee.ImageCollection, frame: Frame) -> Mapping[str, ee.Image]:  # noqa: ARG002 - all alike
        """What is made of them."""
        import ee

        declared = self.declared
        if declared.image:
            image = ee.Image(declared.image)
            return {v.name: self._finished(self._prepared(v)(image), v, None) for v in declared.variables}
        for rule in declared.mask:
            if rule.collection:
                scenes = scenes.linkCollection(ee.ImageCollection(rule.collection), [rule.band])
        made, counts = {}, []
        for variable in declared.variables:
            reducer = declared.reducer_of(variable) or "mosaic"
            seen = scenes.map(self._prepared(variable))
            made[variable.name] = self._finished(_reduced(seen, reducer, variable.bands), variable, reducer)
            first = [variable.bands[0]]
            counts.append(filled(seen.select(first).count(), first))
        if declared.has_counts:
            made["n_obs"] = ee.Image.cat(*counts).rename([v.name for v in declared.variables])
        return made

    def _prepared(self, variable: DeclaredVariable) -> Callable[[ee.Image], ee.Image]:
        """One image's bands, masked where they are not valid, ready to be interpolated."""
        reducer = self.declared.reducer_of(variable)

        def prepare(image: ee.Image) -> ee.Image:
            bands = image.select(list(variable.bands))
            for value in variable.asset_nodata:
                bands = bands.updateMask(bands.neq(_plain(value)))
            if self.bounded and keeps_quantity(reducer):
                bands = _within(bands, variable)
            for rule in self.declared.mask:
                bands = bands.updateMask(rule.used(image))
            if not keeps_quantity(reducer) and reducer != "count":
                bands = _linear(bands, variable.asset_scale, variable.asset_offset)
            return bands.resample("bilinear") if self.declared.resampling_of(variable) == "bilinear" else bands

        return prepare

    def _finished(self, image: ee.Image, variable: DeclaredVariable, reducer: str | None) -> ee.Image:
        """A composite in stored units, masked where what is another quantity than the bands is out of its range."""
        if variable.actual_kind != "measure":
            return image
        if keeps_quantity(reducer):
            return _linear(image, *variable.encoding)
        scale = variable.scale or 1.0
        made = _linear(image, 1.0 / scale, -(variable.offset or 0.0) / scale)
        if not self.bounded or variable.outside == "clamp":
            return made
        low, high = variable.stored_range
        return made.updateMask(made.gte(low - 0.5).And(made.lt(high + 0.5)))


def _within(bands: ee.Image, variable: DeclaredVariable) -> ee.Image:
    """Bands of an asset, masked where their stored values would not be valid ones."""
    if variable.outside == "clamp":
        return bands
    if variable.actual_kind in {"class", "id"}:
        return _listed(bands, variable) if variable.outside == "nodata" else bands
    low, high = variable.stored_range
    bottom, top = variable.asset_value(low - 0.5), variable.asset_value(high + 0.5)
    return bands.updateMask(bands.gte(_plain(bottom)).And(bands.lt(_plain(top))))


def _listed(labels: ee.Image, variable: DeclaredVariable) -> ee.Image:
    """Labels, masked where they are not among the classes, or not in the valid range where there is no list."""
    import ee

    values = [c.value for c in variable.classes]
    if not values:
        low, high = variable.stored_range
        return labels.updateMask(labels.gte(low).And(labels.lte(high)))
    known = [labels.select(band).remap(values, [1] * len(values)).rename(band) for band in variable.bands]
    return labels.updateMask(ee.Image.cat(*known))


def _reduced(seen: ee.ImageCollection, reducer: str, bands: tuple[str, ...]) -> ee.Image:
    """A composite with those bands, also where it is made of no image."""
    import ee

    if reducer in {"mosaic", "mean", "median", "min", "max", "mode", "sum", "count"}:
        return filled(getattr(seen, reducer)(), bands)
    by_name: dict[str, tuple[str, Callable[[], ee.Reducer]]] = {
        "first": ("first", ee.Reducer.firstNonNull),
        "last": ("last", ee.Reducer.lastNonNull),
        "std_dev": ("stdDev", ee.Reducer.stdDev),
    }
    suffix, make = by_name.get(reducer) or (reducer, lambda: ee.Reducer.percentile([int(reducer[1:])]))
    if reducer in {"first", "last"}:
        seen = seen.sort("system:time_start")
    return filled(seen.reduce(make()), [f"{band}_{suffix}" for band in bands]).rename(list(bands))


def _linear(image: ee.Image, factor: float, term: float) -> ee.Image:
    if factor != 1:
        image = image.multiply(factor)
    return image.add(term) if term else image


def _plain(value: float) -> float:
    """Whole floats as integers: they read better in a graph."""
    return int(value) if float(value).is_integer() else value
