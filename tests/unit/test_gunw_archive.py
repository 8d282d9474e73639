"""Archives: what is listed, what is downloaded, and what is refused."""

from __future__ import annotations

import json
import multiprocessing
from concurrent.futures import CancelledError, ThreadPoolExecutor
from datetime import date
from pathlib import Path

import fsspec
import pytest
import shapely

from eo_ingest.errors import ConfigError, SourceError, TransientError
from eo_ingest.sources import transfer
from eo_ingest.sources.gunw import archive as archive_module
from eo_ingest.sources.gunw.entry import Entry
from eo_ingest.sources.gunw.name import GranuleName
from eo_ingest.sources.gunw.shelf import Area
from eo_ingest.sources.transfer import Traffic
from gunw_archive_support import BOTH, RULE, SMALL, area, find, make_granules, names, opened, shelf_box
from gunw_server import Server
from gunw_support import HOME, write


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(transfer, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(transfer, "LONGEST_WAIT_S", 0.002)


@pytest.fixture
def granules(tmp_path):
    return make_granules(tmp_path / "granules")


@pytest.fixture
def server(granules):
    with Server(granules) as running:
        yield running


def test_a_folder_is_read_where_it_is(granules, tmp_path):
    archive = opened(granules, tmp_path)
    found = find(archive)
    assert names(found) == BOTH
    assert found[0].footprint.equals(shelf_box())
    with archive.open(found[0].entry, Traffic()) as granule:
        assert granule.name == found[0].name
    assert not (tmp_path / "cache").exists()


def test_folders_within_a_folder_count_and_so_does_file_url(granules, tmp_path):
    assert names(find(opened(granules.parent, tmp_path))) == BOTH
    assert names(find(opened(granules.as_uri(), tmp_path))) == BOTH


def test_what_is_elsewhere_is_not_even_opened(granules, tmp_path, monkeypatch):
    monkeypatch.setattr(archive_module, "told_footprint", None)
    archive = opened(granules, tmp_path)
    assert find(archive, (11.0, 47.0)) == []
    other_time = Area(area().polygon, *HOME, date(2018, 1, 1), date(2018, 12, 31))
    assert archive.find(other_time, RULE, Traffic()) == []


def test_footprints_are_read_once_and_noted_for_other_processes(granules, tmp_path, monkeypatch):
    calls = []
    real = archive_module.told_footprint
    monkeypatch.setattr(archive_module, "told_footprint", lambda *a: calls.append(a) or real(*a))
    first = opened(granules, tmp_path)
    assert names(find(first)) == names(find(first)) == BOTH
    assert len(calls) == 2
    assert names(find(opened(granules, tmp_path))) == BOTH
    assert len(calls) == 2
    write(granules, SMALL, width=70)  # another content
    assert names(find(opened(granules, tmp_path))) == BOTH
    assert len(calls) == 3
    (tmp_path / "notes.json").write_text("{ damaged")
    assert names(find(opened(granules, tmp_path))) == BOTH
    assert len(calls) == 5


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="nowhere is no folder: expected one with GUNW granules"):
        opened(tmp_path / "nowhere", tmp_path)


def test_a_file_that_changed_after_it_was_listed(granules, tmp_path):
    archive = opened(granules, tmp_path)
    entry = find(archive)[0].entry
    path = Path(entry.url)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(
        SourceError, match=rf"granule {entry.name.text}: it has \d+ bytes, expected \d+: it is cut short"
    ):
        archive.open(entry, Traffic())
    path.unlink()
    with pytest.raises(SourceError, match="its file cannot be read: No such file"):
        archive.open(entry, Traffic())


def test_an_index_in_a_folder_is_believed(granules, tmp_path):
    rows = [{"name": f"{name}.nc", "footprint": "POLYGON ((0 0, 1 0, 1 1, 0 0))"} for name in BOTH]
    (granules / "index.json").write_text(json.dumps({"granules": rows}))
    archive = opened(granules, tmp_path)
    assert find(archive) == []
    assert names(find(archive, (0.5, 0.3))) == BOTH


def test_a_server_lists_and_gives(server, tmp_path):
    archive, traffic = opened(server.url, tmp_path), Traffic()
    found = archive.find(area(), RULE, traffic)
    assert names(found) == BOTH
    with archive.open(found[0].entry, traffic) as granule:
        assert granule.name == found[0].name
    assert server.asked["index.json"] == 1
    assert traffic.payload == sum(path.stat().st_size for path in server.folder.glob("S1*"))
    assert traffic.requests == 2
    told = found[0].entry.as_json()
    assert told["url"] == f"{server.url}/{found[0].name.text}.nc"
    assert told["etag"] == server.etag(f"{found[0].name.text}.nc")


