"""Countries by code and name, areas made of them, and the packaged outlines themselves."""

import geopandas as gpd
import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from eo_ingest import data
from eo_ingest.aoi import describe, load, registry
from eo_ingest.aoi.country import countries
from eo_ingest.errors import ConfigError
from eo_ingest.grid import Grid

UTM = Grid.load("utm")
FILE = data.folder("aoi") / "countries.parquet"
REGIONS = ("china", "conus", "europe", "middleeast", "pakin", "southamerica")


def square_km(geometry):
    return abs(Geod(ellps="WGS84").geometry_area_perimeter(geometry)[0]) / 1e6


@pytest.fixture(scope="module")
def table():
    return gpd.read_parquet(FILE)


def test_the_outlines_are_small_valid_and_say_where_they_come_from(table):
    assert FILE.stat().st_size < 3_000_000
    assert table.geometry.is_valid.all()
    assert table["code"].is_unique
    assert table["iso"].sum() == 249  # as many as ISO 3166-1 has
    assert table.loc[~table["iso"], "code"].tolist() == [
        "BJN",
        "BRT",
        "ESB",
        "KAS",
        "PGA",
        "SCR",
        "SER",
        "SPI",
        "WSB",
        "XKX",
    ]
    metadata = pq.read_schema(FILE).metadata
    assert all(metadata[key] for key in (b"title", b"source", b"licence", b"made"))
    assert b"public domain" in metadata[b"licence"]


def test_neighbours_share_their_borders_exactly(table):
    """No ground is in two countries or between two: the outlines are a coverage, on a lattice of 1/8192 degree."""
    assert shapely.coverage_is_valid(table.geometry.to_numpy())
    points = shapely.get_coordinates(table.geometry) * 8192
    assert np.array_equal(points, np.round(points))


@pytest.mark.parametrize(
    ("code", "square_kilometres"),
    [
        ("LUX", 2_586),
        ("FRA", 543_940),
        ("NOR", 323_802),
        ("CHE", 41_285),
        ("USA", 9_525_067),
        ("TWN", 36_197),
        ("ATA", 12_272_800),
    ],
)
def test_areas_are_those_of_the_countries(code, square_kilometres):
    """Figures of the CIA World Factbook and the UN, within what outlines of 1:10 million can be off."""
    tolerance = 0.03 if code != "ATA" else 0.02
    assert square_km(load(f"iso:{code}").geometry) == pytest.approx(square_kilometres, rel=tolerance)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("iso:LUX", "iso:LUX"),
        ("iso:Luxembourg", "iso:LUX"),
        ("ISO:lux", "iso:LUX"),
        ("iso:LU", "iso:LUX"),
        (" iso: luxembourg ", "iso:LUX"),
        ("iso:Grand Duchy of Luxembourg", "iso:LUX"),
        ("iso:Cote d'Ivoire", "iso:CIV"),
        ("iso:Côte d’Ivoire", "iso:CIV"),
        ("iso:France", "iso:FRA"),
        ("iso:norway", "iso:NOR"),
        ("iso:Kosovo", "iso:XKX"),
        ("iso:GB", "iso:GBR"),
        ("iso:The Netherlands", "iso:NLD"),
        ("iso:lux,BEL, Netherlands", "iso:BEL,LUX,NLD"),
        ("iso:Bonaire, Sint Eustatius and Saba", "iso:BES"),
        ("iso:Sao Tome & Principe", "iso:STP"),
    ],
)
def test_countries_by_code_and_name(text, name):
    area = load(text)
    assert area.name == name
    assert area.geometry.is_valid
    assert "Natural Earth" in area.source
    assert "public domain" in area.licence
    assert area.digest == load(name).digest


@given(st.sampled_from(countries().codes))
def test_every_country_can_be_named_by_its_code_and_its_name(code):
    known = countries()
    assert known.find(code) == known.find(code.lower()) == code
    assert known.find(known.name(code)) == code
    west, south, east, north = known.outline([code]).bounds
    assert -180 <= west < east <= 180
    assert -90 <= south < north <= 90


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "iso:Luxemburg",
            r"no country 'Luxemburg': .*; did you mean LUX \(Luxembourg\)\?",
        ),
        ("iso:XQZ", "there is no country 'XQZ': expected a code of ISO 3166-1 or a name in English$"),
        ("iso:", "there is no country ''"),
        ("iso:LUX,Atlantis", "there is no country 'Atlantis'"),
        ("LUX", "there is no AOI 'LUX': .*; did you mean 'iso:LUX'"),
        ("Kenya", "there is no AOI 'Kenya': .*; did you mean '(iso:KEN|china)'"),
    ],
)
def test_countries_that_are_none(text, message):
    with pytest.raises(ConfigError, match=message):
        load(text)


def test_countries_together_have_no_border_within():
    one = load("iso:BEL,LUX,NLD").geometry
    assert one.area == pytest.approx(sum(load(f"iso:{code}").geometry.area for code in ("BEL", "LUX", "NLD")))
    border = shapely.intersection(load("iso:BEL").geometry.boundary, load("iso:LUX").geometry.boundary)
    assert border.length > 0.5
    assert shapely.intersection(one.boundary, border).length < 0.01


@pytest.mark.parametrize("name", REGIONS)
def test_m3leos_regions(name):
    """Each says plainly that M3LEO's own footprint is another, and is about as large as the issue's stand-in."""
    area = load(name)
    said = describe(name)
    assert "its footprint is smaller: it was never published" in said["note"]
    expected = {"china": 9.37, "conus": 7.94, "europe": 5.73, "middleeast": 5.94, "pakin": 4.02, "southamerica": 17.59}
    assert square_km(area.geometry) / 1e6 == pytest.approx(expected[name], rel=0.02)
    cover = UTM.cover(area.geometry)
    assert cover.tiles * 4.48**2 == pytest.approx(square_km(area.geometry), rel=0.06)


