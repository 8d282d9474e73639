"""Buckets and objects in a folder, which outlive the process.

    DIR/<bucket>/bucket.json
    DIR/<bucket>/<2 hex>/<62 hex>    SHA-256 of the object's name: bytes, what is known of them as JSON, its length
    DIR/.uploads/                    what is not an object yet

An object is one file, renamed into place: its bytes and its generation are never apart. Names are no paths.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from eo_ingest.emulator.errors import EmulatorError
from eo_ingest.emulator.gcs.bucket import Bucket
from eo_ingest.emulator.gcs.entry import Digest, Entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eo_ingest.emulator.gcs.medium import Content, Staged

_MAGIC = b"eo-ingest gcs 1\n"
_TAIL = len(_MAGIC) + 8


class _File:
    def __init__(self, path: Path) -> None:
        self.path = path

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)


class _Open:
    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDONLY)

    def read(self, start: int, end: int) -> bytes:
        parts = []
        while start < end:
            part = os.pread(self._file, min(end - start, 2**30), start)
            if not part:
                raise OSError("an object's file is shorter than it was")
            parts.append(part)
            start += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def close(self) -> None:
        os.close(self._file)


class Folder:
    """A folder that one process at a time serves.

    Raises:
        EmulatorError: Another emulator serves it, or it holds what is not an emulator's.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._uploads = root / ".uploads"
        root.mkdir(parents=True, exist_ok=True)
        self._lock = (root / ".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            self._lock.close()
            raise EmulatorError(f"'{root}' is served by another emulator.") from err
        shutil.rmtree(self._uploads, ignore_errors=True)
        self._uploads.mkdir()

    def close(self) -> None:
        """Lets another process serve the folder."""
        self._lock.close()

    def load(self) -> Iterator[tuple[Bucket, list[Entry]]]:
        """All buckets and their objects; reads the end of each file.

        Raises:
            EmulatorError: A folder is no bucket, or a file no object.
        """
        for folder in sorted(path for path in self._root.iterdir() if path.is_dir() and path != self._uploads):
            about = folder / "bucket.json"
            if not any(folder.iterdir()):
                continue  # a bucket whose making was interrupted
            if not about.is_file():
                raise EmulatorError(f"'{folder}' is no bucket of an emulator: it has no bucket.json.")
            yield Bucket(**json.loads(about.read_text())), [_read(path) for path in list(folder.glob("*/*"))]

    def put_bucket(self, bucket: Bucket) -> None:
        """Writes `bucket.json`, whole."""
        (self._root / bucket.name).mkdir(exist_ok=True)
        staged = self.stage(json.dumps(asdict(bucket)).encode())
        staged.path.replace(self._root / bucket.name / "bucket.json")

    def drop_bucket(self, name: str) -> None:
        """Removes the folder, at once for whoever loads it."""
        gone = Path(tempfile.mkdtemp(dir=self._uploads))
        (self._root / name).rename(gone / name)
        shutil.rmtree(gone)

    def stage(self, data: bytes) -> _File:
        """Writes a file beside the buckets."""
        number, name = tempfile.mkstemp(dir=self._uploads)
        staged = _File(Path(name))
        try:
            with os.fdopen(number, "wb") as file:
                file.write(data)
        except OSError:
            staged.drop()
            raise
        return staged

    def commit(self, staged: Staged, entry: Entry) -> None:
        """Says in the file what it is, and renames it into place."""
        assert isinstance(staged, _File)  # noqa: S101  made by stage
        known = json.dumps(asdict(entry)).encode()
        with staged.path.open("ab") as file:
            file.write(known + len(known).to_bytes(8, "big") + _MAGIC)
        path = self._path(entry)
        path.parent.mkdir(exist_ok=True)
        staged.path.replace(path)

    def open(self, entry: Entry) -> Content:
        """The file, which can be read on when another takes its place."""
        return _Open(self._path(entry))

    def drop(self, entry: Entry) -> None:
        """Removes the file."""
        self._path(entry).unlink()

    def _path(self, entry: Entry) -> Path:
        digest = hashlib.sha256(entry.name.encode()).hexdigest()
        return self._root / entry.bucket / digest[:2] / digest[2:]


def _read(path: Path) -> Entry:
    """What a file's end says of it."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        known = _known(file, size) if size >= _TAIL else None
    if known is None:
        raise EmulatorError(f"'{path}' is no object of an emulator.")
    return Entry(**{**known, "digest": Digest(**known["digest"])})


def _known(file: IO[bytes], size: int) -> dict[str, Any] | None:
    """The JSON at a file's end, None where there is none."""
    file.seek(size - _TAIL)
    tail = file.read(_TAIL)
    length = int.from_bytes(tail[:8], "big")
    if not tail.endswith(_MAGIC) or length > size - _TAIL:
        return None
    file.seek(size - _TAIL - length)
    found: dict[str, Any] = json.loads(file.read(length))
    return found
