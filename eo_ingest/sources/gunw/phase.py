"""The rule for interpolating unwrapped phase."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from eo_ingest.sources.warp import Patch

Single = NDArray[np.float32]
Labels = NDArray[np.int32]

NODATA_COMPONENT = -1


def interpolate(phase: Single, components: Labels, patch: Patch) -> Single:
    """The phase of a patch's window on its target: bilinear within one connected component (label above 0).

    A place with another component, none, or nodata among its neighbours is nodata: between components a phase means
    nothing.
    """
    known = np.where(components > 0, phase, np.float32(np.nan))
    return cast("Single", patch.bilinear(known, nodata=np.nan, within=components, whole=True))
