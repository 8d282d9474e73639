"""The two APIs as they are on the wire."""

from __future__ import annotations

import base64
import hashlib
import json

import google_crc32c
import pytest

from eo_ingest.emulator.gcs.session import UNIT
from gcs_support import BUCKET

O = f"/storage/v1/b/{BUCKET}/o"  # noqa: E741
U = f"/upload{O}"


def code(reply):
    assert reply.headers["Content-Type"].startswith("application/xml")
    return reply.text.split("<Error><Code>")[1].split("</Code>")[0]


def multipart(data, end, mark="==0=="):
    lines = [
        f"--{mark}",
        "Content-Type: application/json",
        "",
        '{"name": "m"}',
        f"--{mark}",
        "Content-Type: a/b",
        "",
        "",
    ]
    return end.join(lines).encode() + data + f"{end}--{mark}--".encode()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("data", [b"", b"\r", b"x\r\n", b"\n--==0==\nnot the end\n", b"--==0==--", bytes(range(256))])
def test_multipart_keeps_every_byte(http, end, data):
    headers = {"Content-Type": 'multipart/related; boundary="==0=="'}
    reply = http("POST", U, params={"uploadType": "multipart"}, data=multipart(data, end), headers=headers)
    assert reply.status_code == 200
    assert reply.json()["contentType"] == "a/b"
    assert http("GET", f"{O}/m?alt=media").content == data


@pytest.mark.parametrize("body", [b"", b"--b\n", b"--b\n\n{}\n--b--", b"no boundary", b"--b\n\n{}\n--b\n\nx--b--"])
def test_broken_multipart_is_refused(http, body):
    headers = {"Content-Type": "multipart/related; boundary=b"}
    reply = http("POST", U, params={"uploadType": "multipart"}, data=body, headers=headers)
    assert reply.status_code == 400
    assert reply.json()["error"]["errors"][0]["reason"] == "invalid"


def begin(http, **query):
    reply = http("POST", U, params={"uploadType": "resumable", **query}, json={"name": "r", "contentType": "a/b"})
    assert reply.status_code == 200
    return reply.headers["Location"].removeprefix(http.server.url)


def test_resumable_upload_in_chunks_with_status(http):
    data = bytes(range(256)) * 1024 * 3 + b"the rest"
    where = begin(http)
    asked = http("PUT", where, headers={"Content-Range": "bytes */*"})
    assert (asked.status_code, asked.headers.get("Range")) == (308, None)
    first = http("PUT", where, data=data[: UNIT + 5], headers={"Content-Range": f"bytes 0-{UNIT + 4}/*"})
    assert (first.status_code, first.headers["Range"]) == (308, f"bytes=0-{UNIT - 1}")  # whole units are kept
    again = http("PUT", where, data=data[: 2 * UNIT], headers={"Content-Range": f"bytes 0-{2 * UNIT - 1}/{len(data)}"})
    assert (again.status_code, again.headers["Range"]) == (308, f"bytes=0-{2 * UNIT - 1}")
    gap = http(
        "PUT", where, data=data[-3:], headers={"Content-Range": f"bytes {len(data) - 3}-{len(data) - 1}/{len(data)}"}
    )
    assert gap.status_code == 400
    small = http("PUT", where, data=b"x", headers={"Content-Range": f"bytes {2 * UNIT}-{2 * UNIT}/*"})
    assert small.status_code == 400
    assert http("GET", f"{O}/r").status_code == 404
    last = {"Content-Range": f"bytes {2 * UNIT}-{len(data) - 1}/{len(data)}"}
    done = http("POST", where, data=data[2 * UNIT :], headers=last)
    assert (done.status_code, done.json()["size"]) == (200, str(len(data)))
    assert http("GET", f"{O}/r?alt=media").content == data
    lost = http("PUT", where, headers={"Content-Range": f"bytes */{len(data)}"})
    assert (lost.status_code, lost.json()) == (200, done.json())


def test_resumable_upload_of_nothing_and_cancelled(http):
    assert http("PUT", begin(http), headers={"Content-Range": "bytes */0"}).json()["size"] == "0"
    where = begin(http)
    assert http("DELETE", where).status_code == 499
    assert http("PUT", where, data=b"x").status_code == 404


