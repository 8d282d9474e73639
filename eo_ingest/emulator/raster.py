"""One raster file as an image."""

from __future__ import annotations

import threading
import warnings
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window as RasterioWindow

from eo_ingest.emulator import geometry
from eo_ingest.emulator.asset import Band, Lattice, Pyramid, Window
from eo_ingest.emulator.errors import AssetFileError
from eo_ingest.emulator.grid import Affine, Projection, canonical_crs
from eo_ingest.emulator.pyramid import pyramid_read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

# Open files kept by each thread; handles cannot be shared between threads.
_HANDLES = 48
# Rows read at once when a file is checked.
_CHECK_PIXELS = 2**22

_local = threading.local()


def _handle(path: Path) -> Any:
    held: OrderedDict[Path, Any] = _local.__dict__.setdefault("held", OrderedDict())
    if path in held:
        held.move_to_end(path)
        return held[path]
    held[path] = dataset = rasterio.open(path)
    while len(held) > _HANDLES:
        held.popitem(last=False)[1].close()
    return dataset


@dataclass(frozen=True)
class RasterImage:
    """An image whose pixels are in a file; `numbers` are the file's band numbers by band name."""

    id: str
    path: Path
    properties: Mapping[str, Any]
    footprint: BaseGeometry | None
    bands: tuple[Band, ...]
    numbers: Mapping[str, int]
    scale: float = 1.0

    def read(self, band: str, level: int, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Pixels of a pyramid level."""
        kind = next(b for b in self.bands if b.name == band)

        def native(part: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
            return self._native(kind, part)

        return pyramid_read(native, level, window, kind.pyramid)

    def _native(self, band: Band, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        values = np.zeros((window.height, window.width), band.dtype)
        valid = np.zeros(values.shape, bool)
        top, left = max(window.row, 0), max(window.col, 0)
        bottom = min(window.row + window.height, band.lattice.height)
        right = min(window.col + window.width, band.lattice.width)
        if top >= bottom or left >= right:
            return values, valid
        dataset, number = _handle(self.path), self.numbers[band.name]
        part = RasterioWindow(left, top, right - left, bottom - top)
        place = slice(top - window.row, bottom - window.row), slice(left - window.col, right - window.col)
        found = dataset.read(number, window=part)
        good = dataset.read_masks(number, window=part) > 0
        if found.dtype.kind == "f":
            good &= ~np.isnan(found)
        values[place] = found if self.scale == 1.0 else found.astype(band.dtype) * np.asarray(self.scale, band.dtype)
        valid[place] = good
        return values, valid


def open_raster(path: Path, identifier: str, sidecar: Mapping[str, Any], properties: Mapping[str, Any]) -> RasterImage:
    """The image of a file, after its georeferencing and every one of its pixels have been read.

    Raises:
        AssetFileError: It cannot be served; the message says why, without the path.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path) as dataset:
                lattice = _lattice(dataset)
                numbers = _numbers(dataset, sidecar.get("bands"))
                scale = float(sidecar.get("scale", 1.0))
                bands = tuple(
                    Band(name=name, dtype=_dtype(dataset, number, scale), lattice=lattice, pyramid=_pyramid(sidecar))
                    for name, number in numbers.items()
                )
                _read_through(dataset)
    except (RasterioError, OSError) as err:
        raise AssetFileError(f"cannot be read: {_reason(err)}") from err
    projection = Projection(canonical_crs(lattice.crs), Affine(*lattice.transform))
    footprint = geometry.grid_corners(projection, lattice.width, lattice.height)
    return RasterImage(identifier, path, properties, footprint, bands, numbers, scale)


def _reason(err: BaseException) -> str:
    cause = err.__cause__ or err
    return str(cause).strip().splitlines()[0] if str(cause).strip() else type(err).__name__


def _lattice(dataset: Any) -> Lattice:
    if dataset.transform.is_identity and dataset.gcps[0]:
        raise AssetFileError("has ground control points but no geotransform; warp it to a grid first")
    if dataset.crs is None:
        raise AssetFileError("has no coordinate reference system")
    if dataset.transform.is_identity:
        raise AssetFileError("has no geotransform")
    t = dataset.transform
    if t.determinant == 0:
        raise AssetFileError(f"has a geotransform without area: {tuple(t)[:6]}")
    code = dataset.crs.to_epsg()
    crs = f"EPSG:{code}" if code else dataset.crs.to_wkt()
    return Lattice(crs, (t.a, t.b, t.c, t.d, t.e, t.f), dataset.width, dataset.height)


def _numbers(dataset: Any, names: Any) -> dict[str, int]:
    """File band numbers by name; an alpha band is the mask of the others."""
    alpha = {i for i, kind in enumerate(dataset.colorinterp, start=1) if kind == ColorInterp.alpha}
    numbers = [i for i in range(1, dataset.count + 1) if i not in alpha or dataset.count == 1]
    if names is None:
        names = [dataset.descriptions[i - 1] or f"b{i}" for i in numbers]
    if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
        raise AssetFileError("has a sidecar whose 'bands' is not a list of names")
    if len(names) != len(numbers):
        raise AssetFileError(f"has {len(numbers)} bands, its sidecar names {len(names)}: {', '.join(names)}")
    if len(set(names)) != len(names):
        raise AssetFileError(f"has two bands of the same name: {', '.join(names)}")
    return dict(zip(names, numbers, strict=True))


def _dtype(dataset: Any, number: int, scale: float) -> str:
    name = str(dataset.dtypes[number - 1])
    if name.startswith("complex") or name in {"int64", "uint64", "float16"}:
        raise AssetFileError(f"has pixels of type {name}, which Earth Engine images do not have")
    if scale == 1.0:
        return name
    return "float32" if name in {"float32", "int8", "uint8", "int16", "uint16"} else "float64"


def _pyramid(sidecar: Mapping[str, Any]) -> Pyramid:
    policy = sidecar.get("pyramid", "mean")
    if policy not in {"mean", "mode", "sample"}:
        raise AssetFileError(f"has a sidecar whose 'pyramid' is {policy!r}, not mean, mode or sample")
    found: Pyramid = policy
    return found


def _read_through(dataset: Any) -> None:
    """Reads every pixel: a truncated file opens without complaint."""
    rows = max(1, _CHECK_PIXELS // max(1, dataset.width))
    for top in range(0, dataset.height, rows):
        window = RasterioWindow(0, top, dataset.width, min(rows, dataset.height - top))
        for number in dataset.indexes:  # one by one: bands of a VRT may differ in type
            dataset.read(number, window=window)
            dataset.read_masks(number, window=window)
