"""The progressive-delivery half: rollouts and analysis, with everything that they watch."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Any

from reconciler.analysis.catalog import Catalog, from_stores
from reconciler.analysis.controller import AnalysisController
from reconciler.analysis.measure import Measurer
from reconciler.analysis.model import decode_template
from reconciler.analysis.providers.job import NAMESPACE_VARIABLE
from reconciler.apps.record import Key
from reconciler.daemon import figures, measured
from reconciler.daemon.engines import engine
from reconciler.daemon.figures import CountedEvents, Figures
from reconciler.daemon.guard import Guard, Share, home
from reconciler.daemon.job_watch import JobWatch
from reconciler.daemon.shown import Shown
from reconciler.errors import Transient
from reconciler.experiments import wiring as experiment_wiring
from reconciler.experiments.controller import ExperimentController
from reconciler.http.client import HttpClient
from reconciler.kube.api import Cluster
from reconciler.kube.events import EventRecorder
from reconciler.kube.fence import InContext
from reconciler.kube.informer import Informer
from reconciler.kube.objects import ANALYSIS_TEMPLATES, CLUSTER_ANALYSIS_TEMPLATES, ROLLOUTS
from reconciler.kube.store import Store
from reconciler.rollouts import wiring
from reconciler.rollouts.controller import RolloutController
from reconciler.rollouts.model import Rollout
from reconciler.rollouts.step_plugins.caller import Caller
from reconciler.rollouts.traffic import record
from reconciler.runtime.clock import Clock
from reconciler.runtime.queue import WorkQueue
from reconciler.telemetry import established
from reconciler.telemetry import measured as measured_values

MEASUREMENTS_AT_ONCE = 16

OnProgress = Callable[[str, str], None]
"""(namespace, name) of a Rollout whose progress may read differently now."""


class DeliveryHalf:
    """Stores, informers, controllers and their workers. `shown`: what pages show of it."""

    def __init__(
        self,
        cluster: Cluster,
        clock: Clock,
        http: HttpClient,
        events: EventRecorder,
        *,
        namespace: str | None,
        home: str,
        prometheus_url: str,
        share: Share,
        instance_id: str = "",
        disabled_step_plugins: Collection[str] = (),
        jobs: Cluster | None = None,
    ) -> None:
        self._guard = guard = Guard(instance_id, share)
        counted = Figures(lambda kind, *key: self._store(kind).get(*key) is not None, clock)
        self._queue, self._run_queue = rollouts, runs = counted.queue("Rollouts"), counted.queue("AnalysisRuns")
        self._experiment_queue = counted.queue("Experiments")
        watched = (
            *wiring.watched(),
            wiring.Watched(ANALYSIS_TEMPLATES, decode_template),
            wiring.Watched(CLUSTER_ANALYSIS_TEMPLATES, decode_template),
        )
        self._always = {item.resource.kind for item in watched if not item.optional}
        self._informers: list[Informer[Any]] = [
            Informer(
                cluster,
                item.resource,
                item.decode,
                namespace=namespace if item.resource.namespaced else None,
                clock=clock,
            )
            for item in watched
        ]
        self._started: set[str] = set()
        self._starting = threading.Lock()
        self._stores = wiring.stores_of(self._store)
        self.shown = Shown(cluster, self._stores, clock, guard.belongs)
        self._stores.rollouts.subscribe(lambda old, new: self._start_for(new))
        wiring.subscribe(self._stores, rollouts.add)
        self._stores.runs.subscribe(lambda old, new: runs.add(_key(new or old)))
        self._experiments = experiment_wiring.Stores(self._store)
        experiment_wiring.subscribe(self._experiments, self._experiment_queue.add)
        namespaced, cluster_wide = map(self._store, (ANALYSIS_TEMPLATES.kind, CLUSTER_ANALYSIS_TEMPLATES.kind))
        wiring.subscribe_templates(self._stores, namespaced, cluster_wide, rollouts.add)
        analyses = Catalog(from_stores(namespaced, cluster_wide), instance_id)
        told = CountedEvents(events, counted)
        plugins = Caller(rollouts.add, clock, disabled_step_plugins)
        self._rollouts = RolloutController(cluster, self._stores, clock, told, analyses, counted.completed, plugins)
        self._stores.rollouts.subscribe(lambda old, new: self._disregard(old))
        measurer = Measurer(cluster, http.send, clock, prometheus_url, home, os.environ, jobs=jobs)
        self._pool = InContext(MEASUREMENTS_AT_ONCE, "measure")
        analysis = AnalysisController(cluster, self._stores.runs, clock, events, measurer, self._pool, runs.add)
        where = os.environ.get(NAMESPACE_VARIABLE) or namespace
        self._job_watch = JobWatch(jobs or cluster, where, clock, analysis.hurry)
        self._stores.runs.subscribe(lambda old, new: self._job_watch.start_for(new))
        experiments = ExperimentController(cluster, self._experiments, clock, told, analyses)
        measure_experiment = counted.measured("experiment", self._once_read(experiments.reconcile))
        measure_rollout = counted.measured("rollout", self.reconcile_rollout)
        measure_run = counted.measured("analysis_run", analysis.reconcile)
        self._engines = [
            engine(
                "rollout",
                guard.only_ours(self._stores.rollouts, measure_rollout, self._rollouts.forget),
                rollouts,
                clock,
            ),
            engine(
                "experiment",
                guard.only_ours(self._experiments.experiments, measure_experiment),
                self._experiment_queue,
                clock,
            ),
            engine("analysis", guard.only_ours(self._stores.runs, measure_run, analysis.forget), runs, clock),
        ]
        self._show()

    def _show(self) -> None:
        """Metrics of what is in the stores: of several replicas each shows what it drives."""

        def driven(store: Store[Any]) -> Iterator[Any]:
            return (found for found in store.list() if self._guard.drives(found.metadata))

        templates = [self._store(each.kind) for each in (ANALYSIS_TEMPLATES, CLUSTER_ANALYSIS_TEMPLATES)]
        established.show("rollouts", lambda: figures.of_rollouts(driven(self._stores.rollouts)))
        established.show("experiments", lambda: figures.of_experiments(driven(self._experiments.experiments)))
        established.show("runs", lambda: figures.of_runs(driven(self._stores.runs)))
        measured_values.show(lambda: measured.samples(driven(self._stores.runs)))
        established.show("templates", lambda: figures.of_templates(each for s in templates for each in driven(s)))

    def watch(self) -> None:
        """Watches what every Rollout needs; kinds of traffic routers and workloads only once a Rollout names one."""
        self._start(self._always)

    def start(self) -> None:
        """Begins to decide and to write. Call it when nothing is `missing` and nobody else does."""
        for each in self._engines:
            each.start()

    def stop(self) -> None:
        """Finishes the keys in work."""
        for each in self._engines:
            each.stop()
        for informer in self._informers:
            informer.stop()
        self._job_watch.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def look_again(self, concerned: Callable[[str], bool]) -> None:
        """Looks at every key whose home is concerned: it has become ours, or is ours no longer."""
        queues: tuple[tuple[Store[Any], WorkQueue], ...] = (
            (self._stores.rollouts, self._queue),
            (self._experiments.experiments, self._experiment_queue),
            (self._stores.runs, self._run_queue),
        )
        for store, queue in queues:
            for found in store.list():
                if concerned(home(found.metadata)):
                    queue.add(_key(found))
        for key in filter(concerned, wiring.left_behind(self._stores)):
            self._queue.add(key)

    def missing(self) -> str:
        """What must be read before anything is decided, and why it is not yet; empty when all is there.

        A kind that the cluster does not serve has no objects; deciding can begin. So it can when a kind that only some
        Rollouts need cannot be read: those that name it wait by themselves.
        """
        return self._unread(self._always) or self._unread(self._started - self._failing())

    def _unread(self, kinds: set[str]) -> str:
        for informer in self._informers:
            if informer.resource.kind in kinds and not (informer.synced() or informer.absent):
                return f"waiting for {informer.resource.plural}: {informer.failing or 'first list'}"
        return ""

    def _failing(self) -> set[str]:
        return {informer.resource.kind for informer in self._informers if informer.failing}

    def absent(self) -> list[str]:
        """Kinds of ours that the cluster does not serve."""
        return [informer.resource.kind for informer in self._informers if informer.absent]

    def reconcile_rollout(self, key: str) -> datetime | None:
        """The rollouts engine's reconcile, held back while something that it reads is still being listed."""
        rollout = self._stores.rollouts.get(*key.split("/", 1))
        if rollout and (missing := self._unread(wiring.on_demand(rollout))):
            raise Transient(missing)
        return self._once_read(self._rollouts.reconcile)(key)

    def _once_read(self, reconcile: Callable[[str], datetime | None]) -> Callable[[str], datetime | None]:
        def held_back(key: str) -> datetime | None:
            if missing := self.missing():
                raise Transient(missing)
            return reconcile(key)

        return held_back

    def _disregard(self, old: Rollout | None) -> None:
        """What becomes of another engine's Rollout is not for us to tell."""
        if old and not self._guard.belongs(old.metadata):
            self._rollouts.forget(_key(old))

    def _start_for(self, rollout: Rollout | None) -> None:
        if rollout:
            self._start(wiring.on_demand(rollout))

    def _start(self, kinds: set[str]) -> None:
        with self._starting:
            new, self._started = kinds - self._started, self._started | kinds
        for informer in self._informers:
            if informer.resource.kind in new:
                informer.start()

    def on_progress(self, told: OnProgress) -> None:
        """Has `told` called for every change of a Rollout or of a run that belongs to one."""

        def rollout_changed(old: Any, new: Any) -> None:
            meta = (new or old).metadata
            told(meta.namespace, meta.name)

        def run_changed(old: Any, new: Any) -> None:
            owner = (new or old).metadata.controller
            if owner and owner.kind == ROLLOUTS.kind:
                told((new or old).metadata.namespace, owner.name)

        self._stores.rollouts.subscribe(rollout_changed)
        self._stores.runs.subscribe(run_changed)

    def steers(self, key: Key) -> bool:
        """Whether a Rollout steers traffic through this object, so that its weights are not git's (spec §3.14).

        Raises `Transient` until all Rollouts are known: to guess would reset the weights of a running canary.
        """
        if missing := self._unread({ROLLOUTS.kind}):
            raise Transient(missing)
        return any(
            (key.kind, key.name) in record.objects(rollout) for rollout in self._stores.rollouts.list(key.namespace)
        )

    def _store(self, kind: str) -> Store[Any]:
        return next(informer.store for informer in self._informers if informer.resource.kind == kind)


def _key(item: Any) -> str:
    return f"{item.metadata.namespace}/{item.metadata.name}"
