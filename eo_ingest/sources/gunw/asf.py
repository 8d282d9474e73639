"""Granules of the Alaska Satellite Facility: searched in NASA's catalogue, downloaded with a token.

The token is `EARTHDATA_TOKEN` of the environment. It is sent to the sign-on service and to the archive, and is in no
message, log or record.
"""

from __future__ import annotations

import os
from functools import cached_property, partial
from threading import Lock
from typing import TYPE_CHECKING, Any

import shapely

from eo_ingest.errors import ConfigError, SourceError, TransientError
from eo_ingest.sources.gunw.entry import Entry
from eo_ingest.sources.gunw.index import cells
from eo_ingest.sources.gunw.name import GranuleName
from eo_ingest.sources.gunw.web import stream
from eo_ingest.sources.transfer import Traffic, retried

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from pathlib import Path

    from eo_ingest.sources.gunw.shelf import Area, Shelf

TOKEN = "EARTHDATA_TOKEN"  # noqa: S105 - the name of a variable
# The collections of versions 3 and 2. Searched by name: by its processing level the newer one would be left out.
COLLECTIONS = ("ARIA_S1_GUNW", "SENTINEL-1_INTERFEROGRAMS")
# Searches are made by cells, which many blocks share.
CELL_DEGREES = 2

Cell = tuple[int, int]


class AsfShelf:
    """The granules that a search finds."""

    is_local = False

    def __init__(self) -> None:
        if not os.environ.get(TOKEN):
            raise ConfigError(
                f"downloads from ASF need {TOKEN} in the environment: a token of an Earthdata account, made at "
                "urs.earthdata.nasa.gov under 'Generate Token'"
            )
        try:
            import asf_search  # noqa: F401
        except ImportError as err:
            raise ConfigError("searching ASF needs asf_search: pip install 'eo-ingest[insar]'") from err
        self._found: dict[tuple[Cell, date, date], list[Entry]] = {}
        self._guard = Lock()

    @property
    def is_empty(self) -> bool:
        """See `Shelf.is_empty`."""
        return False

    def entries(self, area: Area) -> Sequence[Entry]:
        """See `Shelf.entries`."""
        found: dict[str, Entry] = {}
        for cell in cells(area.polygon.bounds, CELL_DEGREES):
            key = (cell, area.start, area.end)
            with self._guard:
                if key not in self._found:
                    self._found[key] = retried(partial(_search, *key), Traffic(), lambda: None)
                found.update({entry.name.text: entry for entry in self._found[key]})
        return list(found.values())

    @cached_property
    def _session(self) -> Any:
        """A session that is signed on.

        Raises:
            ConfigError: if the token is not accepted.
        """
        import asf_search

        try:
            return asf_search.ASFSession().auth_with_token(os.environ[TOKEN])
        except asf_search.ASFAuthenticationError as err:
            raise ConfigError(f"Earthdata does not accept {TOKEN}: it may have expired") from err

    def download(self, entry: Entry, path: Path, traffic: Traffic, going_on: Callable[[], None]) -> None:
        """See `Shelf.download`."""
        from asf_search.download.download import strip_auth_if_aws

        with self._guard:
            session = self._session
        hooks = {"response": strip_auth_if_aws}
        retried(lambda: stream(session, entry, path, traffic, going_on, hooks=hooks), traffic, going_on)


def _search(cell: Cell, start: date, end: date) -> list[Entry]:
    """The granules that meet a cell and whose reference is of the days [start, end).

    Raises:
        TransientError: if the catalogue does not answer.
        SourceError: if it refuses.
    """
    import asf_search

    lon, lat = cell
    where = shapely.box(lon, lat, lon + CELL_DEGREES, lat + CELL_DEGREES)
    try:
        results = asf_search.search(
            shortName=list(COLLECTIONS), intersectsWith=where.wkt, start=f"{start}T00:00:00Z", end=f"{end}T00:00:00Z"
        )
        results.raise_if_incomplete()
    except (asf_search.ASFSearch5xxError, asf_search.ASFSearchError) as err:
        kind = SourceError if isinstance(err, asf_search.ASFSearch4xxError) else TransientError
        raise kind(f"the search of ASF's catalogue failed: {type(err).__name__}") from err
    return [entry for entry in map(_entry, results) if entry]


def _entry(result: Any) -> Entry | None:
    """A granule of a search's results; None for what is no granule, such as its pictures and single layers."""
    about = result.properties
    url = str(about.get("url") or "")
    name = GranuleName.find(url.rsplit("/", 1)[-1])
    if name is None:
        return None
    size = about.get("bytes")
    geometry = shapely.geometry.shape(result.geometry) if result.geometry else None
    return Entry(
        name=name,
        url=url,
        size=int(size) if isinstance(size, int | float) else None,
        md5=about.get("md5sum"),
        footprint=geometry.wkt if geometry is not None else None,
    )


_: type[Shelf] = AsfShelf
