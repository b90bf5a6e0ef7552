"""One Rollout with everything it owns, read once from the cluster."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import orjson

from reconciler.analysis.model import AnalysisRun, decode_run
from reconciler.errors import NotFound, Problem, UserError
from reconciler.kube.api import Cluster, Object
from reconciler.kube.objects import ANALYSIS_RUNS, PODS, REPLICA_SETS, ROLLOUTS, Meta
from reconciler.rollouts.model import Rollout, decode_rollout
from reconciler.rollouts.overview import Overview, overview
from reconciler.rollouts.tree import Node, ShownPod, decode_shown_pod, tree
from reconciler.workloads import selectors
from reconciler.workloads.replica_set import ReplicaSet, decode_replica_set


@dataclass(frozen=True, slots=True)
class Read:
    rollout: Rollout
    replica_sets: tuple[ReplicaSet, ...] = ()
    pods: tuple[ShownPod, ...] = ()
    runs: tuple[AnalysisRun, ...] = ()

    @property
    def overview(self) -> Overview:
        return overview(self.rollout, self.replica_sets)

    def tree(self, now: datetime) -> tuple[Node, ...]:
        return tree(self.rollout, self.replica_sets, self.pods, self.runs, now)


def rollout_object(cluster: Cluster, namespace: str, name: str) -> Object:
    """The Rollout as it is stored. Raises `UserError` when there is none of that name."""
    try:
        return cluster.get(ROLLOUTS, namespace, name)
    except NotFound:
        listed = f"see `reconciler rollouts list -n {namespace}`, or name another namespace with -n"
        raise UserError(Problem(f'there is no Rollout "{name}" in namespace "{namespace}"', listed)) from None


def rollout_called(cluster: Cluster, namespace: str, name: str) -> Rollout:
    return decode_rollout(orjson.dumps(rollout_object(cluster, namespace, name)))


def every_rollout(cluster: Cluster, namespace: str | None) -> list[Rollout]:
    try:
        return [decode_rollout(raw) for raw in cluster.list_raw(ROLLOUTS, namespace).items]
    except NotFound:
        fix = "kubectl apply --server-side -k manifests/crds"
        raise UserError(Problem("this cluster knows no Rollouts: their definition is not installed", fix)) from None


def replica_sets_of(cluster: Cluster, rollout: Rollout) -> tuple[ReplicaSet, ...]:
    listed = cluster.list_raw(REPLICA_SETS, rollout.metadata.namespace, label_selector=_selector(rollout))
    return tuple(rs for rs in map(decode_replica_set, listed.items) if _owner(rs.metadata) == rollout.metadata.uid)


def read(cluster: Cluster, namespace: str, name: str) -> Read:
    """The Rollout with its ReplicaSets, pods and AnalysisRuns. Raises `UserError` when there is none of that name."""
    rollout = rollout_called(cluster, namespace, name)
    replica_sets = replica_sets_of(cluster, rollout)
    owners = {rs.metadata.uid for rs in replica_sets}
    pods = map(decode_shown_pod, cluster.list_raw(PODS, namespace, label_selector=_selector(rollout)).items)
    mine = tuple(pod for pod in pods if _owner(pod.metadata) in owners)
    return Read(rollout, replica_sets, mine, _runs(cluster, rollout))


def _runs(cluster: Cluster, rollout: Rollout) -> tuple[AnalysisRun, ...]:
    try:
        runs = [decode_run(raw) for raw in cluster.list_raw(ANALYSIS_RUNS, rollout.metadata.namespace).items]
    except NotFound:  # analysis is not installed
        return ()
    return tuple(run for run in runs if _owner(run.metadata) == rollout.metadata.uid)


def _selector(rollout: Rollout) -> str:
    return selectors.text(rollout.spec.selector)


def _owner(meta: Meta) -> str:
    owner = meta.controller
    return owner.uid if owner else ""
