"""An area of interest, and how a user names one."""

import difflib
import hashlib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import shapely

from eo_ingest.aoi.box import parse_box
from eo_ingest.aoi.composition import read_composition
from eo_ingest.aoi.country import PREFIX, countries, parse
from eo_ingest.aoi.project import is_lonlat, to_lonlat
from eo_ingest.aoi.registry import describe, registry, registry_file
from eo_ingest.aoi.repair import Polygons, areas, check_degrees, repair
from eo_ingest.aoi.vector import Features, read_features
from eo_ingest.errors import ConfigError


@dataclass(frozen=True)
class AOI:
    """A named area.

    Attributes:
        name: registry name, stem of the file's name, `iso:` and codes, or the box as written.
        geometry: valid MultiPolygon in EPSG:4326 (lon, lat), split at ±180°, with edges straight in degrees.
        source: where it comes from; never a path.
        licence: of the outline, where known.
        notes: what was repaired, and what else a user should know.
    """

    name: str
    geometry: shapely.MultiPolygon
    source: str
    licence: str | None = None
    notes: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the geometry's canonical WKB (normalised, little-endian, 2D), in hex."""
        canonical = shapely.to_wkb(shapely.normalize(self.geometry), output_dimension=2, byte_order=1)
        return hashlib.sha256(canonical).hexdigest()


def load(text: str) -> AOI:
    """Return the area that a user names.

    That is, tried in this order: `west,south,east,north`, `iso:` and countries, a registry name, a file: TOML with a
    list of countries, or vector data.

    Raises:
        ConfigError: if there is no such AOI, or it is no valid area on Earth.
    """
    box = parse_box(text)
    if box is not None:
        geometry, notes = _area(Features(np.array([shapely.segmentize(shapely.box(*box), 120.0)], dtype=object)))
        return AOI(text.replace(" ", ""), geometry, "a box given by the user", None, notes)
    codes = _named(text)
    if codes is not None:
        about = countries().about
        return AOI(f"{PREFIX}{','.join(codes)}", countries().outline(codes), about["source"], about["licence"])
    if text in registry():
        path, meta = registry_file(text), describe(text)
        name, source, licence = text, meta["source"], meta["licence"]
    else:
        path = _existing(text)
        name, source, licence = path.stem, f"the file {path.name}", None
    try:
        geometry, notes = _read(path)
    except ConfigError as err:
        raise ConfigError(f"AOI '{text}': {err}") from err
    return AOI(name, geometry, source, licence, notes)


def _named(text: str) -> list[str] | None:
    """The codes of countries that a user names."""
    try:
        return parse(text)
    except ConfigError as err:
        raise ConfigError(f"AOI '{text}': {err}") from err


def _read(path: Path) -> tuple[shapely.MultiPolygon, tuple[str, ...]]:
    if path.suffix.lower() == ".toml":
        return read_composition(path).geometry(), ()
    return _area(read_features(path))


def _existing(text: str) -> Path:
    path = Path(text)
    try:
        path = path.expanduser()
        if text and path.exists():
            return path
    except (OSError, ValueError, RuntimeError):  # too long for a file's name, a null character, an unknown ~user
        pass
    if path.suffix or len(path.parts) > 1:
        box = ", and a box is four numbers 'west,south,east,north'" if "," in text else ""
        raise ConfigError(f"AOI '{text}': there is no such file{box}")
    close = difflib.get_close_matches(text.lower(), registry(), n=1)
    country = countries().knows(text)
    near = close[0] if close else f"{PREFIX}{country}" if country else None
    hint = f"; did you mean '{near}'?" if near else ""
    known = ", ".join(registry())
    raise ConfigError(
        f"there is no AOI '{text}': expected one of {known}, a country such as iso:LUX, a file, or "
        f"west,south,east,north{hint}"
    )


def _area(features: Features) -> tuple[shapely.MultiPolygon, tuple[str, ...]]:
    """Return the features as one valid area in degrees, and notes."""
    polygons, notes = _polygons(features)
    densified = not is_lonlat(features.crs)
    if densified:
        if not np.isfinite(shapely.get_coordinates(polygons)).all():
            raise ConfigError("it has a coordinate that is not a finite number")
        polygons = to_lonlat(polygons, features.crs)
        notes.append("reprojected to EPSG:4326")
    check_degrees(shapely.get_coordinates(polygons))
    mended = [repair(polygon, densified=densified) for polygon in polygons]
    pieces = np.concatenate([parts for parts, _ in mended])
    whole = areas(pieces if len(pieces) == 1 else shapely.union_all(pieces))
    if not whole.size:
        raise ConfigError("it has no area")
    notes.extend(_counted([note for _, done in mended for note in done]))
    return shapely.MultiPolygon(list(whole)), tuple(notes)


def _counted(notes: list[str]) -> list[str]:
    """Join notes that differ only in what follows ': '."""
    first: dict[str, str] = {}
    for note in notes:
        first.setdefault(note.split(":", maxsplit=1)[0], note)
    counts = Counter(note.split(":", maxsplit=1)[0] for note in notes)
    return [f"{note} (and {counts[kind] - 1} more)" if counts[kind] > 1 else note for kind, note in first.items()]


def _polygons(features: Features) -> tuple[Polygons, list[str]]:
    geometries = features.geometries[~shapely.is_empty(features.geometries)]
    if not len(geometries):
        raise ConfigError("it holds no geometry, or only empty ones")
    polygons = shapely.force_2d(areas(geometries))
    kinds = sorted({geometry.geom_type for geometry in geometries})
    if not len(polygons):
        raise ConfigError(f"it holds a {' and a '.join(kinds)} without area: expected polygons")
    notes = list(features.notes)
    if len(geometries) > 1:
        notes.append(f"dissolved {len(geometries)} features into one area")
    if set(kinds) - {"Polygon", "MultiPolygon"}:
        notes.append("left out points and lines, which have no area")
    return polygons, notes
