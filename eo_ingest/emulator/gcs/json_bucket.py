"""The JSON API's buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eo_ingest.emulator.gcs.condition import Condition
from eo_ingest.emulator.gcs.errors import failed_condition
from eo_ingest.emulator.gcs.listing import LIMIT, of_token, to_token
from eo_ingest.emulator.gcs.message import Reply, json_reply

if TYPE_CHECKING:
    from eo_ingest.emulator.gcs.bucket import Bucket
    from eo_ingest.emulator.gcs.message import Request
    from eo_ingest.emulator.gcs.storage import Storage


class JsonBuckets:
    """Answers `/storage/v1/b` and `/storage/v1/b/<bucket>`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def list(self, request: Request) -> Reply:
        """A page of buckets."""
        after = of_token(request.query.get("pageToken", ""))
        limit = min(request.number("maxResults") or LIMIT, LIMIT)
        prefix = request.query.get("prefix", "")
        found = [one for one in self._storage.buckets() if one.name > after and one.name.startswith(prefix)]
        reply = {"kind": "storage#buckets", "items": [one.resource(request.base) for one in found[:limit]]}
        if len(found) > limit:
            reply["nextPageToken"] = to_token(found[limit - 1].name)
        return json_reply(reply)

    def insert(self, request: Request) -> Reply:
        """A new bucket."""
        body = request.json
        return json_reply(self._storage.create_bucket(str(body.get("name", "")), body).resource(request.base))

    def get(self, request: Request, bucket: str) -> Reply:
        """A bucket's resource."""
        found = self._storage.bucket(bucket)
        _check(found, request)
        return json_reply(found.resource(request.base))

    def patch(self, request: Request, bucket: str) -> Reply:
        """Changes its settings."""
        _check(self._storage.bucket(bucket), request)
        return json_reply(self._storage.patch_bucket(bucket, request.json).resource(request.base))

    def delete(self, request: Request, bucket: str) -> Reply:
        """Removes it, if it is empty."""
        _check(self._storage.bucket(bucket), request)
        self._storage.delete_bucket(bucket)
        return Reply(204)


def _check(bucket: Bucket, request: Request) -> None:
    wanted = Condition.of_query(request.query)
    if wanted.metageneration not in {None, bucket.metageneration} or wanted.not_metageneration == bucket.metageneration:
        raise failed_condition()
