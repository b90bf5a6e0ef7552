"""What the cluster of a rehearsal holds, as JSON: written as an API server would, read as the engine reads its stores.

Pure.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

import orjson

from reconciler.analysis.model import AnalysisRun, decode_run
from reconciler.experiments.model import Experiment, decode_experiment
from reconciler.kube.api import Object
from reconciler.kube.merge_patch import merged
from reconciler.rollouts.model import Rollout, WorkloadRef, decode_rollout
from reconciler.rollouts.owned import Pod, Routed, Service, Workload, decode_routed, decode_service
from reconciler.workloads.replica_set import ReplicaSet, decode_replica_set

NAMESPACE = "rehearsal"
T = TypeVar("T")


@dataclass
class StagedObjects:
    """`kept` by kind and name, without the Rollout. `versions` counts writes. An `observe.Reader`."""

    written: Object
    """The Rollout."""
    kept: dict[tuple[str, str], Object] = field(default_factory=dict)
    versions: int = 0

    @property
    def rollout(self) -> Rollout:
        return decode_rollout(orjson.dumps(self.written))

    def put(self, kind: str, name: str, body: Object, now: datetime) -> None:
        self.versions += 1
        metadata = {**body["metadata"], "resourceVersion": str(self.versions), "namespace": NAMESPACE}
        metadata.setdefault("uid", f"{kind}-{name}")
        metadata.setdefault("creationTimestamp", (now + timedelta(microseconds=self.versions)).isoformat())
        self.kept[kind, name] = {**body, "metadata": metadata}

    def patch(self, kind: str, name: str, patch: Object, now: datetime) -> None:
        if (kind, name) in self.kept:
            self.put(kind, name, merged(self.kept[kind, name], copy.deepcopy(patch)), now)

    def patch_rollout(self, patch: Object) -> None:
        self.versions += 1
        before, after = self.written, merged(self.written, copy.deepcopy(patch))
        if before["spec"] != after["spec"]:
            after["metadata"] = {**after["metadata"], "generation": before["metadata"]["generation"] + 1}
        self.written = after

    def delete(self, kind: str, name: str) -> None:
        self.versions += 1
        self.kept.pop((kind, name), None)

    def replica_sets(self, rollout: Rollout) -> Iterable[ReplicaSet]:
        return [decode_replica_set(orjson.dumps(body)) for (kind, _), body in self.kept.items() if kind == "ReplicaSet"]

    def orphans(self, namespace: str) -> Iterable[ReplicaSet]:
        return ()

    def replica_set(self, namespace: str, name: str) -> ReplicaSet | None:
        return self._one("ReplicaSet", name, decode_replica_set)

    def service(self, namespace: str, name: str) -> Service | None:
        return self._one("Service", name, decode_service)

    def experiments(self, rollout: Rollout) -> Iterable[Experiment]:
        return [decode_experiment(orjson.dumps(body)) for (kind, _), body in self.kept.items() if kind == "Experiment"]

    def experiment(self, namespace: str, name: str) -> Experiment | None:
        return self._one("Experiment", name, decode_experiment)

    def workload(self, namespace: str, reference: WorkloadRef) -> Workload | None:
        return None

    def managed_services(self, namespace: str, rollout: str) -> Iterable[Service]:
        return ()

    def routed(self, kind: str, namespace: str, name: str) -> Routed | None:
        return self._one(kind, name, decode_routed)

    def runs(self, rollout: Rollout) -> Iterable[AnalysisRun]:
        return [decode_run(orjson.dumps(body)) for (kind, _), body in self.kept.items() if kind == "AnalysisRun"]

    def under_way(self) -> int:
        return 1

    def pods(self, rollout: Rollout) -> Sequence[Pod]:
        return ()

    def _one(self, kind: str, name: str, decode: Callable[[bytes], T]) -> T | None:
        body = self.kept.get((kind, name))
        return decode(orjson.dumps(body)) if body else None
