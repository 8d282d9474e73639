"""Chips: from a file of footprints to squares on the pixel grid of their zone."""

import json
import os
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from eo_ingest.errors import ConfigError
from eo_ingest.grid import Chips, ChipZone, Grid, Lattice, Tile
from eo_ingest.grid.chips.definition import Placing
from eo_ingest.grid.chips.placing import place
from eo_ingest.grid.chips.zone import chip_zones
from eo_ingest.grid.zone import utm_crs
from eo_ingest.job import Job
from eo_ingest.ports import Fetched
from eo_ingest.sources.chipwise import ChipwiseSource

SIZE = 4480
PLACING = Placing(file=None, id=None, lon=None, lat=None, anchor="centre", offset=(0, 0), snap=20)
LATTICE = Lattice(stacked=True)


def rectangle(lon, lat, size=SIZE):
    """A footprint as geetiles makes them: along meridians and parallels."""
    half_lat = size / 2 / 111_320
    half_lon = half_lat / np.cos(np.deg2rad(lat))
    return shapely.box(lon - half_lon, lat - half_lat, lon + half_lon, lat + half_lat)


def m3leo(folder, count=20):
    """A file in the form of M3LEO's partitions: an identifier of 13 hex digits, an area, a rectangle in degrees."""
    footprints = [rectangle(5.9 + 0.0627 * (i % 5), 49.5 + 0.0402 * (i // 5)) for i in range(count)]
    ids = [f"{i * 7919:013x}" for i in range(count)]
    path = folder / "lux_partitions_aschips_23489d30a312b.geojson"
    frame = gpd.GeoDataFrame({"identifier": ids, "area_km2": 20.07}, geometry=footprints, crs="EPSG:4326")
    frame.to_file(path, driver="GeoJSON")
    return path, dict(zip(ids, footprints, strict=True))


def grid_of(folder, chips, **keys):
    text = [f"{key} = {value}" for key, value in {"resolution": 10, "tile_px": 448, **keys}.items()]
    pairs = [f"{key} = {json.dumps(value)}" for key, value in chips.items()]
    (folder / "chips.toml").write_text("\n".join(['kind = "chips"', *text, "[chips]", *pairs]))
    return Grid.load(str(folder / "chips.toml"))


def to_zone(geometry, zone):
    transformer = Transformer.from_crs("EPSG:4326", zone.crs, always_xy=True)
    return shapely.transform(geometry, lambda points: np.column_stack(transformer.transform(*points.T)))


def test_a_published_files_footprints_are_refilled(tmp_path):
    path, footprints = m3leo(tmp_path)
    grid = grid_of(tmp_path, {"file": path.name, "id": "identifier"})
    assert [zone.name for zone in grid.zones] == ["utm31n", "utm32n"]
    assert {chip for zone in grid.zones for chip in zone.ids} == set(footprints)
    for zone in grid.zones:
        for number, chip in enumerate(zone.ids):
            left, bottom, right, top = zone.bounds(Tile(zone.name, number, 0))
            assert (right - left, top - bottom) == (SIZE, SIZE)
            assert left % 20 == top % 20 == 0
            footprint = to_zone(footprints[chip], zone)
            own = shapely.box(left, bottom, right, top)
            assert shapely.distance(shapely.envelope(footprint).centroid, own.centroid) <= 10 * np.sqrt(2)
            covered = shapely.intersection(footprint, own).area / footprint.area
            assert zone.covered[number] == pytest.approx(covered, abs=1e-6)
            assert covered > 0.95


def test_chips_that_are_neighbours_are_in_one_block(tmp_path):
    """A square of 4 × 4 chips is four times 4 of them along the curve; blocks of 16 span little ground."""
    path, _ = m3leo(tmp_path)
    zone = grid_of(tmp_path, {"file": path.name, "id": "identifier"}).zones[1]
    assert len(zone.ids) > 10
    steps = np.hypot(np.diff(zone.left), np.diff(zone.top))
    assert np.median(steps) < 1.5 * SIZE


def test_points_of_major_tom(tmp_path):
    """Points are the lower left corners of cells of 10 km; patches of 1 068 px reach 340 m beyond on each side."""
    names, points = ["533U_108R", "532U_107R"], shapely.points([[12.1, 47.9], [11.97, 47.81]])
    gpd.GeoDataFrame({"grid_cell": names}, geometry=points, crs="EPSG:4326").to_parquet(tmp_path / "mtom.parquet")
    keys = {"file": "mtom.parquet", "id": "grid_cell", "anchor": "lower-left", "offset": [-340, -340], "snap": 10}
    grid = grid_of(tmp_path, keys, tile_px=1068, block_tiles=2)
    assert {zone.name: zone.ids.tolist() for zone in grid.zones} == {"utm33n": names[:1], "utm32n": names[1:]}
    for zone, point in zip(grid.zones, points[::-1], strict=True):
        corner = to_zone(point, zone)
        left, bottom, right, top = zone.bounds(Tile(zone.name, 0, 0))
        assert (right - left, top - bottom) == (10_680, 10_680)
        assert max(abs(left - (corner.x - 340)), abs(bottom - (corner.y - 340))) <= 5
        assert np.isnan(zone.covered).all()
    assert grid.lattice.nearest(80) == 60


def test_tables_of_places(tmp_path):
    frame = pd.DataFrame({"patch": ["007", "008"], "x": [12.1, -70.5], "y": [47.9, -33.4]})
    frame.to_csv(tmp_path / "places.csv", index=False)
    grid = grid_of(tmp_path, {"file": "places.csv", "id": "patch", "lon": "x", "lat": "y"})
    assert {zone.name: zone.ids.tolist() for zone in grid.zones} == {"utm19s": ["008"], "utm33n": ["007"]}
    frame.to_parquet(tmp_path / "places.parquet")
    same = grid_of(tmp_path, {"file": "places.parquet", "id": "patch", "lon": "x", "lat": "y"})
    assert same.digest == grid.digest
    numbered = grid_of(tmp_path, {"file": "places.csv", "lon": "x", "lat": "y"})
    assert sorted(numbered.chips.ids) == ["0", "1"]
    assert numbered.digest != grid.digest


def test_a_file_in_another_crs(tmp_path):
    path, _ = m3leo(tmp_path)
    gpd.read_file(path).to_crs("EPSG:3035").to_file(tmp_path / "laea.gpkg")
    one, other = (grid_of(tmp_path, {"file": name, "id": "identifier"}) for name in (path.name, "laea.gpkg"))
    assert one.digest == other.digest


PLACES = st.tuples(st.floats(-180, 180), st.floats(-79.9, 83.9))


@settings(deadline=None, max_examples=40)
@given(st.lists(PLACES, min_size=1, max_size=30, unique=True), st.sampled_from([10, 20, 60]), st.randoms())
def test_the_order_of_a_file_does_not_matter_and_tables_read_back(places, snap, random):
    geometries = np.array([rectangle(lon, lat) for lon, lat in places], dtype=object)
    ids = np.array([f"chip {i}" for i in range(len(places))], dtype=object)
    placing = replace(PLACING, snap=snap)
    chips = place(ids, geometries, placing, LATTICE)
    order = random.sample(range(len(ids)), len(ids))
    again = place(ids[order], geometries[order], placing, LATTICE)
    assert again.digest == chips.digest
    assert Chips.from_parquet(chips.to_parquet()).digest == chips.digest
    assert chips.zones.tolist() == sorted(chips.zones)
    assert (chips.left % snap == 0).all()
    assert (chips.top % snap == 0).all()
    zones = chip_zones(chips, LATTICE)
    assert sum(zone.tile_rows for zone in zones) == len(places)
    for zone in zones:
        assert zone.crs == utm_crs(zone.name)
        for number in range(zone.tile_rows):
            tile = Tile(zone.name, number, 0)
            block = LATTICE.block_of(tile)
            assert block.tile(LATTICE.index_of(tile)) == tile
            assert zone.affine(tile) == (10, 0, zone.left[number], 0, -10, zone.top[number])


def test_a_footprint_across_the_antimeridian():
    split = shapely.MultiPolygon([shapely.box(179.98, -17, 180, -16.96), shapely.box(-180, -17, -179.97, -16.96)])
    chips = place(np.array(["a"], dtype=object), np.array([split], dtype=object), PLACING, LATTICE)
    assert chips.zones.tolist() == ["utm01s"]
    assert chips.covered[0] > 0.8


@pytest.fixture
def luxembourg(tmp_path):
    path, _ = m3leo(tmp_path)
    return grid_of(tmp_path, {"file": path.name, "id": "identifier"})


def test_the_chips_of_an_area_are_those_that_share_in_it(luxembourg):
    box = shapely.box(5.95, 49.52, 6.05, 49.58)
    found = {tile.id for tile in luxembourg.cover(box).iter_tiles()}
    expected = set()
    for zone in luxembourg.zones:
        area = to_zone(shapely.segmentize(box, 0.001), zone)
        for number in range(zone.tile_rows):
            tile = Tile(zone.name, number, 0)
            if shapely.intersection(area, shapely.box(*zone.bounds(tile))).area > 1:
                expected.add(tile.id)
    assert found == expected
    assert 4 < len(found) < 20


def test_all_chips_and_none(luxembourg):
    assert luxembourg.cover(shapely.box(-180, -80, 180, 84)).tiles == 20
    with pytest.raises(ConfigError, match="the area meets none of the chips of 'chips'"):
        luxembourg.cover(shapely.box(10, 10, 11, 11))


def test_the_index_keeps_foreign_ids(luxembourg):
    frame = luxembourg.cover(shapely.box(-180, -80, 180, 84)).frame()
    assert frame["chip"].is_unique
    assert set(frame["chip"]) == {chip for zone in luxembourg.zones for chip in zone.ids}
    assert frame["covered"].between(0.95, 1).all()
    for row in frame.itertuples():
        zone = luxembourg.zone(row.zone)
        assert np.allclose(to_zone(row.geometry, zone).bounds, zone.bounds(Tile(row.zone, row.row, 0)), atol=1e-3)
        assert row.block == luxembourg.lattice.block_of(Tile(row.zone, row.row, row.col)).id


def test_cells_of_a_stack(luxembourg):
    zone = luxembourg.zones[1]
    assert isinstance(zone, ChipZone)
    assert zone.block_rows == -(-zone.tile_rows // 16)
    assert luxembourg.block("utm32n_s0_0") == zone.block(0, 0)
    west, south, east, north = zone.bounds(zone.block(0, 0))
    assert (west, north) == (zone.left[:16].min(), zone.top[:16].max())
    assert (east, south) == (zone.left[:16].max() + SIZE, zone.top[:16].min() - SIZE)
    for call in (lambda: zone.affine(zone.block(0, 0)), zone.affine):
        with pytest.raises(ConfigError, match="chips of zone 'utm32n' have places of their own"):
            call()
    for text, message in (
        ("utm32n_b0_0", "is no stack of the grid: expected one such as 'utm32n_s0_0'"),
        ("utm32n_2s0_0", "is no stack of the grid"),
        ("utm32n_s9_0", "lies outside its zone: expected rows 0 to"),
        ("utm33n_s0_0", "belongs to grid 'utm', not 'chips'"),
    ):
        with pytest.raises(ConfigError, match=message):
            luxembourg.block(text)
    with pytest.raises(ConfigError, match="tile 'utm32n_0_1' lies outside its zone"):
        luxembourg.tile("utm32n_0_1")


@pytest.mark.parametrize(
    ("chips", "message"),
    [
        ({"file": "no.geojson"}, "there is no file '.*no.geojson'"),
        ({"file": "."}, "is a folder, expected a file of polygons or points"),
        ({"file": "lux.geojson", "id": "name"}, "it has no column 'name': its columns are identifier, area_km2"),
        ({"file": "lux.geojson", "id": "area_km2"}, "1 ids are not unique in the column 'area_km2', such as '20.07'"),
        ({"file": "text.geojson"}, "it cannot be read"),
        ({"file": "empty.geojson"}, "it holds no feature"),
        ({"file": "lines.geojson"}, "feature 0 has a LineString, expected a polygon or a point .and so in 1 in all."),
        ({"file": "pole.geojson"}, "1 of 1 chips lie beyond 80°S to 84°N, .* such as one at latitude 88"),
        ({"file": "null.geojson", "id": "id"}, "1 of 2 features have no id in the column 'id'"),
        ({"file": "table.csv"}, "it has no geometries: say with lon and lat"),
        ({"file": "table.csv", "lon": "x", "lat": "z"}, "the column 'z' holds other than numbers"),
        ({"file": "table.csv", "lon": "y", "lat": "x"}, "its axes are swapped|not degrees"),
        ({"file": "lux.geojson", "lon": "x"}, "lon and lat belong together"),
        ({"file": "lux.geojson", "anchor": "top"}, "anchor is 'top', expected one of centre, lower-left, upper-left"),
        ({"file": "lux.geojson", "snap": 15}, "snap is 15 m, expected a multiple of the resolution of 10 m"),
        ({"file": "lux.geojson", "snap": 0}, "snap is 0, expected a positive whole number"),
        ({"file": "lux.geojson", "offset": [1]}, r"offset is \[1\], expected \[east, north\] in metres"),
        ({"file": "lux.geojson", "colour": "red"}, "unknown key 'colour'"),
        ({"id": "identifier"}, "key 'file' is missing"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, chips, message):
    m3leo(tmp_path)[0].rename(tmp_path / "lux.geojson")
    (tmp_path / "text.geojson").write_text("no JSON")
    (tmp_path / "empty.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    shapes = {"lines": shapely.LineString([(0, 0), (1, 1)]), "pole": rectangle(10, 88)}
    for name, shape in shapes.items():
        gpd.GeoDataFrame(geometry=[shape], crs="EPSG:4326").to_file(tmp_path / f"{name}.geojson")
    both = gpd.GeoDataFrame({"id": ["a", None]}, geometry=[rectangle(1, 1), rectangle(2, 2)], crs="EPSG:4326")
    both.to_file(tmp_path / "null.geojson")
    pd.DataFrame({"x": [120.5], "y": [30.5], "z": ["?"]}).to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(ConfigError, match=message):
        grid_of(tmp_path, chips)


def test_a_file_of_chips_that_changes_is_read_again(tmp_path):
    path, _ = m3leo(tmp_path)
    before = grid_of(tmp_path, {"file": path.name, "id": "identifier"})
    gpd.read_file(path).iloc[:5].to_file(path, driver="GeoJSON")
    os.utime(path, ns=(1, 1))
    after = Grid.load(str(tmp_path / "chips.toml"))
    assert (len(before.chips), len(after.chips)) == (20, 5)
    assert Grid.load(str(tmp_path / "chips.toml")) is after


def test_a_damaged_table_is_refused():
    with pytest.raises(ConfigError, match="the table of chips is damaged"):
        Chips.from_parquet(b"PAR1 and no more")


class Single:
    """A source of blocks of one chip, that notes what it was asked for."""

    name, synthetic = "single", True

    def __init__(self, broken=()):
        self.asked, self.broken, self.closed = [], broken, False

    def fetch(self, job):
        self.asked.append(job)
        if job.block.row in self.broken:
            raise ConfigError("no such luck")
        scene = {"system:index": f"S{job.block.row // 2}"}
        tiles = {0: {"v": np.full(1, job.block.row)}}
        return Fetched(tiles=tiles, scenes={"2020": [scene]}, requests=2, payload=5, retries=1)

    def close(self):
        self.closed = True


def test_a_stack_is_fetched_chip_by_chip():
    single = Single()
    source = ChipwiseSource(single)
    block = LATTICE.block_of(Tile("utm32n", 37, 0))
    fetched = source.fetch(Job("p", "2020", block, 0b1000_0000_0010_0011))
    assert {number: raster["v"][0] for number, raster in fetched.tiles.items()} == {0: 32, 1: 33, 5: 37, 15: 47}
    assert sorted(job.block.row for job in single.asked) == [32, 33, 37, 47]
    assert {(job.block.side, job.block.stacked, job.tiles) for job in single.asked} == {(1, True, 1)}
    assert [row["system:index"] for row in fetched.scenes["2020"]] == ["S16", "S18", "S23"]
    assert (fetched.requests, fetched.payload, fetched.retries, fetched.eecu_seconds) == (8, 20, 4, None)
    source.close()
    assert single.closed
    assert (source.name, source.synthetic) == ("single", True)


def test_a_chip_that_fails_fails_the_job_and_is_named():
    with pytest.raises(ConfigError, match=r"no such luck \(chip utm32n_33_0\)"):
        ChipwiseSource(Single(broken={33})).fetch(Job("p", "2020", LATTICE.block_of(Tile("utm32n", 32, 0)), 0b11))
