"""What a sheet says of itself: where it is, whose data it shows, whether they are made up, and what is not on it."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import TYPE_CHECKING

import eo_ingest
from eo_ingest.preview.frame import Header
from eo_ingest.stores import layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eo_ingest.grid import Grid
    from eo_ingest.ports import Store
    from eo_ingest.preview.choose import Choice
    from eo_ingest.preview.series import Series
    from eo_ingest.preview.view import View


def is_synthetic(store: Store) -> bool:
    """Whether a store says that its data are made up."""
    return bool(json.loads(store.get(layout.ROOT))["attributes"][layout.OURS]["synthetic"])


def store_name(store: Store) -> str:
    """The last part of a store's address: a picture tells of no folder of its maker."""
    return PurePath(store.url.rstrip("/")).name


def header(store: Store, grid: Grid, choice: Choice, *, asked_for_tile: bool) -> Header:
    """The words over the sheet; `asked_for_tile`: the tile was named, not found."""
    view = choice.view
    title = f"Tile {choice.tile.id}" if choice.tile else f"{store_name(store)}, zone {view.zone.name}"
    aois = [name for name, masks in sorted(choice.territory.aois.items()) if view.count(masks)]
    where = f"store {store_name(store)} · AOI {', '.join(aois)} · grid {grid.name}, {view.zone.crs} · {_ground(view)}"
    return Header(
        title,
        (where, *_notes(choice, asked_for_tile=asked_for_tile)),
        "SYNTHETIC DATA" if is_synthetic(store) else None,
    )


def _ground(view: View) -> str:
    left, bottom, right, top = (f"{value:,.0f}".replace(",", "\u2009") for value in view.bounds)
    wide, tall = (f"{metres / 1000:g}" for metres in view.size)
    longitude, latitude = _centre(view)
    place = (
        f"{abs(latitude):.4f}°{'N' if latitude >= 0 else 'S'}, {abs(longitude):.4f}°{'E' if longitude >= 0 else 'W'}"
    )
    extent = f"({wide}\u00a0×\u00a0{tall}\u00a0km)"
    return f"x {left} to {right}\u00a0m, y {bottom} to {top}\u00a0m {extent} · centre {place}"


def _centre(view: View) -> tuple[float, float]:
    """Longitude and latitude of the middle, in degrees."""
    from pyproj import Transformer

    left, bottom, right, top = view.bounds
    to_degrees = Transformer.from_crs(view.zone.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform((left + right) / 2, (bottom + top) / 2)
    return float(longitude), float(latitude)


def _notes(choice: Choice, *, asked_for_tile: bool) -> list[str]:
    """What else the store has: more than the window, and other zones."""
    view, notes = choice.view, []
    if view.zone.stacked and not asked_for_tile:
        notes.append(f"The first of {choice.zones[view.zone.name]:,} chips of the zone: --tile draws any one.")
    elif choice.tile:
        return []
    if not choice.whole:
        notes.append(
            f"A window of {view.cols} × {view.rows} tiles, where most were made: all {choice.zones[view.zone.name]:,} "
            "of the zone would be too much to read. --tile draws any one."
        )
    others = [f"{name} ({count:,})" for name, count in choice.zones.items() if name != view.zone.name]
    if others:
        notes.append(f"Tiles of other zones were asked for too, --zone draws them: {', '.join(others)}")
    return notes


def small_print(found: Sequence[Series], left_out: Sequence[Series]) -> tuple[str, ...]:
    """Whose data these are and under what licence, how they are painted, and what there was no room for."""
    names: dict[tuple[str, str], list[str]] = {}
    for series in found:
        about = names.setdefault((series.citation, series.licence), [])
        if series.product not in about:
            about.append(series.product)
    lines = [f"{', '.join(products)}: {cited} ({licence})" for (cited, licence), products in names.items()]
    painted = (
        "Panels show means of what is measured and the nearest value of all else; scales leave out 2 % at either end"
    )
    lines.append(f"{painted}. Drawn by eo-ingest {eo_ingest.__version__}.")
    if left_out:
        lines.append(
            f"Not drawn, for want of room: {', '.join(series.name for series in left_out)} (--period, --max-px)."
        )
    return tuple(lines)
