"""Pixels in stored units, and the promises they are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eo_ingest.product import Product, Variable

# Variable name -> array (frame, band, y, x), north up, in stored units.
Raster = dict[str, np.ndarray]


def tile_shape(product: Product, variable: Variable, frames: int) -> tuple[int, int, int, int]:
    """The shape (frame, band, y, x) of one tile of a variable."""
    return (frames, len(variable.bands), product.tile_px, product.tile_px)


def check(values: np.ndarray, variable: Variable, shape: tuple[int, ...]) -> None:
    """Hold an array against its variable's promise: shape, dtype, valid range or nodata, known classes.

    Raises:
        OutputError: says which variable broke which promise.
    """
    who = f"variable {variable.name!r}"
    if values.shape != shape or values.dtype != np.dtype(variable.dtype):
        raise OutputError(f"{who} is {values.dtype} {values.shape}, expected {variable.dtype} {shape}")
    low, high = variable.valid_range
    if variable.flags:
        known = np.array([*(flag.value for flag in variable.flags), variable.nodata], dtype=values.dtype)
        index = f"uint{8 * values.itemsize}"
        allowed = np.zeros(2 ** (8 * values.itemsize), dtype=bool)
        allowed[known.view(index)] = True
        if not allowed[values.view(index)].all():
            strays = sorted(set(np.unique(values).tolist()) - set(known.tolist()))
            raise OutputError(f"{who} holds classes {strays} that the product does not define")
    if low <= int(values.min()) and int(values.max()) <= high:
        return
    outside = ((values < low) | (values > high)) & (values != values.dtype.type(variable.nodata))
    if outside.any():
        raise OutputError(
            f"{who} holds {int(values[outside][0])} (and {int(outside.sum()) - 1} more such values) outside its valid "
            f"range {low} to {high}, and that is not its nodata {variable.nodata}"
        )


def valid_fraction(raster: Mapping[str, np.ndarray], product: Product) -> float:
    """The fraction of valid values among all variables, frames, bands and pixels but those of counts and dates."""
    total = valid = 0
    for variable in product.variables:
        if variable.kind not in {"count", "date"}:
            values = raster[variable.name]
            total += values.size
            valid += int(np.count_nonzero(values != values.dtype.type(variable.nodata)))
    return valid / total if total else 0.0
