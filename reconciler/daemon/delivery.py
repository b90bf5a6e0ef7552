"""The progressive-delivery half: rollouts and analysis, with everything that they watch."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from reconciler.analysis.catalog import Catalog, from_stores
from reconciler.analysis.controller import AnalysisController
from reconciler.analysis.measure import Measurer
from reconciler.analysis.model import decode_template
from reconciler.apps.delivery import WorkloadProgress
from reconciler.apps.record import Key
from reconciler.daemon.events import ObjectEvents
from reconciler.http.client import HttpClient
from reconciler.kube.api import Cluster, Decode, Resource
from reconciler.kube.events import EventRecorder
from reconciler.kube.informer import Informer
from reconciler.kube.objects import ANALYSIS_RUNS, ANALYSIS_TEMPLATES, CLUSTER_ANALYSIS_TEMPLATES, ROLLOUTS
from reconciler.kube.store import Store
from reconciler.rollouts import wiring
from reconciler.rollouts.controller import RolloutController
from reconciler.rollouts.progress import workload_progress
from reconciler.rollouts.traffic import routers
from reconciler.runtime.clock import Clock
from reconciler.runtime.queue import WorkQueue

MEASUREMENTS_AT_ONCE = 16

OnProgress = Callable[[str, str], None]
"""(namespace, name) of a Rollout whose progress may read differently now."""


class DeliveryHalf:
    """Stores, informers and controllers; `daemon.py` puts the controllers on engines."""

    def __init__(
        self,
        cluster: Cluster,
        clock: Clock,
        http: HttpClient,
        events: EventRecorder,
        *,
        namespace: str | None,
        prometheus_url: str,
        rollouts: WorkQueue,
        runs: WorkQueue,
    ) -> None:
        self._informers = [
            Informer(cluster, resource, decode, namespace=namespace, clock=clock) for resource, decode in _watched()
        ]
        self._cluster_templates: Informer[Any] = Informer(
            cluster, CLUSTER_ANALYSIS_TEMPLATES, decode_template, clock=clock
        )
        self._stores = wiring.stores_of(self._store)
        wiring.subscribe(self._stores, rollouts.add)
        self._stores.runs.subscribe(lambda old, new: runs.add(_key(new or old)))
        analyses = Catalog(from_stores(self._store(ANALYSIS_TEMPLATES.kind), self._cluster_templates.store))
        self.rollouts = RolloutController(cluster, self._stores, clock, ObjectEvents(events), analyses)
        measurer = Measurer(cluster, http.send, clock, prometheus_url)
        self._pool = ThreadPoolExecutor(MEASUREMENTS_AT_ONCE, "measure")
        self.runs = AnalysisController(cluster, self._stores.runs, clock, events, measurer, self._pool, runs.add)

    def start(self) -> None:
        for informer in (*self._informers, self._cluster_templates):
            informer.start()

    def stop(self) -> None:
        for informer in (*self._informers, self._cluster_templates):
            informer.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def missing(self) -> str:
        """What has not been read once yet and why; empty when all that must be there is there."""
        optional = {item.resource.kind for item in wiring.watched() if item.optional}
        for informer in (*self._informers, self._cluster_templates):
            if not informer.synced() and informer.resource.kind not in optional:
                return f"waiting for {informer.resource.plural}: {informer.failing or 'first list'}"
        return ""

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

    def progress(self, namespace: str, name: str) -> WorkloadProgress | None:
        """How far a Rollout is; None while it is not known."""
        rollout = self._stores.rollouts.get(namespace, name)
        if rollout is None:
            return None
        uid = rollout.metadata.uid
        return workload_progress(rollout, self._stores.runs.owned_by(uid), self._stores.replica_sets.owned_by(uid))

    def steers(self, key: Key) -> bool:
        """Whether a Rollout steers traffic through this object, so that its weights are not git's (spec §3.14)."""
        return any(
            (key.kind, key.name) in routers.objects(rollout.spec.strategy.canary.traffic_routing, rollout.metadata.name)
            for rollout in self._stores.rollouts.list(key.namespace)
            if rollout.spec.strategy.canary
        )

    def _store(self, kind: str) -> Store[Any]:
        return next(informer.store for informer in self._informers if informer.resource.kind == kind)


def _watched() -> list[tuple[Resource, Decode[Any]]]:
    found = [(item.resource, item.decode) for item in wiring.watched()]
    assert ANALYSIS_RUNS in dict(found)
    return [*found, (ANALYSIS_TEMPLATES, decode_template)]


def _key(item: Any) -> str:
    return f"{item.metadata.namespace}/{item.metadata.name}"
