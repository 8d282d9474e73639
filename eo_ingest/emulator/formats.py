"""File formats of pixels: NumPy, GeoTIFF, zipped GeoTIFF, PNG and JPEG."""

from __future__ import annotations

import io
import warnings
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from eo_ingest.emulator.grid import Grid
    from eo_ingest.emulator.image import Band
    from eo_ingest.emulator.plane import Plane

# The date in the archives: the same request gives the same bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Raster:
    """Pixels of bands on one grid."""

    grid: Grid
    bands: tuple[Band, ...]
    planes: tuple[Plane, ...]

    def filled(self, number: int, dtype: np.dtype[Any], fill: float = 0) -> NDArray[Any]:
        """(height, width) values of a band, with a number where they are masked."""
        plane, empty = self.planes[number], np.asarray(fill).astype(dtype)
        if plane.valid is False:
            return np.full(self.grid.shape, empty, dtype)
        values = plane.values.astype(dtype, copy=False)
        if plane.valid is not True:
            values = np.where(plane.valid, values, empty)
        return np.broadcast_to(values, self.grid.shape)

    def valid(self) -> NDArray[np.bool_]:
        """(height, width), where all bands are valid."""
        found = np.ones(self.grid.shape, bool)
        for plane in self.planes:
            found &= plane.valid
        return found


def npy(raster: Raster) -> bytes:
    """A structured array with a little-endian field for each band; masked pixels are 0."""
    fields = [(band.name, band.type.dtype.newbyteorder("<")) for band in raster.bands]
    array = np.empty(raster.grid.shape, fields)
    for number, band in enumerate(raster.bands):
        array[band.name] = raster.filled(number, band.type.dtype)
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def geotiff(raster: Raster) -> bytes:
    """A GeoTIFF whose bands share the smallest type that holds all; 64-bit integers become double.

    Masked pixels are 0. Where every band's type is a cast's, they are the type's smallest number, minus infinity for
    floating point, and the file declares that as its nodata value.
    """
    from rasterio.transform import Affine

    grid = raster.grid
    dtype = np.result_type(*(band.type.dtype for band in raster.bands))
    dtype = np.dtype(np.float64) if dtype == np.int64 else dtype
    nodata = _smallest(dtype) if all(band.type.declared for band in raster.bands) else None
    profile = {"dtype": dtype.name, "crs": grid.crs, "transform": Affine(*grid.transform), "nodata": nodata}
    layers = (raster.filled(number, dtype, nodata or 0) for number in range(len(raster.bands)))
    names = [band.name for band in raster.bands]
    return _written("GTiff", grid, layers, names, **profile, compress="deflate", zlevel=1)


def _smallest(dtype: np.dtype[Any]) -> float:
    return -np.inf if dtype.kind == "f" else int(np.iinfo(dtype).min)


def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip archive of named files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
    return buffer.getvalue()


def png(raster: Raster) -> bytes:
    """A PNG of one or three bands of bytes, with an alpha channel where a pixel is masked."""
    layers = _bytes(raster)
    valid = raster.valid()
    if not valid.all():
        layers.append(valid.astype(np.uint8) * 255)
    return _written("PNG", raster.grid, layers, [])


def jpeg(raster: Raster) -> bytes:
    """A JPEG of one or three bands of bytes; masked pixels are black."""
    return _written("JPEG", raster.grid, _bytes(raster), [], quality=90)


def opaque(raster: Raster) -> bool:
    """Whether no pixel is masked."""
    return bool(raster.valid().all())


def _bytes(raster: Raster) -> list[NDArray[Any]]:
    return [raster.filled(number, np.dtype(np.uint8)) for number in range(len(raster.bands))]


def _written(driver: str, grid: Grid, layers: Iterable[NDArray[Any]], names: list[str], **profile: Any) -> bytes:
    """The bytes of a raster file with one layer for each array."""
    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.io import MemoryFile

    stack = list(layers)
    shape = {"width": grid.width, "height": grid.height, "count": len(stack), "dtype": "uint8"}
    with warnings.catch_warnings(), MemoryFile() as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # pictures have no place
        with memory.open(driver=driver, **{**shape, **profile}) as target:
            for number, layer in enumerate(stack, start=1):
                target.write(layer, number)
            for number, name in enumerate(names, start=1):
                target.set_band_description(number, name)
        return bytes(memory.read())
