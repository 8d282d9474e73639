"""From a declaration to a product, and what every product of a user is held against."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from eo_ingest.errors import ConfigError
from eo_ingest.period import Period
from eo_ingest.product import MAX_SHARD_BYTES, Product, Variable
from eo_ingest.products import REGISTRY
from eo_ingest.products.composite import observations
from eo_ingest.products.custom import units
from eo_ingest.products.custom.declaration import Declaration
from eo_ingest.products.custom.expression import Images, Scenes
from eo_ingest.stores import layout
from eo_ingest.tomlfile import check, table

if TYPE_CHECKING:
    from eo_ingest.products.custom.declaration import DeclaredVariable

# Names that arrays of a group have already.
_COORDINATES = frozenset({"frame", "frame_start", "frame_end", "band", "y", "x", "spatial_ref"})
_VARIABLE = re.compile(r"[a-z][a-z0-9_]*")


def declared(text: str, who: str) -> Product:
    """The product that a TOML text declares.

    Args:
        text: what the file holds.
        who: the file's name, for messages.

    Raises:
        ConfigError: names the file and each key that is wrong, what it holds, and what is expected.
    """
    declaration = check(table(text, who), Declaration, who)
    try:
        product = _product(declaration)
    except ConfigError as err:
        raise ConfigError(f"{who}: {err}") from err
    admit(product, who)
    return product


def unbounded(product: Product) -> Product:
    """The product without its masks of what lies outside of the valid range: to see what they hide."""
    if isinstance(product.images, Images):
        return replace(product, images=Images(product.images.declared, bounded=False))
    return product


def declaration_of(product: Product) -> Declaration | None:
    """The declaration behind a product; None if it comes from code."""
    return product.images.declared if isinstance(product.images, Images) else None


def admit(product: Product, who: str) -> None:
    """Refuse a product of a user that cannot live beside the others in a store.

    Raises:
        ConfigError: says what is in the way.
    """
    if product.name in REGISTRY:
        raise ConfigError(f"{who}: name is {product.name!r}, which is a product of eo-ingest: choose another name")
    if product.name in layout.RESERVED:
        raise ConfigError(f"{who}: name is {product.name!r}, which stores use for something else: choose another name")
    for i, variable in enumerate(product.variables):
        if not _VARIABLE.fullmatch(variable.name) or variable.name in _COORDINATES:
            raise ConfigError(
                f"{who}: variables[{i}].name is {variable.name!r}: expected lower-case letters, digits and "
                f"underscores, and none of {', '.join(sorted(_COORDINATES))}"
            )
        if wrong := units.unknown(variable.units):
            raise ConfigError(f"{who}: variables[{i}].units is {variable.units!r}: {wrong}; expected {units.EXPECTED}")
        if variable.band_dim in {v.name for v in product.variables} | (_COORDINATES - {"band"}):
            raise ConfigError(f"{who}: dimension {variable.band_dim!r} has the name of an array: rename one of them")
    for name in product.periods:
        try:
            frames = len(product.frames(Period.parse(name)))
        except ConfigError as err:
            raise ConfigError(f"{who}: periods: {err}") from err
        _check_size(product, 1 if product.cadence == "months" else frames, who)


def _check_size(product: Product, frames: int, who: str) -> None:
    """Refuse what no store could hold: an object of a block that is too large, also where a year is made by months."""
    side = product.tile_px * product.lattice.block_tiles
    for variable in product.variables:
        size = frames * len(variable.bands) * variable.itemsize * side * side
        if size > MAX_SHARD_BYTES:
            raise ConfigError(
                f"{who}: variable {variable.name!r} has {len(variable.bands)} bands in {frames} frames, so that a "
                f"block has {size // 2**20} MiB: expected at most {MAX_SHARD_BYTES // 2**20} MiB, that is fewer bands "
                "in a variable, a coarser resolution or a smaller dtype"
            )


def _product(declaration: Declaration) -> Product:
    variables = [_variable(v, declaration) for v in declaration.variables]
    if declaration.has_counts:
        names = tuple(v.name for v in declaration.variables)
        counts = observations("observed", names, "observations")
        variables.append(replace(counts, long_name="number of valid observations behind each pixel"))
    reduced = any(v.kind == "measure" for v in variables)
    return Product(
        name=declaration.name,
        title=declaration.title,
        variables=tuple(variables),
        resolution=declaration.resolution,
        cadence=declaration.cadence,
        resampling=declaration.resampling or ("bilinear" if reduced else "nearest"),
        assets=declaration.assets,
        licence=declaration.licence,
        citation=declaration.citation,
        periods=declaration.periods,
        only_periods=declaration.only_periods,
        scene_properties=declaration.scene_properties,
        scenes=Scenes(declaration),
        images=Images(declaration),
    )


def _variable(variable: DeclaredVariable, declaration: Declaration) -> Variable:
    first = declaration.variables[0].bands
    return Variable(
        name=variable.name,
        bands=variable.bands,
        band_dim="band" if variable.bands == first else f"{variable.name}_band",
        dtype=variable.dtype,
        nodata=variable.nodata,
        valid_range=variable.stored_range,
        units=variable.units,
        long_name=variable.long_name or declaration.title,
        standard_name=variable.standard_name,
        kind=variable.actual_kind,
        scale_factor=variable.scale,
        add_offset=variable.offset,
        flags=variable.flags,
        resampling=declaration.resampling_of(variable),
    )
