"""The algorithms, one module for each family; importing the package registers them."""

from __future__ import annotations

from eo_ingest.emulator.algorithms import (
    arithmetic,
    bands,
    collecting,
    dates,
    dictionaries,
    features,
    filtering,
    formulas,
    framing,
    geometries,
    lists,
    load,
    masking,
    numbers,
    placing,
    reducing,
    strings,
    terrain,
    visualizing,
)

__all__ = [
    "arithmetic",
    "bands",
    "collecting",
    "dates",
    "dictionaries",
    "features",
    "filtering",
    "formulas",
    "framing",
    "geometries",
    "lists",
    "load",
    "masking",
    "numbers",
    "placing",
    "reducing",
    "strings",
    "terrain",
    "visualizing",
]
