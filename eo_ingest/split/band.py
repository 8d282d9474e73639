"""Bands across an area, as M3LEO's splits have them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from eo_ingest.errors import ConfigError
from eo_ingest.split.tiles import unwrapped

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from eo_ingest.split.tiles import Tiles

_FINE = 100_000_000  # steps across the area
_PARTS = 100_000  # steps of the weights of the two directions


def bands(tiles: Tiles, count: int, angle: float) -> NDArray[np.int64]:
    """The band of each tile, 0 to `count` - 1: strips of equal width across the box that the tiles' centres fill.

    The angle is that of geetiles, for which the box is a square: 0 makes bands that run west to east and follow each
    other northwards; pi/2 and -pi/2 bands that run south to north and follow each other eastwards or westwards; pi/4
    bands along one diagonal, -pi/4 along the other. In between, the direction turns evenly with the share of longitude.

    Raises:
        ConfigError: if the angle is none from -pi/2 to pi/2.
    """
    if not (math.isfinite(angle) and abs(angle) <= math.pi / 2 + 1e-4):
        raise ConfigError(f"the angle of the bands is {angle:g}: expected radians from -1.5708 to 1.5708")
    across, up = _weights(angle)
    lon, lat = unwrapped(tiles.e7[:, 0]), tiles.e7[:, 1]
    along = across * _scaled(lon) + up * _scaled(lat)
    along -= along.min()
    return along * count // (int(along.max()) + 1)


def _weights(angle: float) -> tuple[int, int]:
    """How much longitude and latitude count."""
    quarter = math.pi / 4
    turn = min(abs(angle), 2 * quarter)
    across, up = (turn / quarter, 1.0) if turn < quarter else (1.0, (2 * quarter - turn) / quarter)
    return round(math.copysign(across, angle) * _PARTS), round(up * _PARTS)


def _scaled(values: NDArray[np.int64]) -> NDArray[np.int64]:
    low, high = int(values.min()), int(values.max())
    return (values - low) * _FINE // max(high - low, 1)
