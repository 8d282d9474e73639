"""The Earth Engine source without a server: credentials, the error table, replies, retries and splits."""

import io
import json
import time

import numpy as np
import pytest

from eo_ingest import products
from eo_ingest.errors import ConfigError, OutputError, SourceError, TransientError
from eo_ingest.grid import Block, Grid
from eo_ingest.job import Job
from eo_ingest.period import Period
from eo_ingest.request import PixelRequest, Window
from eo_ingest.sources.earthengine import client, failure, graph
from eo_ingest.sources.earthengine import source as module
from eo_ingest.sources.earthengine.failure import SplitError, explain, meaning
from eo_ingest.sources.earthengine.source import EarthEngineSource, _check_reply, _scenes_of

GRID = Grid.load("utm")
JOB = Job("worldcover", "2020", Block("utm32n", 251, 16), 0x0011)


# Messages as Earth Engine words them (documentation and public issue threads).
@pytest.mark.parametrize(
    ("message", "status", "kind", "answer"),
    [
        ("Total request size (56623104 bytes) must be less than or equal to 50331648 bytes.", 400, "size", "split"),
        ("User memory limit exceeded.", 400, "memory", "split"),
        ("Computation timed out.", 400, "timeout", "split"),
        ("Computation timed out.", 503, "timeout", "split"),
        (
            "Too Many Requests: Request was rejected because the request rate or concurrency limit was exceeded.",
            429,
            "quota",
            "wait",
        ),
        ("Quota exceeded for quota metric 'Read requests' and limit 'per minute per user'", 429, "quota", "wait"),
        ("Too many concurrent aggregations.", 400, "quota", "wait"),
        ("An internal error has occurred (request: 1234)", 500, "transient", "wait"),
        ("The service is currently unavailable.", 503, "transient", "wait"),
        ("Bad Gateway", 502, "transient", "wait"),
        (
            "ImageCollection asset 'X/Y' not found (does not exist or caller does not have access).",
            400,
            "not found",
            "give up",
        ),
        ("Caller does not have required permission to use project p.", 403, "auth", "give up"),
        ("Request had invalid authentication credentials.", 401, "auth", "give up"),
        ("Image.select: Band pattern 'VX' did not match any bands.", 400, "bad expression", "give up"),
        ("Something that nobody has seen before", None, "bad expression", "give up"),
    ],
)
def test_the_error_table(message, status, kind, answer):
    assert meaning(message, status) == (kind, answer)


def test_a_broken_connection_may_heal():
    assert isinstance(explain(ConnectionResetError("reset")), TransientError)
    assert isinstance(explain(TimeoutError("slow")), TransientError)


def ee_error(message, status=None):
    """An EEException as the client raises it: while it handles an HttpError that has the status."""
    import ee

    class HttpError(Exception):
        resp = type("Response", (), {"status": status})

    try:
        try:
            raise HttpError
        except HttpError:
            raise ee.EEException(message)  # noqa: B904 - as the client does
    except ee.EEException as err:
        return err


def test_the_status_is_found_behind_the_client_s_exception():
    assert type(explain(ee_error("odd words", 503))) is TransientError
    assert type(explain(ee_error("odd words", 400))) is SourceError
    assert type(explain(ee_error("User memory limit exceeded.", 400))) is SplitError


def test_without_credentials_the_error_comes_at_once_and_names_both_ways():
    begun = time.monotonic()
    with pytest.raises(ConfigError, match=r"earthengine authenticate.*EO_INGEST_EE_PROJECT.*--source emulator"):
        client.connect(project=None, url=None, anonymous=False)
    assert time.monotonic() - begun < 5  # no network is asked; importing the client takes most of it


def test_a_credentials_file_that_is_junk_is_explained(tmp_path, monkeypatch):
    junk = tmp_path / "key.json"
    junk.write_text("not json")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(junk))
    with pytest.raises(ConfigError, match="no Earth Engine credentials"):
        client.connect(project="p", url=None, anonymous=False)


def test_graphs_are_built_without_a_network():
    import ee

    ee.Reset()
    recipe = graph.recipe(products.REGISTRY["worldcover"], Period.parse("2020"))
    assert "ESA/WorldCover/v100" in recipe
    with pytest.raises(SourceError, match="no network"):
        client._Offline().request("https://offline.invalid/v1/projects/p/value:compute")
    ee.Reset()


def request(frames=(0,), side=448):
    return PixelRequest(frames, (("class", 0),), Window(0, 0, 2 * side, side))


def reply_to(r, product="worldcover", dtype=None):
    p = products.get(product)
    fields = [(graph.band_name(f, u), dtype or p.variable(u[0]).dtype) for f in r.frames for u in r.units]
    return np.zeros((r.window.height, r.window.width), fields)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda a: a[:-1], "expected"),
        (lambda a: a.astype([("f0_class_0", "int16")]), "int16"),
        (lambda a: a.astype([("other", "uint8")]), "other"),
        (lambda a: np.zeros(a.shape, "uint8"), "sent the bands"),
    ],
)
def test_a_reply_of_another_form_is_refused(spoil, message):
    with pytest.raises(OutputError, match=message):
        _check_reply(spoil(reply_to(request())), request(), products.get("worldcover"))


@pytest.mark.parametrize("found", [None, {}, {"2020": [["only one"]]}, {"2020": None}, []])
def test_scenes_of_another_form_are_refused(found):
    frames = products.get("worldcover").frames(Period.parse("2020"))
    with pytest.raises(OutputError, match="scenes in another form"):
        _scenes_of(found, frames, ("system:index", "system:time_start"))


