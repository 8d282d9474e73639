"""The tile index, the compaction, status and reading, over a store that the fake source filled."""

import io
import json
import re
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pyarrow.parquet as pq
import pytest

from eo_ingest import catalog, manifest, products, reader, runtime, validate
from eo_ingest.errors import ConfigError, StoreError
from eo_ingest.grid import Tile
from eo_ingest.plan import fingerprint
from tests_support import refusal

DEMO = ["utm32n_1007_65", "utm32n_1007_66", "utm32n_1008_65", "utm32n_1008_66"]
CORNER = "6.13,49.61,6.135,49.615"


def opened(config):
    return runtime.existing(config.store)


def counts(config, product="worldcover", period="2020"):
    store, grid = opened(config)
    found = catalog.status(store, catalog.wanted(store), runtime.current_fingerprint(grid))
    return found["products"][product][period]


def rows(config):
    store, _ = opened(config)
    return pq.read_table(io.BytesIO(store.get("manifest.parquet"))).to_pylist()


def index(config):
    store, _ = opened(config)
    return gpd.read_parquet(io.BytesIO(store.get("tiles/utm32n.parquet")))


def test_the_index_names_tiles_and_who_asked(source, config):
    runtime.tile(config())
    frame = index(config())
    assert list(frame["id"]) == DEMO
    assert frame.crs.to_epsg() == 4326
    assert [list(a) for a in frame["aois"]] == [["demo"]] * 4
    assert {"row", "col", "zone", "block", "centroid", "split"} <= set(frame.columns)


def test_a_second_aoi_is_added_to_the_index(source, config):
    runtime.tile(config())
    runtime.tile(config(aoi=CORNER))
    frame = index(config())
    by_tile = {tile: list(aois) for tile, aois in zip(frame["id"], frame["aois"], strict=True)}
    assert set(by_tile) >= set(DEMO)
    assert sum(CORNER in aois for aois in by_tile.values()) == 1
    assert source.calls.total() == 4  # the corner lies in a tile that the demo made


def test_the_compaction_has_a_row_per_tile_and_series(source, config):
    source.empty = {DEMO[0]}
    runtime.tile(config())
    found = rows(config())
    assert [(r["period"], r["tile"]) for r in found] == [(p, t) for p in ("2020", "2021") for t in DEMO]
    assert {r["status"] for r in found if r["tile"] == DEMO[0]} == {"empty"}
    assert {r["status"] for r in found if r["tile"] != DEMO[0]} == {"ok"}


def test_the_compaction_follows_the_records(source, config):
    store, _ = (runtime.tile(config()), opened(config()))[1]
    (first, *_) = [key for key, _ in store.listing("manifest/worldcover/2020/")]
    store.delete(first)
    catalog.compact(store)
    assert len(rows(config())) == 6
    store.put("manifest.parquet", b"junk")
    catalog.compact(store)
    assert len(rows(config())) == 6


def test_status_counts_what_is_done(source, config):
    source.empty = {DEMO[0]}
    runtime.tile(config())
    assert counts(config()) == {
        "jobs": {"done": 2, "stale": 0, "failed": 0, "missing": 0},
        "tiles": {"ok": 3, "empty": 1, "failed": 0, "missing": 0},
    }


def test_status_counts_what_failed_and_what_is_missing(source, config):
    broken = "worldcover/2020/utm32n/utm32n_b251_16"
    source.broken = {broken: refusal()}
    run = runtime.tile(config(limit=1, products=("worldcover",), periods=("2020",)))
    assert run.totals.jobs["failed"] == 1
    assert counts(config()) == {
        "jobs": {"done": 0, "stale": 0, "failed": 1, "missing": 1},
        "tiles": {"ok": 0, "empty": 0, "failed": 2, "missing": 2},
    }
    source.broken = {}
    runtime.tile(config(periods=("2020",)))
    assert counts(config())["jobs"] == {"done": 2, "stale": 0, "failed": 0, "missing": 0}


def test_another_definition_makes_jobs_stale_and_a_run_renews_them(source, config, monkeypatch):
    runtime.tile(config())
    product = products.REGISTRY["worldcover"]
    other = replace(product.variables[0], valid_range=(10, 101))
    monkeypatch.setitem(products.REGISTRY, "worldcover", replace(product, variables=(other,)))
    assert counts(config()) == {
        "jobs": {"done": 0, "stale": 2, "failed": 0, "missing": 0},
        "tiles": {"ok": 0, "empty": 0, "failed": 0, "missing": 4},
    }
    assert runtime.tile(config()).totals.jobs["done"] == 4
    assert counts(config())["jobs"]["done"] == 2


