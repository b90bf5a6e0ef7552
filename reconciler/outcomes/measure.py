"""Deliveries as metrics: gauges show the latest, counters and histograms grow when something ends.

Fed with every delivery in turn, so engines need not know metrics. What ended before the daemon started is not counted
again: the first delivery of an application only sets gauges.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from reconciler.apps.delivery import Delivery, Operation, OperationPhase, WorkloadProgress
from reconciler.forges.model import State
from reconciler.outcomes import metrics_text, verdict
from reconciler.telemetry import metrics

_ENDED = {
    OperationPhase.APPLIED: "applied",
    OperationPhase.FAILED: "failed",
    OperationPhase.NO_CHANGE: "no_change",
}
_JUDGED = ("Successful", *metrics_text.BAD_PHASES)


class Measures:
    """Keeps the last delivery of each application to compare with."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._last: dict[str, Delivery] = {}
        self._judged: dict[str, str] = {}
        self._lock = threading.Lock()

    def observe(self, delivery: Delivery) -> None:
        with self._lock:
            before = self._last.get(delivery.app)
            self._last[delivery.app] = delivery
            _show(delivery)
            _forget_rollouts(before, delivery)
            if before is None:
                _begin(delivery.app)
            else:
                _count_operation(before, delivery)
                _count_superseded(before, delivery)
                _count_rollouts(before, delivery)
                _count_analyses(before, delivery)
            self._count_verdict(delivery, first=before is None)

    def _count_verdict(self, delivery: Delivery, *, first: bool) -> None:
        """Once for each commit: the first verdict is the one that its author waited for."""
        operation = delivery.operation
        if operation is None or operation.phase is not OperationPhase.APPLIED:
            return
        found = verdict.of_applied(delivery, operation, self._now())
        if not found.terminal or self._judged.get(delivery.app) == operation.sha:
            return
        self._judged[delivery.app] = operation.sha
        if not first:
            metrics.VERDICTS.labels(delivery.app, found.state).inc()
            metrics.COMMIT_TO_VERDICT.labels(delivery.app, found.state).observe(_age(delivery, operation, self._now()))


def _begin(app: str) -> None:
    """Counters start at zero where alerts look for a first increase: what never existed cannot increase."""
    for state in (State.SUCCESS, State.FAILURE):
        metrics.VERDICTS.labels(app, state)
    for result in (*_ENDED.values(), "superseded"):
        metrics.OPERATIONS.labels(app, result)


def _show(delivery: Delivery) -> None:
    app = delivery.app
    metrics.application_state(app, delivery.sync, delivery.health)
    metrics.application_objects(app, dict(Counter(str(found.health) for found in delivery.objects)))
    metrics.DRIFTED.labels(app).set(delivery.drifted)
    metrics.REPOSITORY_FAILING.labels(app).set(bool(delivery.repository_error))
    for name, work in _rollouts(delivery).items():
        metrics.rollout_progress(app, name, work.weight, work.step, work.steps)


def _rollouts(delivery: Delivery) -> dict[str, WorkloadProgress]:
    return {f"{work.namespace}/{work.name}": work for work in delivery.workloads if work.kind == "Rollout"}


def _forget_rollouts(before: Delivery | None, now: Delivery) -> None:
    for name in _rollouts(before).keys() - _rollouts(now).keys() if before else ():
        metrics.forget_rollout(now.app, name)


def _count_operation(before: Delivery, now: Delivery) -> None:
    operation, was = now.operation, before.operation
    if operation is None or operation.phase not in _ENDED:
        return
    if was is not None and (was.sha, was.phase, was.started_at) == (
        operation.sha,
        operation.phase,
        operation.started_at,
    ):
        return
    metrics.OPERATIONS.labels(now.app, _ENDED[operation.phase]).inc()
    for action in ("created", "updated", "pruned"):
        metrics.CHANGES.labels(now.app, action).inc(getattr(operation, action))
    is_first_time = before.applied_sha != operation.sha
    if operation.phase is OperationPhase.APPLIED and operation.finished_at and is_first_time:
        metrics.COMMIT_TO_APPLIED.labels(now.app).observe(_age(now, operation, operation.finished_at))


def _age(delivery: Delivery, operation: Operation, at: datetime) -> float:
    """Seconds since the operation's commit was first seen: tries that failed before count too."""
    return max(0.0, (at - (delivery.seen_at or operation.started_at)).total_seconds())


def _count_superseded(before: Delivery, now: Delivery) -> None:
    fresh = {operation.sha for operation in now.superseded} - {operation.sha for operation in before.superseded}
    metrics.OPERATIONS.labels(now.app, "superseded").inc(len(fresh))


def _count_rollouts(before: Delivery, now: Delivery) -> None:
    earlier = _rollouts(before)
    for name, work in _rollouts(now).items():
        was = earlier.get(name)
        if work.aborted and not (was and was.aborted):
            metrics.ROLLOUTS.labels(now.app, name, "aborted").inc()
        if work.promoted and was and not was.promoted:
            metrics.ROLLOUTS.labels(now.app, name, "promoted").inc()


def _count_analyses(before: Delivery, now: Delivery) -> None:
    """A metric counts when it gets its verdict, and again when a later analysis judges it anew."""
    earlier = _phases(before)
    for metric, phase in _phases(now).items():
        if phase in _JUDGED and earlier.get(metric) != phase:
            metrics.ANALYSIS_VERDICTS.labels(now.app, phase).inc()


def _phases(delivery: Delivery) -> dict[tuple[str, str], str]:
    rollouts = _rollouts(delivery).items()
    return {(name, reading.name): reading.phase for name, work in rollouts for reading in work.metrics}