def test_with_footprints_in_the_index_only_what_is_needed_is_downloaded(server, tmp_path):
    server.footprints = {f"{BOTH[0]}.nc": shelf_box().wkt, f"{BOTH[1]}.nc": shapely.box(-117, 33, -116, 34).wkt}
    archive = opened(server.url, tmp_path)
    (found,) = find(archive)
    assert server.asked.keys() == {"index.json"}
    archive.open(found.entry, Traffic()).close()
    archive.open(found.entry, Traffic()).close()
    assert server.asked[f"{BOTH[0]}.nc"] == 1
    assert f"{BOTH[1]}.nc" not in server.asked


def test_ten_thousand_granules_elsewhere_cost_no_request_and_little_time(server, tmp_path):
    rows = []
    for i in range(10_000):
        lon, lat = -180 + i % 360, -80 + i // 360
        name = SMALL.but(digest=f"{i:04x}").name
        rows.append({"name": name, "size": 1, "footprint": shapely.box(lon, lat, lon + 0.9, lat + 0.9).wkt})
    (server.folder / "index.json").write_text(json.dumps({"granules": rows}))
    server.index = (server.folder / "index.json").read_bytes
    archive = opened(server.url, tmp_path)
    assert len(find(archive)) <= 4
    assert len(find(archive, (-100.5, -70.5))) <= 4
    assert server.asked == {"index.json": 1}


def in_cells(server, url="cells/{year}/{west}_{south}.json"):
    """The server's index, cut into cells."""
    rows = json.loads(server.index())["granules"]
    server.extra["cells/2020/-120_32.json"] = json.dumps({"granules": rows}).encode()
    server.extra["cells/2020/-118_32.json"] = json.dumps({"granules": rows[:1]}).encode()
    text = json.dumps({"cells": {"degrees": 2, "url": url}}).encode()
    server.index = lambda: text


def test_an_index_may_be_cut_into_cells(server, tmp_path):
    """Only the cells of the block and of the period's years are asked for, once; one that is not there is empty."""
    in_cells(server)
    archive = opened(server.url, tmp_path)
    assert server.asked.keys() == {"index.json"}
    assert names(find(archive)) == names(find(archive)) == BOTH
    asked = {
        f"cells/{year}/{west}_{south}.json" for year in (2019, 2020) for west in (-120, -118) for south in (32, 34)
    }
    assert {name for name in server.asked if name.startswith("cells")} == asked
    assert all(server.asked[name] == 1 for name in asked)


def test_a_cell_that_cannot_be_read_is_an_error_not_empty(server, tmp_path):
    in_cells(server)
    archive = opened(server.url, tmp_path)
    server.faults["cells/2019/-120_32.json"] = [403]
    with pytest.raises(SourceError, match="it refuses access"):
        find(archive)
    server.faults["cells/2019/-120_32.json"] = [503]
    assert names(find(archive)) == BOTH


def test_cells_in_a_folder(granules, tmp_path):
    (granules / "index.json").write_text(json.dumps({"cells": {"degrees": 90, "url": "c{west}{south}.json"}}))
    (granules / "c-1800.json").write_text(json.dumps({"granules": [{"name": BOTH[0]}]}))
    assert names(find(opened(granules, tmp_path))) == BOTH[:1]


def test_a_page_of_links_will_do(granules, tmp_path):
    with Server(granules, with_index=False, page=True) as server:
        archive = opened(server.url, tmp_path)
        assert names(find(archive)) == BOTH
        assert server.asked["index.json"] == 1
        assert "README.nc" not in server.asked


