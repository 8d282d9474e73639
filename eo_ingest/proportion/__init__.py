"""Label proportions: how much of each class a tile, or a polygon, has. See docs/splits.md."""

from eo_ingest.proportion.label import Label
from eo_ingest.proportion.polygon import of_polygons
from eo_ingest.proportion.tile import of_tiles

__all__ = ["Label", "of_polygons", "of_tiles"]
