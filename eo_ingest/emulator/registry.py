"""The algorithms that the emulator has: adding one is adding one function.

    @algorithm("Image.updateMask")
    def update_mask(image: Image, mask: Image) -> Image: ...

The function takes the algorithm's arguments in the order of Earth Engine's own description, already converted to
their declared types and with defaults filled in. A first parameter called `context` receives the `Context`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from eo_ingest.emulator import documents
from eo_ingest.emulator.coerce import coerce
from eo_ingest.emulator.errors import EarthEngineError

if TYPE_CHECKING:
    from eo_ingest.emulator.asset import Catalogue
    from eo_ingest.emulator.documents import Signature

Implementation = TypeVar("Implementation", bound=Callable[..., Any])


@dataclass(frozen=True)
class Context:
    """What an algorithm can reach besides its arguments."""

    catalogue: Catalogue


@dataclass(frozen=True)
class _Entry:
    function: Callable[..., Any]
    wants_context: bool


_ENTRIES: dict[str, _Entry] = {}


def algorithm(*names: str) -> Callable[[Implementation], Implementation]:
    """Registers a function under names of algorithms that share a signature."""

    def register(function: Implementation) -> Implementation:
        for name in names:
            if name in _ENTRIES:
                raise ValueError(f"algorithm {name!r} is registered twice")
            add(name, function)
        return function

    return register


def add(name: str, function: Callable[..., Any]) -> None:
    """Registers one function that was not written with `@algorithm`."""
    parameters = list(inspect.signature(function).parameters)
    _ENTRIES[name] = _Entry(function, bool(parameters) and parameters[0] == "context")


def names() -> list[str]:
    """The algorithms that are there, sorted."""
    return sorted(_ENTRIES)


def call(name: str, arguments: Mapping[str, Any], context: Context) -> Any:
    """Runs an algorithm on evaluated arguments.

    Raises:
        EarthEngineError: An argument is missing or of the wrong type, or there is no such algorithm.
    """
    signature = documents.signatures().get(name)
    if signature is None:
        raise EarthEngineError(f"Unrecognized function name: '{name}'.")
    entry = _ENTRIES.get(name)
    if entry is None:
        raise EarthEngineError(f"{name}: this algorithm is not in the emulator. docs/emulator.md lists those that are.")
    try:
        values = _bind(signature, arguments, context)
        return entry.function(context, *values) if entry.wants_context else entry.function(*values)
    except EarthEngineError as err:
        raise err.inside(name) from err


def _bind(signature: Signature, arguments: Mapping[str, Any], context: Context) -> list[Any]:
    unknown = set(arguments) - {a.name for a in signature.arguments}
    if unknown:
        raise EarthEngineError(f"Unrecognized argument '{min(unknown)}'.")
    values: list[Any] = []
    for argument in signature.arguments:
        value = arguments.get(argument.name)
        if value is None:
            value = argument.default
        if value is None:
            # Some required arguments, such as the operands of If and List.indexOf, may be null all the same.
            if not argument.optional and argument.type not in {"Object", "<any>"}:
                state = "may not be null" if argument.name in arguments else "was not given"
                raise EarthEngineError(f"Parameter '{argument.name}' is required and {state}.")
            values.append(None)
            continue
        values.append(coerce(value, argument.type, argument.name, context))
    return values
