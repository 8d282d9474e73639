"""Maps of areas: what is drawn is where it is."""

import io
import json

import numpy as np
import pytest
import shapely
from click.testing import CliRunner
from PIL import Image

from eo_ingest import aoi
from eo_ingest.atlas import sheet
from eo_ingest.atlas.cells import cells
from eo_ingest.atlas.view import View
from eo_ingest.cli.aoi import aoi as command
from eo_ingest.errors import ConfigError
from eo_ingest.grid import Grid

UTM = Grid.load("utm")


def drawn(area, cover):
    data = sheet.draw(area, cover, title="An area", facts=["its figures"], notes=["its sources"])
    return Image.open(io.BytesIO(data))


def far_and_wide():
    boxes = [shapely.box(-120, 30, -110, 45), shapely.box(110, -35, 120, -25), shapely.box(170, 60, 180, 65)]
    return aoi.AOI("far and wide", shapely.MultiPolygon(boxes), "made up")


@pytest.fixture(params=["iso:LUX", "iso:FJI", "iso:ATA", "far and wide"])
def seen(request):
    area = far_and_wide() if request.param == "far and wide" else aoi.load(request.param)
    grid = Grid.load("polar-south") if request.param == "iso:ATA" else UTM
    return area, grid.cover(area.geometry), View.of(area.geometry, 300, 220)


def test_pixels_and_places_are_each_others_inverse(seen):
    area, _, view = seen
    points = shapely.get_coordinates(shapely.segmentize(area.geometry, 2))[::17]
    points = points[np.abs(points[:, 1]) < 89.9]
    placed = view.place(*points.T)
    assert (placed >= 0).all()
    assert (placed[:, 0] <= view.width).all()
    assert (placed[:, 1] <= view.height).all()
    lon, lat = view.lonlat(*placed.T)
    turn = (lon - points[:, 0] + 180) % 360 - 180
    assert np.abs(turn * np.cos(np.deg2rad(lat))).max() < 1e-6
    assert np.abs(lat - points[:, 1]).max() < 1e-6
    assert view.is_near(*points.T).all()


def test_painted_pixels_are_those_of_tiles(seen):
    """A pixel is painted if, and only if, the place in its middle lies in a tile of its zone."""
    area, cover, view = seen
    painted = cells(view, cover).zone > 0
    rng = np.random.default_rng(3)
    rows, cols = rng.integers(0, view.height, 150), rng.integers(0, view.width, 150)
    lon, lat = view.lonlat(cols + 0.5, rows + 0.5)
    there = shapely.points(np.nan_to_num(lon, posinf=0), np.nan_to_num(lat, posinf=0))
    outside = shapely.distance(area.geometry, there)
    inside = np.isfinite(lon) & (outside == 0)
    assert painted[rows, cols][inside].all()
    assert not painted[rows, cols][~np.isfinite(lon)].any()
    far = np.isfinite(lon) & (outside > 0.5) & (np.abs(lat) < 80)
    assert not painted[rows, cols][far].any()


def test_edges_are_drawn_where_tiles_are_large_enough():
    area = aoi.load("demo")
    cover = UTM.cover(area.geometry)
    found = cells(View.of(area.geometry, 400, 300), cover)
    assert len(set(found.tile.ravel().tolist()) - {0}) == cover.tiles == 4
    assert len(set(found.block.ravel().tolist()) - {0}) == 2
    assert found.tile_edges().any()
    far = cells(View.of(aoi.load("europe").geometry, 400, 300), UTM.cover(aoi.load("europe").geometry))
    assert not far.tile_edges().any()


def test_zones_take_turns():
    area = aoi.load("iso:LUX")
    found = cells(View.of(area.geometry, 300, 200), UTM.cover(area.geometry))
    assert set(np.unique(found.zone)) == {0, 1, 2}


def test_a_sheet_shows_tiles_land_and_sea():
    area = aoi.load("iso:LUX")
    picture = drawn(area, UTM.cover(area.geometry))
    assert picture.size[0] == sheet.WIDTH + 72
    pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    colours = {tuple(pixel) for pixel in np.unique(pixels, axis=0).tolist()}
    assert {sheet._LAND, sheet._BLOCK_EDGE, (255, 255, 255)} <= colours
    tile = np.round(0.25 * np.array(sheet._LAND) + 0.75 * np.array(sheet._TILES[0]))
    assert (pixels == tile).all(axis=1).mean() > 0.05
    assert drawn(area, UTM.cover(area.geometry)).tobytes() == picture.tobytes()


def test_the_globe_hides_no_tile():
    area = aoi.load("conus")
    cover = UTM.cover(area.geometry)
    view = View.of(area.geometry, sheet.WIDTH, sheet.TALLEST)
    ground = sheet._painted(sheet._ground(view, ([], [])), view, cover)
    left, top = sheet._corner(ground, view)
    assert not (cells(view, cover).zone[top : top + sheet._GLOBE, left : left + sheet._GLOBE] > 0).any()


def test_chips_are_drawn_one_by_one(tmp_path):
    import geopandas as gpd

    points = shapely.points([[6.0, 49.6], [6.02, 49.61], [6.3, 49.7]])
    gpd.GeoDataFrame(geometry=points, crs="EPSG:4326").to_file(tmp_path / "points.geojson")
    keys = ['kind = "chips"', "resolution = 10", "tile_px = 448", "[chips]", 'file = "points.geojson"']
    (tmp_path / "chips.toml").write_text("\n".join(keys))
    area = aoi.load("5.9,49.5,6.5,49.8")
    picture = drawn(area, Grid.load(str(tmp_path / "chips.toml")).cover(area.geometry))
    pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    assert (pixels == sheet._BLOCK_EDGE).all(axis=1).sum() > 300


def invoke(*args):
    return CliRunner().invoke(command, args, catch_exceptions=False)


def test_on_the_command_line(tmp_path):
    shown = json.loads(invoke("show", "iso:LUX", "--map", str(tmp_path / "lux.png"), "--json").output)
    assert shown["title"] == "Luxembourg"
    assert (shown["zones"], shown["tiles"]) == (["utm31n", "utm32n"], 181)
    assert shown["area_km2"] == pytest.approx(2_586, rel=0.02)
    with Image.open(tmp_path / "lux.png") as picture:
        assert picture.format == "PNG"
    told = invoke("show", "pakin", "--grid", "ease2-global").output
    assert "Pakistan and India" in told
    assert "never published" in told
    listed = {row["name"]: row["title"] for row in json.loads(invoke("list", "--json").output)}
    assert listed["world-land"].startswith("All land but Antarctica")


def test_a_map_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot write the map '.*no/map\.png': No such file"):
        invoke("show", "demo", "--map", str(tmp_path / "no" / "map.png"))
