"""Real areas on grids other than UTM: around a pole, across the antimeridian, islands; and outlines beside ours."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import Geod

from eo_ingest.aoi import load
from eo_ingest.audit import audit
from eo_ingest.grid import Grid

DATA = Path(__file__).parents[3] / "shared" / "data"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not there"),
]


def square_km(geometry):
    return abs(Geod(ellps="WGS84").geometry_area_perimeter(geometry)[0]) / 1e6


@pytest.mark.parametrize(
    ("name", "grid"),
    [
        ("svalbard_polar.geojson", "polar-north"),
        ("antimeridian/issues-81.json", "polar-north"),
        ("fiji_antimeridian.geojson", "ease2-global"),
        ("antimeridian/split.json", "ease2-global"),
        ("antimeridian/one-hole.json", "ease2-global"),
        ("luxembourg.wkt", "europe-laea"),
        ("../luxembourg_terra/lux.shp", "europe-laea"),
        ("massachusetts.wkt", "conus-albers"),
    ],
)
def test_nothing_is_left_out_and_nothing_is_twice(name, grid):
    area = load(str(DATA / "aoi" / name)).geometry
    cover = Grid.load(grid).cover(area)
    figures = audit(cover, area, count=20_000)[0]
    assert (figures.gap, figures.double) == (0, pytest.approx(0, abs=1e-3))
    side = figures.pixels.mean / 10 * 4.48
    assert cover.tiles * side**2 < square_km(area) + 3 * side * square_km(area) ** 0.5 * 20
    assert cover.frame().geometry.is_valid.all()


def test_an_area_around_the_pole_is_tiled_there():
    area = load(str(DATA / "aoi" / "antimeridian" / "north-pole.json")).geometry
    arctic = shapely.intersection(area, shapely.box(-180, 60, 180, 90))
    cover = Grid.load("polar-north").cover(arctic)
    figures = audit(cover, arctic, count=20_000)
    assert (figures[0].gap, figures[0].double) == (0, 0)
    rows, cols = (np.concatenate(part) for part in zip(*(zone.tile_indexes() for zone in cover.zones), strict=True))
    pole = {(row, col) for row, col in zip(rows.tolist(), cols.tolist(), strict=True) if {row, col} <= {747, 748}}
    assert len(pole) == 4


@pytest.mark.parametrize("name", ["china", "conus", "europe", "middleeast", "pakin", "southamerica"])
def test_regions_are_those_of_a_coarser_outline(name):
    """Natural Earth at 1:50 million, put together by others: ours at 1:10 million differs along coasts, and no more."""
    table = gpd.read_file(DATA / "aoi" / "m3leo_like_aois.geojson").set_index("aoi")
    other, own = shapely.make_valid(table.geometry[name]), load(name).geometry
    common = shapely.intersection(other, own).area
    assert common / other.area > 0.98
    assert common / own.area > (0.96 if name == "europe" else 0.98)  # ours has Iceland and the Faroes
