"""Reading polygons from files: GeoJSON and WKT by ourselves, all else through geopandas."""

import json
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from eo_ingest.errors import ConfigError

_GEOMETRY = r"(MULTI)?(POINT|LINESTRING|POLYGON|SURFACE|CURVE)|LINEARRING|GEOMETRYCOLLECTION|CIRCULARSTRING|TRIANGLE"
_WKT = re.compile(rf"\s*(?:SRID\s*=\s*(\d+)\s*;)?\s*(?:{_GEOMETRY})\b", re.IGNORECASE)
_SRID = re.compile(r"\s*SRID\s*=\s*(\d+)\s*;\s*", re.IGNORECASE)
_RASTERS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"\x89PNG", b"\xff\xd8\xff", b"\x89HDF", b"CDF")
_FALSE_GEOMETRY = (TypeError, ValueError, KeyError, IndexError, AttributeError, shapely.errors.ShapelyError)


@dataclass(frozen=True, slots=True)
class Features:
    """What a file holds.

    Attributes:
        geometries: geometries of any type, without the missing ones.
        crs: anything that pyproj reads as the CRS; None where the file declares none or lon/lat degrees.
        notes: what a user should know of how it was read.
    """

    geometries: NDArray[np.object_]
    crs: Any = None
    notes: tuple[str, ...] = ()


def read_features(path: Path) -> Features:
    """Return the geometries in a vector file.

    Raises:
        ConfigError: if it is a folder, is empty, cannot be read or holds no vector data; without the file's name in it.
    """
    if path.is_dir() and path.suffix.lower() != ".gdb":
        raise ConfigError("it is a folder, expected a vector file")
    if path.is_dir():
        return _read_geopandas(path)
    try:
        content = path.read_bytes()
    except OSError as err:
        raise ConfigError(f"it cannot be read: {err.strerror}") from err
    if not content.strip():
        raise ConfigError("it is empty")
    if content.startswith(_RASTERS):
        raise ConfigError("it is a raster, expected a vector file with polygons")
    text = _text(content)
    if text is not None and _WKT.match(text):
        return _read_wkt(text)
    if text is not None and text.lstrip().startswith("{") and path.suffix.lower() not in {".geojsonl", ".geojsons"}:
        return _read_json(text, path)
    return _read_geopandas(path)


def _text(content: bytes) -> str | None:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _read_wkt(text: str) -> Features:
    lines = [line for line in text.splitlines() if line.strip()]
    several = len(lines) > 1 and all(_WKT.match(line) for line in lines)
    geometries, srids = [], set()
    for statement in lines if several else [text]:
        srid = _SRID.match(statement)
        srids.add(int(srid[1]) if srid else None)
        try:
            with np.errstate(invalid="ignore"):  # NaN is refused later, in words
                geometries.append(shapely.from_wkt(statement[srid.end() if srid else 0 :].strip()))
        except shapely.errors.ShapelyError as err:
            raise ConfigError(f"it is not valid WKT: {str(err).splitlines()[0]}") from err
    if len(srids) > 1:
        raise ConfigError(f"its geometries have different SRIDs: {sorted(map(str, srids))}")
    srid_code = srids.pop()
    return Features(_array(geometries), f"EPSG:{srid_code}" if srid_code else None)


def _read_json(text: str, path: Path) -> Features:
    try:
        document = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as err:
        raise ConfigError(f"it is not valid JSON, perhaps cut short: {err}") from err
    kind = document.get("type")
    if kind == "FeatureCollection":
        members = document.get("features")
        if not isinstance(members, list):
            raise ConfigError("it is a FeatureCollection without a list of features")
        geometries = [_geometry(member) for member in members]
    elif kind == "Feature" or "coordinates" in document or "geometries" in document:
        geometries = [_geometry(document)]
    else:
        return _read_geopandas(path)
    return Features(_array(geometries), _json_crs(document))


def _geometry(member: Any) -> Any:
    if not isinstance(member, dict):
        raise ConfigError(f"it is not valid GeoJSON: a feature is {type(member).__name__}, expected an object")
    geometry = member.get("geometry") if member.get("type") == "Feature" else member
    if geometry is None:
        return None
    try:
        return shapely.geometry.shape(geometry)
    except _FALSE_GEOMETRY as err:
        raise ConfigError(f"it is not valid GeoJSON: a geometry cannot be read: {err}") from err


def _json_crs(document: dict[str, Any]) -> str | None:
    crs = document.get("crs")
    if crs is None:
        return None
    try:
        return str(crs["properties"]["name"])
    except (TypeError, KeyError) as err:
        raise ConfigError(f"its crs member is {json.dumps(crs)[:80]}, expected a named CRS") from err


def _read_geopandas(path: Path) -> Features:
    import geopandas as gpd

    layers: list[str] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # drivers warn of much that does not concern polygons
            if path.suffix.lower() in {".parquet", ".geoparquet"}:
                frame = gpd.read_parquet(path)
            else:
                table = gpd.list_layers(path)
                layers = table["name"][table["geometry_type"].notna()].tolist()
                frame = gpd.read_file(path, layer=layers[0], engine="pyogrio") if layers else None
    except (ValueError, OSError, RuntimeError, shapely.errors.ShapelyError) as err:
        reason = str(err).split(";", maxsplit=1)[0].replace(f"'{path}'", "").strip().splitlines()
        raise ConfigError(f"it cannot be read as a vector file: {reason[0] if reason else type(err).__name__}") from err
    if not isinstance(frame, gpd.GeoDataFrame):
        raise ConfigError("it has no geometries")
    notes = (f"read layer '{layers[0]}' only, of {', '.join(layers)}",) if len(layers) > 1 else ()
    return Features(_array(frame.geometry.to_numpy()), frame.crs, notes)


def _array(geometries: Any) -> NDArray[np.object_]:
    array = np.array([geometry for geometry in geometries if geometry is not None], dtype=object)
    present: NDArray[np.object_] = array[~shapely.is_missing(array)]
    return present
