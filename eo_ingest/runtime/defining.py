"""Products of users in a store: what it keeps of them, and what a new definition does to what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eo_ingest import products
from eo_ingest.errors import ConfigError, OutputError
from eo_ingest.period import Period
from eo_ingest.plan import fingerprint
from eo_ingest.products.custom import kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from eo_ingest.grid import Grid
    from eo_ingest.plan import Plan
    from eo_ingest.ports import Store
    from eo_ingest.product import Product
    from eo_ingest.products.custom.kept import Definition, Kept
    from eo_ingest.runtime.choosing import Choice


def known(store: Store, grid: Grid) -> dict[str, Product]:
    """All products that a store on a grid can be read with, by name: those of eo-ingest, and its user's own."""
    found = {**products.REGISTRY, **kept.products(store)}
    return {name: made.on(grid.lattice) for name, made in found.items()}


def product(store: Store, grid: Grid, name: str) -> Product:
    """A product that a store on a grid can be read with.

    Raises:
        ConfigError: if there is none of that name.
    """
    own = kept.products(store)
    return (own[name] if name in own else products.get(name)).on(grid.lattice)


def current_fingerprint(grid: Grid, store: Store | None = None) -> Callable[[str, str], str | None]:
    """What `catalog.status` asks: the fingerprint of a product and period now; None where the product is unknown.

    That of a product that a program makes is the one that its jobs got.

    Raises:
        OutputError: if what the store keeps of the product is damaged.
    """

    def now(name: str, period: str) -> str | None:
        own = kept.read(store, name) if store else None
        if own is not None:
            return _fingerprint(own.now, period, grid)
        made = products.REGISTRY.get(name)
        return fingerprint(made, Period.parse(period), grid) if made else None

    return now


def changes(store: Store, choices: Iterable[Choice], plan: Plan) -> list[str]:
    """What a run's user's products change in its store, in sentences.

    Raises:
        ConfigError: if a store's arrays cannot hold what a new definition makes, or a name stands for something else.
    """
    told = []
    for choice in choices:
        name = choice.product.name
        before = _kept(store, name)
        if before is None:
            continue
        if choice.file is None:
            raise ConfigError(
                f"the store has a product {name!r} of its user, defined in {before.now.file}: "
                "make eo-ingest's product of that name in another store"
            )
        if before.current != choice.file.file.sha256:
            told += _changed(before, choice, plan)
    return told


def keep(store: Store, choices: Iterable[Choice], plan: Plan) -> None:
    """Make the definitions of a run's user's products those that hold in its store."""
    for choice in choices:
        if choice.file:
            periods = [period for product, period in plan.series if product.name == choice.product.name]
            made = {period.name: fingerprint(choice.product, period, plan.grid) for period in periods}
            kept.keep(store, choice.file, made)


def are_kept(store: Store, choices: Iterable[Choice]) -> bool:
    """Whether the definitions of a run's user's products are those that hold in its store."""
    files = {choice.product.name: choice.file.file.sha256 for choice in choices if choice.file}
    return all((found := _kept(store, name)) and found.current == sha256 for name, sha256 in files.items())


def _changed(before: Kept, choice: Choice, plan: Plan) -> list[str]:
    name, old = choice.product.name, before.now
    meant, means = (_encoding(made.on(plan.grid.lattice)) for made in (old.restored(), choice.product))
    if meant != means:
        different = ", ".join(key for key in {**meant, **means} if meant.get(key) != means.get(key))
        raise ConfigError(
            f"product {name!r} is defined otherwise in this store ({old.file}, {old.added}), and with another "
            f"{different} its arrays would hold both: give the new one another name, or choose another store"
        )
    periods = [period for product, period in plan.series if product.name == name]
    if all(
        _fingerprint(old, period.name, plan.grid) in {None, fingerprint(choice.product, period, plan.grid)}
        for period in periods
    ):
        return []
    told = f"product {name!r} is defined otherwise than in {old.file} of {old.added}: what was made so is stale"
    return [f"{told}, and is made again where it is asked for"]


def _encoding(product: Product) -> dict[str, Any]:
    """What stored numbers mean: everything that an array says of itself, and what shape it has."""
    return {
        "resolution": product.resolution,
        "cadence": (product.cadence, product.slots),
        **{
            f"variable {v.name!r}": (
                (v.bands, v.band_dim, v.dtype, v.nodata, v.valid_range, v.units, v.kind),
                (v.scale_factor, v.add_offset, tuple((flag.value, flag.meaning) for flag in v.flags)),
            )
            for v in product.variables
        },
    }


def _fingerprint(definition: Definition, period: str, grid: Grid) -> str | None:
    if definition.format == "python":
        return definition.fingerprints.get(period)
    try:
        return fingerprint(definition.restored(), Period.parse(period), grid)
    except ConfigError:
        return None


def _kept(store: Store, name: str) -> Kept | None:
    """What a store keeps of a product.

    Raises:
        ConfigError: if it is damaged.
    """
    try:
        return kept.read(store, name)
    except OutputError as err:
        raise ConfigError(f"{err}") from err
