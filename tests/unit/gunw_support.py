"""Granules written by the tests, in the layouts of the archive, with contents that are known at any place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import h5py
import numpy as np
import shapely

from eo_ingest.grid import Grid
from eo_ingest.job import ALL_TILES, Job

STEP = 1 / 1200  # 3 seconds of arc
UTM = Grid.load("utm")
# The middle of a block, which reaches 0.098° west and east of it and 0.082° south and north.
HOME = (-118.05, 33.92)


def phase_ramp(lon, lat, home=HOME):
    """Radians, linear in degrees, so that bilinear interpolation is exact: some 0.1 rad a pixel, never 0 or so."""
    return 40.0 + 110.0 * turn(lon - home[0]) - 70.0 * (lat - home[1])


def coherence_ramp(lon, lat, home=HOME):
    return 0.5 + 0.4 * turn(lon - home[0]) + 0.3 * (lat - home[1])


def turn(degrees):
    return (degrees + 180.0) % 360.0 - 180.0


def incidence(lon, lat, height, home=HOME):
    """Degrees: 39° at home, 5° more a degree east, 0.04° less a kilometre up: as Sentinel-1 has it."""
    return 39.0 + 5.0 * turn(lon - home[0]) + 0.1 * (lat - home[1]) - 4e-5 * height


def baseline(lon, lat, height, home=HOME):
    return 61.0 - 20.0 * turn(lon - home[0]) + 1e-3 * height


@dataclass(frozen=True)
class Spec:
    """A granule to write: its name's parts, its lattice, and what its layers are.

    Phase and coherence are functions of (lon, lat, home), amplitude and components of (lon, lat).
    """

    direction: str = "A"
    track: int = 64
    reference: str = "20200630"
    secondary: str = "20200618"
    time: str = "015000"
    place: str = "00119W_00033N"
    digest: str = "abcd"
    version: str = "2_0_6"
    layout: str = "1b"
    home: tuple = HOME
    west: float = -118.3
    south: float = 33.7
    width: int = 601
    height: int = 481
    northward: bool = False
    constant: float = 0.0
    azimuth: float = 190.0
    phase: object = phase_ramp
    coherence: object = coherence_ramp
    amplitude: object = lambda lon, _lat: np.full(np.shape(lon), 250.0)
    components: object = lambda lon, _lat: np.ones(np.shape(lon))
    box: str | None = None
    lon_beyond: bool = True
    inputs: dict = field(default_factory=dict)

    @property
    def name(self):
        return (
            f"S1-GUNW-{self.direction}-R-{self.track:03d}-tops-{self.reference}_{self.secondary}-{self.time}-"
            f"{self.place}-PP-{self.digest}-v{self.version}"
        )

    @property
    def axes(self):
        lon = self.west + STEP * np.arange(self.width)
        lat = self.south + STEP * np.arange(self.height)
        return (lat if self.northward else lat[::-1]), lon

    @property
    def bounds(self):
        lat, lon = self.axes
        return lon.min(), lat.min(), lon.max(), lat.max()

    def but(self, **changes):
        return replace(self, **changes)


def write(folder, spec=None, /, *, spoil=None, **changes):
    """Write a granule; `spoil(file)` may break it. Its path."""
    spec = (spec or Spec()).but(**changes)
    lat, lon = spec.axes
    path = folder / f"{spec.name}.nc"
    with h5py.File(path, "w") as file:
        file.attrs["version"] = spec.layout
        file.attrs["product_type"] = "UNW GEO IFG"
        box = spec.box or shapely.box(*spec.bounds).wkt
        if spec.layout == "1b":
            text = np.frombuffer(box.encode(), dtype="S1")[None, :]
            file.create_dataset("productBoundingBox", data=text)
        else:
            file.create_dataset("productBoundingBox", data=[box], dtype=h5py.string_dtype())
            file.attrs["product_geometry_wkt"] = box
        data = file.create_group("science/grids/data")
        told = lon if spec.lon_beyond else turn(lon)
        data["latitude"], data["longitude"] = lat, told
        grid = np.meshgrid(lon, lat)
        _layer(data, "unwrappedPhase", spec.phase(*grid, spec.home) + spec.constant, 0.0)
        _layer(data, "coherence", spec.coherence(*grid, spec.home), 0.0)
        _layer(data, "amplitude", spec.amplitude(*grid), 0.0)
        _layer(data, "connectedComponents", spec.components(*grid), -1.0)
        if spec.layout == "1c":
            _layer(data, "unfilteredCoherence", spec.coherence(*grid, spec.home), 0.0)
            file.create_group("science/grids/corrections/derived/ionosphere")
        _geometry(file, spec)
        _inputs(file, spec)
        if spoil:
            spoil(file)
    return path


def _layer(group, name, values, fill):
    dataset = group.create_dataset(name, data=values.astype(np.float32), compression="gzip", chunks=True)
    dataset.attrs["_FillValue"] = np.array([fill], dtype=np.float32)


def _geometry(file, spec):
    west, south, east, north = spec.bounds
    lon = np.floor(west * 10) / 10 - 0.2 + 0.1 * np.arange(np.ceil((east - west) * 10) + 6)
    lat = (np.floor(south * 10) / 10 - 0.2 + 0.1 * np.arange(np.ceil((north - south) * 10) + 6))[::-1]
    heights = np.array([-1500.0, 0.0, 3000.0, 9000.0])
    group = file.create_group("science/grids/imagingGeometry")
    group["heightsMeta"], group["latitudeMeta"], group["longitudeMeta"] = heights, lat, lon
    z, y, x = np.meshgrid(heights, lat, lon, indexing="ij")
    _layer(group, "incidenceAngle", incidence(x, y, z, spec.home), 0.0)
    _layer(group, "lookAngle", incidence(x, y, z, spec.home) - 5.0, 0.0)
    _layer(group, "azimuthAngle", np.where(x < spec.home[0], spec.azimuth, spec.azimuth - 360.0), 0.0)
    _layer(group, "perpendicularBaseline", baseline(x, y, z, spec.home), 0.0)
    _layer(group, "parallelBaseline", baseline(x, y, z, spec.home) / 2, 0.0)


def _inputs(file, spec):
    for role, day in (("reference", spec.reference), ("secondary", spec.secondary)):
        orbit = 73 + 175 * 100 + spec.track - 1
        usual = [f"S1A_IW_SLC__1SDV_{day}T015{i}00_{day}T015{i}27_{orbit:06d}_04FCA3_2B3E.zip" for i in range(2)]
        texts = spec.inputs.get(role, usual)
        file.create_dataset(
            f"science/radarMetaData/inputSLC/{role}/L1InputGranules", data=texts, dtype=h5py.string_dtype()
        )


def block_at(lon, lat):
    """The block that holds a point, and its zone."""
    cover = UTM.cover(shapely.Point(lon, lat).buffer(1e-4))
    block = next(iter(cover.blocks)).block
    return block, UTM.zone(block.zone)


def job_at(lon, lat, *, period="2020", tiles=ALL_TILES, product="insar"):
    return Job(product, period, block_at(lon, lat)[0], tiles)
