"""Jobs from GeoTIFFs: pixels, what is absent, what is wrong; by folder. Web servers are in test_cog_web."""

from concurrent.futures import CancelledError
from dataclasses import replace

import numpy as np
import pytest
from aiohttp import ServerDisconnectedError
from gcsfs.retry import HttpError
from google.auth.exceptions import DefaultCredentialsError, TransportError

from cog_support import FRAMES, SEASONS, expected, job_at, places, source, squares, whole, write
from eo_ingest.errors import ConfigError, OutputError, SourceError, TransientError
from eo_ingest.job import tiles_of
from eo_ingest.products.coherence import COHERENCE
from eo_ingest.raster import valid_fraction
from eo_ingest.sources import transfer
from eo_ingest.sources.cog.name import Square

CORNER = (9.0, 48.0)
LAYER = "winter_vv_COH12"


@pytest.fixture(scope="module")
def corner(tmp_path_factory):
    """Four tiles around a corner, with one layer a season, and two amplitudes."""
    folder = tmp_path_factory.mktemp("corner")
    for square in squares(job_at(*CORNER)):
        for salt, season in enumerate(SEASONS):
            write(folder, square, f"{season}_vv_COH12", whole(square, salt))
        write(folder, square, "spring_vh_AMP", whole(square, 9, "uint16") * 40)
    return folder


def fetched(folder, job):
    reader = source(folder)
    try:
        return reader.fetch(job)
    finally:
        reader.close()


def test_pixels_are_those_under_the_centres_of_four_tiles(corner):
    job = job_at(*CORNER)
    assert len(squares(job)) == 4
    found = fetched(corner, job)
    assert sorted(found.tiles) == list(range(16))
    for index, raster in found.tiles.items():
        for frame in range(4):
            np.testing.assert_array_equal(raster["coherence"][frame, 1], expected(job, index, salt=frame))
        decibels = 20 * np.log10(expected(job, index, salt=9) * 40.0) - 83
        np.testing.assert_allclose(raster["amplitude"][1, 1] / 100, decibels, atol=0.005 + 1e-9)
        for frame, band in ((0, 0), (0, 1), (1, 0), (2, 1)):
            assert (raster["amplitude"][frame, band] == -32768).all()
        for name in ("rho", "tau", "rmse", "incidence", "layover_shadow"):
            assert (raster[name] == 0).all()
        assert (raster["coherence"][:, [0, 2, 3, 4, 5]] == 0).all()


def test_types_and_shapes_are_the_products(corner):
    found = fetched(corner, job_at(*CORNER, tiles=0x0021))
    assert sorted(found.tiles) == [0, 5]
    for raster in found.tiles.values():
        for variable in COHERENCE.variables:
            assert raster[variable.name].shape == (4, len(variable.bands), 56, 56)
            assert raster[variable.name].dtype == variable.dtype


@pytest.mark.parametrize(
    "place", [(179.98, 66.0), (-179.99, -17.0), (10.52, -0.03), (10.52, 0.03), (-65.0, -23.0), (-0.01, 51.5)]
)
def test_everywhere_pixels_are_those_under_the_centres(tmp_path, place):
    job = job_at(*place, tiles=0x8001)
    for square in squares(job):
        write(tmp_path, square, LAYER, whole(square))
    for index, raster in fetched(tmp_path, job).tiles.items():
        np.testing.assert_array_equal(raster["coherence"][0, 1], expected(job, index))


def test_a_tile_that_is_not_there_is_no_data(corner, tmp_path):
    job = job_at(*CORNER)
    lacking = squares(job)[:2]
    for square in squares(job)[2:]:
        write(tmp_path, square, LAYER, whole(square))
    for index, raster in fetched(tmp_path, job).tiles.items():
        np.testing.assert_array_equal(raster["coherence"][0, 1], expected(job, index, lacking=lacking))


def test_out_at_sea_all_tiles_are_empty(corner):
    found = fetched(corner, job_at(-40.0, 30.0))
    assert all(valid_fraction(raster, COHERENCE) == 0 for raster in found.tiles.values())
    assert found.scenes == {label: [] for label in FRAMES}


