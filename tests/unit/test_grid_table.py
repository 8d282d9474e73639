"""Tables of tiles, and indexes made of them: against the grid itself, in any order, in any reader."""

import io
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from eo_ingest import aoi, catalog, data
from eo_ingest.catalog.asked import Asked
from eo_ingest.catalog.index import masks_by_aoi, problem_of
from eo_ingest.errors import ConfigError, StoreError
from eo_ingest.grid import Grid, Tile, ZoneCover, iter_zones
from eo_ingest.grid import table as tiles
from eo_ingest.plan import Plan
from eo_ingest.stores import layout
from eo_ingest.stores.memory import MemoryStore

UTM = Grid.load("utm")
SLOW = settings(deadline=None, max_examples=25)
BOXES = st.tuples(st.floats(-179, 178.5), st.floats(-79, 83)).map(lambda at: shapely.box(*at, at[0] + 0.3, at[1] + 0.2))


def plan(box, name, grid=UTM):
    return Plan(replace(aoi.load(box), name=name), grid, ())


def read(store, key):
    return pq.read_table(io.BytesIO(store.get(key)))


@SLOW
@given(BOXES)
def test_rows_are_the_grids_tiles(box):
    cover = UTM.cover(box)
    table = pa.concat_tables([tiles.tile_table(part) for part in cover.zones])
    assert table.schema == tiles.SCHEMA
    found = [Tile(*row) for row in zip(*(table[name].to_pylist() for name in ("zone", "row", "col")), strict=True)]
    assert found == list(cover.iter_tiles())
    assert table["id"].to_pylist() == [tile.id for tile in found]
    assert table["block"].to_pylist() == [UTM.lattice.block_of(tile).id for tile in found]
    outlines = shapely.from_wkb(table["geometry"].to_pylist())
    assert shapely.is_valid(outlines).all()
    bounds = np.array([list(row.values()) for row in table["bbox"].to_pylist()])
    assert np.array_equal(bounds, shapely.bounds(outlines))
    for tile, outline, centre in zip(found, outlines, shapely.from_wkb(table["centroid"].to_pylist()), strict=True):
        zone = UTM.zone(tile.zone)
        back = Transformer.from_crs("EPSG:4326", zone.crs, always_xy=True)
        x, y = back.transform(*shapely.get_coordinates(outline).T)
        assert np.allclose((x.min(), y.min(), x.max(), y.max()), zone.bounds(tile), atol=1e-3)
        assert np.allclose(back.transform(centre.x, centre.y), np.reshape(zone.bounds(tile), (2, 2)).mean(0), atol=1e-3)
        if outline.geom_type == "Polygon":
            assert outline.exterior.is_ccw


@pytest.mark.parametrize("name", ["polar-north", "polar-south"])
def test_tiles_by_a_pole_are_whole_and_share_no_ground(name):
    zone = Grid.load(name).zones[0]
    rows = np.arange(182, 192, dtype=np.int32)
    part = ZoneCover(zone, np.repeat(rows, 10), np.tile(rows, 10), np.full(100, 0xFFFF, np.uint16))
    table = tiles.tile_table(part)
    outlines = shapely.from_wkb(table["geometry"].to_pylist())
    assert shapely.is_valid(outlines).all()
    assert np.abs(shapely.bounds(outlines)).max() == 180
    areas = np.array([abs(Geod(ellps="WGS84").geometry_area_perimeter(outline)[0]) for outline in outlines]) / 1e6
    assert areas == pytest.approx(areas.mean(), rel=0.002)
    together = abs(Geod(ellps="WGS84").geometry_area_perimeter(shapely.union_all(outlines))[0]) / 1e6
    assert together == pytest.approx(areas.sum(), rel=1e-4)


def test_a_tile_that_a_user_puts_over_the_pole_holds_it():
    """No lattice of ours has the pole within a tile; another grid may."""
    zone = replace(Grid.load("polar-north").zones[0], x_left=-2240, y_top=2240, block_rows=1, block_cols=1)
    (outline,) = shapely.from_wkb(
        tiles.tile_table(ZoneCover(zone, *(np.zeros(1, np.int32),) * 2, np.ones(1, np.uint16)))["geometry"].to_pylist()
    )
    assert outline.is_valid
    assert outline.bounds[::2] == (-180, 180)
    assert outline.bounds[3] == 90
    square_km = abs(Geod(ellps="WGS84").geometry_area_perimeter(outline)[0]) / 1e6
    assert square_km == pytest.approx(4.48**2 / 0.97**2, rel=0.01)


@SLOW
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 30), st.integers(1, 0xFFFF)), min_size=1, max_size=40),
       st.integers(1, 200))  # fmt: skip
