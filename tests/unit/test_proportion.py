"""Label proportions: of tiles against counting, of polygons against exactextract."""

import io
import json

import geopandas as gpd
import numpy as np
import pyarrow.parquet as pq
import pytest
import rasterio
import shapely
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from eo_ingest import products, reader, runtime
from eo_ingest.cli import cli
from eo_ingest.errors import EoIngestError
from eo_ingest.grid import Grid
from eo_ingest.proportion import Label, of_polygons, of_tiles
from eo_ingest.proportion.polygon import coverage
from eo_ingest.split.polygon import Layer
from tests_support import FakeSource

UTM = Grid.load("utm")
CLASSES = products.get("worldcover").variable("class").flags
SHARES = [f"worldcover_2020_{flag.meaning}" for flag in CLASSES]


def run(*args):
    return CliRunner().invoke(cli, ["proportions", *map(str, args)])


class Fields(FakeSource):
    """Land cover in patches of half a kilometre, that overlapping tiles agree on and with holes in it."""

    def tile(self, product, frames, job, index):
        zone = UTM.zone(job.block.zone)
        tile = job.block.tile(index)
        left, _, _, top = zone.bounds(tile)
        x, y = left + 10 * np.arange(448) + 5, top - 10 * np.arange(448) - 5
        number = (np.floor(x / 530)[None] * 7 + np.floor(y / 470)[:, None] * 3).astype(int) % (len(CLASSES) + 1)
        values = np.array([0, *(flag.value for flag in CLASSES)], dtype=np.uint8)[number]
        return {"class": values[None, None]}


@pytest.fixture
def store(monkeypatch, config):
    monkeypatch.setattr("eo_ingest.runtime.shared", lambda _config: Fields())
    runtime.tile(config(aoi="6.02,49.62,6.14,49.70", periods=("2020",)))
    return config().store


def label():
    return Label.of(products.get("worldcover"), "2020")


def test_proportions_of_tiles_are_those_of_their_pixels(store):
    opened, grid = runtime.existing(store)
    table = of_tiles(opened, label()).to_pylist()
    assert len(table) > 4
    assert [row["id"] for row in table] == sorted(row["id"] for row in table)
    for row in table:
        raster = reader.read_tile(opened, products.get("worldcover"), "2020", grid.tile(row["id"]))["class"]
        valid = raster[raster != 0]
        assert row["worldcover_2020_valid"] == valid.size / raster.size
        assert [row[name] for name in SHARES] == [np.mean(valid == flag.value) for flag in CLASSES]


def mosaic(opened, zone):
    """All tiles of a zone as one raster: pixels, and its upper left corner."""
    found = {tile: pixels for tile, pixels in label().tiles(opened) if tile.zone == zone}
    top, left = min(t.row for t in found), min(t.col for t in found)
    size = 448 * (1 + max(max(t.row for t in found) - top, max(t.col for t in found) - left))
    whole = np.full((size, size), -1)
    for tile, pixels in found.items():
        y, x = 448 * (tile.row - top), 448 * (tile.col - left)
        whole[y : y + 448, x : x + 448] = pixels
    made = UTM.zone(zone)
    return whole, made.x_left + left * 4480, made.y_top - top * 4480


def exact(opened, zone, shapes):
    """Fractions of classes by exactextract, of polygons in the zone's CRS."""
    exactextract = pytest.importorskip("exactextract")
    whole, left, top = mosaic(opened, zone)
    profile = {"driver": "GTiff", "width": whole.shape[1], "height": whole.shape[0], "count": 1, "dtype": "int16"}
    with rasterio.io.MemoryFile() as memory:
        affine = rasterio.Affine(10, 0, left, 0, -10, top)
        with memory.open(**profile, crs=UTM.zone(zone).crs, transform=affine, nodata=-1) as file:
            file.write(whole.astype("int16"), 1)
        with memory.open() as file:
            frame = gpd.GeoDataFrame(geometry=list(shapes), crs=UTM.zone(zone).crs)
            found = exactextract.exact_extract(file, frame, ["unique", "frac"])
    rows = np.zeros((len(found), len(CLASSES)))
    for row, feature in zip(rows, found, strict=True):
        row[np.array(feature["properties"]["unique"], dtype=int)] = feature["properties"]["frac"]
    return rows


def test_proportions_of_polygons_are_those_of_exactextract(store):
    opened, grid = runtime.existing(store)
    around = shapely.Point(6.08, 49.66).buffer(0.03)
    ring = shapely.difference(around, shapely.Point(6.085, 49.665).buffer(0.01))
    sliver = shapely.box(6.05, 49.64, 6.11, 49.6401)
    layer = Layer.of("made", ["ring", "sliver"], [ring, sliver])
    table = of_polygons(opened, grid, label(), layer).to_pylist()
    from eo_ingest.proportion.polygon import _in_zone

    parts = {zone: _in_zone(layer.shapes, UTM.zone(zone)) for zone in ("utm32n",)}
    expected = exact(opened, "utm32n", parts["utm32n"])
    for row, fractions in zip(table, expected, strict=True):
        np.testing.assert_allclose([row[name] for name in SHARES], fractions, atol=1e-5)
        assert 0 < row["worldcover_2020_valid"] < 1


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=3, max_size=8),
    st.sampled_from([1, 7, 20]),
)
@settings(max_examples=60, deadline=None)
def test_coverage_is_exact(points, px):
    shape = shapely.convex_hull(shapely.MultiPoint(points))
    found = coverage(shape, (0.0, 0.0, 100.0, 100.0), px)
    step = 100 / px
    x, y = np.meshgrid(np.arange(px) * step, 100 - np.arange(px) * step)
    expected = shapely.area(shapely.intersection(shapely.box(x, y - step, x + step, y), shape)) / step**2
    np.testing.assert_allclose(found, expected if shape.area > 0 else 0, atol=1e-9)


