"""Grids of one zone: one projected CRS for all of an area, such as a continent or a pole."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np

from eo_ingest.errors import ConfigError
from eo_ingest.grid.definition import Fields, check_keys, check_positive, read_lattice, who
from eo_ingest.grid.lattice import Lattice
from eo_ingest.grid.zone import Bounds, Zone

_EDGE, _INSIDE = 2001, 181  # places along a side of the bounds, and along a side of a raster within them
_ARRAY = {"x_left": int, "y_top": int, "block_rows": int, "block_cols": int}


@dataclass(frozen=True, slots=True)
class PlanarDefinition:
    """The parameters of a grid with one zone, which has the grid's own name.

    Attributes:
        name: the grid's name.
        kind: how its zones are made.
        crs: such as `EPSG:3035`; its unit is the metre.
        resolution: metres per pixel of the finest sampling.
        tile_px: pixels along a tile's side.
        block_tiles: tiles along a block's side.
        x_left: x of the arrays' left edge.
        y_top: y of the arrays' top edge.
        block_rows: blocks down the arrays.
        block_cols: blocks across the arrays.
        bounds: what the grid is for, in degrees: (west, south, east, north).
    """

    name: str
    kind: Literal["planar"]
    crs: str
    resolution: int
    tile_px: int
    block_tiles: int
    x_left: int
    y_top: int
    block_rows: int
    block_cols: int
    bounds: Bounds

    FIELDS: ClassVar[Fields] = {"crs": str, "extent": dict}
    EXTENT: ClassVar[Fields] = {**_ARRAY, "bounds": list}

    @property
    def lattice(self) -> Lattice:
        """The numbers that products need."""
        return Lattice(self.resolution, self.tile_px, self.block_tiles)

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> Self:
        """Return the definition that a TOML table holds.

        Where `extent` has only `bounds`, the arrays are the smallest that hold them, with edges at multiples of a
        block's size from the CRS's origin.

        Raises:
            ConfigError: if a key is missing, unknown, of another type, or has a value out of range.
        """
        grid = who(table)
        lattice = read_lattice(table, cls.FIELDS)
        given = dict(table["extent"])
        check_keys(f"{grid}, extent", given, cls.EXTENT, optional=set(_ARRAY))
        crs = _check_crs(grid, table["crs"])
        bounds = _read_bounds(grid, given["bounds"])
        reach = _reach(grid, crs, bounds)
        if not _ARRAY.keys() & given.keys():
            given.update(_smallest(reach, lattice))
        check_keys(f"{grid}, extent", given, cls.EXTENT)
        check_positive(grid, {key: given[key] for key in ("block_rows", "block_cols")})
        arrays = {key: given[key] for key in _ARRAY}
        made = cls(
            name=table["name"],
            kind="planar",
            crs=crs,
            resolution=lattice.resolution,
            tile_px=lattice.tile_px,
            block_tiles=lattice.block_tiles,
            **arrays,
            bounds=bounds,
        )
        _check_extent(grid, made.zone(), reach)
        return made

    def zone(self) -> Zone:
        """Return the grid's one zone."""
        return Zone(
            name=self.name,
            crs=self.crs,
            x_left=self.x_left,
            y_top=self.y_top,
            resolution=self.resolution,
            tile_px=self.tile_px,
            block_tiles=self.block_tiles,
            block_rows=self.block_rows,
            block_cols=self.block_cols,
            band=self.bounds,
        )


def _check_crs(grid: str, text: str) -> str:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    expected = "expected the code of a projected CRS in metres, such as 'EPSG:3035'"
    authority, _, code = text.partition(":")
    if authority.upper() != "EPSG" or not code.isdecimal():
        raise ConfigError(f"{grid}: crs is '{text}': {expected}")
    try:
        crs = CRS.from_epsg(int(code))
    except CRSError as err:
        raise ConfigError(f"{grid}: crs is '{text}', which is unknown: {expected}") from err
    if not crs.is_projected or {axis.unit_name for axis in crs.axis_info} != {"metre"}:
        unit = ", ".join(sorted({axis.unit_name for axis in crs.axis_info}))
        raise ConfigError(f"{grid}: crs is '{text}' ({crs.name}), in {unit}: {expected}")
    return f"EPSG:{int(code)}"


def _read_bounds(grid: str, given: list[Any]) -> Bounds:
    if len(given) != 4 or any(type(edge) not in {int, float} or not math.isfinite(edge) for edge in given):
        raise ConfigError(f"{grid}: bounds are {given}, expected [west, south, east, north] in degrees")
    west, south, east, north = map(float, given)
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise ConfigError(
            f"{grid}: bounds are {given}, expected [west, south, east, north] in degrees, within -180 to 180 and "
            "-90 to 90, with west below east and south below north"
        )
    return west, south, east, north


def _reach(grid: str, crs: str, bounds: Bounds) -> Bounds:
    """Return how far the bounds reach in the CRS, in metres."""
    from pyproj import Transformer

    west, south, east, north = bounds
    places = []
    for across, down in ((_INSIDE, _INSIDE), (_EDGE, 2), (2, _EDGE)):
        places.append(np.meshgrid(np.linspace(west, east, across), np.linspace(south, north, down)))
    lon, lat = (np.concatenate([place[axis].ravel() for place in places]) for axis in (0, 1))
    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(lon, lat)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ConfigError(f"{grid}: bounds {list(bounds)} leave the area that {crs} is for")
    return float(np.min(x)), float(np.min(y)), float(np.max(x)), float(np.max(y))


def _smallest(reach: Bounds, lattice: Lattice) -> dict[str, int]:
    block = lattice.block_tiles * lattice.tile_size
    left, bottom = (math.floor(edge / block) for edge in reach[:2])
    right, top = (math.floor(edge / block) + 1 for edge in reach[2:])
    return {"x_left": left * block, "y_top": top * block, "block_rows": top - bottom, "block_cols": right - left}


def _check_extent(grid: str, zone: Zone, reach: Bounds) -> None:
    height, width = zone.shape()
    held = (zone.x_left, zone.y_top - height * zone.resolution, zone.x_left + width * zone.resolution, zone.y_top)
    low = reach[0] < held[0] or reach[1] < held[1]
    if low or reach[2] > held[2] or reach[3] > held[3]:
        want, have = (", ".join(f"{edge:.0f}" for edge in edges) for edges in (reach, held))
        raise ConfigError(f"{grid}: its bounds reach over x, y {want} m and its arrays only over {have} m")
