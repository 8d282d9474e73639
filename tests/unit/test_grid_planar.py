"""Grids of one CRS, and grids of users: where they are, what they cover, and what is wrong with them."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from eo_ingest import aoi
from eo_ingest.errors import ConfigError
from eo_ingest.grid import Grid, PlanarDefinition, Tile, grid_names

PLANAR = ["conus-albers", "ease2-global", "europe-laea", "polar-north", "polar-south"]
SLOW = settings(deadline=None, max_examples=15)
TABLE = {
    "name": "mine",
    "kind": "planar",
    "crs": "EPSG:3035",
    "resolution": 10,
    "tile_px": 448,
    "extent": {"bounds": [5, 49, 7, 51]},
}


def project(geometry, crs):
    transformer = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    return shapely.transform(
        shapely.segmentize(geometry, 0.002), lambda p: np.column_stack(transformer.transform(*p.T))
    )


def box_of(grid, tile):
    return shapely.box(*grid.zone(tile.zone).bounds(tile))


def test_the_grids_there_are():
    assert grid_names() == sorted([*PLANAR, "utm"])
    for name in PLANAR:
        (zone,) = Grid.load(name).zones
        assert zone.name == name
        assert Grid.load(name).tile(f"{name}_3_4") == Tile(name, 3, 4)


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("conus-albers", "4e059bf4be8eb21c0e805b46c12d64497ad6a386eda48afb74b53aa66d1d639f"),
        ("ease2-global", "cd48b1ba58d84d34483bf15184572d824b518329ec41e1cd7f38a94890eb5893"),
        ("europe-laea", "b8de363df78ba034bf3f21779bc02ee63db314c53aa8e9d312b057ec3b0c59af"),
        ("polar-north", "f7574f208ba0c8ee0ad06554486ac7c7d48810541b1b5949f7534f3c63f004b2"),
        ("polar-south", "2274954a90c5f95d9fd088cea6535a739ad8aec9d226220b23311f391d165cae"),
    ],
)
def test_the_digests_stand(name, digest):
    """Stores hold them: a change here makes every store of such a grid another grid's."""
    assert Grid.load(name).digest == digest


def test_lattices_share_their_edges_with_what_they_are_named_for():
    albers, ease = Grid.load("conus-albers").zones[0], Grid.load("ease2-global").zones[0]
    # USGS: the upper left corner of the tile grid of Landsat Analysis Ready Data, whose pixels have 30 m.
    assert ((-2_565_585 - albers.x_left) % 17_920, (albers.y_top - 3_314_805) % 17_920) == (0, 0)
    assert (ease.x_left, ease.y_top) == (-970 * 17_920, 409 * 17_920)
    assert ease.x_left + ease.shape()[1] * 10 == -ease.x_left
    for name in ("polar-north", "polar-south"):
        zone = Grid.load(name).zones[0]
        assert (zone.x_left, zone.y_top) == (-zone.y_top, 187 * 17_920)


@st.composite
def areas(draw, name):
    west, south, east, north = Grid.load(name).bounds
    span = draw(st.sampled_from([0.1, 0.4]))
    lon = draw(st.one_of(st.floats(west, east - span), st.sampled_from([west, east - span])))
    lat = draw(st.one_of(st.floats(south, north - span), st.sampled_from([south, north - span])))
    points = draw(st.lists(st.tuples(st.floats(0, span), st.floats(0, span)), min_size=3, max_size=6))
    hull = shapely.MultiPoint([(lon + x, lat + y) for x, y in points]).convex_hull
    return hull if hull.geom_type == "Polygon" and hull.area > 1e-4 else shapely.box(lon, lat, lon + span, lat + span)


