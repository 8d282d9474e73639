"""Evaluates expressions of the Cloud API: a graph of value nodes, walked from its result.

A node is one of constantValue, integerValue, bytesValue, arrayValue, dictionaryValue, functionDefinitionValue,
functionInvocationValue, argumentReference and valueReference.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eo_ingest.emulator import registry
from eo_ingest.emulator.errors import EarthEngineError

if TYPE_CHECKING:
    from collections.abc import Callable

    from eo_ingest.emulator.registry import Context

    Node = Mapping[str, Any]


@dataclass
class Frame:
    """The arguments of one function call, and the values that were computed with them."""

    arguments: dict[str, Any] = field(default_factory=dict)
    parent: Frame | None = None
    cache: dict[str | int, Any] = field(default_factory=dict)

    def lookup(self, name: str) -> Any:
        """The value of an argument of this call or of one around it."""
        frame: Frame | None = self
        while frame is not None:
            if name in frame.arguments:
                return frame.arguments[name]
            frame = frame.parent
        raise EarthEngineError(f"Unbound argument: '{name}'.")

    def owner(self, free: frozenset[str]) -> Frame:
        """The outermost frame in which a value with these free arguments is the same."""
        frame = self
        while frame.parent is not None and not free & frame.arguments.keys():
            frame = frame.parent
        return frame


class Expression:
    """A decoded expression, evaluated on demand."""

    def __init__(self, document: Any, context: Context) -> None:
        if not isinstance(document, Mapping):
            raise EarthEngineError("Invalid JSON: an expression is an object with 'values' and 'result'.")
        self._values: Mapping[str, Node] = document.get("values") or {}
        self._context = context
        self._free: dict[str | int, frozenset[str]] = {}
        result = document.get("result")
        if not isinstance(result, str) or result not in self._values:
            raise EarthEngineError(f"Expression has no value for its result {result!r}.")
        self._result = result

    def evaluate(self) -> Any:
        """The value of the result."""
        try:
            return self._reference(self._result, Frame())
        except RecursionError as err:
            raise EarthEngineError("Expression is too deeply nested.") from err

    def _reference(self, name: str, frame: Frame) -> Any:
        if name not in self._values:
            raise EarthEngineError(f"Expression refers to '{name}', which is not among its values.")
        owner = frame.owner(self._free_of(name))
        if name not in owner.cache:
            owner.cache[name] = self._node(self._values[name], owner)
        return owner.cache[name]

    def _free_of(self, name: str) -> frozenset[str]:
        """Arguments that a named value takes from the functions around it."""
        found = self._free.get(name)
        if found is None:
            self._free[name] = frozenset()  # ends the walk of a graph that refers to itself
            found = self._free[name] = self._free_in(self._values.get(name, {}))
        return found

    def _free_of_call(self, content: Any) -> frozenset[str]:
        """The same of a call without a name; nodes live as long as the expression."""
        found = self._free.get(id(content))
        if found is None:
            found = self._free[id(content)] = self._free_in({"functionInvocationValue": content})
        return found

    def _free_in(self, node: Node) -> frozenset[str]:
        kind, content = _kind(node)
        found: frozenset[str] = frozenset()
        if kind == "argumentReference":
            found = frozenset({content})
        elif kind == "valueReference":
            found = self._free_of(content)
        elif kind == "arrayValue":
            found = found.union(*(self._free_in(v) for v in content.get("values", [])))
        elif kind == "dictionaryValue":
            found = found.union(*(self._free_in(v) for v in content.get("values", {}).values()))
        elif kind == "functionDefinitionValue":
            found = self._free_of(content["body"]) - set(content.get("argumentNames", []))
        elif kind == "functionInvocationValue":
            found = found.union(*(self._free_in(v) for v in content.get("arguments", {}).values()))
            if "functionReference" in content:
                found |= self._free_of(content["functionReference"])
        return found

    def _node(self, node: Node, frame: Frame) -> Any:
        kind, content = _kind(node)
        reader = self._READERS.get(kind)
        if reader is None:
            raise EarthEngineError(f"Invalid JSON: '{kind}' is not a kind of value.")
        return reader(self, content, frame)

    def _array(self, content: Any, frame: Frame) -> Any:
        return [self._node(v, frame) for v in content.get("values", [])]

    def _dictionary(self, content: Any, frame: Frame) -> Any:
        return {key: self._node(v, frame) for key, v in content.get("values", {}).items()}

    def _definition(self, content: Any, frame: Frame) -> Callable[..., Any]:
        parameters = list(content.get("argumentNames", []))
        body = content["body"]

        def function(*values: Any) -> Any:
            if len(values) < len(parameters):
                raise EarthEngineError(f"A function of {len(parameters)} arguments was called with {len(values)}.")
            return self._reference(body, Frame(dict(zip(parameters, values, strict=False)), frame))

        function.parameters = parameters  # type: ignore[attr-defined]
        return function

    def _invocation(self, content: Any, frame: Frame) -> Any:
        """The value of a call. What a mapped function takes from around it is computed once, not for every element."""
        owner = frame.owner(self._free_of_call(content))
        if owner is frame:
            return self._call(content, frame)
        if id(content) not in owner.cache:
            owner.cache[id(content)] = self._call(content, owner)
        return owner.cache[id(content)]

    def _call(self, content: Any, frame: Frame) -> Any:
        arguments = {name: self._node(v, frame) for name, v in content.get("arguments", {}).items()}
        if "functionName" in content:
            return registry.call(content["functionName"], arguments, self._context)
        function = self._reference(content["functionReference"], frame)
        if not callable(function):
            raise EarthEngineError("Expression calls a value that is not a function.")
        parameters = getattr(function, "parameters", list(arguments))
        missing = [name for name in parameters if name not in arguments]
        if missing:
            raise EarthEngineError(f"Function call lacks argument '{missing[0]}'.")
        return function(*(arguments[name] for name in parameters))

    _READERS: Mapping[str, Callable[[Expression, Any, Frame], Any]] = {
        "constantValue": lambda _self, content, _frame: content,
        "integerValue": lambda _self, content, _frame: int(content),
        "bytesValue": lambda _self, content, _frame: base64.b64decode(content),
        "arrayValue": _array,
        "dictionaryValue": _dictionary,
        "functionDefinitionValue": _definition,
        "functionInvocationValue": _invocation,
        "argumentReference": lambda _self, content, frame: frame.lookup(content),
        "valueReference": lambda self, content, frame: self._reference(content, frame),
    }


def _kind(node: Node) -> tuple[str, Any]:
    if not isinstance(node, Mapping) or len(node) != 1:
        raise EarthEngineError(f"Invalid JSON: a value node has one member, found {str(node)[:100]}.")
    return next(iter(node.items()))
