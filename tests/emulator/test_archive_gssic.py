"""The seasonal coherence archive over HTTP: the files' form and numbers, listings, ranges and entity tags."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import requests
from rasterio.io import MemoryFile

from eo_ingest.emulator.archive.serving import File, reply
from eo_ingest.emulator.asset import Window
from eo_ingest.emulator.process import EmulatorProcess
from eo_ingest.emulator.world import World, seasonal
from eo_ingest.emulator.world.seasonal_tiles import exists

ROOT = "/archive/gssic"
TILE, PLACE = "N48E009", (9, 48)
NAMESPACE = {"s3": "http://s3.amazonaws.com/doc/2006-03-01/"}
FOLDER = "Earth_Big_Data/GLOBAL_SEASONAL_S1/V2019"


class Client:
    """Requests to one server."""

    def __init__(self, url):
        self._url = url
        self._session = requests.Session()

    def get(self, path, **options):
        return self._session.get(self._url + path, timeout=60, **options)

    def head(self, path):
        return self._session.head(self._url + path, timeout=60)


@pytest.fixture(scope="module")
def client():
    with EmulatorProcess() as process:
        yield Client(process.url)


def key(layer, tile=TILE):
    return f"{tile}/{tile}_{layer}.tif"


def opened(client, layer):
    answer = client.get(f"{ROOT}/{key(layer)}")
    assert answer.status_code == 200
    with MemoryFile(answer.content) as memory, memory.open() as read:
        return read.profile, read.read(1), read.tags(ns="IMAGE_STRUCTURE"), read.overviews(1)


def listed(client, **query):
    answer = client.get(f"{ROOT}/", params={"list-type": "2", **query})
    assert answer.status_code == 200
    return ET.fromstring(answer.content)  # noqa: S314  our own answer


def texts(found, path):
    return [element.text for element in found.iterfind(path, NAMESPACE)]


def test_a_file_has_the_real_ones_form(client):
    profile, values, structure, overviews = opened(client, "winter_vv_COH12")
    assert (profile["driver"], profile["dtype"], profile["count"], profile["nodata"]) == ("GTiff", "uint8", 1, 0)
    assert (profile["width"], profile["height"]) == (1200, 1200)
    assert (profile["blockxsize"], profile["blockysize"], profile["tiled"]) == (1200, 6, False)
    assert structure["COMPRESSION"] == "LZW"
    assert "PREDICTOR" not in structure
    assert overviews == []
    assert profile["crs"].to_epsg() == 4326
    np.testing.assert_allclose(profile["transform"][:6], (1 / 1200, 0, 9, 0, -1 / 1200, 48), rtol=1e-12)
    assert 1 <= values[values > 0].min() <= values.max() <= 100


def test_files_hold_what_earth_engine_holds(client):
    window = Window(300, 700, 90, 110)
    for collection, layer in (
        ("COHERENCE_RAW", "winter_vv_COH12"),
        ("BACKSCATTER_RAW", "summer_vh_AMP"),
        ("DECAY_MODEL_PARAMETERS_RAW", "fall_vv_tau"),
    ):
        profile, values, _, _ = opened(client, layer)
        found, valid = World().get(f"{FOLDER}/{collection}/{TILE}").read(layer, 0, window)
        cut = values[300:390, 700:810]
        np.testing.assert_array_equal(cut, np.where(valid, found, 0))
        assert cut.dtype == found.dtype == profile["dtype"]
        assert np.ptp(cut) > 0


def test_orbits_have_their_angles_and_masks(client):
    names = sorted({name.split("_")[0] for name in seasonal.files(*PLACE) if name.endswith("_inc")})
    assert all(re.fullmatch(r"\d{3}[AD]", name) for name in names)
    assert {name[-1] for name in names} == {"A", "D"}
    orbit = names[0]
    image = World().get(f"{FOLDER}/INCIDENCE_LAYOVER_SHADOW/{TILE}_{orbit}")
    for layer in ("inc", "lsmap"):
        _, values, _, _ = opened(client, f"{orbit}_{layer}")
        found, _ = image.read(layer, 0, Window(0, 0, 64, 1200))
        np.testing.assert_array_equal(values[:64], found)


def test_what_a_tile_lacks_is_not_there(client):
    tile = next(
        (lon, lat) for lat in range(-5, 30) for lon in range(10, 40) if exists(lon, lat) and not _sixth_days(lon, lat)
    )
    name = seasonal_name(tile)
    for path in (
        key("winter_vv_COH06", name),
        key("winter_hh_COH12"),
        key("autumn_vv_COH12"),
        key("winter_vv_COH12", "N48E999"),
        "N48E009/N47E009_winter_vv_COH12.tif",
        "N48E009/N48E009_winter_vv_COH12.tiff",
        "N48E009/N48E009_.tif",
        "N48E009",
        "%2e%2e/%2e%2e/etc/passwd",
    ):
        assert client.get(f"{ROOT}/{path}").status_code == 404, path
        assert client.head(f"{ROOT}/{path}").status_code == 404, path


def seasonal_name(place):
    from eo_ingest.emulator.world.seasonal_tiles import tile_id

    return tile_id(*place)


def _sixth_days(lon, lat):
    return any(name.endswith("COH06") for name in seasonal.files(lon, lat))


def test_a_listing_names_every_file_with_its_tag(client):
    found = listed(client, prefix=f"{TILE}/")
    keys, tags = texts(found, "s3:Contents/s3:Key"), texts(found, "s3:Contents/s3:ETag")
    assert keys == sorted(key(layer) for layer in seasonal.files(*PLACE))
    assert texts(found, "s3:IsTruncated") == ["false"]
    assert len(set(tags)) == len(tags)
    at = keys.index(key("winter_vv_COH12"))
    assert client.head(f"{ROOT}/{keys[at]}").headers["etag"] == tags[at]
    part = listed(client, prefix=f"{TILE}/{TILE}_winter")
    assert texts(part, "s3:Contents/s3:Key") == [k for k in keys if "_winter_" in k]


def test_listings_come_in_pages(client):
    keys, token = [], {}
    while True:
        found = listed(client, prefix=f"{TILE}/", **{"max-keys": "7"}, **token)
        keys += texts(found, "s3:Contents/s3:Key")
        if texts(found, "s3:IsTruncated") == ["false"]:
            break
        token = {"continuation-token": texts(found, "s3:NextContinuationToken")[0]}
    assert keys == sorted(key(layer) for layer in seasonal.files(*PLACE))


def test_folders_are_listed_from_the_north_of_the_alphabet(client):
    found = listed(client, prefix="", delimiter="/", **{"max-keys": "5"})
    folders = texts(found, "s3:CommonPrefixes/s3:Prefix")
    assert len(folders) == 5
    assert folders == sorted(folders)
    assert all(re.fullmatch(r"[NS]\d\d[EW]\d\d\d/", folder) for folder in folders)
    assert texts(found, "s3:IsTruncated") == ["true"]
    assert texts(listed(client, prefix="N48E009", delimiter="/"), "s3:CommonPrefixes/s3:Prefix") == ["N48E009/"]


def test_out_at_sea_nothing_is_listed(client):
    assert not exists(-40, 30)
    for prefix in ("N30W040/", "N30W040/N30", "elsewhere/", "N48E00/"):
        assert texts(listed(client, prefix=prefix), "s3:Contents/s3:Key") == []


@pytest.mark.parametrize("query", [{}, {"list-type": "1"}])
def test_only_the_second_kind_of_listing_is_known(client, query):
    assert client.get(f"{ROOT}/", params=query).status_code == 404


@pytest.mark.parametrize("query", [{"delimiter": "_"}, {"max-keys": "many"}])
def test_a_wrong_listing_request_is_refused(client, query):
    assert client.get(f"{ROOT}/", params={"list-type": "2", **query}).status_code == 400


def test_without_the_world_there_is_no_archive(emulator):
    client = Client(emulator.url)
    assert client.get(f"{ROOT}/", params={"list-type": "2", "prefix": f"{TILE}/"}).status_code == 404
    assert client.get(f"{ROOT}/{key('winter_vv_COH12')}").status_code == 404


def test_a_file_by_http(client):
    url = f"{ROOT}/{key('winter_vv_COH12')}"
    whole, head = client.get(url), client.head(url)
    assert head.content == b""
    assert head.headers["content-length"] == str(len(whole.content))
    assert head.headers["etag"] == whole.headers["etag"]
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["content-type"] == "image/tiff"
    last, size = client.get(url, headers={"Range": "bytes=-1000"}), len(whole.content)
    assert (last.status_code, last.content) == (206, whole.content[-1000:])
    assert last.headers["content-range"] == f"bytes {size - 1000}-{size - 1}/{size}"


CONTENT = bytes(range(100))


@pytest.mark.parametrize(
    ("headers", "status", "expected", "span"),
    [
        ({}, 200, CONTENT, None),
        ({"range": "bytes=0-9"}, 206, CONTENT[:10], "0-9"),
        ({"range": "bytes=90-"}, 206, CONTENT[90:], "90-99"),
        ({"range": "bytes=90-500"}, 206, CONTENT[90:], "90-99"),
        ({"range": "bytes=-7"}, 206, CONTENT[-7:], "93-99"),
        ({"range": "bytes=-700"}, 206, CONTENT, "0-99"),
        ({"range": "bytes=0-1,5-6"}, 200, CONTENT, None),
        ({"range": "rows=0-1"}, 200, CONTENT, None),
        ({"range": "bytes=-"}, 200, CONTENT, None),
        ({"range": "bytes=100-"}, 416, b"", "*"),
        ({"range": "bytes=-0"}, 416, b"", "*"),
        ({"range": "bytes=9-3"}, 416, b"", "*"),
        ({"range": "bytes=0-9", "if-range": '"another"'}, 200, CONTENT, None),
    ],
)
def test_ranges(headers, status, expected, span):
    answer = reply(File("x", "image/tiff", lambda: CONTENT), headers)
    assert (answer.status_code, bytes(answer.body)) == (status, expected)
    assert answer.headers.get("content-range") == (f"bytes {span}/100" if span else None)


def test_a_tag_saves_making_the_file():
    def fail():
        raise AssertionError("it was made")

    held = File("x", "image/tiff", fail)
    assert reply(held, {"if-none-match": held.tag}).status_code == 304
    assert File("y", "image/tiff", fail).tag != held.tag
    with pytest.raises(AssertionError):
        reply(held, {"if-none-match": '"another"'})
