"""Splits: every tile in one, apart from each other, the same from the same."""

import hashlib
import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from eo_ingest import aoi
from eo_ingest.errors import ConfigError
from eo_ingest.grid import Grid
from eo_ingest.split import GUARD, Parting, Rule, Shares, Tiles, audit, freeze, part, read
from eo_ingest.split.band import bands
from eo_ingest.split.polygon import Layer

UTM = Grid.load("utm")
CONUS = Grid.load("conus-albers")
THREE = Shares.of({"train": 0.6, "val": 0.2, "test": 0.2})
BORDER = Tiles.of_cover(UTM.cover(shapely.box(5.2, 49.4, 6.8, 50.2)))  # two zones meet in its middle
FIJI = Tiles.of_cover(UTM.cover(aoi.load("178.5,-18,-178.5,-16.5").geometry))


def planar(tiles):
    """Outlines of tiles on a map around them, in kilometres: distances measured otherwise."""
    lon, lat = tiles.lonlat.mean(axis=0)
    there = Transformer.from_crs("EPSG:4326", f"+proj=aeqd +lat_0={lat} +lon_0={lon} +units=km", always_xy=True)
    return shapely.transform(
        tiles.polygons(np.arange(len(tiles))), lambda p: np.column_stack(there.transform(p[:, 0], p[:, 1]))
    )


def distances(tiles, parting):
    """Kilometres between the nearest outlines of tiles in different splits."""
    shapes = planar(tiles)
    own = [shapes[parting.within(name)] for name in parting.names]
    return min(
        float(shapely.distance(one[:, None], other[None]).min())
        for place, one in enumerate(own)
        for other in own[place + 1 :]
        if len(one) and len(other)
    )


RULES = st.builds(
    lambda method, seed, guard, angle, side: Rule.of(
        method,
        THREE,
        seed=seed,
        guard_km=guard,
        bands=10 if method == "bands" else None,
        angle=angle if method == "bands" else None,
        block=side if method == "blocks" else None,
    ),
    st.sampled_from(["bands", "blocks", "random"]),
    st.integers(0, 2**40),
    st.sampled_from([0.0, 1.0, 5.0, 12.5]),
    st.floats(-math.pi / 2, math.pi / 2),
    st.integers(1, 8),
)


@given(RULES)
@settings(max_examples=25, deadline=None)
def test_every_tile_is_in_one_split_and_splits_keep_apart(rule):
    parting = part(BORDER, rule)
    assert sum(parting.counts().values()) == len(BORDER)
    inside = np.sum([parting.within(name) for name in (*parting.names, GUARD)], axis=0)
    assert (inside == 1).all()
    if sum(bool(parting.within(name).any()) for name in parting.names) > 1:
        # The map stretches what lies 60 km from its middle by less than a metre; outlines bend by half a metre.
        assert distances(BORDER, parting) >= rule.guard_m / 1000 - 0.005


