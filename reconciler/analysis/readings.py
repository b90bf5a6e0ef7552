"""What people are shown of a run: the latest measurement of each metric, and why a run ended as it did."""

from __future__ import annotations

from typing import Any, NamedTuple

from reconciler.analysis.model import FAILING_SINCE, AnalysisRun, Measurement, MetricResult, Phase
from reconciler.analysis.run import WORST
from reconciler.analysis.validate import filled_in
from reconciler.apps.delivery import MetricReading


class Explanation(NamedTuple):
    """The metric that decided, what it measured last in that phase, and the condition that judged it."""

    metric: str
    value: str
    condition: str
    phase: str


def readings(run: AnalysisRun) -> tuple[MetricReading, ...]:
    """One per metric, in the order of the spec; a metric that was not measured yet is Pending."""
    return tuple(_reading(run, metric) for metric in run.spec.metrics)


def explain(run: AnalysisRun) -> Explanation | None:
    """Why a run did not end well; None when it did, or when no metric is to blame."""
    dry = {result.name for result in run.status.metric_results if result.dry_run}
    blamed = [result for result in run.status.metric_results if result.name not in dry and result.phase.complete]
    worst = max(blamed, key=lambda result: WORST.index(result.phase), default=None)
    if worst is None or worst.phase is Phase.SUCCESSFUL:
        return None
    measured = next((m for m in reversed(worst.measurements) if m.phase is worst.phase), worst.last)
    raw: dict[str, Any] = next((metric for metric in run.spec.metrics if metric.get("name") == worst.name), {})
    return Explanation(worst.name, _value(measured), _condition(run, raw, worst, worst.phase), str(worst.phase))


def _reading(run: AnalysisRun, raw: dict[str, Any]) -> MetricReading:
    name = str(raw.get("name", ""))
    result = run.status.result(name) or MetricResult(name=name, phase=Phase.PENDING)
    last = result.last
    return MetricReading(
        name=name,
        phase=str(result.phase if result.phase.complete or last is None else last.phase),
        value=_value(last),
        condition=_condition(run, raw, result, result.phase if last is None else last.phase),
        message=result.message or (last.message if last is not None else ""),
        failing_since=result.metadata.get(FAILING_SINCE, ""),
    )


def _value(measurement: Measurement | None) -> str:
    return measurement.value if measurement is not None else ""


def _condition(run: AnalysisRun, raw: dict[str, Any], result: MetricResult, phase: Phase) -> str:
    """The condition that made the phase, as written, with arguments filled in; or the bound of an alerting rule."""
    if result.rule_condition is not None:
        return result.rule_condition
    success, failure = str(raw.get("successCondition") or ""), str(raw.get("failureCondition") or "")
    return filled_in(failure if failure and (phase is Phase.FAILED or not success) else success, run.spec.args)
