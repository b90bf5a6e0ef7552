"""Creating the ReplicaSet of a new version, and numbering versions (spec rollouts §2.3, §2.4)."""

from __future__ import annotations

import copy
from typing import Any

from reconciler.kube.api import Object
from reconciler.kube.objects import REPLICA_SETS, ROLLOUTS
from reconciler.rollouts import anti_affinity, identity, workload
from reconciler.rollouts.intents import Intent, PatchReplicaSet, PatchRollout, normal
from reconciler.rollouts.metadata import inject, record, wanted_for_new
from reconciler.rollouts.model import Rollout
from reconciler.rollouts.snapshot import World
from reconciler.workloads import keys
from reconciler.workloads.replica_set import ReplicaSet


def new_replica_set(world: World) -> Object:
    """The ReplicaSet to create, its size still 0; its role's ephemeral metadata is already in the template."""
    rollout, pod_hash = world.rollout, world.template_hash
    template = copy.deepcopy(rollout.spec.template or {})
    extra = wanted_for_new(world)
    inject(template, extra)
    namespace = rollout.metadata.namespace
    anti_affinity.inject(template, world.anti_affinity, namespace, pod_hash, world.status.stable_rs)
    metadata = template.get("metadata") or {}
    metadata["labels"] = {**(metadata.get("labels") or {}), keys.HASH: pod_hash}
    template["metadata"] = metadata
    return {
        "apiVersion": REPLICA_SETS.api_version,
        "kind": REPLICA_SETS.kind,
        "metadata": {
            "name": identity.name_of(rollout, pod_hash),
            "namespace": namespace,
            "labels": dict(metadata["labels"]),
            "annotations": {**_inherited(rollout), **_own_annotations(world), **record(extra)},
            "ownerReferences": [owner_reference(rollout)],
        },
        "spec": {
            "replicas": 0,
            "minReadySeconds": rollout.spec.min_ready_seconds,
            "selector": _selector(rollout, pod_hash),
            "template": template,
        },
    }


def owner_reference(rollout: Rollout) -> Object:
    return {
        "apiVersion": ROLLOUTS.api_version,
        "kind": ROLLOUTS.kind,
        "name": rollout.metadata.name,
        "uid": rollout.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def bring_up_to_date(world: World) -> list[Intent]:
    """Revision, minReadySeconds and anti-affinity of the ReplicaSet in use, and the Rollout's own annotations."""
    new, stable = world.new, world.status.stable_rs
    against = anti_affinity.refresh(new, world.anti_affinity, stable) if new else ()
    return [*_patch_new(world), *against, *announce(world)]


def announce(world: World) -> list[Intent]:
    """The Rollout says its revision, the generation of its workload, and who is told of traffic, in annotations."""
    said, revision = world.rollout.metadata.annotations, str(world.revision)
    wanted = {keys.REVISION: revision}
    if world.workload:
        wanted[keys.WORKLOAD_GENERATION] = workload.generation(world)
    if world.route:
        wanted[keys.ROUTED_BY] = world.route
    changed = {key: value for key, value in wanted.items() if said.get(key) != value}
    if not changed:
        return []
    told = [normal("RolloutUpdated", f"Rollout updated to revision {revision}")] if keys.REVISION in changed else []
    return [PatchRollout({"metadata": {"annotations": changed}}), *told]


def _patch_new(world: World) -> list[Intent]:
    new = world.new
    if new is None:
        return []
    patch: dict[str, Any] = {}
    annotations: dict[str, str | None] = {**_changed(world.rollout, new), **_marked(new, world)}
    if new.revision < world.revision:
        annotations |= _renumbered(new.metadata.annotations, world.revision)
    if annotations:
        patch["metadata"] = {"annotations": annotations}
    if new.spec.min_ready_seconds != world.rollout.spec.min_ready_seconds:
        patch["spec"] = {"minReadySeconds": world.rollout.spec.min_ready_seconds}
    return [PatchReplicaSet(new.name, patch, new.metadata.resource_version)] if patch else []


def _marked(new: ReplicaSet, world: World) -> dict[str, str | None]:
    """A version that was given up says so, for as long as it is not delivered after all."""
    marked = keys.ABORTED_AT in new.metadata.annotations
    if world.promoted:
        return {keys.ABORTED_AT: None} if marked else {}
    aborted = world.status.aborted_at
    return {keys.ABORTED_AT: aborted} if aborted and not marked else {}


def _renumbered(annotations: dict[str, str], revision: int) -> dict[str, str]:
    past = [annotations.get(keys.REVISION_HISTORY), annotations.get(keys.REVISION)]
    history = ",".join(filter(None, past))
    return {keys.REVISION: str(revision)} | ({keys.REVISION_HISTORY: history} if history else {})


def _inherited(rollout: Rollout) -> dict[str, str]:
    return {
        key: value
        for key, value in rollout.metadata.annotations.items()
        if key not in keys.NOT_COPIED and not key.startswith(keys.NOTIFIED_PREFIX)
    }


def _changed(rollout: Rollout, new: ReplicaSet) -> dict[str, str]:
    """What its annotations should say by now; one that the Rollout lost stays, somebody else may have set it."""
    known = new.metadata.annotations
    return {key: value for key, value in _inherited(rollout).items() if known.get(key) != value}


def _own_annotations(world: World) -> dict[str, str]:
    return {keys.REVISION: str(world.revision), keys.DESIRED_REPLICAS: str(world.replicas)}


def _selector(rollout: Rollout, pod_hash: str) -> Object:
    chosen = rollout.spec.selector
    labels = dict(chosen.match_labels) if chosen else {}
    selector: Object = {"matchLabels": {**labels, keys.HASH: pod_hash}}
    if chosen and chosen.match_expressions:
        selector["matchExpressions"] = list(chosen.match_expressions)
    return selector
