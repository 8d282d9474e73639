"""Places, times and windows for tests of the world."""

import datetime as dt

import numpy as np

from eo_ingest.emulator.asset import Lattice, Window
from eo_ingest.emulator.world.place import GEOGRAPHIC, from_lonlat, to_lonlat

LUXEMBOURG = (6.1, 49.7)


def ms(day):
    """Milliseconds since 1970 of an ISO date."""
    return int(dt.datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp() * 1000)


def season(time):
    """0 to 3 for DJF, MAM, JJA, SON."""
    return dt.datetime.fromtimestamp(time / 1000, dt.UTC).month % 12 // 3


def window_at(lattice: Lattice, lonlat, size=64):
    """The window of `size` pixels whose middle is a point."""
    x, y = lonlat if lattice.crs == GEOGRAPHIC else from_lonlat(lattice.crs).transform(*lonlat)
    a, _, c, _, e, f = lattice.transform
    return Window(int((y - f) / e) - size // 2, int((x - c) / a) - size // 2, size, size)


def centres(lattice: Lattice, window):
    """(lon, lat) of the pixel centres of a window, computed independently of the world."""
    a, b, c, d, e, f = lattice.transform
    col = np.arange(window.col, window.col + window.width)[None, :] + 0.5
    row = np.arange(window.row, window.row + window.height)[:, None] + 0.5
    x, y = a * col + b * row + c, d * col + e * row + f
    return (x, y) if lattice.crs == GEOGRAPHIC else to_lonlat(lattice.crs).transform(x, y)
