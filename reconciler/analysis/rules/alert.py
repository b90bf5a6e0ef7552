"""Whether an alert fires for a few pods, told from what its expression gave over the time that it must hold. Pure.

Prometheus lets an alert fire for a set of labels once every evaluation has found it for as long as `for` says. The same
is found here in one range query over that time, at the pace of the rule's group.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.analysis.rules.catalogue import Rule
from reconciler.analysis.rules.comparison import Comparison

MOST_STEPS = 600
"""Points of a range query; a rule that must hold for longer is looked at less often."""


@dataclass(frozen=True, slots=True)
class Span:
    """The evaluations that an alert must hold in: `steps` after the first, evenly, the last of them at `end`."""

    end: datetime
    hold: timedelta
    steps: int

    @property
    def step(self) -> timedelta:
        """In whole milliseconds and never rounded up, so that the last evaluation is not after `end`."""
        exact = self.hold / self.steps if self.steps else timedelta(seconds=1)
        return timedelta(milliseconds=exact // timedelta(milliseconds=1))

    @property
    def start(self) -> datetime:
        return self.end - self.hold

    def index(self, seconds: float) -> int:
        """Which evaluation a time of the answer belongs to."""
        return round((seconds - self.start.timestamp()) / self.step.total_seconds())


@dataclass(frozen=True, slots=True)
class Instance:
    """One set of labels and what was measured of it now; `held`: the evaluations up to now in which the alert held."""

    labels: Mapping[str, str]
    value: float
    held: int = 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """`firing` and `pending` are the worst instance of each; `values` all that was measured now."""

    values: tuple[float, ...] = ()
    firing: Instance | None = None
    pending: Instance | None = None
    since: datetime | None = None
    samples: int = field(default=0)


def span(rule: Rule, now: datetime) -> Span:
    steps = min(math.ceil(rule.hold / rule.interval), MOST_STEPS)
    return Span(now, rule.hold, steps)


def judge(matrix: Iterable[Mapping[str, object]], over: Span, comparison: Comparison | None) -> Judgement:
    """`matrix`: the series of a range query; with a `comparison` of what it measures, else of the alert itself."""
    instances = [found for series in matrix if (found := _instance(series, over, comparison)) is not None]
    held = sorted((each for each in instances if each.held), key=lambda each: each.held, reverse=True)
    firing = next((each for each in held if each.held > over.steps), None)
    pending = held[0] if held and firing is None else None
    since = over.end - over.step * (pending.held - 1) if pending else None
    values = tuple(each.value for each in instances)
    return Judgement(values, firing, pending, since, sum(not math.isnan(value) for value in values))


def _instance(series: Mapping[str, object], over: Span, comparison: Comparison | None) -> Instance | None:
    """None for a series that there is no more."""
    points: dict[int, float] = {over.index(float(at)): float(text) for at, text in series.get("values") or ()}  # type: ignore[attr-defined]
    if over.steps not in points:
        return None
    held = 0
    while (value := points.get(over.steps - held)) is not None and (comparison is None or comparison.holds(value)):
        held += 1
    labels: Mapping[str, str] = series.get("metric") or {}  # type: ignore[assignment]
    return Instance(labels, points[over.steps], held)
