"""Which products a run makes, and by which way each comes: Earth Engine, or an archive of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eo_ingest import products
from eo_ingest.errors import ConfigError

if TYPE_CHECKING:
    from eo_ingest.config import RunConfig
    from eo_ingest.product import Product

EMULATED = "emulator"
# Where an archive is looked for on real data, where nobody says.
_USUAL = {"gunw": "asf"}


def chosen(config: RunConfig) -> dict[str, Product]:
    """The products of a configuration by name: those asked for, or the default ones that have its periods.

    Raises:
        ConfigError: for an unknown product.
    """
    names = dict.fromkeys(config.products or products.DEFAULT)
    found = {name: products.get(name) for name in names}
    if not config.products and config.periods:
        found = {n: p for n, p in found.items() if not p.only_periods or set(config.periods) <= set(p.periods)}
    return found


def archives(config: RunConfig, found: dict[str, Product]) -> dict[str, str]:
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
