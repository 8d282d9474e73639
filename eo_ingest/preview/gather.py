"""The pixels of a series in a view, thinned as they are read, and how each of its tiles stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest import manifest, reader
from eo_ingest.errors import OutputError
from eo_ingest.job import tiles_of
from eo_ingest.stores import codec, layout

if TYPE_CHECKING:
    from eo_ingest.grid import Block
    from eo_ingest.manifest import Record, TileRecord
    from eo_ingest.ports import Store
    from eo_ingest.preview.holding import Holding
    from eo_ingest.preview.series import Series
    from eo_ingest.preview.view import View
    from eo_ingest.product import Variable


class State(IntEnum):
    """How a tile of a view stands. `OUTSIDE`: nobody asked for it."""

    OUTSIDE = 0
    OK = 1
    EMPTY = 2
    FAILED = 3
    MISSING = 4


@dataclass(frozen=True)
class Gathered:
    """A series in a view.

    Attributes:
        series: what it is.
        values: by variable (frame, band, y, x), each tile `px` pixels wide: physical units as float32 with NaN for
            nodata where the variable measures or counts, stored values otherwise.
        states: State per tile (row, col).
        reasons: why tiles failed, by (row, col).
        records: the records of the tiles that are there.
        unreadable: what was recorded as done and does not decode.
    """

    series: Series
    values: dict[str, np.ndarray]
    states: np.ndarray
    reasons: dict[tuple[int, int], str] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    @property
    def masked(self) -> bool:
        """Whether a tile that is there has pixels without a value."""
        return any(self._has_gaps(variable) for variable in self.series.variables if variable.kind != "date")

    def _has_gaps(self, variable: Variable) -> bool:
        values = self.values[variable.name]
        gaps = (np.isnan(values) if is_physical(variable) else values == variable.nodata).any(axis=(0, 1))
        px = gaps.shape[0] // self.states.shape[0]
        there = np.kron(self.states == State.OK, np.ones((px, px), dtype=bool))
        return bool((gaps & there).any())

    def count(self, state: State) -> int:
        """How many tiles stand so."""
        return int((self.states == state).sum())


def gather(store: Store, view: View, holding: Holding, series: Series, px: int) -> Gathered:
    """Read what a view shows of a series, each tile as `px` by `px` pixels.

    Bytes that do not decode make their tile a failed one with that reason, and are named in `unreadable`.
    """
    states = np.full((view.rows, view.cols), State.OUTSIDE, dtype=np.uint8)
    made = Gathered(series, {v.name: _blank(v, series, view, px) for v in series.variables}, states)
    known = holding.known
    for block in view.blocks(known):
        for _, row, col in view.within(block, known[block]):
            states[row, col] = State.MISSING
        for name in holding.names.get(block.id, []):
            if name.status == "failed" and holding.failed.get(block, 0) & name.tiles:
                _note_failures(store, view, block, name, made)
        if block in holding.done:
            _read_block(store, view, block, holding, made, px)
    return made


def _blank(variable: Variable, series: Series, view: View, px: int) -> np.ndarray:
    shape = (len(series.frames), len(variable.bands), view.rows * px, view.cols * px)
    if is_physical(variable):
        return np.full(shape, np.nan, dtype=np.float32)
    return np.full(shape, variable.nodata, dtype=variable.dtype)


def is_physical(variable: Variable) -> bool:
    """Whether a variable's values are gathered in physical units."""
    return variable.kind in {"measure", "count"}


def _note_failures(store: Store, view: View, block: Block, name: manifest.RecordName, made: Gathered) -> None:
    try:
        tiles = manifest.read(store, name).tiles
    except OutputError as err:
        made.unreadable.append(f"{name.key}: {err}")
        tiles = {}
    for index, row, col in view.within(block, name.tiles):
        told = tiles.get(block.tile(index).id)
        made.states[row, col] = State.FAILED
        made.reasons[row, col] = (told.reason if told else None) or "no reason was recorded"


