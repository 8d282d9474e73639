"""How often the values of an expression are computed."""

import json
from collections import Counter

import pytest

from eo_ingest.emulator import registry
from eo_ingest.emulator.expression import Expression
from eo_ingest.sources.earthengine import client


@pytest.fixture
def calls(monkeypatch):
    """Counts the algorithms that are called."""
    found = Counter()
    call = registry.call

    def counted(name, arguments, context):
        found[name] += 1
        return call(name, arguments, context)

    monkeypatch.setattr(registry, "call", counted)
    return found


@pytest.fixture
def value():
    client.prepare_offline()

    def evaluate(make):
        import ee

        import eo_ingest.emulator.algorithms

        assert eo_ingest.emulator.algorithms
        return Expression(json.loads(make(ee).serialize(for_cloud_api=True)), registry.Context(None)).evaluate()

    return evaluate


def test_what_a_mapped_function_takes_from_around_it_is_computed_once(value, calls):
    found = value(lambda ee: ee.List([1, 2, 3]).map(lambda n: ee.Number(n).add(ee.Number(20).sqrt().floor())))
    assert found == [5, 6, 7]
    assert calls == {"List.map": 1, "Number.sqrt": 1, "Number.floor": 1, "Number.add": 3}


def test_in_nested_functions_it_is_computed_once_for_each_element_it_depends_on(value, calls):
    def outer(ee):
        return lambda i: ee.List([1, 2, 3]).map(lambda j: ee.Number(j).add(ee.Number(i).sqrt()))

    assert value(lambda ee: ee.List([4, 9]).map(outer(ee))) == [[3, 4, 5], [4, 5, 6]]
    assert calls == {"List.map": 3, "Number.sqrt": 2, "Number.add": 6}
