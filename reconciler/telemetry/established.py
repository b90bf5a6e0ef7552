"""Metrics under the names that installations of the `argoproj.io` family have dashboards for (spec rollouts §11.1).

What objects are like is read when somebody asks (`show`), so nothing has to be kept in step with it. What happened to
an object is counted here (`Tallies`), and forgotten with the object. No label holds a message, and requests to the API
are counted without the names of objects, which grow without bound.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate, chain
from typing import NamedTuple

from prometheus_client import Metric
from prometheus_client.samples import Sample

from reconciler.telemetry.metrics import REGISTRY

RECONCILE_BUCKETS = (0.01, 0.15, 0.25, 0.5, 1.0)
UPDATE_BUCKETS = (10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 21600.0, 86400.0)
QUEUE_BUCKETS = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)

_Labels = tuple[str, ...]

_OBJECT = ("namespace", "name")
_UPDATE = (*_OBJECT, "status")

GAUGES = {
    "rollout_info": "One for the phase that a Rollout is in.",
    "rollout_info_replicas_available": "Pods of a Rollout that can serve.",
    "rollout_info_replicas_unavailable": "Pods of a Rollout that cannot serve yet.",
    "rollout_info_replicas_desired": "Pods that a Rollout asks for.",
    "rollout_info_replicas_updated": "Pods of a Rollout that are of its newest version.",
    "rollout_phase": "As rollout_info, under its older name.",
    "analysis_run_info": "One for the phase that an AnalysisRun is in.",
    "analysis_run_phase": "As analysis_run_info, under its older name.",
    "analysis_run_metric_type": "One for the provider of a metric of an AnalysisRun.",
    "analysis_run_metric_phase": "One for the phase that a metric of an AnalysisRun is in.",
    "analysis_template_info": "One for each AnalysisTemplate and ClusterAnalysisTemplate.",
    "analysis_template_metric_info": "One for each metric of a template.",
    "experiment_info": "One for the phase that an Experiment is in.",
    "experiment_phase": "As experiment_info, under its older name.",
    "argo_rollouts_controller_info": "Version of the engine.",
    "build_info": "Version of the daemon.",
    "workqueue_depth": "Keys that wait.",
    "workqueue_unfinished_work_seconds": "How long the keys in work have been so, together.",
    "workqueue_longest_running_processor_seconds": "How long the key in work has been so that has been longest.",
}
COUNTERS = {
    "rollout_reconcile_error": ("Reconciles of a Rollout that failed.", _OBJECT),
    "rollout_events_total": ("Events of a Rollout, by reason.", (*_OBJECT, "type", "reason")),
    "analysis_run_reconcile_error": ("Reconciles of an AnalysisRun that failed.", _OBJECT),
    "experiment_reconcile_error": ("Reconciles of an Experiment that failed.", _OBJECT),
    "controller_clientset_k8s_request_total": ("Requests to the API server.", ("kind", "verb", "status_code")),
    "workqueue_adds_total": ("Keys added to a queue.", ("name",)),
    "workqueue_retries_total": ("Keys added to a queue again because they failed.", ("name",)),
}
HISTOGRAMS = {
    "rollout_reconcile": ("Duration of a reconcile of a Rollout.", _OBJECT, RECONCILE_BUCKETS),
    "analysis_run_reconcile": ("Duration of a reconcile of an AnalysisRun.", _OBJECT, RECONCILE_BUCKETS),
    "experiment_reconcile": ("Duration of a reconcile of an Experiment.", _OBJECT, RECONCILE_BUCKETS),
    "rollout_duration_seconds": ("Duration of updates, by how they ended.", _UPDATE, UPDATE_BUCKETS),
    "rollout_progression_duration_seconds": (
        "Duration of updates without the time in which they waited for a person.",
        _UPDATE,
        UPDATE_BUCKETS,
    ),
    "rollout_manual_pause_duration_seconds": (
        "Time in which updates waited for a person.",
        _UPDATE,
        UPDATE_BUCKETS,
    ),
    "workqueue_queue_duration_seconds": ("How long keys waited.", ("name",), QUEUE_BUCKETS),
    "workqueue_work_duration_seconds": ("How long keys were worked on.", ("name",), QUEUE_BUCKETS),
}


class Series(NamedTuple):
    """One gauge's value now."""

    name: str
    labels: Mapping[str, str]
    value: float = 1.0


@dataclass(slots=True)
class _Spread:
    """A histogram's state: how many values fell into each bucket, the last of which has no upper end."""

    counts: list[int]
    total: float = 0.0


