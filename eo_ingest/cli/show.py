"""`aoi`, `grid` and `product`: what there is."""

from __future__ import annotations

import json
from typing import Any

import click

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, to stdout.")


def _print(values: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(values))
        return
    width = max(map(len, values))
    for name, value in values.items():
        text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
        click.echo(f"{name.ljust(width)}  {text}")


def _list(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(rows))
        return
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        click.echo(f"{row['name'].ljust(width)}  {row['title']}")


@click.group()
def aoi() -> None:
    """List and show areas of interest."""


@aoi.command("list")
@_JSON
def aoi_list(as_json: bool) -> None:
    """List the registered areas."""
    from eo_ingest import aoi as areas

    _list([{"name": name, "title": areas.describe(name)["title"]} for name in areas.registry()], as_json=as_json)


@aoi.command("show")
@click.argument("name")
@click.option("--grid", "grid_name", default="utm", show_default=True, help="The grid to count tiles of.")
@_JSON
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
    _print(shown, as_json=as_json)


@click.group()
def grid() -> None:
    """List and show grids."""


@grid.command("list")
@_JSON
def grid_list(as_json: bool) -> None:
    """List the grids."""
    from eo_ingest.grid import Grid, grid_names

    rows = []
    for name in grid_names():
        made = Grid.load(name)
        side = made.definition.resolution * made.definition.tile_px
        rows.append({"name": name, "title": f"{len(made.zones)} zones, tiles of {side} m"})
    _list(rows, as_json=as_json)


@grid.command("show")
@click.argument("name")
@_JSON
def grid_show(name: str, as_json: bool) -> None:
    """Show a grid, or one tile, block or zone of the grid that has it: NAME is any of these."""
    from eo_ingest.grid import Grid, grid_names

    if name in grid_names():
        made = Grid.load(name)
        shown = {**made.as_json(), "zones": len(made.zones), "digest": made.digest}
    else:
        shown = _cell(name)
    _print(shown, as_json=as_json)


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


@click.group()
def product() -> None:
    """List and show products."""


@product.command("list")
@_JSON
def product_list(as_json: bool) -> None:
    """List the products."""
    from eo_ingest.products import REGISTRY

    _list([{"name": name, "title": made.title} for name, made in REGISTRY.items()], as_json=as_json)


@product.command("show")
@click.argument("name")
@_JSON
def product_show(name: str, as_json: bool) -> None:
    """Show a product: its variables and bands, sampling, sources, licence and citation."""
    from eo_ingest import products

    shown = products.get(name).definition()
    if as_json:
        click.echo(json.dumps(shown))
        return
    variables = shown.pop("variables")
    _print(shown, as_json=False)
    for variable in variables:
        click.echo()
        flags = variable.pop("flags")
        _print({k: v for k, v in variable.items() if v is not None}, as_json=False)
        for flag in flags:
            click.echo(f"  {flag['value']:>3}  {flag['colour']}  {flag['meaning']}")
