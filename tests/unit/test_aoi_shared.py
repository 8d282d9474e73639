"""AOIs from real files, and from files that are broken in real ways."""

from pathlib import Path

import pytest

from eo_ingest.aoi import load
from eo_ingest.errors import ConfigError
from eo_ingest.grid import Grid
from test_aoi import check_valid

DATA = Path(__file__).parents[3] / "shared" / "data"
UTM = Grid.load("utm")

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not there"),
]


@pytest.mark.parametrize(
    ("name", "bounds", "tiles", "notes"),
    [
        ("luxembourg.wkt", (5.737, 49.448, 6.53, 50.183), 187, ()),
        ("massachusetts.wkt", (-73.508, 41.159, -69.74, 42.889), 1672, ()),
        ("fiji_antimeridian.geojson", (-180, -21.706, 180, -12.478), 1174, ("split at the antimeridian",)),
        ("svalbard_polar.geojson", (10.557, 76.579, 33.63, 80.478), 3729, ()),
        (
            "m3leo_like_aois.geojson",
            (-124.711, -55.89, 134.751, 71.178),
            2567537,
            ("dissolved 6 features into one area",),
        ),
        ("antimeridian/issues-81.json", (162, 77, 180, 81), 6948, ("split at the antimeridian",)),
        ("antimeridian/one-hole.json", (-180, 40, 180, 60), 120894, ("split at the antimeridian",)),
        ("antimeridian/split.json", (-180, 40, 180, 50), 88547, ("split at the antimeridian",)),
        ("../luxembourg_terra/lux.shp", (5.744, 49.448, 6.528, 50.182), 183, ("dissolved 12 features into one area",)),
        (
            "us-atlas_states-10m.topojson",
            (-179.137, -14.374, 179.775, 71.353),
            479688,
            (
                "read layer 'states' only, of states, nation",
                "dissolved 56 features into one area",
                "repaired an invalid polygon: self-intersection at -119.999364290343 41.9941960738507",
            ),
        ),
    ],
)
def test_real_areas(name, bounds, tiles, notes):
    aoi = load(str(DATA / "aoi" / name))
    check_valid(aoi)
    assert aoi.geometry.bounds == pytest.approx(bounds, abs=1e-3)
    assert aoi.notes == notes
    assert UTM.cover(aoi.geometry).tiles == tiles


def test_fiji_is_small():
    """Its zones are those beside the antimeridian: nothing of the naive box round the globe."""
    cover = UTM.cover(load(str(DATA / "aoi" / "fiji_antimeridian.geojson")).geometry)
    assert [zone.zone.name for zone in cover.zones] == ["utm01s", "utm60s"]


@pytest.mark.parametrize("name", ["north-pole", "issues-164"])
def test_around_the_pole(name):
    aoi = load(str(DATA / "aoi" / "antimeridian" / f"{name}.json"))
    check_valid(aoi)
    assert aoi.notes == ("split at the antimeridian", "encloses the north pole")
    with pytest.raises(
        ConfigError, match=r"1,397,096 km² of its .* lie beyond 80°S to 84°N, which is for the polar grids"
    ):
        UTM.cover(aoi.geometry)


def test_the_world_repairs_and_leaves_utm():
    aoi = load(str(DATA / "aoi" / "world-atlas_countries-110m.topojson"))
    check_valid(aoi)
    assert aoi.notes == (
        "read layer 'countries' only, of countries, land",
        "dissolved 177 features into one area",
        "split at the antimeridian (and 3 more)",
        "repaired an invalid polygon: self-intersection at 33.9628611619353 9.46391434540512 (and 2 more)",
    )
    with pytest.raises(ConfigError, match="polar grids"):
        UTM.cover(aoi.geometry)


@pytest.mark.parametrize("path", sorted((DATA / "nasty").glob("*")), ids=lambda path: path.name)
def test_rasters_are_no_aoi(path):
    with pytest.raises(ConfigError, match=r"it is a raster, expected|it cannot be read as a vector file") as caught:
        load(str(path))
    assert "\n" not in str(caught.value)


def test_a_table_without_geometry():
    with pytest.raises(ConfigError, match="it cannot be read as a vector file: Missing geo metadata"):
        load(str(DATA / "index" / "gssic_coherence_tiles.parquet"))