@pytest.mark.shared
def test_cantons_of_luxembourg(store, shared):
    """Real polygons over made-up classes: those parts of four cantons that the store has."""
    opened, grid = runtime.existing(store)
    layer = Layer.read(shared / "luxembourg_terra" / "lux.shp")
    table = of_polygons(opened, grid, label(), layer).to_pylist()
    assert len(table) == 12
    from eo_ingest.proportion.polygon import _in_zone

    shapes = _in_zone(layer.shapes, UTM.zone("utm32n"))
    met = [place for place, row in enumerate(table) if row["worldcover_2020_valid"] > 0]
    assert len(met) >= 3
    for place, fractions in zip(met, exact(opened, "utm32n", shapes[met]), strict=True):
        np.testing.assert_allclose([table[place][name] for name in SHARES], fractions, atol=1e-5)


@pytest.mark.shared
def test_real_land_cover(shared, monkeypatch, config):
    """WorldCover of an island, brought onto the grid."""
    with rasterio.open(shared / "labels" / "worldcover_2020_v100_principe.tif") as file:
        pixels, affine, crs = file.read(1), file.transform, file.crs

    class Island(FakeSource):
        def tile(self, product, frames, job, index):
            zone = UTM.zone(job.block.zone)
            left, _, _, top = zone.bounds(job.block.tile(index))
            x, y = np.meshgrid(left + 10 * np.arange(448) + 5, top - 10 * np.arange(448) - 5)
            lon, lat = Transformer.from_crs(zone.crs, crs, always_xy=True).transform(x, y)
            col, row = (np.floor(v).astype(int) for v in ((lon - affine.c) / affine.a, (lat - affine.f) / affine.e))
            inside = (row >= 0) & (row < pixels.shape[0]) & (col >= 0) & (col < pixels.shape[1])
            made = np.where(inside, pixels[row.clip(0, 2639), col.clip(0, 2399)], 0).astype(np.uint8)
            return {"class": made[None, None]}

    monkeypatch.setattr("eo_ingest.runtime.shared", lambda _config: Island())
    runtime.tile(config(aoi="7.3,1.5,7.5,1.72", periods=("2020",)))
    opened, grid = runtime.existing(config().store)
    squares = [shapely.box(x, y, x + 0.07, y + 0.06) for x in (7.31, 7.4) for y in (1.52, 1.6, 1.65)]
    layer = Layer.of("made", [f"{number}" for number in range(6)], squares)
    table = of_polygons(opened, grid, label(), layer).to_pylist()
    from eo_ingest.proportion.polygon import _in_zone

    expected = exact(opened, "utm32n", _in_zone(layer.shapes, UTM.zone("utm32n")))
    for row, fractions in zip(table, expected, strict=True):
        np.testing.assert_allclose([row[name] for name in SHARES], fractions, atol=1e-5)
        assert row["worldcover_2020_valid"] == pytest.approx(1, abs=1e-5)
    assert max(row["worldcover_2020_tree_cover"] for row in table) > 0.5


def test_where_zones_meet_each_place_counts_once(monkeypatch, config):
    monkeypatch.setattr("eo_ingest.runtime.shared", lambda _config: Fields())
    runtime.tile(config(aoi="5.9,49.62,6.1,49.7", periods=("2020",)))
    opened, grid = runtime.existing(config().store)
    square = shapely.box(5.95, 49.64, 6.05, 49.68)
    (row,) = of_polygons(opened, grid, label(), Layer.of("made", ["square"], [square])).to_pylist()
    (cells,) = of_polygons(
        opened, grid, label(), Layer.of("made", ["left"], [shapely.box(5.95, 49.64, 6, 49.68)])
    ).to_pylist()
    share = 1 - 1 / (len(CLASSES) + 1)  # of one number in twelve there is no class
    assert row["worldcover_2020_valid"] == pytest.approx(share, abs=0.03)
    assert cells["worldcover_2020_valid"] == pytest.approx(share, abs=0.03)
    assert sum(row[name] for name in SHARES) == pytest.approx(1)


def test_proportions_are_attached_to_the_index(store, tmp_path):
    result = run(store, "--attach", "--out", tmp_path / "p.parquet", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    opened, _ = runtime.existing(store)
    frame = gpd.read_parquet(io.BytesIO(opened.get("tiles/utm32n.parquet")))
    table = pq.read_table(tmp_path / "p.parquet").to_pandas()
    assert told["rows"] == len(table) == len(frame)
    merged = frame.merge(table, on="id", suffixes=("", "_own"))
    for name in SHARES:
        assert (merged[name] == merged[f"{name}_own"]).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "nothing would come of it"),
        (("--out", "x", "--product", "s2"), "the store has nothing of s2"),
        (("--out", "x", "--period", "2021"), "the store has worldcover of 2020, not of '2021'"),
        (("--out", "x", "--frame", "JJA"), "has no frame 'JJA'"),
        (("--out", "x", "--layer", "none.gpkg"), "layer 'none.gpkg'"),
        (("--attach", "--layer", "none.gpkg"), "--attach is of tiles"),
        (("--out", "no-folder/x.parquet"), "cannot write no-folder"),
    ],
)
def test_what_cannot_be_asked(store, options, said):
    result = run(store, *options)
    assert result.exit_code != 0
    assert said in (str(result.exception) if isinstance(result.exception, EoIngestError) else result.output)