@given(RULES, st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_the_order_of_tiles_and_fractions_counts_for_nothing(rule, random):
    ids = BORDER.ids().to_pylist()
    random.shuffle(ids)
    other = Tiles.of_ids(UTM, [*ids, *ids[:5]])
    again = Rule.of(
        rule.method,
        Shares.of({"test": 0.2, "train": 0.6, "val": 0.2}),
        seed=rule.seed,
        bands=rule.bands,
        angle=rule.angle,
        block=rule.block,
        guard_km=rule.guard_m / 1000,
    )
    area = {"name": "border", "sha256": "0"}
    assert freeze(part(BORDER, rule), rule, area) == freeze(part(other, again), again, area)


@pytest.mark.parametrize("tiles", [BORDER, FIJI], ids=["zones meet", "antimeridian"])
def test_tiles_that_share_area_are_in_one_split_or_in_none(tiles):
    rule = Rule.of("blocks", THREE, block=6, seed=1)
    parting = part(tiles, rule)
    shapes = tiles.polygons(np.arange(len(tiles)))
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    shared = shapely.area(shapely.intersection(shapes[one], shapes[other])) > 1e-3 * shapely.area(shapes[one])
    one, other = one[shared & (one != other)], other[shared & (one != other)]
    assert len(one)
    assert (tiles.number[one] != tiles.number[other]).all()
    splits = parting.splits
    both = (splits[one] >= 0) & (splits[other] >= 0)
    assert (splits[one][both] == splits[other][both]).all()
    assert both.any()


def test_no_tile_is_lost_where_none_overlap():
    tiles = Tiles.of_cover(CONUS.cover(shapely.box(-100, 40, -98, 41)))
    assert part(tiles, Rule.of("blocks", THREE, block=2)).counts()[GUARD] == 0


def test_a_frozen_split_never_changes():
    """The bytes of today are those of any machine and version."""
    rule = Rule.of("bands", THREE, bands=10, angle=0.9, guard_km=1.0)
    data = freeze(part(BORDER, rule), rule, {"name": "border", "sha256": "0"})
    rule = Rule.of("blocks", Shares.of_folds(5), block=4, seed=7)
    data += freeze(part(BORDER, rule), rule, {"name": "border", "sha256": "0"})
    assert hashlib.sha256(data).hexdigest() == "b11c2d65ad352ff1c08e90c6726155962363e049ada9eda84b6f32f81a20def0"


@pytest.mark.parametrize(
    ("angle", "direction"),
    [(0, (0, 1)), (math.pi / 2, (1, 0)), (-math.pi / 2, (-1, 0)), (math.pi / 4, (1, 1)), (-math.pi / 4, (-1, 1))],
)
def test_the_angle_is_the_direction_in_which_bands_follow_each_other(angle, direction):
    band = bands(BORDER, 12, angle)
    assert set(band) == set(range(12))
    scaled = (BORDER.lonlat - BORDER.lonlat.min(axis=0)) / np.ptp(BORDER.lonlat, axis=0)
    along = scaled @ np.array(direction, dtype=float)
    expected = (along - along.min()) / np.ptp(along) * 12
    assert (np.abs(expected - band - 0.5) < 0.51).all()


def test_bands_are_those_of_geetiles():
    """Its own formula, on its own order of splits: train, test, val."""
    angle, count = 0.9, 10
    lonlat = BORDER.lonlat
    scaled = (lonlat - lonlat.min(axis=0)) / np.ptp(lonlat, axis=0)
    across, up = 1.0, (math.pi / 2 - angle) / (math.pi / 4)
    along = across * scaled[:, 0] + up * scaled[:, 1]
    band = np.minimum(((along - along.min()) / np.ptp(along) * count).astype(int), count - 1)
    names = np.array((["train"] * 3 + ["test", "val"]) * 2)[band]
    parting = part(BORDER, Rule.of("bands", THREE, bands=count, angle=angle))
    for name in parting.names:
        kept = parting.splits >= 0
        assert (parting.within(name)[kept] == (names[kept] == name)).mean() > 0.999


def test_bands_go_on_across_the_antimeridian():
    band = bands(FIJI, 6, math.pi / 2)
    east = FIJI.lonlat[:, 0] % 360
    edges = [(east[band == number].min(), east[band == number].max()) for number in range(6)]
    assert all(one[1] <= other[0] for one, other in pairwise(edges))


@given(
    st.lists(st.integers(1, 5000), min_size=1, max_size=60),
    st.sampled_from([THREE, Shares.of_folds(5), Shares.of({"a": 0.95, "b": 0.05})]),
)
@settings(max_examples=50, deadline=None)
def test_groups_are_allotted_as_near_to_the_fractions_as_one_group(sizes, shares):
    counts = np.array(sizes, dtype=np.int64)
    found = shares.allot(counts, np.arange(len(sizes), dtype=np.uint64))
    for place, weight in enumerate(shares.weights):
        assert counts[found == place].sum() <= counts.sum() * weight / shares.total + counts.max()


def test_folds_give_way_to_each_other_alike():
    shares = Shares.of_folds(5)
    lost = [[shares.yields(one, other) for other in range(5) if other != one] for one in range(5)]
    assert {sum(row) for row in lost} == {2}
    for one in range(5):
        assert all(shares.yields(one, other) != shares.yields(other, one) for other in range(one))


def test_no_country_is_in_two_splits():
    tiles = Tiles.of_cover(UTM.cover(shapely.box(5.5, 48.8, 8.5, 51)))
    parting = part(tiles, Rule.of("countries", Shares.of_folds(3)))
    layer = Layer.of_countries()
    shapes = tiles.polygons(np.arange(len(tiles)))
    seen = 0
    for country in layer.shapes:
        shapely.prepare(country)
        found = {int(split) for split in parting.splits[shapely.intersects(country, shapes)]} - {-1}
        assert len(found) <= 1
        seen += len(found)
    assert seen >= 3


def test_polygons_of_a_layer_in_any_order_and_crs(tmp_path):
    import geopandas as gpd

    corners = [(x, y) for x in range(52, 68, 4) for y in (197, 198, 199, 200)]
    squares = [shapely.box(x / 10, y / 4, (x + 4) / 10, (y + 1) / 4) for x, y in corners]
    frame = gpd.GeoDataFrame(geometry=squares, crs="EPSG:4326")
    frame.to_file(tmp_path / "one.geojson")
    frame.iloc[::-1].to_file(tmp_path / "other.gpkg")
    splits = []
    for name in ("one.geojson", "other.gpkg"):
        layer = Layer.read(tmp_path / name)
        splits.append(part(BORDER, Rule.of("polygons", THREE, layer=layer)).splits)
    assert (splits[0] == splits[1]).all()
    shapes = BORDER.polygons(np.arange(len(BORDER)))
    for square in squares:
        assert len(set(splits[0][shapely.intersects(square, shapes)]) - {-1}) <= 1
    assert len(set(splits[0])) == 4


def test_tiles_outside_all_polygons_are_in_no_split(tmp_path):
    (tmp_path / "one.wkt").write_text("POLYGON((5.2 49.4, 5.6 49.4, 5.6 50, 5.2 50, 5.2 49.4))")
    parting = part(BORDER, Rule.of("polygons", THREE, layer=Layer.read(tmp_path / "one.wkt")))
    outside = BORDER.lonlat[:, 0] > 5.7
    assert (parting.splits[outside] == -1).all()
    assert (parting.splits[BORDER.lonlat[:, 0] < 5.55] >= 0).any()


RULE = Rule.of("blocks", THREE, block=4)


@pytest.fixture
def split_file(tmp_path):
    path = tmp_path / "a.split.csv"
    path.write_bytes(freeze(part(BORDER, RULE), RULE, {"name": "border", "sha256": "0"}))
    return path


def test_a_split_file_is_read_back(split_file):
    import pandas as pd

    found = read(split_file, UTM)
    parting = part(BORDER, RULE)
    assert found.parting.tiles.ids() == BORDER.ids()
    assert (found.parting.splits == parting.splits).all()
    assert found.header["tiles"] == parting.counts()
    table = pd.read_csv(split_file, comment="#")
    assert table["split"].value_counts().to_dict() == {k: n for k, n in parting.counts().items() if n}
    assert table["id"].tolist() == BORDER.ids().to_pylist()


def test_a_split_file_of_another_grid_is_refused(split_file):
    with pytest.raises(ConfigError, match=r"a.split.csv is of grid 'utm' .*not of grid 'conus-albers'.*other places"):
        read(split_file, CONUS)


def test_a_split_file_that_was_changed_is_refused(split_file):
    data = split_file.read_bytes()
    split_file.write_bytes(data.replace(b",train\n", b",test\n", 1))
    with pytest.raises(ConfigError, match="was changed or cut short"):
        read(split_file, UTM)


@pytest.mark.parametrize("data", [b"", b"id,split\nutm31n_7_2,train\n", b"# eo-ingest split\n# []\n", b"\x89PNG"])
def test_what_is_no_split_file_is_refused(tmp_path, data):
    (tmp_path / "x.csv").write_bytes(data)
    with pytest.raises(ConfigError, match="is no split file"):
        read(tmp_path / "x.csv", UTM)


def test_a_split_file_of_another_format_says_so(split_file):
    magic, told, body = split_file.read_bytes().split(b"\n", 2)
    header = {**json.loads(told[2:]), "format": 9}
    split_file.write_bytes(b"\n".join([magic, b"# " + json.dumps(header).encode(), body]))
    with pytest.raises(ConfigError, match="is of format 9: this version reads 1"):
        read(split_file, UTM)


@pytest.mark.parametrize(
    ("fractions", "message"),
    [
        ({"a": 0.5, "b": 0.4}, "add up to 0.9: expected 1"),
        ({"a": 1.0, "b": 0.0}, "'b' has the fraction 0"),
        ({"guard": 1.0}, "cannot be called 'guard'"),
        ({"a b": 1.0}, "cannot be called 'a b'"),
        ({}, "there are 0 splits"),
    ],
)
def test_fractions_that_are_none(fractions, message):
    with pytest.raises(ConfigError, match=message):
        Shares.of(fractions)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"method": "bands", "bands": 4}, "4 bands are too few: these fractions need 5"),
        ({"method": "bands", "bands": 1}, "there are 1 bands"),
        ({"method": "blocks", "angle": 0.5}, "angle goes with the method 'bands'"),
        ({"method": "polygons"}, "needs a layer"),
        ({"method": "dice"}, "no way 'dice'"),
        ({"method": "random", "guard_km": -1}, "the guard is -1 km"),
        ({"method": "random", "guard_km": math.nan}, "the guard is nan km"),
        ({"method": "blocks", "block": 0}, "0 tiles a side"),
    ],
)
def test_rules_that_are_none(values, message):
    with pytest.raises(ConfigError, match=message):
        Rule.of(values.pop("method"), THREE, **values)


