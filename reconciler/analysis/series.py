"""What a run measured over time, and the numbers that its conditions compare with: what is drawn of it. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal

import orjson
from lark import Tree

from reconciler.analysis.arguments import substitute
from reconciler.analysis.expr.errors import ExpressionError
from reconciler.analysis.expr.program import expression
from reconciler.analysis.expr.syntax import Node, parse
from reconciler.analysis.model import AnalysisRun, Measurement, MetricResult
from reconciler.analysis.validate import plain_values
from reconciler.errors import UserError

MOST_VALUES = 8
"""Lines in one picture: a vector with more series shows its first ones."""

_COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
_COUNTING = frozenset({"len", "count"})
_NAMES = frozenset({"name", "pointer", "element_member", "call", "method"})
"""Nodes that make an operand depend on what was measured, or on the time."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number that a condition compares the result with."""

    value: float
    condition: Literal["successCondition", "failureCondition"]


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement; without `values` it gave no numbers, as errors do."""

    at: datetime
    values: tuple[float, ...]
    phase: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of a run, its kept measurements in the order of time."""

    metric: str
    phase: str
    dry_run: bool
    points: tuple[Point, ...]
    thresholds: tuple[Threshold, ...]
    conditions: tuple[str, ...]


def series(run: AnalysisRun) -> tuple[Series, ...]:
    """One per metric, in the order of the spec, measured or not."""
    return tuple(_series(run, raw) for raw in run.spec.metrics)


def thresholds(text: str, condition: Literal["successCondition", "failureCondition"]) -> tuple[Threshold, ...]:
    """The constants of all comparisons in a condition; none for what cannot be read."""
    try:
        found = {value for node in parse(text).iter_subtrees() for value in _constants(node, text)}
    except ExpressionError:
        return ()
    return tuple(Threshold(value, condition) for value in sorted(found))


def _series(run: AnalysisRun, raw: dict[str, Any]) -> Series:
    name = str(raw.get("name", ""))
    result = run.status.result(name) or MetricResult(name=name)
    success, failure = (_filled_in(run, raw.get(field)) for field in ("successCondition", "failureCondition"))
    return Series(
        metric=name,
        phase=str(result.phase),
        dry_run=result.dry_run,
        points=tuple(_point(each) for each in result.measurements if each.started_at is not None),
        thresholds=thresholds(success, "successCondition") + thresholds(failure, "failureCondition"),
        conditions=tuple(filter(None, (success, failure))),
    )


def _filled_in(run: AnalysisRun, text: Any) -> str:
    if not text or "{{" not in str(text):
        return str(text or "")
    try:
        return str(substitute({"condition": str(text)}, plain_values(run.spec.args))["condition"])
    except UserError:
        return str(text)


def _point(each: Measurement) -> Point:
    assert each.started_at is not None
    return Point(each.finished_at or each.started_at, _numbers(each.value), str(each.phase), each.message)


def _numbers(text: str) -> tuple[float, ...]:
    """The numbers of a measured value: one, or a list of them. NaN and infinities cannot be drawn."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return ()
    items = value if isinstance(value, list) else [value]
    numbers = [float(item) for item in items if isinstance(item, int | float) and not isinstance(item, bool)]
    return tuple(number for number in numbers[:MOST_VALUES] if math.isfinite(number))


def _constants(node: Node, text: str) -> Iterator[float]:
    if node.data != "comparison":
        return
    operands, operators = node.children[::2], node.children[1::2]
    for (left, right), operator in zip(pairwise(operands), operators, strict=True):
        sides = [left, right]
        fixed = [side for side in sides if isinstance(side, Tree) and not _depends(side)]
        if str(operator) in _COMPARISONS and len(fixed) == 1 and not any(map(_counts, sides)):
            yield from _value(fixed[0], text)


def _depends(node: Node) -> bool:
    return any(each.data in _NAMES for each in node.iter_subtrees())


def _counts(side: object) -> bool:
    """How many values there are is on another scale than the values."""
    return isinstance(side, Tree) and side.data == "call" and str(side.children[0]) in _COUNTING


def _value(node: Node, text: str) -> Iterator[float]:
    try:
        value = expression(text[node.meta.start_pos : node.meta.end_pos]).value(None, datetime.min)
    except ExpressionError:
        return
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        yield float(value)
