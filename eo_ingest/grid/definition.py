"""What a grid's TOML file says, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from eo_ingest.errors import ConfigError
from eo_ingest.grid.cell import BLOCK_TILES

_FIELDS = {"name": str, "kind": str, "resolution": int, "tile_px": int, "block_tiles": int, "extent": dict}
_UTM_SPAN = {"block_rows": 10_000_000, "block_cols": 834_000}  # metres from the origin that the bands of UTM reach
_EXTENT = {"block_rows": int, "block_cols": int, "latitude": list}


@dataclass(frozen=True, slots=True)
class Definition:
    """The parameters of a grid.

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

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> Self:
        """Return the definition that a TOML table holds.

        Raises:
            ConfigError: if a key is missing, unknown, of another type, or has a value out of range.
        """
        grid = f"grid '{table.get('name', '?')}'"
        _check_keys(grid, table, _FIELDS)
        extent = table["extent"]
        _check_keys(f"{grid}, extent", extent, _EXTENT)
        if table["kind"] != "utm":
            raise ConfigError(f"{grid}: kind is '{table['kind']}', expected 'utm'")
        if table["block_tiles"] != BLOCK_TILES:
            raise ConfigError(f"{grid}: block_tiles is {table['block_tiles']}, expected {BLOCK_TILES}")
        sizes = {**table, **extent}
        for key in ("resolution", "tile_px", "block_rows", "block_cols"):
            if sizes[key] <= 0:
                raise ConfigError(f"{grid}: {key} is {sizes[key]}, expected a positive whole number")
        for key, span in _UTM_SPAN.items():
            length = sizes[key] * BLOCK_TILES * sizes["tile_px"] * sizes["resolution"]
            if length < span:
                raise ConfigError(f"{grid}: {key} spans {length} m, expected at least the {span} m of a UTM zone")
        limits = extent["latitude"]
        if len(limits) != 2 or not -90 <= float(limits[0]) < float(limits[1]) <= 90:
            raise ConfigError(f"{grid}: latitude is {limits}, expected [south, north] in degrees")
        fields = {key: sizes[key] for key in (*_FIELDS, *_EXTENT) if key != "extent"}
        return cls(**{**fields, "latitude": (float(limits[0]), float(limits[1]))})


def _check_keys(where: str, table: Mapping[str, Any], fields: Mapping[str, type]) -> None:
    if unknown := sorted(set(table) - set(fields)):
        raise ConfigError(f"{where}: unknown key '{unknown[0]}', expected {', '.join(fields)}")
    for key, kind in fields.items():
        if key not in table:
            raise ConfigError(f"{where}: key '{key}' is missing")
        if type(table[key]) is not kind:
            raise ConfigError(f"{where}: {key} is {table[key]!r}, expected {kind.__name__}")
