"""What every product of the REGISTRY promises."""

import hashlib
import inspect
import json
import re
from functools import cache

import pytest

from eo_ingest.errors import ConfigError
from eo_ingest.grid import Grid
from eo_ingest.period import Period
from eo_ingest.plan import fingerprint
from eo_ingest.product import DATE_UNITS
from eo_ingest.products import REGISTRY
from eo_ingest.request import PixelRequest, Window
from eo_ingest.sources.earthengine import client, graph
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


@cache
def graph_of(product, period):
    """The graph of all frames and variables. Do not change it: it is kept."""
    return json.loads(graph.recipe(product, Period.parse(period)))


@cache
def graph_of_some(product, period, variable=None, frame=0):
    """The graph of one frame, and of one variable if it is named. Do not change it."""
    frames = product.frames(Period.parse(period))
    units = tuple((v.name, i) for v in product.variables for i in range(len(v.bands)) if variable in {None, v.name})
    request = PixelRequest((frame,), units, Window(0, 0, 1, 1))
    client.prepare_offline()
    return json.loads(graph.image(product, frames, graph._REFERENCE, request).serialize(for_cloud_api=True))


def digest(values):
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def outline(found):
    """A serialized graph to read: a line for each call and each argument; `@7` is the value of that number below."""
    made = []

    def write(head, node, depth):
        ((kind, content),) = node.items()
        more = {}
        if kind == "functionInvocationValue":
            text, more = f"{content.get('functionName') or '@' + content['functionReference']}()", content["arguments"]
        elif kind == "functionDefinitionValue":
            text = f"({', '.join(content['argumentNames'])}) -> @{content['body']}"
        elif kind == "arrayValue":
            text, more = "list", dict(enumerate(content["values"]))
        elif kind == "dictionaryValue":
            text, more = "dictionary", content["values"]
        else:
            text = {"valueReference": "@", "argumentReference": ""}.get(kind)
            text = f"{text}{content}" if text is not None else json.dumps(content)
        made.append(f"{' ' * depth}{head} = {text}")
        for name, inner in sorted(more.items()):
            write(name, inner, depth + 1)

    write("result", {"valueReference": found["result"]}, 0)
    for number, node in sorted(found["values"].items(), key=lambda item: int(item[0])):
        write(f"@{number}", node, 0)
    return "".join(f"{line}\n" for line in made)


def followed(node, values):
    """A part of a graph with all that it refers to."""
    found, names = [node], set()
    while True:
        wanted = set(re.findall(r'"(?:valueReference|body|functionReference)": "([0-9]+)"', json.dumps(found))) - names
        if not wanted:
            return found
        names |= wanted
        found += [values[name] for name in wanted]


def calls(node, name):
    """Every call of an algorithm in a serialized graph."""
    found = []
    stack = [node]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if value.get("functionName") == name:
                found.append(value)
            stack += value.values()
        elif isinstance(value, list):
            stack += value
    return found


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
    """A change of a graph is a change of pixels: it shows here as a diff. `--golden` writes it.

    The first frame's is kept to be read; of that of all frames, the digest.
    """
    path = GOLDEN / f"{product.name}-{period}.txt"
    made = f"sha256 of all frames = {digest(graph_of(product, period))}\n{outline(graph_of_some(product, period))}"
    if request.config.getoption("--golden"):
        path.write_text(made)
    assert made == path.read_text(), (
        f"the graph of {product.name} {period} changed: run pytest --golden and review the diff"
    )


def test_no_golden_graph_is_left_over():
    assert {p.stem for p in GOLDEN.iterdir()} == {f"{p.name}-{y}" for p, y in SERIES}


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
    if product.archive:
        return  # what was composited elsewhere has its seasons as bands
    text = json.dumps(graph_of(product, period))
    for frame in product.frames(Period.parse(period)):
        if product.cadence in {"seasons", "months", "event"}:
            assert f"{frame.start}" in text
            assert f"{frame.end}" in text


# What the variables are measured in, as UDUNITS writes it.
BASE_UNITS = {"1", "dB", "m", "m2", "ha", "Mg", "percent", "degree", "rad", "day"}
# CF standard names, and what UDUNITS can convert the unit to.
STANDARD_NAMES = {
    "surface_bidirectional_reflectance": "1",
    "area_fraction": "percent",
    "surface_altitude": "m",
    "angle_of_incidence": "degree",
    "ground_slope_angle": "degree",
    "ground_slope_direction": "degree",
    "time": DATE_UNITS,
}


@products
def test_the_definition_is_complete(product):
    assert product.title
    assert product.licence
    assert product.citation
    assert product.assets
    assert product.periods
    assert product.name not in layout.RESERVED
    json.dumps(product.definition())


