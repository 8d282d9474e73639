"""Clouds: one field per overpass, the same for every granule and every sensor product made from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.emulator.world.noise import F32, F64, Sites, hash_words, noise

if TYPE_CHECKING:
    from eo_ingest.emulator.world.ground import Tile

WHITE = (0.66, 0.68, 0.68, 0.70, 0.71, 0.72, 0.73, 0.73, 0.73, 0.62, 0.50, 0.40)
"""Reflectance of thick cloud in the bands of `cover.BANDS`."""


def overcast(sites: Sites, overpass: int) -> F32:
    """How cloudy it is: below 0 clear, above 1 thick.

    Args:
        sites: where.
        overpass: the hash of one overpass of a satellite.
    """
    threshold = np.float32(0.42 + 0.40 * (hash_words(overpass, 901) / 2**32))

    def field(x: F64, y: F64) -> F32:
        wide = noise(x, y, 70e3, hash_words(overpass, 902)) * np.float32(0.42)
        wide += noise(x, y, 9e3, hash_words(overpass, 903)) * np.float32(0.34)
        wide += noise(x, y, 2.2e3, hash_words(overpass, 904)) * np.float32(0.24)
        out: F32 = (wide - threshold) * np.float32(7)
        return out

    return sites.smooth(field)


def tile_overcast(tile: Tile, overpass: int) -> F32:
    """`overcast` at the pixels of a tile, from the cache."""
    return tile.derived(("overcast", overpass), lambda: overcast(tile.sites(), overpass))


def score_cdf(cloud: F32) -> F32:
    """Cloud Score+ `cs_cdf` of `overcast` values: 1 clear, 0 opaque; 0.60 exactly where cloud begins."""
    out: F32 = np.clip(np.float32(0.6) - np.where(cloud < 0, np.float32(0.4), np.float32(0.6)) * cloud, 0, 1)
    return out


def score(cloud: F32) -> F32:
    """Cloud Score+ `cs` of `overcast` values."""
    cdf = score_cdf(cloud)
    return cdf * (np.float32(0.55) + np.float32(0.45) * cdf)


def veil(reflectance: F32, cloud: F32, band: int) -> None:
    """Whiten reflectances under cloud, in place; where `cloud` is below 0 they stay as they are."""
    if cloud.max() <= 0:
        return
    opacity = np.clip(cloud * np.float32(1.1), 0, 1)
    opacity *= np.float32(WHITE[band]) - reflectance
    reflectance += opacity
