"""Requests and replies, without the server that carries them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from eo_ingest.emulator.gcs.errors import invalid


@dataclass(frozen=True)
class Request:
    """A request; `path` is as it was sent, percent signs and all, and headers are in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""
    base: str = ""

    @classmethod
    def of(cls, method: str, target: str, headers: dict[str, str], body: bytes, base: str) -> Request:
        """From the request line's target, with its query."""
        path, _, query = target.partition("?")
        return cls(method, path, dict(parse_qsl(query, keep_blank_values=True)), headers, body, base)

    @property
    def json(self) -> dict[str, Any]:
        """The body as an object of JSON; an empty one is an empty object.

        Raises:
            GcsError: 400.
        """
        return parse_json(self.body)

    def number(self, name: str) -> int | None:
        """A whole number of the query.

        Raises:
            GcsError: 400.
        """
        from eo_ingest.emulator.gcs.condition import number

        return number(self.query[name], name) if self.query.get(name) else None


@dataclass(frozen=True)
class Reply:
    """A reply. `length` is what Content-Length says where the body is left out, as for HEAD."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    length: int | None = None


def json_reply(content: Any, status: int = 200) -> Reply:
    """A reply of JSON."""
    return Reply(status, {"Content-Type": "application/json; charset=UTF-8"}, json.dumps(content).encode())


def xml_reply(content: str, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """A reply of XML."""
    return Reply(status, {"Content-Type": "application/xml; charset=UTF-8", **(headers or {})}, content.encode())


def parse_json(text: bytes) -> dict[str, Any]:
    """An object of JSON.

    Raises:
        GcsError: 400.
    """
    try:
        found = json.loads(text) if text.strip() else {}
    except ValueError as err:
        raise invalid("Parse Error", "ParseError") from err
    if not isinstance(found, dict):
        raise invalid("Parse Error: expected an object.", "ParseError")
    return found


def decode(segment: str) -> str:
    """A part of a path as text.

    Raises:
        GcsError: 400: not UTF-8.
    """
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError as err:
        raise invalid("Names must be UTF-8.") from err
