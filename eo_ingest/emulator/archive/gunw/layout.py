"""A granule as NetCDF 4, in the layouts 1b (versions 2) and 1c (version 3) of ARIA's packaging.

Pixels of 3″ are numbered from 90° N and 180° W, and so are those of all granules: where two of a pair overlap, they
have the same noise, and differ by their constants, one per granule and one per connected component.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator.archive.gunw import field
from eo_ingest.emulator.archive.gunw.field import COARSE, PER_DEGREE
from eo_ingest.emulator.archive.gunw.piece import azimuth, incidence, look
from eo_ingest.emulator.world.noise import hash_lattice, hash_words, unit, upsample

if TYPE_CHECKING:
    import numpy.typing as npt

    from eo_ingest.emulator.archive.gunw.granule import Granule

    Reals = npt.NDArray[np.floating[Any]]
    Ints = npt.NDArray[np.int64]

HEIGHTS = (-1500.0, 0.0, 3000.0, 9000.0)
LOOKS = 60
"""Independent looks behind a pixel: they set how noisy its phase is."""
SMALLEST = 0.01
"""The share of a granule's pixels below which a connected component is left out."""
_STEP = 0.1
_MESH = 32


@dataclass(frozen=True)
class Pixels:
    """A granule's layers on its lattice, (rows, cols), north up; 0 outside the piece, -1 in components."""

    latitude: Reals
    longitude: Reals
    phase: Reals
    coherence: Reals
    amplitude: Reals
    components: Reals


def constant(granule: Granule, component: int) -> float:
    """What a granule adds to the phase of a component, in radians: its own constant, and whole cycles."""
    own = (granule.seed / 2**32 - 0.5) * 40.0
    return own + (2 * math.pi * (hash_words(granule.seed, component, 7) % 7 - 3) if component else 0.0)


def draw(granule: Granule) -> Pixels:
    """The layers of a granule."""
    west, south, east, north = granule.piece.bounds
    row, col = math.floor((90 - north) * PER_DEGREE), math.floor((west + 180) * PER_DEGREE)
    row, col = row - row % COARSE, col - col % COARSE
    rows = math.ceil((90 - south) * PER_DEGREE) - row
    cols = math.ceil((east + 180) * PER_DEGREE) - col
    latitude = 90 - (row + np.arange(rows) + 0.5) / PER_DEGREE
    longitude = (col + np.arange(cols) + 0.5) / PER_DEGREE - 180
    across, inside = _swath(granule, row, col, (rows, cols))
    at = np.nonzero(inside)
    lon, lat = longitude[at[1]], latitude[at[0]]
    found = field.ground(row, col, rows, cols)[:, at[0], at[1]]
    place = at[0] + row, (at[1] + col) % (360 * PER_DEGREE)
    known, which, counts = np.unique(field.component(lon, lat), return_inverse=True, return_counts=True)
    shown = field.coherence(granule, found)
    seen = shown + (unit(hash_lattice(place[1], place[0], hash_words(granule.seed, 1))) - 0.5) * 0.04
    constants = np.array([constant(granule, int(number)) for number in known])
    true = field.phase(granule, lon, lat, across[at])
    layers = {
        "phase": _steps(true + _noise(granule, place, shown) + constants[which]),
        "coherence": np.clip(np.round(seen * 256) / 256, 1 / 256, 255 / 256),
        "amplitude": _short(field.amplitude(granule, found)),
        "components": _labels(known, counts)[which],
    }
    fill = {"components": -1.0}
    whole = {}
    for name, values in layers.items():
        whole[name] = np.full(inside.shape, fill.get(name, 0.0), np.float32)
        whole[name][at] = values
    return Pixels(latitude, longitude, **whole)


def _swath(granule: Granule, row: int, col: int, shape: tuple[int, int]) -> tuple[Reals, npt.NDArray[np.bool_]]:
    """Metres to the right of the swath's middle, and which pixels are in the piece; projected on a mesh."""
    rows, cols = (math.ceil(size / _MESH) + 1 for size in shape)
    lon, lat = np.meshgrid(
        (col + np.arange(cols) * _MESH) / PER_DEGREE - 180, 90 - (row + np.arange(rows) * _MESH) / PER_DEGREE
    )
    across, along = (upsample(part, _MESH)[: shape[0], : shape[1]] for part in granule.piece.place(lon, lat))
    return across, granule.piece.covers(across, along)


def _noise(granule: Granule, place: tuple[Ints, Ints], coherence: Reals) -> Reals:
    """Radians of noise, of the pair's pixels whichever granule they are in."""
    pair = hash_words(granule.piece.track, granule.cycle, granule.days)
    one, other = (unit(hash_lattice(place[1], place[0], hash_words(pair, k))) for k in (2, 3))
    normal = np.sqrt(-2 * np.log(np.maximum(one, 1e-6))) * np.cos(2 * np.pi * other)
    out: Reals = normal * sigma(coherence)
    return out


def sigma(coherence: Reals) -> Reals:
    """The standard deviation of the phase's noise, in radians."""
    out: Reals = np.minimum(np.sqrt((1 - coherence**2) / (2 * LOOKS * coherence**2)), 1.2)
    return out


def _steps(values: Reals) -> Reals:
    """Phases in steps of 1/128 rad, never 0, which is no data."""
    steps = np.round(values * 128)
    out: Reals = np.where(steps == 0, 1, steps) / 128
    return out


