"""Carrying out intents: one request to the API server each, in order; every answer enters the store at once."""

from __future__ import annotations

from typing import Any

from reconciler.errors import NotFound
from reconciler.experiments import intents as i
from reconciler.experiments.model import Experiment
from reconciler.experiments.ports import Events
from reconciler.experiments.wiring import Stores
from reconciler.kube.api import Cluster, Object, Resource
from reconciler.kube.happenings import ObjectRef
from reconciler.kube.objects import ANALYSIS_RUNS, EXPERIMENTS, REPLICA_SETS, SERVICES


class Carrier:
    """Carries out one decision about one Experiment. Raises the taxonomy of `errors.py`; `Conflict` if it is stale."""

    def __init__(self, cluster: Cluster, stores: Stores, events: Events, experiment: Experiment) -> None:
        self._cluster, self._stores, self._events, self._experiment = cluster, stores, events, experiment
        self._namespace = experiment.metadata.namespace

    def carry_out(self, intent: i.Intent) -> None:
        """Does what the intent says; doing it twice is the same as once."""
        match intent:
            case i.RecordEvent():
                self._tell(intent)
            case i.CreateReplicaSet(_, body):
                self._create(REPLICA_SETS, body)
            case i.PatchReplicaSet(_, name, patch, version):
                self._patch(REPLICA_SETS, name, patch, {"resourceVersion": version})
            case i.CreateService(_, body):
                self._create(SERVICES, body)
            case i.DeleteService(name, uid):
                self._delete(name, uid)
            case i.CreateAnalysisRun(_, body):
                self._create(ANALYSIS_RUNS, body)
            case i.TerminateAnalysisRun(name):
                self._patch(ANALYSIS_RUNS, name, {"spec": {"terminate": True}}, {})
            case i.PatchStatus(patch):
                self._write_status(patch)

    def _tell(self, told: i.RecordEvent) -> None:
        meta, owner = self._experiment.metadata, self._experiment.metadata.controller
        if not told.to_owner:
            self._events.event(ObjectRef.of(EXPERIMENTS, meta), told.type, told.reason, told.message)
        elif owner:
            about = ObjectRef(owner.api_version, owner.kind, meta.namespace, owner.name, owner.uid)
            self._events.event(about, told.type, told.reason, f"Experiment {meta.name}: {told.message}")

    def _write_status(self, patch: Object) -> None:
        """Experiments have no status subresource; whoever wrote meanwhile, such as a retry, comes first."""
        meta = self._experiment.metadata
        expected = {"uid": meta.uid, "resourceVersion": meta.resource_version}
        self._patch(EXPERIMENTS, meta.name, {"status": patch}, expected)

    def _create(self, resource: Resource, body: Object) -> None:
        self._learn(resource, self._cluster.create(resource, self._namespace, body))

    def _patch(self, resource: Resource, name: str, patch: Object, expected: dict[str, str]) -> None:
        patch = {**patch, "metadata": {**patch.get("metadata", {}), **expected}}
        self._learn(resource, self._cluster.patch(resource, self._namespace, name, patch))

    def _delete(self, name: str, uid: str) -> None:
        try:
            self._cluster.delete(SERVICES, self._namespace, name, uid=uid)
        except NotFound:
            return

    def _learn(self, resource: Resource, answer: Any) -> None:
        self._stores.by_kind[resource.kind].put_answer(answer)
