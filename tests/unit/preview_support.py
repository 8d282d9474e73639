"""Stores with products of every kind, filled by hand: no service, no emulator."""

from __future__ import annotations

import numpy as np

from eo_ingest import aoi, catalog
from eo_ingest.config import RunConfig
from eo_ingest.errors import SourceError
from eo_ingest.grid import Grid
from eo_ingest.ingest import ingest
from eo_ingest.job import tiles_of
from eo_ingest.period import Period
from eo_ingest.plan import Plan, task
from eo_ingest.ports import Fetched
from eo_ingest.product import DATE_UNITS, Archive, Flag, Product, Variable
from eo_ingest.raster import tile_shape
from eo_ingest.runtime.opening import Origin
from eo_ingest.runtime.preparing import prepare
from eo_ingest.stores.local import LocalStore

DEMO = ["utm32n_1007_65", "utm32n_1007_66", "utm32n_1008_65", "utm32n_1008_66"]


def measure(name, bands, *, units="1", scale=None, low=0, high=1000, dtype="int16", **about):
    """A variable that measures; nodata lies outside of its range."""
    values = {"long_name": name.replace("_", " "), "nodata": -32768 if dtype == "int16" else 65535, **about}
    return Variable(
        name=name, bands=tuple(bands), dtype=dtype, valid_range=(low, high), units=units, scale_factor=scale, **values
    )


def days(name, bands, dim="date"):
    return Variable(
        name=name,
        bands=tuple(bands),
        band_dim=dim,
        dtype="uint16",
        nodata=65535,
        valid_range=(0, 65534),
        units=DATE_UNITS,
        long_name=f"day of {name}",
        kind="date",
    )


def counts(bands=("clear",), dim="observation"):
    return Variable(
        name="n_obs",
        bands=tuple(bands),
        band_dim=dim,
        dtype="uint16",
        nodata=65535,
        valid_range=(0, 65534),
        units="1",
        long_name="number of observations",
        kind="count",
    )


def classes(colours):
    """A class variable: names and colours; values are 1, 2, …"""
    return Variable(
        name="class",
        bands=("map",),
        dtype="uint8",
        nodata=0,
        valid_range=(1, len(colours)),
        units="1",
        long_name="land cover class",
        kind="class",
        flags=tuple(Flag(i, name, colour) for i, (name, colour) in enumerate(colours.items(), start=1)),
    )


def labels(name="component"):
    return Variable(
        name=name,
        bands=("component",),
        band_dim="component_band",
        dtype="int16",
        nodata=-1,
        valid_range=(0, 100),
        units="1",
        long_name="connected component",
        kind="id",
    )


def product(name, *variables, cadence="seasons", resolution=10, periods=("2020",), slots=0, title=None):
    return Product(
        name=name,
        title=title or f"{name} for pictures",
        variables=tuple(variables),
        resolution=resolution,
        cadence=cadence,
        resampling="nearest",
        assets=("SOMEWHERE",),
        licence="CC0-1.0",
        citation=f"The makers of {name}",
        periods=periods,
        slots=slots,
        archive=Archive(kind="gssic", parameters=(("name", name),)),
    )


class Painted:
    """A source that paints: `values(variable, frame, band, tile, side)` gives stored values (side, side)."""

    name = "painted"
    synthetic = True

    def __init__(self, products, values, broken=()):
        self._products = {product.name: product for product in products}
        self._values = values
        self._broken = set(broken)

    def fetch(self, job):
        made = self._products[job.product]
        frames = made.frames(Period.parse(job.period))
        if job.product in self._broken:
            raise SourceError(f"{job.product}: the service said that the quota of the month is used up")
        tiles = {i: self._tile(made, len(frames), job.block.tile(i)) for i in tiles_of(job.tiles)}
        scenes = {
            frame.label: [
                {"system:index": f"S{n}", "system:time_start": f"{frame.start}T10:00:0{n}.000000+00:00"}
                for n in range(3)
            ]
            for frame in frames
        }
        return Fetched(tiles=tiles, scenes=scenes)

    def _tile(self, made, frames, tile):
        raster = {}
        for variable in made.variables:
            shape = tile_shape(made, variable, frames)
            raster[variable.name] = np.empty(shape, variable.dtype)
            for frame, band in np.ndindex(shape[:2]):
                raster[variable.name][frame, band] = self._values(variable, frame, band, tile, shape[-1])
        return raster

    def close(self):
        pass


def plain(variable, frame, band, tile, side):
    """Something cheap that varies: classes and labels in turn, else a ramp over the valid range."""
    y, x = np.indices((side, side))
    low, high = variable.valid_range
    if variable.kind == "class":
        values = np.array([flag.value for flag in variable.flags])
        return values[(x * len(values) // side + tile.col) % len(values)]
    if variable.kind == "id":
        return (x * 4 // side + 1).astype(int)
    if variable.kind == "count":
        return 3 + frame + band + (x > side // 2)
    if variable.kind == "date":
        return np.full((side, side), 18262 + 12 * frame + 6 * band)
    return low + (high - low) * ((x + y + 7 * frame) % side) // side


def fill(
    path, products, *, values=plain, area="demo", periods=None, broken=(), left_out=(), synthetic=True, grid="utm"
):
    """A store of these products, made; blocks by number in `left_out` were asked for and not made."""
    grid = Grid.load(grid)
    products = [one.on(grid.lattice) for one in products]
    pairs = tuple((p, Period.parse(name)) for p in products for name in (periods or {}).get(p.name, p.periods))
    plan = Plan(aoi.load(area), grid, pairs, None, frozenset(p.name for p in products))
    store = LocalStore(path)
    config = RunConfig.of(aoi=area, store=str(path), source="emulator")
    run = prepare(plan, store, config, Origin(synthetic))
    source = Painted(products, values, broken)
    blocks = sorted({job.block for job in plan.jobs()})
    by_name = {p.name: p for p in products}
    for job in plan.jobs():
        if blocks.index(job.block) not in left_out:
            ingest(task(job, by_name[job.product], grid), source=source, store=store, run=run)
    catalog.compact(store)
    return store, grid


__all__ = ["DEMO", "classes", "counts", "days", "fill", "labels", "measure", "plain", "product"]
