"""From the archive's digital numbers to stored values, as tables: one look-up a pixel.

The rules are the product's, as its Earth Engine expression has them too: numbers are clamped to the valid range, 0 is
nodata. Amplitude: 20·log10(DN) − 83 dB, in hundredths. Layover and shadow: the codes' bits 2 and 4 say layover, 8 and
16 shadow, and what is stored is 1, 5, 17 or 21 for neither, layover, shadow, both.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eo_ingest.product import Variable

_BYTES = ("COH", "inc", "lsmap")


def dtype(layer: str) -> np.dtype[Any]:
    """The type of a layer's digital numbers."""
    return np.dtype(np.uint8 if layer.rpartition("_")[2].startswith(_BYTES) else np.uint16)


@lru_cache(maxsize=64)
def table(metric: str, variable: Variable) -> NDArray[Any]:
    """The stored value of every digital number of a metric, such as `AMP`, in a variable."""
    numbers = np.arange(np.iinfo(dtype(metric)).max + 1, dtype=np.float64)
    if metric == "AMP":
        with np.errstate(divide="ignore"):
            values = np.log10(numbers) * 2000 - 8300
    elif metric == "lsmap":
        codes = numbers.astype(np.int64)
        values = 1 + 4.0 * ((codes & 6) > 0) + 16.0 * ((codes & 24) > 0)
    else:
        values = numbers
    low, high = variable.valid_range
    stored: NDArray[Any] = np.floor(np.clip(values, low, high) + 0.5).astype(variable.dtype)
    stored[0] = variable.nodata
    stored.setflags(write=False)
    return stored
