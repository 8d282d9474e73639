"""Laws of the parts: coordinates, pyramids, sorting networks, types."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eo_ingest.emulator import order, pixeltype
from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.geometry import from_geojson, wrap
from eo_ingest.emulator.grid import Affine, Grid, Projection
from eo_ingest.emulator.locate import _exact, locate
from eo_ingest.emulator.memo import Memo
from eo_ingest.emulator.plane import Plane, masked
from eo_ingest.emulator.pyramid import pyramid_read


@pytest.mark.parametrize("count", range(1, 49))
def test_sorting_networks_sort_all_zeros_and_ones(count):
    # The 0-1 principle, on random samples where there are too many.
    rng = np.random.default_rng(count)
    rows = rng.integers(0, 2, (count, 4096)) if count > 12 else (np.arange(2**count) >> np.arange(count)[:, None]) & 1
    stack = rows.astype(np.float32)
    for low, high in order._network(count):
        stack[[low, high]] = np.minimum(stack[low], stack[high]), np.maximum(stack[low], stack[high])
    assert (np.diff(stack, axis=0) >= 0).all()


@settings(max_examples=60)
@given(st.data())
def test_medians_equal_numpy(data):
    count = data.draw(st.integers(1, 60))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    values = rng.normal(size=(count, 5, 7)).astype(np.float32)
    valid = rng.random(values.shape) < data.draw(st.floats(0, 1))
    planes = [Plane(v, bool(m.all()) if m.all() or not m.any() else m) for v, m in zip(values, valid, strict=True)]
    found = order.select(planes, [order.median], np.dtype(float))[0]
    for place in np.ndindex(5, 7):
        column = values[(slice(None), *place)][valid[(slice(None), *place)]].astype(float)
        if column.size:
            assert found.values[place] == pytest.approx(np.median(column))
            assert np.broadcast_to(found.valid, (5, 7))[place]
        else:
            assert found.valid is False or not found.valid[place]


def test_medians_of_nothing():
    assert order.select([masked(np.dtype("f4"))] * 3, [order.median], np.dtype(float))[0].valid is False


@settings(max_examples=40)
@given(
    st.sampled_from(["EPSG:32632", "EPSG:32631", "EPSG:3035", "EPSG:3857", "EPSG:4326"]),
    st.floats(2, 10),
    st.floats(45, 60),
    st.floats(5, 60),
    st.integers(1, 130),
    st.integers(1, 130),
)
def test_interpolated_coordinates_are_within_their_bound(crs, lon, lat, scale, width, height):
    from eo_ingest.emulator.grid import project

    x, y = (float(v) for v in project("EPSG:4326", "EPSG:32632", lon, lat))
    here = Grid(Projection("EPSG:32632", Affine(scale, 0, x, 0, -scale, y)), width, height)
    u, v = (float(w) for w in project("EPSG:4326", crs, lon, lat))
    size = 1e-4 if crs == "EPSG:4326" else 10
    there = Projection(crs, Affine(size, 0, u, 0, -size, v))
    found = locate(here, there, Memo())
    i, j = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    cols, rows = _exact(here, there, None, i, j)
    got_cols = found.cols if not found.separable else found.cols[None, :]
    got_rows = found.rows if not found.separable else found.rows[:, None]
    assert np.abs(got_cols - cols).max() <= found.error + 1e-6
    assert np.abs(got_rows - rows).max() <= found.error + 1e-6
    nearest = found.nearest()
    np.testing.assert_array_equal(
        np.broadcast_to(nearest.cols, (height, width)) if found.separable else nearest.cols,
        np.floor(cols + 1e-8).astype(int),
    )


class TestPyramid:
    def reader(self, values, valid):
        def read0(window):
            out, good = (
                np.zeros((window.height, window.width), values.dtype),
                np.zeros((window.height, window.width), bool),
            )
            for i in range(window.height):
                for j in range(window.width):
                    r, c = window.row + i, window.col + j
                    if 0 <= r < values.shape[0] and 0 <= c < values.shape[1]:
                        out[i, j], good[i, j] = values[r, c], valid[r, c]
            return out, good

        return read0

    @pytest.mark.parametrize("level", [0, 1, 2, 3])
    def test_mean_of_valid_pixels(self, level):
        rng = np.random.default_rng(level)
        values, valid = rng.normal(size=(16, 24)), rng.random((16, 24)) < 0.4
        size = 2**level
        found, good = pyramid_read(self.reader(values, valid), level, Window(0, 0, 16 // size, 24 // size), "mean")
        for i, j in np.ndindex(found.shape):
            block = np.s_[i * size : (i + 1) * size, j * size : (j + 1) * size]
            assert good[i, j] == valid[block].any()
            if good[i, j]:
                assert found[i, j] == pytest.approx(values[block][valid[block]].mean())

    def test_mode_and_ties(self):
        values = np.array([[1, 2, 5, 5], [2, 3, 4, 9]])
        valid = np.array([[True, True, True, True], [True, True, True, False]])
        found, _ = pyramid_read(self.reader(values, valid), 1, Window(0, 0, 1, 2), "mode")
        assert found.tolist() == [[2, 5]]
        found, good = pyramid_read(self.reader(values, ~valid), 1, Window(0, 0, 1, 2), "mode")
        assert good.tolist() == [[False, True]]
        assert found[0, 1] == 9
        tie, _ = pyramid_read(
            self.reader(np.array([[4, 3], [3, 4]]), np.ones((2, 2), bool)), 1, Window(0, 0, 1, 1), "mode"
        )
        assert tie[0, 0] == 3

    def test_sample_takes_the_upper_left(self):
        values = np.arange(64).reshape(8, 8)
        valid = values % 16 != 0
        found, good = pyramid_read(self.reader(values, valid), 2, Window(0, 0, 2, 2), "sample")
        assert found.tolist() == [[0, 4], [32, 36]]
        assert good.tolist() == [[False, True], [False, True]]

    def test_windows_count_from_the_origin(self):
        values = np.arange(64.0).reshape(8, 8)
        valid = np.ones((8, 8), bool)
        whole, _ = pyramid_read(self.reader(values, valid), 1, Window(-1, -1, 6, 6), "mean")
        part, _ = pyramid_read(self.reader(values, valid), 1, Window(1, 2, 2, 1), "mean")
        np.testing.assert_array_equal(part, whole[2:4, 3:4])


@given(st.sampled_from(list(pixeltype.NAMED)), st.floats(allow_nan=True, allow_infinity=True))
def test_casts_stay_in_range(name, value):
    kind = pixeltype.NAMED[name]
    with np.errstate(over="ignore"):
        found = pixeltype.cast(np.asarray(value), kind)
    assert found.dtype == kind.dtype
    if kind.is_integer and not np.isnan(value):
        low, high = kind.range
        assert low <= int(found) <= high
        if low < value < high:
            assert int(found) == int(value)


@pytest.mark.parametrize(
    ("low", "high", "dtype"),
    [
        (0, 1, "u1"),
        (0, 255, "u1"),
        (-1, 127, "i1"),
        (-1, 255, "i2"),
        (0, 65535, "u2"),
        (0, 2**32 - 1, "u4"),
        (-1, 2**31, "i8"),
    ],
)
def test_the_smallest_type_that_fits(low, high, dtype):
    assert pixeltype.integer(low, high).dtype == np.dtype(dtype)


class TestWrapping:
    def test_split_at_the_antimeridian(self):
        crossing = from_geojson(
            {"type": "Polygon", "coordinates": [[[170, 0], [190, 0], [190, 5], [170, 5], [170, 0]]]}
        )
        assert crossing.shape.geom_type == "MultiPolygon"
        assert crossing.shape.area == pytest.approx(100)
        assert crossing.shape.bounds == (-180, 0, 180, 5)

    def test_what_stays_inside_is_left_alone(self):
        import shapely

        box = shapely.box(-170, -10, 170, 10)
        assert wrap(box, short_way=False).equals(box)
        assert wrap(box, short_way=True).area == pytest.approx(20 * 20)

    def test_the_whole_world(self):
        import shapely

        assert wrap(shapely.box(-180, -90, 180, 90), short_way=True).area == pytest.approx(360 * 180)