def test_scenes_are_sorted_and_dated():
    frames = products.get("worldcover").frames(Period.parse("2020"))
    rows = _scenes_of({"2020": [["b", 0], ["a", None]]}, frames, ("system:index", "system:time_start"))
    assert rows == {
        "2020": [
            {"system:index": "a", "system:time_start": None},
            {"system:index": "b", "system:time_start": "1970-01-01T00:00:00+00:00"},
        ]
    }


@pytest.fixture
def wired(monkeypatch):
    """A source whose client answers from a function of ours."""
    import ee

    client.prepare_offline()
    monkeypatch.setattr(module, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(ee.data, "computeValue", lambda _expression: {"2020": [["s", 0]]})
    made = []

    def make(answer):
        monkeypatch.setattr(ee.data, "computePixels", answer)
        source = EarthEngineSource(GRID, products.REGISTRY, workers=2, name="test", synthetic=True)
        made.append(source)
        return source

    yield make
    for source in made:
        source.close()


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def pixels_for(params):
    """What a server of class-10 pixels would send."""
    assert params["fileFormat"] == "NPY"
    size = params["grid"]["dimensions"]
    return npy(np.full((size["height"], size["width"]), 10, [("f0_class_0", "uint8")]))


def test_a_job_is_fetched_on_its_exact_grid(wired):
    seen = []

    def answer(params):
        seen.append(params)
        return pixels_for(params)

    fetched = wired(answer).fetch(JOB)
    assert fetched.tiles.keys() == {0, 4}
    assert all((t["class"] == 10).all() for t in fetched.tiles.values())
    (params,) = seen
    west, _, _, north = GRID.zone("utm32n").bounds(JOB.block)
    assert params["grid"]["crsCode"] == "EPSG:32632"
    assert params["grid"]["dimensions"] == {"width": 448, "height": 896}
    transform = params["grid"]["affineTransform"]
    assert (transform["translateX"], transform["translateY"]) == (west, north)
    assert (transform["scaleX"], transform["scaleY"]) == (10, -10)
    assert params["workloadTag"] == "eo-ingest-worldcover"
    assert (fetched.requests, fetched.retries, fetched.payload) == (2, 0, 2 * 448 * 448)
    assert fetched.scenes == {"2020": [{"system:index": "s", "system:time_start": "1970-01-01T00:00:00+00:00"}]}


def test_transient_failures_are_waited_out(wired):
    failures = [ee_error("Too Many Requests", 429), ConnectionResetError("reset"), ee_error("oops", 503)]

    def answer(params):
        if failures:
            raise failures.pop()
        return pixels_for(params)

    fetched = wired(answer).fetch(JOB)
    assert fetched.retries == 3
    assert fetched.requests == 5


def test_transient_failures_for_ever_are_given_up_as_such(wired):
    def answer(_params):
        raise ee_error("The service is currently unavailable.", 503)

    with pytest.raises(TransientError, match="transient: The service"):
        wired(answer).fetch(JOB)


def test_a_bad_expression_is_not_tried_again(wired):
    calls = []

    def answer(params):
        calls.append(params)
        raise ee_error("Image.select: Band pattern 'Map' did not match any bands.", 400)

    with pytest.raises(SourceError, match=r"bad expression: Image\.select"):
        wired(answer).fetch(JOB)
    assert len(calls) == 1


def test_what_is_too_much_is_split_until_it_is_not(wired):
    sizes = []

    def answer(params):
        size = params["grid"]["dimensions"]
        if size["height"] * size["width"] > 300 * 300:
            raise ee_error("User memory limit exceeded.", 400)
        sizes.append(size)
        return pixels_for(params)

    fetched = wired(answer).fetch(JOB)
    assert all((t["class"] == 10).all() for t in fetched.tiles.values())
    assert sum(s["height"] * s["width"] for s in sizes) == 2 * 448 * 448
    assert fetched.retries > 0


def test_what_never_fits_is_given_up(wired):
    def answer(_params):
        raise ee_error("User memory limit exceeded.", 400)

    with pytest.raises(SourceError, match="cannot compute even"):
        wired(answer).fetch(JOB)


def test_a_wrong_reply_is_an_output_error(wired):
    with pytest.raises(OutputError, match="expected"):
        wired(lambda _params: npy(np.zeros((3, 3), [("f0_class_0", "uint8")]))).fetch(JOB)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda reply: reply[:-1],
        lambda reply: reply[:40],
        lambda _reply: b"",
        lambda _reply: b"<html>Bad Gateway</html>",
        lambda _reply: npy(np.array([None])),
        lambda _reply: npy(np.asfortranarray(np.zeros((3, 2)))),
    ],
)
def test_bytes_that_are_not_pixels_are_an_output_error(wired, spoil):
    with pytest.raises(OutputError, match="Earth Engine sent"):
        wired(lambda params: spoil(pixels_for(params))).fetch(JOB)


def test_the_table_is_read_in_order():
    assert failure.meaning("Computation timed out. The service is currently unavailable.", 400).kind == "timeout"
    json.dumps(failure.meaning("x", None))


def test_credentials_that_end_midway_are_the_user_s_to_renew():
    from google.auth.exceptions import RefreshError, TransportError

    assert type(explain(RefreshError("invalid_grant"))) is SourceError
    assert str(explain(RefreshError("invalid_grant"))).startswith("auth:")
    assert isinstance(explain(TransportError("no route")), TransientError)
