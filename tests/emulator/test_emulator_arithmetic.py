"""Arithmetic of images, checked against numpy and Earth Engine's documentation."""

from __future__ import annotations

import numpy as np
import pytest

from emulator_support import SIZE, grid, stack

X, N = stack()
RAMP = np.arange(SIZE * SIZE, dtype=np.int64).reshape(SIZE, SIZE)


BINARY = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": lambda a, b: np.where(b == 0, 0, a / np.where(b == 0, 1, b)),
    "mod": lambda a, b: np.where(b == 0, 0, np.fmod(a, np.where(b == 0, 1, b))),
    "max": np.maximum,
    "min": np.minimum,
    "hypot": np.hypot,
    "atan2": lambda a, b: np.arctan2(b, a),
    "And": lambda a, b: (a != 0) & (b != 0),
    "Or": lambda a, b: (a != 0) | (b != 0),
    "lt": np.less,
    "lte": np.less_equal,
    "gt": np.greater,
    "gte": np.greater_equal,
    "eq": np.equal,
    "neq": np.not_equal,
}


@pytest.mark.parametrize("name", BINARY)
def test_binary_operations_match_numpy_and_mask_where_either_is(ee, pixels, name):
    x, n = ee.Image("T/STACK/s0"), ee.Image("T/BYTES/s0")
    found = pixels(getattr(x, name)(n).rename("r").addBands(getattr(x, name)(n).mask().rename("m")))
    valid = ~np.isnan(X[0]) & (N[0] != 255)
    expected = BINARY[name](np.nan_to_num(X[0]).astype(float), N[0].astype(float))
    np.testing.assert_array_equal(found["m"], valid)
    np.testing.assert_allclose(found["r"][valid], expected[valid].astype(found["r"].dtype), rtol=1e-5, atol=1e-5)
    assert (found["r"][~valid] == 0).all()


UNARY = {
    "abs": np.abs,
    "round": lambda v: np.floor(v + 0.5),
    "floor": np.floor,
    "ceil": np.ceil,
    "signum": np.sign,
    "Not": lambda v: v == 0,
    "exp": np.exp,
    "sin": np.sin,
    "cos": np.cos,
    "atan": np.arctan,
    "cbrt": np.cbrt,
    "tanh": np.tanh,
}


@pytest.mark.parametrize("name", UNARY)
def test_unary_operations_match_numpy(ee, values, name):
    found = values(getattr(ee.Image("T/STACK/s1"), name)())
    valid = ~np.isnan(X[1])
    np.testing.assert_allclose(found[valid], UNARY[name](X[1][valid].astype(float)), rtol=1e-5)


@pytest.mark.parametrize("name", ["sqrt", "log", "log10"])
def test_roots_and_logarithms(ee, values, name):
    found = values(getattr(ee.Image("T/RAMP").add(1), name)())
    np.testing.assert_allclose(found, getattr(np, name)(RAMP + 1.0), rtol=1e-6)


def test_pow_of_a_constant(ee, values):
    found = values(ee.Image(10).pow(ee.Image("T/STACK/s0").divide(10)))
    valid = ~np.isnan(X[0])
    np.testing.assert_allclose(found[valid], 10 ** (X[0][valid] / 10.0), rtol=1e-5)
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    ("value", "cast", "expected"),
    [
        (1.7, "toInt16", 1),
        (-1.7, "toInt16", -1),
        (40000, "toInt16", 32767),
        (-40000, "toInt16", -32768),
        (300, "toUint8", 255),
        (300, "toByte", 255),
        (-1, "toUint8", 0),
        (65535 + 12345, "toUint16", 65535),
        (-12345, "toUint16", 0),
        (1e12, "toInt32", 2147483647),
        (-129, "toInt8", -128),
        (5e9, "toUint32", 4294967295),
        (2**40 + 0.5, "toInt64", 2**40),
        (0.1, "toFloat", np.float32(0.1)),
        (0.1, "toDouble", 0.1),
    ],
)
def test_casts_clamp_and_truncate(ee, values, value, cast, expected):
    # Earth Engine's apidocs of ee.Number.toUint16 and the like: out of range becomes the nearest bound.
    found = values(getattr(ee.Image(value), cast)(), grid(1, 1))
    assert found[0, 0] == expected
    names = {"toByte": "uint8", "toFloat": "float32", "toDouble": "float64"}
    assert found.dtype == np.dtype(names.get(cast, cast.removeprefix("to").lower()))


@pytest.mark.parametrize("cast", ["toInt16", "toUint8", "toUint16", "toInt32"])
def test_casts_of_pixels_match_numpy(ee, values, cast):
    info = np.iinfo(cast.removeprefix("to").lower())
    found = values(getattr(ee.Image("T/STACK/s0").multiply(5000).unmask(0), cast)())
    scaled = np.trunc(np.nan_to_num(X[0] * np.float32(5000)).astype(float))
    np.testing.assert_array_equal(found, np.clip(scaled, info.min, info.max))


def test_integers_do_not_overflow(ee, values):
    n = ee.Image("T/BYTES/s0").unmask(255)
    total = values(n.add(n))
    np.testing.assert_array_equal(total, N[0].astype(int) * 2)
    assert total.dtype == np.uint16
    assert values(n.multiply(n)).dtype == np.uint16
    assert values(n.subtract(n.add(n))).min() == -255
    assert values(n.multiply(n).multiply(n).multiply(n).multiply(2)).max() == 2 * 255**4


