"""Which tiles an area needs."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from eo_ingest.errors import ConfigError
from eo_ingest.grid import Grid, Tile

UTM = Grid.load("utm")
SLOW = settings(deadline=None, max_examples=60)
TOUCH_M2 = 6 * 4480 * 0.012  # the most that a tile can share with an area that only touches it


def box_of(tile):
    return shapely.box(*UTM.zone(tile.zone).bounds(tile))


def reproject(geometry, source, target):
    transformer = Transformer.from_crs(source, target, always_xy=True)
    return shapely.transform(geometry, lambda points: np.column_stack(transformer.transform(*points.T)))


def in_zone(geometry, zone):
    """The part of a lon/lat area inside the zone's band, in the zone's CRS, edges bent finer than by `cover`."""
    part = shapely.intersection(geometry, shapely.box(*zone.band))
    return reproject(shapely.segmentize(part, 0.001), "EPSG:4326", zone.crs)


def from_zone(geometry, zone):
    """A polygon in the zone's CRS as lon/lat."""
    return reproject(shapely.segmentize(geometry, 50.0), zone.crs, "EPSG:4326")


def ids(geometry):
    return [tile.id for tile in UTM.cover(geometry).iter_tiles()]


@st.composite
def areas(draw, span=0.4):
    """Polygons of up to `span` degrees, anywhere between the poles, often on a zone's border, the equator or ±180°."""
    offsets = st.floats(0, span)
    west = draw(st.one_of(st.floats(-180, 180 - span), st.sampled_from([6 - span / 2, -180.0, 180 - span, -0.1])))
    south = draw(st.one_of(st.floats(-80, 84 - span), st.sampled_from([-span / 2, -80.0, 84 - span])))
    points = draw(st.lists(st.tuples(offsets, offsets), min_size=3, max_size=7))
    hull = shapely.MultiPoint([(min(west + x, 180), min(south + y, 84)) for x, y in points]).convex_hull
    assume(hull.geom_type == "Polygon" and hull.area > 1e-6)
    return hull


@SLOW
@given(areas())
def test_equals_brute_force(area):
    expected, touched = set(), set()
    for zone in UTM.zones:
        if not shapely.box(*zone.band).intersects(area):
            continue
        part = in_zone(area, zone)
        if part.is_empty or not part.area:
            continue
        left, bottom, right, top = (math.floor(edge / 4480) for edge in part.bounds)
        for col in range(left, right + 1):
            for row in range(2235 - top, 2235 - bottom + 1):
                tile = Tile(zone.name, row, col)
                shared = shapely.intersection(part, box_of(tile)).area
                if shared > 0:
                    touched.add(tile.id)
                if shared > TOUCH_M2:
                    expected.add(tile.id)
    found = set(ids(area))
    assert expected <= found <= touched


@SLOW
@given(areas())
def test_no_gap_no_duplicate_and_every_tile_shares_area(area):
    cover = UTM.cover(area)
    tiles = list(cover.iter_tiles())
    assert tiles == sorted(set(tiles))
    assert len(tiles) == cover.tiles
    for zone in UTM.zones:
        if not shapely.box(*zone.band).intersects(area):
            continue
        part = in_zone(area, zone)
        boxes = [box_of(tile) for tile in tiles if tile.zone == zone.name]
        assert all(shapely.intersection(part, box).area > 0 for box in boxes)
        assert shapely.difference(part, shapely.union_all(boxes)).area <= 0.02 * part.length + 1e-6


@SLOW
@given(areas(), areas())
def test_a_larger_area_has_all_tiles_of_a_smaller(one, other):
    both = [part for part in shapely.get_parts(shapely.union(one, other)) if part.geom_type == "Polygon"]
    assert set(ids(one)) <= set(ids(shapely.MultiPolygon(both)))


@SLOW
@given(areas(span=2.0))
def test_blocks_hold_the_tiles(area):
    cover = UTM.cover(area)
    blocks = list(cover.blocks)
    assert [block.block for block in blocks] == sorted({block.block for block in blocks})
    assert all(0 < block.mask <= 0xFFFF for block in blocks)
    assert sorted(tile for block in blocks for tile in block.tiles) == list(cover.iter_tiles())
    assert sum(block.mask.bit_count() for block in blocks) == cover.tiles
    assert len(cover.blocks) == len(blocks)
    assert [cover.blocks[index] for index in range(len(blocks))] == blocks
    assert cover.blocks[-1] == blocks[-1]
    assert cover.blocks[1:4] == blocks[1:4]
    with pytest.raises(IndexError):
        cover.blocks[len(blocks)]


