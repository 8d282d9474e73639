"""The audit of a grid: against exact overlays, and against the other method's own code."""

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from click.testing import CliRunner
from pyproj import Transformer

from eo_ingest import aoi
from eo_ingest.audit import audit
from eo_ingest.audit.degrees import DegreeTiles
from eo_ingest.audit.sample import places
from eo_ingest.cli.grid import grid as command
from eo_ingest.errors import ConfigError
from eo_ingest.grid import Grid

UTM = Grid.load("utm")


def overlay(outlines, area):
    """The share of an area that two outlines or more cover, and that none does, by exact overlay in degrees."""
    whole = area_in_square(area)
    once = shapely.union_all(shapely.intersection(outlines, area))
    tree = shapely.STRtree(outlines)
    one, other = tree.query(outlines, predicate="intersects")
    pairs = shapely.intersection(outlines[one[one < other]], outlines[other[one < other]])
    twice = shapely.union_all(shapely.intersection(pairs, area))
    return area_in_square(twice) / whole, 1 - area_in_square(once) / whole


def area_in_square(geometry):
    """Area where meridians and parallels are straight and equal areas equal."""
    return shapely.transform(
        geometry, lambda p: np.column_stack([p[:, 0], np.rad2deg(np.sin(np.deg2rad(p[:, 1])))])
    ).area


def rectangles(tiles):
    east, north = tiles.lon + tiles.half_lon, tiles.lat + tiles.half_lat
    return shapely.box(tiles.lon - tiles.half_lon, tiles.lat - tiles.half_lat, east, north)[tiles.kept]


def test_places_are_even_and_the_same_each_time():
    ring = shapely.difference(shapely.box(-20, -60, 40, 70), shapely.box(0, 0, 20, 50))
    lon, lat = places(ring, 20_000)
    assert np.array_equal(places(ring, 20_000)[0], lon)
    assert shapely.contains_xy(ring, lon, lat).all()
    for part in (shapely.box(-20, -60, 0, 0), shapely.box(20, 50, 40, 70), shapely.box(-5, 40, 0, 60)):
        share = area_in_square(shapely.intersection(part, ring)) / area_in_square(ring)
        assert shapely.contains_xy(part, lon, lat).mean() == pytest.approx(share, abs=0.002)


def test_places_in_a_sliver_are_given_up():
    with pytest.raises(ConfigError, match=r"the area is too thin: in .* tries \d+ places of 1,000 were in it"):
        places(shapely.Polygon([(0, 0), (50, 50), (50, 50.0000001)]), 1000)


def test_shares_are_those_of_an_overlay():
    """Luxembourg lies across a border of zones: an eighth of it is in two tiles, nothing in none."""
    area = aoi.load("iso:LUX").geometry
    cover = UTM.cover(area)
    ours, theirs = audit(cover, area, count=100_000)
    double, gap = overlay(cover.frame().geometry.to_numpy(), area)
    assert (ours.double, ours.gap) == (pytest.approx(double, abs=0.002), 0)
    assert gap == pytest.approx(0, abs=1e-6)
    assert ours.tiles == cover.tiles == sum(ours.zones.values())
    tiles = DegreeTiles.of(area, 4480)
    boxes = shapely.box(
        tiles.lon - tiles.half_lon, tiles.lat - tiles.half_lat, tiles.lon + tiles.half_lon, tiles.lat + tiles.half_lat
    )
    double, gap = overlay(boxes[tiles.kept], area)
    assert (theirs.double, theirs.gap) == (pytest.approx(double, abs=0.002), pytest.approx(gap, abs=0.002))
    assert theirs.tiles == tiles.count


def test_pixels_on_the_ground():
    """Scale factors of the projections: 0.9996 in the middle of a UTM zone, 1 on the parallels of Albers."""
    middle = audit(UTM.cover(shapely.box(8.9, 50, 9.1, 50.2)), shapely.box(8.9, 50, 9.1, 50.2), count=100)[0].pixels
    assert (middle.least, middle.most) == (pytest.approx(10 / 0.9996, abs=2e-4), pytest.approx(10 / 0.9996, abs=2e-4))
    box = shapely.box(-96.2, 29.4, -95.8, 29.6)
    albers = audit(Grid.load("conus-albers").cover(box), box, count=100)[0].pixels
    assert albers.mean == pytest.approx(10, abs=1e-4)
    assert (albers.least, albers.most) == (pytest.approx(10, abs=0.005), pytest.approx(10, abs=0.005))
    box = shapely.box(20, 59.9, 20.2, 60.1)
    ease = audit(Grid.load("ease2-global").cover(box), box, count=100)[0].pixels
    # Cylindrical equal area, true at 30°: at 60° a metre in x is cos 60° / cos 30° of one on the ground.
    assert ease.least == pytest.approx(10 * np.cos(np.deg2rad(60)) / np.cos(np.deg2rad(30)), rel=0.01)
    assert ease.mean == pytest.approx(10, abs=1e-3)
    assert ease.least * ease.most == pytest.approx(100, rel=0.01)