def _labels(known: Ints, counts: Ints) -> Reals:
    """A label for each component's number: 1, 2, … by size; 0 for what is in none, or in a small one."""
    least = SMALLEST * counts.sum()
    order = sorted(
        (k for k in range(len(known)) if known[k] and counts[k] >= least), key=lambda k: (-counts[k], known[k])
    )
    labels = np.zeros(len(known), np.float32)
    labels[order] = np.arange(1, len(order) + 1)
    return labels


def _short(values: Reals) -> Reals:
    """The values with ten bits of mantissa: files stay small."""
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + np.uint32(1 << 12)) & np.uint32(0xFFFFE000)).view(np.float32)


def write(granule: Granule) -> bytes:
    """The granule's file.

    Raises:
        ImportError: h5py is not installed.
    """
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        _Writer(file, granule).write(draw(granule))
    return buffer.getvalue()


class _Writer:
    """Writes a granule into an open file."""

    def __init__(self, file: Any, granule: Granule) -> None:
        self._file = file
        self._granule = granule

    def write(self, pixels: Pixels) -> None:
        self._describe()
        self._data(pixels)
        self._geometry()
        self._radar()
        if self._granule.layout == "1c":
            self._corrections()

    def _describe(self) -> None:
        told = {
            "product_type": "UNW GEO IFG",
            "Conventions": "CF-1.6",
            "title": "synthetic interferogram in the form of an ARIA standard product UNW GEO IFG",
            "version": self._granule.layout,
            "source": "eo-ingest's Earth Engine emulator: a synthetic planet, no data of any satellite",
            "ogr_geometry_field": "productBoundingBox",
            "ogr_layer_name": "productBoundingBox",
            "ogr_layer_type": "POLYGON",
        }
        for name, value in told.items():
            self._file.attrs[name] = np.bytes_(value)
        self._text("productBoundingBox", [self._granule.piece.footprint.wkt])

    def _text(self, path: str, values: list[str]) -> None:
        import h5py

        self._file.create_dataset(path, data=values, dtype=h5py.string_dtype())

    def _layer(self, path: str, values: Reals, fill: float, units: str) -> None:
        whole = values.astype(np.float32)
        more = (
            {"chunks": True, "compression": "gzip", "compression_opts": 4, "shuffle": True} if whole.size > 4096 else {}
        )
        made = self._file.create_dataset(path, data=whole, **more)
        made.attrs["_FillValue"] = np.array([fill], np.float32)
        made.attrs["units"] = np.bytes_(units)

    def _data(self, pixels: Pixels) -> None:
        group = "science/grids/data"
        self._file[f"{group}/latitude"], self._file[f"{group}/longitude"] = pixels.latitude, pixels.longitude
        self._layer(f"{group}/unwrappedPhase", pixels.phase, 0.0, "rad")
        self._layer(f"{group}/coherence", pixels.coherence, 0.0, "unitless")
        self._layer(f"{group}/connectedComponents", pixels.components, -1.0, "unitless")
        self._layer(f"{group}/amplitude", pixels.amplitude, 0.0, "watt")

    def _geometry(self) -> None:
        west, south, east, north = self._granule.piece.bounds
        group = "science/grids/imagingGeometry"
        lon = _ticks(west, east)
        lat = _ticks(south, north)[::-1]
        for name, values in (("heightsMeta", np.array(HEIGHTS)), ("latitudeMeta", lat), ("longitudeMeta", lon)):
            self._file[f"{group}/{name}"] = values
        across, _ = self._granule.piece.place(*np.meshgrid(lon, lat))
        angle = np.stack([incidence(across, height) for height in HEIGHTS])
        level = np.stack([field.baseline(self._granule, across)] * len(HEIGHTS))
        for name, values, units in (
            ("incidenceAngle", angle, "degrees"),
            ("lookAngle", look(angle), "degrees"),
            ("azimuthAngle", np.full_like(angle, azimuth(self._granule.piece)), "degrees"),
            ("perpendicularBaseline", level, "meter"),
            ("parallelBaseline", level * 0.4, "meter"),
        ):
            self._layer(f"{group}/{name}", values, 0.0, units)

    def _radar(self) -> None:
        group, before = "science/radarMetaData", self._granule.cycle - self._granule.days // 12
        for role, cycle in (("reference", self._granule.cycle), ("secondary", before)):
            self._text(f"{group}/inputSLC/{role}/L1InputGranules", self._granule.scenes(cycle))
            self._text(f"{group}/inputSLC/{role}/orbitType", ["precise"])
        self._file[f"{group}/wavelength"] = field.WAVELENGTH
        self._file[f"{group}/centerFrequency"] = 5.40500045e9
        told = {"missionID": "S1", "productType": "UNW GEO IFG", "unwrapMethod": "snaphu", "DEM": "synthetic"}
        for name, value in told.items():
            self._text(f"{group}/{name}", [value])

    def _corrections(self) -> None:
        """What layout 1c adds, empty: there is no ionosphere here."""
        west, south, east, north = self._granule.piece.bounds
        lat, lon = _ticks(south, north)[::-1], _ticks(west, east)
        group = "science/grids/corrections/derived/ionosphere/ionosphere"
        self._file[f"{group}/latitude"], self._file[f"{group}/longitude"] = lat, lon
        self._layer(f"{group}/ionosphere", np.full((lat.size, lon.size), 1e-6), 0.0, "rad")


def _ticks(low: float, high: float) -> Reals:
    """Tenths of a degree from below a value to above another."""
    return np.arange(math.floor(low / _STEP) - 1, math.ceil(high / _STEP) + 2) * _STEP
