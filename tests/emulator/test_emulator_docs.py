"""The documentation of the emulator says what is there."""

from __future__ import annotations

import re
from pathlib import Path

from eo_ingest.emulator import algorithms, documents, registry

PAGE = Path(__file__).parents[2] / "docs" / "emulator.md"


def listed():
    text = PAGE.read_text().partition("<!-- algorithms -->")[2].partition("<!-- end of algorithms -->")[0]
    found = []
    for group, names in re.findall(r"^- \*\*(\w+)\*\*: (.*)\.$", text, re.MULTILINE):
        found += [n if group == "Values" else f"{group}.{n}" for n in re.findall(r"`([^`]+)`", names)]
    return sorted(found)


def test_the_list_of_algorithms_is_complete():
    assert algorithms
    assert listed() == registry.names()


def test_every_algorithm_is_one_of_earth_engines():
    assert set(registry.names()) <= set(documents.signatures())


def test_what_the_products_need_is_there():
    needed = {
        "Collection.filter", "Collection.first", "Collection.map", "DateRange", "Feature", "Filter.dateRangeContains",
        "Filter.equals", "Filter.intersects", "Filter.listContains", "GeometryConstructors.Rectangle", "Image.addBands",
        "Image.constant", "Image.divide", "Image.gte", "Image.linkCollection", "Image.load", "Image.resample",
        "Image.round", "Image.toUint16", "Image.unmask", "Image.updateMask", "ImageCollection.load", "Projection",
        "reduce.count", "reduce.mean", "reduce.median",
    }  # fmt: skip
    assert needed <= set(registry.names())