def test_regions_hold_and_leave_out_what_they_say():
    places = {
        "conus": ([(-71.06, 42.36), (-124.1, 40.8)], [(-149.9, 61.2), (-157.8, 21.3), (-79.4, 43.7)]),
        "europe": ([(2.35, 48.86), (25.5, 70.9), (-21.9, 64.1)], [(-16.5, 28.3), (37.6, 55.75), (15.6, 78.2)]),
        "china": ([(116.4, 39.9), (114.17, 22.35)], [(121.5, 25.0), (106.9, 47.9)]),
        "middleeast": ([(32.85, 39.93), (44.2, 15.35), (33.0, 35.0)], [(31.2, 30.0), (69.2, 34.5)]),
        "pakin": ([(73.05, 33.7), (77.2, 28.6), (76.95, 35.5), (92.75, 11.67)], [(90.4, 23.8), (85.3, 27.7)]),
        "southamerica": ([(-58.4, -34.6), (-73.5, -49.5), (-57.85, -51.7)], [(-90.3, -0.75), (-79.5, 9.0)]),
    }
    for name, (inside, outside) in places.items():
        geometry = load(name).geometry
        assert shapely.contains_xy(geometry, *np.transpose(inside)).all(), name
        assert not shapely.contains_xy(geometry, *np.transpose(outside)).any(), name


def test_all_land():
    area = load("world-land")
    assert area.geometry.is_valid
    assert square_km(area.geometry) == pytest.approx(134.5e6, rel=0.005)
    assert not shapely.contains_xy(area.geometry, 50.5, 41.9)  # the Caspian Sea
    assert shapely.contains_xy(area.geometry, 108.1, 53.5)  # Lake Baikal
    assert not area.geometry.intersects(shapely.box(-180, -90, 180, -60))


@given(st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=1, max_size=200))
def test_where_places_are_is_what_the_outlines_say(places):
    known = countries()
    lon, lat = np.array(places).T
    found = known.locate(lon, lat)
    tree = shapely.STRtree(known.shapes)
    pairs = np.transpose(tree.query(shapely.points(lon, lat), predicate="intersects"))
    expected = np.full(len(lon), None, dtype=object)
    for place, country in pairs[::-1]:
        expected[place] = known.codes[country]
    assert found.tolist() == expected.tolist()


def test_nowhere_is_in_no_country():
    assert countries().locate(np.zeros(0), np.zeros(0)).tolist() == []


def written(folder, text):
    (folder / "mine.toml").write_text(text)
    return str(folder / "mine.toml")


def test_an_area_of_ones_own_from_countries(tmp_path):
    area = load(written(tmp_path, 'countries = ["Belgium", "LU"]\nclip = [5, 49, 7, 50]'))
    assert (area.name, area.source, area.licence) == ("mine", "the file mine.toml", None)
    whole = shapely.union(load("iso:BEL").geometry, load("iso:LUX").geometry)
    expected = shapely.intersection(whole, shapely.box(5, 49, 7, 50))
    assert area.geometry.equals(expected) or area.geometry.symmetric_difference(expected).area < 1e-9
    islands = load(written(tmp_path, 'countries = "all"\nwithout = ["ATA"]\nclip = [120, 5, 127, 20]')).geometry
    assert len(islands.geoms) > 50


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("countries = ", "it is not TOML"),
        ("", "key 'countries' is missing"),
        ('countries = "LUX"', "countries is 'LUX', expected a list such as"),
        ("countries = [1]", r"countries is \[1\], expected a list"),
        ('countries = ["Atlantis"]', "there is no country 'Atlantis'"),
        ('countries = ["LUX"]\nwithout = ["LUX"]', "no country is left of it"),
        ("countries = []", "no country is left of it"),
        ('countries = ["LUX"]\nclip = [10, 10, 11, 11]', "nothing of its countries lies within the clip"),
        (
            'countries = ["LUX"]\nclip = [7, 49, 5, 50]',
            r"clip is \[7, 49, 5, 50\], expected \[west, south, ",
        ),
        ('countries = ["LUX"]\nclip = "5,49,7,50"', "expected .west, south, east, north. in degrees"),
        ('countries = ["LUX"]\ncolour = "red"', "unknown key 'colour', expected name, title"),
        ('countries = ["LUX"]\ntitle = 3', "title is 3, expected a text"),
    ],
)
def test_files_that_make_no_area(tmp_path, text, message):
    with pytest.raises(ConfigError, match=rf"AOI '.*mine\.toml': .*{message}"):
        load(written(tmp_path, text))


def test_thousands_of_islands_are_tiled():
    area = load("iso:IDN").geometry
    assert len(area.geoms) > 250
    cover = UTM.cover(area)
    assert square_km(area) < cover.tiles * 4.48**2 < 1.25 * square_km(area)
    assert set(registry()) >= {"demo", "luxembourg", "world-land", *REGIONS}


def test_a_broken_installation_says_so(tmp_path, monkeypatch):
    countries.cache_clear()
    try:
        monkeypatch.setattr(data, "folder", lambda _: tmp_path)
        with pytest.raises(ConfigError, match=r"the installation lacks its file aoi/countries\.parquet"):
            load("iso:LUX")
    finally:
        countries.cache_clear()
