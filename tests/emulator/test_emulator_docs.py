"""The documentation of the emulator says what is there."""

from __future__ import annotations

import re
from pathlib import Path

from eo_ingest.emulator import algorithms, documents, registry
from eo_ingest.emulator.world import World

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


def test_every_asset_of_the_planet_is_described():
    world = World()
    text = PAGE.read_text().partition("## The synthetic planet")[2].partition("## How it evaluates")[0]
    told = set(re.findall(r"`((?:[A-Za-z_0-9-]+/)+[A-Za-z_0-9]+)`", text))
    roots = {name.partition("/")[0] for name in told}
    there = {asset.id for root in roots for asset in world.children(root) or []}
    assert {name for name in there if not name.endswith("_RAW")} == told
    assert {name.removesuffix("_RAW") for name in there} <= told
    assert all(world.get(name) for name in told)


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
