"""AOIs by name and by box, and what an AOI is."""

import re
from pathlib import Path

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from eo_ingest import data
from eo_ingest.aoi import AOI, describe, load, registry
from eo_ingest.errors import ConfigError
from eo_ingest.grid import Grid

UTM = Grid.load("utm")


def check_valid(aoi):
    assert aoi.geometry.geom_type == "MultiPolygon"
    assert aoi.geometry.is_valid
    west, south, east, north = aoi.geometry.bounds
    assert -180 <= west < east <= 180
    assert -90 <= south < north <= 90


@pytest.mark.parametrize("name", registry())
def test_registered_aois_are_valid_and_say_where_they_come_from(name):
    aoi = load(name)
    check_valid(aoi)
    assert aoi.name == name
    assert aoi.notes == ()
    assert aoi.source
    assert aoi.licence
    assert describe(name)["made"]
    assert describe(name)["name"] == name


def test_demo_is_two_by_two_tiles_of_two_blocks_in_luxembourg():
    cover = UTM.cover(load("demo").geometry)
    assert [block.block.id for block in cover.blocks] == ["utm32n_b251_16", "utm32n_b252_16"]
    assert [tile.id for tile in cover.iter_tiles()] == [
        f"utm32n_{row}_{col}" for row in (1007, 1008) for col in (65, 66)
    ]
    assert load("luxembourg").geometry.contains(load("demo").geometry)


def test_luxembourg_spans_two_zones():
    cover = UTM.cover(load("luxembourg").geometry)
    assert {zone.zone.name: zone.tiles for zone in cover.zones} == {"utm31n": 73, "utm32n": 108}


@pytest.mark.parametrize(
    ("text", "bounds", "parts"),
    [
        ("5.7,49.4,6.6,50.2", (5.7, 49.4, 6.6, 50.2), 1),
        (" 5.7, 49.4 ,6.6,5.02e1 ", (5.7, 49.4, 6.6, 50.2), 1),
        ("-124.7,24.5,-66.9,49.4", (-124.7, 24.5, -66.9, 49.4), 1),
        ("-170,-60,170,80", (-170, -60, 170, 80), 1),
        ("190,-10,200,10", (-170, -10, -160, 10), 1),
        ("-200,-10,-190,10", (160, -10, 170, 10), 1),
        ("350,40,10,50", (-10, 40, 10, 50), 1),
        ("175,-20,185,-10", (-180, -20, 180, -10), 2),
        ("175,-20,-175,-10", (-180, -20, 180, -10), 2),
        ("-185,-20,-175,-10", (-180, -20, 180, -10), 2),
    ],
)
def test_boxes(text, bounds, parts):
    aoi = load(text)
    check_valid(aoi)
    assert aoi.geometry.bounds == pytest.approx(bounds)
    assert len(aoi.geometry.geoms) == parts
    assert (aoi.source, aoi.licence) == ("a box given by the user", None)
    assert bool(aoi.notes) == (parts == 2 or bounds[0] != float(text.split(",")[0]))


def test_a_box_over_the_antimeridian_is_the_same_however_written():
    digests = {load(text).digest for text in ("175,-20,-175,-10", "175,-20,185,-10", "-185,-20,-175,-10")}
    assert len(digests) == 1
    assert load("175,-20,-175,-10").geometry.area == pytest.approx(100)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,3", "has 3 numbers: expected 'west,south,east,north' in degrees"),
        ("1,2,3,4,5", "has 5 numbers"),
        ("5,50,6,49", "has its south (50) north of its north (49)"),
        ("5,49,5,50", "has no area"),
        ("5,49,6,49", "has no area"),
        ("49,100,50,110", "has its axes swapped (latitude first)"),
        ("5,49,6,91", "has its axes swapped"),
        ("100,95,110,96", "leaves the latitudes -90 to 90"),
        ("290000,5490000,300000,5500000", "leaves the latitudes -90 to 90"),
        ("-500,10,20,20", "has longitudes beyond 360"),
        ("nan,49,6,50", "has a number that is not finite"),
        ("5,49,inf,50", "has a number that is not finite"),
        ("-180,-90,180,90", "wraps the globe: it is 360° wide, expected less than 360°"),
        ("0,-10,360,10", "wraps the globe: it is 360° wide"),
        ("-200,-10,200,10", "wraps the globe: it is 400° wide"),
        ("10,40,5,50", "has its west east of its east, so it crosses the antimeridian, 355° wide: swap the two"),
    ],
)
def test_boxes_that_are_none(text, message):
    with pytest.raises(ConfigError, match=f"^box '{text}' {re.escape(message)}"):
        load(text)


@settings(deadline=None, max_examples=100)
@given(
    st.floats(-360, 360).map(lambda x: round(x, 3)),
    st.floats(-80, 79).map(lambda y: round(y, 3)),
    st.floats(0.01, 5).map(lambda size: round(size, 3)),
)
def test_any_box_keeps_its_size(west, south, size):
    if west + size > 360:
        west -= 360
    aoi = load(f"{west},{south},{west + size},{south + size}")
    check_valid(aoi)
    assert aoi.geometry.area == pytest.approx(size**2, rel=1e-6)
    assert UTM.cover(aoi.geometry).tiles > 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("luxemburg", r"there is no AOI 'luxemburg': expected one of china, .*; did you mean 'luxembourg'\?"),
        ("DEMO", r"did you mean 'demo'\?"),
        (
            "atlantis",
            r"there is no AOI 'atlantis': expected one of .*, a country such as iso:LUX, a file, or west,.*north$",
        ),
        ("", "there is no AOI ''"),
        ("nowhere.geojson", "AOI 'nowhere.geojson': there is no such file$"),
        ("no/where", "AOI 'no/where': there is no such file$"),
        ("5.7,49.4,6.6,50.x", "there is no such file, and a box is four numbers"),
        ("x" * 5000, "there is no AOI 'xxx"),
        ("a\0b", "there is no AOI"),
        ("~nobody-of-that-name/a.json", "there is no such file"),
    ],
)
def test_unknown_names(text, message):
    with pytest.raises(ConfigError, match=message):
        load(text)


def test_a_registered_name_comes_before_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("demo").mkdir()
    assert load("demo").licence == "CC0-1.0"


def test_unknown_and_undescribed_registered_aois(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="there is no registered AOI 'atlantis': expected one of china, conus, "):
        describe("atlantis")
    (tmp_path / "bare.geojson").write_text('{"features": [{"properties": {"title": "Bare"}}]}')
    monkeypatch.setattr(data, "folder", lambda name: tmp_path)
    with pytest.raises(ConfigError, match="registered AOI 'bare': its file lacks the property 'source'"):
        describe("bare")


def test_the_digest_is_of_the_shape_alone():
    one = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)])
    same = shapely.MultiPolygon([shapely.box(2, 2, 3, 3, ccw=False), shapely.box(0, 0, 1, 1)])
    assert AOI("a", one, "x").digest == AOI("b", same, "y", "CC0", ("note",)).digest
    assert AOI("a", one, "x").digest != AOI("a", shapely.MultiPolygon([shapely.box(0, 0, 1, 1)]), "x").digest
    assert re.fullmatch("[0-9a-f]{64}", AOI("a", one, "x").digest)
