"""Whether a user's product can be made: held against its assets as Earth Engine has them, before any tile is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from eo_ingest.errors import ConfigError, SourceError
from eo_ingest.period import Frame
from eo_ingest.products import custom
from eo_ingest.products.custom import facts
from eo_ingest.products.custom.expression import Scenes
from eo_ingest.sources.earthengine import graph

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import ee

    from eo_ingest.period import Period
    from eo_ingest.product import Place, Product
    from eo_ingest.products.custom.declaration import Declaration
    from eo_ingest.products.custom.facts import Asset
    from eo_ingest.sources.earthengine.catalogue import Catalogue

# So many blocks are asked for what filters leave, before that is a note and no refusal.
_PLACES = 16


@dataclass
class Findings:
    """What was found: the assets, how many images each frame has there, what is in the way, what is to be known."""

    assets: dict[str, Asset] = field(default_factory=dict)
    scenes: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def examine(
    catalogue: Catalogue, product: Product, period: Period, where: Place, others: Sequence[Place] = ()
) -> Findings:
    """Hold a product against its assets, at a place and for a period.

    Args:
        catalogue: whom to ask.
        product: what is to be made.
        period: of which its images are.
        where: a place that will be made.
        others: more of them, where filters may find what they do not find there.

    Raises:
        SourceError: if Earth Engine does not answer.
    """
    found = Findings()
    for name in product.assets:
        try:
            found.assets[name] = catalogue.asset(name)
        except ConfigError as err:
            found.problems.append(str(err))
    if found.problems:
        return found
    frames = product.frames(period)
    declared = custom.declaration_of(product)
    if declared is None:
        _try_out(catalogue, product, frames[0], where, found)
        return found
    found.problems += facts.kinds(declared, found.assets)
    if declared.collection and not found.problems:
        _look_into(catalogue, declared, frames, (where, *others), found)
    if not found.problems:
        found.problems += facts.problems(declared, found.assets)
        found.notes += facts.notes(declared, found.assets)
    if not found.problems:
        found.scenes = catalogue.scene_counts(product, frames, where)
        if bare := [label for label, count in found.scenes.items() if not count]:
            found.notes.append(f"no image at this place in {', '.join(bare)}: its pixels there are nodata")
    return found


def _try_out(catalogue: Catalogue, product: Product, frame: Frame, where: Place, found: Findings) -> None:
    """See whether a program's expression can be evaluated, and gives the bands that it should."""
    try:
        names = catalogue.band_names(product, frame, where)
    except SourceError as err:
        if str(err).startswith(("connection", "quota", "transient", "auth")):
            raise
        found.problems.append(f"its expression cannot be evaluated: {err}")
        return
    for variable in product.variables:
        count = len(names[variable.name])
        if count != len(variable.bands):
            found.problems.append(
                f"`images` gives variable {variable.name!r} {count} bands: expected {len(variable.bands)}"
            )


def _look_into(
    catalogue: Catalogue, declared: Declaration, frames: Sequence[Frame], places: Sequence[Place], found: Findings
) -> None:
    """The bands of the images that the declaration uses: of one at the first place, else of one anywhere.

    What is filtered is only ever asked for within bounds: of a whole archive it would be looked for without end.
    """
    whole = Frame("all", min(frame.start for frame in frames), max(frame.end for frame in frames))
    asset, unfiltered = found.assets[declared.asset], Scenes(declared, filtered=False)
    here = unfiltered(whole, graph.region(places[0]))
    seen = catalogue.has_image(here)
    any_images = here if seen else unfiltered(whole, None)
    bands = catalogue.first_bands(any_images)
    if not bands:
        span = f": it has images from {asset.start} to {asset.end}" if asset.start and asset.end else ""
        found.problems.append(f"asset {asset.id!r} has no image from {whole.start} to {whole.end}{span}")
        return
    found.assets[asset.id] = replace(asset, bands=bands)
    if declared.filters:
        found.problems += _unknown_properties(catalogue, declared, any_images, here)
        if seen and not found.problems:
            _try_filters(catalogue, declared, whole, places, found)
    if found.problems:
        return
    for rule in declared.mask:
        if rule.collection:
            linked = Scenes(declared.model_copy(update={"collection": rule.collection, "filters": ()}))
            bands = catalogue.first_bands(linked(whole, graph.region(places[0])))
            bands = bands or catalogue.first_bands(linked(whole, None))
            found.assets[rule.collection] = replace(found.assets[rule.collection], bands=bands)


def _unknown_properties(
    catalogue: Catalogue, declared: Declaration, images: ee.ImageCollection, here: ee.ImageCollection
) -> Iterator[str]:
    """Which filters are of a property that neither the first of the images has nor any at the place, in sentences."""
    import ee

    names = catalogue.property_names(images.first())
    for i, rule in enumerate(declared.filters):
        if rule.property in names or catalogue.has_image(here.filter(ee.Filter.notNull([rule.property]))):
            continue
        near = get_close_matches(rule.property, names, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        ours = ", ".join(name for name in names if not name.startswith("system:"))
        yield (
            f"filters[{i}].property: the images of {declared.asset!r} have no property {rule.property!r}{hint}: "
            f"expected one of {ours or 'system:index, system:time_start'}"
        )


def _try_filters(
    catalogue: Catalogue, declared: Declaration, whole: Frame, places: Sequence[Place], found: Findings
) -> None:
    """See whether the filters leave an image at any of the places; of many places, at some of them."""
    step = -(-len(places) // _PLACES)
    tried = places[::step]
    scenes = Scenes(declared)
    for place in tried:
        bands = catalogue.first_bands(scenes(whole, graph.region(place)))
        if bands:
            found.assets[declared.asset] = replace(found.assets[declared.asset], bands=bands)
            return
    at = "there" if len(tried) == 1 else f"at {len(tried)} places"
    told = f"filters: they leave none of the images of {declared.asset!r} {at} from {whole.start} to {whole.end}"
    (found.problems if step == 1 else found.notes).append(told)
