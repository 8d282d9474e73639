"""Product files: which names are files, and from a file to a product."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from eo_ingest.errors import ConfigError
from eo_ingest.products.custom.declared import declared
from eo_ingest.products.custom.module import executed
from eo_ingest.tomlfile import File, read

if TYPE_CHECKING:
    from eo_ingest.product import Product

_KINDS = (".toml", ".py")


@dataclass(frozen=True, slots=True)
class FileProduct:
    """A product and the file that it comes from."""

    product: Product
    file: File

    @property
    def from_code(self) -> bool:
        """Whether the file is Python."""
        return self.file.name.endswith(".py")


def is_file(name: str) -> bool:
    """Whether what a user gave as a product is a file: it ends as one, or has folders."""
    return name.endswith(_KINDS) or "/" in name or "\\" in name


def load(path: str, *, trust_code: bool) -> FileProduct:
    """The product of a file.

    Args:
        path: of a TOML or Python file.
        trust_code: whether Python files may be run.

    Raises:
        ConfigError: names the file and what is wrong with it. Without `trust_code` no Python file is even read.
    """
    place = Path(path).expanduser()
    if place.suffix not in _KINDS:
        raise ConfigError(f"product file {path!r}: expected one that ends in .toml or .py")
    if place.suffix == ".py" and not trust_code:
        raise ConfigError(
            f"product file {path!r} is a program: read it, and add --trust-code to run it with all that you may do"
        )
    file = read(place, "product file")
    return FileProduct(executed(file) if place.suffix == ".py" else _declared(file), file)


@lru_cache(maxsize=64)
def _declared(file: File) -> Product:
    return declared(file.text, file.name)
