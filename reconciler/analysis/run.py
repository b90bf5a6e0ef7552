"""The life of an AnalysisRun as pure functions of its status, its metrics and `now` (spec rollouts §7.3).

    due      which measurements to take, resume or end now
    record   takes finished measurements into the counters
    assess   phases of metrics and of the run, messages, when to look again

A controller calls them in this order and writes what `assess` returns. Times have full resolution here; what is stored
has whole seconds, and what was stored can be given to these functions as well: a restart waits up to a second shorter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from reconciler.analysis import limits
from reconciler.analysis.metric import Metric
from reconciler.analysis.model import FAILING_SINCE, Measurement, MetricResult, Phase, RunStatus, RunSummary

ERROR_INTERVAL = timedelta(seconds=10)
"""An error is tried again after this, whatever the metric's interval."""

WORST = (Phase.SUCCESSFUL, Phase.RUNNING, Phase.PENDING, Phase.INCONCLUSIVE, Phase.ERROR, Phase.FAILED)
"""Best to worst, for the phase of a run."""


@dataclass(frozen=True, slots=True)
class Task:
    """One measurement to take now; to go on with `in_flight`; or, when `ending`, to end it without an answer."""

    metric: Metric
    in_flight: Measurement | None = None
    ending: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a task. `metric_metadata` says how the metric is measured, e.g. the resolved query."""

    metric: str
    measurement: Measurement
    metric_metadata: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Happening:
    """A phase that was reached: `subject` is a metric's name, or empty for the run itself."""

    subject: str
    phase: Phase
    message: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """`wake_at` None: nothing happens by time alone."""

    status: RunStatus
    happenings: tuple[Happening, ...]
    wake_at: datetime | None


def terminating(status: RunStatus, metrics: Iterable[Metric], asked: bool) -> bool:
    """Whether nothing new is measured: someone asked, or a metric that counts has ended without success."""
    ended = {result.name for result in status.metric_results if result.phase.complete}
    good = {result.name for result in status.metric_results if result.phase is Phase.SUCCESSFUL}
    return asked or any(not metric.dry_run and metric.name in ended - good for metric in metrics)


def due(status: RunStatus, metrics: Sequence[Metric], asked_to_end: bool, now: datetime) -> list[Task]:
    """The tasks of this instant, in the order of the metrics."""
    ending = terminating(status, metrics, asked_to_end)
    tasks = []
    for metric in metrics:
        result = status.result(metric.name) or MetricResult(name=metric.name)
        in_flight = _in_flight(result)
        if result.phase.complete or (ending and in_flight is None):
            continue
        at = now if ending else next_time(metric, result, status.started_at)
        if at is not None and at <= now:
            tasks.append(Task(metric, in_flight, ending))
    return tasks


def next_time(metric: Metric, result: MetricResult, started_at: datetime | None) -> datetime | None:
    """When a metric is to be measured next; None: never, or not before the run has started."""
    last = result.last
    if last is None:
        return None if started_at is None else started_at + (metric.initial_delay or timedelta())
    if _in_flight(result) is not None:
        return last.resume_at or last.started_at
    if metric.count and result.count >= metric.count:
        return None
    interval = ERROR_INTERVAL if last.phase is Phase.ERROR else metric.interval
    if last.finished_at is None or interval is None:
        return None
    return last.finished_at + interval + (metric.spread if _is_first(result) else timedelta())


def hurried(status: RunStatus, metrics: Collection[str], now: datetime) -> RunStatus:
    """In-flight measurements of these metrics are looked at now: something has happened to them."""
    results = tuple(
        replace(result, measurements=(*result.measurements[:-1], replace(result.measurements[-1], resume_at=now)))
        if result.name in metrics and _in_flight(result) is not None
        else result
        for result in status.metric_results
    )
    return replace(status, metric_results=results)


def begun(status: RunStatus, now: datetime) -> RunStatus:
    """Initial delays count from here."""
    return status if status.started_at is not None else replace(status, started_at=now)


def ended(task: Task, now: datetime) -> Taken:
    """Ends an in-flight measurement that will not be answered any more."""
    measurement = replace(
        task.in_flight or Measurement(started_at=now),
        phase=Phase.SUCCESSFUL,
        message="Metric Terminated",
        finished_at=now,
        resume_at=None,
    )
    return Taken(task.metric.name, measurement)


def record(status: RunStatus, metrics: Sequence[Metric], taken: Iterable[Taken]) -> RunStatus:
    """The status with the measurements in it: appended, or in the place of the one in flight; old ones fall off."""
    results = {result.name: result for result in status.metric_results}
    by_name = {metric.name: metric for metric in metrics}
    for item in taken:
        metric = by_name[item.metric]
        known = results.get(metric.name) or MetricResult(name=metric.name, phase=Phase.RUNNING, dry_run=metric.dry_run)
        results[metric.name] = _with(known, item, metric.retention)
    return replace(status, metric_results=tuple(results.values()))


def _with(result: MetricResult, taken: Taken, retention: int) -> MetricResult:
    older = result.measurements[:-1] if _in_flight(result) is not None else result.measurements
    kept = (*older, taken.measurement)[-retention:]
    metadata = {**result.metadata, **dict(taken.metric_metadata)}
    counted = _counted(replace(result, measurements=kept, metadata=metadata), taken.measurement.phase)
    return _dated(counted, taken.measurement)


def _dated(result: MetricResult, measurement: Measurement) -> MetricResult:
    """With the time since when it cannot be measured; older measurements that show it may have fallen off."""
    if measurement.finished_at is None or bool(result.consecutive_error) is (FAILING_SINCE in result.metadata):
        return result
    if not result.consecutive_error:
        return replace(result, metadata={k: v for k, v in result.metadata.items() if k != FAILING_SINCE})
    since = f"{measurement.finished_at:%Y-%m-%dT%H:%M:%SZ}"
    return replace(result, metadata={**result.metadata, FAILING_SINCE: since})


