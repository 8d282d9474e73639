"""The sheet: title, map, globe, scale bar and sources of an area, as a PNG."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.atlas import cells, ground
from eo_ingest.atlas.view import View
from eo_ingest.preview import lettering

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from eo_ingest.aoi import AOI
    from eo_ingest.grid import Cover

    Line = NDArray[np.float64]
    Ink = tuple[int, int, int]

WIDTH, TALLEST = 1240, 900
_FINE = 3  # the ground is drawn so much larger, then made smooth
_MARGIN, _LARGE, _SMALL, _LINE = 36, 26, 15, 21
_GLOBE = 150
_SEA: Ink = (222, 232, 239)
_LAND: Ink = (246, 244, 238)
_BORDER: Ink = (190, 184, 172)
_NET: Ink = (202, 214, 223)
_AREA: Ink = (160, 44, 20)
_TILES: tuple[Ink, Ink] = ((247, 190, 144), (240, 160, 108))
_TILE_EDGE: Ink = (222, 140, 92)
_BLOCK_EDGE: Ink = (190, 94, 52)
_ZONE: Ink = (92, 84, 130)
_MOST_ZONES = 24  # borders of zones are drawn where there are no more


def draw(area: AOI, cover: Cover, *, title: str, facts: Sequence[str], notes: Sequence[str]) -> bytes:
    """Draw an area and its tiles.

    Args:
        area: the area.
        cover: its tiles.
        title: the heading.
        facts: lines below it: figures.
        notes: lines at the foot: sources, licences and what is to be known.
    """
    from PIL import Image, ImageDraw

    view = View.of(area.geometry, WIDTH, TALLEST)
    feet = [line for note in notes for line in lettering.wrapped(note, _SMALL, WIDTH, lines=4)]
    head = _MARGIN + _LARGE + len(facts) * _LINE + 18
    canvas = Image.new("RGB", (WIDTH + 2 * _MARGIN, head + view.height + len(feet) * _LINE + 2 * _MARGIN), "white")
    pen = ImageDraw.Draw(canvas)
    lettering.write(pen, (_MARGIN, _MARGIN), title, _LARGE, bold=True)
    for number, fact in enumerate(facts):
        at = (_MARGIN, _MARGIN + _LARGE + 12 + number * _LINE)
        lettering.write(pen, at, lettering.shortened(fact, _SMALL, WIDTH), _SMALL, ink=lettering.GREY)
    canvas.paste(_map(view, area, cover), (_MARGIN, head))
    pen.rectangle((_MARGIN - 1, head - 1, _MARGIN + view.width, head + view.height), outline=lettering.GREY)
    for number, line in enumerate(feet):
        at = (_MARGIN, head + view.height + 16 + number * _LINE)
        lettering.write(pen, at, line, _SMALL, ink=lettering.GREY)
    file = io.BytesIO()
    canvas.save(file, "PNG", optimize=True)
    return file.getvalue()


def _map(view: View, area: AOI, cover: Cover) -> Image:
    from PIL import ImageDraw

    net = ground.graticule(view)
    picture = _ground(view, net)
    picture = _painted(picture, view, cover)
    picture = _lined(picture, view, area, cover)
    pen = ImageDraw.Draw(picture)
    if not view.is_whole:
        _label_graticule(pen, view, net)
    _label_zones(pen, view, cover)
    _scale_bar(pen, view)
    if not view.is_whole:
        _globe(picture, view, area)
    return picture


def _ground(view: View, net: tuple[ground.Lines, ground.Lines]) -> Image:
    """Sea and land with a graticule, smooth."""
    picture, pen = _fine(view, (255, 255, 255) if view.is_whole else _SEA)
    if view.is_whole:
        pen.polygon(_points(ground.edge(view)), fill=_SEA)
    for ring in ground.land(view):
        pen.polygon(_points(ring), fill=_LAND)
    for _, line in (*net[0], *net[1]):
        pen.line(_points(line), fill=_NET, width=_FINE - 1)
    for line in ground.borders(view):
        pen.line(_points(line), fill=_BORDER, width=_FINE - 1)
    return picture.resize((view.width, view.height), resample=1)


def _painted(picture: Image, view: View, cover: Cover) -> Image:
    """Tiles over the ground, which shows through."""
    from PIL import Image, ImageDraw

    if cover.grid.chips is not None:
        pen = ImageDraw.Draw(picture, "RGBA")
        for ring in cells.chips(view, cover):
            pen.polygon([(float(x), float(y)) for x, y in ring], fill=(*_TILES[1], 120), outline=_BLOCK_EDGE)
        return picture
    found = cells.cells(view, cover)
    pixels = np.asarray(picture).astype(np.float64)
    for number, ink in enumerate(_TILES, start=1):
        own = found.zone == number
        pixels[own] = 0.25 * pixels[own] + 0.75 * np.array(ink)
    tiles, blocks = found.tile_edges(), found.block_edges()
    pixels[tiles] = _TILE_EDGE
    pixels[blocks] = _BLOCK_EDGE if tiles.any() else _TILE_EDGE
    return Image.fromarray(np.round(pixels).astype(np.uint8))


def _lined(picture: Image, view: View, area: AOI, cover: Cover) -> Image:
    """The area's outline and the borders between zones over everything, smooth."""
    from PIL import Image, ImageDraw

    size = (view.width * _FINE, view.height * _FINE)
    layers = []
    for lines, width in (
        (ground.lines(view, area.geometry), _FINE + 1),
        (_zone_borders(view, cover), _FINE - 1),
    ):
        mask = Image.new("L", size, 0)
        pen = ImageDraw.Draw(mask)
        for line in lines:
            pen.line(_points(line), fill=255, width=width, joint="curve")
        layers.append(mask.resize((view.width, view.height), resample=1))
    picture.paste(_AREA, (0, 0), layers[0])
    picture.paste(_ZONE, (0, 0), layers[1])
    return picture