def test_resumable_preconditions_hold_at_both_ends(http):
    where = begin(http, ifGenerationMatch=0)
    http.insert("r", b"first")
    assert http("PUT", where, data=b"second").status_code == 412
    assert (
        http("POST", U, params={"uploadType": "resumable", "ifGenerationMatch": 0}, json={"name": "r"}).status_code
        == 412
    )
    assert http("GET", f"{O}/r?alt=media").content == b"first"


@pytest.mark.parametrize("path", [f"{O}/k?alt=media", f"/download{O}/k?alt=media", f"/{BUCKET}/k"])
def test_ranges(http, path):
    data = bytes(range(100))
    http.insert("k", data)
    for text, span in {"0-0": (0, 1), "5-": (5, 100), "-7": (93, 100), "-500": (0, 100), "90-500": (90, 100)}.items():
        reply = http("GET", path, headers={"Range": f"bytes={text}"})
        assert (reply.status_code, reply.content) == (206, data[slice(*span)])
        assert reply.headers["Content-Range"] == f"bytes {span[0]}-{span[1] - 1}/100"
    for text in ("100-", "-0"):
        assert http("GET", path, headers={"Range": f"bytes={text}"}).status_code == 416
    for text in ("9-5", "x-y", "-"):
        assert http("GET", path, headers={"Range": f"bytes={text}"}).content == data


def test_head_tells_what_get_brings(http):
    http.insert("k", b"hello")
    head, get = http("HEAD", f"/{BUCKET}/k"), http("GET", f"/{BUCKET}/k")
    assert head.content == b""
    assert {**head.headers, "date": ""} == {**get.headers, "date": ""}
    md5 = hashlib.md5(b"hello", usedforsecurity=False).digest()
    crc = google_crc32c.value(b"hello").to_bytes(4, "big")
    assert head.headers["ETag"] == f'"{md5.hex()}"'
    assert (
        head.headers["x-goog-hash"] == f"crc32c={base64.b64encode(crc).decode()},md5={base64.b64encode(md5).decode()}"
    )
    assert head.headers["Content-Length"] == head.headers["x-goog-stored-content-length"] == "5"
    assert head.headers["x-goog-generation"] == http("GET", f"{O}/k").json()["generation"]
    assert head.headers["Last-Modified"].endswith(" GMT")


def test_json_preconditions(http):
    made = http.insert("k", b"1", ifGenerationMatch=0).json()
    generation = made["generation"]
    assert made["metageneration"] == "1"
    again = http.insert("k", b"2", ifGenerationMatch=0)
    assert again.status_code == 412
    assert again.json()["error"]["errors"][0]["reason"] == "conditionNotMet"
    assert http("PATCH", f"{O}/k", params={"ifMetagenerationMatch": 2}, json={}).status_code == 412
    patched = http("PATCH", f"{O}/k", params={"ifMetagenerationMatch": 1}, json={"metadata": {"a": "b"}}).json()
    assert (patched["generation"], patched["metageneration"], patched["metadata"]) == (generation, "2", {"a": "b"})
    assert http("GET", f"{O}/k", params={"ifGenerationNotMatch": generation}).status_code == 304
    assert http("GET", f"{O}/k", params={"ifGenerationMatch": 0, "alt": "media"}).status_code == 412
    assert http("DELETE", f"{O}/k", params={"ifGenerationMatch": 1}).status_code == 412
    newer = http.insert("k", b"2", ifGenerationMatch=generation).json()
    assert int(newer["generation"]) > int(generation)
    assert http("GET", f"{O}/k", params={"generation": generation}).status_code == 404
    assert http.insert("k", b"", ifGenerationMatch="zero").status_code == 400
    assert http("DELETE", f"{O}/k", params={"ifGenerationMatch": newer["generation"]}).status_code == 204


def test_xml_preconditions(http):
    key, create = f"/{BUCKET}/k", {"x-goog-if-generation-match": "0"}
    first = http("PUT", key, data=b"1", headers=create)
    assert first.status_code == 200
    refused = http("PUT", key, data=b"2", headers=create)
    assert (refused.status_code, code(refused)) == (412, "PreconditionFailed")
    swap = {"x-goog-if-generation-match": first.headers["x-goog-generation"]}
    second = http("PUT", key, data=b"2", headers=swap)
    assert second.status_code == 200
    assert http("PUT", key, data=b"3", headers=swap).status_code == 412
    tag = second.headers["ETag"]
    assert http("GET", key, headers={"If-None-Match": tag}).status_code == 304
    assert http("GET", key, headers={"If-Match": tag}).content == b"2"
    assert http("GET", key, headers={"If-Match": '"other"'}).status_code == 412
    seen = http("HEAD", key).headers["Last-Modified"]
    assert http("GET", key, headers={"If-Modified-Since": seen}).status_code == 304
    # Cloud Storage has entity tags for reading alone.
    for name in ("If-Match", "If-None-Match"):
        assert http("PUT", key, data=b"4", headers={name: "*"}).status_code == 400
    assert http("GET", key).content == b"2"


