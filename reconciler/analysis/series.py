"""What a run measured over time, and the numbers that its conditions compare with: what is drawn of it. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from reconciler.analysis.model import RULE, RULE_BOUND, AnalysisRun, Measurement, MetricResult
from reconciler.analysis.thresholds import Threshold, of_rule, thresholds
from reconciler.analysis.validate import filled_in

SEPARATOR = " · "
"""Between the conditions of a metric, where they are shown on one line."""

MOST_VALUES = 8
"""Lines in one picture: a vector with more series shows its first ones."""


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


def _series(run: AnalysisRun, raw: dict[str, Any]) -> Series:
    name = str(raw.get("name", ""))
    result = run.status.result(name) or MetricResult(name=name)
    success, failure = (
        filled_in(str(raw.get(field) or ""), run.spec.args) for field in ("successCondition", "failureCondition")
    )
    return Series(
        metric=name,
        phase=str(result.phase),
        dry_run=result.dry_run,
        points=tuple(_point(each) for each in result.measurements if each.started_at is not None),
        thresholds=_thresholds(result, success, failure),
        conditions=_conditions(result, success, failure),
    )


def _thresholds(result: MetricResult, success: str, failure: str) -> tuple[Threshold, ...]:
    if RULE_BOUND in result.metadata:
        return of_rule(result.metadata[RULE_BOUND])
    return thresholds(success, "successCondition") + thresholds(failure, "failureCondition")


def _conditions(result: MetricResult, success: str, failure: str) -> tuple[str, ...]:
    """In words; an alert judges by itself."""
    if RULE_BOUND in result.metadata:
        return (f"{result.metadata.get(RULE, '')}: {result.metadata[RULE_BOUND]}",)
    if success and not failure:
        return (success,)
    return tuple(f"{name}: {text}" for name, text in (("success", success), ("failure", failure)) if text)


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
