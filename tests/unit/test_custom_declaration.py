"""Product files: what is right makes a product, what is wrong is told by file, key and what would be right."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_support import an_image, changed, classes, places, right, toml, variable, written
from eo_ingest.errors import ConfigError
from eo_ingest.product import Product
from eo_ingest.products import REGISTRY, custom
from eo_ingest.products.custom import declared


def load(tmp_path, values, **options):
    return custom.load(written(tmp_path, values), trust_code=False, **options).product


def refusal(values):
    with pytest.raises(ConfigError) as refused:
        declared(values if isinstance(values, str) else toml(values), "user.toml")
    text = str(refused.value)
    assert text.startswith("user.toml"), text
    assert "\n" not in text
    return text


def test_a_collection(tmp_path):
    product = load(tmp_path, right(mask=[{"band": "SCL", "drop": {"in": [3, 8]}}], scene_properties=["MGRS_TILE"]))
    assert (product.name, product.cadence, product.resolution, product.resampling) == (
        "user-red",
        "seasons",
        20,
        "bilinear",
    )
    assert [v.name for v in product.variables] == ["red", "n_obs"]
    red, counts = product.variables
    assert (red.dtype, red.nodata, red.valid_range, red.scale_factor) == ("uint16", 65535, (0, 10000), 0.0001)
    assert (counts.kind, counts.bands, counts.band_dim) == ("count", ("red",), "observed")
    assert product.scene_properties == ("MGRS_TILE",)


def test_an_image_of_classes(tmp_path):
    product = load(tmp_path, an_image(variables=[classes()]))
    (found,) = product.variables
    assert (found.kind, found.valid_range, found.resampling) == ("class", (1, 2), "nearest")
    assert [(f.value, f.meaning) for f in found.flags] == [(1, "water"), (2, "land")]
    assert found.flags[1].colour == "#00ff00"
    assert found.flags[0].colour != found.flags[1].colour


def test_a_yearly_map_is_not_counted_but_a_yearly_mean_is(tmp_path):
    yearly = {"cadence": "calendar-year", "reducer": "mosaic"}
    assert [v.name for v in load(tmp_path, right(**yearly)).variables] == ["red"]
    assert [v.name for v in load(tmp_path, right(**{**yearly, "reducer": "mean"})).variables] == ["red", "n_obs"]


def test_variables_of_other_bands_have_a_dimension_of_their_own(tmp_path):
    both = [variable(), variable(name="green", bands=["B3"]), variable(name="spread", reducer="std_dev")]
    product = load(tmp_path, right(variables=both))
    assert [v.band_dim for v in product.variables] == ["band", "green_band", "band", "observed"]


def test_equal_files_are_equal_products(tmp_path):
    """So that nothing is started anew, or thought to be another product, where a file is read twice."""
    one, other = (declared(toml(right()), name) for name in ("a.toml", "b.toml"))
    assert one == other
    assert hash(one) == hash(other)
    assert one != declared(toml(right(reducer="mean")), "a.toml")


def test_each_thing_that_is_wrong_is_told(tmp_path):
    told = refusal(right(resolution="20", colour="red", licence=None))
    assert "key 'licence' is missing: expected the licence of the data" in told
    assert "resolution is '20': expected metres: 10 times a divisor of 448" in told
    assert "unknown key 'colour': expected name, title, image, collection" in told


WRONG = [
    (right(name="s2"), "name is 's2', which is a product of eo-ingest: choose another name"),
    (right(name="manifest"), "name is 'manifest', which stores use for something else"),
    (right(name="products"), "which stores use for something else"),
    (right(name="Red"), "product name 'Red': expected lower-case letters, digits and single hyphens"),
    (right(name="../red"), "product name '../red'"),
    (right(collection=None), "expected either image or collection, and not both"),
    (right(image="USER/map"), "expected either image or collection, and not both"),
    (right(collection="no asset"), "collection is 'no asset': expected an Earth Engine asset id"),
    (right(cadence=None), "key 'cadence' is missing"),
    (right(cadence="weekly"), "cadence is 'weekly': expected 'seasons', 'months' or 'calendar-year'"),
    (right(reducer=None), "variables[0] has no reducer: expected first, last"),
    (right(reducer="median()"), "reducer is 'median()': expected first, last"),
    (right(reducer="p0"), "reducer is 'p0'"),
    (right(reducer="count"), "expected 'count' as both"),
    (right(periods=[]), "periods is []: expected a list of what is made"),
    (right(periods=["2020-07"]), "periods: product 'user-red': period '2020-07'"),
    (right(periods=["lately"]), "periods: period 'lately' is not one"),
    (right(resolution=30), "resolution 30 m: expected 10 m times a divisor of 448"),
    (right(resampling="cubic"), "resampling is 'cubic': expected 'nearest' or 'bilinear'"),
    (right(variables=[]), "variables is []: expected a list of tables"),
    (right(variables=[variable(), variable()]), "variables has 'red' twice"),
    (right(variables=[variable(name="n_obs")]), "variables[0].name is 'n_obs', which composites get by themselves"),
    (right(variables=[variable(name="x")]), "variables[0].name is 'x': expected lower-case letters"),
    (right(variables=[variable(name="observed")]), "dimension 'observed' has the name of an array"),
    (right(variables=[variable(bands=[])]), "variables[0].bands is []: expected a list of the asset's band names"),
    (right(variables=[variable(bands=["B.*"])]), "variables[0].bands[0] is 'B.*'"),
    (right(variables=[variable(bands=["B4", "B4"])]), "expected one or more, each once"),
    (right(variables=[variable(dtype="float32")]), "dtype is 'float32': expected 'uint8', 'int16', 'uint16'"),
    (right(variables=[variable(nodata=5)]), "nodata 5 lies inside the valid range (0, 10000)"),
    (right(variables=[variable(nodata=70000)]), "nodata 70000 does not fit uint16"),
    (right(variables=[variable(dtype="uint8", nodata=255)]), "valid range (0, 10000) or nodata 255 does not fit"),
    (right(variables=[variable(valid_range=[9, 1])]), "valid range (9, 1)"),
    (right(variables=[variable(valid_range=[1])]), "variables[0].valid_range"),
    (right(variables=[variable(valid_range=None)]), "key 'valid_range' is missing"),
    (right(variables=[variable(scale=0)]), "variables[0].scale is 0: expected a number above 0"),
    (right(variables=[variable(nodate=1)]), "unknown key 'variables[0].nodate' (did you mean 'nodata'?)"),
    (right(variables=[variable(outside="wrap")]), "outside is 'wrap': expected 'nodata' or 'clamp'"),
    (right(mask=[{"band": "SCL"}]), "mask[0]: expected either keep or drop, and not both"),
    (right(mask=[{"band": "SCL", "keep": {}}]), "mask[0].keep: the condition is empty: expected one or more of lt"),
    (right(mask=[{"band": "SCL", "keep": {"equals": 3}}]), "unknown key 'mask[0].keep.equals'"),
    (right(mask=[{"band": "SCL", "keep": {"bits": [3, 1], "eq": 0}}]), "bits is [3, 1]: expected [first, last]"),
    (right(mask=[{"band": "SCL", "keep": {"bits": [1, 3]}}]), "the condition is empty"),
    (right(mask=[{"band": "SCL", "keep": {"any_bits": [64]}}]), "mask[0].keep.any_bits[0] is 64"),
    (right(mask=[{"band": "SCL", "keep": {"eq": "import os"}}]), "keep.eq is 'import os': expected a number"),
    (right(filters=[{"property": "P", "keep": {"in": []}}]), "filters[0].keep.in is []: expected a list of"),
    (right(filters=[{"property": "P", "keep": {"eq": [1]}}]), "filters[0].keep.eq is [1]: expected a number or"),
    (right(variables=[classes(kind="measure")]), "flags belong to variables of kind 'class'"),
    (right(variables=[classes()]), "reduced by 'median', which makes labels that are none"),
    (an_image(variables=[classes(resampling="bilinear")]), "resampling is 'bilinear': expected 'nearest'"),
    (an_image(variables=[classes(outside="clamp")]), "outside is 'clamp': expected 'nodata'"),
    (an_image(variables=[classes(scale=2.0)]), "scale and offset are for kind 'measure'"),
    (an_image(variables=[classes(classes=[{"value": 1, "name": "a b"}])]), "expected a name without blanks"),
    (an_image(variables=[classes(classes=[{"value": 1, "name": "a"}] * 2)]), "classes has a value twice"),
    (an_image(variables=[classes(nodata=1)]), "nodata 1 lies inside the valid range (1, 2)"),
    (an_image(reducer="mean"), "an image is not reduced"),
    (an_image(filters=[{"property": "P", "keep": {"eq": 1}}]), "an image is not filtered"),
    (an_image(cadence="months"), "cadence is 'months': expected 'calendar-year', since an image has no dates"),
    (an_image(mask=[{"collection": "U/c", "band": "b", "keep": {"eq": 1}}]), "an image has no linked images"),
    (right(resolution=10, variables=[variable(bands=[f"B{i}" for i in range(60)])]), "so that a block has"),
    ("name = ", "user.toml is not TOML"),
    ("a = " + "[" * 3000 + "]" * 3000, "nested too deep"),
    ("", "key 'name' is missing"),
]


@pytest.mark.parametrize(("values", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_is_wrong(values, said):
    assert said in refusal(values)


def test_every_name_of_eo_ingest_is_taken():
    for name in REGISTRY:
        assert "which is a product of eo-ingest" in refusal(right(name=name))


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("none.toml", None, "there is no product file"),
        ("folder.toml", "folder", "there is no product file"),
        ("user.yaml", b"a: 1", "expected one that ends in .toml or .py"),
        ("user.toml", b"\xff\xfe", "is not text in UTF-8"),
        ("user.toml", b"#" * (2**20 + 1), "is larger than 1024 KiB"),
    ],
)
def test_what_is_no_product_file(tmp_path, name, data, said):
    path = tmp_path / name
    if data == "folder":
        path.mkdir()
    elif data is not None:
        path.write_bytes(data)
    with pytest.raises(ConfigError, match=said):
        custom.load(str(path), trust_code=True)


def test_a_program_is_not_even_read_unless_it_is_trusted(tmp_path):
    path = tmp_path / "user.py"
    path.write_text(f"import pathlib; pathlib.Path({str(tmp_path / 'ran')!r}).touch()\n")
    with pytest.raises(ConfigError, match="add --trust-code to run it"):
        custom.load(str(path), trust_code=False)
    assert not (tmp_path / "ran").exists()
    with pytest.raises(ConfigError, match=r"user.py defines none: expected one eo_ingest.product.Product"):
        custom.load(str(path), trust_code=True)
    assert (tmp_path / "ran").exists()


PROGRAM = """
from dataclasses import dataclass, replace
from eo_ingest.products.worldcover import WORLDCOVER

