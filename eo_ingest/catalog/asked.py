"""What a tile index says beside where tiles are: the AOIs that asked for each, and columns that others attached."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from eo_ingest.catalog.parquet import opened
from eo_ingest.errors import ConfigError
from eo_ingest.grid import Block, Lattice, Tile, ZoneCover
from eo_ingest.grid import table as tiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eo_ingest.grid import Zone

_BETWEEN = "\0"  # no name of a file or a box has it
_OWN = {*tiles.SCHEMA.names, *(field.name for field in tiles.CHIPS), "aois"}

Names = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Asked:
    """The tiles of one zone, sorted by (row, col), each once.

    Attributes:
        rows: their rows.
        cols: their columns.
        groups: sets of AOIs, sorted.
        which: the place in `groups` of the AOIs of each tile.
        extra: columns that are not of the index itself, a row per tile.
    """

    rows: NDArray[np.int32]
    cols: NDArray[np.int32]
    groups: tuple[Names, ...]
    which: NDArray[np.int32]
    extra: pa.Table

    @classmethod
    def nothing(cls) -> Self:
        """No tile."""
        none = np.zeros(0, dtype=np.int32)
        return cls(none, none, (), none, pa.table({}))

    @classmethod
    def read(cls, data: bytes) -> Self:
        """What an index says; raises one of `parquet.DAMAGED` where it is none."""
        file = pq.ParquetFile(opened(data))
        names = file.schema_arrow.names
        table = file.read(columns=["row", "col", "aois"])
        rows, cols = (table[name].combine_chunks().to_numpy().astype(np.int32) for name in ("row", "col"))
        keys = _keys(rows, cols)
        if not (np.diff(keys) > 0).all() or table.column("aois").null_count:
            raise ValueError("its rows are not sorted, or lack AOIs")
        joined = pc.binary_join(table["aois"].combine_chunks(), _BETWEEN).dictionary_encode()
        groups = tuple(tuple(text.split(_BETWEEN)) for text in joined.dictionary.to_pylist())
        extra = file.read(columns=[name for name in names if name not in _OWN])
        return cls(rows, cols, groups, joined.indices.to_numpy().astype(np.int32), extra)

    @cached_property
    def keys(self) -> NDArray[np.int64]:
        """Rows and columns as one number each, in order."""
        return _keys(self.rows, self.cols)

    def has(self, part: ZoneCover, name: str) -> bool:
        """Whether an AOI is known to have asked for all tiles of a cover."""
        return bool(np.isin(_keys(*part.tile_indexes()), self.keys[self._with(name)], assume_unique=True).all())

    def joined(self, part: ZoneCover, name: str) -> Self:
        """The same with an AOI that asks for the tiles of a cover."""
        new = _keys(*part.tile_indexes())
        keys = np.union1d(self.keys, new)
        before = _places(keys, self.keys)
        asks = np.isin(keys, new, assume_unique=True)
        old: list[Names] = [*self.groups, ()]  # at -1: of tiles that were not there
        pairs, which = np.unique(np.stack([_taken(self.which, before), asks]), axis=1, return_inverse=True)
        groups = [tuple(sorted({*old[group], *([name] if asking else [])})) for group, asking in pairs.T.tolist()]
        rows, cols = np.divmod(keys, _WIDE)
        extra = self.extra.take(pa.array(before, mask=before < 0)) if self.extra.num_columns else pa.table({})
        return type(self)(rows.astype(np.int32), cols.astype(np.int32), tuple(groups), which.astype(np.int32), extra)

    def attached(self, columns: pa.Table) -> Self:
        """The same with columns, a row per tile, in the place of those that have their names.

        Raises:
            ConfigError: if a column has the name of one of the index itself.
        """
        if taken := sorted(_OWN & set(columns.column_names)):
            raise ConfigError(f"column {taken[0]!r} is one of the index itself: choose another name")
        extra = self.extra
        for name in columns.column_names:
            there = name in extra.column_names
            place = extra.column_names.index(name) if there else extra.num_columns
            extra = (extra.set_column if there else extra.add_column)(place, columns.schema.field(name), columns[name])
        return type(self)(self.rows, self.cols, self.groups, self.which, extra)

    def cover(self, zone: Zone) -> ZoneCover:
        """All tiles as blocks with masks.

        Raises:
            ConfigError: if a tile is not one of the zone.
        """
        if len(self.rows):
            last = int(self.cols.argmax())
            zone.check(Tile(zone.name, int(self.rows[-1]), 0))
            zone.check(Tile(zone.name, int(self.rows[last]), int(self.cols[last])))
        rows, cols, masks = _blocks(zone.lattice, self.rows, self.cols)
        return ZoneCover(zone, rows, cols, masks)

    def masks(self, zone: str, lattice: Lattice) -> dict[str, dict[Block, int]]:
        """The tiles that each AOI asked for: AOI → block → mask."""
        found: dict[str, dict[Block, int]] = {}
        for name in sorted({name for group in self.groups for name in group}):
            own = self._with(name)
            blocks = zip(*(part.tolist() for part in _blocks(lattice, self.rows[own], self.cols[own])), strict=True)
            side, stacked = lattice.block_tiles, lattice.stacked
            found[name] = {Block(zone, row, col, side, stacked): mask for row, col, mask in blocks}
        return found

    def columns(self, start: int, count: int) -> dict[str, pa.Array | pa.ChunkedArray]:
        """The columns of some rows: `aois`, and what others attached."""
        groups = pa.array([list(group) for group in self.groups], pa.list_(pa.string()))
        aois = groups.take(pa.array(self.which[start : start + count]))
        extra = {name: self.extra[name].slice(start, count) for name in self.extra.column_names}
        return {"aois": aois, **extra}

    def of(self, name: str) -> NDArray[np.bool_]:
        """Which tiles an AOI asked for."""
        return self._with(name)

    def _with(self, name: str) -> NDArray[np.bool_]:
        own = [place for place, group in enumerate(self.groups) if name in group]
        return np.isin(self.which, own)


_WIDE = 2**31


def _keys(rows: NDArray[np.int32], cols: NDArray[np.int32]) -> NDArray[np.int64]:
    return rows.astype(np.int64) * _WIDE + cols


def _places(keys: NDArray[np.int64], among: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of each key among others, -1 where it is not there. Both are sorted."""
    place = np.searchsorted(among, keys)
    found = np.zeros(len(keys), dtype=bool)
    found[place < len(among)] = among[place[place < len(among)]] == keys[place < len(among)]
    return np.where(found, place, -1)


def _taken(values: NDArray[np.int32], places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Values at places; -1 where there is no place."""
    return np.append(values, -1)[places].astype(np.int64)


def _blocks(
    lattice: Lattice, rows: NDArray[np.int32], cols: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint16]]:
    """The blocks of some tiles, sorted, and the masks of the tiles in them."""
    side = lattice.block_tiles
    if lattice.stacked:
        keys, bits = _keys(rows // side**2, np.zeros_like(cols)), rows % side**2
    else:
        keys, bits = _keys(rows // side, cols // side), rows % side * side + cols % side
    blocks, place = np.unique(keys, return_inverse=True)
    masks = np.zeros(len(blocks), dtype=np.uint16)
    np.bitwise_or.at(masks, place, np.left_shift(1, bits).astype(np.uint16))
    down, across = np.divmod(blocks, _WIDE)
    return down.astype(np.int32), across.astype(np.int32), masks