@products
def test_every_variable_says_what_it_is_in_the_words_of_cf(product):
    for variable in product.variables:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", variable.name)
        assert re.fullmatch(r"[a-z][a-z0-9_]*", variable.band_dim)
        assert variable.long_name
        assert variable.long_name[0].islower() or variable.long_name.split()[0].isupper()
        if variable.units != DATE_UNITS:
            assert {re.sub(r"-?[0-9]+$", "", unit) or unit for unit in variable.units.split()} <= BASE_UNITS
        if variable.standard_name:
            assert STANDARD_NAMES[variable.standard_name] == variable.units
        assert (variable.kind == "date") == (variable.units == DATE_UNITS)


@products
def test_stored_values_have_room_and_none_is_nodata(product):
    for variable in product.variables:
        low, high = variable.valid_range
        assert not low <= variable.nodata <= high
        if variable.kind == "class":
            assert (low, high) == (min(f.value for f in variable.flags), max(f.value for f in variable.flags))
            assert all(re.fullmatch(r"[a-z0-9_]+", f.meaning) for f in variable.flags)
            assert len({f.meaning for f in variable.flags}) == len(variable.flags)
            assert all(re.fullmatch(r"#[0-9a-fA-F]{6}", f.colour) for f in variable.flags)
        if variable.kind != "measure":
            assert variable.scale_factor is None
            assert variable.add_offset is None


def resampling(product, variable):
    return variable.resampling or product.resampling


@products
def test_what_has_no_mean_is_never_interpolated(product):
    for variable in product.variables:
        if variable.kind in {"class", "id", "date"}:
            assert resampling(product, variable) == "nearest"


@series
def test_images_are_interpolated_where_the_variable_says_so(product, period):
    """What is seen of a variable alone: its graph interpolates, or does not; counts are of interpolated masks."""
    for variable in product.variables:
        if variable.kind == "measure":
            used = algorithms(graph_of_some(product, period, variable.name))
            assert ("Image.resample" in used) == (resampling(product, variable) == "bilinear")


@series
def test_only_what_has_a_lattice_is_interpolated(product, period):
    """A composite has none, so that interpolating it would blur a degree; a mosaic may be given that of its parts."""
    found = graph_of_some(product, period)["values"]
    for node in found.values():
        for call in calls(node, "Image.resample"):
            inside = algorithms(followed(call, found))
            assert not {name for name in inside if name.startswith("reduce.")}
            assert "ImageCollection.mosaic" not in inside or "Image.setDefaultProjection" in inside


@series
def test_composites_count_their_observations(product, period):
    reduced = algorithms(graph_of_some(product, period)) & {"reduce.median", "reduce.mean"}
    assert bool(reduced) == any(variable.kind == "count" for variable in product.variables)


@products
def test_the_file_says_why_the_sampling_is_what_it_is(product):
    if product.scenes:
        assert f"{product.resolution} m" in inspect.getmodule(product.scenes).__doc__


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


@pytest.mark.parametrize(
    ("product", "period"),
    [
        ("s2", "2020-07"),
        ("s2-monthly", "2020-07-15"),
        ("s1event", "2020"),
        ("worldcover", "2019"),
        ("canopy", "2021"),
        ("biomass", "2012"),
        ("biomass", "2023"),
        ("built", "2021"),
        ("vcf", "1999"),
        ("palsar", "2014"),
        ("water", "1983"),
        ("water", "2022"),
    ],
)
def test_periods_that_are_not_there_are_refused_before_any_work(product, period):
    with pytest.raises(ConfigError, match=f"'{product}'"):
        REGISTRY[product].frames(Period.parse(period))


@pytest.mark.parametrize(
    ("product", "period"),
    [
        ("biomass", "2007"),
        ("biomass", "2022"),
        ("built", "2025"),
        ("vcf", "2000"),
        ("palsar", "2015"),
        ("water", "2021"),
    ],
)
def test_periods_that_are_there_are_not_refused(product, period):
    assert REGISTRY[product].frames(Period.parse(period))


@pytest.mark.parametrize("name", [name for name in REGISTRY if name.endswith("-qa60")])
def test_qa60_is_refused_where_it_is_empty(name):
    """From 2022-01-25 to 2024-02-28: every season or month that meets one of those days, and no other."""
    product = REGISTRY[name]
    month = product.cadence == "months"
    last, first = ("2021-12", "2024-03") if month else ("2021", "2025")
    for period in (last, first):
        assert product.frames(Period.parse(period))
    for period in ("2022-01", "2024-02") if month else ("2022", "2023", "2024"):
        with pytest.raises(ConfigError, match=r"QA60, its cloud mask, is empty from 2022-01-25 to 2024-02-28"):
            product.frames(Period.parse(period))
