"""A grid: a named set of zones, defined by a TOML file."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from shapely.geometry.base import BaseGeometry

from eo_ingest import data
from eo_ingest.errors import ConfigError
from eo_ingest.grid.cell import Block, Tile
from eo_ingest.grid.chips import Chips, ChipsDefinition, chip_zones
from eo_ingest.grid.cover import Cover
from eo_ingest.grid.definition import Definition
from eo_ingest.grid.enumerate import cover
from eo_ingest.grid.lattice import Lattice
from eo_ingest.grid.planar import PlanarDefinition
from eo_ingest.grid.zone import Bounds, Zone, utm_zones

Cell = TypeVar("Cell", Tile, Block)
AnyDefinition = Definition | PlanarDefinition | ChipsDefinition


def grid_names() -> list[str]:
    """Return the names of the grids that come with the package."""
    return data.names("grids", ".toml")


@dataclass(frozen=True)
class Grid:
    """A named set of zones.

    Attributes:
        definition: what the grid's TOML file says.
        chips: where the chips are, if it is a grid of chips.
    """

    definition: AnyDefinition
    chips: Chips | None = field(default=None, compare=False, repr=False)

    @classmethod
    def load(cls, name: str) -> "Grid":
        """Return the grid of that name, or of that TOML file.

        Raises:
            ConfigError: if there is none, or its definition is wrong.
        """
        from eo_ingest.grid.loading import load

        return load(name)

    @classmethod
    def of(cls, stored: Mapping[str, Any], chips: Chips | None = None) -> "Grid":
        """Return the grid of a definition as a store keeps it.

        Raises:
            ConfigError: if it is no definition, or differs from that of the grid that has its name here.
        """
        from eo_ingest.grid.loading import restore

        return restore(stored, chips)

    @property
    def name(self) -> str:
        """The grid's name."""
        return self.definition.name

    @property
    def lattice(self) -> Lattice:
        """The numbers that are the same in all zones."""
        return self.definition.lattice

    @property
    def bounds(self) -> Bounds:
        """What the grid is for, in degrees: (west, south, east, north)."""
        if isinstance(self.definition, PlanarDefinition):
            return self.definition.bounds
        south, north = self.definition.latitude if isinstance(self.definition, Definition) else (-80.0, 84.0)
        return -180.0, south, 180.0, north

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
        definition = self.definition
        if isinstance(definition, PlanarDefinition):
            return (definition.zone(),)
        if isinstance(definition, ChipsDefinition):
            return tuple(chip_zones(self.chips, definition.lattice)) if self.chips else ()
        south, north = definition.latitude
        return tuple(
            utm_zones(
                definition.lattice,
                block_rows=definition.block_rows,
                block_cols=definition.block_cols,
                south=south,
                north=north,
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
        """Return the tiles that share area with a polygon in EPSG:4326; see `eo_ingest.grid.enumerate.cover`."""
        return cover(self, geometry)

    def _expected(self) -> str:
        names = [zone.name for zone in self.zones]
        return f"expected one of {names[0]} … {names[-1]}" if len(names) > 6 else f"expected one of {', '.join(names)}"


def _owner(zone: str) -> str | None:
    """Return the name of the packaged grid that has a zone of that name."""
    return next((name for name in grid_names() if any(zone == other.name for other in Grid.load(name).zones)), None)
