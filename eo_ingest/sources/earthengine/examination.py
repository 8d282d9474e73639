"""Whether a user's product can be made: held against its assets as Earth Engine has them, before any tile is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from eo_ingest.errors import ConfigError, SourceError
from eo_ingest.period import Frame
from eo_ingest.products import custom
from eo_ingest.products.custom import facts
from eo_ingest.products.custom.expression import Scenes
from eo_ingest.sources.earthengine import graph

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eo_ingest.period import Period
    from eo_ingest.product import Place, Product
    from eo_ingest.products.custom.declaration import Declaration
    from eo_ingest.products.custom.facts import Asset, Band
    from eo_ingest.sources.earthengine.catalogue import Catalogue


@dataclass
class Findings:
    """What was found: the assets, how many images each frame has there, what is in the way, what is to be known."""

    assets: dict[str, Asset] = field(default_factory=dict)
    scenes: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def examine(catalogue: Catalogue, product: Product, period: Period, where: Place) -> Findings:
    """Hold a product against its assets, at a place and for a period.

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
        _look_into(catalogue, declared, frames, where, found)
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
    catalogue: Catalogue, declared: Declaration, frames: Sequence[Frame], where: Place, found: Findings
) -> None:
    """The bands of the images that the declaration uses: of one at the place, else of one anywhere."""
    whole = Frame("all", min(frame.start for frame in frames), max(frame.end for frame in frames))
    bands = _bands(catalogue, Scenes(declared), whole, where)
    asset = found.assets[declared.asset]
    if not bands:
        days = f"from {whole.start} to {whole.end}"
        if catalogue.first_bands(Scenes(declared, filtered=False)(whole, None)):
            found.problems.append(f"filters: they leave none of the images of {asset.id!r} {days}")
        else:
            span = f": it has images from {asset.start} to {asset.end}" if asset.start and asset.end else ""
            found.problems.append(f"asset {asset.id!r} has no image {days}{span}")
        return
    found.assets[asset.id] = replace(asset, bands=bands)
    for rule in declared.mask:
        if rule.collection:
            linked = declared.model_copy(update={"collection": rule.collection, "filters": ()})
            bands = _bands(catalogue, Scenes(linked), whole, where)
            found.assets[rule.collection] = replace(found.assets[rule.collection], bands=bands)


def _bands(catalogue: Catalogue, scenes: Scenes, whole: Frame, where: Place) -> tuple[Band, ...]:
    return catalogue.first_bands(scenes(whole, graph.region(where))) or catalogue.first_bands(scenes(whole, None))