def test_a_run_is_described_without_paths(source, config):
    runtime.tile(config(store=config().store))
    store, _ = opened(config())
    ((key, _),) = list(store.listing("runs/"))
    text = store.get(key).decode()
    assert config().store not in text
    assert '"demo"' in text


def test_a_damaged_run_or_index_is_named(source, config):
    runtime.tile(config())
    store, _ = opened(config())
    store.put("runs/x.json", b"{}")
    with pytest.raises(StoreError, match=r"runs/x\.json"):
        catalog.wanted(store)
    store.delete("runs/x.json")
    store.put("tiles/utm32n.parquet", b"junk")
    with pytest.raises(StoreError, match="tile index"):
        catalog.wanted(store)


def test_the_reader_gives_back_what_the_source_gave(source, config):
    runtime.tile(config(products=("s2",)))
    store, grid = opened(config())
    product = products.get("s2")
    tile = Tile.parse(DEMO[1])
    raster = reader.read_tile(store, product, "2020", tile)
    block, index = grid.lattice.block_of(tile), grid.lattice.index_of(tile)
    (job,) = [j for j in source.fetched if j.block == block]
    assert np.array_equal(raster["reflectance"], source.tile(product, 4, job, index)["reflectance"])
    assert reader.read_tile(store, product, "2020", grid.tile("utm32n_1_1")) is None
    physical = reader.physical(np.array([65535, 5000], "uint16"), product, "reflectance")
    assert np.isnan(physical[0])
    assert physical[1] == pytest.approx(0.5)


def test_superseded_records_are_swept(source, config):
    runtime.tile(config(aoi=CORNER, periods=("2020",)))
    store, grid = opened(config())
    before = {key: store.get(key) for key, _ in store.listing("manifest/")}
    runtime.tile(config(periods=("2020",)))
    for key, data in before.items():
        store.put(key, data)  # as if the run had died before it dropped the old record
    catalog.compact(store)
    names = manifest.scan(store, "worldcover", "2020").names
    assert all(len(found) == 1 for found in names.values())
    assert len(rows(config())) == 4
    assert fingerprint(products.get("worldcover"), runtime.resolve(config()).series[0][1], grid)


def test_a_run_s_description_ends_with_what_came_of_it(source, config):
    run = runtime.tile(config())
    store, _ = opened(config())
    described = json.loads(store.get(f"runs/{run.id}.json"))
    assert described["totals"]["jobs"] == {"done": 4, "failed": 0, "kept": 0}
    assert described["finished"]


def test_two_areas_of_one_name_are_told_apart(source, config, tmp_path):
    for name, west, year in (("a", 6.13, "2020"), ("b", 6.19, "2021")):
        (tmp_path / name).mkdir()
        area = tmp_path / name / "area.wkt"
        ring = f"{west} 49.61, {west + 0.002} 49.61, {west + 0.002} 49.612, {west} 49.612, {west} 49.61"
        area.write_text(f"POLYGON(({ring}))")
        runtime.tile(config(aoi=str(area), periods=(year,)))
        runtime.tile(config(aoi=str(area), periods=(year,)))
    assert counts(config())["tiles"] == {"ok": 1, "empty": 0, "failed": 0, "missing": 0}
    assert counts(config(), period="2021")["tiles"] == {"ok": 1, "empty": 0, "failed": 0, "missing": 0}
    names = sorted({name for aois in index(config())["aois"] for name in aois})
    assert names[0] == "area"
    assert re.fullmatch(r"area-[0-9a-f]{8}", names[1])


def test_a_period_that_is_not_over_is_refused(source, config):
    with pytest.raises(ConfigError, match=r"2190-12-01 .* not over yet"):
        runtime.tile(config(products=("s2",), periods=("2190",)))
    assert not source.calls


def test_products_named_twice_are_made_once(source, config):
    assert runtime.tile(config(products=("worldcover", "worldcover"))).totals.jobs["done"] == 4


def test_rasters_given_as_assets_do_not_mix_with_others(source, config, tmp_path):
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / "a.tif").write_bytes(b"one")
    (assets / ".hidden").write_bytes(b"")
    runtime.tile(config(assets=str(assets)))
    (assets / ".hidden").unlink()
    runtime.tile(config(assets=str(assets)))
    store, grid = opened(config())
    assert not validate.verify(store, grid).problems
    with pytest.raises(ConfigError, match="rasters given as assets and this run makes synthetic data"):
        runtime.tile(config())
    (assets / "a.tif").write_bytes(b"two")
    with pytest.raises(ConfigError, match="makes other data from rasters given as assets"):
        runtime.tile(config(assets=str(assets)))
