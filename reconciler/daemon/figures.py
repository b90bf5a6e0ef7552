"""The delivery half in metrics: stores and queues are read when somebody asks, what happens is counted as it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Literal

from reconciler import __version__
from reconciler.analysis.model import AnalysisRun, AnalysisTemplate
from reconciler.experiments.model import Experiment
from reconciler.kube.events import EventRecorder
from reconciler.kube.happenings import ObjectRef
from reconciler.kube.objects import ANALYSIS_RUNS, EXPERIMENTS, ROLLOUTS, Meta
from reconciler.rollouts import figures
from reconciler.rollouts.duration import Completion
from reconciler.rollouts.model import Rollout
from reconciler.runtime.clock import Clock
from reconciler.runtime.loop import classify
from reconciler.runtime.queue import Happened, WorkQueue
from reconciler.telemetry import established
from reconciler.telemetry.established import Series, Tallies

Reconcile = Callable[[str], datetime | None]
Kind = Literal["rollout", "analysis_run", "experiment"]
Alive = Callable[[str, str, str], bool]
"""Whether an object of this kind (of the API), namespace and name is still there."""

KINDS = {"experiment": EXPERIMENTS.kind, "analysis_run": ANALYSIS_RUNS.kind, "rollout": ROLLOUTS.kind}
"""How metrics about a kind begin → the kind."""

PROVIDERS = {
    "cloudWatch": "CloudWatch",
    "datadog": "Datadog",
    "graphite": "Graphite",
    "influxdb": "Influxdb",
    "job": "Job",
    "kayenta": "Kayenta",
    "newRelic": "NewRelic",
    "prometheus": "Prometheus",
    "skywalking": "SkyWalking",
    "wavefront": "Wavefront",
    "web": "WebMetric",
}
"""Field of `metric.provider` → the type that dashboards know."""


class Figures:
    """What is counted about the objects of the engines and about their queues, which `queue` makes."""

    def __init__(self, alive: Alive, clock: Clock) -> None:
        self._alive_kind, self._clock = alive, clock
        self._tallies = established.keep("delivery", Tallies(self._alive))
        self._queues: dict[str, WorkQueue] = {}
        established.show("queues", lambda: of_queues(self._queues))
        established.show("build", of_build)

    def queue(self, name: str) -> WorkQueue:
        """A queue under the name that dashboards know."""

        def happened(what: Happened, seconds: float) -> None:
            match what:
                case "added":
                    self._tallies.count("workqueue_adds_total", name)
                case "retried":
                    self._tallies.count("workqueue_retries_total", name)
                case "waited":
                    self._tallies.observe("workqueue_queue_duration_seconds", seconds, name)
                case "worked":
                    self._tallies.observe("workqueue_work_duration_seconds", seconds, name)

        self._queues[name] = queue = WorkQueue(self._clock, on_happened=happened)
        return queue

    def measured(self, kind: Kind, reconcile: Reconcile) -> Reconcile:
        """`reconcile`, with its durations and failures counted; not for objects that are gone."""

        def timed(key: str) -> datetime | None:
            began = self._clock.monotonic()
            try:
                return reconcile(key)
            except Exception as error:
                if classify(error) != "conflict":
                    self._tallies.count(f"{kind}_reconcile_error", *key.split("/", 1))
                raise
            finally:
                seconds = self._clock.monotonic() - began
                self._tallies.observe(f"{kind}_reconcile", seconds, *key.split("/", 1))

        return timed

    def completed(self, meta: Meta, done: Completion) -> None:
        """An update has ended, and its status has been written."""
        where = (meta.namespace, meta.name, done.status)
        self._tallies.observe("rollout_duration_seconds", done.seconds, *where)
        self._tallies.observe("rollout_progression_duration_seconds", done.seconds - done.paused_seconds, *where)
        self._tallies.observe("rollout_manual_pause_duration_seconds", done.paused_seconds, *where)

    def happened(self, about: ObjectRef, type_: str, reason: str) -> None:
        if about.kind == ROLLOUTS.kind:
            self._tallies.count("rollout_events_total", about.namespace, about.name, type_, reason)

    def _alive(self, metric: str, namespace: str, name: str) -> bool:
        kind = next(kind for start, kind in KINDS.items() if metric.startswith(start))
        return self._alive_kind(kind, namespace, name)


class CountedEvents:
    """Events on their way to the recorder: all are counted, also those that the recorder has to drop."""

    def __init__(self, recorder: EventRecorder, figures_: Figures) -> None:
        self._recorder, self._figures = recorder, figures_

    def event(self, about: ObjectRef, type: Literal["Normal", "Warning"], reason: str, message: str) -> None:  # noqa: A002
        self._figures.happened(about, type, reason)
        self._recorder.event(about, type, reason, message)

    def at_rest(self, about: ObjectRef) -> None:
        self._recorder.at_rest(about)


def of_rollouts(found: Iterable[Rollout]) -> Iterator[Series]:
    for rollout in found:
        where, phase = _where(rollout.metadata), figures.phase(rollout)
        how = {**where, "strategy": figures.strategy(rollout)}
        yield Series("rollout_info", {**how, "traffic_router": figures.traffic_router(rollout), "phase": phase})
        yield Series("rollout_phase", {**how, "phase": phase})
        for kind, count in figures.pods(rollout)._asdict().items():
            yield Series(f"rollout_info_replicas_{kind}", where, count)


def of_runs(found: Iterable[AnalysisRun]) -> Iterator[Series]:
    for run in found:
        where = _where(run.metadata)
        state = {**where, "phase": run.status.phase or "Pending"}
        yield Series("analysis_run_info", state)
        yield Series("analysis_run_phase", state)
        types = {str(metric.get("name", "")): _type(metric) for metric in run.spec.metrics}
        for name, type_ in types.items():
            yield Series("analysis_run_metric_type", {**where, "metric": name, "type": type_})
        for result in run.status.metric_results:
            about = {**where, "metric": result.name, "type": types.get(result.name, "")}
            judged = {"dry_run": "true" if result.dry_run else "false", "phase": str(result.phase)}
            yield Series("analysis_run_metric_phase", {**about, **judged})


def of_experiments(found: Iterable[Experiment]) -> Iterator[Series]:
    for experiment in found:
        state = {**_where(experiment.metadata), "phase": experiment.status.phase or "Pending"}
        yield Series("experiment_info", state)
        yield Series("experiment_phase", state)


def of_templates(found: Iterable[AnalysisTemplate]) -> Iterator[Series]:
    for template in found:
        where = _where(template.metadata)
        yield Series("analysis_template_info", where)
        for name, type_ in {str(metric.get("name", "")): _type(metric) for metric in template.spec.metrics}.items():
            yield Series("analysis_template_metric_info", {**where, "type": type_, "metric": name})


def of_build() -> Iterator[Series]:
    yield Series("argo_rollouts_controller_info", {"version": __version__})
    yield Series("build_info", {"version": __version__})


def of_queues(queues: dict[str, WorkQueue]) -> Iterator[Series]:
    """`queues` by the names that dashboards know."""
    for name, queue in queues.items():
        ages = queue.ages()
        yield Series("workqueue_depth", {"name": name}, len(queue))
        yield Series("workqueue_unfinished_work_seconds", {"name": name}, sum(ages))
        yield Series("workqueue_longest_running_processor_seconds", {"name": name}, max(ages, default=0.0))


def _where(meta: Meta) -> dict[str, str]:
    return {"namespace": meta.namespace, "name": meta.name}


def _type(metric: dict[str, object]) -> str:
    """The provider's type; a plugin by its own name."""
    provider = metric.get("provider")
    if not isinstance(provider, dict):
        return ""
    plugin = provider.get("plugin")
    if isinstance(plugin, dict) and plugin:
        return str(next(iter(plugin)))
    return next(
        (PROVIDERS.get(str(name), str(name)) for name, settings in provider.items() if settings is not None), ""
    )
