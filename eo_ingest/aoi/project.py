"""Bringing polygons of any declared CRS into degrees of EPSG:4326."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from eo_ingest.errors import ConfigError

_SEGMENT_M = 1000.0
_SEGMENT_DEG = 0.01

Geometries = NDArray[np.object_]


def is_lonlat(crs: Any) -> bool:
    """Return whether coordinates in `crs` are longitude and latitude on WGS 84 already.

    Raises:
        ConfigError: if `crs` is nothing that pyproj knows.
    """
    if crs is None:
        return True
    from pyproj import CRS

    known = _crs(crs)
    return bool(known.equals(CRS("OGC:CRS84"), ignore_axis_order=True))


def to_lonlat(geometries: Geometries, crs: Any) -> Geometries:
    """Return geometries in EPSG:4326 (lon, lat), with vertices added so that their edges keep their course.

    Raises:
        ConfigError: if the CRS is unknown or cannot hold the coordinates.
    """
    from pyproj import Transformer
    from pyproj.exceptions import ProjError

    source = _crs(crs)
    if not (source.is_projected or source.is_geographic):
        raise ConfigError(f"its CRS, {source.name}, is no map: expected a projected or a geographic one")
    unit = source.axis_info[0].unit_conversion_factor  # to metres or radians
    step = _SEGMENT_M / unit if source.is_projected else np.deg2rad(_SEGMENT_DEG) / unit
    try:
        transformer = Transformer.from_crs(source, "EPSG:4326", always_xy=True)
        coordinates = shapely.get_coordinates(geometries)
        forward = np.column_stack(transformer.transform(coordinates[:, 0], coordinates[:, 1]))
        if not np.isfinite(forward).all():
            raise ConfigError(f"its coordinates lie outside the area of its CRS, {source.name}")
        dense = shapely.segmentize(geometries, step)
        projected: Geometries = shapely.transform(
            dense, lambda points: np.column_stack(transformer.transform(points[:, 0], points[:, 1]))
        )
    except ProjError as err:
        raise ConfigError(f"its CRS, {source.name}, cannot be brought into EPSG:4326: {err}") from err
    return projected


def _crs(crs: Any) -> Any:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        return CRS.from_user_input(crs)
    except CRSError as err:
        raise ConfigError(f"its CRS '{crs}' is unknown: expected one such as 'EPSG:4326'") from err
