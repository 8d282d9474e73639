"""Filters written as text."""

from __future__ import annotations

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eo_ingest.emulator.element import Feature
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.filtertext import parse

SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne}


@st.composite
def terms(draw, depth=3):
    """A text and the function of {a, b} that it means."""
    kind = draw(st.sampled_from(["relation", "pair", "in", "not", "and", "or"] if depth else ["relation"]))
    if kind in {"and", "or"}:
        left, right = draw(terms(depth=depth - 1)), draw(terms(depth=depth - 1))
        sign = draw(st.sampled_from({"and": ["&&", "and", "AND"], "or": ["||", "or"]}[kind]))
        join = all if kind == "and" else any
        return f"({left[0]}) {sign} ({right[0]})", lambda v: join([left[1](v), right[1](v)])
    if kind == "not":
        inner = draw(terms(depth=depth - 1))
        return f"{draw(st.sampled_from(['!', 'not ']))}({inner[0]})", lambda v: not inner[1](v)
    if kind == "in":
        members = draw(st.lists(st.integers(-3, 3), min_size=1, max_size=4))
        return f"a in [{', '.join(map(str, members))}]", lambda v: v["a"] in members
    sign = draw(st.sampled_from([*SIGNS]))
    if kind == "pair":
        return f"a {sign} b", lambda v: SIGNS[sign](v["a"], v["b"])
    number = draw(st.integers(-3, 3) | st.sampled_from([0.5, -1.25]))
    name = draw(st.sampled_from("ab"))
    space = draw(st.sampled_from(["", " ", "  "]))
    return f"{name}{space}{sign}{space}{number}", lambda v: SIGNS[sign](v[name], number)


@given(terms(), st.integers(-3, 3), st.integers(-3, 3))
def test_a_text_means_what_it_says(term, a, b):
    text, meaning = term
    assert parse(text).accepts(Feature(None, {"a": a, "b": b})) == meaning({"a": a, "b": b})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a == 1 || a == 2 && b == 9", True),
        ("(a == 1 || a == 2) && b == 9", False),
        ("!a == 2", True),
        ("a = 1", True),
        ("'system:index' == \"x'1\"", True),
        ("system:index == 'x\\'1'", True),
        ("system:index in ('y', \"x'1\")", True),
        ("missing < 5", False),
        ("missing != 5", False),
        ("a < 1e1 and a > -1.5E-3", True),
    ],
)
def test_precedence_quotes_and_what_is_missing(text, expected):
    assert parse(text).accepts(Feature(None, {"a": 1, "b": 8, "system:index": "x'1"})) is expected


@pytest.mark.parametrize(
    "text",
    ["", "a", "a <", "< 5", "a < 5 b", "a ~ 5", "(a < 5", "a < 5)", "a in 5", "a in [1", "a in []", "1 < a", "a == 'x"],
)
def test_what_cannot_be_read_is_shown(text):
    with pytest.raises(EarthEngineError, match="cannot be read at"):
        parse(text)


def test_by_the_client(ee):
    images = ee.ImageCollection("T/STACK")
    named = images.filter("number > 2 || cloud == 10.5").aggregate_array("number").getInfo()
    assert named == [1, 3, 4]
    expressed = images.filter(ee.Filter.expression("pass == 'ASCENDING' && !(number in [0, 2])"))
    assert expressed.aggregate_array("number").getInfo() == [4]
    with pytest.raises(ee.EEException, match="Invalid filter 'number >'"):
        images.filter("number >").size().getInfo()
