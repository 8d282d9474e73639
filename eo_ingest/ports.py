"""What the core asks of the world: a source of pixels and a store of bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from eo_ingest.job import Job
    from eo_ingest.raster import Raster


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What a source gave for a job.

    `tiles` maps each asked tile (index 0 to 15 in the block) to its raster; `scenes` maps frame labels to the
    inputs used, one mapping of properties each.
    """

    tiles: Mapping[int, Raster]
    scenes: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    requests: int = 0
    payload: int = 0
    retries: int = 0
    eecu_seconds: float | None = None


class Source(Protocol):
    """Where pixels come from. One object serves all threads of a run."""

    @property
    def name(self) -> str:
        """A name for records; never a path or a secret."""
        ...

    @property
    def synthetic(self) -> bool:
        """Whether what it gives is made up."""
        ...

    def fetch(self, job: Job) -> Fetched:
        """All frames, bands and wanted tiles of a job, checked against the product.

        Raises:
            TransientError: if it may work later.
            SourceError: if it will not.
            OutputError: if the reply breaks its promise.
        """
        ...

    def close(self) -> None:
        """Give up what is under way and let go of connections and processes."""
        ...


class Store(Protocol):
    """Bytes under keys (relative, `/`-separated, no `..`). Each object is written whole or not at all."""

    @property
    def url(self) -> str:
        """Where it is, for messages."""
        ...

    def get(self, key: str) -> bytes:
        """An object's bytes.

        Raises:
            KeyError: if there is none.
            StoreError: if it cannot be read.
        """
        ...

    def put(self, key: str, data: bytes | list[bytes]) -> None:
        """Write an object whole, replacing any; durable when this returns. Pieces are written one after the other.

        Raises:
            StoreError: if it cannot be written; what was there before still is.
        """
        ...

    def create(self, key: str, data: bytes) -> bool:
        """Write an object whole if there is none of that key; False if there was one already."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; no error if there is none."""
        ...

    def listing(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Keys that start with a string (often a folder and its slash) and their sizes in bytes, in any order."""
        ...

    def lock(self, key: str) -> AbstractContextManager[None]:
        """Hold a name for oneself, among all writers of this store on this machine."""
        ...