@dataclass
class Odd:
    of: "Odd | None" = None

MINE = replace(WORLDCOVER, name="mine")
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PROGRAM + "OTHER = replace(MINE, name='other')", "defines MINE, OTHER: expected one"),
        (PROGRAM + "MINE = replace(MINE, name='s2')", "name is 's2', which is a product of eo-ingest"),
        (PROGRAM + "raise SystemExit(0)", "does not run: SystemExit"),
        ("syntax error", "does not run: SyntaxError"),
        ("from nowhere_at_all import nothing", "does not run: ModuleNotFoundError"),
    ],
)
def test_a_program_that_is_wrong(tmp_path, text, said):
    path = tmp_path / "user.py"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        custom.load(str(path), trust_code=True)


def test_a_program_that_is_right(tmp_path):
    """It may import products and name one twice; the same bytes run once."""
    path = tmp_path / "user.py"
    path.write_text(PROGRAM + "SAME = MINE\n")
    found = custom.load(str(path), trust_code=True)
    assert found.product.name == "mine"
    assert found.from_code
    assert custom.load(str(path), trust_code=True).product is found.product


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(["nearest", "class", "count", "median", "p50", "2020", "id", "B4", "USER/map", "2020-07"]),
    st.dates(),
)
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=4), v, max_size=3))
WHOLE = right(
    mask=[
        {"band": "SCL", "drop": {"in": [3, 8]}},
        {"collection": "U/c", "band": "q", "keep": {"bits": [1, 2], "lt": 2}},
    ],
    filters=[{"property": "P", "keep": {"eq": "IW"}}],
    scene_properties=["P"],
    variables=[variable(), classes(reducer="mode")],
)
BASES = st.sampled_from([WHOLE, an_image(variables=[classes()])])


