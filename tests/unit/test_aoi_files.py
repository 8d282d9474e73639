"""AOIs from files, sound and broken."""

import json
import re

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from eo_ingest.aoi import load
from eo_ingest.errors import ConfigError
from eo_ingest.grid import Grid
from test_aoi import check_valid

UTM = Grid.load("utm")
SQUARE = shapely.box(6.0, 49.5, 6.2, 49.7)
BOW_TIE = {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}


def polygon(*ring, holes=()):
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]], *holes]}


def feature(geometry, **properties):
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*geometries, **members):
    return {"type": "FeatureCollection", "features": [feature(geometry) for geometry in geometries], **members}


def rounded(geometry):
    return shapely.geometry.mapping(geometry)


@pytest.fixture
def written(tmp_path):
    """Writes a file and returns its path as text."""

    def write(content, name="area.geojson"):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    return write


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (rounded(SQUARE), "area.geojson"),
        (feature(rounded(SQUARE)), "area.json"),
        (collection(rounded(SQUARE)), "area.geojson"),
        (collection(rounded(SQUARE), None), "null_geometry.geojson"),
        (
            collection(rounded(SQUARE), crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}),
            "a",
        ),
        (collection(rounded(SQUARE), crs=None), "no_crs.geojson"),
        ("\ufeff" + json.dumps(rounded(SQUARE)), "bom.geojson"),
        (SQUARE.wkt, "area.wkt"),
        (SQUARE.wkt.replace("POLYGON (", "POLYGON("), "tight.wkt"),
        (SQUARE.wkt.lower().replace("polygon", "  polygon"), "lower.txt"),
        (f"SRID=4326;{SQUARE.wkt}\n", "area.ewkt"),
        (f"{SQUARE.wkt}\n\n{SQUARE.wkt}\n", "lines.wkt"),
        (shapely.force_3d(SQUARE, 300).wkt, "three_dimensions.wkt"),
        (json.dumps(feature(rounded(SQUARE))) + "\n" + json.dumps(feature(rounded(SQUARE))), "area.geojsonl"),
    ],
)
def test_the_same_square_in_many_files(written, content, name):
    aoi = load(written(content, name))
    check_valid(aoi)
    assert aoi.geometry.equals(SQUARE)
    assert not aoi.geometry.has_z
    assert aoi.source == f"the file {name}"
    assert aoi.name == name.split(".", maxsplit=1)[0]
    assert [note for note in aoi.notes if "dissolved" not in note] == []


@pytest.mark.parametrize("name", ["a.gpkg", "a.shp", "a.fgb", "a.parquet", "a.kml", "a.gml", "a.shp.zip"])
def test_formats_of_geopandas(tmp_path, name):
    import geopandas as gpd

    frame = gpd.GeoDataFrame({"n": [1, 2]}, geometry=[SQUARE, shapely.box(6.2, 49.5, 6.4, 49.7)], crs="EPSG:4326")
    path = tmp_path / name
    if name.endswith("parquet"):
        frame.to_parquet(path)
    else:
        frame.to_file(path, driver="KML" if name == "a.kml" else None)
    aoi = load(str(path))
    check_valid(aoi)
    assert aoi.notes == ("dissolved 2 features into one area",)
    assert aoi.geometry.symmetric_difference(shapely.box(6.0, 49.5, 6.4, 49.7)).area < 1e-9


def test_only_the_first_layer_is_read_and_said_so(tmp_path):
    import geopandas as gpd

    path = tmp_path / "two.gpkg"
    for layer in ("first", "second"):
        gpd.GeoDataFrame(geometry=[SQUARE], crs="EPSG:4326").to_file(path, layer=layer)
    assert load(str(path)).notes == ("read layer 'first' only, of first, second",)


@pytest.mark.parametrize(
    "crs", ["EPSG:32632", "EPSG:32631", "EPSG:3857", "EPSG:3035", "EPSG:2169", "EPSG:4258", "EPSG:4807", "ESRI:102001"]
)
def test_a_declared_crs_is_followed_with_edges_bent(tmp_path, crs):
    """Every point of an edge, not only its ends, must land where the declared CRS puts it."""
    import geopandas as gpd

    inside = shapely.Point(-100, 45) if crs == "ESRI:102001" else shapely.Point(6.1, 49.6)
    frame = gpd.GeoDataFrame(geometry=[inside], crs="EPSG:4326").to_crs(crs)
    size = 0.5 if frame.crs.is_geographic else 50_000
    square = frame.geometry.iloc[0].buffer(size, cap_style="square")
    gpd.GeoDataFrame(geometry=[square], crs=crs).to_file(tmp_path / "a.gpkg")
    aoi = load(str(tmp_path / "a.gpkg"))
    check_valid(aoi)
    assert aoi.notes == ("reprojected to EPSG:4326",)
    transformer = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    points = shapely.get_coordinates(shapely.segmentize(square.exterior, size / 777))
    truth = shapely.points(np.column_stack(transformer.transform(*points.T)))
    assert shapely.distance(aoi.geometry.boundary, truth).max() < 1e-6


