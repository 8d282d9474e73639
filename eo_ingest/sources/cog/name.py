"""What the archive's tiles, layers and files are called.

A tile is a square of one degree, 1200 × 1200 pixels, named by its upper left corner: `N45W090` is 44–45° N, 90–89° W,
and `N00E005` lies south of the equator. A tile's folder holds a file per layer: `N45W090_winter_vv_COH12.tif` of a
season, `N45W090_007D_inc.tif` of a relative orbit and its direction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TILE_PX = 1200
_TILE = re.compile(r"[NS]\d{2}[EW]\d{3}")
_ORBIT = re.compile(r"(\d{1,3})([AD])")
_FILE = re.compile(r"(?P<stem>.+)\.tif", re.IGNORECASE)
_LAYER = re.compile(
    r"(winter|spring|summer|fall)_(vv|vh|hh|hv)_(COH\d{2}|AMP|rho|tau|rmse)|\d{1,3}[AD]_(inc|lsmap)", re.ASCII
)


@dataclass(frozen=True, slots=True, order=True)
class Square:
    """A tile: `west` (-180 to 179) and `north` (-89 to 90) are whole degrees of its upper left corner."""

    west: int
    north: int

    @property
    def name(self) -> str:
        """Such as `N45W090`."""
        vertical, horizontal = ("N" if self.north >= 0 else "S"), ("E" if self.west >= 0 else "W")
        return f"{vertical}{abs(self.north):02d}{horizontal}{abs(self.west):03d}"

    @classmethod
    def at(cls, row: int, col: int) -> Square:
        """The tile `row` tiles south of the North Pole and `col` tiles east of 180°, around the globe."""
        return cls(col % 360 - 180, 90 - row)


def is_tile(name: str) -> bool:
    """Whether a folder is named as a tile."""
    return bool(_TILE.fullmatch(name))


def layer_of(file: str, tile: str) -> str | None:
    """The layer of a file of a tile, such as `winter_vv_COH12` or `007D_inc`; None if it is something else.

    Names are as in the bucket, but the extension may be in capitals.
    """
    found = _FILE.fullmatch(file)
    if not found or not found["stem"].startswith(f"{tile}_"):
        return None
    layer = found["stem"].removeprefix(f"{tile}_")
    return layer if _LAYER.fullmatch(layer) else None


def stem(file: str) -> str:
    """The name of a layer's file without its extension."""
    return file.rpartition(".")[0]


def orbit_of(layer: str) -> tuple[int, str] | None:
    """(relative orbit number, `A` or `D`) of a layer that is one orbit's; None of all others."""
    found = _ORBIT.fullmatch(layer.partition("_")[0])
    return (int(found[1]), found[2]) if found else None
