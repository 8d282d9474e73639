"""Catalogues and their composition: files first, then the synthetic world."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

from eo_ingest.emulator.asset import CollectionAsset, ImageAsset

if TYPE_CHECKING:
    from eo_ingest.emulator.asset import Catalogue

Asset = ImageAsset | CollectionAsset


def is_image(asset: Asset | None) -> TypeGuard[ImageAsset]:
    """Whether an asset is an image."""
    return hasattr(asset, "bands")


def is_collection(asset: Asset | None) -> TypeGuard[CollectionAsset]:
    """Whether an asset is a collection."""
    return hasattr(asset, "images")


class Empty:
    """A catalogue without assets."""

    def get(self, asset_id: str) -> Asset | None:
        """Nothing."""
        del asset_id
        return None

    def children(self, parent_id: str) -> list[Asset] | None:
        """Nothing."""
        del parent_id
        return None


class Layered:
    """Two catalogues; a collection of the upper one replaces the lower one's whole collection of the same id."""

    def __init__(self, upper: Catalogue, lower: Catalogue) -> None:
        self._upper = upper
        self._lower = lower

    def get(self, asset_id: str) -> Asset | None:
        """The upper catalogue's asset, else the lower one's unless its collection is replaced."""
        found = self._upper.get(asset_id)
        if found is not None or self._replaced(asset_id.rpartition("/")[0]):
            return found
        return self._lower.get(asset_id)

    def children(self, parent_id: str) -> list[Asset] | None:
        """The upper catalogue's children, then the lower one's that are not hidden by them."""
        above = self._upper.children(parent_id)
        if self._replaced(parent_id):
            return above
        below = self._lower.children(parent_id)
        if above is None or below is None:
            return below if above is None else above
        ids = {asset.id for asset in above}
        return above + [asset for asset in below if asset.id not in ids]

    def _replaced(self, parent_id: str) -> bool:
        """Whether a collection of the lower catalogue is replaced by one of the upper."""
        lower = self._lower.get(parent_id) if parent_id else None
        return is_collection(lower) and is_collection(self._upper.get(parent_id))
