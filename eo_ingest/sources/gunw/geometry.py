"""Imaging geometry: angles and baselines on a coarse lattice at a few heights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from eo_ingest.errors import SourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eo_ingest.sources.warp import Lattice, Patch

    Single = NDArray[np.float32]


@dataclass(frozen=True)
class Cube:
    """A field on (height, row, col): heights in metres above the ellipsoid, ascending; NaN is nodata.

    `who` names the granule and the field in messages.
    """

    who: str
    heights: NDArray[np.float64]
    lattice: Lattice
    values: Single

    @classmethod
    def of(cls, who: str, heights: NDArray[np.float64], lattice: Lattice, values: Single) -> Cube:
        """A cube whose heights may run either way.

        It gets one more step on all sides, in a straight line: data may reach half a pixel beyond its outer values.

        Raises:
            SourceError: if heights are not in order.
        """
        if len(heights) > 1 and heights[0] > heights[-1]:
            heights, values = heights[::-1], values[::-1]
        if not len(heights) or not np.isfinite(heights).all() or (np.diff(heights) <= 0).any():
            raise SourceError(f"{who}: its heights {heights.tolist()} are not in order")
        around = np.pad(values, ((0, 0), (1, 1), (1, 1)), mode="reflect", reflect_type="odd")
        return cls(who, heights, wider(lattice), around)

    def level(self, height: float) -> Single:
        """The field at one height, linear between two levels.

        Raises:
            SourceError: if the cube does not reach that height.
        """
        if not self.heights[0] <= height <= self.heights[-1]:
            raise SourceError(f"{self.who}: it spans {self.heights[0]:g} to {self.heights[-1]:g} m, not {height:g} m")
        exact = np.flatnonzero(self.heights == height)
        if exact.size:
            return cast("Single", self.values[exact[0]])
        above = int(np.searchsorted(self.heights, height))
        share = np.float32((height - self.heights[above - 1]) / (self.heights[above] - self.heights[above - 1]))
        below, over = self.values[above - 1], self.values[above]
        return cast("Single", below * (1 - share) + over * share)


def field(cube: Cube, patch: Patch, height: float) -> Single:
    """A field at one height on a patch's target: bilinear, nodata next to nodata."""
    level = cube.level(height)[patch.window.slices]
    return cast("Single", patch.bilinear(level, nodata=np.nan, whole=True))


def direction(cube: Cube, patch: Patch, height: float) -> Single:
    """A field of angles in degrees, which may jump by a turn between values; from 0 to below 360."""
    angle = np.deg2rad(cube.level(height)[patch.window.slices])
    both = patch.bilinear(np.stack([np.cos(angle), np.sin(angle)]), nodata=np.nan, whole=True)
    return cast("Single", np.rad2deg(np.arctan2(both[1], both[0])) % np.float32(360))


def wider(lattice: Lattice) -> Lattice:
    """A lattice with one more row and column on all sides."""
    across, _, left, _, down, top = lattice.transform
    transform = (across, 0.0, left - across, 0.0, down, top - down)
    return type(lattice)(lattice.crs, transform, lattice.height + 2, lattice.width + 2)