def test_wrong_checksums_are_refused(http):
    wrong = base64.b64encode(b"\0" * 4).decode()
    assert http("PUT", f"/{BUCKET}/k", data=b"1", headers={"x-goog-hash": f"crc32c={wrong}"}).status_code == 400
    body = multipart(b"1", "\n").replace(b'"m"', f'"m", "crc32c": "{wrong}"'.encode())
    headers = {"Content-Type": 'multipart/related; boundary="==0=="'}
    assert http("POST", U, params={"uploadType": "multipart"}, data=body, headers=headers).status_code == 400
    assert "items" not in http("GET", O).json()


def test_errors_have_the_form_of_the_service(http):
    reply = http("GET", f"{O}/nothing").json()["error"]
    one = {"message": f"No such object: {BUCKET}/nothing", "domain": "global", "reason": "notFound"}
    assert reply == {"code": 404, "message": one["message"], "errors": [one]}
    assert code(http("GET", f"/{BUCKET}/nothing")) == "NoSuchKey"
    assert code(http("GET", "/nowhere?list-type=2")) == "NoSuchBucket"
    assert http("POST", "/storage/v1/b", json={"name": BUCKET}).status_code == 409
    assert http("GET", f"{O}?matchGlob=*").status_code == 400
    assert http("GET", f"{O}/k/acl").status_code == 501
    http.insert("k", b"")
    assert http("DELETE", f"/storage/v1/b/{BUCKET}").status_code == 409


def test_compose_rewrite_move(http):
    http.insert("a", b"12", ifGenerationMatch=0)
    http.insert("b", b"345")
    made = http("POST", f"{O}/c/compose", json={"sourceObjects": [{"name": "a"}, {"name": "b"}, {"name": "a"}]}).json()
    assert (made["componentCount"], made["size"], "md5Hash" in made) == (3, "7", False)
    assert http("GET", f"{O}/c?alt=media").content == b"1234512"
    assert http("HEAD", f"/{BUCKET}/c").headers["ETag"].startswith('"-')
    step = http("POST", f"{O}/c/rewriteTo/b/{BUCKET}/o/d%2Fe?maxBytesRewrittenPerCall=4").json()
    assert (step["done"], step["totalBytesRewritten"]) == (False, "4")
    assert http("GET", f"{O}/d%2Fe").status_code == 404
    query = {"maxBytesRewrittenPerCall": 4, "rewriteToken": step["rewriteToken"]}
    assert http("POST", f"{O}/c/rewriteTo/b/{BUCKET}/o/d%2Fe", params=query).json()["done"] is True
    assert http("POST", f"{O}/d%2Fe/moveTo/o/a?ifGenerationMatch=0").status_code == 412
    assert http("POST", f"{O}/d%2Fe/moveTo/o/f").json()["name"] == "f"
    assert [one["name"] for one in http("GET", O).json()["items"]] == ["a", "b", "c", "f"]
    assert http("GET", f"{O}/f?alt=media").content == b"1234512"


def test_batch_answers_each_for_itself(http):
    http.insert("a b", b"")
    part = "--x\nContent-Type: application/http\nContent-ID: <{0}>\n\n{1} HTTP/1.1\nAccept: */*\n\n"
    asked = [f"DELETE {O}/a%20b", f"DELETE {O}/gone", f"GET {U}"]
    body = "".join(part.format(number, text) for number, text in enumerate(asked)) + "--x--"
    headers = {"Content-Type": 'multipart/mixed; boundary="x"'}
    reply = http("POST", "/batch/storage/v1", data=body, headers=headers)
    assert reply.status_code == 400  # uploads are not for batches: nothing of it is done
    reply = http("POST", "/batch/storage/v1", data=body.replace(f"GET {U}", f"GET {O}"), headers=headers)
    found = [line.split()[1] for line in reply.text.splitlines() if line.startswith("HTTP/1.1")]
    assert found == ["204", "404", "200"]
    assert "<response-0>" in reply.text


