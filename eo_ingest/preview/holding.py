"""What a zone of a store was asked for and holds, series by series: from keys and the tile index, no pixel read."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from eo_ingest import catalog, manifest, products
from eo_ingest.catalog.index import masks_by_aoi
from eo_ingest.catalog.parquet import DAMAGED, opened
from eo_ingest.errors import StoreError
from eo_ingest.grid import Block
from eo_ingest.stores import layout

if TYPE_CHECKING:
    from collections.abc import Callable

    from eo_ingest.manifest import RecordName
    from eo_ingest.ports import Store

Masks = dict[Block, int]  # block → 16-bit mask of its tiles


@dataclass(frozen=True, kw_only=True)
class Holding:
    """A series in one zone: the tiles asked for, those made, those that failed and were not made, and all records."""

    product: str
    period: str
    asked: Masks
    done: Masks
    failed: Masks
    names: dict[str, list[RecordName]]

    @property
    def known(self) -> Masks:
        """All tiles that there is something to say of."""
        blocks = {*self.asked, *self.done, *self.failed}
        return {b: self.asked.get(b, 0) | self.done.get(b, 0) | self.failed.get(b, 0) for b in sorted(blocks)}


@dataclass(frozen=True)
class Territory:
    """One zone of a store: the AOIs with tiles in it, and what it holds of each series."""

    zone: str
    aois: dict[str, Masks]
    holdings: tuple[Holding, ...]


def tiles_by_zone(store: Store) -> dict[str, int]:
    """The zones in which anything was asked of a store, and how many tiles of each.

    Raises:
        StoreError: if a tile index is damaged.
    """
    counts = {}
    for key, _ in store.listing(f"{layout.TILES}/"):
        try:
            rows = pq.ParquetFile(opened(store.get(key))).metadata.num_rows
        except DAMAGED as err:
            raise StoreError(f"{key!r} is not a tile index: {err}") from err
        counts[key.removeprefix(f"{layout.TILES}/").removesuffix(".parquet")] = rows
    return dict(sorted(counts.items()))


def made_by_zone(store: Store, chosen: Callable[[str, str], bool]) -> dict[str, tuple[int, int]]:
    """How many tiles of each zone are made of any of the series that are chosen, and how many failed, from keys alone.

    Raises:
        StoreError: if a run's description is damaged.
    """
    masks: dict[str, dict[tuple[str, str], int]] = {"done": {}, "failed": {}}
    for series in (series for series in catalog.asked(store) if chosen(*series)):
        for name in chain.from_iterable(manifest.scan(store, *series).names.values()):
            if name.status in masks:
                place = name.zone, name.block
                masks[name.status][place] = masks[name.status].get(place, 0) | name.tiles
    done, failed = masks["done"], masks["failed"]
    counts: dict[str, tuple[int, int]] = {}
    for zone, block in done.keys() | failed.keys():
        made = done.get((zone, block), 0)
        left = failed.get((zone, block), 0) & ~made
        before = counts.get(zone, (0, 0))
        counts[zone] = before[0] + made.bit_count(), before[1] + left.bit_count()
    return counts


def territory(store: Store, zone: str, chosen: Callable[[str, str], bool]) -> Territory:
    """What a zone holds of the series (product, period) that are chosen, in the products' order and by period.

    Raises:
        StoreError: if a run's description or the zone's tile index is damaged.
    """
    aois = masks_by_aoi(store, zone)
    asked = {series: names for series, names in catalog.asked(store).items() if chosen(*series)}
    holdings = [_holding(store, zone, *series, [aois.get(name, {}) for name in asked[series]]) for series in asked]
    return Territory(zone, aois, tuple(sorted((h for h in holdings if h.known), key=_order)))


def _order(holding: Holding) -> tuple[int, str, str]:
    registered = list(products.REGISTRY)
    place = registered.index(holding.product) if holding.product in registered else len(registered)
    return place, holding.product, holding.period


def _holding(store: Store, zone: str, product: str, period: str, asked: list[Masks]) -> Holding:
    names = manifest.Ledger.read(store, f"{layout.records(product, period)}/{zone}/").names
    done, failed = ({b: m for b in names if (m := _mask(names[b], status))} for status in ("done", "failed"))
    return Holding(
        product=product,
        period=period,
        asked=_joined(asked),
        done={Block.parse(b): mask for b, mask in done.items()},
        failed={Block.parse(b): left for b, mask in failed.items() if (left := mask & ~done.get(b, 0))},
        names=names,
    )


def _mask(names: list[RecordName], status: str) -> int:
    mask = 0
    for name in names:
        mask |= name.tiles if name.status == status else 0
    return mask


def _joined(many: list[Masks]) -> Masks:
    masks: Masks = {}
    for one in many:
        for block, mask in one.items():
            masks[block] = masks.get(block, 0) | mask
    return masks