def test_a_query_in_the_url_is_kept_but_never_told(granules, tmp_path):
    with Server(granules) as server:
        url = server.url.replace("//", "//me:secret@") + "?sig=s3cr3t"
        archive = opened(url, tmp_path)
        entry = find(archive)[0].entry
        archive.open(entry, Traffic()).close()
        assert "sig=s3cr3t" in entry.url
        assert "cr" not in json.dumps(entry.as_json()["url"]).replace("archive", "")
        assert any(head.get("Authorization", "").startswith("Basic") for head in server.headers)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"{", "Invalid JSON"),
        (b"[]", "Input should be"),
        (b'{"granules": [{"size": 3}]}', "granules.0.name: Field required"),
        (b'{"granules": [{"name": "x.nc"}]}', "'x.nc' is not the name of a GUNW granule"),
        (b'{"other": 1}', r"index\.json has neither 'granules' nor 'cells'"),
        (b'{"cells": {"degrees": 2, "url": "{west}.json"}}', r"cells\.url: .*expected \{west\} and \{south\}"),
        (b'{"cells": {"degrees": 2, "url": "{west}{south}{x}.json"}}', r"cells\.url"),
        (b'{"cells": {"degrees": 0, "url": "{west}{south}.json"}}', r"cells\.degrees"),
    ],
)
def test_a_wrong_index_is_refused(server, tmp_path, text, reason):
    server.index = lambda: text
    with pytest.raises(SourceError, match=reason):
        opened(server.url, tmp_path)


def test_a_server_without_any_listing(granules, tmp_path):
    with (
        Server(granules, with_index=False) as server,
        pytest.raises(SourceError, match=r"has neither an index\.json nor a page that lists granules"),
    ):
        opened(server.url, tmp_path)


def test_a_server_that_is_not_there(tmp_path):
    with pytest.raises(TransientError, match="does not answer"):
        opened("http://127.0.0.1:9/archive", tmp_path)


def with_footprint(server):
    server.footprints = {f"{name}.nc": shelf_box().wkt for name in BOTH}
    return f"{BOTH[0]}.nc"


@pytest.mark.parametrize("fault", [503, 429, "short"])
def test_what_may_pass_is_tried_again(server, tmp_path, fault):
    file = with_footprint(server)
    server.faults[file] = [fault, fault]
    archive, traffic = opened(server.url, tmp_path), Traffic()
    archive.open(find(archive)[0].entry, traffic).close()
    assert server.asked[file] == 3
    assert traffic.retries == 2
    assert traffic.requests == 3


def test_a_transfer_that_always_breaks_off_is_an_error_that_names_the_granule(server, tmp_path):
    file = with_footprint(server)
    server.faults[file] = ["short"] * 20
    archive = opened(server.url, tmp_path)
    with pytest.raises(TransientError, match=f"granule {BOTH[0]}: the transfer broke off"):
        archive.open(find(archive)[0].entry, Traffic())
    assert server.asked[file] == transfer.ATTEMPTS
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.parent.name != ".lock"]


@pytest.mark.parametrize(
    ("status", "reason"), [(401, "it asks for credentials"), (403, "it refuses"), (404, "there is no")]
)
def test_what_a_server_refuses_is_refused_at_once(server, tmp_path, status, reason):
    file = with_footprint(server)
    server.faults[file] = [status]
    archive = opened(server.url, tmp_path)
    with pytest.raises(SourceError, match=f"{reason}.*{BOTH[0]}|{BOTH[0]}.*{reason}"):
        archive.open(find(archive)[0].entry, Traffic())
    assert server.asked[file] == 1


def test_a_granule_shorter_than_listed_is_refused(server, tmp_path):
    with_footprint(server)
    archive = opened(server.url, tmp_path)
    entry = find(archive)[0].entry
    path = server.folder / f"{BOTH[0]}.nc"
    server.etags[path.name] = None
    listed = Entry(entry.name, entry.url, entry.size, None, footprint=entry.footprint)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(
        SourceError, match=f"granule {BOTH[0]}: it has .* bytes, expected {entry.size}: it is cut short"
    ):
        archive.open(listed, Traffic())


def test_a_granule_changed_since_it_was_listed_is_refused(server, tmp_path):
    with_footprint(server)
    archive = opened(server.url, tmp_path)
    entry = find(archive)[0].entry
    write(server.folder, SMALL, constant=1.0)
    with pytest.raises(SourceError, match=f"granule {BOTH[0]}: it was changed after it was listed"):
        archive.open(entry, Traffic())


def test_a_wrong_digest_is_refused(server, tmp_path):
    with_footprint(server)
    archive = opened(server.url, tmp_path)
    entry = find(archive)[0].entry
    wrong = Entry(entry.name, entry.url, entry.size, md5="0" * 32)
    with pytest.raises(SourceError, match=r"have the MD5 sum .*, expected 00000000000000000000000000000000"):
        archive.open(wrong, Traffic())
    archive.open(Entry(entry.name, entry.url, entry.size, md5=entry.etag), Traffic()).close()


