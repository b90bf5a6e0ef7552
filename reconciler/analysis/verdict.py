"""What one answer of a provider means: the verdict table of spec rollouts §7.3, and what missing data means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from reconciler.analysis.expr.errors import ExpressionError
from reconciler.analysis.expr.program import condition
from reconciler.analysis.metric import Metric, OnNoData
from reconciler.analysis.model import Phase
from reconciler.analysis.providers.contract import Answer, Verdict

VERDICTS: dict[tuple[bool | None, bool | None], Phase] = {
    # (success condition holds, failure condition holds); None: there is no such condition
    (None, None): Phase.SUCCESSFUL,
    (True, None): Phase.SUCCESSFUL,
    (False, None): Phase.FAILED,
    (None, True): Phase.FAILED,
    (None, False): Phase.SUCCESSFUL,
    (True, True): Phase.FAILED,
    (False, True): Phase.FAILED,
    (True, False): Phase.SUCCESSFUL,
    (False, False): Phase.INCONCLUSIVE,
}
NO_DATA: dict[OnNoData, Phase] = {
    "wait": Phase.RUNNING,
    "pass": Phase.SUCCESSFUL,
    "fail": Phase.FAILED,
    "inconclusive": Phase.INCONCLUSIVE,
}
"""`wait` leaves the measurement in flight: it does not count, and the provider is asked again."""


def judge(metric: Metric, answer: Answer, now: datetime) -> Verdict:
    """The verdict on one answer. Whatever the conditions cannot digest is an Error, as upstream."""
    if metric.on_no_data != "error" and (missing := _missing(metric, answer)):
        return Verdict(NO_DATA[metric.on_no_data], f"{missing} (on-no-data: {metric.on_no_data})")
    if answer.verdict is not None:
        return answer.verdict
    try:
        failed = _holds("failureCondition", metric.failure_condition, answer, now)
        passed = _holds("successCondition", metric.success_condition, answer, now)
    except ExpressionError as error:
        return Verdict(Phase.ERROR, str(error))
    return Verdict(VERDICTS[passed, failed])


def _holds(name: str, text: str, answer: Answer, now: datetime) -> bool | None:
    if not text:
        return None
    try:
        return condition(text, answer.type).holds(answer.value, now)
    except ExpressionError as error:
        raise ExpressionError(f'could not evaluate {name} "{text}": {error}') from None


def _missing(metric: Metric, answer: Answer) -> str:
    """Says what is missing; nothing when there is enough. NaN is no sample: it is what 0/0 gives without traffic."""
    samples = _samples(answer.value) if answer.samples is None else answer.samples
    if samples == 0:
        return "no data was returned"
    if samples < metric.min_samples:
        return f"only {samples} of {metric.min_samples} samples were returned"
    return ""


def _samples(value: Any) -> int:
    items = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    return sum(1 for item in items if item is not None and not (isinstance(item, float) and math.isnan(item)))
