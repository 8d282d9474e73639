"""A deterministic synthetic planet, served under the ids of Earth Engine's catalogue."""

from eo_ingest.emulator.world.catalogue import World

__all__ = ["World"]