def test_a_new_version_of_a_granule_is_another_download(server, tmp_path):
    with_footprint(server)
    archive = opened(server.url, tmp_path)
    archive.open(find(archive)[0].entry, Traffic()).close()
    write(server.folder, SMALL, constant=1.0)
    later = opened(server.url, tmp_path)
    later.open(find(later)[0].entry, Traffic()).close()
    assert server.asked[f"{BOTH[0]}.nc"] == 2


def test_threads_do_not_download_twice(server, tmp_path):
    file = with_footprint(server)
    archives = [opened(server.url, tmp_path) for _ in range(2)]
    entries = [find(archive)[0].entry for archive in archives]
    server.faults[file] = ["hold"]
    with ThreadPoolExecutor(6) as pool:
        waiting = [pool.submit(archives[i % 2].open, entries[i % 2], Traffic()) for i in range(6)]
        assert server.holding.wait(10)
        server.release.set()
        for future in waiting:
            future.result().close()
    assert server.asked[file] == 1


def download_in_a_process(url, folder, barrier, results):
    archive = opened(url, Path(folder))
    entry = find(archive)[0].entry
    barrier.wait(30)
    traffic = Traffic()
    archive.open(entry, traffic).close()
    results.put(traffic.payload)


def test_processes_do_not_download_twice(server, tmp_path):
    file = with_footprint(server)
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(2), context.Queue()
    arguments = (server.url, str(tmp_path), barrier, results)
    processes = [context.Process(target=download_in_a_process, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    payloads = sorted(results.get(timeout=5) for _ in processes)
    assert payloads == [0, (server.folder / file).stat().st_size]
    assert server.asked[file] == 1


def test_closing_ends_a_download(server, tmp_path):
    file = with_footprint(server)
    server.faults[file] = ["hold"]
    archive = opened(server.url, tmp_path)
    entry = find(archive)[0].entry
    with ThreadPoolExecutor(2) as pool:
        loading = pool.submit(archive.open, entry, Traffic())
        assert server.holding.wait(10)
        waiting = pool.submit(archive.open, entry, Traffic())
        archive.close()
        with pytest.raises(CancelledError):
            waiting.result(10)
        server.release.set()
        with pytest.raises(CancelledError):
            loading.result(10)


def test_a_bucket_lists_and_gives(granules, tmp_path):
    memory = fsspec.filesystem("memory")
    memory.put(str(granules), "/bucket/gunw", recursive=True)
    try:
        archive, traffic = opened("memory://bucket/gunw", tmp_path), Traffic()
        found = archive.find(area(), RULE, traffic)
        assert names(found) == BOTH
        archive.open(found[0].entry, traffic).close()
        assert traffic.payload == sum(path.stat().st_size for path in granules.glob("S1*"))
        memory.pipe("/bucket/gunw/index.json", json.dumps({"granules": [{"name": BOTH[0], "size": 7}]}).encode())
        indexed = opened("memory://bucket/gunw", tmp_path)
        with pytest.raises(SourceError, match=f"granule {BOTH[0]}: it has .* bytes, expected 7"):
            find(indexed)
        memory.rm(f"/bucket/gunw/{BOTH[0]}.nc")
        with pytest.raises(SourceError, match=f"granule {BOTH[0]}: there is no memory://"):
            find(opened("memory://bucket/gunw", tmp_path))
    finally:
        memory.rm("/bucket", recursive=True)


def test_a_place_without_any_granule_is_a_mistake_not_a_fact(tmp_path, server):
    with pytest.raises(ConfigError, match="memory://nowhere lists no GUNW granule"):
        opened("memory://nowhere", tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="empty lists no GUNW granule"):
        opened(tmp_path / "empty", tmp_path)
    server.index = lambda: b'{"granules": []}'
    with pytest.raises(ConfigError, match="archive/gunw lists no GUNW granule"):
        opened(server.url, tmp_path)


def test_a_kind_of_url_that_nothing_reads(tmp_path):
    with pytest.raises(ConfigError, match="nosuch://x cannot be read"):
        opened("nosuch://x", tmp_path)


def test_an_entry_without_its_listing_tells_what_it_knows():
    entry = Entry(GranuleName.parse(BOTH[0]), "/data/x.nc")
    assert entry.as_json() == {"system:index": BOTH[0], "url": f"{BOTH[0]}.nc", "size": None, "etag": None}
