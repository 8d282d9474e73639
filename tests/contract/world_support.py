"""Where the synthetic world is looked at, and what its assets hold there: read here by numpy, with no Earth Engine.

A `Spot` is a window of a tile at a product's sampling. A `View` is what one band's lattice has around a spot: its
native pixels, and their nearest or interpolated values at the spot's pixels, by the rules that the emulator states.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
import shapely
from pyproj import Transformer

from eo_ingest.emulator.asset import Window as Pixels
from eo_ingest.emulator.world import World
from eo_ingest.emulator.world.place import GEOGRAPHIC, from_lonlat
from eo_ingest.grid import Block, Grid, Tile
from eo_ingest.request import PixelRequest, Window
from eo_ingest.sources.earthengine import graph

GRID = Grid.load("utm")
WORLD = World()


@dataclass(frozen=True)
class Spot:
    """`side` × `side` pixels of `metres` in a tile of a block, from the pixel (row, col) of the tile on."""

    block: Block
    tile: int
    row: int
    col: int
    side: int
    metres: int

    def of(self, tile):
        """The same pixels of another tile of the block."""
        return replace(self, tile=tile)

    @property
    def zone(self):
        return GRID.zone(self.block.zone)

    @property
    def place(self):
        return graph.place(self.zone, self.block)

    @property
    def window(self):
        """The pixels within the block."""
        down, across = self.block.place(self.tile)
        tile_px = 4480 // self.metres
        return Window(down * tile_px + self.row, across * tile_px + self.col, self.side, self.side)

    @property
    def corner(self):
        """(x, y) of the upper left corner."""
        return self.place.left + self.window.col * self.metres, self.place.top - self.window.row * self.metres

    @cached_property
    def xy(self):
        """(x, y) of the pixels' centres, row by row."""
        left, top = self.corner
        steps = (np.arange(self.side) + 0.5) * self.metres
        x, y = np.meshgrid(left + steps, top - steps)
        return x.ravel(), y.ravel()

    @cached_property
    def lonlat(self):
        """The same in degrees."""
        return lonlat(self.zone.crs, *self.xy)

    def on(self, crs):
        """The same in another CRS; bit by bit the same in its own."""
        if crs == self.zone.crs:
            return self.xy
        return self.lonlat if crs == GEOGRAPHIC else from_lonlat(crs).transform(*self.lonlat)

    @cached_property
    def bounds(self):
        """The block's outline in degrees."""
        left, bottom, right, top = self.place.bounds
        edge = np.linspace(0, 1, 9)
        x = np.concatenate(
            [left + (right - left) * edge, np.full(9, right), right - (right - left) * edge, np.full(9, left)]
        )
        y = np.concatenate(
            [np.full(9, bottom), bottom + (top - bottom) * edge, np.full(9, top), top - (top - bottom) * edge]
        )
        return shapely.Polygon(np.column_stack(lonlat(self.zone.crs, x, y)))


