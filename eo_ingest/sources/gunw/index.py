"""What an archive says of its granules: `index.json`, whole or cut into cells.

    {"granules": [{"name": …, "size": …, "etag": …, "footprint": WKT in degrees (longitude, latitude)}],
     "cells": {"degrees": 2, "url": "cells/{year}/{west}_{south}.json"}}

Either member may be absent. Each cell is an index of its own, of the granules that meet the square whose south-western
corner (whole degrees, from -180 and -90) is in its URL, and whose reference is of that year, if the URL has one. There
need be none where there are no granules.
"""

from __future__ import annotations

import math
from string import Formatter
from threading import Lock
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from eo_ingest.errors import SourceError
from eo_ingest.sources.gunw.entry import Entry
from eo_ingest.sources.gunw.name import SUFFIX, GranuleName
from eo_ingest.sources.transfer import bare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from eo_ingest.sources.gunw.shelf import Area

INDEX = "index.json"

Bounds = tuple[float, float, float, float]


class _Listed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    size: int | None = None
    etag: str | None = None
    footprint: str | None = None


class _Cells(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    degrees: int = Field(ge=1, le=90)
    url: str

    @field_validator("url")
    @classmethod
    def _names_each_cell(cls, url: str) -> str:
        """Whether it holds `{west}` and `{south}`, maybe `{year}`, and nothing else in braces."""
        fields = {name for _, name, _, _ in Formatter().parse(url) if name is not None}
        if not {"west", "south"} <= fields <= {"west", "south", "year"}:
            raise ValueError("expected {west} and {south} in it, and nothing else in braces but {year}")
        return url


class _Index(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    granules: list[_Listed] | None = None
    cells: _Cells | None = None


class Index:
    """The granules that an archive's index lists. For all threads.

    Args:
        text: of `index.json`.
        read: gives the content of another file beside it; None if there is none.
        locate: gives the URL of a file beside it.
        who: names the archive in messages.

    Raises:
        SourceError: if it is no such index.
    """

    def __init__(
        self, text: bytes, read: Callable[[str], bytes | None], locate: Callable[[str], str], who: str
    ) -> None:
        self._read = read
        self._locate = locate
        self._who = who
        index = self._parsed(text, INDEX)
        if index.granules is None and index.cells is None:
            raise SourceError(f"{who}: {INDEX} has neither 'granules' nor 'cells'")
        self._everywhere = self._entries(index)
        self._cells = index.cells
        self._known: dict[str, list[Entry]] = {}
        self._guard = Lock()

    @property
    def is_empty(self) -> bool:
        """Whether it lists nothing at all."""
        return not self._everywhere and self._cells is None

    def entries(self, area: Area) -> Sequence[Entry]:
        """The granules there are, at least all that may meet an area; each once.

        Raises:
            SourceError: if a part of the index cannot be read.
        """
        if self._cells is None:
            return self._everywhere
        found = {entry.name.text: entry for entry in self._everywhere}
        years = range(area.start.year, area.end.year + 1) if "{year}" in self._cells.url else (0,)
        for west, south in cells(area.polygon.bounds, self._cells.degrees):
            for year in years:
                file = self._cells.url.format(west=west, south=south, year=year)
                found.update({entry.name.text: entry for entry in self._cell(file)})
        return list(found.values())

    def _cell(self, file: str) -> list[Entry]:
        with self._guard:
            if file not in self._known:
                text = self._read(file)
                self._known[file] = [] if text is None else self._entries(self._parsed(text, file))
            return self._known[file]

    def _parsed(self, text: bytes, file: str) -> _Index:
        try:
            return _Index.model_validate_json(text)
        except ValidationError as err:
            first = err.errors()[0]
            raise SourceError(f"{self._who}: {file}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from err

    def _entries(self, index: _Index) -> list[Entry]:
        found = []
        for listed in index.granules or ():
            name = GranuleName.parse(listed.name)
            url = self._locate(name.text + SUFFIX)
            found.append(Entry(name, url, listed.size, bare(listed.etag), footprint=listed.footprint))
        return found


def cells(bounds: Bounds, step: int) -> Iterator[tuple[int, int]]:
    """The squares of `step` degrees that (west, south, east, north) meets: their western and southern edges.

    They are counted from -180 and -90; `bounds` may pass ±180.
    """
    west, south, east, north = bounds
    columns = math.ceil(360 / step)
    for column in range(math.floor((west + 180) / step), math.floor((east + 180) / step) + 1):
        for row in range(math.floor((south + 90) / step), math.floor((north + 90) / step) + 1):
            yield column % columns * step - 180, row * step - 90
