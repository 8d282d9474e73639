"""What a grid's TOML file says, checked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from eo_ingest.errors import ConfigError
from eo_ingest.grid.cell import SIDES
from eo_ingest.grid.lattice import Lattice

_UTM_SPAN = {"block_rows": 10_000_000, "block_cols": 834_000}  # metres from the origin that the bands of UTM reach
_UTM_LATITUDE = [-80.0, 84.0]

Fields = Mapping[str, type]


@dataclass(frozen=True, slots=True)
class Definition:
    """The parameters of a grid with a zone per UTM zone and hemisphere.

    Attributes:
        name: the grid's name, that of its file.
        kind: how its zones are made.
        resolution: metres per pixel of the finest sampling.
        tile_px: pixels along a tile's side.
        block_tiles: tiles along a block's side.
        block_rows: blocks down each zone's arrays.
        block_cols: blocks across each zone's arrays.
        latitude: southern and northern limit in degrees.
    """

    name: str
    kind: Literal["utm"]
    resolution: int
    tile_px: int
    block_tiles: int
    block_rows: int
    block_cols: int
    latitude: tuple[float, float]

    FIELDS: ClassVar[Fields] = {"extent": dict}
    EXTENT: ClassVar[Fields] = {"block_rows": int, "block_cols": int, "latitude": list}

    @property
    def lattice(self) -> Lattice:
        """The numbers that products need."""
        return Lattice(self.resolution, self.tile_px, self.block_tiles)

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> Self:
        """Return the definition that a TOML table holds. What `extent` leaves out is as small as it can be.

        Raises:
            ConfigError: if a key is missing, unknown, of another type, or has a value out of range.
        """
        grid = who(table)
        lattice = read_lattice(table, cls.FIELDS, optional={"extent"})
        given = dict(table.get("extent", {}))
        check_keys(f"{grid}, extent", given, cls.EXTENT, optional=set(cls.EXTENT))
        block = lattice.block_tiles * lattice.tile_size
        for key, span in _UTM_SPAN.items():
            count = given.setdefault(key, math.ceil(span / block))
            check_positive(grid, {key: count})
            if count * block < span:
                raise ConfigError(
                    f"{grid}: {key} spans {count * block} m, expected at least the {span} m of a UTM zone"
                )
        south, north = read_latitude(grid, given.get("latitude", _UTM_LATITUDE))
        if south < _UTM_LATITUDE[0] or north > _UTM_LATITUDE[1]:
            raise ConfigError(f"{grid}: latitude is [{south:g}, {north:g}], and UTM is for -80 to 84 only")
        return cls(
            name=table["name"],
            kind="utm",
            resolution=lattice.resolution,
            tile_px=lattice.tile_px,
            block_tiles=lattice.block_tiles,
            block_rows=given["block_rows"],
            block_cols=given["block_cols"],
            latitude=(south, north),
        )


def who(table: Mapping[str, Any]) -> str:
    """How messages call the grid of a table."""
    return f"grid '{table.get('name', '?')}'"


def read_lattice(table: Mapping[str, Any], fields: Fields, *, optional: set[str] | None = None) -> Lattice:
    """Return what all kinds of grids have: resolution, tile and block.

    A tile's size is `tile_px` or, in metres, `tile_size`; a block has 4 × 4 tiles unless `block_tiles` says otherwise.

    Args:
        table: the TOML table.
        fields: the further keys of this kind of grid.
        optional: those of them that may be left out.

    Raises:
        ConfigError: names the grid, the key, its value and what was expected.
    """
    grid = who(table)
    common = {"name": str, "kind": str, "resolution": int, "tile_px": int, "tile_size": int, "block_tiles": int}
    extra = {"tile_px", "tile_size", "block_tiles", *(optional or ())}
    check_keys(grid, table, {**common, **fields}, optional=extra)
    check_positive(grid, {key: table[key] for key in ("resolution", "tile_px", "tile_size") if key in table})
    block_tiles = table.get("block_tiles", SIDES[-1])
    if block_tiles not in SIDES:
        raise ConfigError(f"{grid}: block_tiles is {block_tiles}, expected one of {', '.join(map(str, SIDES))}")
    return Lattice(table["resolution"], _tile_px(grid, table), block_tiles)


def _tile_px(grid: str, table: Mapping[str, Any]) -> int:
    if ("tile_px" in table) == ("tile_size" in table):
        raise ConfigError(f"{grid}: expected either tile_px (pixels along a tile's side) or tile_size (metres)")
    if "tile_px" in table:
        return int(table["tile_px"])
    pixels, rest = divmod(table["tile_size"], table["resolution"])
    if rest:
        near = [n * table["resolution"] for n in (pixels, pixels + 1) if n]
        raise ConfigError(
            f"{grid}: tile_size is {table['tile_size']} m, no multiple of the resolution of {table['resolution']} m: "
            f"expected {' or '.join(map(str, near))}"
        )
    return int(pixels)


def read_latitude(grid: str, limits: list[Any]) -> tuple[float, float]:
    """Return the southern and the northern limit of a grid in degrees.

    Raises:
        ConfigError: if they are none.
    """
    numbers = all(type(limit) in {int, float} for limit in limits)
    if len(limits) != 2 or not numbers or not -90 <= limits[0] < limits[1] <= 90:
        raise ConfigError(f"{grid}: latitude is {limits}, expected [south, north] in degrees")
    return float(limits[0]), float(limits[1])


def check_positive(grid: str, values: Mapping[str, int]) -> None:
    """Raise ConfigError unless all values are positive."""
    for key, value in values.items():
        if value <= 0:
            raise ConfigError(f"{grid}: {key} is {value}, expected a positive whole number")


def check_keys(where: str, table: Mapping[str, Any], fields: Fields, *, optional: set[str] | None = None) -> None:
    """Hold the keys of a table and the types of their values against what is expected.

    Raises:
        ConfigError: names the first that is unknown, missing or of another type.
    """
    if unknown := sorted(set(table) - set(fields)):
        raise ConfigError(f"{where}: unknown key '{unknown[0]}', expected {', '.join(fields)}")
    for key, kind in fields.items():
        if key not in table:
            if key in (optional or ()):
                continue
            raise ConfigError(f"{where}: key '{key}' is missing")
        if type(table[key]) is not kind:
            raise ConfigError(f"{where}: {key} is {table[key]!r}, expected {_KINDS[kind]}")


_KINDS = {str: "a text", int: "a whole number", dict: "a table", list: "a list", float: "a number"}