def test_ewkt_and_crs_members_are_followed(written):
    ewkt = load(written("SRID=32632;POLYGON((280000 5490000,300000 5490000,300000 5500000,280000 5490000))", "a.wkt"))
    crs = {"type": "name", "properties": {"name": "EPSG:32632"}}
    ring = [[280000, 5490000], [300000, 5490000], [300000, 5500000]]
    geojson = load(written(collection(polygon(*ring), crs=crs)))
    assert ewkt.digest == geojson.digest
    assert ewkt.notes == ("reprojected to EPSG:4326",)


def test_features_are_dissolved(written):
    halves = [rounded(shapely.box(6.0, 49.5, 6.1, 49.7)), rounded(shapely.box(6.1, 49.5, 6.2, 49.7))]
    aoi = load(written(collection(*halves)))
    assert len(aoi.geometry.geoms) == 1
    assert aoi.geometry.equals(SQUARE)
    assert aoi.notes == ("dissolved 2 features into one area",)


def test_points_and_lines_beside_polygons_are_left_out_and_said_so(written):
    mixed = {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [50, 50]}, rounded(SQUARE)]}
    aoi = load(written(mixed))
    assert aoi.geometry.equals(SQUARE)
    assert aoi.notes == ("left out points and lines, which have no area",)


def test_holes_stay(written):
    hole = [[6.05, 49.55], [6.15, 49.55], [6.15, 49.65], [6.05, 49.55]]
    aoi = load(written(polygon([6, 49.5], [6.2, 49.5], [6.2, 49.7], [6, 49.7], holes=[hole])))
    assert aoi.geometry.area == pytest.approx(0.04 - 0.005)
    assert aoi.notes == ()


def test_a_bow_tie_becomes_its_two_triangles(written):
    aoi = load(written(BOW_TIE))
    check_valid(aoi)
    assert aoi.geometry.area == pytest.approx(2)
    assert aoi.notes == ("repaired an invalid polygon: self-intersection at 1 1",)


def test_a_spike_is_cut_off(written):
    aoi = load(written(polygon([0, 0], [1, 0], [1, 1], [3, 1], [1, 1], [0, 1])))
    check_valid(aoi)
    assert aoi.geometry.equals(shapely.box(0, 0, 1, 1))
    assert "repaired" in aoi.notes[0]


def test_parts_that_overlap_are_joined(written):
    parts = {
        "type": "MultiPolygon",
        "coordinates": [rounded(shapely.box(n, 0, n + 2, 1))["coordinates"] for n in (0, 1)],
    }
    aoi = load(written(parts))
    check_valid(aoi)
    assert aoi.geometry.equals(shapely.box(0, 0, 3, 1))


def test_a_star_is_ambiguous(written):
    """By one rule its middle is inside, by the other a hole."""
    turns = np.deg2rad(90 + 144 * np.arange(5))
    star = polygon(*np.column_stack([np.cos(turns), np.sin(turns)]).tolist())
    with pytest.raises(ConfigError, match=r"it has self-intersection at .*, and two ways to repair that differ by 31%"):
        load(written(star))


def test_a_hole_outside_its_shell_is_ambiguous(written):
    hole = [[10, 10], [12, 10], [12, 12], [10, 12], [10, 10]]
    with pytest.raises(ConfigError, match=r"it has hole lies outside shell.*, and two ways to repair that differ by"):
        load(written(polygon([0, 0], [2, 0], [2, 2], [0, 2], holes=[hole])))


