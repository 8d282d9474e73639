"""From a pair's layers to a product's variables, in stored units."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.errors import SourceError
from eo_ingest.sources.gunw.mosaic import NO_GRANULE

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from eo_ingest.product import Product, Variable
    from eo_ingest.raster import Raster
    from eo_ingest.sources.gunw.picture import Made
    from eo_ingest.sources.gunw.select import Pair

    Values = NDArray[np.floating] | NDArray[np.integer]

DIRECTIONS = {"ascending": 1, "descending": 2}
_EPOCH = date(1970, 1, 1)


def blank(product: Product, frames: int, shape: tuple[int, int]) -> Raster:
    """A block (frame, band, y, x) without any data."""
    return {v.name: np.full((frames, len(v.bands), *shape), v.nodata, dtype=v.dtype) for v in product.variables}


def put(made: Made, pair: Pair, raster: Raster, frame: int, product: Product) -> None:
    """Write a pair into its frame of a block.

    Raises:
        SourceError: names the pair and a value that cannot be.
    """
    for variable in product.variables:
        for band, name in enumerate(variable.bands):
            values = _LAYERS[variable.name](made, pair, name)
            raster[variable.name][frame, band] = quantised(values, variable, f"track {pair.track}, {_dates(pair)}")


def quantised(values: Values, variable: Variable, who: str) -> NDArray[np.integer]:
    """Physical values (NaN: nodata) in a variable's stored units.

    Raises:
        SourceError: if a value lies outside the valid range; `who` names where it is from.
    """
    known = np.isfinite(values)
    scale, offset = variable.scale_factor or 1.0, variable.add_offset or 0.0
    units = np.rint((np.where(known, values, 0).astype(np.float64) - offset) / scale)
    low, high = variable.valid_range
    wrong = known & ((units < low) | (units > high))
    if wrong.any():
        raise SourceError(
            f"{who}: {variable.long_name} is {float(values[wrong][0]):g} {variable.units}, expected "
            f"{low * scale + offset:g} to {high * scale + offset:g}"
        )
    return np.where(known, units, variable.nodata).astype(variable.dtype)


def _dates(pair: Pair) -> str:
    return f"{pair.reference} and {pair.secondary}"


def _everywhere(made: Made, value: float) -> Values:
    """A value wherever the pair has data."""
    return np.where(made.taken == NO_GRANULE, np.nan, np.float64(value))


def _decibel(power: Values) -> Values:
    return 10 * np.log10(np.where(power > 0, power, np.nan))


def _degrees(made: Made, band: str) -> Values:
    """Angles; an azimuth that would round up to a whole turn is 0."""
    values = made.picture.fields[band]
    return np.where(values >= 359.995, np.float32(0), values) if band == "azimuth" else values


_LAYERS: dict[str, Callable[[Made, Pair, str], Values]] = {
    "unwrapped_phase": lambda made, _pair, _band: made.picture.phase,
    "coherence": lambda made, _pair, _band: made.picture.fields["coherence"],
    "components": lambda made, _pair, _band: np.where(
        made.picture.components < 0, np.nan, made.picture.components.astype(np.float64)
    ),
    "amplitude": lambda made, _pair, _band: _decibel(made.picture.fields["amplitude"]),
    "angles": lambda made, _pair, band: _degrees(made, band),
    "perpendicular_baseline": lambda made, _pair, _band: made.picture.fields["baseline"],
    "dates": lambda made, pair, band: _everywhere(made, (getattr(pair, band) - _EPOCH).days),
    "track": lambda made, pair, _band: _everywhere(made, pair.track),
    "direction": lambda made, pair, _band: _everywhere(made, DIRECTIONS[pair.direction]),
}
