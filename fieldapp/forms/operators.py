"""What XPath's operators make of the programs of their operands. Pure.

A comparison with a text or a number that stands in the form is the commonest of all, and chains of
`and` and `or` are long: these have programs of their own.
"""

import operator
from collections.abc import Callable, Sequence
from math import fmod, inf, nan
from typing import Any, TypeAlias

from .steps import union
from .values import Value, compare, to_boolean, to_number

Program: TypeAlias = Callable[[Any], Value]
"""An expression, ready to be evaluated in any scope."""

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def chained(any_is_enough: bool, parts: Sequence[Program]) -> Program:
    """`a or b or c`, else `a and b and c`: one loop, however long the chain is."""

    def holds(scope: Any) -> bool:
        for part in parts:
            if to_boolean(part(scope)) is any_is_enough:
                return any_is_enough
        return not any_is_enough

    return holds


def combined(symbol: str, a: Program, b: Program) -> Program:
    """Any other operator of two operands."""
    if symbol in COMPARISONS:
        return lambda scope: compare(symbol, a(scope), b(scope))
    if symbol == "|":
        return lambda scope: union(a(scope), b(scope))
    return lambda scope: _arithmetic(symbol, to_number(a(scope)), to_number(b(scope)))


def beside_text(equal: bool, left: Program, text: str) -> Program:
    """`=` or `!=` with a text that stands in the form."""

    def holds(scope: Any) -> bool:
        value = left(scope)
        if isinstance(value, list):
            if len(value) == 1:
                return (value[0].text == text) is equal
            return any((node.text == text) is equal for node in value)
        if isinstance(value, str):
            return (value == text) is equal
        return compare("=" if equal else "!=", value, text)

    return holds


def beside_number(symbol: str, left: Program, number: float) -> Program:
    """A comparison with a number that stands in the form."""
    fits = COMPARISONS[symbol]

    def holds(scope: Any) -> bool:
        value = left(scope)
        if isinstance(value, list):
            if len(value) == 1:
                return fits(to_number(value[0].text), number)
            return any(fits(to_number(node.text), number) for node in value)
        if isinstance(value, bool):
            return compare(symbol, value, number)
        return fits(to_number(value), number)

    return holds


def _arithmetic(symbol: str, a: float, b: float) -> float:
    if symbol == "+":
        return a + b
    if symbol == "-":
        return a - b
    if symbol == "*":
        return a * b
    if symbol == "div":
        if b == 0:
            return nan if a == 0 or a != a else inf if (a > 0) == (str(b)[0] != "-") else -inf
        return a / b
    return nan if b == 0 or a in (inf, -inf) else fmod(a, b)