@SLOW
@pytest.mark.parametrize("name", PLANAR)
@given(data=st.data())
def test_tiles_cover_the_area_and_each_shares_in_it(name, data):
    grid = Grid.load(name)
    area = data.draw(areas(name))
    tiles = list(grid.cover(area).iter_tiles())
    assert tiles == sorted(set(tiles))
    part = project(area, grid.zones[0].crs)
    part = part if part.is_valid else shapely.make_valid(part)
    boxes = [box_of(grid, tile) for tile in tiles]
    assert all(shapely.intersection(part, box).area > 0 for box in boxes)
    assert shapely.difference(part, shapely.union_all(boxes)).area <= 0.02 * part.length + 1e-3
    left, top = (edge // 4480 for edge in (part.bounds[0] - grid.zones[0].x_left, grid.zones[0].y_top - part.bounds[3]))
    assert tiles[0].row == max(top, 0)
    assert min(tile.col for tile in tiles) >= left


@pytest.mark.parametrize(
    ("name", "box", "around"), [("polar-north", (-180, 89, 180, 90), 1), ("polar-south", (-180, -90, 180, -89), -1)]
)
def test_a_cap_around_the_pole(name, box, around):
    """All longitudes: four quarters meet at the pole, and no seam is left where ±180° was."""
    halves = shapely.MultiPolygon([shapely.box(-180, box[1], 0, box[3]), shapely.box(0, box[1], 180, box[3])])
    grid = Grid.load(name)
    cover = grid.cover(halves)
    centre = np.array([(tile.row - 747.5, tile.col - 747.5) for tile in cover.iter_tiles()])
    edge = Transformer.from_crs("EPSG:4326", grid.zones[0].crs, always_xy=True).transform(0, around * 89)
    radius = float(np.hypot(*edge))
    inner = np.hypot(*centre.T) * 4480 < radius - 4480
    rows, cols = np.mgrid[: 2 * 748, : 2 * 748]
    expected = int((np.hypot(rows - 747.5, cols - 747.5) * 4480 < radius - 4480).sum())
    assert inner.sum() == expected
    assert np.hypot(*centre.T).max() * 4480 < radius + 4480


def test_antarctica_is_on_the_polar_grid_only():
    area = aoi.load("iso:ATA").geometry
    cover = Grid.load("polar-south").cover(area)
    square_km = abs(Geod(ellps="WGS84").geometry_area_perimeter(area)[0]) / 1e6
    assert cover.tiles * 4.48**2 == pytest.approx(square_km, rel=0.03)
    with pytest.raises(ConfigError, match=r"which is for the polar grids .--grid polar-north"):
        Grid.load("utm").cover(area)


@pytest.mark.parametrize(
    ("name", "box", "message"),
    [
        ("europe-laea", "-80,40,-79,41", "leaves what the grid 'europe-laea' is for, -32,27,45,72: .* km² of its"),
        ("polar-north", "10,50,11,61", "leaves what the grid 'polar-north' is for, -180,60,180,90"),
        ("conus-albers", "-70,45,-64,46", "clip the area, or choose another grid with --grid"),
    ],
)
def test_areas_beyond_a_grid(name, box, message):
    with pytest.raises(ConfigError, match=message):
        Grid.load(name).cover(aoi.load(box).geometry)


def test_an_area_across_the_antimeridian_on_a_global_grid():
    cover = Grid.load("ease2-global").cover(aoi.load("179.9,-17.1,-179.9,-17").geometry)
    cols = sorted({tile.col for tile in cover.iter_tiles()})
    assert cols[0] == 3  # the arrays begin 3.3 tiles west of 180°W
    assert cols[-1] == 4 * 1940 - 4


@pytest.mark.parametrize("side", [1, 2, 4])
def test_blocks_of_any_size_hold_the_same_tiles(side):
    whole, other = (Grid(PlanarDefinition.read({**TABLE, "block_tiles": n, "extent": EXTENT})) for n in (4, side))
    area = aoi.load("iso:LUX").geometry
    cover = other.cover(area)
    assert list(cover.iter_tiles()) == list(whole.cover(area).iter_tiles())
    assert sum(block.mask.bit_count() for block in cover.blocks) == cover.tiles
    assert {block.block.side for block in cover.blocks} == {side}
    for block in cover.blocks:
        assert all(other.zones[0].check(tile) is None for tile in block.tiles)
    assert cover.masks().total() == len(cover.blocks)
    assert (whole.digest == other.digest) == (side == 4)


EXTENT = {"x_left": 3_942_400, "y_top": 3_225_600, "block_rows": 80, "block_cols": 80, "bounds": [5, 49, 7, 51]}


def test_a_grid_of_ones_own_is_as_large_as_its_bounds():
    zone = PlanarDefinition.read(TABLE).zone()
    assert zone.x_left % 17_920 == zone.y_top % 17_920 == 0
    reach = project(shapely.box(5, 49, 7, 51), zone.crs).bounds
    assert 0 <= reach[0] - zone.x_left < 17_920
    assert 0 <= zone.y_top - reach[3] < 17_920
    assert 0 < zone.x_left + zone.shape()[1] * 10 - reach[2] <= 17_920


def test_a_tile_may_be_given_in_metres():
    assert PlanarDefinition.read({**TABLE, "resolution": 30, "tile_px": 256}).tile_px == 256
    table = {key: value for key, value in TABLE.items() if key != "tile_px"}
    assert PlanarDefinition.read({**table, "tile_size": 7680, "resolution": 30}).tile_px == 256


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"crs": "EPSG:999999"}, "crs is 'EPSG:999999', which is unknown: expected the code of a projected CRS"),
        ({"crs": "EPSG:4326"}, r"crs is 'EPSG:4326' .*, in degree: expected the code of a projected CRS in metres"),
        ({"crs": "EPSG:2263"}, "in US survey foot: expected the code of a projected CRS in metres"),
        ({"crs": "WGS84"}, "crs is 'WGS84': expected the code"),
        ({"crs": 3035}, "crs is 3035, expected a text"),
        (
            {"tile_px": None, "tile_size": 4485},
            "tile_size is 4485 m, no multiple of the resolution .* expected 4480 or 4490",
        ),
        ({"tile_px": None, "tile_size": 5}, "tile_size is 5 m, no multiple of the resolution of 10 m: expected 10"),
        ({"tile_size": 4480}, "expected either tile_px .* or tile_size"),
        ({"tile_px": None}, "expected either tile_px .* or tile_size"),
        ({"tile_px": -1}, "tile_px is -1, expected a positive whole number"),
        ({"block_tiles": 3}, "block_tiles is 3, expected one of 1, 2, 4"),
        ({"extent": {"bounds": [7, 49, 5, 51]}}, "bounds are .7, 49, 5, 51., expected .west, south, east, north."),
        ({"extent": {"bounds": [5, 49, 7]}}, "expected .west, south, east, north. in degrees"),
        ({"extent": {"bounds": [170, 49, 190, 51]}}, "within -180 to 180"),
        ({"extent": {**EXTENT, "block_cols": 3}}, "its bounds reach over x, y .* m and its arrays only over"),
        ({"extent": {"bounds": [5, 49, 7, 51], "x_left": 0}}, "extent: key 'y_top' is missing"),
        ({"extent": {}}, "extent: key 'bounds' is missing"),
        ({"crs": "EPSG:32632", "extent": {"bounds": [-179, -80, 179, 84]}}, "leave the area that EPSG:32632 is for"),
        ({"extents": {}}, "unknown key 'extents'"),
    ],
)
def test_wrong_definitions_are_refused(change, message):
    table = {key: value for key, value in {**TABLE, **change}.items() if value is not None}
    with pytest.raises(ConfigError, match=f"grid 'mine'.*{message}"):
        PlanarDefinition.read(table)


