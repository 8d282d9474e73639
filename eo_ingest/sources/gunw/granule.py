"""Reading one granule: NetCDF 4 as the ARIA project packages it, layouts 1a, 1b (versions 2 of the data) and 1c (3).

All layouts have `science/grids/data` on a 3″ lattice and `science/grids/imagingGeometry` on a lattice of 0.1° at a few
heights; 1c adds corrections and an unfiltered coherence, which are not read.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import shapely

from eo_ingest.errors import ConfigError, SourceError
from eo_ingest.sources.gunw import axes
from eo_ingest.sources.gunw.footprint import beside, parse
from eo_ingest.sources.gunw.geometry import Cube
from eo_ingest.sources.gunw.name import TRACKS
from eo_ingest.sources.gunw.phase import NODATA_COMPONENT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from eo_ingest.sources.gunw.name import GranuleName
    from eo_ingest.sources.gunw.phase import Labels, Single
    from eo_ingest.sources.warp import Lattice, Window

DATA = "science/grids/data"
GEOMETRY = "science/grids/imagingGeometry"
INPUTS = "science/radarMetaData/inputSLC"
LAYERS = {"phase": "unwrappedPhase", "coherence": "coherence", "amplitude": "amplitude"}
COMPONENTS = "connectedComponents"
ANGLES = {"incidence": "incidenceAngle", "look": "lookAngle", "azimuth": "azimuthAngle"}
BASELINE = "perpendicularBaseline"
BOX = "productBoundingBox"

# What the packaging leaves where it could not compute a geometry, beside the declared fill value.
_NOT_COMPUTED = -9999.0
_SLC = re.compile(r"S1(?P<unit>[A-Z])_IW_SLC__\w{4}_(?P<day>\d{8})(?:T\d{6}_\w{15}_(?P<orbit>\d{6}))?")
# Absolute orbit whose relative orbit is 1. Satellites that were moved since (C, D) have no single one.
_FIRST_ORBIT = {"A": 73, "B": 27}
_ROWS_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class Layers:
    """A part of a granule's data: phase, coherence and amplitude with NaN for nodata, components with -1."""

    phase: Single
    coherence: Single
    amplitude: Single
    components: Labels


