"""docs/add-a-product.md is true: its product, added as it says, is really made."""

import re
import types

import numpy as np
import pytest

from eo_ingest import products, reader, runtime, validate
from eo_ingest.config import RunConfig
from eo_ingest.grid import Grid
from tests_support import ROOT


def documented():
    """The product in the document's code block."""
    text = (ROOT / "docs" / "add-a-product.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    module = types.ModuleType("documented")
    exec(compile(code, "add-a-product.md", "exec"), module.__dict__)  # noqa: S102 - our own document
    return module.NDVI


@pytest.fixture
def made(tmp_path, monkeypatch):
    product = documented()
    monkeypatch.setitem(products.REGISTRY, product.name, product)
    config = RunConfig.of(
        aoi="6.105,49.575,6.11,49.58", store=str(tmp_path / "s.zarr"), source="emulator", products=("ndvi", "s2")
    )
    run = runtime.tile(config)
    return product, config, run


def test_the_documented_product_is_made(made):
    product, config, run = made
    assert run.totals.jobs["failed"] == 0
    assert run.totals.tiles == {"ok": 2, "empty": 0, "failed": 0}
    store, grid = runtime.existing(config.store)
    assert not validate.verify(store, grid).problems
    (block,) = reader.blocks(store, product, "2020")
    (ndvi,) = reader.read_block(store, product, "2020", block).values()
    (s2,) = reader.read_block(store, products.get("s2"), "2020", block).values()
    assert ndvi["ndvi"].shape == (4, 1, 224, 224)
    summer = ndvi["ndvi"][2, 0] / 10_000
    red, infrared = (s2["reflectance"][2, i].astype(float).reshape(224, 2, 224, 2).mean((1, 3)) for i in (2, 3))
    expected = (infrared - red) / (infrared + red)
    seen = ndvi["n_obs"][2, 0] > 0
    assert seen.mean() > 0.5
    # A median of ratios is not the ratio of medians, but they rise and fall together.
    assert np.corrcoef(summer[seen], expected[seen])[0, 1] > 0.95
    assert Grid.load("utm").digest == grid.digest
