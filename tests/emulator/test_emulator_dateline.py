"""Images around the globe, read over the antimeridian: from both of their ends."""

import numpy as np
import pytest

from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.grid import Affine, Grid, Projection
from eo_ingest.emulator.memo import Memo
from eo_ingest.emulator.plane import Plane
from eo_ingest.emulator.resample import resample

WIDTH, HEIGHT = 4_320_000, 1_728_000
GLOBE = Projection("EPSG:4326", Affine(360 / WIDTH, 0.0, -180.0, 0.0, -360 / WIDTH, 84.0))
EXTENT = Window(0, 0, HEIGHT, WIDTH)


def column_numbers(windows):
    """A reader whose pixels are the numbers of their columns; notes what it is asked for."""

    def read(window):
        windows.append(window)
        cols = np.arange(window.col, window.col + window.width, dtype=np.float64)
        return Plane(np.broadcast_to(cols, (window.height, window.width)), valid=True)

    return read


@pytest.mark.parametrize("crs", ["EPSG:32660", "EPSG:32601"])
def test_pixels_on_both_sides_are_the_globes_first_and_last_columns(crs):
    left = {"EPSG:32660": 829_000.0, "EPSG:32601": 161_000.0}[crs]
    grid = Grid(Projection(crs, Affine(10.0, 0.0, left, 0.0, -10.0, 111_000.0)), 1000, 8)
    windows = []
    plane = resample(
        grid, GLOBE, column_numbers(windows), Memo(2**20), dtype=np.dtype(float), extent=EXTENT, centre=0.0
    )
    assert plane.valid is True
    assert len(windows) == 2
    assert sum(w.width * w.height for w in windows) < 20_000
    east = (plane.values + WIDTH / 2) % WIDTH
    assert {0, WIDTH - 1} <= set(np.unique(plane.values))
    assert np.all(np.diff(east, axis=1) >= 0)
    assert np.ptp(east) < 1200


def test_what_is_wide_and_not_split_is_refused_still():
    grid = Grid(Projection("EPSG:4326", Affine(0.1, 0.0, -180.0, 0.0, -0.1, 80.0)), 3600, 1000)
    with pytest.raises(EarthEngineError, match="Reprojection output too large"):
        resample(grid, GLOBE, column_numbers([]), Memo(2**20), dtype=np.dtype(float), extent=EXTENT, centre=0.0)
