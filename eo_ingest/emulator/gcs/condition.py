"""Preconditions: what an object must be for a request to be done."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from eo_ingest.emulator.gcs.errors import failed_condition, invalid, not_modified

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from eo_ingest.emulator.gcs.entry import Entry

_QUERY = {
    "generation": "GenerationMatch",
    "not_generation": "GenerationNotMatch",
    "metageneration": "MetagenerationMatch",
    "not_metageneration": "MetagenerationNotMatch",
}


@dataclass(frozen=True)
class Condition:
    """Generations and metagenerations that an object must have, or must not; generation 0 is that of no object."""

    generation: int | None = None
    not_generation: int | None = None
    metageneration: int | None = None
    not_metageneration: int | None = None

    @classmethod
    def of_query(cls, query: Mapping[str, str], prefix: str = "if") -> Condition:
        """From the JSON API's query: `ifGenerationMatch` …, or `ifSourceGenerationMatch` … with prefix `ifSource`."""
        found = {key: query.get(prefix + name) for key, name in _QUERY.items()}
        return cls(**{key: number(value, prefix + _QUERY[key]) for key, value in found.items() if value is not None})

    @classmethod
    def of_headers(cls, headers: Mapping[str, str], prefix: str = "x-goog-if-") -> Condition:
        """From the XML API's headers `x-goog-if-generation-match` and `x-goog-if-metageneration-match`."""
        names = {"generation": f"{prefix}generation-match", "metageneration": f"{prefix}metageneration-match"}
        return cls(**{key: number(headers[name], name) for key, name in names.items() if name in headers})

    def check(self, entry: Entry | None, *, reading: bool = False) -> None:
        """Nothing, where the condition holds.

        Raises:
            GcsError: 412, or 304 where a reader has what is there.
        """
        generation = entry.generation if entry else 0
        metageneration = entry.metageneration if entry else None
        if self.generation not in {None, generation} or self.metageneration not in {None, metageneration}:
            raise failed_condition()
        if self.not_generation == generation or (
            self.not_metageneration is not None and self.not_metageneration == metageneration
        ):
            raise not_modified() if reading else failed_condition()


def number(text: str, name: str) -> int:
    """A whole number of a query or header.

    Raises:
        GcsError: It is none.
    """
    if not text.isascii() or not text.isdigit():
        raise invalid(f"Invalid value for {name}: '{text[:100]}'; expected a whole number.")
    return int(text)


def check_tags(entry: Entry, headers: Mapping[str, str], tag: str) -> None:
    """HTTP's own conditions on reading: entity tags, then dates.

    Raises:
        GcsError: 412, or 304 where the client has what is there.
    """
    wanted, had = headers.get("if-match"), headers.get("if-none-match")
    if wanted is not None and not _among(tag, wanted):
        raise failed_condition()
    if had is not None and _among(tag, had):
        raise not_modified()
    changed = entry.updated // 10**6
    before, after = _date(headers.get("if-unmodified-since")), _date(headers.get("if-modified-since"))
    if wanted is None and before is not None and changed > before.timestamp():
        raise failed_condition()
    if had is None and after is not None and changed <= after.timestamp():
        raise not_modified()


def _among(tag: str, header: str) -> bool:
    tags = {one.strip().removeprefix("W/").strip('"') for one in header.split(",")}
    return "*" in tags or tag.strip('"') in tags


def _date(text: str | None) -> datetime | None:
    """A date of HTTP; what is none is ignored, as HTTP wants it."""
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
