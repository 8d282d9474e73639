"""The archive's names and numbers: upper-left corners, layers, decibels and codes; held against reality where it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cog_support import block_at, job_at, squares
from eo_ingest.products.coherence import COHERENCE, LAYERS
from eo_ingest.sources.cog.band import bands_of
from eo_ingest.sources.cog.name import Square, is_tile, layer_of, orbit_of, stem
from eo_ingest.sources.cog.number import dtype, table
from eo_ingest.sources.cog.piece import shares
from eo_ingest.sources.warp import Lattice


@pytest.mark.parametrize(
    ("west", "north", "name"),
    [
        (-90, 45, "N45W090"),
        (12, -1, "S01E012"),  # 1 to 2 degrees south
        (5, 0, "N00E005"),  # south of the equator
        (5, 1, "N01E005"),
        (0, 52, "N52E000"),
        (-1, 52, "N52W001"),
        (-180, 65, "N65W180"),
        (179, 65, "N65E179"),
        (10, 82, "N82E010"),
        (10, -78, "S78E010"),
    ],
)
def test_a_tile_is_named_by_its_upper_left_corner(west, north, name):
    assert Square(west, north).name == name
    assert is_tile(name)


@given(st.integers(0, 179), st.integers(-500, 800))
def test_tiles_go_around_the_globe(row, col):
    square = Square.at(row, col)
    assert -180 <= square.west < 180
    assert (square.west - (col - 180)) % 360 == 0
    assert square.north == 90 - row
    assert is_tile(square.name)


def test_what_is_no_tile():
    for name in ("N45W90", "n45w090", "N45W090x", "45W090", "", "..", "N45W090/"):
        assert not is_tile(name)


def test_layers_are_read_off_names():
    assert layer_of("N45W090_winter_vv_COH12.tif", "N45W090") == "winter_vv_COH12"
    assert layer_of("N45W090_007D_inc.tif", "N45W090") == "007D_inc"
    for extension in (".TIF", ".Tif"):
        assert layer_of(f"N45W090_winter_vv_COH12{extension}", "N45W090") == "winter_vv_COH12"
        assert stem(f"N45W090_winter_vv_COH12{extension}") == "N45W090_winter_vv_COH12"
    for name in ("N46W090_winter_vv_COH12.tif", "N45W090_winter_vv_COH12.tif.aux.xml", "N45W090_a/b.tif", "x.tif"):
        assert layer_of(name, "N45W090") is None
    for name in ("foo", "winter_vv_coh12", "Winter_vv_COH12", "winter_vv_COH12_1", "winter_COH12", "inc", "007X_inc"):
        assert layer_of(f"N45W090_{name}.tif", "N45W090") is None
    assert orbit_of("007D_inc") == (7, "D")
    assert orbit_of("124A_lsmap") == (124, "A")
    assert orbit_of("winter_vv_COH12") is None


def test_every_band_has_a_layer_and_every_layer_a_type():
    bands = bands_of(COHERENCE)
    assert len(bands) == sum(len(v.bands) for v in COHERENCE.variables) == sum(map(len, LAYERS.values()))
    types = {band.metric: dtype(band.layer).name for band in bands}
    assert {name for name, kind in types.items() if kind == "uint16"} == {"AMP", "rho", "tau", "rmse"}
    assert {band.direction for band in bands} == {None, "A", "D"}


def test_amplitudes_are_decibels_and_no_number_is_near_a_tie():
    variable = COHERENCE.variable("amplitude")
    stored = table("AMP", variable)
    numbers = np.arange(1, 65536)
    decibels = 20 * np.log10(numbers) - 83
    assert np.abs(stored[1:] / 100 - decibels).max() <= 0.005 + 1e-9
    # What another library's logarithm, or another order of the operations, may differ by is a billionth of this.
    steps = 100 * decibels
    assert np.abs(steps - np.floor(steps) - 0.5).min() > 1e-6
    assert stored[0] == variable.nodata
    assert (stored[1:].min(), stored[1:].max()) == variable.valid_range


def test_numbers_beyond_the_valid_range_are_held_to_it():
    coherence = table("COH12", COHERENCE.variable("coherence"))
    assert coherence.tolist() == [*range(101), *[100] * 155]
    assert table("rho", COHERENCE.variable("rho"))[[0, 1, 1000, 1001, 65535]].tolist() == [0, 1, 1000, 1000, 1000]
    assert table("tau", COHERENCE.variable("tau"))[[0, 1, 65535]].tolist() == [0, 1, 65535]
    assert table("inc", COHERENCE.variable("incidence"))[[0, 1, 90, 200]].tolist() == [0, 1, 90, 180]


def test_codes_say_layover_and_shadow():
    variable = COHERENCE.variable("layover_shadow")
    codes = table("lsmap", variable)
    assert codes[[1, 5, 17, 21]].tolist() == [1, 5, 17, 21]  # those that are documented, as they are
    assert codes[[3, 7, 9, 25, 31]].tolist() == [5, 5, 17, 17, 21]  # true layover, true shadow
    assert codes[0] == variable.nodata
    assert set(codes[1:].tolist()) == {flag.value for flag in variable.flags}


@pytest.mark.parametrize(
    ("lon", "lat", "count"),
    [
        (9.0, 48.0, 4),
        (10.5, 48.5, 1),
        (11.0, 60.5, 2),
        (-65.0, -23.0, 4),
        (179.99, 66.0, 4),  # across 180 degrees
        (-179.99, -17.0, 4),
        (0.0, 0.05, 2),
    ],
)
def test_a_block_needs_the_tiles_under_it_and_no_other(lon, lat, count):
    job = job_at(lon, lat)
    found = shares(targets(job))
    assert [share.square for share in found] == squares(job)
    assert len(found) == count
    covered = np.zeros((16, 56 * 56), int)
    for share in found:
        for piece in share.pieces:
            covered[piece.target][piece.at] += 1
            assert 0 <= piece.rows.min() <= piece.rows.max() < 1200
            assert 0 <= piece.cols.min() <= piece.cols.max() < 1200
    assert (covered == 1).all()


def targets(job):
    from cog_support import GRID

    zone = GRID.zone(job.block.zone)
    return {i: Lattice(zone.crs, zone.affine(job.block.tile(i), factor=8), 56, 56) for i in range(16)}


@settings(max_examples=25)
@given(st.floats(-179.9, 179.9), st.floats(0.1, 80.5), st.booleans())
def test_four_tiles_at_most(lon, lat, south):
    job = job_at(lon, -min(lat, 78) if south else lat)
    assert len(shares(targets(job))) <= 4


def test_both_sides_of_the_equator_have_their_own_tiles():
    north, south = job_at(10.5, 0.01), job_at(10.5, -0.01)
    assert block_at(10.5, -0.01).zone.endswith("s")
    assert [share.square.name for share in shares(targets(north))] == ["N01E010"]
    assert [share.square.name for share in shares(targets(south))] == ["N00E010"]


@pytest.mark.shared
def test_the_real_inventory_is_named_as_we_name_it(shared):
    import pandas as pd

    table_of = pd.read_parquet(shared / "index" / "gssic_coherence_tiles.parquet")
    names = set(table_of["tile_id"])
    assert len(names) == 17_645
    ours = {Square.at(row, col).name for row in range(180) for col in range(360)}
    assert names <= ours
    days = set(table_of["temporal_baseline_days"])
    assert days == {int(name.removeprefix("coh")) for name in LAYERS["coherence"]}
    assert set(table_of["season"]) == {"winter", "spring", "summer", "fall"}


@pytest.mark.shared
def test_real_amplitudes_are_of_the_order_of_land(shared):
    """Digital numbers of the same producer and the same scaling: VH over Niamey's savanna."""
    import rasterio

    variable = COHERENCE.variable("amplitude")
    for path in sorted((shared / "s1_ebd_timeseries_niger").rglob("*.tif"))[:10]:
        with rasterio.open(path) as read:
            numbers = read.read(1)
        assert numbers.dtype == dtype("winter_vh_AMP")
        stored = table("AMP", variable)[numbers]
        assert (stored != variable.nodata).all()
        assert -25 < stored.mean() / 100 < -10