def _zone_borders(view: View, cover: Cover) -> Iterable[Line]:
    bands = [part.zone.band for part in cover.zones if part.zone.name.startswith("utm")]
    if not 2 <= len(bands) <= _MOST_ZONES:
        return
    south, north = min(band[1] for band in bands), max(band[3] for band in bands)
    for lon in sorted({edge for band in bands for edge in (band[0], band[2])}):
        yield from ground.meridian(view, lon, south, north)


def _label_graticule(pen: ImageDraw, view: View, net: tuple[ground.Lines, ground.Lines]) -> None:
    """Degrees where meridians meet the lower edge and parallels the left one."""
    meridians, parallels = net
    for degrees, line in meridians:
        x = _crossing(line, axis=1, edge=view.height - 4)
        if x is not None and 30 < x < view.width - 170:
            _tag(pen, (x, view.height - 5), _degrees(degrees, "EW"), "ms")
    for degrees, line in parallels:
        y = _crossing(line, axis=0, edge=4)
        if y is not None and 30 < y < view.height - 30:
            _tag(pen, (6, y), _degrees(degrees, "NS"), "lm")


def _crossing(line: Line, *, axis: int, edge: float) -> float | None:
    """Where a line crosses an edge of the canvas, along it."""
    over = np.flatnonzero(np.diff(np.sign(line[:, axis] - edge)))
    if not len(over):
        return None
    one, two = line[over[0]], line[over[0] + 1]
    share = (edge - one[axis]) / (two[axis] - one[axis]) if two[axis] != one[axis] else 0.0
    return float(one[1 - axis] + share * (two[1 - axis] - one[1 - axis]))


def _degrees(value: float, letters: str) -> str:
    text = f"{abs(value):.2f}".rstrip("0").rstrip(".")
    return f"{text}°{letters[int(value < 0)] if value % 180 else ''}"


def _tag(pen: ImageDraw, at: tuple[float, float], text: str, anchor: str, ink: Ink = lettering.GREY) -> None:
    box = pen.textbbox(at, text, font=lettering.font(_SMALL - 2), anchor=anchor)
    pen.rectangle((box[0] - 2, box[1] - 1, box[2] + 2, box[3] + 1), fill=(255, 255, 255))
    lettering.write(pen, at, text, _SMALL - 2, ink=ink, anchor=anchor)


