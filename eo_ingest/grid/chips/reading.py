"""Reading the features that chips are made of: polygons or points with ids, or a table of longitudes and latitudes."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from eo_ingest.errors import ConfigError
from eo_ingest.grid.chips.definition import Placing

_TABLES = {".csv", ".tsv"}
_PARQUET = {".parquet", ".geoparquet", ".pq"}
_SHOWN = 3


def read_features(placing: Placing) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return (ids, geometries) of a file's features: polygons or points in EPSG:4326 (lon, lat).

    Raises:
        ConfigError: names the file, and what is wrong with it.
    """
    path = placing.file
    if not path.exists():
        raise ConfigError(f"chips: there is no file {str(path)!r}")
    if path.is_dir() and path.suffix.lower() != ".gdb":
        raise ConfigError(f"chips: {str(path)!r} is a folder, expected a file of polygons or points")
    try:
        frame = _read(path, placing)
        _check_columns(frame, placing)
        ids = _ids(frame, placing.id)
        geometries = _geometries(frame, placing)
    except ConfigError as err:
        raise ConfigError(f"chips of {path.name}: {err}") from err
    return ids, geometries


def _read(path: Path, placing: Placing) -> Any:
    import geopandas as gpd
    import pandas as pd

    table = placing.lon is not None
    suffix = path.suffix.lower()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # drivers warn of much that does not concern places
            if table and suffix in _TABLES:
                return pd.read_csv(path, sep="\t" if suffix == ".tsv" else ",", dtype=_as_text(placing.id))
            if table and suffix in _PARQUET:
                return pd.read_parquet(path)
            return gpd.read_parquet(path) if suffix in _PARQUET else gpd.read_file(path, engine="pyogrio")
    except (ValueError, OSError, RuntimeError, shapely.errors.ShapelyError) as err:
        reason = str(err).split(";", maxsplit=1)[0].replace(f"'{path}'", "").strip().splitlines()
        raise ConfigError(f"it cannot be read: {reason[0] if reason else type(err).__name__}") from err


def _as_text(column: str | None) -> Any:
    return {column: str} if column else None


def _check_columns(frame: Any, placing: Placing) -> None:
    if not len(frame):
        raise ConfigError("it holds no feature")
    for column in (placing.id, placing.lon, placing.lat):
        if column is not None and column not in frame.columns:
            known = ", ".join(str(name) for name in frame.columns if name != "geometry") or "none"
            raise ConfigError(f"it has no column '{column}': its columns are {known}")


def _ids(frame: Any, column: str | None) -> NDArray[np.object_]:
    values = list(range(len(frame))) if column is None else frame[column].tolist()
    ids = np.array([_text(value) for value in values], dtype=object)
    if missing := int(np.count_nonzero(ids == "")):
        raise ConfigError(f"{missing} of {len(ids)} features have no id in the column '{column}'")
    known, counts = np.unique(ids.astype(str), return_counts=True)
    if len(known) < len(ids):
        twice = known[counts > 1]
        shown = ", ".join(repr(str(chip)) for chip in twice[:_SHOWN])
        raise ConfigError(f"{len(twice)} ids are not unique in the column '{column}', such as {shown}")
    return ids


def _text(value: Any) -> str:
    if value is None or value != value:  # noqa: PLR0124 - only NaN differs from itself
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _geometries(frame: Any, placing: Placing) -> NDArray[np.object_]:
    import geopandas as gpd

    from eo_ingest.aoi.project import is_lonlat, to_lonlat
    from eo_ingest.aoi.repair import check_degrees

    if placing.lon is not None:
        lon, lat = (_numbers(frame, column) for column in (placing.lon, placing.lat))
        geometries = np.asarray(shapely.points(lon, lat))
    elif not isinstance(frame, gpd.GeoDataFrame):
        raise ConfigError("it has no geometries: say with lon and lat which columns hold degrees")
    else:
        geometries = shapely.force_2d(frame.geometry.to_numpy())
        if not is_lonlat(frame.crs):
            geometries = to_lonlat(geometries, frame.crs)
    unfit = shapely.is_missing(geometries) | shapely.is_empty(geometries)
    unfit |= ~np.isin(shapely.get_type_id(geometries), [0, 3, 6])  # Point, Polygon, MultiPolygon
    if unfit.any():
        place = int(np.argmax(unfit))
        kind = "no geometry" if geometries[place] is None else f"a {geometries[place].geom_type}"
        raise ConfigError(f"feature {place} has {kind}, expected a polygon or a point (and so in {unfit.sum()} in all)")
    check_degrees(shapely.get_coordinates(geometries))
    return geometries


def _numbers(frame: Any, column: str | None) -> NDArray[np.float64]:
    import pandas as pd

    try:
        return np.asarray(pd.to_numeric(frame[column]), dtype=np.float64)
    except (ValueError, TypeError) as err:
        raise ConfigError(f"the column '{column}' holds other than numbers: {err}") from err
