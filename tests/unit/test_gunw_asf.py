"""ASF's archive: what is searched, with whose token, and what is told when it fails. The service is not asked."""

from __future__ import annotations

import json
import logging
from types import SimpleNamespace

import pytest
import shapely

from eo_ingest.errors import ConfigError, SourceError, TransientError
from eo_ingest.sources import transfer
from eo_ingest.sources.gunw import asf
from eo_ingest.sources.gunw.index import cells
from eo_ingest.sources.transfer import Traffic
from gunw_archive_support import BOTH, RULE, area, find, make_granules, names, opened, shelf_box
from gunw_server import Server
from gunw_support import HOME


@pytest.fixture
def server(tmp_path):
    with Server(make_granules(tmp_path / "granules")) as running:
        yield running


class Found(list):
    """What a search gives."""

    complete = True

    def raise_if_incomplete(self):
        import asf_search

        if not self.complete:
            raise asf_search.ASFSearchError("incomplete")


def result(name, url, geometry, **about):
    return SimpleNamespace(properties={"url": url, "fileID": name, **about}, geometry=geometry)


@pytest.fixture
def earthdata(monkeypatch, server):
    """A search and a sign-on that need no network; downloads come from the server."""
    asf_search = pytest.importorskip("asf_search")
    told = SimpleNamespace(searches=[], tokens=[], answers=None, refuses=False)
    file = f"{BOTH[0]}.nc"
    told.results = Found(
        [
            result(
                BOTH[0],
                f"{server.url}/{file}",
                shapely.geometry.mapping(shelf_box()),
                bytes=(server.folder / file).stat().st_size,
                md5sum=server.etag(file),
            ),
            result(f"{BOTH[0]}-amplitude", f"{server.url}/{BOTH[0]}-amplitude.tif", None),
        ]
    )

    def search(**options):
        told.searches.append(options)
        if isinstance(told.answers, Exception):
            raise told.answers
        return told.results

    def sign_on(self, token):
        told.tokens.append(token)
        if told.refuses:
            raise asf_search.ASFAuthenticationError("Invalid/Expired token passed")
        self.headers["Authorization"] = f"Bearer {token}"
        return self

    monkeypatch.setattr(asf_search, "search", search)
    monkeypatch.setattr(asf_search.ASFSession, "auth_with_token", sign_on)
    monkeypatch.setenv(asf.TOKEN, "t0ken")
    monkeypatch.setattr(transfer, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(transfer, "LONGEST_WAIT_S", 0.002)
    return told


def test_asf_is_searched_by_cells_and_its_granules_are_fetched_with_a_token(earthdata, server, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    archive, traffic = opened("asf", tmp_path), Traffic()
    found = archive.find(area(), RULE, traffic)
    assert names(found) == [BOTH[0]]
    assert find(archive, (HOME[0] - 0.3, HOME[1])) == []  # another block of the cell
    squares = [(lon, lat) for lon in (-120, -118) for lat in (32, 34)]
    assert len(earthdata.searches) == 4  # the first block lies in four cells, the other one in two of them
    for options, (lon, lat) in zip(earthdata.searches, squares, strict=True):
        assert shapely.from_wkt(options["intersectsWith"]).equals(shapely.box(lon, lat, lon + 2, lat + 2))
        assert options["shortName"] == ["ARIA_S1_GUNW", "SENTINEL-1_INTERFEROGRAMS"]
        assert (options["start"], options["end"]) == ("2019-12-01T00:00:00Z", "2020-12-01T00:00:00Z")
    archive.open(found[0].entry, traffic).close()
    assert earthdata.tokens == ["t0ken"]
    assert server.headers[-1]["Authorization"] == "Bearer t0ken"
    assert "t0ken" not in caplog.text
    assert "t0ken" not in json.dumps(found[0].entry.as_json())
    assert found[0].entry.as_json()["etag"] == server.etag(f"{BOTH[0]}.nc")


def test_the_search_is_one_that_the_client_understands():
    """The options are put through the client's own translation to NASA's catalogue."""
    pytest.importorskip("asf_search")
    from asf_search.ASFSearchOptions import ASFSearchOptions
    from asf_search.CMR.subquery import build_subqueries
    from asf_search.CMR.translate import translate_opts

    options = ASFSearchOptions(
        shortName=list(asf.COLLECTIONS),
        intersectsWith=shapely.box(-120, 32, -118, 34).wkt,
        start="2019-12-01T00:00:00Z",
        end="2020-12-01T00:00:00Z",
    )
    (query,) = build_subqueries(options)
    sent = translate_opts(query)
    assert ("bounding_box", "-120.0,32.0,-118.0,34.0") in sent
    assert [value for key, value in sent if key == "shortName"] == sorted(asf.COLLECTIONS)
    assert any(
        key == "temporal" and value.startswith("2019-12-01T00:00:00Z,2020-12-01T00:00:00Z") for key, value in sent
    )


@pytest.mark.parametrize(
    ("bounds", "found"),
    [
        ((0.1, 0.1, 0.3, 0.3), [(0, 0)]),
        ((-0.1, 1.9, 0.1, 2.1), [(-2, 0), (-2, 2), (0, 0), (0, 2)]),
        ((179.9, 51.9, 180.1, 51.95), [(178, 50), (-180, 50)]),
        ((-180.1, 51.9, -179.9, 51.95), [(178, 50), (-180, 50)]),
    ],
)
def test_cells(bounds, found):
    assert list(cells(bounds, 2)) == found


def test_asf_without_a_token_says_what_it_needs(monkeypatch, tmp_path):
    monkeypatch.delenv(asf.TOKEN, raising=False)
    with pytest.raises(ConfigError, match="EARTHDATA_TOKEN in the environment"):
        opened("asf", tmp_path)


def test_asf_with_a_token_that_is_not_accepted(earthdata, tmp_path):
    earthdata.refuses = True
    archive = opened("asf", tmp_path)
    (found,) = find(archive)
    with pytest.raises(ConfigError, match="Earthdata does not accept EARTHDATA_TOKEN"):
        archive.open(found.entry, Traffic())


def test_asf_without_its_client_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setenv(asf.TOKEN, "t0ken")
    monkeypatch.setitem(__import__("sys").modules, "asf_search", None)
    with pytest.raises(ConfigError, match=r"pip install 'eo-ingest\[insar\]'"):
        opened("asf", tmp_path)


def test_a_search_that_fails(earthdata, tmp_path):
    import asf_search

    archive = opened("asf", tmp_path)
    earthdata.answers = asf_search.ASFSearch5xxError("t0ken")
    with pytest.raises(TransientError, match="search of ASF's catalogue failed: ASFSearch5xxError"):
        find(archive)
    assert len(earthdata.searches) == transfer.ATTEMPTS
    earthdata.searches.clear()
    earthdata.answers = asf_search.ASFSearch4xxError("no")
    with pytest.raises(SourceError, match="ASFSearch4xxError"):
        find(archive)
    assert len(earthdata.searches) == 1
    earthdata.answers = None
    earthdata.results.complete = False
    with pytest.raises(TransientError):
        find(archive)
    earthdata.results.complete = True
    assert names(find(archive)) == [BOTH[0]]