def window_at(where, lon, lat, side=8):
    """The window of a spot's block in whose middle a place is."""
    x, y = from_lonlat(where.zone.crs).transform(lon, lat)
    row, col = (where.place.top - y) / where.metres, (x - where.place.left) / where.metres
    return Window(int(row) - side // 2, int(col) - side // 2, side, side)


def lonlat(crs, x, y):
    """Degrees of places in a CRS."""
    return _degrees(crs).transform(np.asarray(x), np.asarray(y))


@lru_cache
def _degrees(crs):
    return Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


def spot(lon, lat, metres, side=16, seed=0):
    """The window around a place, somewhere in the tile that holds it."""
    zone = next(z for z in GRID.zones if z.band[0] <= lon < z.band[2] and z.band[1] <= lat < z.band[3])
    x, y = from_lonlat(zone.crs).transform(lon, lat)
    row, col = int((zone.y_top - y) // 4480), int((x - zone.x_left) // 4480)
    tile = Tile(zone.name, row, col)
    block = Block(zone.name, row // 4, col // 4)
    index = next(i for i in range(16) if block.tile(i) == tile)
    generator = np.random.default_rng([seed, metres])
    top, left = generator.integers(0, 4480 // metres - side, 2)
    return Spot(block, index, int(top), int(left), side, metres)


def fetched(product, frames, index, window, where):
    """The values of one frame in a window of a spot's block, in stored units, by variable: (band, pixels)."""
    import ee

    units = tuple((v.name, i) for v in product.variables for i in range(len(v.bands)))
    step, place = product.resolution, where.place
    found = ee.data.computePixels({
        "expression": graph.image(product, frames, place, PixelRequest((index,), units, window)),
        "fileFormat": "NUMPY_NDARRAY",
        "grid": {
            "dimensions": {"width": window.width, "height": window.height},
            "affineTransform": {
                "scaleX": step, "shearX": 0, "translateX": place.left + window.col * step,
                "shearY": 0, "scaleY": -step, "translateY": place.top - window.row * step,
            },
            "crsCode": where.zone.crs,
        },
    })  # fmt: skip
    return {
        v.name: np.stack([found[graph.band_name(index, (v.name, i))].ravel() for i in range(len(v.bands))])
        for v in product.variables
    }


def ms(day):
    """Milliseconds since 1970 of a day, UTC."""
    return int(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp() * 1000)


def scenes(asset, start, end, where):
    """The images of a collection that meet the spot's block and start in [start, end), by index."""
    return list(_scenes(asset, start, end, where.bounds))


@lru_cache(maxsize=256)
def _scenes(asset, start, end, bounds):
    found = WORLD.get(asset).images(ms(start), ms(end), bounds)
    return tuple(sorted(found, key=lambda image: image.properties["system:index"]))


class View:
    """What is in an image around a spot, on the lattice of its bands at a pyramid level."""

    def __init__(self, image, band, where, level=0, margin=1):
        lattice = next(b.lattice for b in image.bands if b.name == band)
        x, y = where.on(lattice.crs)
        a, _, c, _, e, f = lattice.transform
        self._image, self._level = image, level
        self._x, self._y = (x - c) / (a * 2**level), (y - f) / (e * 2**level)
        low = int(np.floor(self._y.min())) - margin, int(np.floor(self._x.min())) - margin
        high = int(np.floor(self._y.max())) + 1 + margin, int(np.floor(self._x.max())) + 1 + margin
        self.window = Pixels(*low, high[0] - low[0], high[1] - low[1])
        self.pixel = abs(a) * 2**level, abs(e) * 2**level
        self._origin = c, f

    @property
    def centres(self):
        """The x of the columns and the y of the rows around."""
        x = self._origin[0] + self.pixel[0] * (self.window.col + np.arange(self.window.width) + 0.5)
        y = self._origin[1] - self.pixel[1] * (self.window.row + np.arange(self.window.height) + 0.5)
        return x, y

    def read(self, band, dtype=np.float64):
        """(values, valid) of the native pixels around."""
        values, valid = self._image.read(band, self._level, self.window)
        return values.astype(dtype), valid

    def nearest(self, values, valid):
        """(values, valid) of the pixels that hold the spot's centres."""
        at = np.floor(self._y).astype(int) - self.window.row, np.floor(self._x).astype(int) - self.window.col
        return values[at], valid[at]

    def bilinear(self, values, valid):
        """(values, valid) interpolated between valid pixels; masked where the nearest pixel is."""
        x, y = self._x - 0.5 - self.window.col, self._y - 0.5 - self.window.row
        x, y = (np.where(np.abs(v - np.round(v)) < 1e-6, np.round(v), v) for v in (x, y))
        col, row = np.floor(x).astype(int), np.floor(y).astype(int)
        total, weights = np.zeros(x.shape), np.zeros(x.shape)
        for down in (0, 1):
            for across in (0, 1):
                at = row + down, col + across
                weight = np.abs(1 - down - (y - row)) * np.abs(1 - across - (x - col)) * valid[at]
                total += weight * np.where(valid[at], values[at], 0)
                weights += weight
        there = self.nearest(values, valid)[1]
        return np.where(there, total / np.where(weights > 0, weights, 1), 0), there


def laid(layers):
    """(values, valid) of layers (values (…, n), valid (n,)) on top of each other, the last one on top."""
    values, valid = (part.copy() for part in layers[0])
    for above, there in layers[1:]:
        values = np.where(there, above, values)
        valid = valid | there
    return values, valid


def missing(values, valid):
    """Values with NaN where they are not valid."""
    return np.where(valid, values, np.nan)


def median(stack):
    """The median along the first axis without NaN, NaN where there is nothing; means of the middle two."""
    if not len(stack):
        return np.nan
    ordered = np.sort(stack, axis=0)
    count = (~np.isnan(stack)).sum(0)
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    middle = [np.take_along_axis(ordered, np.minimum(i, len(stack) - 1)[None], 0)[0] for i in (low, high)]
    return np.where(count > 0, (middle[0] + middle[1]) / 2, np.nan)
