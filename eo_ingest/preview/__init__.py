"""Pictures of a store: what people look at before they believe numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eo_ingest.errors import ConfigError
from eo_ingest.preview import provenance, sheet
from eo_ingest.preview.choose import Ask, Choice, choose
from eo_ingest.preview.gather import Gathered, State, gather
from eo_ingest.preview.overview import Overview
from eo_ingest.preview.section import sections

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from eo_ingest.grid import Grid
    from eo_ingest.ports import Store
    from eo_ingest.preview.frame import Header
    from eo_ingest.preview.series import Series
    from eo_ingest.preview.sheet import Layout

__all__ = ["Ask", "Sheet", "draw", "write_png"]


@dataclass(frozen=True)
class Sheet:
    """A contact sheet: the picture, what is on it as plain values, and what could not be read."""

    picture: Image
    told: dict[str, Any]
    unreadable: tuple[str, ...]


def draw(store: Store, grid: Grid, ask: Ask) -> Sheet:
    """Draw what a store has: a tile in all its products, or the mosaic of a zone.

    Raises:
        ConfigError: if the store has nothing of what is asked for, or it does not fit into the sheet.
        StoreError: if a run's description or a tile index is damaged.
        OutputError: if the metadata of a product are. Damaged pixels make a failed tile, and are told of.
    """
    choice = choose(store, grid, ask)
    header = provenance.header(store, grid, choice, asked_for_tile=ask.tile is not None)
    layout, choice, left_out = _fitted(choice, header, ask)
    seen = {one.name for arrangement in layout.sections for one in arrangement.section.series}
    found = {
        (one.product, one.period): gather(store, choice.view, holding, one, layout.measure.px)
        for holding, one in zip(choice.territory.holdings, choice.series, strict=True)
        if one.name in seen
    }
    unreadable = tuple(sorted({problem for one in found.values() for problem in one.unreadable}))
    picture, drawn = sheet.draw(layout, found)
    told: dict[str, Any] = {
        "store": provenance.store_name(store),
        "grid": grid.name,
        "zone": choice.view.zone.name,
        "crs": choice.view.zone.crs,
        "bounds": list(choice.view.bounds),
        "tile": choice.tile.id if choice.tile else None,
        "tiles": [choice.view.rows, choice.view.cols],
        "whole": choice.whole,
        "synthetic": header.synthetic is not None,
        "metres_per_pixel": choice.view.zone.tile_size / layout.measure.px,
        "width": picture.width,
        "height": picture.height,
        "sections": [{**part, "states": _states(part, found)} for part in drawn],
        "left_out": [series.name for series in left_out],
        "unreadable": list(unreadable),
    }
    return Sheet(picture, told, unreadable)


def _fitted(choice: Choice, header: Header, ask: Ask) -> tuple[Layout, Choice, list[Series]]:
    """The layout with the largest panels; where none fits, without the earliest periods of who has most of them."""
    left_out: list[Series] = []
    while True:
        parts = sections(choice.series, ask.frame)
        if not parts:
            labels = ", ".join(dict.fromkeys(frame.label for series in choice.series for frame in series.frames))
            names = sorted({series.product for series in choice.series})
            who = f"product {names[0]!r}" if len(names) == 1 else "what is there"
            raise ConfigError(f"{who} has the frames {labels}, not {ask.frame!r}")
        overview = None if choice.whole else Overview.of(choice.territory.holdings)
        said = provenance.small_print(choice.series, left_out)
        layout = sheet.fitting(sheet.Content(choice.view, header, said, parts, overview), ask.max_px)
        if layout:
            return layout, choice, left_out
        counts = Counter(series.product for series in choice.series)
        product, most = counts.most_common(1)[0]
        if most == 1:
            panels = sum(len(part.columns) * len(part.strips) for part in parts)
            side = ask.max_px or sheet.MAX_PX
            raise ConfigError(
                f"{panels} panels do not fit into {side} × {side} pixels: choose products, a period or a "
                "frame, or allow more with --max-px"
            )
        dropped = next(series for series in choice.series if series.product == product)
        left_out.append(dropped)
        choice = choice.without(dropped)


def _states(part: dict[str, Any], found: dict[tuple[str, str], Gathered]) -> dict[str, dict[str, int]]:
    """By period, how many tiles stand how."""
    counted = {}
    for period in part["periods"]:
        one = found[part["product"], period]
        counted[period] = {s.name.lower(): one.count(s) for s in (State.OK, State.EMPTY, State.FAILED, State.MISSING)}
    return counted


def write_png(picture: Image, path: Path, *, title: str = "") -> None:
    """Write a picture as a PNG.

    Raises:
        ConfigError: if it cannot be written there.
    """
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Title", title)
    info.add_text("Software", "eo-ingest")
    try:
        picture.save(path, format="PNG", pnginfo=info)
    except OSError as err:
        raise ConfigError(f"cannot write the picture {path}: {err.strerror or err}") from err