def test_pairs_of_six_days_are_there_where_their_file_is(tmp_path):
    job = job_at(*CORNER)
    first, *others = squares(job)
    write(tmp_path, first, "summer_vv_COH06", whole(first))
    for square in others:
        write(tmp_path, square, "summer_vv_COH12", whole(square))
    for index, raster in fetched(tmp_path, job).tiles.items():
        np.testing.assert_array_equal(raster["coherence"][2, 0], expected(job, index, lacking=others))
        np.testing.assert_array_equal(raster["coherence"][2, 1], expected(job, index, lacking=[first]))


def test_zero_is_no_data_and_more_than_a_hundred_is_a_hundred(tmp_path):
    job = job_at(10.5, 48.5, tiles=1)
    (square,) = squares(job)
    values = whole(square)
    values[values < 20] = 0
    values[values > 80] = 150
    write(tmp_path, square, LAYER, values, nodata=None)
    true = expected(job, 0)
    found = fetched(tmp_path, job).tiles[0]["coherence"][0, 1]
    np.testing.assert_array_equal(found, np.where(true < 20, 0, np.where(true > 80, 100, true)))


def test_seasons_are_the_norths_everywhere(tmp_path):
    job = job_at(-65.5, -23.5, tiles=1)
    (square,) = squares(job)
    for salt, season in enumerate(SEASONS):
        write(tmp_path, square, f"{season}_vv_rho", whole(square, salt, "uint16"))
    found = fetched(tmp_path, job)
    for frame in range(4):
        np.testing.assert_array_equal(found.tiles[0]["rho"][frame, 0], expected(job, 0, salt=frame))
    assert {label: [row["system:index"] for row in rows] for label, rows in found.scenes.items()} == {
        label: [f"{square.name}_{season}_vv_rho"] for label, season in zip(FRAMES, SEASONS, strict=True)
    }


def test_each_pass_has_its_lowest_orbit_that_sees_the_pixel(tmp_path):
    job = job_at(10.5, 48.5, tiles=1)
    (square,) = squares(job)
    angles = {"131A": 41, "015A": 33, "102D": 37, "029D": 29}
    rows, cols = np.indices((1200, 1200))
    west, north = cols < np.median(mask_at(job, cols)), rows < np.median(mask_at(job, rows))
    for orbit, angle in angles.items():
        seen = west if orbit == "015A" else np.ones_like(west)
        write(tmp_path, square, f"{orbit}_inc", np.where(seen, angle, 0).astype("uint8"))
        codes = np.where(north, 5, 17) if orbit == "131A" else np.ones(west.shape)
        write(tmp_path, square, f"{orbit}_lsmap", codes.astype("uint8"))
    write(tmp_path, square, "003A_inc", np.full((1200, 1200), 20, "uint8"))  # without its mask it sees nothing
    sees_west = mask_at(job, west)
    found = fetched(tmp_path, job).tiles[0]
    for frame in range(4):
        np.testing.assert_array_equal(found["incidence"][frame, 0], np.where(sees_west, 33, 41))
        np.testing.assert_array_equal(found["incidence"][frame, 1], 29)
        beyond = np.where(mask_at(job, north), 5, 17)
        np.testing.assert_array_equal(found["layover_shadow"][frame, 0], np.where(sees_west, 1, beyond))
        np.testing.assert_array_equal(found["layover_shadow"][frame, 1], 1)
    assert 0 < sees_west.mean() < 1
    assert 0 < mask_at(job, north).mean() < 1


def mask_at(job, mask):
    """What is under the pixel centres of the job's first tile, of an array of one square's pixels."""
    lon, lat = places(job, 0)
    row = np.floor((np.ceil(lat) - lat) * 1200).astype(int)
    col = np.floor((lon - np.floor(lon)) * 1200).astype(int)
    return mask[row, col]


