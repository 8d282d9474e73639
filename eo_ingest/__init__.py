"""Earth Engine and open radar archives to aligned, ML-ready Zarr tiles."""

__version__ = "0.1.0"
