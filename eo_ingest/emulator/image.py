"""Images: named bands with a type, a default projection and pixels that are computed when asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eo_ingest.emulator import pixeltype
from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.grid import DEFAULT, Projection, lattice_projection, window_grid
from eo_ingest.emulator.plane import Plane, constant, masked, settle
from eo_ingest.emulator.resample import Method, resample

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shapely.geometry.base import BaseGeometry

    from eo_ingest.emulator.asset import Band as AssetBand
    from eo_ingest.emulator.asset import ImageAsset
    from eo_ingest.emulator.grid import Grid
    from eo_ingest.emulator.memo import Memo, Source
    from eo_ingest.emulator.pixeltype import PixelType


@dataclass(frozen=True)
class Band:
    """A band of an image; `lattice` is (width, height, col, row) of its pixels where they end."""

    name: str
    type: PixelType
    projection: Projection
    source: Source
    extent: Window | None = None


@dataclass(frozen=True)
class Image:
    """An image. `footprint` is a lon/lat geometry, None for an image without bounds."""

    bands: tuple[Band, ...]
    properties: Mapping[str, Any] = field(default_factory=dict)
    footprint: BaseGeometry | None = None
    id: str | None = None

    @property
    def names(self) -> list[str]:
        """Band names."""
        return [band.name for band in self.bands]

    def band(self, name: str) -> Band:
        """The band of a name."""
        for band in self.bands:
            if band.name == name:
                return band
        raise EarthEngineError(_no_band(name, self.names))

    def with_bands(self, bands: tuple[Band, ...]) -> Image:
        """The same image with other bands."""
        return replace(self, bands=bands)

    def with_properties(self, properties: Mapping[str, Any]) -> Image:
        """The same image with other properties."""
        return replace(self, properties=properties)


def _no_band(pattern: str, names: list[str]) -> str:
    if not names:
        return (
            f"Band pattern '{pattern}' was applied to an Image with no bands. "
            "See https://developers.google.com/earth-engine/guides/debugging#no-bands"
        )
    return f"Band pattern '{pattern}' did not match any bands. Available bands: [{', '.join(names)}]"


class Constant:
    """One value everywhere."""

    def __init__(self, value: float, dtype: np.dtype[Any], *, valid: bool = True) -> None:
        self.uses = 0
        self._plane = constant(value, dtype) if valid else masked(dtype)

    def plane(self, _grid: Grid, _memo: Memo) -> Plane:
        """The same plane for all grids."""
        return self._plane


class Computed:
    """Pixels computed from pixels of other bands on the same grid.

    With `strict`, the result is masked as soon as an input is masked everywhere, and the inputs after it are not read.
    """

    def __init__(
        self, compute: Callable[..., Plane], *inputs: Band, dtype: np.dtype[Any], strict: bool = False
    ) -> None:
        self.uses = 0
        self._compute = compute
        self._inputs = tuple(band.source for band in inputs)
        self._dtype = dtype
        self._strict = strict
        for source in self._inputs:
            source.uses += 1

    def plane(self, grid: Grid, memo: Memo) -> Plane:
        """The pixels of a grid."""
        planes = []
        for source in self._inputs:
            plane = memo.plane(source, grid)
            if self._strict and plane.valid is False:
                return masked(self._dtype)
            planes.append(plane)
        with np.errstate(all="ignore"):
            return self._compute(*planes)


class OnGrid:
    """Pixels that depend on where they are: `compute` gets the grid and the input planes."""

    def __init__(self, compute: Callable[..., Plane], *inputs: Band) -> None:
        self.uses = 0
        self._compute = compute
        self._inputs = tuple(band.source for band in inputs)
        for source in self._inputs:
            source.uses += 1

    def plane(self, grid: Grid, memo: Memo) -> Plane:
        """The pixels of a grid."""
        return self._compute(grid, *(memo.plane(source, grid) for source in self._inputs))


class FromAsset:
    """Native pixels of an asset, read from the pyramid level of the grid that is asked for."""

    def __init__(self, asset: ImageAsset, band: AssetBand, native: Projection) -> None:
        self.uses = 0
        self._asset = asset
        self._band = band
        self._native = native
        lattice = band.lattice
        middle = native.transform.shifted(lattice.width / 2, lattice.height / 2)
        self._centre = middle.c

    def plane(self, grid: Grid, memo: Memo) -> Plane:
        """The pixels of a grid."""
        level = grid.projection.level(self._native)
        size = 2**level
        target = Projection(self._native.crs, self._native.transform.scaled(size, size))
        lattice = self._band.lattice
        extent = Window(0, 0, -(-lattice.height // size), -(-lattice.width // size))

        def read(window: Window) -> Plane:
            values, valid = self._asset.read(self._band.name, level, window)
            return Plane(np.asarray(values), settle(np.asarray(valid, bool)))

        dtype = np.dtype(self._band.dtype)
        return resample(grid, target, read, memo, dtype=dtype, extent=extent, centre=self._centre)


class Resampled:
    """A band evaluated in its default projection and interpolated from there."""

    def __init__(self, band: Band, dtype: np.dtype[Any], method: Method, *, pyramid: bool) -> None:
        self.uses = 0
        self._band = band
        self._dtype = dtype
        self._method: Method = method
        self._pyramid = pyramid
        band.source.uses += 1

    def plane(self, grid: Grid, memo: Memo) -> Plane:
        """The pixels of a grid."""
        native = self._band.projection
        size = 2 ** grid.projection.level(native) if self._pyramid else 1
        target = Projection(native.crs, native.transform.scaled(size, size))
        extent = _level_extent(self._band.extent, size)

        def read(window: Window) -> Plane:
            return memo.plane(self._band.source, window_grid(target, window))

        return resample(
            grid,
            target,
            read,
            memo,
            method=self._method,
            dtype=self._dtype,
            extent=extent,
            centre=_centre(self._band),
        )


def _level_extent(extent: Window | None, size: int) -> Window | None:
    if extent is None:
        return None
    top, left = extent.row // size, extent.col // size
    bottom, right = -(-(extent.row + extent.height) // size), -(-(extent.col + extent.width) // size)
    return Window(top, left, bottom - top, right - left)


def _centre(band: Band) -> float | None:
    if band.extent is None:
        return None
    e = band.extent
    return band.projection.transform.shifted(e.col + e.width / 2, e.row + e.height / 2).c


def load(asset: ImageAsset) -> Image:
    """The image of an asset."""
    bands = []
    for band in asset.bands:
        native = lattice_projection(band.lattice)
        extent = Window(0, 0, band.lattice.height, band.lattice.width)
        bands.append(Band(band.name, pixeltype.from_dtype(band.dtype), native, FromAsset(asset, band, native), extent))
    properties = dict(asset.properties)
    properties.setdefault("system:index", asset.id.rpartition("/")[2])
    return Image(tuple(bands), properties, asset.footprint, asset.id)


def constant_band(value: float, name: str = "constant") -> Band:
    """A band of one number."""
    kind = pixeltype.of_number(value)
    return Band(name, kind, DEFAULT, Constant(value, kind.dtype))


def constant_image(value: float) -> Image:
    """An image of one number."""
    return Image((constant_band(value),))


def masked_band(name: str, kind: PixelType, projection: Projection = DEFAULT) -> Band:
    """A band without a valid pixel."""
    return Band(name, kind, projection, Constant(0, kind.dtype, valid=False))