def test_types_of_results(ee):
    def kind(image):
        return image.getInfo()["bands"][0]["data_type"]

    n = ee.Image("T/BYTES/s0")
    assert kind(n) == {"type": "PixelType", "precision": "int", "min": 0, "max": 255}
    assert kind(n.add(n)) == {"type": "PixelType", "precision": "int", "min": 0, "max": 510}
    assert kind(n.gt(3)) == {"type": "PixelType", "precision": "int", "min": 0, "max": 1}
    assert kind(n.divide(10))["precision"] == "float"
    assert kind(n.toDouble().divide(10))["precision"] == "double"
    assert kind(n.add(ee.Image(0.5)))["precision"] == "double"
    assert kind(ee.Image(7)) == {"type": "PixelType", "precision": "int", "min": 7, "max": 7}


@pytest.mark.parametrize(("value", "expected"), [(10.4, 10), (10.5, 11), (10.9, 11), (2.5, 3), (-0.2, 0)])
def test_round_goes_up_from_halves(ee, values, value, expected):
    assert values(ee.Image(value).round(), grid(1, 1))[0, 0] == expected
    assert ee.Number(value).round().getInfo() == expected


def test_division_and_remainder_by_zero_are_zero(ee, values):
    assert values(ee.Image(5).divide(0), grid(1, 1))[0, 0] == 0
    assert values(ee.Image(5).mod(0), grid(1, 1))[0, 0] == 0
    assert ee.Number(5).divide(0).getInfo() == 0


@pytest.mark.parametrize(
    ("name", "other", "function"),
    [
        ("bitwiseAnd", 12, np.bitwise_and),
        ("bitwiseOr", 9, np.bitwise_or),
        ("bitwiseXor", 7, np.bitwise_xor),
        ("rightShift", 3, np.right_shift),
        ("leftShift", 5, np.left_shift),
    ],
)
def test_bits(ee, values, name, other, function):
    np.testing.assert_array_equal(values(getattr(ee.Image("T/RAMP"), name)(other)), function(RAMP, other))


class TestPairing:
    def test_one_band_goes_with_all(self, ee, pixels):
        found = pixels(ee.Image("T/RAMP").add(ee.Image("T/TWO")))
        assert found.dtype.names == ("a", "b")
        np.testing.assert_array_equal(found["b"], 0)
        assert pixels(ee.Image("T/TWO").add(ee.Image("T/RAMP"))).dtype.names == ("a", "b")

    def test_same_names_go_together_in_the_left_order(self, ee, pixels):
        found = pixels(ee.Image("T/TWO").add(ee.Image("T/TWO").select(["b", "a"])))
        assert found.dtype.names == ("a", "b")
        np.testing.assert_array_equal(found["a"], 2 * RAMP)

    def test_other_names_go_by_position(self, ee, pixels):
        found = pixels(ee.Image("T/TWO").add(ee.Image("T/TWO").rename(["p", "q"])))
        assert found.dtype.names == ("a", "b")
        np.testing.assert_array_equal(found["a"], 2 * RAMP)

    def test_different_counts_are_refused(self, ee, refused):
        assert "same number of bands" in refused(ee.Image("T/TWO").add(ee.Image([1, 2, 3])))
        none = ee.ImageCollection([]).median()
        assert "Got 0 and 1" in refused(none.add(1))

    def test_properties_are_not_kept(self, ee):
        two = ee.Image("T/TWO")
        assert "k" not in two.add(1).getInfo().get("properties", {})
        assert two.toFloat().getInfo()["properties"]["k"] == 1
        assert two.select("a").getInfo()["properties"]["k"] == 1


def test_clamp_and_unit_scale(ee, values):
    clamped = values(ee.Image("T/RAMP").clamp(100, 200))
    np.testing.assert_array_equal(clamped, np.clip(RAMP, 100, 200))
    scaled = values(ee.Image("T/RAMP").unitScale(100, 200))
    np.testing.assert_allclose(scaled, (RAMP - 100) / 100)


def test_normalized_difference_masks_negative_values(ee, pixels):
    image = ee.Image("T/RAMP").addBands(ee.Image(100)).addBands(ee.Image("T/TWO").select("b"))
    found = pixels(image.normalizedDifference(["z", "constant"]))
    np.testing.assert_allclose(found["nd"], (RAMP - 100) / (RAMP + 100), rtol=1e-6)
    mask = pixels(image.normalizedDifference(["z", "b"]).mask())["nd"]
    np.testing.assert_array_equal(mask, RAMP == 0)


EXPRESSIONS = {
    "b('a') * 2 + 1": lambda a, b: a * 2 + 1,
    "(b(0) - b(1)) / 4": lambda a, b: (a - b) / 4,
    "i.a > 100 ? 1 : 0": lambda a, b: (a > 100).astype(int),
    "i['a'] ** 2": lambda a, b: a.astype(float) ** 2,
    "-i.a + k * 3": lambda a, b: -a + 15,
    "max(i.a, 50, k)": lambda a, b: np.maximum(a, 50),
    "sqrt(abs(i.b))": lambda a, b: np.sqrt(a),
    "(i.a > 10 && i.a < 20) || !i.a": lambda a, b: ((a > 10) & (a < 20)) | (a == 0),
    "out = 10 ** (i.a / 4096)": lambda a, b: 10 ** (a / 4096),
}


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expressions(ee, values, text):
    image = ee.Image("T/TWO")
    found = values(image.expression(text, {"i": image, "k": 5}))
    np.testing.assert_allclose(found, EXPRESSIONS[text](RAMP, -RAMP), rtol=1e-5)


def test_a_wrong_expression_is_refused(ee, refused):
    assert "Unknown variable 'zz'" in refused(ee.Image(1).expression("zz + 1"))
    assert "ends too early" in refused(ee.Image(1).expression("(1 + 2"))
    assert "Unexpected '3'" in refused(ee.Image(1).expression("1 + 2 3"))
    assert "Cannot read" in refused(ee.Image(1).expression("1 $ 2"))
