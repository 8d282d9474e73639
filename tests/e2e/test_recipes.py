"""Each recipe runs on the emulator: one tile of it, of fewer periods where it has many."""

import numpy as np
import pytest

from e2e_support import nobody
from eo_ingest import reader, recipes, runtime, validate
from eo_ingest.config import RunConfig
from eo_ingest.emulator.process import EmulatorProcess

# In the north of Italy, where the emulator has a scene of every track each six days: events and pairs have data.
TILE = "utm32n_1095_165"
# A year of months is twelve times one month: one shows that it is made.
FEWER = {
    "m3leo": {
        "periods": ("2020",),
        "product_periods": {"s2-monthly": ("2020-07",), "s2-20m-monthly": ("2020-07",), "insar": ("2020-Q1",)},
    },
    "hls": {"periods": ("2020-07",)},
    "crop": {"periods": ("2020-07",)},
}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    with nobody(tmp_path_factory.mktemp("home")) as patch, EmulatorProcess() as process:
        patch.setenv("EO_INGEST_EMULATOR_URL", process.url)
        yield process.url


@pytest.mark.parametrize("name", recipes.names())
def test_a_recipe_is_made(emulator, monkeypatch, tmp_path, name):
    monkeypatch.setenv("EO_INGEST_EMULATOR_URL", emulator)
    asked = {"recipe": name, "aoi": runtime.box_of(TILE, "utm"), **FEWER.get(name, {})}
    config = RunConfig.of(**asked, store=str(tmp_path / "s.zarr"), source="emulator", limit=1)
    run = runtime.tile(config)
    assert run.totals.failures == []
    store, grid = runtime.existing(config.store)
    assert validate.verify(store, grid).problems == []
    made = set()
    for product, period in runtime.resolve(config).series:
        for block in reader.blocks(store, product, period.name):
            for raster in reader.read_block(store, product, period.name, block).values():
                made.add(product.name)
                values = raster[product.variables[0].name]
                assert np.any(values != product.variables[0].nodata), product.name
    assert made == set(recipes.load(name).products)
