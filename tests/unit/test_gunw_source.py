"""The whole way: a job in, tiles and a record out."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import CancelledError
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely

from eo_ingest.errors import ConfigError, SourceError
from eo_ingest.ingest import ingest
from eo_ingest.job import ALL_TILES
from eo_ingest.period import Period
from eo_ingest.plan import task
from eo_ingest.products.insar import INSAR
from eo_ingest.raster import check, tile_shape
from eo_ingest.sources.gunw import GunwSource
from eo_ingest.sources.gunw.select import choose
from eo_ingest.sources.gunw.stored import quantised
from eo_ingest.stores.memory import MemoryStore
from gunw_server import Server
from gunw_support import HOME, STEP, UTM, Spec, block_at, coherence_ramp, incidence, job_at, phase_ramp, write
from test_gunw_align import ALEUTIANS, degrees
from test_gunw_footprint import ACROSS

SHARED = Path(__file__).parents[3] / "shared" / "data"
FRAMES = [f"pair-{i:02d}" for i in range(1, 9)]


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "granules"
    made.mkdir()
    return made


def source_of(url, tmp_path):
    return GunwSource(UTM, {"insar": INSAR}, url=str(url), workers=2, synthetic=False, cache=tmp_path / "cache")


def fetch(url, tmp_path, job=None):
    source = source_of(url, tmp_path)
    try:
        return source.fetch(job or job_at(*HOME))
    finally:
        source.close()


def block_of(fetched, name):
    """A variable's whole block from its sixteen tiles."""
    rows = [[fetched.tiles[4 * r + c][name] for c in range(4)] for r in range(4)]
    return np.concatenate([np.concatenate(row, axis=-1) for row in rows], axis=-2)


def physical(fetched, name, frame=0, band=0):
    variable = INSAR.variable(name)
    stored = block_of(fetched, name)[frame, band]
    return np.where(stored == variable.nodata, np.nan, stored * (variable.scale_factor or 1.0))


def record_of(url, tmp_path, job=None):
    store = MemoryStore()
    source = source_of(url, tmp_path)
    try:
        outcome = ingest(task(job or job_at(*HOME), INSAR, UTM), source=source, store=store, run="r")
    finally:
        source.close()
    return outcome.record, {key for key, _ in store.listing("insar/")}


def test_every_variable_is_within_a_quantisation_step_of_the_truth(folder, tmp_path):
    write(folder)
    fetched = fetch(folder, tmp_path)
    block, zone = block_at(*HOME)
    lon, lat = degrees(zone, block)
    truth = {
        "unwrapped_phase": phase_ramp(lon, lat),
        "coherence": coherence_ramp(lon, lat),
        "components": 1.0,
        "amplitude": 10 * np.log10(250),
        "track": 64,
        "direction": 1,
    }
    for name, values in truth.items():
        step = INSAR.variable(name).scale_factor or 0.0
        assert np.abs(physical(fetched, name) - values).max() <= 0.51 * step + 1e-9, name
    for band, expected in enumerate((incidence(lon, lat, 0), incidence(lon, lat, 0) - 5, 190.0)):
        assert np.abs(physical(fetched, "angles", band=band) - expected).max() <= 0.0051
    assert np.abs(physical(fetched, "perpendicular_baseline") - (61 - 20 * (lon - HOME[0]))).max() <= 0.051
    days = [physical(fetched, "dates", band=band) for band in (0, 1)]
    assert {date.fromordinal(719163 + int(d.min())) for d in days} == {date(2020, 6, 30), date(2020, 6, 18)}
    assert (days[0] - days[1] == 12).all()


def test_tiles_keep_the_products_promises_and_unused_frames_are_nodata(folder, tmp_path):
    write(folder)
    fetched = fetch(folder, tmp_path)
    assert list(fetched.tiles) == list(range(16))
    for raster in fetched.tiles.values():
        for variable in INSAR.variables:
            check(raster[variable.name], variable, tile_shape(INSAR, variable, 8))
            assert (raster[variable.name][1:] == variable.nodata).all()
            assert (raster[variable.name][0] != variable.nodata).all()


