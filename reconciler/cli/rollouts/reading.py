"""One Rollout with everything it owns, read once from the cluster."""

from __future__ import annotations

import orjson

from reconciler.cli.experiments.reading import runs_of
from reconciler.errors import NotFound, Problem, UserError
from reconciler.experiments.model import Experiment, decode_experiment
from reconciler.kube.api import Cluster, Object
from reconciler.kube.objects import EXPERIMENTS, PODS, REPLICA_SETS, ROLLOUTS
from reconciler.rollouts.model import Rollout, decode_rollout
from reconciler.rollouts.views.family import Family
from reconciler.rollouts.views.nodes import decode_shown_pod, owner
from reconciler.workloads import selectors
from reconciler.workloads.replica_set import ReplicaSet, decode_replica_set


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
    return _replica_sets(cluster, rollout, {rollout.metadata.uid})


def read(cluster: Cluster, namespace: str, name: str) -> Family:
    """The Rollout with all that belongs to it. Raises `UserError` when there is none of that name."""
    rollout = rollout_called(cluster, namespace, name)
    experiments = _experiments(cluster, rollout)
    theirs = {each.metadata.uid for each in experiments}
    sets = _replica_sets(cluster, rollout, {rollout.metadata.uid, *theirs})
    owners = {rs.metadata.uid for rs in sets}
    pods = map(decode_shown_pod, cluster.list_raw(PODS, namespace, label_selector=_selector(rollout)).items)
    return Family(
        rollout,
        tuple(rs for rs in sets if owner(rs.metadata) not in theirs),
        tuple(pod for pod in pods if owner(pod.metadata) in owners),
        runs_of(cluster, namespace, {rollout.metadata.uid, *theirs}),
        experiments,
        tuple(rs for rs in sets if owner(rs.metadata) in theirs),
    )


def _experiments(cluster: Cluster, rollout: Rollout) -> tuple[Experiment, ...]:
    try:
        listed = cluster.list_raw(EXPERIMENTS, rollout.metadata.namespace).items
    except NotFound:  # they are not installed
        return ()
    return tuple(each for each in map(decode_experiment, listed) if owner(each.metadata) == rollout.metadata.uid)


def _replica_sets(cluster: Cluster, rollout: Rollout, owners: set[str]) -> tuple[ReplicaSet, ...]:
    listed = cluster.list_raw(REPLICA_SETS, rollout.metadata.namespace, label_selector=_selector(rollout))
    return tuple(rs for rs in map(decode_replica_set, listed.items) if owner(rs.metadata) in owners)


def _selector(rollout: Rollout) -> str:
    return selectors.text(rollout.spec.selector)