def test_xml_multipart(http):
    key, big = f"/{BUCKET}/big", b"x" * (5 * 2**20)
    text = http("POST", f"{key}?uploads").text
    upload = text.split("<UploadId>")[1].split("<")[0]
    tags = {}
    for number, data in ((2, b"tail"), (1, big)):
        reply = http("PUT", key, params={"partNumber": number, "uploadId": upload}, data=data)
        tags[number] = reply.headers["ETag"]

    def complete(numbers):
        parts = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{tags.get(n, 'x')}</ETag></Part>" for n in numbers)
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"
        return http("POST", key, params={"uploadId": upload}, data=body)

    assert [complete(numbers).status_code for numbers in ([2, 1], [1, 3], [])] == [400, 400, 400]
    assert http("GET", key).status_code == 404
    done = complete([1, 2])
    assert done.status_code == 200
    assert done.headers["x-goog-generation"]
    assert http("GET", key).content == big + b"tail"
    assert complete([1, 2]).status_code == 404


def test_a_name_is_no_path(http, running):
    names = [
        "../../escaped",
        "a/../b",
        "/abs",
        "a//b",
        "a",
        "a/b",
        "%2e%2e",
        "bucket.json",
        "é\N{GRINNING FACE}",
        "x?y#z",
        "n" * 1024,
    ]
    for name in names:
        assert http.insert(name, name.encode()).status_code == 200
    from urllib.parse import quote

    for name in names:
        assert http("GET", f"{O}/{quote(name, safe='')}?alt=media").content == name.encode()
    listed = [one["name"] for one in http("GET", O).json()["items"]]
    assert listed == sorted(names, key=str.encode)
    assert {path.name for path in running[1].iterdir()} <= {"gcs"}
    for name in ("", ".", "..", "a\nb", "n" * 1025):
        assert http.insert(name, b"").status_code == 400
    for name in ("..", "../up", "A", "a", ".hidden", "a..b", ".uploads", "x/y"):
        assert http("POST", "/storage/v1/b", json={"name": name}).status_code == 400
    assert {path.name for path in running[1].iterdir()} <= {"gcs"}


def test_buckets(http):
    assert http("PUT", "/second-bucket").status_code == 200
    assert http("GET", "/storage/v1/b/second-bucket").json()["metageneration"] == "1"
    assert http("PATCH", "/storage/v1/b/second-bucket", json={"labels": {"a": "b"}}).json()["metageneration"] == "2"
    first = http("GET", "/storage/v1/b?maxResults=1").json()
    second = http("GET", "/storage/v1/b", params={"pageToken": first["nextPageToken"]}).json()
    assert [one["name"] for page in (first, second) for one in page["items"]] == [BUCKET, "second-bucket"]
    assert http("HEAD", "/second-bucket").status_code == 200
    assert http("DELETE", "/second-bucket").status_code == 204
    assert http("GET", "/storage/v1/b/second-bucket").status_code == 404
    assert json.loads(http("GET", "/storage/v1/b").content)["kind"] == "storage#buckets"


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"sourceObjects": [1]},
        {"sourceObjects": [{"name": "k", "generation": "x"}]},
        {"sourceObjects": [{"name": "k", "objectPreconditions": 3}]},
        {"sourceObjects": [{"name": "k"}], "destination": 3},
        {"sourceObjects": [{"name": "k"}], "destination": {"metadata": {"a": 1}}},
    ],
)
def test_junk_is_refused_and_not_our_bug(http, body):
    http.insert("k", b"1")
    reply = http("POST", f"{O}/made/compose", json=body)
    assert reply.status_code == 400
    assert "Internal error" not in reply.text
    assert http("GET", f"{O}/made").status_code == 404


def test_metadata_cannot_end_a_header(http):
    http.insert("k", b"1")
    body = {"contentType": "a/b\r\nx-other: 1", "metadata": {"a: b\r\n": "x\r\ny: z", "plain": "é"}}
    assert http("PATCH", f"{O}/k", json=body).json()["metadata"] == body["metadata"]
    reply = http("GET", f"/{BUCKET}/k")
    assert (reply.content, "y" in reply.headers, "x-other" in reply.headers) == (b"1", False, False)
    assert reply.headers["x-goog-meta-plain"].encode("latin-1").decode() == "é"


def test_metadata_of_headers_is_utf8(http):
    http("PUT", f"/{BUCKET}/k", data=b"", headers={"x-goog-meta-name": "é".encode()})
    assert http("GET", f"{O}/k").json()["metadata"] == {"name": "é"}
