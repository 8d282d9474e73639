"""`aoi`: areas of interest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eo_ingest.cli.printing import JSON, print_rows, print_values

if TYPE_CHECKING:
    from eo_ingest.aoi import AOI
    from eo_ingest.grid import Cover


@click.group()
def aoi() -> None:
    """List and show areas of interest."""


@aoi.command("list")
@JSON
def aoi_list(as_json: bool) -> None:
    """List the registered areas. Any country is one too: iso:LUX, or "iso:Luxembourg"."""
    from eo_ingest import aoi as areas

    print_rows([{"name": name, "title": areas.describe(name)["title"]} for name in areas.registry()], as_json=as_json)


@aoi.command("show")
@click.argument("name")
@click.option("--grid", "grid_name", default="utm", show_default=True, help="The grid to count tiles of.")
@click.option(
    "--map",
    "map_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw the area and its tiles, as a PNG, into this file.",
)
@JSON
def aoi_show(name: str, grid_name: str, map_file: Path | None, as_json: bool) -> None:
    """Show an area: NAME is a registry name, iso: and a country, a file, or west,south,east,north."""
    from eo_ingest import runtime
    from eo_ingest.grid import Grid

    grid = Grid.load(grid_name)
    area = runtime.area(name, grid)
    cover = grid.cover(area.geometry)
    shown = _shown(area, cover)
    if map_file is not None:
        _draw(map_file, area, cover, shown)
    print_values(shown if as_json else {k: v for k, v in shown.items() if v not in (None, [])}, as_json=as_json)


def _shown(area: AOI, cover: Cover) -> dict[str, Any]:
    from pyproj import Geod

    from eo_ingest import aoi as areas

    said = areas.describe(area.name) if area.name in areas.registry() else {}
    square_metres = abs(Geod(ellps="WGS84").geometry_area_perimeter(area.geometry)[0])
    return {
        "name": area.name,
        "title": said.get("title") or _countries(area.name) or area.name,
        "area_km2": round(square_metres / 1e6, 1),
        "bounds": [round(v, 6) for v in area.geometry.bounds],
        "grid": cover.grid.name,
        "zones": [zone.zone.name for zone in cover.zones],
        "tiles": cover.tiles,
        "blocks": len(cover.blocks),
        "source": area.source,
        "licence": area.licence,
        "made": said.get("made"),
        "notes": [*area.notes, *([said["note"]] if "note" in said else [])],
    }


def _countries(name: str) -> str:
    """The names of the countries of `iso:BEL,LUX`; empty for other areas."""
    from eo_ingest.aoi.country import PREFIX, countries

    codes = name.removeprefix(PREFIX).split(",") if name.startswith(PREFIX) else []
    return ", ".join(countries().name(code) for code in codes)


def _draw(path: Path, area: AOI, cover: Cover, shown: dict[str, Any]) -> None:
    """Draw a map into a file.

    Raises:
        ConfigError: if the file cannot be written.
    """
    from eo_ingest.atlas import draw
    from eo_ingest.errors import ConfigError

    side = cover.grid.lattice.tile_size / 1000
    zones = f"{len(cover.zones)} zones" if len(cover.zones) > 1 else cover.zones[0].zone.name
    tiles = f"{cover.tiles:,} tiles of {side:g} km in {shown['blocks']:,} blocks"
    facts = [f"{area.name}: {shown['area_km2']:,.0f} km²; {tiles}, grid {cover.grid.name} ({zones})"]
    words = [f"Outline: {area.source}{f'; {area.licence}' if area.licence else ''}. {shown['made'] or ''}".strip()]
    picture = draw(area, cover, title=shown["title"], facts=facts, notes=[*words, *shown["notes"]])
    try:
        path.write_bytes(picture)
    except OSError as err:
        raise ConfigError(f"cannot write the map {str(path)!r}: {err.strerror or err}") from err