@st.composite
def spoilt(draw):
    """A right declaration with up to three values replaced, removed or added."""
    values = deepcopy(draw(BASES))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from([p for p in places(values) if p]))
        inner = values
        for part in place[:-1]:
            inner = inner[part]
        new = draw(VALUES)
        if new is None:
            del inner[place[-1]]
        elif isinstance(inner, dict) and draw(st.booleans()):
            inner[draw(st.text(max_size=5))] = new
        else:
            values = changed(values, place, new)
    return values


def without_nothing(values):
    """TOML has no null."""
    if isinstance(values, dict):
        return {key: without_nothing(value) for key, value in values.items() if value is not None}
    if isinstance(values, list):
        return [without_nothing(value) for value in values if value is not None]
    return values


@given(spoilt())
def test_any_table_is_a_product_or_is_refused_in_one_line(values):
    told = None
    try:
        made = declared(toml(without_nothing(values)), "user.toml")
    except ConfigError as err:
        told = str(err)
    assert isinstance(made, Product) if told is None else told.startswith("user.toml") and told.isprintable()


@given(st.text() | st.text(alphabet="[]{}=\"\n.#a1\\'", max_size=40))
def test_any_text_is_refused_in_one_line(text):
    with pytest.raises(ConfigError) as refused:
        declared(text, "user.toml")
    assert str(refused.value).isprintable()
