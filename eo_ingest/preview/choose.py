"""What of a store goes on a sheet: which zone, which ground, which products and periods."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from eo_ingest import catalog
from eo_ingest.errors import ConfigError
from eo_ingest.preview import series, view
from eo_ingest.preview.holding import Holding, made_by_zone, territory, tiles_by_zone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eo_ingest.grid import Grid, Tile, Zone
    from eo_ingest.ports import Store
    from eo_ingest.preview.holding import Masks, Territory
    from eo_ingest.preview.series import Series
    from eo_ingest.preview.view import View


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What to draw: a tile, or a zone (by default the one where most was made); None means all there is.

    `max_px` bounds both sides of the sheet.
    """

    tile: str | None = None
    zone: str | None = None
    products: tuple[str, ...] | None = None
    periods: tuple[str, ...] | None = None
    frame: str | None = None
    max_px: int | None = None

    def takes(self, product: str, period: str) -> bool:
        """Whether a series is asked for."""
        return product in (self.products or {product}) and period in (self.periods or {period})


@dataclass(frozen=True)
class Choice:
    """What is drawn: the ground, what the store holds of each series there, and how many tiles each zone has.

    Of chips, which are no neighbours, it is always one `tile`: the first, where none is asked for.
    """

    view: View
    tile: Tile | None
    territory: Territory
    series: tuple[Series, ...]
    zones: dict[str, int]

    @property
    def whole(self) -> bool:
        """Whether all that was made in the zone is in view."""
        return self.tile is not None or all(
            self.view.count(masks) == sum(mask.bit_count() for mask in masks.values())
            for holding in self.territory.holdings
            for masks in (holding.done, holding.failed)
        )

    def without(self, dropped: Series) -> Choice:
        """The same, one series less."""
        kept = tuple(s for s in self.series if s is not dropped)
        names = {(s.product, s.period) for s in kept}
        holdings = tuple(h for h in self.territory.holdings if (h.product, h.period) in names)
        return replace(self, series=kept, territory=replace(self.territory, holdings=holdings))


def choose(store: Store, grid: Grid, ask: Ask) -> Choice:
    """Find what is asked for.

    Raises:
        ConfigError: if the store does not have it; says what it has.
        StoreError: if a run's description or a tile index is damaged.
        OutputError: if the metadata of a product are.
    """
    _check_series(store, ask)
    zones = tiles_by_zone(store)
    if not zones:
        raise ConfigError(f"nothing was asked of {store.url} yet: `eo-ingest tile` makes tiles")
    tile = grid.tile(ask.tile) if ask.tile else None
    name = _zone(grid, ask, tile, zones) or _fullest(store, ask, zones)
    zone = grid.zone(name)
    found = territory(store, name, ask.takes)
    if not found.holdings:
        raise ConfigError(f"the store has nothing of what is asked for in zone {name!r}: there are {_named(zones)}")
    if zone.stacked and not tile:
        tile = _first(found.holdings)
    if tile:
        at = view.of_tile(zone, tile)
        found = replace(found, holdings=_seen(found.holdings, at))
        if not found.holdings:
            raise ConfigError(_unknown_tile(tile, found, ask))
        return Choice(at, tile, found, _read(store, found.holdings, zone), zones)
    every = _read(store, found.holdings, zone)
    at = view.of_all(zone, found.holdings, sum(one.tile_bytes for one in every))
    seen = _seen(found.holdings, at)
    kept = tuple(s for s, holding in zip(every, found.holdings, strict=True) if holding in seen)
    return Choice(at, None, replace(found, holdings=seen), kept, zones)


def _check_series(store: Store, ask: Ask) -> None:
    """Refuse products and periods that the store was never asked for."""
    asked = catalog.asked(store)
    known = sorted({product for product, _ in asked})
    for product in ask.products or ():
        if product not in known:
            near = get_close_matches(product, known, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise ConfigError(f"the store has nothing of {product!r}{hint}: it has {', '.join(known) or 'nothing'}")
    for period in ask.periods or ():
        chosen = {q for p, q in asked if p in (ask.products or {p})}
        if period not in chosen:
            who = f"product {ask.products[0]!r}" if ask.products and len(ask.products) == 1 else "the store"
            raise ConfigError(f"{who} has the periods {', '.join(sorted(chosen))}, not {period!r}")


def _zone(grid: Grid, ask: Ask, tile: Tile | None, zones: dict[str, int]) -> str | None:
    """The zone that is asked for, if one is."""
    if tile and ask.zone not in {None, tile.zone}:
        raise ConfigError(f"tile {tile.id!r} is in zone {tile.zone!r}, not {ask.zone!r}")
    wanted = tile.zone if tile else ask.zone
    if wanted is not None and grid.zone(wanted).name not in zones:
        raise ConfigError(f"the store has nothing in zone {wanted!r}: there are {_named(zones)}")
    return wanted


def _fullest(store: Store, ask: Ask, zones: dict[str, int]) -> str:
    """The zone where most tiles were made; of equals, where most failed, then where most were asked for."""
    if len(zones) == 1:
        return next(iter(zones))
    made = made_by_zone(store, ask.takes)
    return max(zones, key=lambda name: (*made.get(name, (0, 0)), zones[name]))


def _seen(holdings: Sequence[Holding], at: View) -> tuple[Holding, ...]:
    """What there is something to see of."""
    return tuple(holding for holding in holdings if at.count(holding.known))


def _first(holdings: Sequence[Holding]) -> Tile:
    """The first tile that was made of anything, or, where none was, that was asked for."""
    made = [t for holding in holdings for t in _tiles(holding.done)]
    return min(made or [t for holding in holdings for t in _tiles(holding.known)])


def _read(store: Store, holdings: Sequence[Holding], zone: Zone) -> tuple[Series, ...]:
    return tuple(series.read(store, holding.product, holding.period, zone) for holding in holdings)


def _unknown_tile(tile: Tile, found: Territory, ask: Ask) -> str:
    """That nobody asked for a tile, and the nearest that somebody did ask for."""
    known = {t for masks in found.aois.values() for t in _tiles(masks)}
    if tile in known:
        return f"nothing of {', '.join(ask.products or ('any product',))} was asked for at tile {tile.id!r}"
    if not known:
        return f"tile {tile.id!r} was not asked of this store"
    near = min(known, key=lambda other: ((other.row - tile.row) ** 2 + (other.col - tile.col) ** 2, other))
    return (
        f"tile {tile.id!r} was not asked of this store: the nearest of its {len(known):,} in {tile.zone} is {near.id}"
    )


def _tiles(masks: Masks) -> set[Tile]:
    return {
        block.tile(index) for block, mask in masks.items() for index in range(mask.bit_length()) if mask >> index & 1
    }


def _named(zones: dict[str, int]) -> str:
    return ", ".join(f"{name} ({count:,} tile{'' if count == 1 else 's'})" for name, count in zones.items())
