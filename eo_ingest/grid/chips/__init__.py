"""Chips: tiles at places from a file of the user, to refill the footprints of a dataset. See docs/adr/0006-chips.md."""

from eo_ingest.grid.chips.definition import ChipsDefinition
from eo_ingest.grid.chips.table import Chips
from eo_ingest.grid.chips.zone import ChipZone, chip_zones

__all__ = ["ChipZone", "Chips", "ChipsDefinition", "chip_zones"]
