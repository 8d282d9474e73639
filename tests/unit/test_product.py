from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from eo_ingest import products
from eo_ingest.errors import ConfigError, OutputError
from eo_ingest.period import Period
from eo_ingest.product import Flag, Gap, Place, Variable
from eo_ingest.products import REGISTRY
from eo_ingest.raster import check, valid_fraction

VARIABLE = REGISTRY["s1grd"].variable("backscatter")
SHAPE = (4, 4, 8, 8)


def variable(**changes):
    base = {
        "name": "v",
        "bands": ("a",),
        "dtype": "int16",
        "nodata": -32768,
        "valid_range": (0, 10),
        "long_name": "v",
        "units": "1",
    }
    return Variable(**{**base, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bands": ()}, "one or more"),
        ({"bands": ("a", "a")}, "each once"),
        ({"nodata": 5}, "inside the valid range"),
        ({"nodata": 70000}, "does not fit int16"),
        ({"valid_range": (0, 40000)}, "does not fit int16"),
        ({"valid_range": (5, 1)}, "does not fit"),
        ({"kind": "class"}, "flags"),
        ({"flags": (Flag(1, "x", "#000000"),)}, "flags"),
    ],
)
def test_a_variable_that_contradicts_itself_is_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        variable(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Bad Name"}, "lower-case"),
        ({"resolution": 30}, "divisor of 448"),
        ({"resolution": 15}, "divisor of 448"),
        ({"variables": ()}, "one or more"),
    ],
)
def test_a_product_that_contradicts_itself_is_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        replace(REGISTRY["worldcover"], **changes)


def test_two_variables_cannot_share_a_dimension_with_other_labels():
    with pytest.raises(ConfigError, match="two sets of labels"):
        replace(REGISTRY["worldcover"], variables=(variable(), variable(name="w", bands=("b",))))


def test_unknown_product_names_the_known_ones():
    with pytest.raises(ConfigError, match=r"did you mean 's1grd'.*worldcover"):
        products.get("s1grdd")


def test_worldcover_has_only_its_two_years():
    with pytest.raises(ConfigError, match="2020, 2021, not '2019'"):
        REGISTRY["worldcover"].frames(Period.parse("2019"))


def test_check_lets_valid_values_and_nodata_pass():
    values = np.full(SHAPE, -1200, "int16")
    values[0] = VARIABLE.nodata
    check(values, VARIABLE, SHAPE)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((4, 4, 8, 7), "int16"), "expected int16"),
        (np.zeros(SHAPE, "int32"), "expected int16"),
        (np.full(SHAPE, 20000, "int16"), "outside its valid range"),
        (np.full(SHAPE, -32767, "int16"), "outside its valid range"),
    ],
)
def test_check_refuses_what_breaks_the_promise(values, message):
    with pytest.raises(OutputError, match=message):
        check(values, VARIABLE, SHAPE)


def test_check_refuses_an_unknown_class():
    landcover = REGISTRY["worldcover"].variable("class")
    with pytest.raises(OutputError, match=r"classes \[11\]"):
        check(np.full((1, 1, 2, 2), 11, "uint8"), landcover, (1, 1, 2, 2))


def test_counts_do_not_make_a_tile_valid():
    product = REGISTRY["s2"]
    raster = {
        "reflectance": np.full((4, 4, 2, 2), 65535, "uint16"),
        "n_obs": np.zeros((4, 1, 2, 2), "uint16"),
    }
    assert valid_fraction(raster, product) == 0
    raster["reflectance"][0, 0, 0, 0] = 0
    assert valid_fraction(raster, product) == 1 / 64


def test_a_product_comes_from_somewhere():
    with pytest.raises(ConfigError, match="or an archive"):
        replace(REGISTRY["worldcover"], scenes=None, images=None)
    with pytest.raises(ConfigError, match="expected both"):
        replace(REGISTRY["worldcover"], scenes=None)


def test_slots_go_with_events_and_pairs():
    with pytest.raises(ConfigError, match="slots belong"):
        replace(REGISTRY["worldcover"], slots=3)
    with pytest.raises(ConfigError, match="slots belong"):
        replace(REGISTRY["worldcover"], cadence="pairs")


def test_dates_are_days_in_16_bits():
    with pytest.raises(ConfigError, match="dates are uint16"):
        variable(kind="date", units="1")


def test_a_year_of_months_that_is_too_large_is_stored_by_month():
    monthly = replace(REGISTRY["s1grd"], cadence="months")
    parts = [p.name for p in monthly.expand(Period.parse("2020"))]
    assert parts == list(Period.parse("2020").months())
    assert monthly.expand(Period.parse("2020-07")) == (Period.parse("2020-07"),)
    small = replace(REGISTRY["s1grd"], cadence="months", resolution=80)
    assert small.expand(Period.parse("2020")) == (Period.parse("2020"),)
    assert REGISTRY["s1grd"].expand(Period.parse("2020")) == (Period.parse("2020"),)


@pytest.mark.parametrize(
    ("period", "refused"),
    [("2020", False), ("2021", True), ("2022", True), ("2023", False)],
)
def test_a_frame_that_meets_a_gap_is_refused(period, refused):
    """The seasons of 2021 end with November, those of 2023 begin with December 2022: gaps are half-open, as frames."""
    gap = Gap(date(2021, 11, 30), date(2022, 12, 1), "the satellite was away")
    product = replace(REGISTRY["s1grd"], gaps=(gap,))
    if not refused:
        assert len(product.frames(Period.parse(period))) == 4
        return
    with pytest.raises(ConfigError, match=r"product 's1grd', \w+ .*, cannot be made: the satellite was away"):
        product.frames(Period.parse(period))


def test_a_block_is_four_by_four_tiles_down_and_right_of_its_corner():
    assert Place("EPSG:32631", 100.0, 900.0, 10.0).bounds == (100.0, 860.0, 140.0, 900.0)
