"""A page of a bucket's names: prefixes, delimiters, offsets."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eo_ingest.emulator.gcs.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT = 1000
_LAST = chr(0x10FFFF)


@dataclass(frozen=True)
class Query:
    """Which names: from `start` (with it) or after `after`, before `end`; `limit` counts names and prefixes."""

    prefix: str = ""
    delimiter: str = ""
    start: str = ""
    end: str = ""
    after: str = ""
    limit: int = LIMIT
    trailing: bool = False
    """A name that ends with the delimiter is listed too, beside being a prefix."""


@dataclass(frozen=True)
class Page:
    """Names and prefixes in order; `last` is the last of them where there are more."""

    names: tuple[str, ...]
    prefixes: tuple[str, ...]
    last: str = ""


def page(names: Sequence[str], query: Query) -> Page:
    """One page of sorted names, in a time that depends on its length and not on theirs."""
    found: list[str] = []
    prefixes: list[str] = []
    last = ""
    index = _first(names, query)
    while index < len(names):
        name = names[index]
        if not name.startswith(query.prefix) or (query.end and name >= query.end):
            break
        cut = name.find(query.delimiter, len(query.prefix)) if query.delimiter else -1
        if len(found) + len(prefixes) >= query.limit:
            return Page(tuple(found), tuple(prefixes), last)
        if cut < 0:
            last = name
            found.append(name)
            index += 1
            continue
        last = name[: cut + len(query.delimiter)]
        prefixes.append(last)
        if query.trailing and name == last:
            found.append(name)
        index = bisect_left(names, _beyond(last), lo=index)
    return Page(tuple(found), tuple(prefixes))


def _first(names: Sequence[str], query: Query) -> int:
    """The index to begin at; `after` may be a prefix that a page ended with, all of which is done then."""
    index = bisect_left(names, max(query.prefix, query.start))
    if not query.after:
        return index
    rolled = query.delimiter and query.after.find(query.delimiter, len(query.prefix)) >= 0
    if rolled and query.after.endswith(query.delimiter):
        return max(index, bisect_left(names, _beyond(query.after)))
    return max(index, bisect_right(names, query.after))


def _beyond(prefix: str) -> str:
    """The least text above all that begin with a prefix."""
    bare = prefix.rstrip(_LAST)
    return bare[:-1] + chr(ord(bare[-1]) + 1) if bare else _LAST * 1025


def to_token(last: str) -> str:
    """A page token, opaque to clients."""
    return base64.urlsafe_b64encode(last.encode()).decode() if last else ""


def of_token(token: str) -> str:
    """What a page ended with.

    Raises:
        GcsError: Not a token of ours.
    """
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as err:
        raise invalid(f"Invalid page token: '{token[:100]}'") from err
