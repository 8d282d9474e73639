"""Groups of tiles by polygons: countries, or a layer of the user's. No polygon is in two splits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import shapely

from eo_ingest.aoi.country import countries
from eo_ingest.aoi.project import is_lonlat, to_lonlat
from eo_ingest.aoi.repair import areas, check_degrees
from eo_ingest.aoi.vector import read_features
from eo_ingest.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from eo_ingest.split.tiles import Tiles

    Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Layer:
    """Polygons, each with a key: sorted by it, so that the order in a file counts for nothing.

    Attributes:
        name: of the file, or `countries`.
        keys: what each is called, no two alike.
        shapes: Polygons and MultiPolygons in EPSG:4326 (lon, lat).
    """

    name: str
    keys: tuple[str, ...]
    shapes: NDArray[np.object_]

    @classmethod
    def of(cls, name: str, keys: list[str], shapes: list[Any]) -> Self:
        """A layer of polygons in any order; those with one key are one.

        Raises:
            ConfigError: if there is none.
        """
        if not keys:
            raise ConfigError(f"layer {name!r} has no polygon")
        together: dict[str, list[Any]] = {}
        for key, shape in zip(keys, shapes, strict=True):
            together.setdefault(key, []).append(shape)
        ordered = tuple(sorted(together))
        joined = [
            parts[0] if len(parts) == 1 else shapely.union_all(parts) for parts in map(together.get, ordered) if parts
        ]
        return cls(name, ordered, np.array(joined, dtype=object))

    @classmethod
    def of_countries(cls) -> Self:
        """The countries that come with the package, by their codes."""
        known = countries()
        return cls.of("countries", list(known.codes), list(known.shapes))

    @classmethod
    def read(cls, path: Path) -> Self:
        """The polygons of a vector file, in any CRS that it declares. Their keys are digests of their geometries.

        Raises:
            ConfigError: if it cannot be read, or has no polygons.
        """
        try:
            features = read_features(path)
            shapes = [
                shape for shape in map(_polygons, _lonlat(features.geometries, features.crs)) if shape is not None
            ]
            return cls.of(path.name, [_key(shape) for shape in shapes], shapes)
        except ConfigError as err:
            raise ConfigError(f"layer {str(path)!r}: {err}") from err

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the keys and geometries, in hex."""
        made = hashlib.sha256()
        for key, shape in zip(self.keys, self.shapes, strict=True):
            made.update(f"{key}\0{_key(shape)}\n".encode())
        return made.hexdigest()

    def meets(self, tiles: Tiles) -> tuple[Places, Places]:
        """Every (tile, polygon) where a tile has a part of a polygon, each once, sorted."""
        outlines = tiles.polygons(np.arange(len(tiles)))
        near = np.flatnonzero(
            shapely.intersects(shapely.envelope(self.shapes), shapely.box(*shapely.total_bounds(outlines)))
        )
        points = shapely.STRtree(np.asarray(shapely.points(tiles.lonlat)))
        shape, tile = points.query(self.shapes[near], predicate="intersects")
        edges, owner = _edges(self.shapes[near])
        edge, crossed = shapely.STRtree(outlines).query(edges, predicate="intersects")
        pairs = np.stack([np.concatenate([tile, crossed]), near[np.concatenate([shape, owner[edge]])]])
        one, other = np.unique(pairs, axis=1)
        return one, other


def _edges(shapes: NDArray[np.object_]) -> tuple[NDArray[np.object_], Places]:
    """The edges of polygons one by one, and the place of each one's polygon."""
    parts, whole = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    owner = whole[part]
    points, ring = shapely.get_coordinates(rings, return_index=True)
    joined = np.flatnonzero(ring[1:] == ring[:-1])
    lines = shapely.linestrings(np.stack([points[joined], points[joined + 1]], axis=1))
    return np.asarray(lines), owner[ring[joined]]


def _lonlat(geometries: NDArray[np.object_], crs: Any) -> NDArray[np.object_]:
    if not len(geometries):
        raise ConfigError("it holds no geometry")
    if not is_lonlat(crs):
        return to_lonlat(geometries, crs)
    check_degrees(shapely.get_coordinates(geometries))
    return geometries


def _polygons(geometry: Any) -> Any:
    """What of a geometry has area, valid; None where nothing has."""
    parts = areas(geometry if geometry.is_valid else shapely.make_valid(geometry))
    if not len(parts):
        return None
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts.tolist())


def _key(shape: Any) -> str:
    canonical = shapely.to_wkb(shapely.normalize(shape), output_dimension=2, byte_order=1)
    return hashlib.sha256(canonical).hexdigest()
