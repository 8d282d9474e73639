"""A store in a folder.

An object is written to a temporary file beside the store's data, synced, and renamed into place, so that after any
crash it is there whole or not at all. Temporary files and locks live in `.tmp` and `.lock`; those that a dead process
of this machine left behind are removed when a run opens the store. Hidden files and folders, these two and what the
system puts anywhere (`.DS_Store`), are never listed.
"""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from eo_ingest.errors import StoreError
from eo_ingest.stores.key import checked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eo_ingest.ports import Store

_TMP = ".tmp"
_LOCK = ".lock"
_STRIPES = 64
_FULL = {errno.ENOSPC, errno.EDQUOT}
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK}


class LocalStore:
    """Objects as files below `root`, which need not exist until the first write."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self._root = Path(root).absolute()

    @property
    def url(self) -> str:
        """The folder, as given to the user in messages."""
        return str(self._root)

    def get(self, key: str) -> bytes:
        """See `Store.get`."""
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise KeyError(key) from None
        except OSError as err:
            raise self._failure("read", key, err) from err

    def put(self, key: str, data: bytes | list[bytes]) -> None:
        """See `Store.put`."""
        path = self._path(key)
        with self._written(key, data) as temporary:
            temporary.replace(path)

    def create(self, key: str, data: bytes) -> bool:
        """See `Store.create`."""
        path = self._path(key)
        if path.exists():
            return False
        with self._written(key, data) as temporary:
            try:
                path.hardlink_to(temporary)
            except FileExistsError:
                return False
            except OSError as err:
                if err.errno not in _NO_LINKS:
                    raise
                with self._locked(f"create-{_stripe(key)}", key):
                    if path.exists():
                        return False
                    temporary.replace(path)
        return True

    def delete(self, key: str) -> None:
        """See `Store.delete`."""
        path = self._path(key)
        try:
            path.unlink()
            _sync_folder(path.parent)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as err:
            raise self._failure("remove", key, err) from err

    def listing(self, prefix: str) -> Iterator[tuple[str, int]]:
        """See `Store.listing`."""
        folder, _, start = prefix.rpartition("/")
        stack = [self._path(folder) if folder else self._root]
        top = stack[0]
        while stack:
            here = stack.pop()
            for entry in self._entries(here):
                if entry.name.startswith(".") or (here == top and not entry.name.startswith(start)):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    stack.append(Path(entry.path))
                    continue
                with suppress(FileNotFoundError):
                    yield Path(entry.path).relative_to(self._root).as_posix(), entry.stat().st_size

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                return list(entries)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as err:
            raise self._failure("list", folder.name, err) from err

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """See `Store.lock`. The operating system lets go of it when its holder dies; never hold two at once."""
        with self._locked(_stripe(key), key):
            yield

    @contextmanager
    def _locked(self, name: str, key: str) -> Iterator[None]:
        folder = self._root / _LOCK
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held = FileLock(folder / name, thread_local=False)
            held.acquire()
        except OSError as err:
            raise self._failure("lock", key, err) from err
        try:
            yield
        finally:
            held.release()

    def sweep(self) -> None:
        """Remove temporary files of processes of this machine that are no more."""
        host = _host()
        for path in (self._root / _TMP).glob("*"):
            owner, _, rest = path.name.rpartition("@")[0].partition("-")
            if rest == host and owner.isdigit() and not _alive(int(owner)):
                with suppress(OSError):
                    path.unlink()

    def _path(self, key: str) -> Path:
        return self._root / checked(key)

    @contextmanager
    def _written(self, key: str, data: bytes | list[bytes]) -> Iterator[Path]:
        """A synced temporary file that holds `data`; the caller moves it; the folder is synced after."""
        path = self._path(key)
        temporary = self._root / _TMP / f"{os.getpid()}-{_host()}@{uuid.uuid4().hex}"
        try:
            _make_folder(path.parent)
            temporary.parent.mkdir(exist_ok=True)
            with temporary.open("wb") as file:
                # Pieces are not joined first: a shard is tens of megabytes, and a copy of it costs more than the write.
                file.writelines([data] if isinstance(data, bytes) else data)
                file.flush()
                os.fsync(file.fileno())
            yield temporary
            _sync_folder(path.parent)
        except OSError as err:
            raise self._failure("write", key, err) from err
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _failure(self, what: str, key: str, err: OSError) -> StoreError:
        if err.errno in _FULL:
            return StoreError(f"cannot {what} {key!r}: no space left on the disk of {self.url}; what is done is kept")
        return StoreError(f"cannot {what} {key!r} in {self.url}: {err.strerror or err}")


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each synced into the one above: the power may fail at any time."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _stripe(key: str) -> str:
    """One of a few lock files: a hundred thousand jobs must not leave as many of them."""
    return f"{int(hashlib.sha256(checked(key).encode()).hexdigest(), 16) % _STRIPES:02d}"


def _host() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:12]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


_: type[Store] = LocalStore