@SLOW
@given(areas(span=1.0), st.randoms())
def test_order_of_parts_and_vertices_does_not_matter(area, random):
    halves = [shapely.intersection(area, shapely.box(-180, -90, area.centroid.x, 90)),
              shapely.intersection(area, shapely.box(area.centroid.x, -90, 180, 90))]  # fmt: skip
    random.shuffle(halves)
    assert set(ids(area)) == set(ids(halves[0])) | set(ids(halves[1]))
    assert list(UTM.cover(area.reverse()).blocks) == list(UTM.cover(shapely.normalize(area)).blocks)


@pytest.mark.parametrize("name", ["utm32n", "utm60n", "utm19s"])
def test_touching_tiles_are_left_out(name):
    zone = UTM.zone(name)
    col, row = 110, 600 if name.endswith("n") else 1500
    wanted = {Tile(name, row, col), Tile(name, row + 1, col), Tile(name, row + 1, col + 1)}
    l_shape = shapely.union_all([box_of(tile) for tile in wanted])
    assert l_shape.geom_type == "Polygon"
    assert len(l_shape.exterior.coords) >= 7
    assert set(UTM.cover(from_zone(l_shape, zone)).iter_tiles()) == wanted


def test_tiles_that_meet_at_a_corner_only():
    zone = UTM.zone("utm32n")
    wanted = {Tile("utm32n", 1000, 100), Tile("utm32n", 1001, 101)}
    corner = shapely.union_all([box_of(tile) for tile in wanted])
    assert set(UTM.cover(from_zone(corner, zone)).iter_tiles()) == wanted


def test_a_hole_leaves_its_tiles_out():
    zone = UTM.zone("utm32n")
    ring = shapely.difference(shapely.box(400_000, 5_000_000, 500_000, 5_100_000), shapely.box(430_000, 5_030_000, 470_000, 5_070_000))  # fmt: skip # noqa: E501
    tiles = set(UTM.cover(from_zone(ring, zone)).iter_tiles())
    hole = next(tile for tile in (UTM.cover(from_zone(shapely.Point(450_000, 5_050_000).buffer(1), zone)).iter_tiles()))
    assert hole not in tiles
    assert len(tiles) > 400


def test_an_area_over_a_zone_border_is_in_both_zones():
    cover = UTM.cover(shapely.box(5.9, 49.5, 6.1, 49.6))
    assert [zone.zone.name for zone in cover.zones] == ["utm31n", "utm32n"]


def test_an_area_that_ends_at_a_zone_border_is_in_one():
    assert [zone.zone.name for zone in UTM.cover(shapely.box(5.9, 49.5, 6.0, 49.6)).zones] == ["utm31n"]
    assert [zone.zone.name for zone in UTM.cover(shapely.box(6.0, 49.5, 6.1, 49.6)).zones] == ["utm32n"]


def test_noise_at_a_zone_border_adds_no_tiles():
    zones = UTM.cover(shapely.box(6 - 1e-12, -1e-12, 6.1, 0.1)).zones
    assert [zone.zone.name for zone in zones] == ["utm32n"]


def test_an_area_over_the_equator_is_in_both_hemispheres():
    cover = UTM.cover(shapely.box(20, -0.1, 20.1, 0.1))
    assert [zone.zone.name for zone in cover.zones] == ["utm34n", "utm34s"]
    north, south = cover.zones
    assert north.tile_indexes()[0].max() == 2235
    assert south.tile_indexes()[0].min() == 3  # northing 10 000 000 lies in the fourth row


def test_an_area_on_the_antimeridian_is_in_zones_1_and_60():
    area = shapely.MultiPolygon([shapely.box(179.9, -17, 180, -16.9), shapely.box(-180, -17, -179.9, -16.9)])
    assert [zone.zone.name for zone in UTM.cover(area).zones] == ["utm01s", "utm60s"]


def test_norway_has_no_exception():
    assert [zone.zone.name for zone in UTM.cover(shapely.box(4, 60, 4.1, 60.1)).zones] == ["utm31n"]


