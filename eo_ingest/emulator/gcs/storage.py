"""Buckets and objects, for many threads at once."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left, insort
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from eo_ingest.emulator.gcs import bucket as buckets
from eo_ingest.emulator.gcs.bucket import Bucket
from eo_ingest.emulator.gcs.condition import Condition
from eo_ingest.emulator.gcs.entry import Digest, Entry
from eo_ingest.emulator.gcs.errors import GcsError, no_bucket, no_object
from eo_ingest.emulator.gcs.listing import Page, Query, page
from eo_ingest.emulator.gcs.name import check_bucket, check_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eo_ingest.emulator.gcs.medium import Content, Medium

ANY = Condition()


@dataclass
class _Shelf:
    """A bucket's entries by name, and the names in order."""

    bucket: Bucket
    entries: dict[str, Entry] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class About:
    """What a writer says of an object beside its bytes."""

    attributes: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)


class Storage:
    """All that a server has. Every method is atomic; bytes are written and read outside the lock."""

    def __init__(self, medium: Medium) -> None:
        self._medium = medium
        self._lock = threading.RLock()
        self._shelves: dict[str, _Shelf] = {}
        self._clock = 0
        for bucket, entries in medium.load():
            known = {entry.name: entry for entry in entries}
            self._shelves[bucket.name] = _Shelf(bucket, known, sorted(known))
            self._clock = max([self._clock, *(entry.generation for entry in entries)])

    def close(self) -> None:
        """Lets go of the folder."""
        self._medium.close()

    def now(self) -> int:
        """Microseconds since 1970, and no number twice: the next generation."""
        with self._lock:
            self._clock = max(self._clock + 1, time.time_ns() // 1000)
            return self._clock

    def buckets(self) -> list[Bucket]:
        """All buckets in the order of their names."""
        with self._lock:
            return [self._shelves[name].bucket for name in sorted(self._shelves)]

    def create_bucket(self, name: str, body: dict[str, Any] | None = None) -> Bucket:
        """A new bucket.

        Raises:
            GcsError: 409 where it is there; 400 for a name that cannot be.
        """
        check_bucket(name)
        with self._lock:
            if name in self._shelves:
                message = "Your previous request to create the named bucket succeeded and you already own it."
                raise GcsError(409, "conflict", "BucketAlreadyOwnedByYou", message)
            now = self.now()
            bucket = Bucket(name, now, now, settings=buckets.settings(body or {}))
            self._medium.put_bucket(bucket)
            self._shelves[name] = _Shelf(bucket)
            return bucket

    def bucket(self, name: str) -> Bucket:
        """A bucket.

        Raises:
            GcsError: 404.
        """
        with self._lock:
            return self._shelf(name).bucket

    def patch_bucket(self, name: str, body: dict[str, Any]) -> Bucket:
        """Changes settings; null removes one."""
        with self._lock:
            shelf = self._shelf(name)
            kept = {key: value for key, value in shelf.bucket.settings.items() if key not in body}
            new = {**kept, **buckets.settings(body)}
            more = shelf.bucket.metageneration + 1
            shelf.bucket = replace(shelf.bucket, settings=new, metageneration=more, updated=self.now())
            self._medium.put_bucket(shelf.bucket)
            return shelf.bucket

    def delete_bucket(self, name: str) -> None:
        """Removes a bucket.

        Raises:
            GcsError: 409 where it holds an object.
        """
        with self._lock:
            if self._shelf(name).entries:
                message = "The bucket you tried to delete is not empty."
                raise GcsError(409, "conflict", "BucketNotEmpty", message)
            self._medium.drop_bucket(name)
            del self._shelves[name]

    def entry(self, bucket: str, name: str, *, generation: int | None = None, condition: Condition = ANY) -> Entry:
        """What is known of an object.

        Raises:
            GcsError: 404, also for a generation that is no longer there; 412 or 304 by the condition.
        """
        with self._lock:
            found = self._shelf(bucket).entries.get(name)
            if found is None or generation not in {None, found.generation}:
                raise no_object(bucket, name)
            condition.check(found, reading=True)
            return found

    @contextmanager
    def open(
        self, bucket: str, name: str, *, generation: int | None = None, condition: Condition = ANY
    ) -> Iterator[tuple[Entry, Content]]:
        """An object and its bytes, which belong together whatever is written meanwhile."""
        with self._lock:
            found = self.entry(bucket, name, generation=generation, condition=condition)
            content = self._medium.open(found)
        try:
            yield found, content
        finally:
            content.close()

    def put(
        self,
        bucket: str,
        name: str,
        data: bytes,
        about: About,
        *,
        condition: Condition = ANY,
        components: int = 0,
        expect: Callable[[Digest], None] = lambda _digest: None,
    ) -> Entry:
        """A new version of an object; with `components`, one that is composed and has no MD5.

        Raises:
            GcsError: 412 by the condition, 404 without the bucket, or what `expect` raises of the bytes' digest.
        """
        check_object(name)
        self.check(bucket, name, condition)
        digest = Digest.of(data)
        expect(digest)
        staged = self._medium.stage(data)
        try:
            with self._lock:
                shelf = self._shelf(bucket)
                condition.check(shelf.entries.get(name))
                now = self.now()
                known = replace(digest, md5="") if components else digest
                entry = Entry(
                    bucket, name, now, 1, known, now, now, about.attributes, about.metadata, components=components
                )
                self._medium.commit(staged, entry)
                self._enter(shelf, entry)
                return entry
        finally:
            staged.drop()

    def check(self, bucket: str, name: str, condition: Condition) -> None:
        """Nothing, where a write would be allowed now.

        Raises:
            GcsError: 412 by the condition, 404 without the bucket.
        """
        with self._lock:
            condition.check(self._shelf(bucket).entries.get(name))

    def patch(
        self,
        bucket: str,
        name: str,
        change: Callable[[Entry], About],
        *,
        generation: int | None = None,
        condition: Condition = ANY,
    ) -> Entry:
        """Changes what is said of an object: a new metageneration of the same generation."""
        with self._lock:
            with self.open(bucket, name, generation=generation) as (found, content):
                condition.check(found)
                data = content.read(0, found.digest.size)
            new = change(found)
            entry = replace(
                found,
                attributes=new.attributes,
                metadata=new.metadata,
                metageneration=found.metageneration + 1,
                updated=self.now(),
            )
            staged = self._medium.stage(data)
            try:
                self._medium.commit(staged, entry)
            finally:
                staged.drop()
            self._enter(self._shelf(bucket), entry)
            return entry

    def delete(self, bucket: str, name: str, *, generation: int | None = None, condition: Condition = ANY) -> None:
        """Removes an object.

        Raises:
            GcsError: 404, or 412 by the condition.
        """
        with self._lock:
            found = self.entry(bucket, name, generation=generation)
            condition.check(found)
            self._medium.drop(found)
            shelf = self._shelf(bucket)
            del shelf.entries[name]
            del shelf.names[bisect_left(shelf.names, name)]

    def move(self, bucket: str, source: str, target: str, *, of: Condition = ANY, onto: Condition = ANY) -> Entry:
        """Renames an object within its bucket; nobody sees both names or neither."""
        check_object(target)
        with self._lock:
            with self.open(bucket, source) as (found, content):
                of.check(found)
                data = content.read(0, found.digest.size)
            about = About(found.attributes, found.metadata)
            entry = self.put(bucket, target, data, about, condition=onto, components=found.components)
            if source != target:
                self.delete(bucket, source)
            return entry

    def page(self, bucket: str, query: Query) -> tuple[list[Entry], Page]:
        """A page of a bucket's entries."""
        with self._lock:
            shelf = self._shelf(bucket)
            found = page(shelf.names, query)
            return [shelf.entries[name] for name in found.names], found

    def _shelf(self, name: str) -> _Shelf:
        if name not in self._shelves:
            raise no_bucket()
        return self._shelves[name]

    def _enter(self, shelf: _Shelf, entry: Entry) -> None:
        if entry.name not in shelf.entries:
            insort(shelf.names, entry.name)
        shelf.entries[entry.name] = entry