def test_the_record_tells_what_went_in(folder, tmp_path):
    north = Spec(south=33.89, height=300, constant=3.0, digest="beef")
    south = Spec(south=33.7, height=301)
    write(folder, south)
    write(folder, north)
    scenes = fetch(folder, tmp_path).scenes
    assert list(scenes) == FRAMES
    assert [len(rows) for rows in scenes.values()] == [2, 0, 0, 0, 0, 0, 0, 0]
    first, second = scenes["pair-01"]
    assert (first["system:index"], second["system:index"]) == (south.name, north.name)
    assert first["url"] == f"{south.name}.nc"
    assert first["size"] == (folder / f"{south.name}.nc").stat().st_size
    assert {
        key: first[key] for key in ("reference", "secondary", "days", "direction", "track", "version", "layout")
    } == {
        "reference": "2020-06-30",
        "secondary": "2020-06-18",
        "days": 12,
        "direction": "ascending",
        "track": 64,
        "version": "2.0.6",
        "layout": "1b",
    }
    assert first["pixels"] + second["pixels"] == 224 * 224
    assert first["baseline_m"] == pytest.approx(61.0, abs=2)
    assert first["components"][0]["offset_rad"] == 0.0
    (told,) = second["components"]
    assert told["label"] == 1
    assert told["offset_rad"] == pytest.approx(-3.0, abs=1e-3)
    assert told["overlap_px"] > 10_000
    assert told["residual_rad"] < 1e-3
    json.dumps(scenes)
    assert str(tmp_path) not in json.dumps(scenes)


def test_a_tile_is_the_same_whichever_tiles_are_asked_for(folder, tmp_path):
    """The rules look at the block, so that what one AOI got stands beside what another gets later."""
    write(folder, Spec(south=33.7, height=301))
    write(folder, Spec(south=33.89, height=300, constant=3.0, digest="beef"))
    write(folder, Spec(track=20, direction="D", width=250))  # covers the tiles in the west
    whole = fetch(folder, tmp_path)
    for tile in (0, 6, 15):
        alone = fetch(folder, tmp_path, job_at(*HOME, tiles=1 << tile))
        assert list(alone.tiles) == [tile]
        for name, values in alone.tiles[tile].items():
            assert np.array_equal(values, whole.tiles[tile][name])
        assert alone.scenes == whole.scenes


def test_pairs_have_each_their_own_place(folder, tmp_path):
    """Pairs on lattices of different sizes and places, as the archive has them: none is cut or put on another's."""
    specs = [
        Spec(reference="20200312", secondary="20200229"),
        Spec(reference="20200612", secondary="20200531", west=-118.3 + 0.4 * STEP, south=33.7 - 0.3 * STEP, width=590),
        Spec(reference="20200912", secondary="20200831", west=-118.2, south=33.8, width=500, height=333),
    ]
    for spec in specs:
        write(folder, spec)
    fetched = fetch(folder, tmp_path)
    block, zone = block_at(*HOME)
    lon, lat = degrees(zone, block)
    for frame in range(3):
        phase = physical(fetched, "unwrapped_phase", frame)
        assert np.isfinite(phase).mean() > 0.99
        assert np.nanmax(np.abs(phase - phase_ramp(lon, lat))) <= 0.0061
    assert [rows[0]["reference"] for rows in list(fetched.scenes.values())[:3]] == [
        "2020-03-12",
        "2020-06-12",
        "2020-09-12",
    ]


def test_a_tile_at_the_edge_of_a_frame_is_kept(folder, tmp_path):
    """A granule that holds only a part of a tile is used for that part."""
    write(folder, Spec(south=33.92))
    fetched = fetch(folder, tmp_path)
    phase = physical(fetched, "unwrapped_phase")
    block, zone = block_at(*HOME)
    _, lat = degrees(zone, block)
    assert np.isfinite(phase[lat > 33.92 + STEP]).all()
    assert np.isnan(phase[lat < 33.92 - STEP]).all()
    per_tile = [np.mean(raster["coherence"][0] != 255) for raster in fetched.tiles.values()]
    assert sum(0 < share < 1 for share in per_tile) >= 4


