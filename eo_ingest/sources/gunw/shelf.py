"""What an archive asks of the place where its granules are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from eo_ingest.errors import SourceError
from eo_ingest.sources.gunw.entry import Entry, bare
from eo_ingest.sources.gunw.name import SUFFIX, GranuleName

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    from eo_ingest.sources.gunw.entry import Traffic

INDEX = "index.json"


@dataclass(frozen=True, slots=True)
class Area:
    """A block and a time for which granules are looked for.

    Attributes:
        polygon: the block in degrees (longitude, latitude), near its own longitude.
        longitude: of its centre, from -180 to 180.
        latitude: of its centre.
        start, end: days [start, end).
    """

    polygon: BaseGeometry
    longitude: float
    latitude: float
    start: date
    end: date


class Shelf(Protocol):
    """A place with granules: a folder, a web server, a bucket, a service."""

    @property
    def is_local(self) -> bool:
        """Whether entries' URLs are paths of this machine, to be read where they are."""
        ...

    def entries(self, area: Area) -> Sequence[Entry]:
        """The granules there are, at least all that may meet the area, in any order.

        Raises:
            SourceError: if they cannot be listed.
        """
        ...

    def download(self, entry: Entry, path: Path, traffic: Traffic, going_on: Callable[[], None]) -> None:
        """Write a granule's bytes, whole, to a path.

        Raises:
            SourceError: if they cannot be had, or are others than the listing says.
        """
        ...


class _Listed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    size: int | None = None
    etag: str | None = None
    footprint: str | None = None


class _Index(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    granules: list[_Listed]


def from_index(text: bytes, locate: Callable[[str], str], who: str) -> list[Entry]:
    """The entries of an `index.json`: {"granules": [{"name", "size", "etag", "footprint"}]}, WKT in degrees.

    Args:
        text: the file's content.
        locate: gives the URL of a file name.
        who: names the index in messages.

    Raises:
        SourceError: if it is no such index, or a name in it is no granule's.
    """
    try:
        index = _Index.model_validate_json(text)
    except ValidationError as err:
        first = err.errors()[0]
        raise SourceError(f"{who}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from err
    found = []
    for listed in index.granules:
        name = GranuleName.parse(listed.name)
        url = locate(name.text + SUFFIX)
        found.append(Entry(name, url, listed.size, bare(listed.etag), footprint=listed.footprint))
    return found