def test_batches_are_whole_block_rows_and_lose_nothing(blocks, size):
    chosen = sorted({(row, col): mask for row, col, mask in blocks}.items())
    rows, cols = (np.array([place[axis] for place, _ in chosen], np.int32) for axis in (0, 1))
    whole = ZoneCover(UTM.zone("utm31n"), rows, cols, np.array([mask for _, mask in chosen], np.uint16))
    before = tiles.BATCH
    try:
        tiles.BATCH = size
        parts = list(tiles.batches(whole))
    finally:
        tiles.BATCH = before
    assert np.array_equal(np.concatenate([part.rows for part in parts]), rows)
    assert np.array_equal(np.concatenate([part.masks for part in parts]), whole.masks)
    assert all(part.tiles >= size for part in parts[:-1])
    assert len({row for part in parts for row in set(part.rows.tolist())}) == len(set(rows.tolist()))


def test_the_country_is_where_the_middle_of_the_tile_is():
    countries = gpd.read_parquet(data.folder("aoi") / "countries.parquet")
    frame = UTM.cover(shapely.box(5.6, 49.3, 6.7, 50.3)).frame()
    centres = gpd.GeoDataFrame({"id": frame["id"]}, geometry=frame["centroid"], crs="EPSG:4326")
    joined = gpd.sjoin(centres, countries[["code", "geometry"]], how="left", predicate="within")
    assert frame["country"].tolist() == joined["code"].tolist()
    assert set(frame["country"]) == {"BEL", "DEU", "FRA", "LUX"}
    sea = UTM.cover(shapely.box(-30.2, 40.1, -30, 40.2)).frame()
    assert sea["country"].isna().all()


def test_a_tile_is_indexed_once_whoever_asks_for_it():
    store = MemoryStore()
    catalog.index_tiles(plan("5.9,49.5,6.1,49.6", "b"), store)
    catalog.index_tiles(plan("6.05,49.5,6.2,49.65", "a"), store)
    for key, groups in (("utm31n", {("b",)}), ("utm32n", {("a",), ("b",), ("a", "b")})):
        table = read(store, layout.tiles(key))
        found = list(zip(table["row"].to_pylist(), table["col"].to_pylist(), strict=True))
        assert found == sorted(set(found))
        assert {tuple(names) for names in table["aois"].to_pylist()} == groups
    masks = masks_by_aoi(store)
    assert set(masks) == {"a", "b"}
    for name, box in (("a", "6.05,49.5,6.2,49.65"), ("b", "5.9,49.5,6.1,49.6")):
        cover = plan(box, name).cover
        assert masks[name] == {block.block: block.mask for block in cover.blocks}
    assert set(masks_by_aoi(store, "utm31n")) == {"b"}


def test_the_order_of_areas_does_not_matter():
    """Ten runs in any order leave the bytes that one order leaves."""
    boxes = {"a": "5.9,49.5,6.1,49.6", "b": "6.05,49.5,6.2,49.65", "c": "5.8,49.55,6.3,49.58"}
    contents = []
    for order in ("abc", "cba", "bacab"):
        store = MemoryStore()
        for name in order:
            catalog.index_tiles(plan(boxes[name], name), store)
        contents.append({key: store.get(key) for key, _ in store.listing("")})
        for name in order:
            assert catalog.is_indexed(plan(boxes[name], name), store)
    assert contents[0] == contents[1] == contents[2]


def test_an_index_that_says_it_all_is_not_written_again(monkeypatch):
    store = MemoryStore()
    catalog.index_tiles(plan("5.9,49.5,6.1,49.6", "a"), store)
    assert not catalog.is_indexed(plan("5.9,49.5,6.1,49.6", "b"), store)
    monkeypatch.setattr(store, "put", None)
    catalog.index_tiles(plan("5.9,49.5,6.05,49.6", "a"), store)
    assert catalog.is_indexed(plan("5.9,49.5,6.05,49.6", "a"), store)
    assert not catalog.is_indexed(plan("5.9,49.5,6.15,49.6", "a"), store)


def test_columns_that_others_attach_stay():
    store, key = MemoryStore(), layout.tiles("utm32n")
    catalog.index_tiles(plan("6.05,49.5,6.1,49.55", "a"), store)
    table = read(store, key)
    split = pa.array(["train" if row % 2 else "test" for row in table["row"].to_pylist()])
    share = pa.array(np.linspace(0, 1, table.num_rows))
    attached = table.set_column(table.column_names.index("split"), "split", split).append_column("tree_cover", share)
    buffer = io.BytesIO()
    pq.write_table(attached, buffer)
    store.put(key, buffer.getvalue())
    catalog.index_tiles(plan("6.05,49.5,6.2,49.6", "b"), store)
    before = {row["id"]: row for row in attached.to_pylist()}
    after = {row["id"]: row for row in read(store, key).to_pylist()}
    assert len(after) > len(before)
    for tile, row in after.items():
        old = before.get(tile, {"split": None, "tree_cover": None})
        assert (row["split"], row["tree_cover"]) == (old["split"], old["tree_cover"])
    assert problem_of(store, UTM, key) is None
    frame = gpd.read_parquet(io.BytesIO(store.get(key)))
    assert frame.columns.tolist()[-1] == "geometry"
    assert frame.crs.to_epsg() == 4326


