"""A product from a user's own Python file: run only where the user said that its code is trusted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from eo_ingest.errors import ConfigError, EoIngestError
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
    if product.scenes is None or product.images is None:
        return product
    variables = tuple(v.name for v in product.variables)
    images = _Guarded(product.images, "images", file.name, variables)
    return replace(product, scenes=_Guarded(product.scenes, "scenes", file.name), images=images)


@dataclass(frozen=True, slots=True)
class _Guarded:
    """A function of a user's program: what goes wrong in it is told as the program's fault."""

    function: Callable[..., Any]
    name: str
    file: str
    variables: tuple[str, ...] = ()

    def __call__(self, *arguments: Any) -> Any:
        """What the function gives.

        Raises:
            ConfigError: if it raises, or gives no image of a variable.
        """
        try:
            made = self.function(*arguments)
        except EoIngestError:
            raise
        except Exception as err:
            raise ConfigError(f"{self.file}: `{self.name}` fails: {type(err).__name__}: {err}") from err
        if self.variables and (not isinstance(made, Mapping) or set(made) != set(self.variables)):
            given = ", ".join(map(str, made)) if isinstance(made, Mapping) else f"a {type(made).__name__}"
            raise ConfigError(
                f"{self.file}: `{self.name}` gives {given}: expected an image of each variable: "
                f"{', '.join(self.variables)}"
            )
        return made
