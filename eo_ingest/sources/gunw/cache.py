"""Files that were downloaded, kept in a folder that all processes of this machine share.

A file is downloaded under a lock of its own to a temporary name, checked, and renamed: it is there whole or not at all,
and nobody downloads it twice at once. Files used longest ago go when the folder grows too large. A file that is open
stays readable: it is opened under its lock.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from eo_ingest.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)

# About three hundred granules.
LIMIT_BYTES = 20 * 2**30
_LOCKS = ".lock"
_PARTS = ".part"
_STRIPES = 256
_POLL_S = 0.2
# Longer than any download takes: what is older was left by a process that died.
_PART_LASTS_S = 86_400


def usual_folder() -> Path:
    """Where downloads are kept: `EO_INGEST_CACHE`, or the user's cache folder."""
    told = os.environ.get("EO_INGEST_CACHE")
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(told) if told else Path(root) / "eo-ingest"


class Cache:
    """Downloads by key, at most `limit` bytes of them."""

    def __init__(self, folder: Path, limit: int = LIMIT_BYTES) -> None:
        self._folder = folder
        self._limit = limit

    @contextmanager
    def held(
        self, key: str, name: str, download: Callable[[Path], None], going_on: Callable[[], None]
    ) -> Iterator[Path]:
        """A file, downloaded if need be; open it inside the context.

        Args:
            key: all that tells one content from another.
            name: the file's name.
            download: writes the content to a path and checks it, or raises.
            going_on: raises when waiting should end.

        Raises:
            SourceError: if the folder cannot be written.
        """
        stem = hashlib.sha256(key.encode()).hexdigest()[:32]
        path = self._folder / stem / name
        with self._locked(stem, going_on):
            with _writing(name):
                if not path.exists():
                    self._fill(path, download)
                    self._shrink(stem)
                os.utime(path)
            yield path

    def _fill(self, path: Path, download: Callable[[Path], None]) -> None:
        parts = self._folder / _PARTS
        parts.mkdir(parents=True, exist_ok=True)
        temporary = parts / f"{os.getpid()}-{uuid.uuid4().hex}"
        try:
            download(temporary)
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.replace(path)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    @contextmanager
    def _locked(self, stem: str, going_on: Callable[[], None]) -> Iterator[None]:
        lock = self._lock(stem)
        while True:
            going_on()
            try:
                lock.acquire(timeout=_POLL_S)
                break
            except Timeout:
                continue
        try:
            yield
        finally:
            lock.release()

    def _lock(self, stem: str) -> FileLock:
        folder = self._folder / _LOCKS
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{int(stem, 16) % _STRIPES:03d}", thread_local=False)

    def _shrink(self, kept: str) -> None:
        """Remove files used longest ago until the limit is kept, not those that somebody is opening; and old parts."""
        for part in (self._folder / _PARTS).glob("*"):
            with suppress(OSError):
                if time.time() - part.stat().st_mtime > _PART_LASTS_S:
                    part.unlink()
        found = []
        for path in self._folder.glob("*/*"):
            with suppress(OSError):
                if path.parent.name not in {_LOCKS, _PARTS}:
                    status = path.stat()
                    found.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found, key=lambda item: item[:2]):
            if total <= self._limit:
                return
            if path.parent.name != kept and self._removed(path):
                total -= size

    def _removed(self, path: Path) -> bool:
        lock = self._lock(path.parent.name)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        try:
            path.unlink(missing_ok=True)
            path.parent.rmdir()
        except OSError:
            return not path.exists()
        else:
            log.info("%s made room for others", path.name)
            return True
        finally:
            lock.release()


@contextmanager
def _writing(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as err:
        raise SourceError(f"cannot keep {name!r} in the folder of downloads: {err.strerror or err}") from err