def _label_zones(pen: ImageDraw, view: View, cover: Cover) -> None:
    """The number and letter of each UTM zone, at the top of the map in the middle of its band."""
    zones = [part.zone for part in cover.zones if part.zone.name.startswith("utm")]
    if len(zones) > _MOST_ZONES:
        return
    for zone in zones:
        west, south, east, north = zone.band
        edge, axis_south = (14.0, False) if zone.name.endswith("n") else (view.height - 30.0, True)
        for line in ground.meridian(view, (west + east) / 2, south, north):
            x = _crossing(line, axis=1, edge=edge)
            if x is not None and 20 < x < view.width - 20:
                _tag(pen, (x, edge), zone.name.removeprefix("utm").upper(), "mb" if axis_south else "mt", _ZONE)


def _scale_bar(pen: ImageDraw, view: View) -> None:
    """A bar of a round length; the map is equal-area, so it holds in its middle."""
    if view.is_whole:
        return
    most = 150 * view.metres
    power = 10.0 ** np.floor(np.log10(most))
    length = max(power * step for step in (1, 2, 5) if power * step <= most)
    pixels = length / view.metres
    right, below = view.width - 20, view.height - 16
    pen.rectangle((right - pixels - 10, below - 24, right + 10, below + 8), fill=(255, 255, 255))
    pen.rectangle((right - pixels, below - 3, right, below), fill=lettering.BLACK)
    text = f"{length / 1000:,.0f} km" if length >= 1000 else f"{length:.0f} m"
    lettering.write(pen, (right - pixels / 2, below - 7), text, _SMALL - 2, anchor="ms")


def _globe(picture: Image, view: View, area: AOI) -> None:
    """The area on the Earth, in a corner of the map."""
    from PIL import Image, ImageDraw

    lon, lat = view.centre
    projection = f"+proj=ortho +lat_0={lat:.4f} +lon_0={lon:.4f}"
    metres = 2 * 6_400_000.0 / _GLOBE
    small = View(projection, view.centre, 89.0, -6_400_000.0, 6_400_000.0, metres, _GLOBE, _GLOBE)
    globe, pen = _fine(small, (255, 255, 255))
    pen.ellipse((0, 0, _GLOBE * _FINE - 1, _GLOBE * _FINE - 1), fill=_SEA, outline=_BORDER, width=_FINE)
    for ring in ground.land(small):
        pen.polygon(_points(ring), fill=(206, 202, 190))
    for ring in ground.rings(small, area.geometry):
        pen.polygon(_points(ring), fill=_AREA, outline=_AREA, width=_FINE)
    if view.width * view.metres < 1_500_000:
        middle, mark = _GLOBE * _FINE / 2, 7 * _FINE
        pen.rectangle((middle - mark, middle - mark, middle + mark, middle + mark), outline=_AREA, width=_FINE)
    mask = Image.new("L", globe.size, 0)
    ImageDraw.Draw(mask).ellipse((0, 0, globe.width - 1, globe.height - 1), fill=255)
    size = (_GLOBE, _GLOBE)
    at = _corner(picture, view)
    picture.paste(globe.resize(size, resample=1), at, mask.resize(size, resample=1))


def _corner(picture: Image, view: View) -> tuple[int, int]:
    """The corner with the fewest tiles, of those without the scale bar."""
    pixels = np.asarray(picture).astype(int)
    busy = (pixels[..., 0] - pixels[..., 2]) > 60
    corners = [(view.width - _GLOBE - 12, 12), (12, 12), (64, view.height - _GLOBE - 34)]
    return min(corners, key=lambda at: busy[at[1] : at[1] + _GLOBE, at[0] : at[0] + _GLOBE].sum())


def _fine(view: View, ink: Ink) -> tuple[Image, ImageDraw]:
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (view.width * _FINE, view.height * _FINE), ink)
    return picture, ImageDraw.Draw(picture)


def _points(line: Line) -> list[tuple[float, float]]:
    """Places in the coordinates of what is drawn larger; far away is far enough."""
    return [(float(x), float(y)) for x, y in np.clip(line * _FINE, -30_000, 60_000)]
