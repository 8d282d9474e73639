"""Bytes under keys, and how a job's rasters become Zarr objects."""