def spoil(table, name, change):
    values = table[name].to_pylist()
    values[0] = change(values[0])
    return table.set_column(
        table.column_names.index(name), table.schema.field(name), pa.array(values, table.schema.field(name).type)
    )


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("id", lambda _: "utm32n_1_1"),
        ("block", lambda _: "utm32n_b1_1"),
        ("zone", lambda _: "utm31n"),
        (
            "geometry",
            lambda wkb: shapely.to_wkb(shapely.transform(shapely.from_wkb(wkb), lambda points: points + 1e-6)),
        ),
        ("centroid", lambda _: shapely.to_wkb(shapely.Point(0, 0))),
        ("bbox", lambda box: {**box, "xmin": box["xmin"] - 1e-6}),
        ("aois", lambda _: []),
        ("aois", lambda _: [""]),
    ],
)
def test_an_index_of_other_tiles_is_named(name, change):
    store, key = MemoryStore(), layout.tiles("utm32n")
    catalog.index_tiles(plan("6.05,49.5,6.2,49.6", "a"), store)
    assert problem_of(store, UTM, key) is None
    buffer = io.BytesIO()
    pq.write_table(spoil(read(store, key), name, change), buffer)
    store.put(key, buffer.getvalue())
    assert problem_of(store, UTM, key) == "has tiles that are not those of 'utm'"


@pytest.mark.parametrize("data", [b"", b"PAR1", b"no parquet"])
def test_a_damaged_index_is_refused(data):
    store, key = MemoryStore(), layout.tiles("utm32n")
    store.put(key, data)
    assert problem_of(store, UTM, key).startswith("is not an index of tiles of 'utm'")
    for call in (masks_by_aoi, lambda s: catalog.index_tiles(plan("6.05,49.5,6.2,49.6", "a"), s)):
        with pytest.raises(StoreError, match=f"'{key}' is not a tile index"):
            call(store)


def test_rows_out_of_order_are_refused():
    store, key = MemoryStore(), layout.tiles("utm32n")
    catalog.index_tiles(plan("6.05,49.5,6.2,49.6", "a"), store)
    buffer = io.BytesIO()
    pq.write_table(read(store, key).sort_by([("col", "ascending")]), buffer)
    with pytest.raises(ValueError, match="not sorted"):
        Asked.read(buffer.getvalue())


@pytest.fixture
def written(tmp_path):
    area = aoi.load("iso:LUX,BEL")
    path = tmp_path / "tiles.parquet"
    count = catalog.write_tiles(iter_zones(UTM, area.geometry), area.name, path)
    return path, count, UTM.cover(area.geometry)


def test_tiles_in_one_file(written, tmp_path):
    path, count, cover = written
    frame = gpd.read_parquet(path)
    assert frame["id"].tolist() == [tile.id for tile in cover.iter_tiles()]
    assert count == cover.tiles
    assert {tuple(names) for names in frame["aois"]} == {("iso:BEL,LUX",)}
    assert frame["split"].isna().all()
    near = gpd.read_parquet(path, bbox=(6.0, 49.5, 6.2, 49.6))
    expected = frame[frame.intersects(shapely.box(6.0, 49.5, 6.2, 49.6))]
    assert 0 < len(near) < len(frame) / 10
    assert set(expected["id"]) <= set(near["id"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiles.parquet"]


def test_readers_find_the_columns_of_geoparquet(written):
    import json

    path, _, _ = written
    geo = json.loads(pq.read_schema(path).metadata[b"geo"])
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
    assert geo["columns"]["geometry"]["covering"]["bbox"]["xmax"] == ["bbox", "xmax"]
    assert set(geo["columns"]) == {"centroid", "geometry"}
    assert gpd.read_parquet(path).set_geometry("centroid").crs.to_epsg() == 4326


def test_duckdb_reads_it(written):
    duckdb = pytest.importorskip("duckdb")
    path, count, _ = written
    frame = gpd.read_parquet(path)

    def ask(query):
        return duckdb.connect().sql(f"{query} from '{path}'").fetchall()

    assert ask("select count(*), max(len(aois)), min(zone)") == [(count, 1, "utm31n")]
    ((luxembourg,),) = ask("select count(*) filter (country = 'LUX')")
    assert luxembourg == (frame["country"] == "LUX").sum()
    box = "bbox.xmin < 6.2 and bbox.xmax > 6.0 and bbox.ymin < 49.6 and bbox.ymax > 49.5"
    near = duckdb.connect().sql(f"select id from '{path}' where {box}").fetchall()  # noqa: S608 - a file of ours
    assert sorted(tile for (tile,) in near) == sorted(gpd.read_parquet(path, bbox=(6.0, 49.5, 6.2, 49.6))["id"])


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot write .*where.parquet: .*no/"):
        catalog.write_tiles(iter_zones(UTM, aoi.load("demo").geometry), "demo", tmp_path / "no" / "where.parquet")
    with pytest.raises(ConfigError, match="AOI 'x' meets no tile"):
        catalog.write_tiles([], "x", tmp_path / "none.parquet")
    assert not list(tmp_path.iterdir())
