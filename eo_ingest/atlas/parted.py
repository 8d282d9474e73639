"""The map of a split: which tiles are in which, and which in none, as a picture (PNG)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import shapely

from eo_ingest.atlas import ground
from eo_ingest.atlas.sheet import TALLEST, WIDTH, _ground, _label_graticule, _scale_bar
from eo_ingest.atlas.view import View
from eo_ingest.preview import lettering

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image

    from eo_ingest.split import Parting

    Ink = tuple[int, int, int]

_MARGIN, _LARGE, _SMALL, _LINE = 36, 26, 15, 21
_NONE: Ink = (70, 70, 70)
# Okabe and Ito's, which colour-blind readers tell apart; with more splits they come again.
_INKS: tuple[Ink, ...] = (
    (86, 180, 233),
    (213, 94, 0),
    (240, 228, 66),
    (0, 158, 115),
    (204, 121, 167),
    (0, 114, 178),
    (230, 159, 0),
)
_STRIP = 200
_LEAST_PX = 2.0  # a tile is at least so wide on the map where tiles are drawn one by one


def draw(parting: Parting, *, title: str, facts: Sequence[str]) -> bytes:
    """Draw where the tiles of each split are.

    Args:
        parting: the tiles and their splits.
        title: the heading.
        facts: lines below it.
    """
    from PIL import Image, ImageDraw

    places = np.unique(parting.tiles.lonlat.round(2), axis=0)
    view = View.of(shapely.MultiPoint(places), WIDTH, TALLEST)
    counts = parting.counts()
    legend = [(name, _INKS[number % len(_INKS)]) for number, name in enumerate(parting.names)]
    legend.append(("guard", _NONE))
    rows = _legend_rows(counts, legend)
    head = _MARGIN + _LARGE + 18 + (len(facts) + len(rows)) * _LINE
    canvas = Image.new("RGB", (WIDTH + 2 * _MARGIN, head + view.height + _MARGIN), "white")
    pen = ImageDraw.Draw(canvas)
    lettering.write(pen, (_MARGIN, _MARGIN), lettering.shortened(title, _LARGE, WIDTH, bold=True), _LARGE, bold=True)
    for number, fact in enumerate(facts):
        at = (_MARGIN, _MARGIN + _LARGE + 12 + number * _LINE)
        lettering.write(pen, at, lettering.shortened(fact, _SMALL, WIDTH), _SMALL, ink=lettering.GREY)
    for number, row in enumerate(rows, start=len(facts)):
        top = _MARGIN + _LARGE + 12 + number * _LINE
        for left, ink, text in row:
            pen.rectangle((left, top + 2, left + 13, top + 15), fill=ink)
            lettering.write(pen, (left + 20, top), text, _SMALL)
    canvas.paste(_map(view, parting), (_MARGIN, head))
    pen.rectangle((_MARGIN - 1, head - 1, _MARGIN + view.width, head + view.height), outline=lettering.GREY)
    file = io.BytesIO()
    canvas.save(file, "PNG", optimize=True)
    return file.getvalue()


def _legend_rows(counts: dict[str, int], legend: Sequence[tuple[str, Ink]]) -> list[list[tuple[int, Ink, str]]]:
    """The legend in as many rows as it takes: where each entry begins, its colour and its words."""
    rows: list[list[tuple[int, Ink, str]]] = [[]]
    left = _MARGIN
    for name, ink in legend:
        text = f"{name} {counts[name]:,}"
        wide = 20 + int(lettering.width(text, _SMALL)) + 28
        if left + wide > _MARGIN + WIDTH and rows[-1]:
            rows.append([])
            left = _MARGIN
        rows[-1].append((left, ink, text))
        left += wide
    return rows


def _map(view: View, parting: Parting) -> Image:
    from PIL import Image, ImageDraw

    net = ground.graticule(view)
    picture = _ground(view, net)
    if parting.tiles.grid.lattice.stacked:
        pen = ImageDraw.Draw(picture)
        for ring, ink in _rings(view, parting):
            pen.polygon([(float(x), float(y)) for x, y in ring], fill=ink)
    else:
        inks = np.array([_NONE, *(_INKS[number % len(_INKS)] for number in range(len(parting.names)))])
        pixels = np.asarray(picture).astype(np.float64)
        splits = _pixels(view, parting)
        held = splits > -2
        pixels[held] = 0.1 * pixels[held] + 0.9 * inks[splits[held] + 1]
        picture = Image.fromarray(np.round(pixels).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    if not view.is_whole:
        _label_graticule(pen, view, net)
    _scale_bar(pen, view)
    return picture


def _pixels(view: View, parting: Parting) -> NDArray[np.int32]:
    """The split of the tile at each pixel, -1 where it is in none, -2 where there is no tile."""
    from pyproj import Transformer

    tiles = parting.tiles
    made = np.full((view.height, view.width), -2, dtype=np.int32)
    zones = [zone for zone, _ in tiles.parts()]
    there = {zone.name: Transformer.from_crs("EPSG:4326", zone.crs, always_xy=True) for zone in zones}
    columns = np.arange(view.width) + 0.5
    for first in range(0, view.height, _STRIP):
        lines = np.arange(first, min(first + _STRIP, view.height)) + 0.5
        across, down = (axis.ravel() for axis in np.meshgrid(columns, lines))
        lon, lat = view.lonlat(across, down)
        for zone in zones:
            west, south, east, north = zone.band
            places = np.flatnonzero((lon >= west) & (lon < east) & (lat >= south) & (lat < north))
            x, y = there[zone.name].transform(lon[places], lat[places])
            rows = np.floor((zone.y_top - y) / zone.tile_size).astype(np.int32)
            cols = np.floor((x - zone.x_left) / zone.tile_size).astype(np.int32)
            found = tiles.places(zone.name, rows, cols)
            held = found >= 0
            made.flat[places[held] + first * view.width] = parting.splits[found[held]]
    return made


def _rings(view: View, parting: Parting) -> Iterator[tuple[NDArray[np.float64], Ink]]:
    """Chips as squares on the map, with their colours; those too small to be seen are drawn larger."""
    tiles = parting.tiles
    corners = tiles.corners(np.arange(len(tiles)))
    placed = view.place(*corners.reshape(-1, 2).T).reshape(corners.shape)
    middle = placed.mean(axis=1, keepdims=True)
    wide = np.ptp(placed[..., 0], axis=1)
    grown = middle + (placed - middle) * np.maximum(1, _LEAST_PX / np.maximum(wide, 1e-6))[:, None, None]
    for ring, split, span in zip(grown, parting.splits.tolist(), wide.tolist(), strict=True):
        if np.isfinite(ring).all() and span < view.width / 2:
            yield ring, _NONE if split < 0 else _INKS[split % len(_INKS)]
