"""Where a run is: the area that its configuration names, on its grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

from eo_ingest import aoi
from eo_ingest.config import ALL_CHIPS
from eo_ingest.errors import ConfigError

if TYPE_CHECKING:
    from eo_ingest.grid import Grid


def area(text: str, grid: Grid) -> aoi.AOI:
    """The area that a text names: one of `aoi.load`, or all chips of the grid.

    Raises:
        ConfigError: if there is no such AOI, or the grid has no chips.
    """
    if text != ALL_CHIPS:
        return aoi.load(text)
    if grid.chips is None:
        raise ConfigError(f"grid {grid.name!r} is not one of chips, so it is no area by itself: add --aoi")
    return aoi.AOI(ALL_CHIPS, shapely.MultiPolygon([shapely.box(*grid.bounds)]), f"all chips of grid {grid.name!r}")
