"""What the running AnalysisRuns have measured last, as samples for the metrics. Pure.

Of several runs that judge the same the newest is shown. The number of runs is bounded, and that of values of one metric
as in pictures, so that the number of series is bounded whatever people measure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import nlargest

from reconciler.analysis import series
from reconciler.analysis.model import TYPE_LABEL, AnalysisRun
from reconciler.analysis.series import Series
from reconciler.telemetry.measured import Sample

MOST_RUNS = 1000
MOST_METRICS = 20
MOST_THRESHOLDS = 4


def samples(runs: Iterable[AnalysisRun]) -> Iterator[Sample]:
    """Of the newest `MOST_RUNS` that are not complete."""
    running = {_subject(run): run for run in sorted(_running(runs), key=_age)}
    shown = nlargest(MOST_RUNS, running.items(), key=lambda item: _age(item[1]))
    for subject, run in shown:
        for metric in series.series(run)[:MOST_METRICS]:
            yield from _of_metric((*subject, metric.metric), metric)
    yield Sample("left_out", (), len(running) - len(shown))


def _running(runs: Iterable[AnalysisRun]) -> Iterator[AnalysisRun]:
    return (run for run in runs if run.status.phase and not run.status.phase.complete)


def _age(run: AnalysisRun) -> str:
    return str(run.metadata.creation_timestamp)


def _subject(run: AnalysisRun) -> tuple[str, str, str]:
    """Namespace, name and kind: who is judged, and how."""
    meta = run.metadata
    owner = meta.controller
    return meta.namespace, owner.name if owner else meta.name, meta.labels.get(TYPE_LABEL, "")


def _of_metric(labels: tuple[str, ...], metric: Series) -> Iterator[Sample]:
    measured = next((point.values for point in reversed(metric.points) if point.values), ())
    for index, value in enumerate(measured):
        yield Sample("value", (*labels, str(index)), value)
    for condition in ("successCondition", "failureCondition"):
        bounds: Sequence[float] = [each.value for each in metric.thresholds if each.condition == condition]
        for index, bound in enumerate(bounds[:MOST_THRESHOLDS]):
            yield Sample("threshold", (*labels, condition, str(index)), bound)
