"""From what a user asks of a sample to tiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.aoi.box import parse_box
from eo_ingest.aoi.country import countries
from eo_ingest.errors import ConfigError
from eo_ingest.runtime import splitting
from eo_ingest.split import GUARD, file
from eo_ingest.split.sample import sample

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from eo_ingest.split import Parting, Tiles


@dataclass(frozen=True)
class Ask:
    """What tiles are chosen from: those of an area on a grid or of a store, in a box, in one split; and the groups."""

    aoi: str | None = None
    grid: str | None = None
    store: str | None = None
    bbox: str | None = None
    split: Path | None = None
    part: str | None = None
    stratum: str | None = None


def chosen(ask: Ask, count: int, seed: int) -> Tiles:
    """Choose tiles.

    Raises:
        ConfigError: if what is asked for is not there, or there are too few.
        StoreError: if a store's index is damaged.
    """
    if ask.part is not None and ask.split is None:
        raise ConfigError("a part is one of a split file: add --split FILE")
    if ask.stratum == "split" and (ask.split is None or ask.part is not None):
        raise ConfigError("as many tiles from each split need --split FILE, and no --part")
    tiles = splitting.place(ask.aoi, ask.grid, ask.store).tiles
    if ask.bbox is not None:
        tiles = _some(tiles, _in_box(tiles, ask.bbox), f"box {ask.bbox}")
    parting = file.read(ask.split, tiles.grid).parting if ask.split is not None else None
    if parting is not None and ask.stratum != "split":
        part = ask.part or "train"
        parting.within(part)
        own = np.array([name == part for name in _splits(tiles, parting)])
        tiles = _some(tiles, own, f"split {part!r}")
    strata: list[str | None] | None = None
    if ask.stratum == "country":
        strata = countries().locate(tiles.lonlat[:, 0], tiles.lonlat[:, 1]).tolist()
    elif parting is not None and ask.stratum == "split":
        strata = [None if name == GUARD else name for name in _splits(tiles, parting)]
    return tiles.taken(sample(tiles, count, seed=seed, strata=strata))


def _some(tiles: Tiles, own: NDArray[np.bool_], what: str) -> Tiles:
    if not own.any():
        raise ConfigError(f"none of the {len(tiles):,} tiles is in {what}")
    return tiles.taken(own)


def _splits(tiles: Tiles, parting: Parting) -> list[str | None]:
    """The split of each tile, None where the file does not have it."""
    where = np.concatenate(
        [parting.tiles.places(zone.name, tiles.rows[own], tiles.cols[own]) for zone, own in tiles.parts()]
    )
    names = [*parting.names, GUARD]
    return [None if place < 0 else names[parting.splits[place]] for place in where.tolist()]


def _in_box(tiles: Tiles, text: str) -> NDArray[np.bool_]:
    box = parse_box(text)
    if box is None:
        raise ConfigError(f"box {text!r}: expected west,south,east,north in degrees")
    west, south, east, north = box
    lon, lat = tiles.lonlat.T
    across = (lon - west) % 360
    return np.asarray((across <= east - west) & (lat >= south) & (lat <= north))