def written(folder, text, name="mine.toml"):
    (folder / name).write_text(text)
    return str(folder / name)


UTM_TOML = 'kind = "utm"\nresolution = 10\ntile_px = 256\nblock_tiles = 2\n'


def test_a_grid_from_a_file(tmp_path):
    grid = Grid.load(written(tmp_path, UTM_TOML))
    assert (grid.name, grid.lattice.tile_px, grid.lattice.block_tiles) == ("mine", 256, 2)
    assert len(grid.zones) == 120
    assert grid.zone("utm32n").tile_size == 2560
    assert Grid.of(grid.as_json()) == grid
    assert Grid.load(written(tmp_path, f'name = "named"\n{UTM_TOML}', "other.toml")).name == "named"


def test_a_file_that_changes_is_read_again(tmp_path):
    path = written(tmp_path, UTM_TOML)
    assert Grid.load(path).lattice.tile_px == 256
    import os

    written(tmp_path, UTM_TOML.replace("256", "512"))
    os.utime(path, ns=(1, 1))
    assert Grid.load(path).lattice.tile_px == 512


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind = ", "grid 'mine': its file is not TOML"),
        (f'name = "utm"\n{UTM_TOML}', "grid 'utm' of mine.toml: there is a grid of that name already: choose another"),
        (f'name = "My_Grid"\n{UTM_TOML}', "grid 'My_Grid': expected a name of lower-case letters"),
        (f"name = 3\n{UTM_TOML}", "name is 3, expected a text"),
        ('kind = "hexagons"', "kind is 'hexagons', expected one of utm, planar, chips"),
        ("", "kind is 'None', expected one of utm, planar, chips"),
        (
            'kind = "utm"\nresolution = 10\ntile_px = 448\n[extent]\nlatitude = [-90, 90]',
            "latitude is .-90, 90., and UTM",
        ),
    ],
)
def test_files_that_are_no_grid(tmp_path, text, message):
    with pytest.raises(ConfigError, match=message):
        Grid.load(written(tmp_path, text))


@pytest.mark.parametrize("name", ["nowhere.toml", "utm.json", "no such grid"])
def test_files_that_are_not_there(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"cannot be read: No such file|or a TOML file of your own"):
        Grid.load(name)


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ({**Grid.load("utm").as_json(), "tile_px": 512}, "the grid 'utm' is defined otherwise here"),
        ({"name": "mars"}, "the grid 'mars' is none that this version knows"),
        ({**Grid.load("utm").as_json(), "name": "mine", "colour": 1}, "is none that this version knows"),
        (
            {
                "name": "c",
                "kind": "chips",
                "resolution": 10,
                "tile_px": 448,
                "block_tiles": 4,
                "count": 1,
                "chips": "x",
            },
            "the table of chips is missing or is not that of the grid 'c'",
        ),
    ],
)
def test_stored_definitions_that_are_not_ours(stored, message):
    with pytest.raises(ConfigError, match=message):
        Grid.of(stored)
