"""Tiles of a grid as arrays: what is parted, measured and drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from eo_ingest.errors import ConfigError
from eo_ingest.grid.shape import centres, outlines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    from eo_ingest.grid import Cover, Grid, Zone

_E7 = 10_000_000


@dataclass(frozen=True, eq=False)
class Tiles:
    """Tiles of a grid, each once, sorted by the zone's name, row and column: whatever order they were given in.

    Attributes:
        grid: the grid.
        zones: names of the zones met, sorted.
        number: the place in `zones` of each tile's zone.
        rows: their rows.
        cols: their columns.
    """

    grid: Grid
    zones: tuple[str, ...]
    number: NDArray[np.int32]
    rows: NDArray[np.int32]
    cols: NDArray[np.int32]

    @classmethod
    def of(cls, grid: Grid, indexes: Mapping[str, tuple[NDArray[np.int32], NDArray[np.int32]]]) -> Self:
        """Tiles by zone: (rows, cols) in any order; what is there twice counts once.

        Raises:
            ConfigError: if there is none.
        """
        zones = tuple(sorted(name for name, (rows, _) in indexes.items() if len(rows)))
        if not zones:
            raise ConfigError(f"there is no tile of grid {grid.name!r} to part")
        found = [_sorted(*indexes[name]) for name in zones]
        counts = [len(rows) for rows, _ in found]
        number = np.repeat(np.arange(len(zones), dtype=np.int32), counts)
        return cls(grid, zones, number, np.concatenate([r for r, _ in found]), np.concatenate([c for _, c in found]))

    @classmethod
    def of_cover(cls, cover: Cover) -> Self:
        """The tiles that an area needs."""
        return cls.of(cover.grid, {part.zone.name: part.tile_indexes() for part in cover.zones})

    @classmethod
    def of_ids(cls, grid: Grid, ids: Iterable[str]) -> Self:
        """Tiles by their ids.

        Raises:
            ConfigError: if an id is malformed or of another grid, or there is none.
        """
        found: dict[str, tuple[list[int], list[int]]] = {}
        for text in ids:
            tile = grid.tile(text)
            rows, cols = found.setdefault(tile.zone, ([], []))
            rows.append(tile.row)
            cols.append(tile.col)
        return cls.of(grid, {zone: (_indexes(rows), _indexes(cols)) for zone, (rows, cols) in found.items()})

    def __len__(self) -> int:
        return len(self.number)

    def parts(self) -> Iterator[tuple[Zone, slice]]:
        """Each zone, and which of the tiles are in it."""
        ends = np.searchsorted(self.number, np.arange(len(self.zones) + 1)).tolist()
        for place, name in enumerate(self.zones):
            yield self.grid.zone(name), slice(ends[place], ends[place + 1])

    def ids(self) -> pa.Array:
        """Their ids, as Arrow has texts."""
        import pyarrow as pa
        import pyarrow.compute as pc

        zones = pa.DictionaryArray.from_arrays(pa.array(self.number), pa.array(self.zones, pa.string())).cast(
            pa.string()
        )
        rows, cols = (pc.cast(pa.array(values), pa.string()) for values in (self.rows, self.cols))
        return pc.binary_join_element_wise(zones, rows, cols, "_")

    def chips(self) -> pa.Array | None:
        """The foreign ids, where the grid is one of chips."""
        import pyarrow as pa

        if self.grid.chips is None:
            return None
        found: list[Any] = []
        for zone, own in self.parts():
            found += zone.ids[self.rows[own]].tolist()  # type: ignore[attr-defined]
        return pa.array(found, pa.string())

    @cached_property
    def lonlat(self) -> NDArray[np.float64]:
        """(n, 2) longitudes and latitudes of their centres in degrees."""
        return np.concatenate([centres(zone, self.rows[own], self.cols[own]) for zone, own in self.parts()])

    @cached_property
    def e7(self) -> NDArray[np.int64]:
        """(n, 2) the same in ten-millionths of a degree: whole numbers, so that no machine decides otherwise."""
        return np.rint(self.lonlat * _E7).astype(np.int64)

    def corners(self, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
        """(n, 4, 2) longitudes and latitudes of the corners of some of the tiles, in their order, around each."""
        made = np.empty((len(chosen), 4, 2))
        for zone, own in self.parts():
            here = np.flatnonzero((chosen >= own.start) & (chosen < own.stop))
            if len(here):
                made[here] = outlines(zone, self.rows[chosen[here]], self.cols[chosen[here]])[0][:, :4]
        return made

    def polygons(self, chosen: NDArray[np.int64]) -> NDArray[np.object_]:
        """Outlines of some of the tiles as polygons in EPSG:4326 (lon, lat), split at ±180°."""
        import shapely

        made = np.empty(len(chosen), dtype=object)
        for zone, own in self.parts():
            here = np.flatnonzero((chosen >= own.start) & (chosen < own.stop))
            if len(here):
                corners, special = outlines(zone, self.rows[chosen[here]], self.cols[chosen[here]])
                shapes = np.asarray(shapely.polygons(corners))
                for place, shape in special.items():
                    shapes[place] = shape
                made[here] = shapes
        return made

    def taken(self, chosen: NDArray[np.bool_]) -> Self:
        """Some of the tiles.

        Raises:
            ConfigError: if that is none.
        """
        parts = {zone.name: (self.rows[own][chosen[own]], self.cols[own][chosen[own]]) for zone, own in self.parts()}
        return self.of(self.grid, parts)

    def places(self, zone: str, rows: NDArray[np.int32], cols: NDArray[np.int32]) -> NDArray[np.int64]:
        """Where tiles of a zone are among these, -1 where they are not."""
        own = next((own for found, own in self.parts() if found.name == zone), slice(0, 0))
        keys, wanted = _keys(self.rows[own], self.cols[own]), _keys(rows, cols)
        place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
        if not len(keys):
            return np.full(len(wanted), -1, dtype=np.int64)
        return np.where(keys[place] == wanted, place + own.start, -1)


def unwrapped(lon: NDArray[np.int64]) -> NDArray[np.int64]:
    """Longitudes in ten-millionths of a degree from the east end of the widest gap between them on; none wraps.

    Gaps are told by whole degrees; where there is none, longitudes begin at 180° W.
    """
    turned = (lon + 180 * _E7) % (360 * _E7)
    held = np.flatnonzero(np.bincount(turned // _E7, minlength=360))
    gaps = np.diff(np.append(held, held[0] + 360)) - 1
    start = int(held[(int(np.argmax(gaps)) + 1) % len(held)]) * _E7 if gaps.any() else 0
    found: NDArray[np.int64] = (turned - start) % (360 * _E7)
    return found


def _indexes(values: list[int]) -> NDArray[np.int32]:
    return np.array(values, dtype=np.int32)


def _keys(rows: NDArray[np.int32], cols: NDArray[np.int32]) -> NDArray[np.int64]:
    return rows.astype(np.int64) << 32 | cols


def _sorted(rows: NDArray[np.int32], cols: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    keys = np.unique(_keys(rows, cols))
    return (keys >> 32).astype(np.int32), (keys & 0xFFFFFFFF).astype(np.int32)
