"""The numbers that a measured value must not cross, read out of conditions and rules: the lines of a picture. Pure.

A comparison has a line when one side is a number and the other goes up or down evenly with what was measured:
`result[0] * 100 < 5` has one at 0.05. What counts, divides one value by another or compares texts has none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from lark import Token, Tree

from reconciler.analysis.expr.errors import ExpressionError
from reconciler.analysis.expr.program import expression
from reconciler.analysis.expr.syntax import Node, parse
from reconciler.analysis.expr.types import ANY

Condition = Literal["successCondition", "failureCondition"]

_COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
_NAMES = frozenset({"name", "pointer", "element_member", "call", "method"})
"""Nodes that make an operand depend on what was measured, or on the time."""

_BOUND = re.compile(r"(?:[<>=!]=?) (\S+)")


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number that a condition compares the result with; of an alerting rule, where it begins to fire."""

    value: float
    condition: Condition


@lru_cache(maxsize=4096)
def thresholds(text: str, condition: Condition) -> tuple[Threshold, ...]:
    """Those of all comparisons in a condition, lowest first; none for what cannot be read."""
    try:
        found = {value for node in parse(text).iter_subtrees() for value in _lines(node, text)}
    except ExpressionError:
        return ()
    return tuple(Threshold(value, condition) for value in sorted(found))


def of_rule(bound: str) -> tuple[Threshold, ...]:
    """That of an alert, from how its comparison is written down: `> 0.05`."""
    found = _BOUND.fullmatch(bound)
    return (Threshold(float(found[1]), "failureCondition"),) if found else ()


def _lines(node: Node, text: str) -> Iterator[float]:
    if node.data != "comparison":
        return
    for left, operator, right in _compared(node):
        if operator in _COMPARISONS:
            yield from _line(left, right, text)
        elif operator == "in" and right.data == "range" and _depends(left):
            for end in right.children:
                yield from _line(left, end, text) if isinstance(end, Tree) else ()


def _compared(node: Node) -> Iterator[tuple[Node, str, Node]]:
    """Each pair of neighbours with its operator; that of `not in` is `in`."""
    operands = [child for child in node.children if isinstance(child, Tree)]
    operators = [str(child) for child in node.children if isinstance(child, Token) and str(child) != "not"]
    for (left, right), operator in zip(pairwise(operands), operators, strict=False):
        yield left, operator, right


def _line(left: Node, right: Node, text: str) -> Iterator[float]:
    fixed = [side for side in (left, right) if not _depends(side)]
    if len(fixed) != 1:
        return
    measured = right if fixed[0] is left else left
    bound, scale = _number(_text(fixed[0], text), None), _scale(_text(measured, text))
    if bound is not None and scale is not None:
        offset, slope = scale
        yield round((bound - offset) / slope, 12)


def _depends(node: Node) -> bool:
    return any(each.data in _NAMES for each in node.iter_subtrees())


def _text(node: Node, text: str) -> str:
    return text[node.meta.start_pos : node.meta.end_pos]


def _scale(measured: str) -> tuple[float, float] | None:
    """(value at 0, rise per unit) of what is compared; None when it does not go evenly with the measured value."""
    if "#" in measured:
        measured = measured.replace("#", "result")
    for several in (False, True):
        shapes = [[x] * 9 if several else [x] for x in (1.0, 2.0, 3.0)]
        for results in ((1.0, 2.0, 3.0), shapes):
            values = [_number(measured, result) for result in results]
            if (found := _evenly(values)) is not None:
                return found
    return None


def _evenly(values: list[float | None]) -> tuple[float, float] | None:
    first, second, third = values
    if first is None or second is None or third is None:
        return None
    slope = second - first
    return (first - slope, slope) if slope and math.isclose(third - second, slope) else None


def _number(text: str, result: object) -> float | None:
    try:
        value = expression(text, None if result is None else ANY).value(result, datetime.min)
    except ExpressionError:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None
