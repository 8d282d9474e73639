"""A store in memory: for tests, and the model that the other stores are held against."""

from __future__ import annotations

import threading
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING

from eo_ingest.stores.key import checked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eo_ingest.ports import Store


class MemoryStore:
    """Objects in a dictionary."""

    url = "memory:"

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._guard = threading.Lock()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def get(self, key: str) -> bytes:
        """See `Store.get`."""
        return self._objects[checked(key)]

    def put(self, key: str, data: bytes | list[bytes]) -> None:
        """See `Store.put`."""
        self._objects[checked(key)] = data if isinstance(data, bytes) else b"".join(data)

    def create(self, key: str, data: bytes) -> bool:
        """See `Store.create`."""
        with self._guard:
            if checked(key) in self._objects:
                return False
            self._objects[key] = data
            return True

    def delete(self, key: str) -> None:
        """See `Store.delete`."""
        self._objects.pop(checked(key), None)

    def listing(self, prefix: str) -> Iterator[tuple[str, int]]:
        """See `Store.listing`."""
        for key, data in list(self._objects.items()):
            if key.startswith(prefix):
                yield key, len(data)

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """See `Store.lock`."""
        with self._guard:
            held = self._locks[checked(key)]
        with held:
            yield


_: type[Store] = MemoryStore
