"""Assets from a folder of rasters.

    DIR/<asset id>/<image id>.tif  + .json      one image of a collection
    DIR/<asset id>.tif             + .json      a single image

A folder that holds rasters is a collection, unless it holds folders of rasters too. The sidecar may be absent:

    {"properties": {"system:time_start": "2021-11-19T14:08:00Z", …}, "bands": ["VV", "VH"], "scale": 1.0,
     "pyramid": "mean"}
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eo_ingest.emulator.element import DateRange, parse_date
from eo_ingest.emulator.errors import AssetFileError, EarthEngineError
from eo_ingest.emulator.raster import RasterImage, open_raster

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    from eo_ingest.emulator.asset import CollectionAsset, ImageAsset

SUFFIXES = (".tif", ".tiff", ".vrt", ".jp2")
_DATES = ("system:time_start", "system:time_end")
_MEMBERS = {"properties", "bands", "scale", "pyramid"}


@dataclass(frozen=True)
class FileCollection:
    """The images of a folder, in order of time, then of id."""

    id: str
    members: tuple[RasterImage, ...]

    @property
    def properties(self) -> Mapping[str, Any]:
        """None: a folder has no sidecar."""
        return {}

    def images(self, start: int | None, end: int | None, bounds: BaseGeometry | None) -> Iterator[RasterImage]:
        """Images that start in [start, end) and meet a place; those without a time only if none is asked for."""
        for image in self.members:
            time = image.properties.get("system:time_start")
            if time is None and (start is not None or end is not None):
                continue
            if time is not None and not DateRange(start, end).contains(time):
                continue
            if bounds is not None and image.footprint is not None and not image.footprint.intersects(bounds):
                continue
            yield image


class Files:
    """The catalogue of a folder; all files are read once, when it is made.

    Raises:
        AssetFileError: Files that cannot be served, each with the reason.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise AssetFileError(f"the assets folder {folder} is not a directory")
        paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
        if not paths:
            raise AssetFileError(f"the assets folder {folder} holds no raster ({', '.join(SUFFIXES)})")
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(lambda path: _open(folder, path), paths))
        problems = [f"{path}: {found}" for path, found in zip(paths, results, strict=True) if isinstance(found, str)]
        images = [found for found in results if isinstance(found, RasterImage)]
        problems += _doubles(images)
        if problems:
            raise AssetFileError("assets that cannot be served:\n  " + "\n  ".join(problems))
        self._images = {image.id: image for image in images}
        self._collections = _collect(images)

    def get(self, asset_id: str) -> RasterImage | FileCollection | None:
        """The image or the folder's collection of an id."""
        return self._images.get(asset_id) or self._collections.get(asset_id)

    def children(self, parent_id: str) -> list[ImageAsset | CollectionAsset] | None:
        """Images and collections directly under an id."""
        prefix = f"{parent_id}/" if parent_id else ""
        found: dict[str, ImageAsset | CollectionAsset] = {}
        assets: list[ImageAsset | CollectionAsset] = [*self._collections.values(), *self._images.values()]
        below = False
        for asset in assets:
            rest = asset.id.removeprefix(prefix)
            if asset.id.startswith(prefix):
                below = True
                if "/" not in rest:
                    found[asset.id] = asset
        return [found[key] for key in sorted(found)] if below else None


def _doubles(images: list[RasterImage]) -> list[str]:
    seen: dict[str, RasterImage] = {}
    problems = []
    for image in images:
        if image.id in seen:
            problems.append(f"{image.path}: has the same asset id as {seen[image.id].path.name}: {image.id}")
        seen[image.id] = image
    return problems


def _collect(images: list[RasterImage]) -> dict[str, FileCollection]:
    """Collections by id: folders of rasters that hold no other folder of rasters."""
    groups: dict[str, list[RasterImage]] = {}
    for image in images:
        parent = image.id.rpartition("/")[0]
        if parent:
            groups.setdefault(parent, []).append(image)
    leaves = [key for key in groups if not any(other.startswith(f"{key}/") for other in groups)]
    return {key: FileCollection(key, tuple(sorted(groups[key], key=_order))) for key in leaves}


def _order(image: RasterImage) -> tuple[float, str]:
    return (image.properties.get("system:time_start", float("-inf")), image.id)


def _open(folder: Path, path: Path) -> RasterImage | str:
    """The image of a file, or what is wrong with it."""
    identifier = path.relative_to(folder).with_suffix("").as_posix()
    try:
        sidecar = _sidecar(path.with_suffix(".json"))
        return open_raster(path, identifier, sidecar, _properties(sidecar, path.stem))
    except AssetFileError as err:
        return str(err)


def _sidecar(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise AssetFileError(f"has a sidecar {path.name} that is not JSON: {err}") from err
    if not isinstance(document, dict):
        raise AssetFileError(f"has a sidecar {path.name} that is not a JSON object")
    unknown = sorted(set(document) - _MEMBERS)
    if unknown:
        raise AssetFileError(f"has a sidecar {path.name} with unknown members {unknown}; known: {sorted(_MEMBERS)}")
    scale = document.get("scale", 1.0)
    if isinstance(scale, bool) or not isinstance(scale, (int, float)) or not scale:
        raise AssetFileError(f"has a sidecar {path.name} whose 'scale' is {scale!r}, not a number other than 0")
    return document


def _properties(sidecar: Mapping[str, Any], stem: str) -> dict[str, Any]:
    given = sidecar.get("properties", {})
    if not isinstance(given, dict):
        raise AssetFileError("has a sidecar whose 'properties' is not an object")
    properties = {key: value for key, value in given.items() if value is not None}
    for key in _DATES:
        value = properties.get(key)
        if isinstance(value, str):
            try:
                properties[key] = int(parse_date(value))
            except EarthEngineError as err:
                raise AssetFileError(f"has a sidecar whose {key} is no date: {value!r}") from err
        elif value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise AssetFileError(f"has a sidecar whose {key} is no date: {value!r}")
    properties.setdefault("system:index", stem)
    return properties
