"""Splits: which tiles to train on and which to test on, so that neither knows the other. See docs/splits.md."""

from eo_ingest.split.file import Frozen, freeze, read
from eo_ingest.split.parting import Parting, part
from eo_ingest.split.rule import Rule
from eo_ingest.split.share import GUARD, Shares
from eo_ingest.split.tiles import Tiles

__all__ = ["GUARD", "Frozen", "Parting", "Rule", "Shares", "Tiles", "freeze", "part", "read"]
