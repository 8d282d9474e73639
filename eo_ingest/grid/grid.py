"""A grid: a named set of zones, defined by a TOML file."""

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self, TypeVar

from shapely.geometry.base import BaseGeometry

from eo_ingest import data
from eo_ingest.errors import ConfigError
from eo_ingest.grid.cell import Block, Tile
from eo_ingest.grid.cover import Cover, cover
from eo_ingest.grid.definition import Definition
from eo_ingest.grid.zone import Zone, utm_zones

Cell = TypeVar("Cell", Tile, Block)


def grid_names() -> list[str]:
    """Return the names of the grids there are."""
    return data.names("grids", ".toml")


@dataclass(frozen=True)
class Grid:
    """A named set of zones.

    Attributes:
        definition: what the grid's TOML file says.
    """

    definition: Definition

    @classmethod
    def load(cls, name: str) -> Self:
        """Return the grid of that name.

        Raises:
            ConfigError: if there is none, or its definition is wrong.
        """
        known = grid_names()
        if name not in known:
            raise ConfigError(f"there is no grid '{name}': expected one of {', '.join(known)}")
        text = (data.folder("grids") / f"{name}.toml").read_text(encoding="utf-8")
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as err:
            raise ConfigError(f"grid '{name}': its file is not TOML: {err}") from err
        definition = Definition.read(table)
        if definition.name != name:
            raise ConfigError(f"grid '{name}': its file names it '{definition.name}', expected the file's own name")
        return cls(definition)

    @property
    def name(self) -> str:
        """The grid's name."""
        return self.definition.name

    @property
    def latitude(self) -> tuple[float, float]:
        """The southern and the northern limit of the grid in degrees."""
        return self.definition.latitude

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the definition, in hex: equal where every tile has the same id, place and pixels."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Return the definition as plain values, as a store keeps it."""
        return asdict(self.definition)

    @cached_property
    def zones(self) -> tuple[Zone, ...]:
        """The zones, sorted by name."""
        return tuple(
            utm_zones(
                resolution=self.definition.resolution,
                tile_px=self.definition.tile_px,
                block_rows=self.definition.block_rows,
                block_cols=self.definition.block_cols,
                south=self.latitude[0],
                north=self.latitude[1],
            )
        )

    @cached_property
    def _by_name(self) -> dict[str, Zone]:
        return {zone.name: zone for zone in self.zones}

    def zone(self, name: str) -> Zone:
        """Return the zone of that name.

        Raises:
            ConfigError: if the grid has none.
        """
        if name not in self._by_name:
            raise ConfigError(f"grid '{self.name}' has no zone '{name}': {self._expected()}")
        return self._by_name[name]

    def tile(self, text: str) -> Tile:
        """Return the tile of that id, checked to be one of this grid.

        Raises:
            ConfigError: if the id is malformed, of another grid, or outside its zone.
        """
        return self._own(Tile.parse(text), "tile")

    def block(self, text: str) -> Block:
        """Return the block of that id, checked to be one of this grid.

        Raises:
            ConfigError: if the id is malformed, of another grid, or outside its zone.
        """
        return self._own(Block.parse(text), "block")

    def _own(self, cell: Cell, kind: str) -> Cell:
        if cell.zone not in self._by_name:
            owner = _owner(cell.zone)
            fault = f"belongs to grid '{owner}', not '{self.name}'" if owner else f"is of no grid: {self._expected()}"
            raise ConfigError(f"{kind} '{cell.id}' {fault}")
        self._by_name[cell.zone].check(cell)
        return cell

    def cover(self, geometry: BaseGeometry) -> Cover:
        """Return the tiles that share area with a polygon in EPSG:4326 (lon, lat); see `eo_ingest.grid.cover.cover`."""
        return cover(self, geometry)

    def _expected(self) -> str:
        names = [zone.name for zone in self.zones]
        return f"expected one of {names[0]} … {names[-1]}" if len(names) > 6 else f"expected one of {', '.join(names)}"


def _owner(zone: str) -> str | None:
    """Return the name of the grid that has a zone of that name."""
    return next((name for name in grid_names() if any(zone == other.name for other in Grid.load(name).zones)), None)