def test_the_whole_band_fits_the_arrays():
    for name in ("utm31n", "utm31s"):
        zone = UTM.zone(name)
        cover = UTM.cover(shapely.box(*zone.band))
        rows, cols = cover.zones[0].tile_indexes()
        assert cover.grid.tile(f"{name}_{rows.min()}_{cols.min()}")
        assert cover.grid.tile(f"{name}_{rows.max()}_{cols.max()}")
        assert cols.max() < 223


@pytest.mark.parametrize(
    ("area", "message"),
    [
        (
            shapely.box(0, 80, 10, 88),
            r"reaches from latitude 80 to 88: 34,\d{3} km² of its .* km² lie beyond 80°S to 84°N",
        ),
        (
            shapely.box(0, -85, 10, -70),
            "the polar grids .--grid polar-north, EPSG:3413, and --grid polar-south, EPSG:3031.; take one",
        ),
        (shapely.box(170, 0, 190, 10), "longitudes run from 170 to 190: expected -180 to 180"),
        (shapely.Point(6, 49), "cannot tile a Point"),
        (shapely.Polygon(), "cannot tile a Polygon: expected a non-empty"),
        (shapely.LineString([(6, 49), (7, 49)]), "cannot tile a LineString"),
    ],
)
def test_what_cannot_be_tiled(area, message):
    with pytest.raises(ConfigError, match=message):
        UTM.cover(area)


def test_a_sliver_on_a_tile_border_meets_no_tile():
    zone = UTM.zone("utm32n")
    left, bottom, _, top = zone.bounds(Tile("utm32n", 1000, 100))
    sliver = from_zone(shapely.box(left - 0.002, bottom, left + 0.002, top), zone)
    with pytest.raises(ConfigError, match="meets no tile"):
        UTM.cover(sliver)


def test_the_frame_holds_every_tile_where_it_is():
    cover = UTM.cover(shapely.box(5.9, 49.5, 6.1, 49.6))
    frame = cover.frame()
    assert list(frame.columns) == ["id", "zone", "row", "col", "block", "country", "centroid", "geometry"]
    assert frame.crs.to_epsg() == 4326
    assert frame["id"].tolist() == [tile.id for tile in cover.iter_tiles()]
    for row in frame.itertuples():
        tile = Tile.parse(row.id)
        zone = UTM.zone(tile.zone)
        assert (row.zone, row.row, row.col, row.block) == (tile.zone, tile.row, tile.col, UTM.lattice.block_of(tile).id)
        assert row.geometry.exterior.is_ccw
        projected = reproject(row.geometry, "EPSG:4326", zone.crs)
        assert np.allclose(projected.bounds, zone.bounds(tile), atol=1e-3)
        centre = reproject(row.centroid, "EPSG:4326", zone.crs)
        assert shapely.distance(centre, box_of(tile).centroid) < 1e-3


def test_the_frame_of_one_zone():
    cover = UTM.cover(shapely.box(5.9, 49.5, 6.1, 49.6))
    assert set(cover.frame("utm31n")["zone"]) == {"utm31n"}
    with pytest.raises(ConfigError, match="the area has no tile in zone 'utm33n': expected one of utm31n, utm32n"):
        cover.frame("utm33n")


def test_the_frame_is_split_at_the_antimeridian():
    area = shapely.MultiPolygon([shapely.box(179.9, -17, 180, -16.9), shapely.box(-180, -17, -179.9, -16.9)])
    frame = UTM.cover(area).frame()
    assert frame.geometry.is_valid.all()
    assert (frame.geometry.bounds[["minx", "maxx"]].abs() <= 180).all(axis=None)
    assert (frame.geometry.geom_type == "MultiPolygon").any()
    square_degrees = shapely.area(frame.geometry.to_numpy())
    assert np.allclose(square_degrees, square_degrees.mean(), rtol=0.01)


def test_a_frame_goes_to_geoparquet_and_back(tmp_path):
    import geopandas as gpd

    frame = UTM.cover(shapely.box(6.1, 49.5, 6.2, 49.6)).frame()
    frame.to_parquet(tmp_path / "tiles.parquet")
    assert gpd.read_parquet(tmp_path / "tiles.parquet").equals(frame)


def test_conus_sized_box():
    """A fifth of a second on a slow core: whole blocks are never looked into."""
    cover = UTM.cover(shapely.box(-124.7, 24.5, -66.9, 49.4))
    assert [zone.zone.name for zone in cover.zones] == [f"utm{number}n" for number in range(10, 20)]
    assert cover.tiles == 710_646
    assert len(cover.blocks) == 45_742
