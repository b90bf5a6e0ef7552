"""A judged metric in words: name, measured value, and the rule it had to keep.

A reading says how its measurement was judged and by which expression; whether that is a success or a failure condition
follows from the value: a good one keeps a success condition and misses a failure condition, a bad one the reverse.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.apps.delivery import MetricReading
from reconciler.outcomes.wording import one_line, quantity

BAD_PHASES = ("Failed", "Error", "Inconclusive")
"""Worst first: the order in which metrics are blamed."""

_NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_COMPARISON = re.compile(rf"result(?:\[0\])?\)*\s*(<=|>=|<|>)\s*({_NUMBER})")
_HOLDS = {
    "<": lambda value, limit: value < limit,
    "<=": lambda value, limit: value <= limit,
    ">": lambda value, limit: value > limit,
    ">=": lambda value, limit: value >= limit,
}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass(frozen=True, slots=True)
class Rule:
    """`value OPERATOR limit` must hold."""

    operator: str
    limit: float

    def holds(self, value: float) -> bool:
        return bool(_HOLDS[self.operator](value, self.limit))


def is_bad(reading: MetricReading) -> bool:
    """Whether the metric, or only its latest measurement so far, is other than it must be."""
    return reading.phase in BAD_PHASES or reading.measurement in BAD_PHASES


def blame(metrics: tuple[MetricReading, ...]) -> list[MetricReading]:
    """The metrics that stopped a rollout, or may soon, the clearest verdict first."""
    return sorted(filter(is_bad, metrics), key=lambda reading: BAD_PHASES.index(_worst(reading)))


def describe(reading: MetricReading) -> str:
    """`error-rate 34% (must be < 10%)`, `error-rate 0.2% ok`, `p95 could not be measured: no such host`; while it is
    still tried, `cannot measure p95 since 12:03:10 UTC: no such host`."""
    if not is_bad(reading):
        return f"{reading.name} {measured(reading)} ok" if reading.value else f"{reading.name} not measured yet"
    match _worst(reading):
        case "Error":
            because = f": {one_line(reading.message)}" if reading.message else ""
            if reading.phase != "Error" and reading.failing_since:
                return f"cannot measure {reading.name} since {_clock(reading.failing_since)}{because}"
            return f"{reading.name} could not be measured{because}"
        case "Inconclusive":
            return f"{reading.name} {measured(reading)} is inconclusive"
        case _:
            requirement = f" ({must(reading)})" if reading.condition else ""
            return f"{reading.name} {measured(reading) or 'without value'}{requirement}"


def measured(reading: MetricReading) -> str:
    """The value with its unit, or as it came when it is no number."""
    value = number(reading.value)
    if value is None:
        return one_line(reading.value)
    rule = rule_of(reading)
    return quantity(reading.name, value, rule.limit if rule else None)


def must(reading: MetricReading) -> str:
    """`must be < 10%`, or the whole expression when it is no simple comparison."""
    rule = rule_of(reading)
    if rule is None:
        return f"condition: {one_line(reading.condition)}"
    return f"must be {rule.operator} {quantity(reading.name, rule.limit, rule.limit)}"


def rule_of(reading: MetricReading) -> Rule | None:
    """The one comparison of a condition, turned round when it is a failure condition."""
    found = set(_COMPARISON.findall(reading.condition))
    value = number(reading.value)
    if len(found) != 1:
        return None
    operator, limit = found.pop()
    rule = Rule(operator, float(limit))
    if value is None or rule.holds(value) is not is_bad(reading):
        return rule
    return Rule(_OPPOSITE[operator], rule.limit)


def number(text: str) -> float | None:
    """`0.34`, `[0.34]` and `NaN` are numbers; lists of several are not."""
    try:
        return float(text.strip().removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def _clock(stamp: str) -> str:
    """`2026-01-01T12:03:10Z` → `12:03:10 UTC`: a line next to a commit is read on the same day."""
    return f"{stamp[11:19]} UTC"


def _worst(reading: MetricReading) -> str:
    return reading.phase if reading.phase in BAD_PHASES else reading.measurement