@pytest.mark.parametrize("box", ACROSS.values(), ids=ACROSS.keys())
def test_blocks_on_both_sides_of_the_antimeridian_find_the_granule_across(folder, tmp_path, box):
    write(folder, ALEUTIANS, box=box)
    for at in ((179.9, 52.0), (-179.9, 52.0)):
        fetched = fetch(folder, tmp_path, job_at(*at))
        block, zone = block_at(*at)
        lon, lat = degrees(zone, block)
        truth = phase_ramp(lon, lat, ALEUTIANS.home)
        assert np.abs(physical(fetched, "unwrapped_phase") - truth).max() <= 0.0061


def test_a_footprint_larger_than_the_data_gives_nothing_where_there_are_none(folder, tmp_path):
    """A granule whose footprint reaches over a block that its data do not."""
    write(folder, Spec(width=100, west=-118.4, box=shapely.box(-118.5, 33.7, -117.9, 34.1).wkt))
    write(folder, Spec(digest="beef", west=-118.05))
    fetched = fetch(folder, tmp_path)
    first, second = fetched.scenes["pair-01"]
    assert (first["pixels"], first["components"], first["baseline_m"]) == (0, [], None)
    assert second["pixels"] == pytest.approx(224 * 112, rel=0.05)
    assert np.isfinite(physical(fetched, "coherence")).sum() == second["pixels"]


def test_beyond_all_granules_there_is_nothing_and_that_is_a_fact(folder, tmp_path):
    write(folder)
    record, objects = record_of(folder, tmp_path, job_at(11.0, 47.0))
    assert record.status == "done"
    assert {tile.status for tile in record.tiles.values()} == {"empty"}
    assert not {key for key in objects if "/c/" in key}
    assert record.scenes == {label: [] for label in FRAMES}


def test_a_granule_at_a_blocks_edge_leaves_some_tiles_empty(folder, tmp_path):
    write(folder, Spec(south=33.7, height=192))  # its northern edge lies in the lowest tiles
    record, _ = record_of(folder, tmp_path)
    statuses = [record.tiles[tile].status for tile in record.tiles]
    assert sorted(set(statuses)) == ["empty", "ok"]
    assert statuses.count("ok") == 4
    assert all(0 < tile.valid < 1 / 8 for tile in record.tiles.values() if tile.status == "ok")


def test_all_pairs_there_make_a_tile_whole(folder, tmp_path):
    for month in range(1, 9):
        write(
            folder, Spec(reference=f"2020{month:02d}30" if month != 2 else "20200228", secondary=f"2020{month:02d}18")
        )
    record, _ = record_of(folder, tmp_path)
    assert {tile.valid for tile in record.tiles.values()} == {1.0}
    assert {tile.status for tile in record.tiles.values()} == {"ok"}


def broken(folder):
    path = write(folder)
    path.write_bytes(path.read_bytes()[:-2000])
    return "it is damaged, cut short or not a NetCDF 4 file"


def mislabelled(folder):
    path = write(folder)
    path.rename(folder / path.name.replace("R-064", "R-010"))
    return "its name says track 10, but the scene that went in is of 64"


def impossible(folder):
    write(folder, coherence=lambda lon, _lat, _home: np.full(lon.shape, 1.7))
    return "interferometric coherence .* is 1.7 1, expected 0 to 1"


def void(folder):
    nothing = lambda lon, *_: np.zeros(lon.shape)  # noqa: E731
    write(folder, phase=nothing, coherence=nothing, amplitude=nothing)
    return "no pixel of it is valid"


@pytest.mark.parametrize("spoil", [broken, mislabelled, impossible, void])
def test_a_wrong_granule_fails_the_job_and_never_becomes_a_value(folder, tmp_path, spoil):
    """Beside a sound pair: the job fails as a whole, with the granule's or the pair's name; nothing is stored."""
    write(folder, reference="20200312", secondary="20200229")
    reason = spoil(folder)
    with pytest.raises(SourceError, match=reason):
        fetch(folder, tmp_path)
    record, objects = record_of(folder, tmp_path)
    assert record.status == "failed"
    assert {tile.status for tile in record.tiles.values()} == {"failed"}
    assert all(tile.reason for tile in record.tiles.values())
    assert not objects


