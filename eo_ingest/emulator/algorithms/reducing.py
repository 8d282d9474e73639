"""Constructors of reducers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from eo_ingest.emulator import reducers
from eo_ingest.emulator.encode import encode
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.reducers import Reducer
from eo_ingest.emulator.registry import add, algorithm

if TYPE_CHECKING:
    from collections.abc import Callable

_PLAIN = {
    "count": ("count",),
    "sum": ("sum",),
    "mean": ("mean",),
    "product": ("product",),
    "minMax": ("min", "max"),
    "allNonZero": ("all",),
    "anyNonZero": ("any",),
    "first": ("first",),
    "firstNonNull": ("first",),
    "last": ("last",),
    "lastNonNull": ("last",),
    "stdDev": ("stdDev",),
    "variance": ("variance",),
    "bitwiseAnd": ("bitwiseAnd",),
    "bitwiseOr": ("bitwiseOr",),
}
# Earth Engine names these outputs like those of the whole population.
_RENAMED = {"sampleStdDev": "stdDev", "sampleVariance": "variance"}


def _plain(outputs: tuple[str, ...]) -> Callable[[], Reducer]:
    return lambda: reducers.named(*outputs)


for _name, _outputs in _PLAIN.items():
    add(f"Reducer.{_name}", _plain(_outputs))
for _name, _shown in _RENAMED.items():
    add(f"Reducer.{_name}", lambda name=_name, shown=_shown: reducers.named(name).renamed([shown]))


@algorithm("Reducer.median")
def median(_buckets: Any, _width: Any, _raw: Any) -> Reducer:
    """The median, exact whatever the number of inputs."""
    return reducers.named("median")


@algorithm("Reducer.mode")
def mode(_buckets: Any, _width: Any, _raw: Any) -> Reducer:
    """The most frequent value."""
    return reducers.named("mode")


@algorithm("Reducer.percentile")
def percentile(fractions: list[float], names: list[str] | None, _buckets: Any, _width: Any, _raw: Any) -> Reducer:
    """Percentiles, exact whatever the number of inputs."""
    return reducers.percentiles(fractions, names)


def _extreme(name: str) -> Callable[[int], Reducer]:
    def make(inputs: int) -> Reducer:
        if inputs != 1:
            raise EarthEngineError("numInputs above 1 is not in the emulator.")
        return reducers.named(name)

    return make


add("Reducer.min", _extreme("min"))
add("Reducer.max", _extreme("max"))


@algorithm("Reducer.combine")
def combine(first: Reducer, second: Reducer, prefix: str, shared: bool) -> Reducer:  # noqa: FBT001
    """Both reducers on the same inputs."""
    if not shared or first.rows or second.rows:
        raise EarthEngineError("Only reducers that share their inputs can be combined in the emulator.")
    more = tuple(replace(o, name=f"{prefix}{o.name}") for o in second.outputs)
    return replace(first, outputs=first.outputs + more)


@algorithm("Reducer.repeat")
def repeat(reducer: Reducer, count: int) -> Reducer:
    """The reducer for each of several inputs; results are lists."""
    return replace(reducer, repeated=count)


@algorithm("Reducer.unweighted")
def unweighted(reducer: Reducer) -> Reducer:
    """The reducer that counts every pixel whose centre is in a region as one; masks are no weights in any case."""
    return replace(reducer, weighted=False)


@algorithm("Reducer.setOutputs")
def set_outputs(reducer: Reducer, names: list[str]) -> Reducer:
    """Other output names."""
    return reducer.renamed(names)


@algorithm("Reducer.getOutputs")
def get_outputs(reducer: Reducer) -> list[str]:
    """Output names."""
    return [o.name for o in reducer.outputs]


def _rows(name: str, function: Callable[[list[tuple[Any, ...]]], Any]) -> Reducer:
    return Reducer((), rows=lambda rows: {name: function(rows)})


@algorithm("Reducer.toList")
def to_list(size: int | None, _optional: int) -> Reducer:
    """The inputs as a list; of lists where a tuple size is given."""
    return _rows("list", lambda rows: [list(r) if size else r[0] for r in rows])


@algorithm("Reducer.countDistinct", "Reducer.countDistinctNonNull")
def count_distinct() -> Reducer:
    """How many different values there are."""
    return _rows("count", lambda rows: len({str(encode(list(r))) for r in rows}))


@algorithm("Reducer.frequencyHistogram")
def frequency_histogram() -> Reducer:
    """How often each value occurs."""

    def count(rows: list[tuple[Any, ...]]) -> dict[str, int]:
        found: dict[str, int] = {}
        for (value,) in rows:
            found[str(encode(value))] = found.get(str(encode(value)), 0) + 1
        return found

    return _rows("histogram", count)
