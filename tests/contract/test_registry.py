"""What every product of the REGISTRY promises."""

import json
import re

import pytest

from eo_ingest.errors import ConfigError
from eo_ingest.grid import Grid
from eo_ingest.period import Period
from eo_ingest.plan import fingerprint
from eo_ingest.products import REGISTRY
from eo_ingest.sources.earthengine import graph
from eo_ingest.stores import codec, layout
from tests_support import ROOT

GOLDEN = ROOT / "tests" / "golden"
IN_EARTH_ENGINE = [product for product in REGISTRY.values() if product.images]
# Where a year is stored month by month, one month stands for all.
SERIES = [
    (product, product.expand(Period.parse(period))[0].name) for product in IN_EARTH_ENGINE for period in product.periods
]
products = pytest.mark.parametrize("product", REGISTRY.values(), ids=lambda p: p.name)
series = pytest.mark.parametrize(("product", "period"), SERIES, ids=[f"{p.name}-{y}" for p, y in SERIES])


def graph_of(product, period):
    return json.loads(graph.recipe(product, Period.parse(period)))


def algorithms(node):
    """All algorithm names in a serialized graph."""
    found = set()
    stack = [node]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            found.add(value.get("functionName"))
            stack += value.values()
        elif isinstance(value, list):
            stack += value
    return {name for name in found if isinstance(name, str)}


@series
def test_the_graph_is_the_reviewed_one(product, period, request):
    """A change of a graph is a change of pixels: it shows here as a diff. `--golden` writes it."""
    path = GOLDEN / f"{product.name}-{period}.json"
    made = json.dumps(graph_of(product, period), indent=1, sort_keys=True) + "\n"
    if request.config.getoption("--golden"):
        path.write_text(made)
    assert made == path.read_text(), (
        f"the graph of {product.name} {period} changed: run pytest --golden and review the diff"
    )


def test_no_golden_graph_is_left_over():
    assert {p.stem for p in GOLDEN.glob("*.json")} == {f"{p.name}-{y}" for p, y in SERIES}


@series
def test_the_emulator_knows_all_that_the_graph_uses(product, period):
    import eo_ingest.emulator.algorithms
    from eo_ingest.emulator import registry

    assert eo_ingest.emulator.algorithms
    assert algorithms(graph_of(product, period)) <= set(registry.names())


@series
def test_what_comes_back_is_typed_and_unmasked(product, period):
    """Masked pixels come back as 0: each band is unmasked with its nodata and cast last, on the server."""
    text = json.dumps(graph_of(product, period))
    for variable in product.variables:
        assert {"uint8": "toUint8", "int16": "toInt16", "uint16": "toUint16", "int32": "toInt32"}[
            variable.dtype
        ] in text
    assert "Image.unmask" in text


@series
def test_dates_are_half_open(product, period):
    """The frames' last day is the end of the filter, which Earth Engine leaves out."""
    text = json.dumps(graph_of(product, period))
    for frame in product.frames(Period.parse(period)):
        if product.cadence in {"seasons", "months"}:
            assert f"{frame.start}" in text
            assert f"{frame.end}" in text


@products
def test_the_definition_is_complete(product):
    assert product.title
    assert product.licence
    assert product.citation
    assert product.assets
    assert product.periods
    assert product.name not in layout.RESERVED
    json.dumps(product.definition())
    for variable in product.variables:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", variable.name)
        assert variable.long_name
        assert variable.units


@products
def test_composites_count_their_observations(product):
    kinds = {variable.kind for variable in product.variables}
    assert ("count" in kinds) == (product.cadence in {"seasons", "months"})


@products
def test_a_shard_stays_below_256_mib(product):
    parts = [part for period in product.periods for part in product.expand(Period.parse(period))]
    frames = max(len(product.frames(part)) for part in parts)
    for variable in product.variables:
        raw = frames * len(variable.bands) * (4 * product.tile_px) ** 2 * variable.itemsize
        assert raw <= 256 * 2**20


def test_names_are_the_keys_and_definitions_do_not_contradict():
    assert all(name == product.name for name, product in REGISTRY.items())


def test_a_fingerprint_depends_on_all_that_decides_bytes(monkeypatch):
    from dataclasses import replace

    grid = Grid.load("utm")
    product, period = REGISTRY["worldcover"], Period.parse("2020")
    base = fingerprint(product, period, grid)
    variable = product.variables[0]
    reworded = replace(product, title="other", periods=("2020",), variables=(replace(variable, long_name="other"),))
    assert base == fingerprint(reworded, period, grid)
    others = {
        fingerprint(replace(product, name="other"), period, grid),
        fingerprint(replace(product, variables=(replace(variable, valid_range=(10, 99)),)), period, grid),
        fingerprint(replace(product, images=lambda s, _f: {"class": s.mosaic()}), period, grid),
        fingerprint(product, Period.parse("2021"), grid),
    }
    monkeypatch.setattr(codec, "ENCODING_VERSION", 2)
    fingerprint.cache_clear()
    others.add(fingerprint(product, period, grid))
    fingerprint.cache_clear()
    assert len(others | {base}) == 6


def test_unknown_periods_are_refused_before_any_work():
    with pytest.raises(ConfigError):
        REGISTRY["s2"].frames(Period.parse("2020-07"))
