"""The JSON API's objects, save uploads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eo_ingest.emulator.gcs.condition import Condition, number
from eo_ingest.emulator.gcs.download import download
from eo_ingest.emulator.gcs.entry import resource
from eo_ingest.emulator.gcs.errors import GcsError, invalid, not_modified
from eo_ingest.emulator.gcs.listing import LIMIT, Query, of_token, to_token
from eo_ingest.emulator.gcs.message import Reply, json_reply
from eo_ingest.emulator.gcs.storage import About
from eo_ingest.emulator.gcs.writing import about_of, changed

if TYPE_CHECKING:
    from eo_ingest.emulator.gcs.message import Request
    from eo_ingest.emulator.gcs.storage import Storage

_SOURCES = 32
_OTHER_LISTINGS = ("matchGlob", "filter", "softDeleted", "includeFoldersAsPrefixes")


class JsonObjects:
    """Answers `/storage/v1/b/<bucket>/o` and what is below."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def list(self, request: Request, bucket: str) -> Reply:
        """A page of objects and prefixes."""
        query = request.query
        for name in _OTHER_LISTINGS:
            if query.get(name, "false").lower() != "false":
                raise invalid(f"Listing by {name} is not in the emulator.")
        entries, page = self._storage.page(
            bucket,
            Query(
                prefix=query.get("prefix", ""),
                delimiter=query.get("delimiter", ""),
                start=query.get("startOffset", ""),
                end=query.get("endOffset", ""),
                after=of_token(query.get("pageToken", "")),
                limit=min(request.number("maxResults") or LIMIT, LIMIT),
                trailing=query.get("includeTrailingDelimiter", "false").lower() == "true",
            ),
        )
        reply: dict[str, Any] = {"kind": "storage#objects"}
        if page.last:
            reply["nextPageToken"] = to_token(page.last)
        if page.prefixes:
            reply["prefixes"] = list(page.prefixes)
        if entries:
            reply["items"] = [resource(entry, request.base) for entry in entries]
        return json_reply(reply)

    def get(self, request: Request, bucket: str, name: str) -> Reply:
        """An object's resource, or with `alt=media` its bytes."""
        if request.query.get("alt") == "media":
            return self.media(request, bucket, name)
        condition = Condition.of_query(request.query)
        try:
            generation = request.number("generation")
            entry = self._storage.entry(bucket, name, generation=generation, condition=condition)
            if request.headers.get("if-none-match", "").strip('"') == entry.tag:
                raise not_modified()
        except GcsError as err:
            if err.status == 304:
                return Reply(304)
            raise
        reply = json_reply(resource(entry, request.base))
        return Reply(200, {**reply.headers, "ETag": entry.tag}, reply.body)

    def media(self, request: Request, bucket: str, name: str) -> Reply:
        """An object's bytes."""
        return download(self._storage, request, bucket, name, xml=False)

    def patch(self, request: Request, bucket: str, name: str) -> Reply:
        """PATCH: changes of the metadata; PUT: all of it anew."""
        body = request.json
        whole = request.method == "PUT"
        entry = self._storage.patch(
            bucket,
            name,
            lambda found: about_of(body) if whole else changed(found, body),
            generation=request.number("generation"),
            condition=Condition.of_query(request.query),
        )
        return json_reply(resource(entry, request.base))

    def delete(self, request: Request, bucket: str, name: str) -> Reply:
        """Removes an object."""
        condition = Condition.of_query(request.query)
        self._storage.delete(bucket, name, generation=request.number("generation"), condition=condition)
        return Reply(204)

    def compose(self, request: Request, bucket: str, name: str) -> Reply:
        """An object of up to 32 others' bytes, one after the other."""
        body = request.json
        sources = body.get("sourceObjects")
        if not isinstance(sources, list) or not 1 <= len(sources) <= _SOURCES:
            raise invalid(f"The number of source components provided must be from 1 to {_SOURCES}.")
        data, components = [], 0
        for one in sources:
            source, generation, condition = _source(one)
            with self._storage.open(bucket, source, generation=generation, condition=condition) as (entry, content):
                data.append(content.read(0, entry.digest.size))
                components += max(1, entry.components)
        entry = self._storage.put(
            bucket,
            name,
            b"".join(data),
            about_of(body.get("destination") or {}),
            condition=Condition.of_query(request.query),
            components=components,
        )
        return json_reply(resource(entry, request.base))

    def copy(self, request: Request, bucket: str, name: str, target: str, new: str) -> Reply:
        """The older copy, in one call."""
        return json_reply(self._copied(request, bucket, name, target, new))

    def rewrite(self, request: Request, bucket: str, name: str, target: str, new: str) -> Reply:
        """A copy in one call, or with `maxBytesRewrittenPerCall` in several."""
        generation = request.number("sourceGeneration")
        size = self._storage.entry(bucket, name, generation=generation).digest.size
        step = request.number("maxBytesRewrittenPerCall") or size
        token = of_token(request.query.get("rewriteToken", ""))
        done = min(size, (int(token) if token.isdigit() else 0) + step)
        self._storage.check(target, new, Condition.of_query(request.query))
        reply = {
            "kind": "storage#rewriteResponse",
            "totalBytesRewritten": str(done),
            "objectSize": str(size),
            "done": done >= size,
        }
        if done < size:
            return json_reply({**reply, "rewriteToken": to_token(str(done))})
        return json_reply({**reply, "resource": self._copied(request, bucket, name, target, new)})

    def move(self, request: Request, bucket: str, name: str, new: str) -> Reply:
        """A rename, atomic."""
        of = Condition.of_query(request.query, "ifSource")
        entry = self._storage.move(bucket, name, new, of=of, onto=Condition.of_query(request.query))
        return json_reply(resource(entry, request.base))

    def _copied(self, request: Request, bucket: str, name: str, target: str, new: str) -> dict[str, Any]:
        source = Condition.of_query(request.query, "ifSource")
        generation = request.number("sourceGeneration")
        with self._storage.open(bucket, name, generation=generation) as (entry, content):
            source.check(entry)
            data = content.read(0, entry.digest.size)
        body = request.json
        about = about_of(body) if body else About(entry.attributes, entry.metadata)
        condition = Condition.of_query(request.query)
        made = self._storage.put(target, new, data, about, condition=condition, components=entry.components)
        return resource(made, request.base)


def _source(one: Any) -> tuple[str, int | None, Condition]:
    """Name, generation and precondition of an object that is composed with others."""
    more = one.get("objectPreconditions") or {} if isinstance(one, dict) else None
    if not isinstance(more, dict):
        raise invalid("Invalid value for sourceObjects: expected objects with a name.")
    wanted = more.get("ifGenerationMatch")
    condition = Condition(generation=None if wanted is None else number(str(wanted), "ifGenerationMatch"))
    generation = one.get("generation")
    return str(one.get("name", "")), number(str(generation), "generation") if generation else None, condition
