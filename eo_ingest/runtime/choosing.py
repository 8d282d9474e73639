"""Which products a run makes, of which periods, and by which way each comes: Earth Engine, or an archive of files."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from eo_ingest import products
from eo_ingest.errors import ConfigError, OutputError
from eo_ingest.grid import Grid
from eo_ingest.plan import series
from eo_ingest.product import NAME
from eo_ingest.products import custom
from eo_ingest.products.custom import kept
from eo_ingest.runtime.opening import store_at
from eo_ingest.tomlfile import File

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eo_ingest.config import RunConfig
    from eo_ingest.period import Period
    from eo_ingest.product import Product
    from eo_ingest.products.custom import FileProduct
    from eo_ingest.products.custom.kept import Definition

EMULATED = "emulator"
# Where an archive is looked for on real data, where nobody says.
_USUAL = {"gunw": "asf"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One product of a run: as it was asked for, and the periods of it alone; `file` if it is the user's own."""

    asked: str
    product: Product
    periods: tuple[str, ...] | None = None
    file: FileProduct | None = None


def choices(config: RunConfig) -> dict[str, Choice]:
    """What a configuration chooses, by product name.

    Raises:
        ConfigError: for an unknown product, a product file that is wrong, or two products of one name.
    """
    found: dict[str, Choice] = {}
    _check_options(config)
    for asked in dict.fromkeys(config.products or products.DEFAULT):
        choice = _choice(asked, config)
        name = choice.product.name
        if name in found:
            raise ConfigError(f"{_short(found[name].asked)} and {_short(asked)} are both product {name!r}: take one")
        found[name] = choice
    if not config.products and config.periods:
        whole = set(config.periods)
        found = {n: c for n, c in found.items() if not c.product.only_periods or whole <= set(c.product.periods)}
    if strange := set(config.product_periods) - {n for c in found.values() for n in (c.asked, c.product.name)}:
        name = min(strange)
        given = ",".join(config.product_periods[name])
        raise ConfigError(f"--period {name}={given}: this run makes {', '.join(found)}, not {name!r}")
    lattice = Grid.load(config.grid).lattice
    return {name: replace(choice, product=choice.product.on(lattice)) for name, choice in found.items()}


def chosen(config: RunConfig) -> dict[str, Product]:
    """The products of a configuration by name: those asked for, or the default ones that have its periods.

    Raises:
        ConfigError: see `choices`.
    """
    return {name: choice.product for name, choice in choices(config).items()}


def chosen_series(config: RunConfig) -> tuple[tuple[Product, Period], ...]:
    """Each product with each of its periods: those asked of it alone, else those asked of all, else its own.

    Raises:
        ConfigError: see `choices`; or if a product does not exist for a period.
    """
    return tuple(pair for c in choices(config).values() for pair in series([c.product], c.periods or config.periods))


def _check_options(config: RunConfig) -> None:
    """Refuse an option that concerns none of the products.

    Raises:
        ConfigError: names it.
    """
    names = config.products or products.DEFAULT
    for option in ({"clouds": config.clouds}, {"orbit": config.orbit}):
        ((key, value),) = option.items()
        if value and not _concerned(option) & set(names):
            made = ", ".join(_short(name) for name in names)
            raise ConfigError(f"--{key} {value} concerns none of what is made: {made}")


def _concerned(option: Mapping[str, str | None]) -> set[str]:
    """The products that an option changes, those that it makes, and those that refuse it."""
    found = set()
    for name in products.REGISTRY:
        try:
            made = products.variant(name, **option)
        except ConfigError:
            found.add(name)
            continue
        if made != name:
            found |= {name, made}
    return found


def _choice(asked: str, config: RunConfig) -> Choice:
    if custom.is_file(asked):
        file = _file(asked, config)
    elif asked not in products.REGISTRY and (definition := _own(asked, config)):
        file = _remembered(definition, asked)
    else:
        product = products.get(products.variant(asked, clouds=config.clouds, orbit=config.orbit))
        return Choice(asked, product, _periods(config, product.name, asked))
    return Choice(asked, file.product, _periods(config, file.product.name, asked), file)


def _periods(config: RunConfig, *names: str) -> tuple[str, ...] | None:
    return next((config.product_periods[name] for name in names if name in config.product_periods), None)


def _file(path: str, config: RunConfig) -> FileProduct:
    """The product of a file; once a run has begun, the one that it began with.

    Raises:
        ConfigError: if the file is wrong, or another one by now.
    """
    begun_with = config.definitions.get(path)
    if begun_with is None:
        return custom.load(path, trust_code=config.trust_code)
    with suppress(ConfigError):  # the file may have changed, or be on another machine: the store has it
        found = custom.load(path, trust_code=config.trust_code)
        if found.file.sha256 == begun_with:
            return found
    for name in kept.names(store_at(config.store)):
        definition = _stored(name, config, begun_with)
        if definition and definition.text is not None:
            return _remembered(definition, path)
    raise ConfigError(f"{Path(path).name} changed since the run began: run it again with the file as it is now")


def _own(name: str, config: RunConfig) -> Definition | None:
    """The user's product of that name that the run's store keeps."""
    if config.store == "-" or not NAME.fullmatch(name):
        return None
    return _stored(name, config, config.definitions.get(name))


def _stored(name: str, config: RunConfig, sha256: str | None) -> Definition | None:
    """A definition in the run's store: of that digest, or the one that holds; None if there is none."""
    try:
        found = kept.read(store_at(config.store), name)
        if found is None:
            return None
        return found.definition(sha256) if sha256 else found.now
    except KeyError:
        return None
    except OutputError as err:
        raise ConfigError(f"{err}") from err


def _remembered(definition: Definition, asked: str) -> FileProduct:
    if definition.text is None:
        raise ConfigError(
            f"product {_short(asked)} is made by the program {definition.file}, and stores keep no programs: "
            f"add --products with its path, and --trust-code"
        )
    return custom.FileProduct(definition.restored(), File(definition.file, definition.text.encode()))


def _short(asked: str) -> str:
    return repr(Path(asked).name if custom.is_file(asked) else asked)


def archives(config: RunConfig, found: Mapping[str, Product]) -> dict[str, str]:
    """Where the files are of each product that does not come from Earth Engine: a folder, a URL or a service's name.

    Raises:
        ConfigError: if an archive is given for a product that is not made or has none, or if synthetic and real data
            would mix.
    """
    asked = dict(config.archives)
    for name, url in asked.items():
        if name not in found:
            raise ConfigError(f"--archive {name}={url}: this run makes {', '.join(found)}, not {name!r}")
        if found[name].archive is None:
            raise ConfigError(f"--archive {name}={url}: product {name!r} comes from Earth Engine alone")
    for name, product in found.items():
        if product.archive and product.images is None:
            asked.setdefault(name, EMULATED if config.source == "emulator" else _USUAL.get(product.archive.kind, ""))
    for name, url in asked.items():
        if not url:
            raise ConfigError(f"product {name!r} needs to know where its files are: add --archive {name}=FOLDER_OR_URL")
        if (url == EMULATED) != (config.source == "emulator"):
            ours, way = ("synthetic", "is real") if config.source == "emulator" else ("real", "is synthetic")
            raise ConfigError(f"--archive {name}={url} {way} and this run makes {ours} data: a store holds one kind")
    return asked


def from_earth_engine(config: RunConfig) -> bool:
    """Whether a run asks Earth Engine (or its emulator) for anything.

    Raises:
        ConfigError: see `archives`.
    """
    found = chosen(config)
    return bool(found.keys() - archives(config, found).keys())