@dataclass(frozen=True)
class Granule:
    """An open granule, held against its name. Close it, or use it as a context.

    Attributes:
        name: as its file name says.
        lattice: of the data.
        angles: incidence, look and azimuth, in degrees.
        baseline: the perpendicular baseline in metres.
        layout: of the file, as it tells it itself.
    """

    name: GranuleName
    lattice: Lattice
    angles: dict[str, Cube]
    baseline: Cube
    layout: str
    _file: Any = field(repr=False)

    @classmethod
    def open(cls, path: Path, name: GranuleName) -> Granule:
        """Open a granule's file and read everything but its pixels.

        Raises:
            ConfigError: if h5py is not installed.
            SourceError: names the granule and what is wrong with it.
        """
        file = _opened(path, name.text)
        try:
            with _told_of(name.text):
                return cls._of(file, name)
        except BaseException:
            file.close()
            raise

    @classmethod
    def _of(cls, file: Any, name: GranuleName) -> Granule:
        lattice = _lattice(file, name.text)
        _check_inputs(file, name)
        _check_box(_footprint(file), lattice, name.text)
        group = _group(file, GEOMETRY, name.text)
        angles = {key: _cube(group, of, name.text) for key, of in ANGLES.items()}
        layout = _decoded(file.attrs.get("version", "unknown"))
        return cls(name, lattice, angles, _cube(group, BASELINE, name.text), layout, file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def read(self, window: Window) -> Layers:
        """The data of a window.

        Raises:
            SourceError: if it cannot be read, or the granule holds no data at all.
        """
        with _told_of(self.name.text):
            layers = _layers(self._file[DATA], window.slices)
            if _is_empty(layers) and not self._has_data():
                raise SourceError(f"granule {self.name.text}: no pixel of it is valid")
            return layers

    def read_phase(self, window: Window) -> tuple[Single, Labels]:
        """The unwrapped phase and the components of a window.

        Raises:
            SourceError: if they cannot be read.
        """
        with _told_of(self.name.text):
            group = self._file[DATA]
            return _measured(group[LAYERS["phase"]], window.slices), _components(group, window.slices)

    def _has_data(self) -> bool:
        parts = (slice(start, start + _ROWS_AT_ONCE) for start in range(0, self.lattice.height, _ROWS_AT_ONCE))
        return any(not _is_empty(_layers(self._file[DATA], (rows, slice(None)))) for rows in parts)


def footprint(path: Path, name: str) -> str:
    """A granule's footprint as it tells it: WKT in degrees (longitude, latitude).

    Raises:
        ConfigError: if h5py is not installed.
        SourceError: if the granule cannot be read or tells none.
    """
    with _opened(path, name) as file, _told_of(name):
        told = _footprint(file)
    if told is None:
        raise SourceError(f"granule {name}: it has no {BOX}")
    return told


def reader() -> Any:
    """What opens granules.

    Raises:
        ConfigError: if it is not installed.
    """
    try:
        import h5py
    except ImportError as err:
        raise ConfigError("reading GUNW granules needs h5py: pip install 'eo-ingest[insar]'") from err
    return h5py


def _opened(path: Path, name: str) -> Any:
    h5py = reader()
    with _told_of(name):
        return h5py.File(path, "r")


@contextmanager
def _told_of(name: str) -> Iterator[None]:
    """What goes wrong in a file is told of its granule.

    Raises:
        SourceError: if it is no HDF5 file, is cut short, or lacks something that is read.
    """
    try:
        yield
    except KeyError as err:
        raise SourceError(f"granule {name}: it is not laid out as expected: {err.args[0]}") from err
    except (OSError, RuntimeError) as err:
        raise SourceError(f"granule {name}: it is damaged, cut short or not a NetCDF 4 file: {err}") from err


def _group(file: Any, path: str, name: str) -> Any:
    if path not in file:
        raise SourceError(f"granule {name}: group {path!r} is missing")
    return file[path]


def _lattice(file: Any, name: str) -> Lattice:
    group = _group(file, DATA, name)
    lattice = axes.lattice(_axis(group, "latitude", name), _axis(group, "longitude", name), f"granule {name}")
    for layer in (*LAYERS.values(), COMPONENTS):
        _check_shape(group, layer, (lattice.height, lattice.width), name)
    return lattice


def _axis(group: Any, key: str, name: str) -> NDArray[np.float64]:
    if key not in group:
        raise SourceError(f"granule {name}: {group.name}/{key} is missing")
    values: NDArray[np.float64] = np.asarray(group[key][()], dtype=np.float64)
    return values


def _check_shape(group: Any, key: str, shape: tuple[int, ...], name: str) -> None:
    if key not in group:
        raise SourceError(f"granule {name}: {group.name}/{key} is missing")
    if group[key].shape != shape:
        raise SourceError(f"granule {name}: {group.name}/{key} has shape {group[key].shape}, its axes say {shape}")


def _cube(group: Any, key: str, name: str) -> Cube:
    heights = _axis(group, "heightsMeta", name)
    latitude, longitude = _axis(group, "latitudeMeta", name), _axis(group, "longitudeMeta", name)
    lattice = axes.lattice(latitude, longitude, f"granule {name}, imaging geometry")
    _check_shape(group, key, (len(heights), lattice.height, lattice.width), name)
    values = _measured(group[key], (slice(None),) * 3)
    values[values == np.float32(_NOT_COMPUTED)] = np.nan
    return Cube.of(f"granule {name}: {key}", heights, lattice, values)


def _layers(group: Any, where: tuple[slice, ...]) -> Layers:
    fields = {key: _measured(group[of], where) for key, of in LAYERS.items()}
    return Layers(**fields, components=_components(group, where))


def _components(group: Any, where: tuple[slice, ...]) -> Labels:
    labels = _measured(group[COMPONENTS], where, NODATA_COMPONENT)
    return np.where(np.isfinite(labels), labels, NODATA_COMPONENT).astype(np.int32)


def _measured(dataset: Any, where: tuple[slice, ...], fill: float = 0.0) -> Single:
    """Values as float32, NaN where they are the fill value or not finite."""
    values: Single = np.array(dataset[where], dtype=np.float32)
    declared = np.float32(np.ravel(dataset.attrs.get("_FillValue", fill))[0])
    values[(values == declared) | ~np.isfinite(values)] = np.nan
    return values


def _is_empty(layers: Layers) -> bool:
    return all(bool(np.isnan(part).all()) for part in (layers.phase, layers.coherence, layers.amplitude))


def _footprint(file: Any) -> str | None:
    if BOX in file:
        return _text(file[BOX])
    told = file.attrs.get("product_geometry_wkt")
    return None if told is None else _decoded(told)


def _text(dataset: Any) -> str:
    """A text: a string, or a row of single characters."""
    values = np.asarray(dataset[()])
    if values.dtype.kind == "S":
        return b"".join(values.reshape(-1).tolist()).decode().strip("\0 ")
    return _decoded(values.reshape(-1)[0])


def _decoded(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _check_box(told: str | None, lattice: Lattice, name: str) -> None:
    """Hold the footprint against the lattice: where they do not meet, one of them is another granule's."""
    west, south, east, north = axes.bounds(lattice)
    if told is not None:
        polygon = beside(parse(told, name), (west + east) / 2)
        if not polygon.intersects(shapely.box(west, south, east, north)):
            raise SourceError(f"granule {name}: its {BOX} lies elsewhere than its latitudes and longitudes")


def _check_inputs(file: Any, name: GranuleName) -> None:
    """Hold the scenes that went in against the name's dates and track. A pass may cross midnight."""
    for role, day in (("reference", name.reference), ("secondary", name.secondary)):
        group = _group(file, f"{INPUTS}/{role}", name.text)
        found = [_SLC.match(_decoded(text)) for text in np.ravel(group["L1InputGranules"][()])]
        scenes = [scene for scene in found if scene]
        if not scenes:
            raise SourceError(f"granule {name.text}: {INPUTS}/{role}/L1InputGranules names no Sentinel-1 scene")
        for scene in scenes:
            taken = date.fromisoformat(scene["day"])
            if abs(taken - day) > timedelta(days=1):
                raise SourceError(
                    f"granule {name.text}: its name says {role} {day}, but the scene that went in is of {taken}"
                )
            track = _track(scene)
            if track is not None and (track - name.track + 1) % TRACKS > 2:
                raise SourceError(
                    f"granule {name.text}: its name says track {name.track}, but the scene that went in is of {track}"
                )


def _track(scene: re.Match[str]) -> int | None:
    """The relative orbit of a scene, where its name tells; around the equator it may be one more or less."""
    first = _FIRST_ORBIT.get(scene["unit"])
    if first is None or not scene["orbit"]:
        return None
    return (int(scene["orbit"]) - first) % TRACKS + 1
