"""Several sources as one: each job goes to the source that its product comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eo_ingest.ports import Source


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of a run: `routes` by product name, `usual` for all other products."""

    usual: Source | None
    routes: Mapping[str, Source] = field(default_factory=dict)

    def of(self, product: str) -> Source:
        """The source of a product (KeyError if there is none)."""
        if product in self.routes:
            return self.routes[product]
        if self.usual is None:
            raise KeyError(product)
        return self.usual

    def close(self) -> None:
        """Close them all."""
        for source in {id(s): s for s in (self.usual, *self.routes.values()) if s is not None}.values():
            source.close()
