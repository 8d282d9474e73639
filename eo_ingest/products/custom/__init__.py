"""Products of users: any image or collection of Earth Engine, declared in TOML, or a program of their own."""

from eo_ingest.products.custom.declared import admit, declaration_of, declared, unbounded
from eo_ingest.products.custom.reading import FileProduct, is_file, load

__all__ = ["FileProduct", "admit", "declaration_of", "declared", "is_file", "load", "unbounded"]