@pytest.mark.parametrize(
    ("place", "lon", "lat"),
    [
        ("Boston", -71.06, 42.36),
        ("Seattle", -122.33, 47.6),
        ("northern California", -123.8, 40.5),
        ("Maine", -69, 45.5),
    ],
)
def test_the_reference_chain_covers_the_edges_of_conus_twice_and_not_at_all(place, lon, lat):
    """One UTM zone for a continent: what is known of M3LEO's grid, and what ours does there."""
    area = aoi.load("conus").geometry
    box = shapely.box(lon - 0.5, lat - 0.5, lon + 0.5, lat + 0.5)
    ours, theirs = audit(CONUS, area, within=box, count=20_000)
    assert 0.12 < theirs.double < 0.24, place
    assert 0.04 <= round(theirs.gap, 2) <= 0.05, place
    assert ours.gap == 0
    assert ours.double < 0.05


CONUS = UTM.cover(aoi.load("conus").geometry)


def test_the_other_method_is_stated_right():
    """Its own code, on a coarse grid of a country: the same rectangles, to a metre."""
    cmds = pytest.importorskip("geetiles.cmds")
    area = aoi.load("iso:LUX").geometry
    frame = plainly(cmds, area, 8960)
    tiles = DegreeTiles.of(area, 8960)
    ours = shapely.box(
        tiles.lon - tiles.half_lon, tiles.lat - tiles.half_lat, tiles.lon + tiles.half_lon, tiles.lat + tiles.half_lat
    )
    ours = sorted(map(tuple, shapely.bounds(ours[tiles.kept])))
    theirs = sorted(map(tuple, frame.geometry.bounds.to_numpy()))
    assert len(ours) == len(theirs) > 30
    assert np.abs(np.array(ours) - np.array(theirs)).max() < 1e-8


def plainly(cmds, area, size):
    """geetiles' grid without its worker processes."""
    patch = pytest.MonkeyPatch()
    patch.setattr(cmds, "Parallel", lambda **_: lambda calls: [call() for call in calls])
    patch.setattr(cmds, "delayed", lambda make: lambda *args: lambda: make(*args))
    try:
        return cmds.build_grid(aoi=area, chip_size_meters=size)
    finally:
        patch.undo()


@pytest.mark.parametrize("name", ["iso:ATA", "iso:FJI"])
def test_where_the_other_method_fails_ours_stands_alone(name):
    area = aoi.load(name).geometry
    grid = Grid.load("polar-south" if name == "iso:ATA" else "utm")
    figures = audit(grid.cover(area), area, count=1000)
    assert figures[0].gap == 0
    if name == "iso:ATA":
        assert len(figures) == 1


def test_chips_that_overlap(tmp_path):
    """Two chips of which a quarter is common: of the ground they have, one part in seven is in both."""
    zone = Transformer.from_crs("EPSG:32632", "EPSG:4326", always_xy=True)
    points = [zone.transform(x, y) for x, y in ((400_000, 5_500_000), (402_240, 5_502_240), (450_000, 5_500_000))]
    gpd.GeoDataFrame(geometry=shapely.points(points), crs="EPSG:4326").to_file(tmp_path / "points.geojson")
    (tmp_path / "chips.toml").write_text(
        'kind = "chips"\nresolution = 10\ntile_px = 448\n[chips]\nfile = "points.geojson"'
    )
    grid = Grid.load(str(tmp_path / "chips.toml"))
    (figures,) = audit(grid.cover(shapely.box(-180, -80, 180, 84)), shapely.box(-180, -80, 180, 84), count=30_000)
    assert figures.double == pytest.approx(0.25 / 2.75, abs=0.002)
    assert (figures.gap, figures.covered, figures.zones) == (None, None, {"utm32n": 3})
    pair = shapely.box(*zone.transform(390_000, 5_490_000), *zone.transform(410_000, 5_510_000))
    (part,) = audit(grid.cover(pair), pair, count=30_000)
    assert part.double == pytest.approx(1 / 7, abs=0.005)


def invoke(*args):
    return CliRunner().invoke(command, args, catch_exceptions=False)


def test_on_the_command_line():
    told = invoke("audit", "--aoi", "demo").output
    assert "double cover" in told
    assert told.splitlines()[1].split()[:4] == ["utm", "4", "0.00%", "0.00%"]
    assert "utm32n      4" in told
    made = json.loads(invoke("audit", "--aoi", "iso:LUX", "--within", "5.9,49.5,6.1,49.7", "--json").output)
    assert [one["method"] for one in made["figures"]] == ["utm", "geetiles"]
    assert made["figures"][0]["double"] > 0.2
    assert made["figures"][1]["zones"] == {"EPSG:32632": made["figures"][1]["tiles"]}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--aoi", "demo", "--within", "10,10,11,11"], "--within has nothing of the area in it"),
        (["--aoi", "demo", "--grid", "no"], "there is no grid 'no'"),
        (["--aoi", "atlantis"], "there is no AOI 'atlantis'"),
        (["--aoi", "demo", "--grid", "polar-north"], "leaves what the grid 'polar-north' is for"),
    ],
)
def test_what_cannot_be_audited(args, message):
    with pytest.raises(ConfigError, match=message):
        invoke("audit", *args)
