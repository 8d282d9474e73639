"""A product from a user's own Python file: run only where the user said that its code is trusted."""

from __future__ import annotations

import sys
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING

from eo_ingest.errors import ConfigError
from eo_ingest.product import Product
from eo_ingest.products import REGISTRY
from eo_ingest.products.custom.declared import admit

if TYPE_CHECKING:
    from eo_ingest.tomlfile import File


@lru_cache(maxsize=64)
def executed(file: File) -> Product:
    """The one product that a Python file defines. The same bytes run once in a process.

    Raises:
        ConfigError: if the file does not run, or defines none or several.
    """
    module = ModuleType(f"eo_ingest_product_{file.sha256[:16]}")
    module.__file__ = file.name
    sys.modules[module.__name__] = module  # where dataclasses look for the types that they name
    try:
        code = compile(file.data, file.name, "exec")
        exec(code, module.__dict__)  # noqa: S102 - the user said --trust-code
    except (Exception, SystemExit) as err:
        del sys.modules[module.__name__]
        raise ConfigError(f"{file.name} does not run: {type(err).__name__}: {err}") from err
    known = {id(product) for product in REGISTRY.values()}
    found = {
        id(value): (name, value)
        for name, value in vars(module).items()
        if isinstance(value, Product) and id(value) not in known
    }
    if len(found) != 1:
        names = ", ".join(name for name, _ in found.values()) or "none"
        raise ConfigError(f"{file.name} defines {names}: expected one eo_ingest.product.Product")
    ((_, product),) = found.values()
    admit(product, file.name)
    return product