@dataclass(slots=True)
class Tallies:
    """Counters and histograms; `alive(namespace, name)` says whether an object is still there. Safe for threads."""

    alive: Callable[[str, str, str], bool] = lambda metric, namespace, name: True
    _counts: dict[str, dict[_Labels, dict[_Labels, int]]] = field(default_factory=dict)
    """By the first two labels, then by the others: of an object there are few, and these are the same for all."""
    _spreads: dict[str, dict[_Labels, _Spread]] = field(default_factory=dict)
    _known: dict[_Labels, _Labels] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, name: str, *labels: str) -> None:
        """One more; `labels` in the order of `COUNTERS`."""
        with self._lock:
            counts = self._counts.setdefault(name, {}).setdefault(labels[:2], {})
            others = self._known.setdefault(labels[2:], labels[2:])
            counts[others] = counts.get(others, 0) + 1

    def observe(self, name: str, value: float, *labels: str) -> None:
        """One more value; `labels` in the order of `HISTOGRAMS`."""
        buckets = HISTOGRAMS[name][2]
        with self._lock:
            spreads = self._spreads.setdefault(name, {})
            spread = spreads.setdefault(labels, _Spread([0] * (len(buckets) + 1)))
            spread.counts[bisect_left(buckets, value)] += 1
            spread.total += value

    def families(self) -> Iterator[Metric]:
        """All of it, after forgetting what was about objects that are gone."""
        with self._lock:
            self._forget()
            counters, histograms = list(self._counts), list(self._spreads)
        for name in counters:
            yield _counter(name, self._counted(name))
        for name in histograms:
            yield _histogram(name, self._spread(name))

    def _counted(self, name: str) -> Iterator[tuple[_Labels, int]]:
        with self._lock:
            known = list(self._counts[name].items())
        for labels, counts in known:
            with self._lock:
                copied = list(counts.items())
            yield from ((labels + others, count) for others, count in copied)

    def _spread(self, name: str) -> Iterator[tuple[_Labels, _Spread]]:
        """Copies: whoever reads takes its time."""
        with self._lock:
            known = list(self._spreads[name].items())
        for labels, spread in known:
            with self._lock:
                copied = _Spread(list(spread.counts), spread.total)
            yield labels, copied

    def _forget(self) -> None:
        kept: tuple[dict[str, dict[_Labels, object]], ...] = (self._counts, self._spreads)  # type: ignore[assignment]
        for tallies in kept:
            for name, by_labels in tallies.items():
                for labels in [each for each in by_labels if not self._lives(name, each)]:
                    del by_labels[labels]

    def _lives(self, name: str, labels: _Labels) -> bool:
        known = COUNTERS[name][1] if name in COUNTERS else HISTOGRAMS[name][1]
        return known[:2] != _OBJECT or self.alive(name, labels[0], labels[1])


class _Collector:
    """Asked by the registry whenever metrics are. A source replaces the one that had its name before."""

    def __init__(self) -> None:
        self.sources: dict[str, Callable[[], Iterable[Series]]] = {}
        self.tallies: dict[str, Tallies] = {}

    def collect(self) -> Iterator[Metric]:
        """One family at a time: there may be ten thousand objects, and whoever reads forgets what was read."""
        found: dict[str, list[Series]] = {}
        for source in list(self.sources.values()):
            for series in source():
                found.setdefault(series.name, []).append(series)
        while found:
            yield _gauge(*found.popitem())
        for tallies in list(self.tallies.values()):
            yield from tallies.families()


_collector = _Collector()
REGISTRY.register(_collector)


def show(name: str, source: Callable[[], Iterable[Series]]) -> None:
    """Reads gauges from `source` whenever metrics are asked for."""
    _collector.sources[name] = source


def keep(name: str, tallies: Tallies) -> Tallies:
    """Shows these tallies with the metrics. No two may have the same metric."""
    _collector.tallies[name] = tallies
    return tallies


REQUESTS = keep("requests", Tallies())


def observe_api_request(verb: str, resource: str, code: int) -> None:
    """`code` 0: there was no answer."""
    said = "Patch" if verb == "apply" else verb.capitalize()
    REQUESTS.count("controller_clientset_k8s_request_total", resource, said, str(code) if code else "error")


def _gauge(name: str, found: Iterable[Series]) -> Metric:
    return _family(name, GAUGES[name], "gauge", (Sample(name, dict(one.labels), one.value) for one in found))


def _counter(name: str, counts: Iterable[tuple[_Labels, int]]) -> Metric:
    """A name that does not end as the format wants counters to end has to go without a type."""
    text, labels = COUNTERS[name]
    kind = "counter" if name.endswith("_total") else "untyped"
    samples = (Sample(name, dict(zip(labels, values, strict=True)), count) for values, count in counts)
    return _family(name.removesuffix("_total"), text, kind, samples)


def _histogram(name: str, spreads: Iterable[tuple[_Labels, _Spread]]) -> Metric:
    text, labels, bounds = HISTOGRAMS[name]
    ends = (*map(str, bounds), "+Inf")
    each = (_of_spread(name, dict(zip(labels, values, strict=True)), ends, spread) for values, spread in spreads)
    return _family(name, text, "histogram", chain.from_iterable(each))


def _of_spread(name: str, labels: dict[str, str], ends: tuple[str, ...], spread: _Spread) -> Iterator[Sample]:
    for end, count in zip(ends, accumulate(spread.counts), strict=True):
        yield Sample(f"{name}_bucket", {**labels, "le": end}, count)
    yield Sample(f"{name}_count", labels, sum(spread.counts))
    yield Sample(f"{name}_sum", labels, spread.total)


def _family(name: str, text: str, kind: str, samples: Iterable[Sample]) -> Metric:
    """Its samples are made while they are read, which can be done once: all at once they would be too large."""
    family = Metric(name, text, kind)
    family.samples = samples  # type: ignore[assignment]  # a list to the library, which only goes through it
    return family
