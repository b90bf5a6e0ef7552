"""A template measured from here: the run's own life (`analysis/run.py`), without an object in the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import uuid4

import msgspec

from reconciler.analysis import providers, validate
from reconciler.analysis import run as engine
from reconciler.analysis.measure import Measurer
from reconciler.analysis.metric import Metric
from reconciler.analysis.model import JOB_NAME, AnalysisRun, Measurement, Phase, RunStatus
from reconciler.analysis.providers.contract import Lasting
from reconciler.cli.analysis.templates import Measured
from reconciler.errors import ReconcilerError
from reconciler.kube.objects import Meta
from reconciler.runtime.clock import Clock

LONGEST_ONCE = timedelta(minutes=5)
"""How long a single measurement may be under way, such as a Job."""


@dataclass(frozen=True, slots=True)
class Step:
    """One measurement that came to an end, or that waits for data."""

    metric: Metric
    taken: engine.Taken
    seconds: float


@dataclass(slots=True)
class Trial:
    """`whole`: as the run would go on, to its verdict; else each metric is measured once, now."""

    run: AnalysisRun
    metrics: tuple[Metric, ...]
    measurer: Measurer
    clock: Clock
    whole: bool = False
    status: RunStatus = field(default_factory=RunStatus)
    waiting: list[str] = field(default_factory=list)

    @property
    def successful(self) -> bool:
        """A metric that has no data yet is not."""
        return self.status.phase is Phase.SUCCESSFUL and not self.waiting

    def steps(self) -> Iterator[Step]:
        """Measures and waits until the run would be complete."""
        ends = self.clock.now() + LONGEST_ONCE
        while not self.status.phase.complete and self._open():
            yield from self._round()
            assessed = engine.assess(self.status, self._paced(), False, self.clock.now())
            self.status = assessed.status
            if not self.whole and self.clock.now() > ends:
                self.waiting += [metric.name for metric in self._open()]
            if assessed.wake_at is not None and not self.status.phase.complete:
                self.clock.sleep(max((assessed.wake_at - self.clock.now()).total_seconds(), 0))
        self.status = engine.assess(self.status, self._open(), False, self.clock.now()).status

    def clear(self) -> None:
        """Takes away what measurements have left behind: Jobs, and whatever is still under way."""
        for metric in self.metrics:
            result = self.status.result(metric.name)
            for each in result.measurements if result is not None else ():
                if each.finished_at is None or JOB_NAME in each.metadata:
                    self.measurer.end(self._so_far(), engine.Task(metric, each, ending=True))

    def _open(self) -> list[Metric]:
        return [metric for metric in self.metrics if metric.name not in self.waiting]

    def _paced(self) -> list[Metric]:
        """Measured once, each is measured whatever the others say: as dry runs do, a bad one does not end them."""
        return self._open() if self.whole else [replace(metric, dry_run=True) for metric in self._open()]

    def _round(self) -> Iterator[Step]:
        now = self.clock.now()
        self.status = engine.begun(self.status, now)
        known = {metric.name: metric for metric in self.metrics}
        for task in engine.due(self.status, self._paced(), False, now):
            began = self.clock.monotonic()
            taken = self.measurer.end(self._so_far(), task) if task.ending else self.measurer.take(self._so_far(), task)
            self.status = engine.record(self.status, self.metrics, [taken])
            lacks_data = taken.measurement.finished_at is None and _answers_at_once(task.metric)
            if lacks_data and not self.whole:
                self.waiting.append(task.metric.name)
            if lacks_data or taken.measurement.finished_at is not None:
                yield Step(
                    known[task.metric.name], taken, _under_way(taken.measurement) or self.clock.monotonic() - began
                )

    def _so_far(self) -> AnalysisRun:
        return msgspec.structs.replace(self.run, status=self.status)


def trial(wanted: Measured, name: str, namespace: str, measurer: Measurer, clock: Clock, *, whole: bool) -> Trial:
    """Raises `UserError` with all that is wrong with the metrics."""
    metadata = Meta(name=name, namespace=namespace, uid=str(uuid4()), annotations=dict(wanted.annotations))
    run = AnalysisRun(metadata=metadata, spec=wanted.spec)
    metrics = validate.metrics(run, validate.plain_values(run.spec.args))
    return Trial(run, metrics if whole else tuple(map(_once, metrics)), measurer, clock, whole)


def _answers_at_once(metric: Metric) -> bool:
    """Whether a measurement that goes on waits for data, and not for work that takes its time."""
    try:
        return not isinstance(providers.find(metric.provider), Lasting)
    except ReconcilerError:
        return True


def _under_way(measurement: Measurement) -> float:
    """Seconds between the first look and the last; nothing for what was answered at once."""
    started, finished = measurement.started_at, measurement.finished_at
    return (finished - started).total_seconds() if started is not None and finished is not None else 0.0


def _once(metric: Metric) -> Metric:
    """Its first measurement decides."""
    return replace(
        metric,
        count=1,
        initial_delay=None,
        failure_limit=0,
        inconclusive_limit=0,
        consecutive_error_limit=0,
        consecutive_success_limit=0,
    )
