"""Where bytes are kept: in memory here, in a folder in `folder`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eo_ingest.emulator.gcs.bucket import Bucket
    from eo_ingest.emulator.gcs.entry import Entry


class Staged(Protocol):
    """Bytes that are written and not yet an object."""

    def drop(self) -> None:
        """Forgets them; after `commit` it does nothing."""


class Content(Protocol):
    """An object's bytes, which stay what they are while the object is replaced or removed."""

    def read(self, start: int, end: int) -> bytes:
        """The bytes of a half-open span."""

    def close(self) -> None:
        """Ends reading."""


class Medium(Protocol):
    """Keeps buckets and objects. `stage` and `Content` are used by threads at once, the rest under the store's lock."""

    def load(self) -> Iterator[tuple[Bucket, list[Entry]]]:
        """All that is there."""

    def put_bucket(self, bucket: Bucket) -> None:
        """Keeps a bucket, new or changed."""

    def drop_bucket(self, name: str) -> None:
        """Removes an empty bucket."""

    def stage(self, data: bytes) -> Staged:
        """Writes bytes without anyone seeing them."""

    def commit(self, staged: Staged, entry: Entry) -> None:
        """Makes them the object: at once and whole, or not at all."""

    def open(self, entry: Entry) -> Content:
        """The object's bytes as they are now."""

    def drop(self, entry: Entry) -> None:
        """Removes the object."""

    def close(self) -> None:
        """Lets go of what is kept."""


class _Bytes:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def drop(self) -> None:
        pass

    def read(self, start: int, end: int) -> bytes:
        return self.data if (start, end) == (0, len(self.data)) else self.data[start:end]

    def close(self) -> None:
        pass


class Memory:
    """Everything is gone when the process ends."""

    def __init__(self) -> None:
        self._objects: dict[tuple[str, str], _Bytes] = {}

    def load(self) -> Iterator[tuple[Bucket, list[Entry]]]:
        """Nothing."""
        return iter(())

    def put_bucket(self, bucket: Bucket) -> None:
        """Nothing to do: the store knows its buckets."""

    def drop_bucket(self, name: str) -> None:
        """Nothing to do."""

    def stage(self, data: bytes) -> Staged:
        """The bytes themselves."""
        return _Bytes(data)

    def commit(self, staged: Staged, entry: Entry) -> None:
        """Keeps them by name."""
        assert isinstance(staged, _Bytes)  # noqa: S101  made by stage
        self._objects[entry.bucket, entry.name] = staged

    def open(self, entry: Entry) -> Content:
        """The bytes."""
        return self._objects[entry.bucket, entry.name]

    def drop(self, entry: Entry) -> None:
        """Forgets them."""
        del self._objects[entry.bucket, entry.name]

    def close(self) -> None:
        """Nothing to do."""
