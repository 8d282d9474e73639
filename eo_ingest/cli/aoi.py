"""`aoi`: areas of interest."""

from __future__ import annotations

import click

from eo_ingest.cli.printing import JSON, print_rows, print_values


@click.group()
def aoi() -> None:
    """List and show areas of interest."""


@aoi.command("list")
@JSON
def aoi_list(as_json: bool) -> None:
    """List the registered areas."""
    from eo_ingest import aoi as areas

    print_rows([{"name": name, "title": areas.describe(name)["title"]} for name in areas.registry()], as_json=as_json)


@aoi.command("show")
@click.argument("name")
@click.option("--grid", "grid_name", default="utm", show_default=True, help="The grid to count tiles of.")
@JSON
def aoi_show(name: str, grid_name: str, as_json: bool) -> None:
    """Show an area: NAME is a registry name, a file, or west,south,east,north."""
    from pyproj import Geod

    from eo_ingest import aoi as areas
    from eo_ingest.grid import Grid

    area = areas.load(name)
    cover = Grid.load(grid_name).cover(area.geometry)
    square_metres = abs(Geod(ellps="WGS84").geometry_area_perimeter(area.geometry)[0])
    shown = {
        "name": area.name,
        "area_km2": round(square_metres / 1e6, 1),
        "bounds": [round(v, 6) for v in area.geometry.bounds],
        "zones": [zone.zone.name for zone in cover.zones],
        "tiles": cover.tiles,
        "blocks": len(cover.blocks),
        "source": area.source,
        "licence": area.licence,
        "notes": list(area.notes),
    }
    print_values(shown, as_json=as_json)