def test_over_http_the_pixels_are_the_same(folder, tmp_path):
    write(folder)
    write(folder, reference="20200712", secondary="20200630", constant=2.0)
    here = fetch(folder, tmp_path)
    with Server(folder) as server:
        server.footprints = {path.name: shapely.box(*Spec().bounds).wkt for path in folder.glob("*.nc")}
        there = fetch(server.url, tmp_path)
        again = fetch(server.url, tmp_path)
        assert max(server.asked[path.name] for path in folder.glob("*.nc")) == 1
    for tile, raster in here.tiles.items():
        for name, values in raster.items():
            assert np.array_equal(values, there.tiles[tile][name])
    assert there.payload == sum(path.stat().st_size for path in folder.glob("*.nc"))
    assert (here.payload, again.payload) == (0, 0)
    assert (here.requests, there.requests, again.requests) == (0, 2, 0)
    row = there.scenes["pair-01"][0]
    assert row["url"].startswith(server.url)
    assert row["etag"]


def test_months_and_quarters_are_periods(folder, tmp_path):
    write(folder, reference="20200630", secondary="20200618")
    for period, found in (("2020-06", True), ("2020-Q2", True), ("2020-07", False), ("2019", False)):
        fetched = fetch(folder, tmp_path, job_at(*HOME, period=period))
        assert bool(fetched.scenes["pair-01"]) is found


def test_a_closed_source_stops(folder, tmp_path):
    write(folder)
    source = source_of(folder, tmp_path)
    assert (source.name, source.synthetic) == ("gunw", False)
    source.close()
    with pytest.raises(CancelledError):
        source.fetch(job_at(*HOME))


def test_what_is_not_installed_is_said_before_anything_runs(folder, tmp_path, monkeypatch):
    write(folder)
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(ConfigError, match=r"needs h5py: pip install 'eo-ingest\[insar\]'"):
        source_of(folder, tmp_path)


def test_a_source_that_is_closed_under_way_stops(folder, tmp_path, monkeypatch):
    write(folder)
    source = source_of(folder, tmp_path)

    def choose_late(*args):
        source.close()
        return choose(*args)

    monkeypatch.setattr("eo_ingest.sources.gunw.source.choose", choose_late)
    with pytest.raises(CancelledError):
        source.fetch(job_at(*HOME))


def test_a_folder_that_is_not_there_is_said_before_anything_runs(tmp_path):
    with pytest.raises(ConfigError, match="is no folder"):
        source_of(tmp_path / "nowhere", tmp_path)


@pytest.mark.parametrize(
    ("values", "stored"),
    [([0.0, 0.004, 0.006, np.nan, -0.004], [0, 0, 1, -(2**31), 0]), ([-123.456, 99_999.99], [-12346, 9_999_999])],
)
def test_quantised(values, stored):
    assert quantised(np.array(values), INSAR.variable("unwrapped_phase"), "x").tolist() == stored


def test_phase_beyond_sixteen_bits_is_kept(folder, tmp_path):
    """1 000 rad: int16 hundredths would wrap around."""
    write(folder, constant=1000.0)
    fetched = fetch(folder, tmp_path)
    block, zone = block_at(*HOME)
    lon, lat = degrees(zone, block)
    assert np.abs(physical(fetched, "unwrapped_phase") - phase_ramp(lon, lat) - 1000.0).max() <= 0.0061


def test_the_period_of_a_run_decides_nothing_else():
    assert [frame.label for frame in INSAR.frames(Period.parse("2020"))] == FRAMES
    assert INSAR.archive.parameter("longest_baseline_days") == 48


@pytest.fixture
def mexico(folder, shared):
    """Granules of the real interferograms of Mexico City: each pair on a lattice of its own."""
    pairs = ["20180106-20180130", "20180307-20180319", "20180307-20180331", "20180106-20180319"]
    rasters = {}
    for shift, dates in enumerate(pairs):
        first, second = dates.split("-")
        stem = shared / "insar_mexico_city" / f"cropA_{dates}_VV_8rlks_"
        with rasterio.open(f"{stem}eqa_unw.tif") as phase, rasterio.open(f"{stem}flat_eqa_cc.tif") as coherence:
            phases, coherences, transform = phase.read(1), coherence.read(1), phase.transform
        cut = (slice(shift, None), slice(2 * shift, None))
        rasters[second, first] = (
            phases[cut],
            coherences[cut],
            transform @ rasterio.Affine.translation(2 * shift, shift),
        )
        _write_real(folder, second, first, *rasters[second, first])
    return rasters


