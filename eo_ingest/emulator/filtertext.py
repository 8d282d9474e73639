"""Filters written as text: `CLOUD_COVER < 20 && (pass == "ASCENDING" || !(orbit in [1, 2]))`."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any

from eo_ingest.emulator import filters
from eo_ingest.emulator.errors import EarthEngineError
from eo_ingest.emulator.filters import Operands

if TYPE_CHECKING:
    from collections.abc import Callable

    from eo_ingest.emulator.filters import Filter

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w:]))
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<word>[A-Za-z_][\w:.]*)
    |(?P<sign>&&|\|\||==|!=|<=|>=|[<>=!()\[\],]))""",
    re.VERBOSE,
)
_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
}
_WORDS = {"and": "&&", "or": "||", "not": "!", "in": "in"}


def parse(text: str) -> Filter:
    """The filter of a text.

    Raises:
        EarthEngineError: It cannot be read.
    """
    reader = _Reader(text)
    found = reader.either()
    reader.expect("end")
    return found


class _Reader:
    """Reads a text from left to right; `kind` and `value` are of the token that is next."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self.kind = ""
        self.value: Any = None
        self.advance()

    def advance(self) -> None:
        """Goes to the next token."""
        rest = self._text[self._position :]
        if not rest.strip():
            self.kind, self.value = "end", None
            return
        found = _TOKEN.match(rest)
        if found is None:
            raise self.error()
        self._position += found.end()
        if found["number"] is not None:
            number = float(found["number"])
            self.kind, self.value = "value", int(number) if number.is_integer() else number
        elif found["text"] is not None:
            self.kind, self.value = "text", re.sub(r"\\(.)", r"\1", found["text"][1:-1])
        elif found["word"] is not None and found["word"].lower() in _WORDS:
            self.kind = self.value = _WORDS[found["word"].lower()]
        elif found["word"] is not None:
            self.kind, self.value = "name", found["word"]
        else:
            self.kind = self.value = found["sign"]

    def error(self) -> EarthEngineError:
        """That the text cannot be read here."""
        return EarthEngineError(f"Invalid filter '{self._text}': cannot be read at '{self._text[self._position :]}'.")

    def expect(self, kind: str) -> Any:
        """The value of the next token, which must be of a kind."""
        if self.kind != kind:
            raise self.error()
        value = self.value
        if kind != "end":
            self.advance()
        return value

    def either(self) -> Filter:
        """Terms joined by ||."""
        terms = [self.every()]
        while self.kind == "||":
            self.advance()
            terms.append(self.every())
        return terms[0] if len(terms) == 1 else filters.any_of(terms)

    def every(self) -> Filter:
        """Terms joined by &&, which binds closer."""
        terms = [self.term()]
        while self.kind == "&&":
            self.advance()
            terms.append(self.term())
        return terms[0] if len(terms) == 1 else filters.all_of(terms)

    def term(self) -> Filter:
        """A comparison, a term in parentheses or a negated term."""
        if self.kind == "!":
            self.advance()
            return filters.negation(self.term())
        if self.kind == "(":
            self.advance()
            found = self.either()
            self.expect(")")
            return found
        return self.comparison()

    def comparison(self) -> Filter:
        """A property, quoted or not, a relation, and a value or another property."""
        field = self.expect("text" if self.kind == "text" else "name")
        if self.kind == "in":
            self.advance()
            members = self.members()
            return filters.compare(Operands(field, members, None, None), lambda a, b: a in b)
        if self.kind not in _RELATIONS:
            raise self.error()
        relation = _RELATIONS[self.expect(self.kind)]
        if self.kind == "name":
            return filters.compare(Operands(field, None, self.expect("name"), None), relation)
        return filters.compare(Operands(field, self.constant(), None, None), relation)

    def constant(self) -> Any:
        """A number or a quoted text."""
        return self.expect("text" if self.kind == "text" else "value")

    def members(self) -> list[Any]:
        """Constants in brackets."""
        close = {"[": "]", "(": ")"}.get(self.kind)
        if close is None:
            raise self.error()
        self.advance()
        found = [self.constant()]
        while self.kind == ",":
            self.advance()
            found.append(self.constant())
        self.expect(close)
        return found
