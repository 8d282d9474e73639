"""Maps of areas: where an AOI is on Earth, its zones and its tiles, as a picture (PNG)."""

from eo_ingest.atlas.sheet import draw

__all__ = ["draw"]
