"""Carrying out intents: one request to the API server each, in order, until the first that fails.

Every answer enters the store at once, so that the next decision sees it. An object that a decision changes twice is
expected at the version that our own first write gave it; anybody else's write in between is a `Conflict`.
"""

from __future__ import annotations

import logging
from typing import Any

from reconciler.errors import Conflict, NotFound, Refused, Transient, UserError
from reconciler.kube.api import Cluster, Object, Resource
from reconciler.kube.happenings import ObjectRef
from reconciler.kube.objects import (
    ANALYSIS_RUNS,
    DEPLOYMENTS,
    EXPERIMENTS,
    PODS,
    REPLICA_SETS,
    ROLLOUTS,
    SERVICES,
)
from reconciler.kube.store import Store
from reconciler.rollouts import intents as i
from reconciler.rollouts import pods
from reconciler.rollouts.model import Rollout
from reconciler.rollouts.ports import Events
from reconciler.rollouts.revisions import owner_reference
from reconciler.rollouts.stores import Stores
from reconciler.workloads import keys

log = logging.getLogger(__name__)


class Carrier:
    """Carries out one decision about one Rollout. Raises the taxonomy of `errors.py`, `Conflict` when it is stale."""

    def __init__(self, cluster: Cluster, stores: Stores, events: Events, rollout: Rollout) -> None:
        self._cluster, self._stores, self._events, self._rollout = cluster, stores, events, rollout
        self._namespace = rollout.metadata.namespace
        self._versions: dict[tuple[str, str], str] = {}

    def carry_out(self, intent: i.Intent) -> None:
        """Does what the intent says; doing it twice is the same as once."""
        match intent:
            case i.RecordEvent():
                about = ObjectRef.of(ROLLOUTS, self._rollout.metadata)
                self._events.event(about, intent.type, intent.reason, intent.message)
            case i.CreateReplicaSet(body):
                self._create(REPLICA_SETS, body)
            case i.ScaleReplicaSet():
                self._patch(REPLICA_SETS, intent.name, _size(intent), intent.version)
            case i.PatchReplicaSet(name, patch, version):
                self._patch(REPLICA_SETS, name, patch, version)
            case i.ScaleWorkload():
                self._scale_workload(intent)
            case i.AdoptReplicaSet(name, uid):
                self._adopt(name, uid)
            case i.ReleaseReplicaSet(name, uid):
                self._release(name, uid)
            case i.DeleteReplicaSet(name, uid, version):
                self._delete(REPLICA_SETS, name, uid, version)
            case _:
                self._carry_out_around(intent)

    def _carry_out_around(self, intent: i.Intent) -> None:
        """Everything but ReplicaSets."""
        match intent:
            case i.PatchStatus(patch):
                self._patch(ROLLOUTS, self._rollout.metadata.name, {"status": patch}, self._version, "status")
            case i.PatchRollout(patch):
                self._patch(ROLLOUTS, self._rollout.metadata.name, patch, self._version)
            case i.SwitchService() | i.ReleaseService():
                self._patch(SERVICES, intent.name, _selection(intent), intent.version)
            case i.CreateRouted(resource, body):
                self._create(resource, body)
            case i.PatchRouted(resource, name, patch, version):
                self._patch(resource, name, patch, version)
            case _:
                self._carry_out_below(intent)

    def _carry_out_below(self, intent: i.Intent) -> None:
        """AnalysisRuns, Experiments and pods."""
        match intent:
            case i.CreateAnalysisRun(body):
                self._create(ANALYSIS_RUNS, body)
            case i.TerminateAnalysisRun(name):
                self._patch(ANALYSIS_RUNS, name, {"spec": {"terminate": True}})
            case i.DeleteAnalysisRun(name, uid):
                self._delete(ANALYSIS_RUNS, name, uid)
            case i.CreateExperiment(body):
                self._create(EXPERIMENTS, body)
            case i.TerminateExperiment(name):
                self._patch(EXPERIMENTS, name, {"spec": {"terminate": True}})
            case i.DeleteExperiment(name, uid):
                self._delete(EXPERIMENTS, name, uid)
            case i.PatchPods(pod_hash, owner, metadata):
                pods.patch_owned(self._cluster, self._namespace, pod_hash, owner, metadata)
            case i.LabelPods(selector, owner, labels):
                self._label_pods(selector, owner, labels)
            case i.EvictPod(name):
                self._evict(name)
            case _:
                raise TypeError(f"no way to carry out {type(intent).__name__}")

    @property
    def _version(self) -> str:
        return self._rollout.metadata.resource_version

    def _create(self, resource: Resource, body: Object) -> None:
        self._learn(resource, self._cluster.create(resource, self._namespace, body))

    def _patch(
        self, resource: Resource, name: str, patch: Object, version: str = "", subresource: str | None = None
    ) -> None:
        if version:
            known = self._versions.get((resource.kind, name), version)
            patch = {**patch, "metadata": {**patch.get("metadata", {}), "resourceVersion": known}}
        self._learn(resource, self._cluster.patch(resource, self._namespace, name, patch, subresource=subresource))

    def _delete(self, resource: Resource, name: str, uid: str, version: str | None = None) -> None:
        try:
            self._cluster.delete(resource, self._namespace, name, uid=uid, resource_version=version)
        except NotFound:
            return

    def _scale_workload(self, intent: i.ScaleWorkload) -> None:
        """A Deployment that cannot be scaled, or changed meanwhile, keeps its pods; that holds nothing else up."""
        mark = {keys.HANDED_OVER: intent.handed_over_to} if intent.handed_over_to else {}
        patch = {"metadata": {"annotations": mark}, "spec": {"replicas": intent.replicas}}
        try:
            self._patch(DEPLOYMENTS, intent.name, patch, intent.version)
        except (Conflict, NotFound, Refused, UserError) as error:
            log.warning("Deployment %s/%s was not scaled down: %s", self._namespace, intent.name, error)
        else:
            log.info(
                "%s", intent.told, extra={"fields": {"rollout": f"{self._namespace}/{self._rollout.metadata.name}"}}
            )
            self.carry_out(i.normal("ScalingReplicaSet", intent.told))

    def _adopt(self, name: str, uid: str) -> None:
        """Only for a Rollout that still exists and is not going: memory may be behind, so the server is asked.

        It also refuses a second controller, so that another one which was faster keeps its ReplicaSet.
        """
        current = self._cluster.get(ROLLOUTS, self._namespace, self._rollout.metadata.name)["metadata"]
        if current["uid"] != self._rollout.metadata.uid or current.get("deletionTimestamp"):
            return
        patch = {"metadata": {"uid": uid, "ownerReferences": [owner_reference(self._rollout)]}}
        self._learn(REPLICA_SETS, self._cluster.patch(REPLICA_SETS, self._namespace, name, patch, kind="strategic"))

    def _release(self, name: str, uid: str) -> None:
        owner = {"$patch": "delete", "uid": self._rollout.metadata.uid}
        patch = {"metadata": {"uid": uid, "ownerReferences": [owner]}}
        self._learn(REPLICA_SETS, self._cluster.patch(REPLICA_SETS, self._namespace, name, patch, kind="strategic"))

    def _label_pods(self, selector: str, owner: str, labels: dict[str, str]) -> None:
        for pod in self._cluster.list(PODS, self._namespace, label_selector=selector):
            meta = pod["metadata"]
            owned = any(each["uid"] == owner for each in meta.get("ownerReferences", ()))
            if owned and not labels.items() <= (meta.get("labels") or {}).items():
                self._label_pod(meta["name"], meta["uid"], labels)

    def _label_pod(self, name: str, uid: str, labels: dict[str, str]) -> None:
        try:
            self._cluster.patch(PODS, self._namespace, name, {"metadata": {"uid": uid, "labels": labels}})
        except (Conflict, NotFound):  # gone, or another pod by now
            return

    def _evict(self, name: str) -> None:
        """Through the eviction subresource; a disruption budget that says no is asked again later."""
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": self._namespace}}
        eviction = Resource("", "v1", "Pod", f"pods/{name}/eviction")
        try:
            self._cluster.create(eviction, self._namespace, body)
        except (NotFound, Transient):
            return

    def _learn(self, resource: Resource, answer: Object) -> None:
        meta = answer["metadata"]
        self._versions[resource.kind, meta["name"]] = meta["resourceVersion"]
        store = self._store(resource)
        if store is not None:
            store.put_answer(answer)

    def _store(self, resource: Resource) -> Store[Any] | None:
        stores: dict[str, Store[Any]] = {
            ROLLOUTS.kind: self._stores.rollouts,
            REPLICA_SETS.kind: self._stores.replica_sets,
            SERVICES.kind: self._stores.services,
            ANALYSIS_RUNS.kind: self._stores.runs,
            EXPERIMENTS.kind: self._stores.experiments,
            **self._stores.routed,
            **self._stores.workloads,
        }
        return stores.get(resource.kind)


def _size(intent: i.ScaleReplicaSet) -> Object:
    annotations: dict[str, str | None] = {keys.DESIRED_REPLICAS: str(intent.sized_for)}
    if intent.drop_deadline:
        annotations[keys.DEADLINE] = None
    return {"metadata": {"annotations": annotations}, "spec": {"replicas": intent.replicas}}


def _selection(intent: i.SwitchService | i.ReleaseService) -> Object:
    if isinstance(intent, i.ReleaseService):
        return {"metadata": {"annotations": {keys.MANAGED_BY: None}}, "spec": {"selector": {keys.HASH: None}}}
    annotations = {keys.MANAGED_BY: intent.managed_by} if intent.managed_by else {}
    return {"metadata": {"annotations": annotations}, "spec": {"selector": {keys.HASH: intent.hash}}}
