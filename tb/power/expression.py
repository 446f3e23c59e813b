"""Boolean functions of Liberty cells: read once, evaluated often.

Liberty's operators, tightest first: ``!`` before and ``'`` after a term, ``^``, AND (``*``, ``&`` or nothing
at all), OR (``+`` or ``|``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_\[\]]*|[01]|[!'()*&+|^])")


class FunctionError(ValueError):
    """The text is no boolean function of Liberty."""


@dataclass(frozen=True)
class Expression:
    """A pin or constant (`operator` ''), or an operator (``~ ^ & |``) of other expressions."""

    operator: str
    name: str = ""
    terms: tuple[Expression, ...] = ()

    def pins(self) -> set[str]:
        """Names of its pins."""
        if not self.operator:
            return set() if self.name in "01" else {self.name}
        return set().union(*(term.pins() for term in self.terms))

    def value(self, pins: Mapping[str, bool]) -> bool:
        """Evaluate it."""
        if not self.operator:
            return self.name == "1" if self.name in "01" else pins[self.name]
        values = [term.value(pins) for term in self.terms]
        if self.operator == "~":
            return not values[0]
        if self.operator == "^":
            return sum(values) % 2 == 1
        return all(values) if self.operator == "&" else any(values)

    def truth_table(self, pins: Sequence[str]) -> tuple[bool, ...]:
        """Its value for each combination of pins, the first pin being the lowest bit."""
        numbers = range(1 << len(pins))
        return tuple(self.value({pin: bool(n >> i & 1) for i, pin in enumerate(pins)}) for n in numbers)


def parse(function: str) -> Expression:
    """Read a function such as ``(!(A B))``; raise `FunctionError` if it is none."""
    tokens, at = [], 0
    while function[at:].strip():
        match = _TOKEN.match(function, at)
        if match is None:
            raise FunctionError(f"function '{function}': cannot be read from '{function[at:]}' on")
        tokens.append(match[1])
        at = match.end()
    reader = _Reader(function, tokens)
    found = reader.either()
    if reader.at != len(tokens):
        raise FunctionError(f"function '{function}': '{tokens[reader.at]}' is out of place")
    return found


class _Reader:
    def __init__(self, function: str, tokens: list[str]) -> None:
        self._function = function
        self._tokens = tokens
        self.at = 0

    def _next(self) -> str:
        return self._tokens[self.at] if self.at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._next()
        if not token:
            raise FunctionError(f"function '{self._function}' is cut off")
        self.at += 1
        return token

    def either(self) -> Expression:
        terms = [self._both()]
        while self._next() in ("+", "|"):
            self._take()
            terms.append(self._both())
        return _joined("|", terms)

    def _both(self) -> Expression:
        terms = [self._differ()]
        while self._next() not in ("", "+", "|", ")"):
            if self._next() in ("*", "&"):
                self._take()
            terms.append(self._differ())
        return _joined("&", terms)

    def _differ(self) -> Expression:
        terms = [self._term()]
        while self._next() == "^":
            self._take()
            terms.append(self._term())
        return _joined("^", terms)

    def _term(self) -> Expression:
        token = self._take()
        if token == "!":
            return Expression("~", terms=(self._term(),))
        if token == "(":
            found = self.either()
            if self._take() != ")":
                raise FunctionError(f"function '{self._function}': a parenthesis is not closed")
        elif token[0].isalnum() or token[0] == "_":
            found = Expression("", token)
        else:
            raise FunctionError(f"function '{self._function}': '{token}' is out of place")
        while self._next() == "'":
            self._take()
            found = Expression("~", terms=(found,))
        return found


def _joined(operator: str, terms: list[Expression]) -> Expression:
    return terms[0] if len(terms) == 1 else Expression(operator, terms=tuple(terms))
