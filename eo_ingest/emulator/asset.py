"""What the emulator serves: images and collections under Earth Engine ids.

The evaluator knows assets by these Protocols only. The synthetic world (`emulator.world`) and real files
(`emulator.files`) implement them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from shapely.geometry.base import BaseGeometry

Pyramid = Literal["mean", "mode", "sample"]


@dataclass(frozen=True)
class Lattice:
    """The native pixel grid of a band.

    `transform` is (xScale, xShear, xOrigin, yShear, yScale, yOrigin): x = a·col + b·row + c of pixel corners.
    """

    crs: str
    transform: tuple[float, float, float, float, float, float]
    width: int
    height: int


@dataclass(frozen=True)
class Window:
    """Pixels [row, row + height) × [col, col + width) of a lattice."""

    row: int
    col: int
    height: int
    width: int


@dataclass(frozen=True, kw_only=True)
class Band:
    """One band of an asset: its numpy dtype name, its lattice and how its pyramid levels are made."""

    name: str
    dtype: str
    lattice: Lattice
    pyramid: Pyramid = "mean"


class ImageAsset(Protocol):
    """An image: `properties` as Earth Engine gives them, dates in milliseconds since 1970.

    `footprint` is a lon/lat (EPSG:4326) geometry, or None for an image without bounds.
    """

    @property
    def id(self) -> str:
        """The asset id."""
        ...

    @property
    def properties(self) -> Mapping[str, Any]:
        """Metadata."""
        ...

    @property
    def footprint(self) -> BaseGeometry | None:
        """Where the image is."""
        ...

    @property
    def bands(self) -> tuple[Band, ...]:
        """Bands in order."""
        ...

    def read(self, band: str, level: int, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Pixels of pyramid `level` (pixels 2**level native ones wide) as (values, valid), both (height, width).

        `window` counts in pixels of that level, from the lattice's origin, and may reach outside the lattice:
        there `valid` is False.
        """
        ...


class CollectionAsset(Protocol):
    """A collection whose images can be asked for by time and place; it may be endless without those."""

    @property
    def id(self) -> str:
        """The asset id."""
        ...

    @property
    def properties(self) -> Mapping[str, Any]:
        """Metadata of the collection."""
        ...

    def images(self, start: int | None, end: int | None, bounds: BaseGeometry | None) -> Iterator[ImageAsset]:
        """Images in time order that may start in [start, end) (ms since 1970) and meet `bounds` (lon/lat).

        A superset is allowed: the evaluator applies the filters itself.
        """
        ...


class Catalogue(Protocol):
    """All assets of one emulator."""

    def get(self, asset_id: str) -> ImageAsset | CollectionAsset | None:
        """The asset of an id."""
        ...

    def children(self, parent_id: str) -> list[ImageAsset | CollectionAsset] | None:
        """The assets directly under a folder or collection, None where there is no such parent."""
        ...