def test_a_record_names_files_by_their_place_in_the_archive(corner):
    found = fetched(corner, job_at(*CORNER))
    assert {label: len(rows) for label, rows in found.scenes.items()} == {"DJF": 4, "MAM": 8, "JJA": 4, "SON": 4}
    row = found.scenes["DJF"][0]
    square = squares(job_at(*CORNER))[0]
    name = f"{square.name}/{square.name}_{LAYER}.tif"
    assert row == {
        "system:index": f"{square.name}_{LAYER}",
        "url": name,
        "size": (corner / name).stat().st_size,
        "etag": None,
    }
    assert str(corner) not in str(found.scenes)


def test_a_file_that_is_cut_short_fails_the_job(tmp_path):
    job = job_at(10.5, 48.5, tiles=1)
    (square,) = squares(job)
    path = write(tmp_path, square, LAYER, whole(square))
    data = path.read_bytes()
    for size in (0, 7, len(data) // 2, len(data) - 200_000):
        path.write_bytes(data[:size])
        with pytest.raises(SourceError, match=rf"{square.name}/{square.name}_{LAYER}.tif \({size} bytes\) is damaged"):
            fetched(tmp_path, job)


@pytest.mark.parametrize(
    ("changes", "shape", "message"),
    [
        ({}, (1200, 1199), r"is uint8 \(1, 1200, 1199\), expected uint8 \(1, 1200, 1200\)"),
        ({"dtype": "uint16"}, (1200, 1200), "is uint16"),
        ({"crs": "EPSG:4269"}, (1200, 1200), "in EPSG:4269"),
        ({"crs": None}, (1200, 1200), "in no CRS"),
        ({"west": 10, "north": 50}, (1200, 1200), "at 10, 50"),
    ],
)
def test_another_raster_under_that_name_fails_the_job(tmp_path, changes, shape, message):
    from rasterio.transform import Affine

    job = job_at(10.5, 48.5, tiles=1)
    (square,) = squares(job)
    changes = dict(changes)
    if "west" in changes:
        changes["transform"] = Affine(1 / 1200, 0, changes.pop("west"), 0, -1 / 1200, changes.pop("north"))
    values = np.ones(shape, changes.get("dtype", "uint8"))
    write(tmp_path, square, LAYER, values, **changes)
    with pytest.raises(OutputError, match=message):
        fetched(tmp_path, job)


@pytest.mark.parametrize("name", [None, "foo.tif", "N49E011_winter_vv_COH12.tif", "N49E010_winter_vv_coh12.tif"])
def test_a_folder_without_a_layer_of_its_tile_fails_the_job(tmp_path, name):
    job = job_at(10.5, 48.5, tiles=1)
    (square,) = squares(job)
    (tmp_path / square.name).mkdir()
    if name:
        (tmp_path / square.name / name).write_bytes(b"II")
    words = f"N49E010/ is there and has no layer of tile N49E010: .*, found {(name and repr(name)) or 'nothing'}"
    with pytest.raises(SourceError, match=words):
        fetched(tmp_path, job)


def test_links_to_nothing_are_no_sea(tmp_path):
    job = job_at(10.5, 48.5, tiles=1)
    (square,) = squares(job)
    path = write(tmp_path, square, LAYER, whole(square))
    path.unlink()
    path.symlink_to(tmp_path / "gone")
    with pytest.raises(SourceError, match=f"{path.name} cannot be read: No such file"):
        fetched(tmp_path, job)
    path.unlink()
    path.parent.rmdir()
    (tmp_path / "N45W090").mkdir()
    path.parent.symlink_to(tmp_path / "gone")
    with pytest.raises(SourceError, match="N49E010: its folder cannot be listed"):
        fetched(tmp_path, job)


def test_a_layer_that_is_there_twice_fails_the_job(tmp_path):
    job = job_at(10.5, 48.5, tiles=1)
    (square,) = squares(job)
    path = write(tmp_path, square, LAYER, whole(square))
    path.with_suffix(".TIF").write_bytes(path.read_bytes())
    if len(list(path.parent.iterdir())) == 1:
        pytest.skip("file names differ in more than capitals here")
    with pytest.raises(SourceError, match=f"N49E010/ has layer {LAYER} twice"):
        fetched(tmp_path, job)


def test_a_place_without_tiles_is_refused(tmp_path):
    (tmp_path / "data" / "tiles" / "N45W090").mkdir(parents=True)
    with pytest.raises(ConfigError, match="holds no tile of the seasonal coherence data set"):
        fetched(tmp_path, job_at(*CORNER))
    with pytest.raises(ConfigError, match="is no folder"):
        source(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="expected a folder, or an http, https, s3 or gs URL"):
        source("ftp://example.org/tiles")


def test_a_file_url_is_a_folder(corner):
    job = job_at(*CORNER, tiles=1)
    np.testing.assert_array_equal(
        fetched(f"file://{corner}", job).tiles[0]["coherence"], fetched(corner, job).tiles[0]["coherence"]
    )


def test_a_bucket_by_fsspec_gives_the_same(corner):
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.put(str(corner), "/gssic-of-a-test", recursive=True)
    try:
        job = job_at(*CORNER)
        there, here = fetched("memory://gssic-of-a-test", job), fetched(corner, job)
        for index in tiles_of(job.tiles):
            for name, values in here.tiles[index].items():
                np.testing.assert_array_equal(there.tiles[index][name], values)
        rows = there.scenes["DJF"]
        assert rows[0]["url"].startswith("memory://gssic-of-a-test/")
        assert there.requests == 1 + 4 + 20
        with pytest.raises(ConfigError, match="holds no tile"):
            fetched("memory://elsewhere", job)
    finally:
        memory.rm("/gssic-of-a-test", recursive=True)


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (OSError("503 backend"), TransientError, "transient: .* cannot be read: 503 backend"),
        (TimeoutError("no answer"), TransientError, "transient: "),
        (HttpError({"code": 502, "message": "bad gateway"}), TransientError, "transient: "),
        (ServerDisconnectedError(), TransientError, "transient: "),
        (TransportError("no route"), TransientError, "transient: "),
        (HttpError({"code": 403, "message": "no"}), SourceError, "auth: "),
        (OSError("Forbidden: gs://x"), SourceError, "auth: .* Forbidden"),
        (PermissionError("no"), SourceError, "auth: "),
        (DefaultCredentialsError("none found"), SourceError, "auth: .* none found"),
        (FileNotFoundError("gone"), SourceError, "was listed, but is not there"),
    ],
)
def test_what_a_buckets_client_says_becomes_a_failure(corner, monkeypatch, fault, kind, words):
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.put(str(corner), "/gssic-that-fails", recursive=True)
    monkeypatch.setattr(transfer, "FIRST_WAIT_S", 0.0)

    def fail(*_args, **_options):
        raise fault

    reader = source("memory://gssic-that-fails")
    try:
        monkeypatch.setattr(type(memory), "cat_file", fail)
        with pytest.raises(SourceError, match=words) as caught:
            reader.fetch(job_at(*CORNER, tiles=1))
        assert type(caught.value) is kind
        if not isinstance(fault, FileNotFoundError):
            monkeypatch.setattr(type(memory), "ls", fail)
            with pytest.raises(SourceError, match=words.replace("read", "listed")) as caught:
                reader.fetch(job_at(20.5, 48.5, tiles=1))
            assert type(caught.value) is kind
    finally:
        monkeypatch.undo()
        reader.close()
        memory.rm("/gssic-that-fails", recursive=True)


def test_a_closed_source_stops(corner):
    reader = source(corner)
    reader.close()
    with pytest.raises(CancelledError):
        reader.fetch(job_at(*CORNER))


def test_a_product_that_the_archive_does_not_know_is_refused(corner):
    from eo_ingest.sources.cog.band import bands_of

    other = replace(COHERENCE, archive=replace(COHERENCE.archive, parameters=COHERENCE.archive.parameters[1:]))
    with pytest.raises(ConfigError, match=r"its archive has no layer for coherence\.coh6"):
        bands_of(other)


def test_squares_are_values():
    assert Square(9, 48) == Square(9, 48)
    assert len({Square(9, 48), Square(9, 48)}) == 1