def _counted(result: MetricResult, phase: Phase) -> MetricResult:
    """An error is no measurement: it does not count towards `count`, but breaks a row of successes."""
    match phase:
        case Phase.SUCCESSFUL:
            result = replace(
                result, successful=result.successful + 1, consecutive_success=result.consecutive_success + 1
            )
        case Phase.FAILED:
            result = replace(result, failed=result.failed + 1, consecutive_success=0)
        case Phase.INCONCLUSIVE:
            result = replace(result, inconclusive=result.inconclusive + 1, consecutive_success=0)
        case Phase.ERROR:
            consecutive = result.consecutive_error + 1
            return replace(result, error=result.error + 1, consecutive_error=consecutive, consecutive_success=0)
        case _:
            return result
    return replace(result, count=result.count + 1, consecutive_error=0)


def assess(
    status: RunStatus,
    metrics: Sequence[Metric],
    asked_to_end: bool,
    now: datetime,
    busy: Collection[str] = (),
) -> Assessment:
    """Phases and messages after what was recorded. `busy` metrics are being measured: their answer wakes the run.

    A metric that ends badly ends the others. That is seen at once when none of them is in flight, so that the verdict
    does not wait for another round; one in flight is ended by the next round's `due`.
    """
    started = begun(status, now)
    ending = terminating(started, metrics, asked_to_end)
    assessed, happenings = _assess_metrics(started, metrics, ending)
    turned = not ending and terminating(assessed, metrics, asked_to_end)
    if turned and not any(_in_flight(result) is not None for result in assessed.metric_results):
        turned, ending = False, True
        assessed, more = _assess_metrics(assessed, metrics, ending)
        happenings += more
    phase, message = _run_verdict(assessed, metrics, ending, asked_to_end)
    final = _summed(assessed, metrics)
    if not phase.complete:
        final = replace(final, message=message)
    if phase is not status.phase:
        final = replace(final, phase=phase, message=message, completed_at=now if phase.complete else None)
        happenings.append(Happening("", phase, message))
    if phase.complete:
        return Assessment(final, tuple(happenings), None)
    return Assessment(final, tuple(happenings), now if turned else _wake_at(final, metrics, busy))


def _assess_metrics(status: RunStatus, metrics: Sequence[Metric], ending: bool) -> tuple[RunStatus, list[Happening]]:
    by_name = {metric.name: metric for metric in metrics}
    results, happenings = [], []
    for result in status.metric_results:
        metric = by_name.get(result.name)
        phase = limits.metric_phase(metric, result, ending) if metric is not None else result.phase
        if phase is not result.phase:
            message = result.last.message if result.last is not None else ""
            if metric is not None and metric.dry_run and phase.complete:
                message = limits.reason(metric, replace(result, phase=phase)) or message
            result = replace(result, phase=phase, message=message)
            if phase.complete:
                happenings.append(Happening(result.name, phase, message))
        results.append(result)
    return replace(status, metric_results=tuple(results)), happenings


def _run_verdict(status: RunStatus, metrics: Sequence[Metric], ending: bool, asked: bool) -> tuple[Phase, str]:
    """The worst of the metrics that count, once all are complete or the run is ending."""
    done = {result.name: result for result in status.metric_results if result.phase.complete}
    if not ending and any(metric.name not in done for metric in metrics):
        return Phase.RUNNING, _trouble(status, metrics)
    worst, message = Phase.SUCCESSFUL, ""
    for metric in metrics:
        if metric.dry_run or metric.name not in done:
            continue
        phase = done[metric.name].phase
        if WORST.index(phase) > WORST.index(worst):
            worst, message = phase, limits.reason(metric, done[metric.name])
    if asked and worst is Phase.SUCCESSFUL:
        message = "Run Terminated"
    return worst, message


def _trouble(status: RunStatus, metrics: Sequence[Metric]) -> str:
    """What a judgement waits for that cannot be measured now."""
    results = ((metric, status.result(metric.name)) for metric in metrics if not metric.dry_run)
    return "; ".join(filter(None, (limits.trouble(metric, result) for metric, result in results if result)))


def _summed(status: RunStatus, metrics: Sequence[Metric]) -> RunStatus:
    return replace(
        status,
        run_summary=_summary(status, [metric for metric in metrics if not metric.dry_run]),
        dry_run_summary=_summary(status, [metric for metric in metrics if metric.dry_run]),
    )


def _summary(status: RunStatus, metrics: Sequence[Metric]) -> RunSummary | None:
    if not metrics:
        return None
    phases = [result.phase for metric in metrics if (result := status.result(metric.name)) is not None]
    return RunSummary(
        count=len(metrics),
        successful=phases.count(Phase.SUCCESSFUL),
        failed=phases.count(Phase.FAILED),
        inconclusive=phases.count(Phase.INCONCLUSIVE),
        error=phases.count(Phase.ERROR),
    )


def _wake_at(status: RunStatus, metrics: Sequence[Metric], busy: Collection[str]) -> datetime | None:
    times = []
    for metric in metrics:
        result = status.result(metric.name) or MetricResult(name=metric.name)
        if metric.name not in busy and not result.phase.complete:
            times.append(next_time(metric, result, status.started_at))
    return min((at for at in times if at is not None), default=None)


def _is_first(result: MetricResult) -> bool:
    """Whether there was one measurement so far, and that a good one: errors are tried again in their own time."""
    return result.count == 1 and result.error == 0


def _in_flight(result: MetricResult) -> Measurement | None:
    last = result.last
    return last if last is not None and last.finished_at is None else None
