"""The bands of Sentinel-2 that describe a pixel rather than measure it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eo_ingest.emulator.world.cloud import veil
from eo_ingest.emulator.world.cover import BANDS, Kind
from eo_ingest.emulator.world.noise import F32, hash_words
from eo_ingest.emulator.world.signature import reflect, scene_classes

if TYPE_CHECKING:
    from eo_ingest.emulator.world.land import Ground

FLAGS = {
    "AOT": "uint16", "WVP": "uint16", "SCL": "uint8", "TCI_R": "uint8", "TCI_G": "uint8", "TCI_B": "uint8",
    "MSK_CLDPRB": "uint8", "MSK_SNWPRB": "uint8", "QA10": "uint16", "QA20": "uint32", "QA60": "uint16",
    "MSK_CLASSI_OPAQUE": "uint8", "MSK_CLASSI_CIRRUS": "uint8", "MSK_CLASSI_SNOW_ICE": "uint8",
}  # fmt: skip
"""Their numpy dtypes, in Earth Engine's order."""

POLYGONS_END, CLASSI_START = 1_643_068_800_000, 1_709_078_400_000
"""QA60 is masked in [2022-01-25, 2024-02-28); MSK_CLASSI_* begin where that ends."""
_COLOURS = {"TCI_R": "B4", "TCI_G": "B3", "TCI_B": "B2"}
_THICK, _THIN = np.float32(0.5), np.float32(0.05)


def flag(band: str, ground: Ground, cloud: F32, time: int) -> np.ndarray | None:
    """The band's values (of the dtype in FLAGS), or None where Earth Engine has it masked."""
    polygons = not POLYGONS_END <= time < CLASSI_START
    if band == "QA60":
        return _clouds(cloud) if polygons else None
    if band.startswith("MSK_CLASSI"):
        return _classified(band, ground, cloud) if time >= CLASSI_START else None
    if band == "SCL":
        return _scene_classification(ground, cloud, time)
    if band in _COLOURS:
        return _colour(ground, cloud, time, BANDS.index(_COLOURS[band]))
    return _probability(band, ground, cloud, time)


def _clouds(cloud: F32) -> np.ndarray:
    """Bit 10 opaque clouds, bit 11 cirrus."""
    out: np.ndarray = ((cloud > _THICK) * 1024 + ((cloud > _THIN) & (cloud <= _THICK)) * 2048).astype(np.uint16)
    return out


def _classified(band: str, ground: Ground, cloud: F32) -> np.ndarray:
    chosen: np.ndarray = ground.kind == Kind.SNOW
    if band.endswith("OPAQUE"):
        chosen = cloud > _THICK
    elif band.endswith("CIRRUS"):
        chosen = (cloud > _THIN) & (cloud <= _THICK)
    return chosen.astype(np.uint8)


def _probability(band: str, ground: Ground, cloud: F32, time: int) -> np.ndarray:
    out = np.full(ground.kind.shape, _constant(band, time), FLAGS[band])
    if band == "MSK_CLDPRB":
        out[...] = np.round(np.clip(cloud, 0, 1) * np.float32(100))
    elif band == "MSK_SNWPRB":
        out[ground.kind == Kind.SNOW] = 100
    return out


def _constant(band: str, time: int) -> int:
    word = hash_words(time, 50)
    if band == "AOT":
        return 60 + word % 180
    return 600 + word % 2200 if band == "WVP" else 0


def _scene_classification(ground: Ground, cloud: F32, time: int) -> np.ndarray:
    codes = scene_classes(ground, time)
    codes[cloud > _THIN] = 10
    codes[cloud > np.float32(0.3)] = 8
    codes[cloud > np.float32(0.75)] = 9
    return codes


def _colour(ground: Ground, cloud: F32, time: int, band: int) -> np.ndarray:
    reflectance = reflect(ground, time, band)
    veil(reflectance, cloud, band)
    out: np.ndarray = np.clip(reflectance * np.float32(255 / 0.3558) + np.float32(0.5), 1, 255).astype(np.uint8)
    return out
