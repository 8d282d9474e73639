"""From the granules of a pair to its layers on a block's pixels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.sources.gunw import geometry, phase
from eo_ingest.sources.gunw.mosaic import Picture, join, merge
from eo_ingest.sources.gunw.phase import NODATA_COMPONENT
from eo_ingest.sources.warp import Lattice, draw

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from eo_ingest.grid import Block, Tile, Zone
    from eo_ingest.sources.gunw.granule import Granule
    from eo_ingest.sources.gunw.mosaic import Joined, Node
    from eo_ingest.sources.gunw.overlap import Tie
    from eo_ingest.sources.warp import Patch

AZIMUTH = "azimuth"
BASELINE = "baseline"


@dataclass(frozen=True)
class Made:
    """A pair on a block's pixels.

    Attributes:
        picture: its layers.
        taken: which granule each pixel is from, -1 for none.
        joined: where the components of the granules went.
    """

    picture: Picture
    taken: NDArray[np.int16]
    joined: Mapping[Node, Joined]


class Pixels:
    """The pixels of a block or tile, and where they lie on the lattices met so far: frames of a track share theirs."""

    def __init__(self, zone: Zone, cell: Block | Tile, factor: int) -> None:
        height, width = zone.cell_shape(cell, factor=factor)
        self._target = Lattice(zone.crs, zone.affine(cell, factor=factor), height, width)
        self._patches: dict[Lattice, Patch | None] = {}

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width)."""
        return self._target.height, self._target.width

    def on(self, lattice: Lattice) -> Patch | None:
        """The part of a lattice under the block; None if none is."""
        if lattice not in self._patches:
            self._patches[lattice] = draw(self._target, lattice).patch(margin=1)
        return self._patches[lattice]


def make(
    granules: Sequence[Granule],
    pixels: Pixels,
    height: float,
    compare: Callable[[Granule, Granule], tuple[Tie, ...]],
) -> Made:
    """One picture of a pair's granules, which are in order along the track.

    Args:
        granules: of one pair.
        pixels: of the block.
        height: metres above the ellipsoid, at which the imaging geometry is told.
        compare: tells the ties between two granules.

    Raises:
        SourceError: if a granule cannot be read.
    """
    pictures = [_align(granule, pixels, height) for granule in granules]
    nodes = [(i, int(label)) for i, p in enumerate(pictures) for label in np.unique(p.components) if label > 0]
    ties = {(i, j): compare(granules[i], granules[j]) for i, j in combinations(range(len(granules)), 2)}
    joined = join(nodes, ties)
    picture, taken = merge(pictures, joined)
    return Made(picture, taken, joined)


def _align(granule: Granule, pixels: Pixels, height: float) -> Picture:
    """One granule on a block's pixels. Geometry is told where the granule has any data."""
    nowhere = np.full(pixels.shape, np.nan, dtype=np.float32)
    patch = pixels.on(granule.lattice)
    if patch is None:
        names = ("coherence", "amplitude", *granule.angles, BASELINE)
        empty = np.full(pixels.shape, NODATA_COMPONENT, dtype=np.int32)
        return Picture(nowhere, empty, dict.fromkeys(names, nowhere))
    layers = granule.read(patch.window)
    moved = phase.interpolate(layers.phase, layers.components, patch)
    both = patch.bilinear(np.stack([layers.coherence, layers.amplitude]), nodata=np.nan)
    fields = {"coherence": both[0], "amplitude": both[1]}
    seen = Picture(moved, layers.components, fields).seen
    for name, cube in {**granule.angles, BASELINE: granule.baseline}.items():
        coarse = pixels.on(cube.lattice)
        told = geometry.direction if name == AZIMUTH else geometry.field
        values = nowhere if coarse is None else told(cube, coarse, height)
        fields[name] = np.where(seen, values, np.float32(np.nan))
    components = patch.nearest(layers.components, nodata=NODATA_COMPONENT)
    return Picture(moved, np.where(seen, components, NODATA_COMPONENT), fields)
