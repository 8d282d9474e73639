"""Text."""

from __future__ import annotations

import json
import re
from typing import Any

from eo_ingest.emulator.encode import encode
from eo_ingest.emulator.registry import algorithm


@algorithm("String")
def make_string(value: Any) -> str:
    """Text of a value."""
    found = encode(value)
    return found if isinstance(found, str) else json.dumps(found)


@algorithm("String.cat")
def cat(left: str, right: str) -> str:
    """Both texts."""
    return left + right


@algorithm("String.length")
def length(text: str) -> int:
    """Characters."""
    return len(text)


@algorithm("String.equals")
def equals(text: str, other: Any) -> bool:
    """Whether both are the same."""
    return bool(text == other)


@algorithm("String.compareTo")
def compare_to(left: str, right: str) -> int:
    """-1, 0 or 1 by order."""
    return (left > right) - (left < right)


@algorithm("String.index")
def index(text: str, pattern: str) -> int:
    """The first place of a text, or -1."""
    return text.find(pattern)


@algorithm("String.rindex")
def rindex(text: str, pattern: str) -> int:
    """The last place of a text, or -1."""
    return text.rfind(pattern)


@algorithm("String.slice")
def cut(text: str, start: int, end: int | None) -> str:
    """Characters [start, end)."""
    return text[start:end]


def _flags(letters: str) -> int:
    return (re.IGNORECASE if "i" in letters else 0) | (re.MULTILINE if "m" in letters else 0)


@algorithm("String.match")
def match(text: str, regex: str, flags: str) -> list[str]:
    """The first match and its groups, or all matches with flag g."""
    if "g" in flags:
        return [found.group(0) for found in re.finditer(regex, text, _flags(flags))]
    found = re.search(regex, text, _flags(flags))
    return [] if found is None else [found.group(0), *(g or "" for g in found.groups())]


@algorithm("String.replace")
def replace(text: str, regex: str, replacement: str, flags: str) -> str:
    """The first match replaced, or all with flag g; groups are written $1."""
    python = re.sub(r"\$(\d)", r"\\\1", replacement)
    return re.sub(regex, python, text, count=0 if "g" in flags else 1, flags=_flags(flags))


@algorithm("String.split")
def split(text: str, regex: str, flags: str) -> list[str]:
    """The parts between matches."""
    if not regex:
        return list(text)
    return re.split(regex, text, flags=_flags(flags))


@algorithm("String.toLowerCase")
def lower(text: str) -> str:
    """Lower case."""
    return text.lower()


@algorithm("String.toUpperCase")
def upper(text: str) -> str:
    """Upper case."""
    return text.upper()


@algorithm("String.trim")
def trim(text: str) -> str:
    """Without white space around it."""
    return text.strip()


@algorithm("String.encodeJSON")
def encode_json(value: Any) -> str:
    """A value as JSON text."""
    return json.dumps(encode(value))


@algorithm("String.decodeJSON")
def decode_json(text: str) -> Any:
    """The value of JSON text."""
    return json.loads(text)
