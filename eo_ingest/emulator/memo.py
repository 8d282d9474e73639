"""What one request remembers: planes that are used twice, and coordinates of grids in other projections."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from eo_ingest.emulator.grid import Grid
    from eo_ingest.emulator.plane import Plane


class Source(Protocol):
    """Where a band's pixels come from; `uses` counts the bands and sources that read it."""

    uses: int

    def plane(self, grid: Grid, memo: Memo) -> Plane:
        """The pixels of `grid`."""
        ...


class Memo:
    """A least-recently-used store of one request, bounded in bytes."""

    def __init__(self, limit: int = 512 * 2**20) -> None:
        self._limit = limit
        self._held: OrderedDict[Hashable, tuple[Any, int, Any]] = OrderedDict()
        self._bytes = 0

    def plane(self, source: Source, grid: Grid) -> Plane:
        """The pixels of a source, computed once for each grid if the source is used more than once."""
        if source.uses <= 1:
            return source.plane(grid, self)
        # The source is kept in the entry: its id cannot be given to another object while the entry lives.
        found: Plane = self.get((id(source), grid), lambda: source.plane(grid, self), keep=source)
        return found

    def get(self, key: Hashable, make: Callable[[], Any], *, keep: object = None) -> Any:
        """The value under a key, made on the first call; values have `nbytes`."""
        found = self._held.get(key)
        if found is not None:
            self._held.move_to_end(key)
            return found[0]
        value = make()
        size = int(value.nbytes)
        self._held[key] = (value, size, keep)
        self._bytes += size
        while self._bytes > self._limit and len(self._held) > 1:
            _, (_, dropped, _) = self._held.popitem(last=False)
            self._bytes -= dropped
        return value
