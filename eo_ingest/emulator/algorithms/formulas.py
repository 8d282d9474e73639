"""Arithmetic expressions written as text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eo_ingest.emulator import registry
from eo_ingest.emulator.algorithms.bands import cat, constant, select
from eo_ingest.emulator.algorithms.masking import where
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.image import Image
from eo_ingest.emulator.registry import Context, algorithm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<text>'[^']*'|\"[^\"]*\")|(?P<sign>\*\*|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>!?:()\[\],.=&|^~]))"
)

# Operators from the loosest to the tightest, with the algorithm each stands for.
_LEVELS: list[dict[str, str]] = [
    {"||": "or"},
    {"&&": "and"},
    {"|": "bitwiseOr"},
    {"^": "bitwiseXor"},
    {"&": "bitwiseAnd"},
    {"==": "eq", "!=": "neq"},
    {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"},
    {"<<": "leftShift", ">>": "rightShift"},
    {"+": "add", "-": "subtract"},
    {"*": "multiply", "/": "divide", "%": "mod"},
]


@dataclass
class Parser:
    """A recursive descent over tokens, which evaluates as it goes."""

    tokens: list[str]
    variables: Mapping[str, Image]
    default: str
    context: Context
    at: int = 0

    def parse(self) -> Image:
        """The value of all tokens, named if the expression assigns it."""
        name = None
        if len(self.tokens) > 2 and self.tokens[1] == "=" and self.tokens[0].isidentifier():
            name, self.at = self.tokens[0], 2
        value = self._choice()
        if self.at < len(self.tokens):
            raise EarthEngineError(f"Unexpected '{self.tokens[self.at]}' in the expression.")
        return value if name is None else Image((select(value, [0], [name]).bands[0],))

    def _peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _next(self) -> str:
        symbol = self._peek()
        if not symbol:
            raise EarthEngineError("The expression ends too early.")
        self.at += 1
        return symbol

    def _expect(self, symbol: str) -> None:
        if self._next() != symbol:
            raise EarthEngineError(f"Expected '{symbol}' in the expression.")

    def _call(self, name: str, *images: Image) -> Image:
        keys = ("image1", "image2") if len(images) == 2 else ("value",)
        found = registry.call(f"Image.{name}", dict(zip(keys, images, strict=True)), self.context)
        if not isinstance(found, Image):
            raise EarthEngineError(f"{name} is not an operation on images.")
        return found

    def _choice(self) -> Image:
        condition = self._binary(0)
        if self._peek() != "?":
            return condition
        self._next()
        yes = self._choice()
        self._expect(":")
        no = self._choice()
        # The result is masked where the condition is.
        base = self._call("add", no, self._call("multiply", condition, constant(0)))
        return where(base, condition, yes)

    def _binary(self, level: int) -> Image:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while self._peek() in _LEVELS[level]:
            operator = _LEVELS[level][self._next()]
            left = self._call(operator, left, self._binary(level + 1))
        return left

    def _unary(self) -> Image:
        symbol = self._peek()
        if symbol in {"-", "+", "!", "~"}:
            self._next()
            value = self._unary()
            if symbol == "-":
                return self._call("multiply", value, constant(-1))
            return value if symbol == "+" else self._call("not" if symbol == "!" else "bitwiseNot", value)
        base = self._postfix()
        if self._peek() == "**":
            self._next()
            return self._call("pow", base, self._unary())
        return base

    def _postfix(self) -> Image:
        symbol = self._next()
        if symbol == "(":
            value = self._choice()
            self._expect(")")
        elif symbol[0].isdigit() or symbol[0] == ".":
            value = constant(float(symbol))
        elif symbol == "b" and self._peek() == "(":
            value = self._bands_of(self.variables[self.default], "(", ")")
        elif symbol.isidentifier() and self._peek() == "(":
            value = self._function(symbol)
        elif symbol in self.variables:
            value = self.variables[symbol]
        else:
            raise EarthEngineError(f"Unknown variable '{symbol}' in the expression.")
        while self._peek() in {".", "["}:
            if self._peek() == "[":
                value = self._bands_of(value, "[", "]")
            else:
                self._next()
                value = select(value, [self._next()], None)
        return value

    def _bands_of(self, image: Image, opening: str, closing: str) -> Image:
        self._expect(opening)
        chosen: list[Any] = []
        while self._peek() != closing:
            symbol = self._next()
            chosen.append(int(symbol) if symbol.isdigit() else symbol.strip("'\""))
            if self._peek() == ",":
                self._next()
        self._expect(closing)
        return select(image, chosen, None) if chosen else image

    def _function(self, name: str) -> Image:
        self._expect("(")
        arguments = []
        while self._peek() != ")":
            arguments.append(self._choice())
            if self._peek() == ",":
                self._next()
        self._expect(")")
        if name == "cat":
            return cat(arguments)
        result = arguments[0] if arguments else constant(0)
        if len(arguments) == 1:
            return self._call(name, result)
        for argument in arguments[1:]:
            result = self._call(name, result, argument)
        return result


def tokenize(text: str) -> list[str]:
    """The tokens of an expression."""
    tokens, position = [], 0
    while text[position:].strip():
        found = _TOKEN.match(text, position)
        if found is None:
            raise EarthEngineError(f"Cannot read the expression at '{text[position:].strip()[:20]}'.")
        tokens.append(found.group(0).strip())
        position = found.end()
    return tokens


@algorithm("Image.parseExpression")
def parse_expression(
    context: Context,
    text: str,
    default: str,
    variables: list[str],
    _free: bool,  # noqa: FBT001
) -> Callable[..., Image]:
    """A function of images that evaluates an arithmetic expression."""
    tokens = tokenize(text)

    def function(*images: Any) -> Image:
        named = dict(zip(variables, images, strict=True))
        return Parser(tokens, {n: constant(i) for n, i in named.items()}, default, context).parse()

    function.parameters = variables  # type: ignore[attr-defined]
    return function
