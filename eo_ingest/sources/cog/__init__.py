"""The source that reads the seasonal coherence data set from its GeoTIFFs: a folder, a web server, or a bucket."""

from eo_ingest.sources.cog.source import CogSource

__all__ = ["CogSource"]
