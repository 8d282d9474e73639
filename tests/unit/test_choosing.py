"""Which products a run makes, and by which way each comes."""

from dataclasses import replace

import pytest

from eo_ingest import products
from eo_ingest.config import RunConfig
from eo_ingest.errors import ConfigError
from eo_ingest.grid import Grid
from eo_ingest.period import Period
from eo_ingest.plan import fingerprint
from eo_ingest.product import Archive
from eo_ingest.runtime import resolve
from eo_ingest.runtime.choosing import archives, chosen, from_earth_engine
from eo_ingest.runtime.routing import Sources
from tests_support import FakeSource

FILES = replace(
    products.get("worldcover"),
    name="files",
    scenes=None,
    images=None,
    archive=Archive(kind="gssic", parameters=(("k", 1),)),
)
BOTH = replace(products.get("worldcover"), name="both", archive=Archive(kind="gssic"))


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    for product in (FILES, BOTH):
        monkeypatch.setitem(products.REGISTRY, product.name, product)


def config(**values):
    return RunConfig.of(**{"aoi": "demo", "store": "s", **values})


def routes(**values):
    made = config(**values)
    return archives(made, chosen(made))


def test_nobody_asked_means_the_default_products():
    assert tuple(chosen(config())) == products.DEFAULT


def test_default_products_without_the_period_are_left_out():
    assert "worldcover" not in chosen(config(periods=["2019"]))


def test_a_product_of_two_ways_comes_from_earth_engine_unless_files_are_named():
    assert routes(products=["both"]) == {}
    assert from_earth_engine(config(products=["both"]))
    assert routes(products=["both"], archives={"both": "/data"}) == {"both": "/data"}
    assert not from_earth_engine(config(products=["both"], archives={"both": "/data"}))


def test_a_product_of_files_alone_takes_the_emulators_on_the_emulator():
    assert routes(products=["files"], source="emulator") == {"files": "emulator"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"products": ["files"]}, "add --archive files="),
        ({"products": ["s2"], "archives": {"both": "/d"}}, "this run makes s2, not 'both'"),
        ({"products": ["s2"], "archives": {"s2": "/d"}}, "comes from Earth Engine alone"),
        (
            {"products": ["both"], "archives": {"both": "/d"}, "source": "emulator"},
            "is real and this run makes synthetic",
        ),
        ({"products": ["both"], "archives": {"both": "emulator"}}, "is synthetic and this run makes real"),
    ],
)
def test_archives_that_make_no_sense_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        routes(**values)


def test_an_archives_requests_are_not_earth_engines():
    entry = resolve(config(products=["files"], archives={"files": "/d"})).summary()["products"]["files"]
    assert entry["jobs"] > 0
    assert (entry["requests"], entry["bytes"]) == (0, 0)


def test_the_fingerprint_of_files_is_their_parameters_and_scales():
    grid, period = Grid.load("utm"), Period.parse("2020")
    other = replace(FILES, archive=Archive(kind="gssic", parameters=(("k", 2),)))
    scaled = replace(FILES, variables=(replace(FILES.variables[0], scale_factor=2.0),))
    assert len({fingerprint(p, period, grid) for p in (FILES, other, scaled)}) == 3
    both, earth_engine = BOTH, replace(BOTH, archive=None)
    assert fingerprint(both, period, grid) == fingerprint(earth_engine, period, grid)


def test_each_job_goes_to_the_source_of_its_product():
    usual, files = FakeSource(), FakeSource()
    sources = Sources(usual, {"files": files})
    assert sources.of("files") is files
    assert sources.of("s2") is usual
    with pytest.raises(KeyError):
        Sources(None, {"files": files}).of("s2")


def made(**values):
    return list(chosen(config(**values)))


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"clouds": "scl"}, ["s1grd", "s2-scl", "s2-20m-scl", "worldcover"]),
        ({"orbit": "most"}, ["s1grd-orbit", "s2", "s2-20m", "worldcover"]),
        ({"clouds": "qa60", "orbit": "most", "products": ["s2", "s1grd-monthly"]}, ["s2-qa60", "s1grd-monthly-orbit"]),
        ({"clouds": "scl", "products": ["s2-scl"]}, ["s2-scl"]),
        ({"orbit": "most", "products": ["s1grd-orbit"]}, ["s1grd-orbit"]),
    ],
    ids=str,
)
def test_options_make_products_of_other_names(values, names):
    assert made(**values) == names


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"clouds": "scl", "products": ["s1grd"]}, "--clouds scl concerns none of what is made: 's1grd'"),
        ({"orbit": "most", "products": ["s2", "worldcover"]}, "--orbit most concerns none of what is made"),
        ({"clouds": "qa60", "products": ["s2-scl"]}, "'s2-scl'"),
        ({"clouds": "scl", "products": ["s2", "s2-scl"]}, "'s2' and 's2-scl' are both product 's2-scl': take one"),
    ],
    ids=str,
)
def test_options_that_make_no_sense_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        made(**values)


def test_periods_of_a_product_are_those_of_what_an_option_makes_of_it():
    asked = {"products": ["s2"], "clouds": "scl", "periods": ["2020"]}
    for name in ("s2", "s2-scl"):
        series = resolve(config(**asked, product_periods={name: ["2021"]})).series
        assert [(product.name, period.name) for product, period in series] == [("s2-scl", "2021")]
