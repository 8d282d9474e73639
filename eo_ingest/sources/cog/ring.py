"""Files that were fetched, kept in one nameless file on disk: when it is full, those fetched first are written over."""

from __future__ import annotations

import logging
import tempfile
from collections import OrderedDict
from threading import Lock
from typing import IO

log = logging.getLogger(__name__)

# Tiles come in rows, and a row of a zone's tiles, some eight of 90 MB, is asked for again by the blocks below.
LIMIT_BYTES = 2 * 2**30


class Ring:
    """Bytes by key, at most `limit` of them, for all threads. Its file ends with the process, however that ends.

    Keeping is a help and no promise: what cannot be written is not kept.
    """

    def __init__(self, limit: int = LIMIT_BYTES) -> None:
        self._limit = limit
        self._file: IO[bytes] | None = None
        self._closed = False
        self._head = 0
        self._held: OrderedDict[str, tuple[int, int]] = OrderedDict()  # key -> (offset, size), the oldest first
        self._guard = Lock()

    def get(self, key: str) -> bytes | None:
        """What is kept under a key; None if nothing is, any more or yet."""
        with self._guard:
            if key not in self._held or self._file is None:
                return None
            offset, size = self._held[key]
            self._file.seek(offset)
            return self._file.read(size)

    def put(self, key: str, data: bytes) -> None:
        """Keep bytes under a key, if they fit."""
        with self._guard:
            if self._closed or key in self._held or len(data) > self._limit:
                return
            if self._head + len(data) > self._limit:
                self._head = 0
            self._make_room(self._head, self._head + len(data))
            try:
                self._write(data)
            except OSError as err:
                log.info("cannot keep %s: %s", key, err)
                return
            self._held[key] = (self._head, len(data))
            self._head += len(data)

    def drop(self, key: str) -> None:
        """Keep nothing under a key any more."""
        with self._guard:
            self._held.pop(key, None)

    def close(self) -> None:
        """Give the disk back, and keep nothing more."""
        with self._guard:
            self._closed = True
            self._held.clear()
            if self._file is not None:
                self._file.close()
                self._file = None

    def _make_room(self, start: int, end: int) -> None:
        for key, (offset, size) in list(self._held.items()):
            if offset < end and start < offset + size:
                del self._held[key]

    def _write(self, data: bytes) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="eo-ingest-")  # noqa: SIM115 - closed by close
        self._file.seek(self._head)
        self._file.write(data)
        self._file.flush()
