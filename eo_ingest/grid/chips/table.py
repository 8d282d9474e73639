"""The table of a grid's chips: which there are and where, frozen once a store is made of them."""

import hashlib
import io
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from eo_ingest.errors import ConfigError

_COLUMNS = ("chip", "zone", "number", "left", "top", "covered")


@dataclass(frozen=True, eq=False)
class Chips:
    """All chips as parallel arrays, sorted by (zone, number); numbers count from 0 in each zone.

    Attributes:
        ids: the ids that the user's file gives, each once.
        zones: names of UTM zones, such as `utm31n`.
        left: x of the chips' left edges, in metres.
        top: y of their top edges, in metres.
        covered: share of the foreign footprint that the chip covers; NaN where it is a point.
    """

    ids: NDArray[np.object_]
    zones: NDArray[np.object_]
    left: NDArray[np.int64]
    top: NDArray[np.int64]
    covered: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def numbers(self) -> NDArray[np.int32]:
        """The chips' numbers within their zones."""
        starts = np.flatnonzero(np.r_[True, self.zones[1:] != self.zones[:-1]]) if len(self) else np.zeros(0, int)
        lengths = np.diff(np.r_[starts, len(self)])
        return np.asarray(np.arange(len(self)) - np.repeat(starts, lengths), dtype=np.int32)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of ids and places, in hex: equal where every chip has the same id, number and pixels."""
        lines = zip(self.zones, self.left.tolist(), self.top.tolist(), self.ids, strict=True)
        text = "".join(f"{zone}\t{left}\t{top}\t{chip!r}\n" for zone, left, top, chip in lines)
        return hashlib.sha256(text.encode()).hexdigest()

    def names(self) -> list[str]:
        """Return the names of the zones, sorted, each once."""
        return sorted(set(self.zones.tolist()))

    def to_parquet(self) -> bytes:
        """Return the table as Parquet."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        values = (self.ids, self.zones, self.numbers, self.left, self.top, self.covered)
        buffer = io.BytesIO()
        pq.write_table(pa.table(dict(zip(_COLUMNS, map(pa.array, values), strict=True))), buffer, compression="zstd")
        return buffer.getvalue()

    @classmethod
    def from_parquet(cls, data: bytes) -> Self:
        """Return what `to_parquet` wrote.

        Raises:
            ConfigError: if it is damaged.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table: Any = pq.read_table(io.BytesIO(data), columns=list(_COLUMNS))
            ids, zones = (table[name].to_numpy(zero_copy_only=False) for name in ("chip", "zone"))
            left, top, covered = (table[name].to_numpy() for name in ("left", "top", "covered"))
        except (pa.ArrowException, OSError, KeyError, ValueError) as err:
            raise ConfigError(f"the table of chips is damaged: {str(err).splitlines()[0]}") from err
        return cls(ids, zones, left, top, covered)
