"""Parting tiles by a rule: from tiles to the split of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.errors import ConfigError
from eo_ingest.split.band import bands
from eo_ingest.split.border import cells
from eo_ingest.split.guard import too_near
from eo_ingest.split.polygon import Layer
from eo_ingest.split.share import GUARD, shuffled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eo_ingest.split.rule import Rule
    from eo_ingest.split.tiles import Tiles

NONE = -1
_ZONE, _ROW, _HALF = 52, 26, 1 << 25  # bits of a number that stands for a square


@dataclass(frozen=True, eq=False)
class Parting:
    """Tiles and the split of each.

    Attributes:
        tiles: the tiles.
        names: of the splits.
        splits: the place in `names` of each tile's, `NONE` where it is in none.
    """

    tiles: Tiles
    names: tuple[str, ...]
    splits: NDArray[np.int32]

    def counts(self) -> dict[str, int]:
        """Tiles by split, and of those in none, `guard`."""
        found = np.bincount(self.splits + 1, minlength=len(self.names) + 1).tolist()
        return {**dict(zip(self.names, found[1:], strict=True)), GUARD: found[0]}

    def within(self, name: str) -> NDArray[np.bool_]:
        """Which tiles are in a split.

        Raises:
            ConfigError: if there is no such split.
        """
        if name == GUARD:
            return np.asarray(self.splits == NONE)
        if name not in self.names:
            raise ConfigError(f"there is no split {name!r}: expected one of {', '.join(self.names)}")
        return np.asarray(self.splits == self.names.index(name))


def part(tiles: Tiles, rule: Rule) -> Parting:
    """Part tiles by a rule. Equal tiles and rules give equal splits, whatever the machine.

    Raises:
        ConfigError: if the rule does not fit these tiles.
    """
    if rule.method == "bands":
        splits = _by_band(tiles, rule)
    elif rule.method in {"countries", "polygons"}:
        splits = _by_polygon(tiles, rule)
    else:
        splits = _by_block(tiles, rule)
    shares = rule.shares
    lost = too_near(tiles, splits, float(rule.guard_m), shares.yields)
    return Parting(tiles, shares.names, np.where(lost, NONE, splits).astype(np.int32))


def _by_band(tiles: Tiles, rule: Rule) -> NDArray[np.int32]:
    pattern = rule.shares.pattern()
    found = bands(tiles, rule.bands or 0, rule.angle or 0.0)
    return np.asarray(pattern[(found + rule.seed) % len(pattern)])


def _by_block(tiles: Tiles, rule: Rule) -> NDArray[np.int32]:
    """Squares of tiles on one lattice, or each tile alone."""
    side = rule.block or 1
    zone, rows, cols = cells(tiles)
    keys = zone << _ZONE | (rows // side + _HALF) << _ROW | (cols // side + _HALF)
    squares, place, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    return rule.shares.allot(sizes, shuffled(rule.seed, squares))[place]


def _by_polygon(tiles: Tiles, rule: Rule) -> NDArray[np.int32]:
    """The split of the polygons that a tile has parts of; none where there is no polygon, or they are in two splits."""
    layer = rule.layer or Layer.of_countries()
    tile, shape = layer.meets(tiles)
    if not len(tile):
        raise ConfigError(f"no tile meets a polygon of {layer.name!r}")
    present, place, sizes = np.unique(shape, return_inverse=True, return_counts=True)
    keys = np.concatenate([shuffled(rule.seed, layer.keys[number]) for number in present])
    splits = rule.shares.allot(sizes, keys)[place]
    low, high = np.full(len(tiles), len(rule.shares.names)), np.full(len(tiles), NONE)
    np.minimum.at(low, tile, splits)
    np.maximum.at(high, tile, splits)
    return np.where(low == high, high, NONE).astype(np.int32)