@pytest.mark.parametrize(
    ("ring", "bounds", "parts", "note"),
    [
        ([[190, 0], [200, 0], [200, 5]], (-170, 0, -160, 5), 1, "brought longitudes beyond ±180° into range"),
        ([[-190, 0], [-185, 0], [-185, 5]], (170, 0, 175, 5), 1, "brought longitudes beyond ±180° into range"),
        ([[175, 0], [185, 0], [185, 5], [175, 5]], (-180, 0, 180, 5), 2, "brought longitudes beyond ±180° into range"),
        (
            [[-185, 0], [-175, 0], [-175, 5], [-185, 5]],
            (-180, 0, 180, 5),
            2,
            "brought longitudes beyond ±180° into range",
        ),
        ([[175, 0], [-175, 0], [-175, 5], [175, 5]], (-180, 0, 180, 5), 2, "split at the antimeridian"),
        ([[166, 77], [180, 78], [-180, 81], [162, 81]], (162, 77, 180, 81), 1, "split at the antimeridian"),
        ([[20, 40], [100, 40], [178, 40], [178, 70], [100, 70], [20, 70]], (20, 40, 178, 70), 1, None),
        (
            [[19, 41], [191, 41], [191, 82], [19, 82]],
            (-180, 41, 180, 82),
            2,
            "brought longitudes beyond ±180° into range",
        ),
        ([[-80, 0], [99, 0], [99, 50], [-80, 50]], (-80, 0, 99, 50), 1, None),
        ([[-170, 0], [0, 0], [170, 0], [170, 9], [0, 9], [-170, 9]], (-170, 0, 170, 9), 1, None),
    ],
)
def test_around_the_antimeridian(written, ring, bounds, parts, note):
    aoi = load(written(polygon(*ring)))
    check_valid(aoi)
    assert aoi.geometry.bounds == pytest.approx(bounds)
    assert len(aoi.geometry.geoms) == parts
    assert aoi.notes == ((note,) if note else ())


def test_across_the_antimeridian_is_the_same_however_written(written):
    ways = [[175, 185], [175, -175], [-185, -175]]
    rings = [polygon([west, 0], [east, 0], [east, 5], [west, 5]) for west, east in ways]
    assert len({load(written(ring)).digest for ring in rings}) == 1


def test_a_long_edge_wound_as_a_wide_polygon_is_ambiguous(written):
    with pytest.raises(ConfigError, match=r"an edge spans 340° of longitude, and either way round makes a polygon"):
        load(written(polygon([-170, 0], [170, 0], [170, 5], [-170, 5])))


@pytest.mark.parametrize("west", [-180, 0, -10])
def test_a_polygon_round_the_globe(written, west):
    message = r"wraps the globe: it spans 3[67]0° of longitude"
    width = 370 if west == -10 else 360
    with pytest.raises(ConfigError, match=message):
        load(written(polygon([west, -21], [west + width, -21], [west + width, -12], [west, -12])))


def test_a_polar_projection_around_the_pole(tmp_path):
    import geopandas as gpd

    cap = gpd.GeoDataFrame(geometry=[shapely.Point(0, 0).buffer(500_000)], crs="EPSG:3413")
    cap.to_file(tmp_path / "cap.gpkg")
    aoi = load(str(tmp_path / "cap.gpkg"))
    check_valid(aoi)
    assert aoi.notes == ("reprojected to EPSG:4326", "split at the antimeridian", "encloses the north pole")
    assert aoi.geometry.bounds[3] == 90
    with pytest.raises(ConfigError, match="km² lie beyond 80°S to 84°N, which is for the polar grids"):
        UTM.cover(aoi.geometry)


