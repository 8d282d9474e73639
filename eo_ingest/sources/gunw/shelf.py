"""What an archive asks of the place where its granules are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    from eo_ingest.sources.gunw.entry import Entry
    from eo_ingest.sources.transfer import Traffic


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

    @property
    def is_empty(self) -> bool:
        """Whether it lists no granule at all, as far as that can be known beforehand.

        Raises:
            SourceError: if it has no listing, or a wrong one.
        """
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
