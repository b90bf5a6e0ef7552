"""What the engine reads from memory, and which Experiment a change of each kind concerns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from reconciler.analysis.model import AnalysisRun
from reconciler.experiments.model import Experiment
from reconciler.kube.objects import ANALYSIS_RUNS, EXPERIMENTS, REPLICA_SETS, SERVICES, Meta
from reconciler.kube.store import HasMeta, Store
from reconciler.workloads.replica_set import ReplicaSet

Enqueue = Callable[[str], None]


class Stores:
    """The stores of the kinds that are read, which other engines may share; `StoreReader` and `subscribe` use them."""

    def __init__(self, by_kind: Callable[[str], Store[Any]]) -> None:
        self.experiments: Store[Experiment] = by_kind(EXPERIMENTS.kind)
        self.replica_sets: Store[ReplicaSet] = by_kind(REPLICA_SETS.kind)
        self.services: Store[HasMeta] = by_kind(SERVICES.kind)
        self.runs: Store[AnalysisRun] = by_kind(ANALYSIS_RUNS.kind)

    @property
    def by_kind(self) -> Mapping[str, Store[Any]]:
        return {
            EXPERIMENTS.kind: self.experiments,
            REPLICA_SETS.kind: self.replica_sets,
            SERVICES.kind: self.services,
            ANALYSIS_RUNS.kind: self.runs,
        }


class StoreReader:
    """`snapshot.Reader` from memory."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def replica_sets(self, experiment: Experiment) -> Iterable[ReplicaSet]:
        return self._stores.replica_sets.owned_by(experiment.metadata.uid)

    def replica_set(self, namespace: str, name: str) -> ReplicaSet | None:
        return self._stores.replica_sets.get(namespace, name)

    def services(self, experiment: Experiment) -> Iterable[Meta]:
        return (found.metadata for found in self._stores.services.owned_by(experiment.metadata.uid))

    def service(self, namespace: str, name: str) -> Meta | None:
        found = self._stores.services.get(namespace, name)
        return found.metadata if found else None

    def runs(self, experiment: Experiment) -> Iterable[AnalysisRun]:
        return self._stores.runs.owned_by(experiment.metadata.uid)

    def run(self, namespace: str, name: str) -> AnalysisRun | None:
        return self._stores.runs.get(namespace, name)


def subscribe(stores: Stores, enqueue: Enqueue) -> None:
    """Has `enqueue("namespace/name")` called for every change that may concern an Experiment."""
    stores.experiments.subscribe(lambda old, new: enqueue(_key((new or old).metadata)))  # type: ignore[union-attr]

    def of_owner(old: HasMeta | None, new: HasMeta | None) -> None:
        for key in {key for item in (old, new) if item is not None for key in _owner(item.metadata)}:
            enqueue(key)

    for store in (stores.replica_sets, stores.services, stores.runs):
        store.subscribe(of_owner)


def _owner(meta: Meta) -> list[str]:
    owner = meta.controller
    ours = owner is not None and (owner.kind, owner.api_version) == (EXPERIMENTS.kind, EXPERIMENTS.api_version)
    return [f"{meta.namespace}/{owner.name}"] if owner and ours else []


def _key(meta: Meta) -> str:
    return f"{meta.namespace}/{meta.name}"
