"""Health of the apps group: Deployment, ReplicaSet, StatefulSet, DaemonSet (spec gitops §4.2)."""

from __future__ import annotations

from reconciler.sync.health.model import (
    HEALTHY,
    UNOBSERVED,
    Assessment,
    JsonObject,
    condition,
    condition_text,
    degraded,
    is_condition,
    progressing,
    spec_of,
    status_of,
    suspended,
    unobserved,
)


def desired_replicas(obj: JsonObject) -> int:
    """`spec.replicas`, which defaults to 1 where it is absent."""
    replicas = spec_of(obj).get("replicas")
    return 1 if replicas is None else int(replicas)


def count(obj: JsonObject, field: str) -> int:
    """A counter of the status; absent counters are zero."""
    return int(status_of(obj).get(field) or 0)


def deployment(obj: JsonObject) -> Assessment:
    if spec_of(obj).get("paused"):
        return suspended("is paused")
    if unobserved(obj):
        return UNOBSERVED
    deadline = condition(obj, "Progressing")
    if deadline and deadline.get("reason") == "ProgressDeadlineExceeded":
        return degraded(condition_text(deadline), terminal=True)
    return _deployment_counts(obj, desired_replicas(obj))


def _deployment_counts(obj: JsonObject, desired: int) -> Assessment:
    updated, available = count(obj, "updatedReplicas"), count(obj, "availableReplicas")
    if updated < desired:
        return progressing(f"{updated} of {desired} pods are updated")
    if count(obj, "replicas") > updated:
        return progressing(f"{count(obj, 'replicas') - updated} old pods are still there")
    if available < updated:
        return progressing(f"{available} of {updated} updated pods are available")
    return HEALTHY


def replica_set(obj: JsonObject) -> Assessment:
    if unobserved(obj):
        return UNOBSERVED
    if is_condition(obj, "ReplicaFailure", "True"):
        return degraded(condition_text(condition(obj, "ReplicaFailure")))
    available, desired = count(obj, "availableReplicas"), desired_replicas(obj)
    return HEALTHY if available >= desired else progressing(f"{available} of {desired} pods are available")


def stateful_set(obj: JsonObject) -> Assessment:
    if not count(obj, "observedGeneration") or unobserved(obj):
        return UNOBSERVED
    desired, ready = desired_replicas(obj), count(obj, "readyReplicas")
    if ready < desired:
        return progressing(f"{ready} of {desired} pods are ready")
    strategy = spec_of(obj).get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return HEALTHY
    return _stateful_set_update(obj, desired, int((strategy.get("rollingUpdate") or {}).get("partition") or 0))


def _stateful_set_update(obj: JsonObject, desired: int, partition: int) -> Assessment:
    updated, wanted = count(obj, "updatedReplicas"), desired - partition
    if partition:
        return (
            HEALTHY if updated >= wanted else progressing(f"{updated} of {wanted} pods above the partition are updated")
        )
    status = status_of(obj)
    if status.get("updateRevision") != status.get("currentRevision"):
        return progressing(f"{updated} of {desired} pods are updated")
    return HEALTHY


def daemon_set(obj: JsonObject) -> Assessment:
    if unobserved(obj):
        return UNOBSERVED
    if (spec_of(obj).get("updateStrategy") or {}).get("type") == "OnDelete":
        return HEALTHY
    desired = count(obj, "desiredNumberScheduled")
    for field, word in (("updatedNumberScheduled", "updated"), ("numberAvailable", "available")):
        if count(obj, field) < desired:
            return progressing(f"{count(obj, field)} of {desired} pods are {word}")
    return HEALTHY
