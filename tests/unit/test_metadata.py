import json

import numpy as np
import pytest
import xarray as xr
import zarr

from eo_ingest.grid import Block, Grid
from eo_ingest.period import Period
from eo_ingest.products import REGISTRY
from eo_ingest.stores import codec, layout, metadata
from eo_ingest.stores.local import LocalStore

GRID = Grid.load("utm")
BLOCK = Block("utm32n", 251, 16)


def form(product):
    """What decides how a product's arrays look, but for the words and the names of bands."""
    variables = [(v.dtype, v.kind, v.nodata, v.scale_factor, v.add_offset, len(v.bands)) for v in product.variables]
    return product.cadence, product.resolution, tuple(variables)


# One product of each form, the first by name: variants have the same.
FORMS = sorted({form(REGISTRY[name]): name for name in sorted(REGISTRY, reverse=True)}.values())


@pytest.fixture(scope="module")
def stores():
    return {}


@pytest.fixture(params=FORMS)
def opened(request, stores, tmp_path_factory):
    """A store with one tile of one product, opened by xarray with nothing of ours. Do not change it: it is kept."""
    if request.param not in stores:
        stores[request.param] = made(REGISTRY[request.param], tmp_path_factory.mktemp("store"))
    return stores[request.param]


def made(product, folder):
    period = product.periods[0]
    store = LocalStore(folder / "s.zarr")
    store.put(layout.ROOT, metadata.root(GRID, synthetic=True))
    for key, data in metadata.objects(product, Period.parse(period), GRID.zone("utm32n")).items():
        store.put(key, data)
    frames = len(product.frames(Period.parse(period)))
    tiles = {}
    for variable in product.variables:
        rng = np.random.default_rng(5)
        shape = (frames, len(variable.bands), product.tile_px, product.tile_px)
        choices = [f.value for f in variable.flags] or range(300)
        tiles[variable.name] = rng.choice([*choices, variable.nodata], shape).astype(variable.dtype)
        shard = codec.pack({5: codec.encode(tiles[variable.name], variable)})
        store.put(layout.shard(product.name, period, BLOCK, variable.name), shard)
    group = layout.group(product.name, period, "utm32n")
    dataset = xr.open_zarr(f"{store.url}/{group}", chunks=None)
    return product, dataset, tiles, store, group


def test_xarray_reads_the_tile_where_it_is(opened):
    product, dataset, tiles, _, _ = opened
    side = product.tile_px
    west, south, east, north = GRID.zone("utm32n").bounds(BLOCK.tile(5))
    for variable in product.variables:
        part = dataset[variable.name].sel(x=slice(west, east), y=slice(north, south)).load()
        assert part.shape[-2:] == (side, side)
        assert float(part.x[0]) == west + product.resolution / 2
        assert float(part.y[0]) == north - product.resolution / 2
        expected = tiles[variable.name].astype("float64")
        expected[tiles[variable.name] == variable.nodata] = np.nan
        expected = expected * (variable.scale_factor or 1) + (variable.add_offset or 0)
        values = part.values
        if variable.kind == "date":  # decoded to days
            values = np.where(np.isnat(values), np.nan, (values - np.datetime64("1970-01-01")) / np.timedelta64(1, "D"))
        assert np.allclose(values, expected, equal_nan=True)


def test_what_was_never_written_is_nan(opened):
    product, dataset, _, _, _ = opened
    for variable in product.variables:
        assert np.isnan(dataset[variable.name][..., :2, :2].values).all()


def test_frames_bands_and_bounds_are_named(opened):
    product, dataset, _, _, _ = opened
    frames = product.frames(Period.parse(product.periods[0]))
    assert list(dataset.frame.values) == [f.label for f in frames]
    assert [str(d)[:10] for d in dataset.frame_start.values] == [str(f.start) for f in frames]
    assert [str(d)[:10] for d in dataset.frame_end.values] == [str(f.end) for f in frames]
    for variable in product.variables:
        assert list(dataset[variable.band_dim].values) == list(variable.bands)


def test_cf_attributes_are_complete(opened):
    product, dataset, _, store, group = opened
    assert dataset.attrs["Conventions"].startswith("CF-")
    assert dataset.attrs["license"] == product.licence
    assert "EPSG" in dataset.spatial_ref.attrs["crs_wkt"]
    step, left, top = product.resolution, 0.0, 10_017_280.0
    assert [float(v) for v in dataset.spatial_ref.attrs["GeoTransform"].split()] == [left, step, 0, top, 0, -step]
    for variable in product.variables:
        raw = zarr.open(f"{store.url}/{group}/{variable.name}", mode="r")
        attributes = raw.attrs
        assert attributes["_FillValue"] == variable.nodata == raw.fill_value
        assert attributes["units"] == variable.units
        assert attributes["long_name"]
        assert attributes["grid_mapping"] == "spatial_ref"
        if variable.flags:
            assert attributes["flag_values"] == [f.value for f in variable.flags]
            assert (
                len(attributes["flag_meanings"].split())
                == len(variable.flags)
                == len(attributes["flag_colors"].split())
            )


def test_metadata_are_the_same_every_time():
    for product in REGISTRY.values():
        period = Period.parse(product.periods[0])
        zone = GRID.zone("utm01s")
        assert metadata.objects(product, period, zone) == metadata.objects(product, period, zone)


def test_the_root_says_what_the_store_is():
    root = json.loads(metadata.root(GRID, synthetic=False))
    assert root["attributes"]["eo_ingest"]["synthetic"] is False
    assert root["attributes"]["eo_ingest"]["grid"]["name"] == "utm"


def test_consolidated_metadata_say_the_same(opened):
    _, dataset, _, store, group = opened
    plain = xr.open_zarr(store.url, group=group, chunks=None, consolidated=False)
    assert plain.attrs == dataset.attrs
    assert set(plain.variables) == set(dataset.variables)
    assert all(plain[name].attrs == dataset[name].attrs for name in plain.variables)


def test_metadata_of_a_zone_are_small():
    made = metadata.objects(REGISTRY["s1grd"], Period.parse("2020"), GRID.zone("utm32n"))
    assert sum(map(len, made.values())) < 50_000
