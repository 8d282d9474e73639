"""How far apart the spectra of two images are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator.algorithms.arithmetic import common_footprint
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.image import Band, Computed, Image
from eo_ingest.emulator.pixeltype import DOUBLE
from eo_ingest.emulator.plane import Plane, both
from eo_ingest.emulator.registry import algorithm

if TYPE_CHECKING:
    from collections.abc import Callable

    Values = list[Any]


def squared(left: Values, right: Values) -> Any:
    """The squared Euclidean distance."""
    return sum((a - b) ** 2 for a, b in zip(left, right, strict=True))


def angle(left: Values, right: Values) -> Any:
    """The angle between two spectra, in radians."""
    product = sum(a * b for a, b in zip(left, right, strict=True))
    lengths = np.sqrt(sum(a * a for a in left) * sum(b * b for b in right))
    return np.arccos(np.clip(product / lengths, -1.0, 1.0))


def divergence(left: Values, right: Values) -> Any:
    """The information divergence of two spectra as distributions."""
    p, q = [[v / sum(values) for v in values] for values in (left, right)]
    return sum(a * np.log(a / b) + b * np.log(b / a) for a, b in zip(p, q, strict=True))


_METRICS: dict[str, Callable[[Values, Values], Any]] = {"sed": squared, "sam": angle, "sid": divergence}


@algorithm("Image.spectralDistance")
def spectral_distance(left: Image, right: Image, metric: str) -> Image:
    """The distance of the two spectra of each pixel, as band `distance`; masked where any band is."""
    compute = _METRICS.get(metric)
    if compute is None:
        raise EarthEngineError(f"Spectral distance '{metric}' is not in the emulator. Options: {', '.join(_METRICS)}.")
    count = len(left.bands)
    if count != len(right.bands) or not count:
        raise EarthEngineError(f"Images must have the same number of bands. Got {count} and {len(right.bands)}.")

    def distance(*planes: Plane) -> Plane:
        valid = planes[0].valid
        for other in planes[1:]:
            valid = both(valid, other.valid)
        values = [plane.values.astype(np.float64) for plane in planes]
        found = np.asarray(compute(values[:count], values[count:]), np.float64)
        return Plane(found, both(valid, np.isfinite(found)))

    first = left.bands[0]
    source = Computed(distance, *left.bands, *right.bands, dtype=DOUBLE.dtype, strict=True)
    band = Band("distance", DOUBLE, first.projection, source, first.extent)
    return Image((band,), footprint=common_footprint(left, right))
