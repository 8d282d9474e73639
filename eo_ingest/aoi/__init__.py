"""Areas of interest: from a name, a file or a box to valid polygons. See docs/aoi-and-grid.md."""

from eo_ingest.aoi.area import AOI, load
from eo_ingest.aoi.registry import describe, registry

__all__ = ["AOI", "describe", "load", "registry"]
