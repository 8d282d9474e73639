"""What a store holds and what was asked of it: the tile index, the table of records, and status."""

from eo_ingest.catalog.index import index_tiles, is_indexed, write_tiles
from eo_ingest.catalog.records import SCHEMA, compact
from eo_ingest.catalog.status import Wanted, asked, problems, status, wanted

__all__ = [
    "SCHEMA",
    "Wanted",
    "asked",
    "compact",
    "index_tiles",
    "is_indexed",
    "problems",
    "status",
    "wanted",
    "write_tiles",
]
