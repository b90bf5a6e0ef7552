"""What the engine keeps in memory, and the answers that `observe` gets from it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from reconciler.analysis.model import AnalysisRun
from reconciler.experiments.model import Experiment
from reconciler.kube.api import Cluster
from reconciler.kube.objects import PODS, REPLICA_SETS
from reconciler.kube.store import HasMeta, Store
from reconciler.rollouts.model import Rollout, WorkloadRef
from reconciler.rollouts.owned import Pod, Routed, Service, Workload, WorkloadSpec, decode_pod
from reconciler.workloads import keys
from reconciler.workloads.replica_set import ReplicaSet
from reconciler.workloads.selectors import text

T = TypeVar("T", bound=HasMeta)
Key = tuple[str, str]
"""(namespace, name)"""


class Index(Generic[T]):
    """Keys of a store's objects by any value that `values` reads from them. Make it before the store is filled."""

    def __init__(self, store: Store[T], values: Callable[[T], Iterable[Hashable]]) -> None:
        self._store, self._values = store, values
        self._keys: dict[Hashable, set[Key]] = {}
        self._lock = threading.Lock()
        store.subscribe(self._follow)

    def keys(self, value: Hashable) -> list[Key]:
        with self._lock:
            return sorted(self._keys.get(value, ()))

    def count(self, value: Hashable) -> int:
        return len(self._keys.get(value, ()))

    def objects(self, value: Hashable) -> list[T]:
        return [found for key in self.keys(value) if (found := self._store.get(*key))]

    def _follow(self, old: T | None, new: T | None) -> None:
        with self._lock:
            for value, key in self._entries(old):
                self._keys[value].discard(key)
                if not self._keys[value]:
                    del self._keys[value]
            for value, key in self._entries(new):
                self._keys.setdefault(value, set()).add(key)

    def _entries(self, item: T | None) -> list[tuple[Hashable, Key]]:
        if item is None:
            return []
        key = (item.metadata.namespace, item.metadata.name)
        return [(value, key) for value in dict.fromkeys(self._values(item))]


class Stores:
    """Filled by the informers that `wiring.watched` lists.

    `routed` and `workloads` are by kind; a kind not watched has no store.
    """

    def __init__(
        self,
        rollouts: Store[Rollout],
        replica_sets: Store[ReplicaSet],
        services: Store[Service],
        runs: Store[AnalysisRun],
        experiments: Store[Experiment],
        routed: Mapping[str, Store[Routed]],
        workloads: Mapping[str, Store[Workload]] | None = None,
    ) -> None:
        self.rollouts, self.replica_sets, self.services = rollouts, replica_sets, services
        self.experiments = experiments
        self.runs, self.routed, self.workloads = runs, routed, workloads or {}
        self.orphans = Index(replica_sets, _without_controller)
        self.managed = Index(services, _manager)
        self.by_phase = Index(rollouts, lambda rollout: [rollout.status.phase])

    def workload(self, namespace: str, reference: WorkloadRef) -> Workload | None:
        """The object that a `workloadRef` names, as far as it is known."""
        if reference.kind == REPLICA_SETS.kind:
            found = self.replica_sets.get(namespace, reference.name)
            return _as_workload(found) if found else None
        store = self.workloads.get(reference.kind)
        return store.get(namespace, reference.name) if store else None


class StoreReader:
    """`observe.Reader` from memory; only pods, which are rarely needed, are asked for."""

    def __init__(self, stores: Stores, cluster: Cluster) -> None:
        self._stores, self._cluster = stores, cluster

    def replica_sets(self, rollout: Rollout) -> list[ReplicaSet]:
        return self._stores.replica_sets.owned_by(rollout.metadata.uid)

    def orphans(self, namespace: str) -> list[ReplicaSet]:
        return self._stores.orphans.objects(namespace)

    def replica_set(self, namespace: str, name: str) -> ReplicaSet | None:
        return self._stores.replica_sets.get(namespace, name)

    def service(self, namespace: str, name: str) -> Service | None:
        return self._stores.services.get(namespace, name) if name else None

    def managed_services(self, namespace: str, rollout: str) -> list[Service]:
        return self._stores.managed.objects((namespace, rollout))

    def routed(self, kind: str, namespace: str, name: str) -> Routed | None:
        store = self._stores.routed.get(kind)
        return store.get(namespace, name) if store else None

    def runs(self, rollout: Rollout) -> list[AnalysisRun]:
        return self._stores.runs.owned_by(rollout.metadata.uid)

    def experiments(self, rollout: Rollout) -> list[Experiment]:
        return self._stores.experiments.owned_by(rollout.metadata.uid)

    def experiment(self, namespace: str, name: str) -> Experiment | None:
        return self._stores.experiments.get(namespace, name)

    def workload(self, namespace: str, reference: WorkloadRef) -> Workload | None:
        return self._stores.workload(namespace, reference)

    def under_way(self) -> int:
        return self._stores.by_phase.count("Progressing")

    def pods(self, rollout: Rollout) -> list[Pod]:
        listed = self._cluster.list_raw(PODS, rollout.metadata.namespace, label_selector=text(rollout.spec.selector))
        return [decode_pod(raw) for raw in listed.items]


def _as_workload(rs: ReplicaSet) -> Workload:
    return Workload(metadata=rs.metadata, spec=WorkloadSpec(rs.spec.replicas, rs.spec.selector, rs.spec.template))


def _without_controller(rs: ReplicaSet) -> list[str]:
    return [] if rs.metadata.controller else [rs.metadata.namespace]


def _manager(service: Service) -> list[tuple[str, str]]:
    manager = service.metadata.annotations.get(keys.MANAGED_BY)
    return [(service.metadata.namespace, manager)] if manager else []