def _read_block(store: Store, view: View, block: Block, holding: Holding, made: Gathered, px: int) -> None:
    """Enter the tiles of a block that are done."""
    told = _told(store, block, holding, made)
    shards: dict[str, dict[int, bytes]] = {}
    problem = None
    for variable in made.series.variables:
        try:
            key = layout.shard(holding.product, holding.period, block, variable.name)
            shards[variable.name] = codec.unpack(store.get(key), block.count)
        except KeyError:
            shards[variable.name] = {}  # nodata throughout
        except OutputError as err:
            problem = str(err)
    for index, row, col in view.within(block, holding.done[block]):
        wrong = problem or _enter(shards, told.get(index), index, (row * px, col * px), made, px)
        if wrong:
            made.unreadable.append(f"{block.tile(index).id} of {made.series.name}: {wrong}")
            made.states[row, col] = State.FAILED
            made.reasons[row, col] = f"not readable: {wrong}"
        else:
            made.states[row, col] = State.OK if told[index].status == "ok" else State.EMPTY


def _told(store: Store, block: Block, holding: Holding, made: Gathered) -> dict[int, TileRecord]:
    """What the records of a block tell of each tile; where several do, the one that was finished last."""
    records = []
    for name in holding.names[block.id]:
        if name.status == "done":
            try:
                records.append(manifest.read(store, name))
            except OutputError as err:
                made.unreadable.append(f"{name.key}: {err}")
    records.sort(key=lambda record: record.finished)
    made.records.extend(records)
    by_id = {tile: entry for record in records for tile, entry in record.tiles.items()}
    return {index: by_id[tile] for index in tiles_of(holding.done[block]) if (tile := block.tile(index).id) in by_id}


def _enter(
    shards: dict[str, dict[int, bytes]],
    record: TileRecord | None,
    index: int,
    at: tuple[int, int],
    made: Gathered,
    px: int,
) -> str | None:
    """Decode and thin all variables of one tile; what is wrong where a chunk is damaged, of another shape, or gone."""
    if record is None:
        return "its record is damaged"
    series = made.series
    y, x = at
    for variable in series.variables:
        chunk = shards[variable.name].get(index)
        if chunk is None and record.digests.get(variable.name):
            return f"the chunk of variable {variable.name!r} is gone"
        try:
            shape = (len(series.frames), len(variable.bands), series.tile_px, series.tile_px)
            values = codec.decode(chunk, variable, shape)
        except OutputError as err:
            return str(err)
        made.values[variable.name][..., y : y + px, x : x + px] = thinned(values, variable, px)
    return None


def thinned(values: np.ndarray, variable: Variable, px: int) -> np.ndarray:
    """Values (…, n, n) as (…, px, px): means of what is measured, where there are more than that, else nearest.

    Labels, classes, counts and dates are never averaged; nor is phase, which wraps.
    """
    side = values.shape[-1]
    if variable.kind == "measure" and side > px and not variable.units.startswith("rad"):
        return _means(values, variable, px)
    nearest = (2 * np.arange(px) + 1) * side // (2 * px)
    picked = values[..., nearest[:, None], nearest]
    return reader.decoded(picked, variable) if is_physical(variable) else picked


def _means(values: np.ndarray, variable: Variable, px: int) -> np.ndarray:
    """Means (…, px, px) over stored pixels, in physical units, nodata left out; NaN where there is nothing else.

    Where they cannot all be of the same number of pixels, some are of one more along a side than others.
    """
    side = values.shape[-1]
    starts = np.arange(px) * side // px
    valid = values != values.dtype.type(variable.nodata)
    if valid.all():
        lengths = np.diff(starts, append=side).astype(np.float32)
        count, total = lengths[:, None] * lengths, _sums(values.astype(np.float32), starts)
    else:
        count = _sums(valid.astype(np.float32), starts)
        total = _sums(np.where(valid, values, 0).astype(np.float32), starts)
    means = np.where(count, total / np.maximum(count, 1), np.nan).astype(np.float32)
    scale, offset = variable.scale_factor, variable.add_offset
    return means * np.float32(1 if scale is None else scale) + np.float32(0 if offset is None else offset)


def _sums(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Sums over rectangles that begin at these rows and columns; rows first, which lie together in memory."""
    return np.add.reduceat(np.add.reduceat(values, starts, axis=-2), starts, axis=-1)
