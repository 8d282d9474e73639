"""Reading a window of one of the archive's files, once it is sure to be what its name says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.errors import OutputError, SourceError
from eo_ingest.sources.cog.name import TILE_PX
from eo_ingest.sources.cog.number import dtype

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eo_ingest.sources.cog.name import Square
    from eo_ingest.sources.cog.shelf import Listed
    from eo_ingest.sources.warp import Window

# Corners are whole degrees: a millionth of a pixel off is as good as exact.
_EXACT = 1e-9
_MARKS = (b"II", b"MM")


def read(data: bytes, file: Listed, layer: str, square: Square, window: Window) -> NDArray[Any]:
    """The digital numbers of a window, (height, width), north up.

    Args:
        data: the file, whole.
        file: what it was listed as, for messages.
        layer: what layer it is.
        square: which tile it is of.
        window: pixels of the tile.

    Raises:
        SourceError: if it cannot be read to the end of the window.
        OutputError: if it is a raster of another form, type or place.
    """
    import rasterio
    from rasterio.errors import RasterioError
    from rasterio.io import MemoryFile
    from rasterio.windows import Window as Cut

    if not data.startswith(_MARKS):
        raise SourceError(f"{file.url} ({len(data)} bytes) is damaged or is no GeoTIFF: it begins with {data[:4]!r}")
    try:
        with rasterio.Env(), MemoryFile(data) as memory, memory.open(driver="GTiff") as dataset:
            _check(dataset, file, layer, square)
            cut = Cut(window.col, window.row, window.width, window.height)
            values: NDArray[Any] = dataset.read(1, window=cut)
            return values
    except RasterioError as err:
        raise SourceError(f"{file.url} ({len(data)} bytes) is damaged or is no GeoTIFF: {err}") from err


def _check(dataset: Any, file: Listed, layer: str, square: Square) -> None:
    shape = (dataset.count, dataset.height, dataset.width)
    if shape != (1, TILE_PX, TILE_PX) or dataset.dtypes[0] != dtype(layer).name:
        raise OutputError(f"{file.url} is {dataset.dtypes[0]} {shape}, expected {dtype(layer)} {(1, TILE_PX, TILE_PX)}")
    here = np.array(dataset.transform[:6])
    there = np.array((1 / TILE_PX, 0, square.west, 0, -1 / TILE_PX, square.north))
    if dataset.crs is None or dataset.crs.to_epsg() != 4326 or not np.allclose(here, there, rtol=0, atol=_EXACT):
        crs = dataset.crs.to_string() if dataset.crs else "no CRS"
        raise OutputError(
            f"{file.url} has its upper left corner at {here[2]:g}, {here[5]:g} and pixels of {here[0]:g} in {crs}, "
            f"expected {square.west}, {square.north} and 3 arc seconds of EPSG:4326"
        )
