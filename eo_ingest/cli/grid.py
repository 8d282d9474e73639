"""`grid`: grids, zones, blocks and tiles."""

from __future__ import annotations

from typing import Any

import click

from eo_ingest.cli.printing import JSON, print_rows, print_values


@click.group()
def grid() -> None:
    """List and show grids."""


@grid.command("list")
@JSON
def grid_list(as_json: bool) -> None:
    """List the grids."""
    from eo_ingest.grid import Grid, grid_names

    rows = []
    for name in grid_names():
        made = Grid.load(name)
        side = made.definition.resolution * made.definition.tile_px
        rows.append({"name": name, "title": f"{len(made.zones)} zones, tiles of {side} m"})
    print_rows(rows, as_json=as_json)


@grid.command("show")
@click.argument("name")
@JSON
def grid_show(name: str, as_json: bool) -> None:
    """Show a grid, or one tile, block or zone of the grid that has it: NAME is any of these."""
    from eo_ingest.grid import Grid, grid_names

    if name in grid_names():
        made = Grid.load(name)
        shown = {**made.as_json(), "zones": len(made.zones), "digest": made.digest}
    else:
        shown = _cell(name)
    print_values(shown, as_json=as_json)


def _cell(name: str) -> dict[str, Any]:
    """A zone, a block or a tile of whichever grid has it."""
    from eo_ingest.errors import ConfigError
    from eo_ingest.grid import Grid, grid_names

    for grid_name in grid_names():
        made = Grid.load(grid_name)
        zone_name = name.split("_", 1)[0]
        if zone_name not in {zone.name for zone in made.zones}:
            continue
        zone = made.zone(zone_name)
        if name == zone_name:
            return {"grid": grid_name, "zone": name, "crs": zone.crs, "shape": list(zone.shape())}
        cell = made.block(name) if "_b" in name else made.tile(name)
        bounds = list(zone.bounds(cell))
        return {
            "grid": grid_name,
            "id": cell.id,
            "crs": zone.crs,
            "bounds": bounds,
            "transform": list(zone.affine(cell)),
        }
    raise ConfigError(f"there is no grid, zone, block or tile {name!r}: the grids are {', '.join(grid_names())}")
