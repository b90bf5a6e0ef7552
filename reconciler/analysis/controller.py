"""The AnalysisRun reconcile: read, let `run.py` decide, measure in the pool, write the status once.

A reconcile never waits for a provider. It hands due measurements to a bounded pool; each answer wakes the run's key up
again, and the next reconcile records it. The measurements of all runs share that pool, and the engine's one timer
heap: no thread per run. Measurements that were under way when the process ended are taken again.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime
from typing import Literal, Protocol

import msgspec
from msgspec.structs import replace

from reconciler.analysis import expiry
from reconciler.analysis import run as engine
from reconciler.analysis.measure import Measurer
from reconciler.analysis.metric import Metric
from reconciler.analysis.model import AnalysisRun, Phase, RunStatus
from reconciler.analysis.prepared import Prepared
from reconciler.analysis.storage import ExactTimes, as_read
from reconciler.analysis.underway import Underway
from reconciler.errors import NotFound, ReconcilerError, UserError
from reconciler.kube.api import Cluster
from reconciler.kube.happenings import ObjectRef
from reconciler.kube.objects import ANALYSIS_RUNS
from reconciler.kube.store import Store
from reconciler.runtime.clock import Clock
from reconciler.telemetry.log import logger

log = logger(__name__)

_WARNINGS = frozenset({Phase.FAILED, Phase.ERROR})


class Events(Protocol):
    """Where events go: recorded in the background."""

    def event(self, about: ObjectRef, type: Literal["Normal", "Warning"], reason: str, message: str) -> None: ...  # noqa: A002


class AnalysisController:
    """`wake` adds a run's key to the engine's queue; `pool` bounds how many measurements are under way at once."""

    def __init__(
        self,
        cluster: Cluster,
        runs: Store[AnalysisRun],
        clock: Clock,
        events: Events,
        measurer: Measurer,
        pool: Executor,
        wake: Callable[[str], None],
    ) -> None:
        self._cluster, self._runs, self._clock, self._events = cluster, runs, clock, events
        self._measurer, self._pool, self._wake = measurer, pool, wake
        self._exact = ExactTimes()
        self._underway = Underway()
        self._prepared = Prepared()

    def reconcile(self, key: str) -> datetime | None:
        """One look at the run `namespace/name`; returns when to look again. Raises the taxonomy of writes."""
        namespace, _, name = key.partition("/")
        run = self._runs.get(namespace, name)
        if run is None or run.metadata.deletion_timestamp is not None:
            self.forget(key)
            return None
        if run.status.phase.complete:
            self._close(key, run)
            return self._expire(run)
        try:
            metrics = self._prepared.metrics(run)
        except UserError as error:
            self._reject(run, str(error))
            return None
        return self._advance(key, run, metrics)

    def hurry(self, key: str, metric: str) -> None:
        """Looks at once at what is in flight of a run's metric: its Job has ended, say. From any thread."""
        self._underway.hurry(key, metric)
        self._wake(key)

    def forget(self, key: str) -> None:
        """Lets go of what is only in memory about a run: it has ended, or another replica measures it."""
        uid = self._underway.forget(key)
        if uid is not None:
            self._exact.forget(uid)
            self._prepared.forget(uid)

    def _advance(self, key: str, run: AnalysisRun, metrics: tuple[Metric, ...]) -> datetime | None:
        uid, now, asked = run.metadata.uid, self._clock.now(), run.spec.terminate
        answers, busy = self._underway.collect(key, uid)
        status = engine.begun(self._exact.status(run), now)
        status = engine.record(status, metrics, answers)
        status = engine.hurried(status, self._underway.hurried(key), now)
        self._exact.keep(run, status)  # so that an answer outlives the failure of what follows
        tasks = engine.due(status, metrics, asked, now)
        status = engine.record(status, metrics, [self._measurer.end(run, task) for task in tasks if task.ending])
        fresh = [task for task in tasks if not task.ending and task.metric.name not in busy]
        assessment = engine.assess(status, metrics, asked, now, busy | {task.metric.name for task in fresh})
        self._write(run, assessment)
        for task in fresh if not assessment.status.phase.complete else ():
            self._underway.start(uid, task.metric.name)
            self._pool.submit(self._measure, key, replace(run, status=assessment.status), task)
        return assessment.wake_at

    def _measure(self, key: str, run: AnalysisRun, task: engine.Task) -> None:
        self._underway.finish(run.metadata.uid, self._measurer.take(run, task))
        self._wake(key)

    def _close(self, key: str, run: AnalysisRun) -> None:
        """Lets go of a run that has ended. What was begun while it ended, such as a Job, is ended as well."""
        answers, busy = self._underway.collect(key, run.metadata.uid)
        begun = {taken.metric: taken for taken in answers if taken.measurement.finished_at is None}
        for metric in self._prepared.metrics(run) if begun else ():
            if metric.name in begun:
                self._end(run, engine.Task(metric, begun[metric.name].measurement, ending=True))
        if not busy:  # else the answer wakes the run, and it is looked at again
            self.forget(key)

    def _end(self, run: AnalysisRun, task: engine.Task) -> None:
        try:
            self._measurer.end(run, task)
        except ReconcilerError:
            assert task.in_flight is not None
            self._underway.finish(run.metadata.uid, engine.Taken(task.metric.name, task.in_flight))
            raise

    def _write(self, run: AnalysisRun, assessment: engine.Assessment) -> None:
        """Writes the status if it says something new, then tells; a failed write is tried again with all answers."""
        status = assessment.status
        readable = as_read(status)
        self._exact.keep(run, status)
        if readable != run.status:
            self._patch(run, readable)
            self._exact.keep(replace(run, status=readable), status)
        for happening in assessment.happenings:
            self._tell(run, happening)

    def _patch(self, run: AnalysisRun, status: RunStatus) -> None:
        """AnalysisRuns have no status subresource. The uid keeps a namesake that came later from being written to.

        A message that is over is taken away: a merge patch keeps what it does not name.
        """
        meta = run.metadata
        patch = {"metadata": {"uid": meta.uid}, "status": {"message": None, **msgspec.to_builtins(status)}}
        self._runs.put_answer(self._cluster.patch(ANALYSIS_RUNS, meta.namespace, meta.name, patch))

    def _tell(self, run: AnalysisRun, happening: engine.Happening) -> None:
        subject = f'Metric "{happening.subject}"' if happening.subject else "Analysis"
        message = f"{subject} {happening.phase}" + (f": {happening.message}" if happening.message else "")
        prefix = "Metric" if happening.subject else "AnalysisRun"
        log.info(
            "analysis",
            run=f"{run.metadata.namespace}/{run.metadata.name}",
            metric=happening.subject,
            phase=str(happening.phase),
            reason=happening.message,
        )
        self._events.event(
            _reference(run),
            "Warning" if happening.phase in _WARNINGS else "Normal",
            f"{prefix}{happening.phase}",
            message,
        )

    def _reject(self, run: AnalysisRun, message: str) -> None:
        """A run that cannot be measured ends at once, with a completion time so that it can be cleaned up (§14)."""
        now = self._clock.now()
        status = replace(
            run.status,
            phase=Phase.ERROR,
            message=message,
            started_at=run.status.started_at or now,
            completed_at=now,
        )
        self._write(run, engine.Assessment(status, (engine.Happening("", Phase.ERROR, message),), None))

    def _expire(self, run: AnalysisRun) -> datetime | None:
        at = expiry.expires_at(run)
        if at is None or self._clock.now() <= at:
            return at
        try:
            self._cluster.delete(ANALYSIS_RUNS, run.metadata.namespace, run.metadata.name, uid=run.metadata.uid)
        except NotFound:
            return None
        return None


def _reference(run: AnalysisRun) -> ObjectRef:
    meta = run.metadata
    return ObjectRef(ANALYSIS_RUNS.api_version, ANALYSIS_RUNS.kind, meta.namespace, meta.name, meta.uid)
