"""`grid`: grids, zones, blocks and tiles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eo_ingest.cli.printing import JSON, print_rows, print_values
from eo_ingest.cli.text import count, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eo_ingest.audit import Figures
    from eo_ingest.grid import Grid

_GRID = click.option(
    "--grid", "grid_name", default="utm", show_default=True, help="A name of `grid list`, or a TOML file of your own."
)
_AOI = click.option("--aoi", "aoi_name", help="The area.  [default: all chips, with a grid of chips]")


@click.group()
def grid() -> None:
    """List, show and audit grids, and write their tiles."""


@grid.command("list")
@JSON
def grid_list(as_json: bool) -> None:
    """List the grids that come with eo-ingest."""
    from eo_ingest.grid import Grid, grid_names

    print_rows([{"name": name, "title": _title(Grid.load(name))} for name in grid_names()], as_json=as_json)


@grid.command("show")
@click.argument("name")
@JSON
def grid_show(name: str, as_json: bool) -> None:
    """Show a grid, or one tile, block or zone of the grid that has it: NAME is any of these, or a TOML file."""
    from eo_ingest.grid import Grid, grid_names

    if name in grid_names() or name.endswith(".toml"):
        made = Grid.load(name)
        shown = {**made.as_json(), "zones": len(made.zones), "digest": made.digest}
    else:
        shown = _cell(name)
    print_values(shown, as_json=as_json)


@grid.command("audit")
@_AOI
@_GRID
@click.option(
    "--within", metavar="W,S,E,N", help="Measure in this box only. Which tiles there are is decided by the whole area."
)
@JSON
def grid_audit(aoi_name: str | None, grid_name: str, within: str | None, as_json: bool) -> None:
    """Measure a grid over an area: ground that two tiles have or none, pixels on the ground, tiles per zone.

    Beside it stands what the method of geetiles, by which M3LEO's tiles were made, would give.
    """
    from eo_ingest import aoi as areas
    from eo_ingest import audit, runtime
    from eo_ingest.grid import Grid

    made = Grid.load(grid_name)
    area = runtime.area(_named(aoi_name, grid_name), made)
    box = areas.load(within).geometry if within else None
    figures = audit.audit(made.cover(area.geometry), area.geometry, within=box)
    if as_json:
        result = {"aoi": area.name, "grid": made.name, "within": within, "figures": [one.as_json() for one in figures]}
        click.echo(json.dumps(result))
        return
    _print_audit(made, figures)


@grid.command("tiles")
@_AOI
@_GRID
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file, a GeoParquet.")
@JSON
def grid_tiles(aoi_name: str | None, grid_name: str, out: Path, as_json: bool) -> None:
    """Write the tiles of an area to a file: ids, blocks, countries, outlines. Nothing is made of them."""
    from eo_ingest import runtime
    from eo_ingest.catalog import write_tiles
    from eo_ingest.grid import Grid, iter_zones

    made = Grid.load(grid_name)
    area = runtime.area(_named(aoi_name, grid_name), made)
    written = write_tiles(iter_zones(made, area.geometry), area.name, out)
    if as_json:
        click.echo(json.dumps({"aoi": area.name, "grid": made.name, "tiles": written, "file": str(out)}))
        return
    click.echo(f"{area.name} on {made.name}: {count(written, 'tile')} in {out}")


def _named(aoi_name: str | None, grid_name: str) -> str:
    """The area that was asked for, or all chips of the grid.

    Raises:
        MissingParameter: if neither can be meant.
    """
    from eo_ingest.config import ALL_CHIPS

    if aoi_name is None and not grid_name.endswith(".toml"):
        raise click.MissingParameter(param_hint="'--aoi'", param_type="option")
    return aoi_name or ALL_CHIPS


def _title(made: Grid) -> str:
    side = made.lattice.tile_size
    zones = f"{len(made.zones)} zones" if len(made.zones) > 1 else made.zones[0].crs
    return f"{zones}, tiles of {side} m"


def _print_audit(made: Grid, figures: Sequence[Figures]) -> None:
    size = f"{made.lattice.resolution} m on the ground"
    header = ("", "tiles", "double cover", "gaps", f"{size}: least", "mean", "most")
    rows = [
        (
            one.method,
            f"{one.tiles:,}",
            f"{one.double:.2%}",
            "–" if one.gap is None else f"{one.gap:.2%}",
            f"{one.pixels.least:.3f}",
            f"{one.pixels.mean:.3f}",
            f"{one.pixels.most:.3f}",
        )
        for one in figures
    ]
    click.echo(table(header, rows))
    click.echo()
    click.echo(table(("zone", "tiles"), [(zone, f"{tiles:,}") for zone, tiles in figures[0].zones.items()]))
    if figures[0].covered:
        least, mean = figures[0].covered
        click.echo(f"\nchips cover {mean:.1%} of their footprints in the mean, {least:.1%} at least")
    if len(figures) == 1 and made.chips is None:
        click.echo("\nthe method of geetiles fails here: the area reaches too far from its one UTM zone", err=True)


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
        cell = made.tile(name) if name.split("_")[1].isdecimal() else made.block(name)
        return {
            "grid": grid_name,
            "id": cell.id,
            "crs": zone.crs,
            "bounds": list(zone.bounds(cell)),
            "transform": list(zone.affine(cell)),
        }
    raise ConfigError(f"there is no grid, zone, block or tile {name!r}: the grids are {', '.join(grid_names())}")