def test_a_utm_square_on_the_antimeridian(tmp_path):
    import geopandas as gpd

    left = Transformer.from_crs("EPSG:4326", "EPSG:32760", always_xy=True).transform(180, -17)
    square = shapely.Point(left).buffer(20_000, cap_style="square")
    gpd.GeoDataFrame(geometry=[square], crs="EPSG:32760").to_file(tmp_path / "fiji.gpkg")
    aoi = load(str(tmp_path / "fiji.gpkg"))
    check_valid(aoi)
    assert aoi.notes == ("reprojected to EPSG:4326", "split at the antimeridian")
    assert [zone.zone.name for zone in UTM.cover(aoi.geometry).zones] == ["utm01s", "utm60s"]
    assert UTM.cover(aoi.geometry).tiles < 200


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("", "a.geojson", "it is empty"),
        (" \n ", "a.wkt", "it is empty"),
        (collection(), "a.geojson", "it holds no geometry, or only empty ones"),
        (collection(None), "a.geojson", "it holds no geometry"),
        (feature(None), "a.geojson", "it holds no geometry"),
        ({"type": "FeatureCollection"}, "a.geojson", "it is a FeatureCollection without a list of features"),
        ({"type": "FeatureCollection", "features": [3]}, "a.geojson", "a feature is int, expected an object"),
        ({"type": "Polygon", "coordinates": []}, "a.geojson", "it holds no geometry, or only empty ones"),
        ({"type": "Polygon", "coordinates": "x"}, "a.geojson", "it is not valid GeoJSON"),
        ({"type": "Polygon", "coordinates": [[["a", "b"]]]}, "a.geojson", "it is not valid GeoJSON"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}, "a.geojson", "it is not valid GeoJSON"),
        ({"type": "Polygun", "coordinates": []}, "a.geojson", "it is not valid GeoJSON"),
        ({"type": "Nothing"}, "a.json", "it cannot be read as a vector file"),
        ({}, "a.json", "it cannot be read as a vector file"),
        ("[1, 2]", "a.json", "it cannot be read as a vector file"),
        ("POLYGON EMPTY", "a.wkt", "it holds no geometry"),
        ("POINT (6 49)", "a.wkt", "it holds a Point without area: expected polygons"),
        ("LINESTRING (6 49, 7 50)", "a.wkt", "it holds a LineString without area"),
        (
            "GEOMETRYCOLLECTION (POINT (6 49), LINESTRING (6 49, 7 50))",
            "a.wkt",
            "it holds a GeometryCollection without",
        ),
        ("POLYGON ((0 0, 1 1, 2 2, 0 0))", "a.wkt", "it has no area"),
        ("POLYGON ((6 49, 7 49", "a.wkt", "it is not valid WKT"),
        ("POLYGON ((6 49, 7 49, 7 50, 6 50))", "a.wkt", "it is not valid WKT"),
        ("SRID=32632;POINT (1 2)\nSRID=4326;POINT (1 2)", "a.wkt", "its geometries have different SRIDs"),
        ("SRID=999999;POLYGON ((6 49, 7 49, 7 50, 6 49))", "a.wkt", "its CRS 'EPSG:999999' is unknown"),
        (collection(rounded(SQUARE), crs={"type": "link"}), "a.json", 'its crs member is {"type": "link"}'),
        (
            collection(rounded(SQUARE), crs={"type": "name", "properties": {"name": "Mars"}}),
            "a.json",
            "CRS 'Mars' is unknown",
        ),
        (json.dumps(rounded(SQUARE))[:-40], "a.geojson", "it is not valid JSON, perhaps cut short"),
        ("[" * 10, "a.geojson", "it cannot be read as a vector file"),
        ('{"a":' * 100_000, "a.geojson", "it is not valid JSON"),
        ("hello world", "a.txt", "it cannot be read as a vector file"),
        (b"\x00\x01\x02\xff" * 99, "a.geojson", "it cannot be read as a vector file"),
        (b"PAR1 not really", "a.parquet", "it cannot be read as a vector file"),
        (b"PK\x03\x04 not really", "a.zip", "it cannot be read as a vector file"),
        (b"II*\0 a raster", "a.geojson", "it is a raster, expected a vector file with polygons"),
        ("a,b\n1,2\n", "a.csv", "it has no geometries"),
        (
            "POLYGON ((49 100, 50 100, 50 101, 49 100))",
            "a.wkt",
            "its axes are swapped: (50, 101) can only be (lat, lon)",
        ),
        (
            polygon([280000, 5490000], [300000, 5490000], [3e5, 55e5]),
            "a.json",
            "its coordinates are not degrees, such as (3",
        ),
        ("POLYGON ((6 49, 7 49, 7 NaN, 6 49))", "a.wkt", "a coordinate that is not a finite number"),
        ('{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,Infinity],[0,0]]]}', "a.json", "not a finite number"),
        ("SRID=32632;POLYGON ((6 49, 7 49, 7 inf, 6 49))", "a.wkt", "a coordinate that is not a finite number"),
        (
            "SRID=32632;POLYGON ((1e30 0, 2e30 0, 2e30 1e30, 1e30 0))",
            "a.wkt",
            "its coordinates lie outside the area of its CRS",
        ),
        ("SRID=5703;POLYGON ((6 49, 7 49, 7 50, 6 49))", "a.wkt", "its CRS, NAVD88 height, is no map"),
    ],
)
def test_broken_files(written, content, name, message):
    path = written(content, name)
    with pytest.raises(ConfigError, match=f"^AOI '{re.escape(path)}': .*{re.escape(message)}") as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ConfigError, match="it is a folder, expected a vector file"):
        load(str(tmp_path))


def test_a_file_that_may_not_be_read(written, monkeypatch):
    from pathlib import Path

    path = written(rounded(SQUARE))

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ConfigError, match="it cannot be read: Permission denied"):
        load(path)
