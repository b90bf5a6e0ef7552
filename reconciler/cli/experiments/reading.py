"""Experiments as the cluster has them, with everything that they own."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import orjson

from reconciler.analysis.model import AnalysisRun, decode_run
from reconciler.errors import NotFound, Problem, UserError
from reconciler.experiments.model import Experiment, decode_experiment
from reconciler.kube.api import Cluster
from reconciler.kube.objects import ANALYSIS_RUNS, EXPERIMENTS, PODS, REPLICA_SETS
from reconciler.rollouts.views import nodes
from reconciler.rollouts.views.family import ExperimentFamily
from reconciler.rollouts.views.nodes import ShownPod, decode_shown_pod
from reconciler.workloads import keys
from reconciler.workloads.replica_set import ReplicaSet, decode_replica_set


def experiment_called(cluster: Cluster, namespace: str, name: str) -> Experiment:
    """Raises `UserError` when there is none of that name."""
    try:
        return decode_experiment(orjson.dumps(cluster.get(EXPERIMENTS, namespace, name)))
    except NotFound:
        listed = f"see `reconciler experiments list -n {namespace}`, or name another namespace with -n"
        raise UserError(Problem(f'there is no Experiment "{name}" in namespace "{namespace}"', listed)) from None


def every_experiment(cluster: Cluster, namespace: str | None) -> list[Experiment]:
    """The newest first. None for every namespace."""
    try:
        found = [decode_experiment(raw) for raw in cluster.list_raw(EXPERIMENTS, namespace).items]
    except NotFound:
        fix = "kubectl apply --server-side -k manifests/crds"
        raise UserError(Problem("this cluster knows no Experiments: their definition is not installed", fix)) from None
    return sorted(found, key=_created, reverse=True)


def read(cluster: Cluster, namespace: str, name: str) -> ExperimentFamily:
    """The Experiment with its ReplicaSets, pods and AnalysisRuns. Raises `UserError` when there is none."""
    found = experiment_called(cluster, namespace, name)
    uid = found.metadata.uid
    listed = map(decode_replica_set, cluster.list_raw(REPLICA_SETS, namespace).items)
    sets = tuple(rs for rs in listed if nodes.owner(rs.metadata) == uid)
    pods = [pod for rs in sets for pod in _pods(cluster, rs)]
    return ExperimentFamily(found, sets, tuple(pods), runs_of(cluster, namespace, {uid}))


def runs_of(cluster: Cluster, namespace: str, owners: set[str]) -> tuple[AnalysisRun, ...]:
    """Those whose controller is one of these uids, as far as they can be read."""
    try:
        listed = cluster.list_raw(ANALYSIS_RUNS, namespace).items
    except NotFound:  # analysis is not installed
        return ()
    found: list[AnalysisRun] = []
    for raw in listed:
        try:
            found.append(decode_run(raw))
        except msgspec.ValidationError:
            continue
    return tuple(run for run in found if nodes.owner(run.metadata) in owners)


def _pods(cluster: Cluster, rs: ReplicaSet) -> list[ShownPod]:
    listed = cluster.list_raw(PODS, rs.metadata.namespace, label_selector=f"{keys.HASH}={rs.hash}").items
    return [pod for pod in map(decode_shown_pod, listed) if nodes.owner(pod.metadata) == rs.metadata.uid]


def _created(experiment: Experiment) -> datetime:
    return experiment.metadata.creation_timestamp or datetime.max.replace(tzinfo=UTC)