def test_an_angle_in_degrees_is_refused():
    with pytest.raises(ConfigError, match="the angle of the bands is 90: expected radians"):
        part(BORDER, Rule.of("bands", THREE, angle=90.0))


@pytest.mark.parametrize("name", ["no.geojson", "empty.geojson", "points.wkt"])
def test_layers_that_are_none(tmp_path, name):
    (tmp_path / "empty.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    (tmp_path / "points.wkt").write_text("POINT(5 50)")
    with pytest.raises(ConfigError, match=f"layer '.*{name}'"):
        Layer.read(tmp_path / Path(name))


@given(RULES)
@settings(max_examples=10, deadline=None)
def test_the_audit_measures_what_another_map_does(rule):
    parting = part(BORDER, rule)
    told = audit.distances(parting, 8.0, folds=False)
    shapes = planar(BORDER)
    train = shapes[parting.within("train")]
    for one in told:
        between = shapely.distance(shapes[parting.within(one.split)][:, None], train[None]).min(axis=1)
        assert one.nearest_km == pytest.approx(float(between.min()), abs=0.01)
        assert one.share_within == pytest.approx(float((between < 8.0).mean()), abs=0.02)
        assert one.overlapping == 0


def test_the_audit_sees_a_leak():
    """Halves that were parted without regard to zones."""
    splits = (np.arange(len(BORDER)) % 2).astype(np.int32)
    told = audit.distances(Parting(BORDER, ("train", "test"), splits), 1.0, folds=False)
    assert told[0].overlapping > 10
    assert told[0].nearest_km == 0
    assert told[0].share_within > 0.9


def test_folds_are_held_against_all_others():
    parting = part(BORDER, Rule.of("blocks", Shares.of_folds(4), block=5, guard_km=1.0))
    told = audit.distances(parting, 5.0, folds=True)
    assert [(one.split, one.against) for one in told] == [(f"fold-{n}", "others") for n in range(4)]
    assert all(one.nearest_km >= 1 for one in told)
    assert sum(audit.fractions(parting).values()) == pytest.approx(1)
