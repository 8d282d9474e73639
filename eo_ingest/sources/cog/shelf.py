"""Where the archive's files are: a folder of this machine, or whatever fsspec reaches; web servers are in `web`."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from eo_ingest.errors import ConfigError, SourceError, TransientError
from eo_ingest.sources.cog.name import is_tile, layer_of
from eo_ingest.sources.transfer import bare, public

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from eo_ingest.sources.transfer import Traffic


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of the archive.

    Attributes:
        tile: the folder it is in.
        name: the file's name.
        url: what records and messages say; of a folder's file, its place in the folder.
        size: bytes, where known.
        etag: its entity tag without quotes, where known.
    """

    tile: str
    name: str
    url: str
    size: int | None = None
    etag: str | None = None


class Shelf(Protocol):
    """A place with a folder per tile. Each call is one attempt."""

    @property
    def is_local(self) -> bool:
        """Whether files are on this machine: not worth keeping copies of."""
        ...

    def check(self, traffic: Traffic) -> None:
        """See whether this is such a place, for a wrong one would look like open sea.

        Raises:
            ConfigError: if it has no tile's folder.
            SourceError: if it cannot be listed.
        """
        ...

    def layers(self, tile: str, traffic: Traffic) -> Mapping[str, Listed]:
        """The files of a tile by layer; none if there is no such tile. Asked after `check`.

        Raises:
            SourceError: if they cannot be listed, or the tile is there and has no layer.
        """
        ...

    def read(self, file: Listed, traffic: Traffic) -> bytes:
        """A listed file, whole.

        Raises:
            SourceError: if it cannot be had.
        """
        ...


def expected(where: str) -> ConfigError:
    """The refusal of a place without tiles."""
    return ConfigError(
        f"{where} holds no tile of the seasonal coherence data set: expected the place with a folder per tile, such as "
        "N45W090/ with N45W090_winter_vv_COH12.tif (of the public bucket, "
        "s3://sentinel-1-global-coherence-earthbigdata/data/tiles)"
    )


def by_layer(tile: str, where: str, files: Iterable[Listed]) -> Mapping[str, Listed]:
    """The files of a tile that is there, by layer; `where` is its folder, for messages.

    Raises:
        SourceError: if there is no layer among them, or one twice: it would look like open sea, or like either.
    """
    found: dict[str, Listed] = {}
    others = []
    for file in files:
        layer = layer_of(file.name, tile)
        if layer is None:
            others.append(file.name)
        elif found.setdefault(layer, file) is not file:
            raise SourceError(f"{where} has layer {layer} twice: {found[layer].name} and {file.name}")
    if not found:
        held = f"{min(others)!r} (of {len(others)})" if others else "nothing"
        raise SourceError(
            f"{where} is there and has no layer of tile {tile}: expected files such as {tile}_winter_vv_COH12.tif, "
            f"found {held}"
        )
    return found


class FolderShelf:
    """A folder: a mirror of the bucket, whole tiles at a time. A tile whose folder is not there does not exist."""

    is_local = True

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise ConfigError(f"{folder} is no folder: expected one with the seasonal coherence data set's GeoTIFFs")
        self._folder = folder

    def check(self, traffic: Traffic) -> None:  # noqa: ARG002 - nothing is transferred
        """See `Shelf.check`."""
        try:
            found = any(is_tile(path.name) and path.is_dir() for path in self._folder.iterdir())
        except OSError as err:
            raise SourceError(f"the folder of the archive cannot be listed: {err.strerror or err}") from err
        if not found:
            raise expected(str(self._folder))

    def layers(self, tile: str, traffic: Traffic) -> Mapping[str, Listed]:  # noqa: ARG002 - nothing is transferred
        """See `Shelf.layers`. A link to nothing is there too: what it is of cannot be read."""
        folder = self._folder / tile
        try:
            paths = [path for path in folder.iterdir() if not path.is_dir()]
        except OSError as err:
            if isinstance(err, FileNotFoundError) and not folder.is_symlink() and self._folder.is_dir():
                return {}
            raise SourceError(f"{tile}: its folder cannot be listed: {err.strerror or err}") from err
        files = (Listed(tile, path.name, f"{tile}/{path.name}", _size(path)) for path in paths)
        return by_layer(tile, f"{tile}/", files)

    def read(self, file: Listed, traffic: Traffic) -> bytes:  # noqa: ARG002 - nothing is transferred
        """See `Shelf.read`."""
        try:
            return (self._folder / file.tile / file.name).read_bytes()
        except OSError as err:
            raise SourceError(f"{file.url} cannot be read: {err.strerror or err}") from err


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None  # reading it fails by name


class FilesystemShelf:
    """A bucket that fsspec reaches, with the user's credentials for it: gs:// and others."""

    is_local = False

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._tiles: frozenset[str] = frozenset()

    @cached_property
    def _files(self) -> Any:
        from fsspec.core import url_to_fs

        try:
            return url_to_fs(self._url)[0]
        except (ImportError, ValueError) as err:
            raise ConfigError(f"{public(self._url)} cannot be read: {err}") from err

    def check(self, traffic: Traffic) -> None:
        """See `Shelf.check`."""
        found = self._list("", traffic)
        names = (entry["name"].rstrip("/").rpartition("/")[2] for entry in found)
        self._tiles = frozenset(filter(is_tile, names))
        if not self._tiles:
            raise expected(public(self._url))

    def layers(self, tile: str, traffic: Traffic) -> Mapping[str, Listed]:
        """See `Shelf.layers`."""
        entries = self._list(f"/{tile}", traffic)
        if not entries and tile not in self._tiles:
            return {}
        where = f"{public(self._url)}/{tile}/"
        files = []
        for entry in entries:
            name = entry["name"].rpartition("/")[2]
            if entry.get("type") == "file":
                tag = bare(entry.get("etag", entry.get("ETag")))
                files.append(Listed(tile, name, where + name, entry.get("size"), tag))
        return by_layer(tile, where, files)

    def _list(self, path: str, traffic: Traffic) -> list[dict[str, Any]]:
        traffic.add(requests=1)
        try:
            with _told(f"{public(self._url)}{path} cannot be listed"):
                found: list[dict[str, Any]] = self._files.ls(self._url + path, detail=True)
        except FileNotFoundError:
            return []
        return found

    def read(self, file: Listed, traffic: Traffic) -> bytes:
        """See `Shelf.read`."""
        traffic.add(requests=1)
        try:
            with _told(f"{file.url} cannot be read"):
                data: bytes = self._files.cat_file(f"{self._url}/{file.tile}/{file.name}")
        except FileNotFoundError as err:
            raise SourceError(f"{file.url} was listed, but is not there") from err
        traffic.add(payload=len(data))
        return data


@contextmanager
def _told(what: str) -> Iterator[None]:
    """What goes wrong in a bucket's client, in our words; FileNotFoundError stays what it is.

    Raises:
        TransientError: if it may work later.
        SourceError: if access is refused.
    """
    from aiohttp import ClientError
    from gcsfs.retry import HttpError
    from google.auth.exceptions import GoogleAuthError, TransportError

    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, ClientError, HttpError, GoogleAuthError) as err:
        status = getattr(err, "code", getattr(err, "status", None))
        refused = isinstance(err, PermissionError) or str(status) in {"401", "403"} or str(err).startswith("Forbidden")
        if refused or (isinstance(err, GoogleAuthError) and not isinstance(err, TransportError)):
            raise SourceError(f"auth: {what}: {err}") from err
        raise TransientError(f"transient: {what}: {err}") from err
