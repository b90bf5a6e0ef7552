"""What is there: the Deployment and the Rollout of one name with their ReplicaSets, autoscalers and Services."""

from __future__ import annotations

from reconciler.errors import NotFound
from reconciler.kube.api import Cluster, Object, Resource
from reconciler.kube.objects import DEPLOYMENTS, REPLICA_SETS, ROLLOUTS, SCALERS, SERVICES
from reconciler.rollouts.adopting.found import Found, annotation
from reconciler.workloads import keys
from reconciler.workloads.replica_set import ReplicaSet, decode_replica_set


def read(cluster: Cluster, namespace: str, name: str) -> Found:
    """Raises as the door does; what does not exist is None."""
    deployment, rollout = (_one(cluster, kind, namespace, name) for kind in (DEPLOYMENTS, ROLLOUTS))
    listed = map(decode_replica_set, cluster.list_raw(REPLICA_SETS, namespace).items)
    sets = sorted(listed, key=lambda rs: (str(rs.metadata.creation_timestamp), rs.name))
    managed = (service for service in cluster.list(SERVICES, namespace) if annotation(service, keys.MANAGED_BY) == name)
    return Found(
        name=name,
        deployment=deployment,
        rollout=rollout,
        of_deployment=_owned(deployment, sets),
        of_rollout=_owned(rollout, sets),
        scalers=tuple(listed_or_none(cluster, SCALERS, namespace)),
        services=tuple(managed),
        namespace=namespace,
    )


def listed_or_none(cluster: Cluster, resource: Resource, namespace: str) -> list[Object]:
    """Nothing where the cluster does not serve the kind."""
    try:
        return cluster.list(resource, namespace)
    except NotFound:
        return []


def _one(cluster: Cluster, resource: Resource, namespace: str, name: str) -> Object | None:
    try:
        found = cluster.get(resource, namespace, name)
    except NotFound:
        return None
    return {"apiVersion": resource.api_version, "kind": resource.kind, **found}


def _owned(owner: Object | None, sets: list[ReplicaSet]) -> tuple[ReplicaSet, ...]:
    uid = owner["metadata"]["uid"] if owner else None
    return tuple(rs for rs in sets if uid and (found := rs.metadata.controller) and found.uid == uid)