def _write_real(folder, later, earlier, phase, coherence, transform):
    height, width = phase.shape
    lon = transform.c + transform.a * (np.arange(width) + 0.5)
    lat = transform.f + transform.e * (np.arange(height) + 0.5)
    spec = Spec(
        reference=later,
        secondary=earlier,
        track=5,
        place="00099W_00019N",
        home=(-99.12, 19.41),
        west=lon[0],
        south=lat[-1],
        width=width,
        height=height,
        inputs={"reference": [f"S1A_IW_SLC__1SDV_{later}T004006"], "secondary": [f"S1A_IW_SLC__1SDV_{earlier}T004006"]},
    )

    def spoil(file):
        data = file["science/grids/data"]
        data["longitude"][...], data["latitude"][...] = lon, lat
        data["unwrappedPhase"][...], data["coherence"][...] = phase, coherence
        data["connectedComponents"][...] = np.where(phase == 0, -1, 1)
        del file["productBoundingBox"]
        file["productBoundingBox"] = shapely.box(lon[0], lat[-1], lon[-1], lat[0]).wkt

    write(folder, spec, spoil=spoil)


@pytest.mark.shared
def test_real_interferograms_come_out_as_gdal_warps_them_each_in_its_place(mexico, folder, tmp_path):
    """Three of the four pairs are short enough; the reference chain put the first one's coordinates on all."""
    from rasterio.enums import Resampling

    from eo_ingest.sources.warp import Lattice
    from test_warp import gdal

    where = (-99.10, 19.41)
    fetched = fetch(folder, tmp_path, job_at(*where, period="2018"))
    block, zone = block_at(*where)
    taken = [
        (r["reference"].replace("-", ""), r["secondary"].replace("-", ""))
        for rows in fetched.scenes.values()
        for r in rows
    ]
    assert taken == [("20180130", "20180106"), ("20180319", "20180307"), ("20180331", "20180307")]
    for frame, pair in enumerate(taken):
        phase, coherence, transform = mexico[pair]
        lattice = Lattice("EPSG:4326", tuple(transform)[:6], *phase.shape)
        target = Lattice(zone.crs, zone.affine(block, factor=8), 224, 224)
        for name, values, step in (("coherence", coherence, 0.005), ("unwrapped_phase", phase, 0.01)):
            expected = gdal(values, lattice, target, Resampling.bilinear, 0.0)
            got = physical(fetched, name, frame)
            known = np.isfinite(got)
            if name == "coherence":
                assert np.array_equal(known, expected != 0)
            else:
                assert not (known & (expected == 0)).any()
                inside = phase != 0
                assert known.sum() > 0.5 * (expected != 0).sum() > 0
                assert inside.mean() > 0.9
            close = np.abs(got - expected)[known] <= 0.51 * step + 1e-3 * np.abs(expected[known])
            assert close.mean() > 0.97  # the rest has nodata among its neighbours: GDAL raises the others' weights


@pytest.mark.shared
def test_the_surrogates_of_both_versions_are_read(shared, folder, tmp_path):
    for path in sorted((shared / "gunw_surrogate").glob("*.nc")):
        shutil.copy(path, folder)
    fetched = fetch(folder, tmp_path, job_at(-99.10, 19.41, period="2018"))
    rows = [row for found in fetched.scenes.values() for row in found]
    assert [(row["reference"], row["version"]) for row in rows] == [("2018-01-30", "2.0.6"), ("2018-03-19", "3.0.1")]
    for frame, (low, high) in enumerate([(5.2, 11.2), (1.3, 11.1)]):
        phase = physical(fetched, "unwrapped_phase", frame)
        known = np.isfinite(phase)
        assert known.mean() > 0.25
        assert low <= phase[known].min() < phase[known].max() <= high
        assert np.isnan(physical(fetched, "amplitude", frame)).all()  # the surrogates have none
        assert np.nanmedian(physical(fetched, "angles", frame)) == pytest.approx(39.7, abs=0.01)
        assert np.nanmedian(physical(fetched, "angles", frame, 2)) == pytest.approx(102.27, abs=0.01)
    assert rows[0]["baseline_m"] == pytest.approx(30.23, abs=0.01)


def test_all_sixteen_tiles_are_the_default_of_these_tests():
    assert job_at(*HOME).tiles == ALL_TILES
