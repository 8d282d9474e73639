"""What a declaration becomes: the graph follows the same rules as those of eo-ingest's own products."""

import json

import pytest

from custom_support import an_image, classes, right, toml, variable
from eo_ingest.period import Period
from eo_ingest.products.custom import declared, unbounded
from eo_ingest.sources.earthengine import graph

VARIABLES = [
    *(
        variable(name=f"by_{name}", reducer=name)
        for name in ("first", "last", "mosaic", "mean", "median", "min", "max")
    ),
    *(variable(name=f"by_{name}", reducer=name) for name in ("sum", "std_dev", "p5", "p99")),
    variable(name="by_count", reducer="count", scale=None, asset_scale=None),
    variable(name="clamped", outside="clamp", asset_nodata=[0, 65535.0], offset=-0.1, asset_offset=-0.2),
    classes(bands=["SCL"], reducer="mode", outside="nodata", resampling="nearest"),
]
ALL_BITS = {"any_bits": [1, 2], "all_bits": [3], "bits": None, "lt": 5, "gte": 1.5}
EVERYTHING = right(
    variables=VARIABLES,
    mask=[
        {"band": "QA60", "drop": {key: value for key, value in ALL_BITS.items() if value}},
        {"band": "QA60", "keep": {"bits": [4, 6], "in": [0, 1, 2], "lte": 2, "gt": -1, "eq": 1}},
        {"collection": "GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED", "band": "cs_cdf", "keep": {"gte": 0.6}},
    ],
    filters=[
        {"property": "CLOUDY_PIXEL_PERCENTAGE", "keep": {"lt": 60, "gte": 0}},
        {"property": "SPACECRAFT_NAME", "drop": {"in": ["Sentinel-2C"], "eq": "x"}},
        {"property": "bands", "keep": {"contains": "B4"}},
    ],
)


def made(values, period="2020"):
    return graph.recipe(declared(toml(values), "user.toml"), Period.parse(period))


def names(text):
    """All algorithms in a serialized graph, with how often each is there."""
    found = {}

    def walk(value):
        if isinstance(value, dict):
            if isinstance(name := value.get("functionName"), str):
                found[name] = found.get(name, 0) + 1
            for part in value.values():
                walk(part)
        elif isinstance(value, list):
            for part in value:
                walk(part)

    walk(json.loads(text))
    return found


def test_the_emulator_knows_the_whole_vocabulary():
    import eo_ingest.emulator.algorithms
    from eo_ingest.emulator import registry

    assert eo_ingest.emulator.algorithms
    assert set(names(made(EVERYTHING))) <= set(registry.names())


def test_the_same_file_is_the_same_graph():
    assert made(EVERYTHING) == made(json.loads(json.dumps(EVERYTHING)))


def test_dates_are_half_open_seasons():
    text = made(right())
    for day in ("2019-12-01", "2020-03-01", "2020-06-01", "2020-09-01", "2020-12-01"):
        assert day in text
    assert "2020-11-30" not in text


def resampled(values):
    """Whether images are interpolated, and if so, that it is done to each image before they are composed."""
    found = json.loads(made(values))["values"]
    inside = [node for node in found.values() if "functionDefinitionValue" in node]
    bodies = {node["functionDefinitionValue"]["body"] for node in inside}
    count = names(made(values)).get("Image.resample", 0)
    reached = json.dumps([found[body] for body in bodies])
    return count, "Image.resample" in reached


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (right(), (1, True)),
        (right(resampling="nearest"), (0, False)),
        (right(variables=[variable(resampling="nearest")]), (0, False)),
        (right(variables=[classes(reducer="mode")], reducer=None), (0, False)),
        (right(resampling="bilinear", variables=[classes(reducer="mode")], reducer=None), (0, False)),
    ],
    ids=["usual", "nearest", "variable", "classes", "bilinear classes"],
)
def test_images_are_interpolated_before_they_are_composed(values, expected):
    assert resampled(values) == expected


def test_whole_numbers_are_stored_as_they_are_where_both_scales_agree():
    """Neither multiplied nor divided: no rounding can change them."""
    assert "Image.multiply" not in names(made(right()))
    assert "Image.multiply" in names(made(right(variables=[variable(scale=0.001)])))
    assert "Image.add" in names(made(right(variables=[variable(asset_offset=-0.2)])))


def test_an_image_is_loaded_once_and_not_composed():
    found = names(made(an_image(variables=[classes()])))
    assert not {name for name in found if name.startswith("reduce.")}
    assert "Image.remap" not in found
    assert "Image.remap" in names(made(an_image(variables=[classes(outside="nodata")])))


def test_unbounded_hides_nothing():
    product = declared(toml(right(resampling="nearest")), "user.toml")
    bounded, whole = (names(graph.recipe(p, Period.parse("2020"))) for p in (product, unbounded(product)))
    assert whole.get("Image.updateMask", 0) < bounded["Image.updateMask"]
    assert product == declared(toml(right(resampling="nearest")), "other.toml")


@pytest.mark.parametrize(
    "change",
    [
        {"reducer": "mean"},
        {"mask": [{"band": "SCL", "drop": {"eq": 3}}]},
        {"filters": [{"property": "CLOUDY_PIXEL_PERCENTAGE", "keep": {"lt": 60}}]},
        {"resampling": "nearest"},
        {"collection": "COPERNICUS/S2_HARMONIZED"},
        *({"variables": [variable(**one)]} for one in (
            {"bands": ["B3"]}, {"asset_scale": 0.001}, {"asset_nodata": [0]}, {"outside": "clamp"},
            {"valid_range": [0, 9999]},
        )),
    ],
    ids=str,
)  # fmt: skip
def test_what_changes_pixels_changes_the_graph(change):
    assert made(right()) != made(right(**change))


@pytest.mark.parametrize("change", [{"title": "Other"}, {"citation": "Other"}, {"licence": "Other"}], ids=str)
def test_words_do_not(change):
    assert made(right()) == made(right(**change))
