"""Values of parsed queries over the demo's samples, by Prometheus' own rules (counter resets, extrapolation, buckets).

A value is a scalar (float) or an instant vector: labels → float. Source: Prometheus documentation, querying/functions
and querying/operators.
"""

from __future__ import annotations

import math
import operator
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise

import re2

from reconciler.sandbox.demo.promql import Aggregate, Binary, Call, Matcher, Node, Number, Selector, Unsupported
from reconciler.sandbox.demo.series import Labels, Sample, Series, SeriesStore

Vector = dict[Labels, float]
Value = float | Vector

LOOKBACK_SECONDS = 300.0

_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: a / b if b else (math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a)),
}
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_AGGREGATES: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "avg": lambda values: sum(values) / len(values),
    "min": min,
    "max": max,
    "count": lambda values: float(len(values)),
}


def evaluate(node: Node, store: SeriesStore, at: float) -> Value:
    """The value of a query at one instant (Unix seconds). Raises `Unsupported`."""
    match node:
        case Number(value):
            return value
        case Selector():
            return _instant(node, store, at)
        case Aggregate():
            return _aggregate(node, _vector(evaluate(node.operand, store, at), node.operator))
        case Binary():
            return _binary(node, evaluate(node.left, store, at), evaluate(node.right, store, at))
        case Call():
            return _call(node, store, at)


def _instant(node: Selector, store: SeriesStore, at: float) -> Vector:
    if node.range_seconds:
        raise Unsupported(f"{node.name}[…] is a range; wrap it in rate() or increase()")
    found = _select(node, store, at - LOOKBACK_SECONDS, at)
    return {series.labels | {("__name__", series.name)}: series.samples[-1][1] for series in found}


def _select(node: Selector, store: SeriesStore, start: float, end: float) -> list[Series]:
    found = store.window(node.name, start, end)
    return [series for series in found if all(_matches(m, dict(series.labels)) for m in node.matchers)]


def _matches(matcher: Matcher, labels: dict[str, str]) -> bool:
    value = labels.get(matcher.label, "")
    if matcher.operator in ("=", "!="):
        return (value == matcher.value) == (matcher.operator == "=")
    return bool(re2.fullmatch(matcher.value, value)) == (matcher.operator == "=~")


def _call(node: Call, store: SeriesStore, at: float) -> Value:
    match node.function, node.arguments:
        case (("rate" | "increase"), (Selector() as selector,)) if selector.range_seconds:
            return _increase(selector, store, at, per_second=node.function == "rate")
        case "histogram_quantile", (share, buckets):
            rank = evaluate(share, store, at)
            if isinstance(rank, float):
                return _quantile(rank, _vector(evaluate(buckets, store, at), node.function))
        case "vector", (argument,):
            number = evaluate(argument, store, at)
            if isinstance(number, float):
                return {frozenset(): number}
        case "scalar", (argument,):
            vector = _vector(evaluate(argument, store, at), "scalar")
            return next(iter(vector.values())) if len(vector) == 1 else math.nan
    raise Unsupported(f"the demo's Prometheus does not know {node.function}() with these arguments")


def _increase(node: Selector, store: SeriesStore, at: float, *, per_second: bool) -> Vector:
    seconds = node.range_seconds
    result: Vector = {}
    for series in _select(node, store, at - seconds, at):
        if len(series.samples) >= 2:
            grown = _extrapolated(series.samples, at - seconds, at)
            result[series.labels] = grown / seconds if per_second else grown
    return result


def _extrapolated(samples: tuple[Sample, ...], start: float, end: float) -> float:
    """Growth over the whole window, from the growth between its first and last sample."""
    (first_at, first), (last_at, _) = samples[0], samples[-1]
    growth = sum(b - a if b >= a else b for (_, a), (_, b) in pairwise(samples))
    sampled = last_at - first_at
    gap = sampled / (len(samples) - 1)
    before, after = first_at - start, end - last_at
    if growth > 0 and first >= 0:
        before = min(before, sampled * first / growth)  # a counter cannot have been below zero
    before = before if before < gap * 1.1 else gap / 2
    after = after if after < gap * 1.1 else gap / 2
    return growth * (sampled + before + after) / sampled


def _aggregate(node: Aggregate, vector: Vector) -> Vector:
    groups: dict[Labels, list[float]] = defaultdict(list)
    for labels, value in vector.items():
        groups[_group(node, labels)].append(value)
    return {labels: _AGGREGATES[node.operator](values) for labels, values in groups.items()}


def _group(node: Aggregate, labels: Labels) -> Labels:
    kept = {name for name, _ in labels if (name in node.labels) != node.without} - {"__name__"}
    return frozenset(pair for pair in labels if pair[0] in kept)


def _binary(node: Binary, left: Value, right: Value) -> Value:
    if node.operator == "or":
        first, second = _vector(left, "or"), _vector(right, "or")
        known = {_unnamed(labels) for labels in first}
        return first | {labels: value for labels, value in second.items() if _unnamed(labels) not in known}
    if node.operator in _COMPARE:
        return _compare(_COMPARE[node.operator], left, right)
    return _arithmetic(_ARITHMETIC[node.operator], left, right)


def _arithmetic(apply: Callable[[float, float], float], left: Value, right: Value) -> Value:
    if isinstance(left, float) and isinstance(right, float):
        return apply(left, right)
    if isinstance(right, float):
        return {_unnamed(labels): apply(value, right) for labels, value in _vector(left, "").items()}
    if isinstance(left, float):
        return {_unnamed(labels): apply(left, value) for labels, value in right.items()}
    others = {_unnamed(labels): value for labels, value in right.items()}
    own = {_unnamed(labels): value for labels, value in left.items()}
    return {labels: apply(value, others[labels]) for labels, value in own.items() if labels in others}


def _compare(holds: Callable[[float, float], bool], left: Value, right: Value) -> Value:
    if isinstance(left, float) or not isinstance(right, float):
        raise Unsupported("the demo's Prometheus compares a vector with a number only")
    return {labels: value for labels, value in left.items() if holds(value, right)}


def _quantile(rank: float, vector: Vector) -> Vector:
    groups: dict[Labels, list[tuple[float, float]]] = defaultdict(list)
    for labels, value in vector.items():
        edge = dict(labels).get("le")
        if edge is not None:
            groups[frozenset(pair for pair in labels if pair[0] not in ("le", "__name__"))].append((float(edge), value))
    return {labels: _bucket_quantile(rank, sorted(buckets)) for labels, buckets in groups.items()}


def _bucket_quantile(rank: float, buckets: list[tuple[float, float]]) -> float:
    if len(buckets) < 2 or not math.isinf(buckets[-1][0]) or not buckets[-1][1]:
        return math.nan
    wanted = rank * buckets[-1][1]
    index = next(i for i, (_, count) in enumerate(buckets) if count >= wanted)
    if index == len(buckets) - 1:
        return buckets[-2][0]
    low, below = (0.0, 0.0) if index == 0 else buckets[index - 1]
    high, count = buckets[index]
    return low + (high - low) * ((wanted - below) / (count - below)) if count > below else high


def _unnamed(labels: Labels) -> Labels:
    return frozenset(pair for pair in labels if pair[0] != "__name__")


def _vector(value: Value, where: str) -> Vector:
    if isinstance(value, float):
        raise Unsupported(f"{where} needs a vector, not a number")
    return value
