"""What tests can do to a client, and what they see of it."""

from __future__ import annotations

import time

import pytest
import requests

from eo_ingest.emulator.errors import EmulatorError
from eo_ingest.emulator.gcs.fault import Fault
from eo_ingest.emulator.gcs.serving import listen
from gcs_support import BUCKET

O = f"/storage/v1/b/{BUCKET}/o"  # noqa: E741


def test_calls_say_what_is_asked(gcs, http):
    calls = []
    gcs.hook = calls.append
    http.insert("a/b", b"12345")
    http("GET", f"{O}/a%2Fb?alt=media")
    http("GET", f"/{BUCKET}/a/b")
    http("GET", f"/{BUCKET}?list-type=2")
    seen = [(call.number, call.operation, call.method, call.bucket, call.name, call.size) for call in calls]
    assert seen == [
        (1, "objects.insert", "POST", BUCKET, "", 5),
        (2, "objects.media", "GET", BUCKET, "a/b", 0),
        (3, "xml.object.get", "GET", BUCKET, "a/b", 0),
        (4, "xml.bucket.list", "GET", BUCKET, "", 0),
    ]
    assert gcs.counts.requests == {"objects.insert": 1, "objects.media": 1, "xml.object.get": 1, "xml.bucket.list": 1}
    assert (gcs.counts.total, gcs.counts.received, gcs.counts.replies) == (4, 5, {200: 4})


def test_delays_overlap(gcs, http):
    from concurrent.futures import ThreadPoolExecutor

    http.insert("k", b"1")
    gcs.hook = lambda _call: Fault(delay=0.2)
    start = time.monotonic()
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda _: requests.get(f"{gcs.url}/{BUCKET}/k", timeout=10).content, range(20)))
    assert found == [b"1"] * 20
    assert 0.2 <= time.monotonic() - start < 2.5


@pytest.mark.parametrize("status", [429, 503])
def test_statuses(gcs, http, status):
    gcs.hook = lambda call: Fault(status=status, retry_after=3) if call.number == 1 else None
    first = http.insert("k", b"1")
    assert (first.status_code, first.headers["Retry-After"]) == (status, "3")
    assert first.json()["error"]["code"] == status
    assert http("GET", f"{O}/k").status_code == 404
    assert http.insert("k", b"1").status_code == 200


def test_a_lost_reply_was_done(gcs, http):
    gcs.hook = lambda call: Fault(reset=True, done=True) if call.number == 1 else None
    with pytest.raises(requests.ConnectionError):
        http.insert("k", b"1", ifGenerationMatch=0)
    assert http.insert("k", b"1", ifGenerationMatch=0).status_code == 412
    assert http("GET", f"{O}/k?alt=media").content == b"1"


def test_a_reset_connection_did_nothing(gcs, http):
    gcs.hook = lambda call: Fault(reset=True) if call.number == 1 else None
    with pytest.raises(requests.ConnectionError):
        http.insert("k", b"1")
    assert http("GET", f"{O}/k").status_code == 404


def test_a_body_that_ends_early(gcs, http):
    http.insert("k", b"x" * 1000)
    gcs.hook = lambda call: Fault(cut=10) if call.number == 2 else None
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        http("GET", f"{O}/k?alt=media")
    assert len(http("GET", f"{O}/k?alt=media").content) == 1000


def test_loopback_alone_without_a_word():
    with pytest.raises(EmulatorError, match="not a loopback address"):
        listen(0, "0.0.0.0")  # noqa: S104  that it is refused is the test
    for host, exposed in (("127.0.0.1", False), ("127.0.0.2", True)):
        with listen(0, host, exposed=exposed) as sock:
            assert sock.getsockname()[0] == host
