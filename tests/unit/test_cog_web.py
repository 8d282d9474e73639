"""The archive on web servers: ways of listing, what is fetched once, and failures that must never look like sea."""

import shutil
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest

from cog_support import Server, block_at, expected, is_safe, job_at, source, squares, whole, write
from eo_ingest.errors import ConfigError, SourceError, TransientError
from eo_ingest.job import Job
from eo_ingest.sources import transfer
from eo_ingest.sources.cog.library import Library
from eo_ingest.sources.cog.web import Place

CORNER = (9.0, 48.0)
INSIDE = (10.5, 48.5)
LAYER = "winter_vv_COH12"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(transfer, "FIRST_WAIT_S", 0.001)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("served")
    for square in {*squares(job_at(*CORNER)), *squares(job_at(*INSIDE))}:
        write(made / "data" / "tiles", square, LAYER, whole(square))
        write(made / "data" / "tiles", square, "spring_vv_COH24", whole(square, 1))
    (made / "data" / "readme.txt").write_text("hello")
    return made


@pytest.fixture
def server(folder):
    made = Server(folder)
    yield made
    made.close()


@pytest.fixture
def reader(server):
    """A source whose bucket is the server, tiles at data/tiles, asked as S3 is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"{server.url}/")
        made = source("s3://data/tiles")
    # The endpoint's paths begin with the bucket, which is the folder `data` here.
    server.folder = server.folder / "data"
    serve_bucket(server)
    yield made
    made.close()


def serve_bucket(server):
    """Have the server's paths begin with a bucket's name."""
    content = server.content
    server.content = lambda path, query: content(path.removeprefix("data").strip("/"), query)


def check(found, job):
    for index, raster in found.tiles.items():
        np.testing.assert_array_equal(raster["coherence"][0, 1], expected(job, index))
        np.testing.assert_array_equal(raster["coherence"][1, 3], expected(job, index, salt=1))


@pytest.mark.parametrize("kind", ["s3", "html"])
def test_pixels_come_by_http_however_files_are_listed(folder, kind):
    server = Server(folder / "data" / "tiles", kind, page=1)
    job = job_at(*CORNER)
    reader = source(f"{server.url}/")
    try:
        found = reader.fetch(job)
        check(found, job)
        row = found.scenes["DJF"][0]
        square = squares(job)[0]
        assert row["url"] == f"{server.url}/{square.name}/{square.name}_{LAYER}.tif"
        size = (folder / "data" / "tiles" / square.name / f"{square.name}_{LAYER}.tif").stat().st_size
        assert row["size"] == (size if kind == "s3" else None)
        assert bool(row["etag"]) == (kind == "s3")
        assert found.payload > 8 * size / 2
        again = reader.fetch(job)
        check(again, job)
        assert (again.requests, again.payload) == (0, 0)
    finally:
        reader.close()
        server.close()


def test_an_s3_bucket_is_asked_below_its_prefix(server, reader):
    job = job_at(*CORNER)
    found = reader.fetch(job)
    check(found, job)
    assert found.scenes["DJF"][0]["url"].startswith("s3://data/tiles/")
    assert all(key.startswith("data") for key in server.counts)
    assert sum(key.endswith(".tif") for key in server.counts) == 8


def test_jobs_at_once_fetch_each_file_once(server, reader):
    block = block_at(*CORNER)
    jobs = [Job("coherence", "2020", block, 1 << tile) for tile in range(16)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(reader.fetch, jobs))
    for job, got in zip(jobs, found, strict=True):
        check(got, job)
    files = {key: count for key, count in server.counts.items() if key.endswith(".tif")}
    assert len(files) == 8
    assert set(files.values()) == {1}
    assert max(count for key, count in server.counts.items() if "?tiles/N" in key) == 1
    assert sum(got.requests for got in found) == sum(server.counts.values())


@pytest.mark.parametrize("fault", [500, 503, 429, "cut", "short"])
def test_what_may_come_later_is_asked_for_again(server, reader, fault):
    job = job_at(*INSIDE, tiles=1)
    name = squares(job)[0].name
    server.faults = {f"{name}_{LAYER}.tif": [fault, fault]}
    found = reader.fetch(job)
    check(found, job)
    assert found.retries == 2
    assert server.counts[f"data/tiles/{name}/{name}_{LAYER}.tif"] == 3


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (500, TransientError, "transient: .* answers 500"),
        (503, TransientError, "transient: .* answers 503"),
        (429, TransientError, "quota: .* answers 429"),
        ("cut", TransientError, "connection: .* not to the end"),
        ("short", TransientError, "connection: .* cut short"),
        (403, SourceError, "auth: .* it refuses access"),
        (401, SourceError, "auth: .* it asks for credentials"),
        (404, SourceError, "was listed, but is not there"),
        (410, SourceError, "answers 410"),
    ],
)
def test_a_failure_is_never_no_data(server, reader, fault, kind, words):
    job = job_at(*INSIDE, tiles=1)
    name = squares(job)[0].name
    server.faults = {f"{name}_{LAYER}.tif": fault}
    with pytest.raises(SourceError, match=words) as caught:
        reader.fetch(job)
    assert type(caught.value) is kind
    assert name in str(caught.value)
    # What failed is not remembered: when the server is well again, so are the pixels.
    server.faults = {}
    check(reader.fetch(job), job)


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (500, TransientError, "transient: .* answers 500"),
        ("cut", TransientError, "connection: .* not to the end"),
        (403, SourceError, "auth: .* it refuses access"),
        (404, SourceError, "answers 404"),
    ],
)
@pytest.mark.parametrize("which", ["tiles/", "tiles/N49E010/"])
def test_a_listing_that_fails_is_no_sea(server, reader, which, fault, kind, words):
    job = job_at(*INSIDE, tiles=1)
    server.faults = {f"?{which}": fault}
    with pytest.raises(SourceError, match=words) as caught:
        reader.fetch(job)
    assert type(caught.value) is kind
    server.faults = {}
    check(reader.fetch(job), job)


@pytest.mark.parametrize("kind", ["s3", "html", "memory"])
@pytest.mark.parametrize("name", ["foo.tif", "N49E010_readme.txt", "deeper/N49E010_winter_vv_COH12.tif"])
def test_a_tile_without_its_layers_is_no_sea(tmp_path, kind, name):
    job = job_at(*INSIDE, tiles=1)
    path = tmp_path / squares(job)[0].name / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"II")
    with served(tmp_path, kind) as url:
        reader = source(url)
        with pytest.raises(SourceError, match=r"N49E010/ is there and has no layer of tile N49E010"):
            reader.fetch(job)
        # What is not listed is sea all the same.
        assert (reader.fetch(job_at(-40.0, 30.0, tiles=1)).tiles[0]["coherence"] == 0).all()
        reader.close()


@pytest.mark.parametrize("kind", ["s3", "html", "memory"])
def test_extensions_may_be_in_capitals_wherever_files_are(folder, tmp_path, kind):
    job = job_at(*INSIDE, tiles=1)
    name = squares(job)[0].name
    shutil.copytree(folder / "data" / "tiles" / name, tmp_path / name)
    for path in list((tmp_path / name).iterdir()):
        path.rename(path.with_suffix(".TIF"))
    with served(tmp_path, kind) as url:
        reader = source(url)
        found = reader.fetch(job)
        check(found, job)
        assert found.scenes["DJF"][0]["system:index"] == f"{name}_{LAYER}"
        reader.close()


@contextmanager
def served(folder, kind):
    """The URL of a folder's content: on a server of a kind, or in a bucket of fsspec's."""
    if kind == "memory":
        import fsspec

        memory = fsspec.filesystem("memory")
        memory.put(f"{folder}/", f"/{folder.name}", recursive=True)
        yield f"memory://{folder.name}"
        memory.rm(f"/{folder.name}", recursive=True)
    else:
        server = Server(folder, kind)
        yield server.url
        server.close()


def test_a_tile_that_a_page_links_to_and_that_is_gone_is_no_sea(folder):
    server = Server(folder / "data" / "tiles", "html")
    job = job_at(*INSIDE, tiles=1)
    server.faults = {"N49E010": 404}
    reader = source(server.url)
    with pytest.raises(SourceError, match=r"/N49E010/ was listed, but is not there"):
        reader.fetch(job)
    server.faults = {}
    check(reader.fetch(job), job)
    reader.close()
    server.close()


def test_a_listing_that_does_not_go_on_is_a_failure(server, reader):
    content = server.content
    more = b"<IsTruncated>true</IsTruncated></ListBucketResult>"
    server.content = lambda path, query: content(path, query).replace(b"</ListBucketResult>", more)
    with pytest.raises(SourceError, match="N49E010/ is listed in part"):
        reader.fetch(job_at(*INSIDE, tiles=1))


def test_what_gives_no_answer_in_time_is_a_failure(server, reader, monkeypatch):
    monkeypatch.setattr(transfer, "TIMEOUT_S", (0.2, 0.2))
    monkeypatch.setattr(transfer, "ATTEMPTS", 2)
    server.faults = {f"{LAYER}.tif": "slow"}
    with pytest.raises(TransientError, match="does not answer, or not to the end: ReadTimeout"):
        reader.fetch(job_at(*INSIDE, tiles=1))


def test_a_server_that_is_gone_is_a_failure(folder):
    server = Server(folder)
    url = server.url
    server.close()
    reader = source(f"{url}/data/tiles")
    with pytest.raises(TransientError, match="connection: "):
        reader.fetch(job_at(*INSIDE, tiles=1))
    reader.close()


def test_credentials_of_an_address_are_told_to_nobody_else(folder):
    server = Server(folder / "data" / "tiles")
    job = job_at(*INSIDE, tiles=1)
    reader = source(server.url.replace("http://", "http://user:secret@"))
    found = reader.fetch(job)
    check(found, job)
    assert is_safe(str(found.scenes))
    server.faults = {"tif": 500}
    other = job_at(*CORNER, tiles=1)
    with pytest.raises(TransientError) as caught:
        reader.fetch(other)
    assert is_safe(str(caught.value))
    reader.close()
    server.close()
    gone = source(server.url.replace("http://", "http://user:secret@"))
    with pytest.raises(TransientError) as caught:
        gone.fetch(job)
    assert is_safe(str(caught.value))
    gone.close()


def test_names_that_leave_their_folder_are_no_files(folder, tmp_path):
    (tmp_path / "secret.tif").write_bytes(b"II secret")
    server = Server(folder / "data" / "tiles")
    job = job_at(*INSIDE, tiles=1)
    name = squares(job)[0].name
    server.extra = [
        f"{name}/../../secret.tif",
        f"{name}/{name}_../../secret.tif",
        f"{name}/deeper/{name}_winter_vv_COH06.tif",
        f"{name}/{name}_winter_vv_COH06.tif.bak",
    ]
    reader = source(server.url)
    check(reader.fetch(job), job)
    assert not any("secret" in key or "deeper" in key or "bak" in key for key in server.counts)
    reader.close()
    server.close()


def test_a_place_without_tiles_is_no_sea(folder):
    for kind, path, words in (
        ("s3", "/elsewhere", "is not there"),
        ("html", "/data", "holds no tile"),
        ("html", "/elsewhere", "is not there"),
        ("bare", "", "lists its files neither as S3 does nor as a page of links"),
    ):
        server = Server(folder, kind)
        reader = source(server.url + path)
        with pytest.raises((SourceError, ConfigError), match=words):
            reader.fetch(job_at(*INSIDE, tiles=1))
        reader.close()
        server.close()


def test_a_bucket_asked_at_the_wrong_prefix_is_no_sea(folder, monkeypatch):
    server = Server(folder)
    serve_bucket(server)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
    for url in ("s3://data", "s3://data/elsewhere"):
        reader = source(url)
        with pytest.raises(ConfigError, match=r"holds no tile .* N45W090/"):
            reader.fetch(job_at(*INSIDE, tiles=1))
        reader.close()
    server.close()


def test_a_file_that_changes_under_way_is_a_failure(server, reader):
    send = server.answer

    def tagged(request):
        if request.path.endswith(".tif"):
            request.send_response(200)
            request.send_header("ETag", '"another"')
            request.send_header("Content-Length", "2")
            request.end_headers()
            request.wfile.write(b"II")
        else:
            send(request)

    server.answer = tagged
    with pytest.raises(SourceError, match="was changed after it was listed: its tag is another"):
        reader.fetch(job_at(*INSIDE, tiles=1))


def test_closing_ends_what_waits(server, reader, monkeypatch):
    monkeypatch.setattr(transfer, "FIRST_WAIT_S", 0.3)
    monkeypatch.setattr(transfer, "ATTEMPTS", 50)
    server.faults = {"tif": 500}
    failed = []

    def fetch():
        try:
            reader.fetch(job_at(*INSIDE, tiles=1))
        except BaseException as err:  # noqa: BLE001 - what it is, is the question
            failed.append(type(err))

    thread = threading.Thread(target=fetch)
    thread.start()
    while not server.counts:
        pass
    reader.close()
    thread.join(30)
    assert not thread.is_alive()
    assert failed == [CancelledError]


@pytest.mark.parametrize("when", ["listing", "file"])
def test_closing_between_two_steps_is_a_cancellation(reader, monkeypatch, when):
    """Closed by the time a job asks its threads for a listing, or, once it has those, for a file."""
    if when == "listing":
        monkeypatch.setattr(Library, "going_on", lambda _: reader.close())
    else:
        layers = Library.layers

        def closing(*arguments):
            found = layers(*arguments)
            reader.close()
            return found

        monkeypatch.setattr(Library, "layers", closing)
    with pytest.raises(CancelledError):
        reader.fetch(job_at(*INSIDE, tiles=1))


@pytest.mark.parametrize(
    ("url", "root", "prefix", "told"),
    [
        ("s3://bucket/data/tiles/", "https://bucket.s3.amazonaws.com", "data/tiles/", "s3://bucket/data/tiles/"),
        ("s3://bucket", "https://bucket.s3.amazonaws.com", "", "s3://bucket/"),
        (
            "https://bucket.s3.us-west-2.amazonaws.com/data/tiles",
            "https://bucket.s3.us-west-2.amazonaws.com",
            "data/tiles/",
            "https://bucket.s3.us-west-2.amazonaws.com/data/tiles/",
        ),
        (
            "https://s3.us-west-2.amazonaws.com/bucket/data/tiles",
            "https://s3.us-west-2.amazonaws.com/bucket",
            "data/tiles/",
            "https://s3.us-west-2.amazonaws.com/bucket/data/tiles/",
        ),
        (
            "https://storage.googleapis.com/bucket/tiles",
            "https://storage.googleapis.com/bucket",
            "tiles/",
            "https://storage.googleapis.com/bucket/tiles/",
        ),
        (
            "http://127.0.0.1:80/archive/gssic",
            "http://127.0.0.1:80/archive/gssic",
            "",
            "http://127.0.0.1:80/archive/gssic/",
        ),
        ("http://u:p@host/a/", "http://u:p@host/a", "", "http://host/a/"),
    ],
)
def test_places(monkeypatch, url, root, prefix, told):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    assert Place.of(url) == Place(root, prefix, told)


@pytest.mark.parametrize("url", ["http://host/a?token=secret", "s3:///tiles", "https://host/#x"])
def test_what_is_no_place(url):
    with pytest.raises(ConfigError, match="is no place of files") as caught:
        Place.of(url)
    assert is_safe(str(caught.value))
