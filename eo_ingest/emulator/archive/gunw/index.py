"""What the archive says there is: granules by name and footprint, all that somebody asks for or cell by cell."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING

from shapely import box

from eo_ingest.emulator.archive.gunw import layout
from eo_ingest.emulator.archive.gunw.granule import cell, find, granules
from eo_ingest.emulator.archive.serving import File
from eo_ingest.emulator.world.ground import Cache

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shapely.geometry.base import BaseGeometry

    from eo_ingest.emulator.archive.gunw.granule import Granule

MEDIA_TYPE = "application/x-netcdf"
DEGREES = 1
SUFFIX = ".nc"
_CELL = re.compile(r"cells/(?P<year>\d{4})/(?P<west>-?\d{1,3})_(?P<south>-?\d{1,2})\.json")
_FILES = Cache(64 * 2**20)


def index(query: Mapping[str, str]) -> str:
    """`index.json`: how it is cut into cells, or the granules that meet `bbox` with both passes in [start, end).

    Args:
        query: `bbox` (west,south,east,north in degrees) with `start` and `end` (dates), or nothing.

    Raises:
        ValueError: something else is asked for.
    """
    if not query:
        return json.dumps({"cells": {"degrees": DEGREES, "url": "cells/{year}/{west}_{south}.json"}})
    if query.keys() != {"bbox", "start", "end"}:
        raise ValueError("expected bbox=west,south,east,north with start=YYYY-MM-DD and end=YYYY-MM-DD, or nothing")
    try:
        west, south, east, north = (float(side) for side in query["bbox"].split(","))
    except ValueError as err:
        raise ValueError(f"bbox is {query['bbox']!r}, expected west,south,east,north in degrees") from err
    if not (-90 <= south < north <= 90 and west < east <= west + 360):
        raise ValueError(f"bbox is {query['bbox']!r}, expected west,south,east,north in degrees")
    start, end = (_day(query[name]) for name in ("start", "end"))
    return _rows(g for g in granules(box(west, south, east, north), start, end) if g.secondary >= start)


def cell_index(path: str) -> str | None:
    """A cell's index: granules that meet it and whose later pass is of its year; None if there are none."""
    told = _CELL.fullmatch(path)
    if told is None:
        return None
    west, south, year = int(told["west"]), int(told["south"]), int(told["year"])
    if not (-180 <= west < 180 and -90 <= south < 90 and 2014 <= year <= 2100):
        return None
    place: BaseGeometry = cell(west, south, DEGREES)
    found = list(granules(place, _day(f"{year}-01-01"), _day(f"{year + 1}-01-01")))
    return _rows(iter(found)) if found else None


def file(path: str) -> File | None:
    """The file of a granule, `<name>.nc`; None if there is no such granule."""
    granule = find(path.removesuffix(SUFFIX)) if path.endswith(SUFFIX) else None
    if granule is None:
        return None
    return File(f"gunw/{path}", MEDIA_TYPE, lambda: bytes(_FILES.get(path, lambda: memoryview(layout.write(granule)))))


def _rows(found: Iterator[Granule]) -> str:
    rows = []
    for granule in found:
        tag = File(f"gunw/{granule.name}{SUFFIX}", MEDIA_TYPE, bytes).tag
        rows.append({"name": granule.name, "size": None, "etag": tag, "footprint": granule.piece.footprint.wkt})
    return json.dumps({"granules": rows})


def _day(text: str) -> int:
    """Midnight of a date, ms since 1970."""
    return int(dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), dt.UTC).timestamp() * 1000)
