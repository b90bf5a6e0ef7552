"""ReplicaSets that a Deployment made get our hash label, in place (spec rollouts §1.8, §2.2, §2.4).

Services tell versions apart by that label, so every pod needs it. The selector of a ReplicaSet can never change; that
is no harm, as it goes on finding the same pods by `pod-template-hash`. In this order, each step visible to the next:

1. The template gets the label, so that pods which are made from now on have it.
2. Once the ReplicaSet controller has seen that, the pods that are there get it.
3. The ReplicaSet gets it last: what carries the label is complete, and only that counts as a version of the Rollout.
"""

from __future__ import annotations

from typing import Any

from reconciler.rollouts import identity
from reconciler.rollouts.intents import Intent, LabelPods, PatchReplicaSet
from reconciler.rollouts.snapshot import World
from reconciler.workloads import keys, selectors
from reconciler.workloads.replica_set import ReplicaSet
from reconciler.workloads.template_hash import hash_or_nothing


def pending(world: World) -> tuple[ReplicaSet, ...]:
    """Owned ReplicaSets that do not carry the label yet; nothing else is decided before they do."""
    return tuple(rs for rs in world.replica_sets if not rs.hash and rs.metadata.deletion_timestamp is None)


def label(world: World, unlabelled: tuple[ReplicaSet, ...]) -> tuple[Intent, ...]:
    """The next writes; empty while the ReplicaSet controller is awaited."""
    current = _current(world, unlabelled)
    return tuple(intent for rs in unlabelled for intent in _next(world, rs, current))


def _next(world: World, rs: ReplicaSet, current: ReplicaSet | None) -> tuple[Intent, ...]:
    told = _template_labels(rs).get(keys.HASH)
    if not told:
        template = {"template": {"metadata": {"labels": {keys.HASH: _hash(world, rs, current)}}}}
        return (PatchReplicaSet(rs.name, {"spec": template}, rs.metadata.resource_version),)
    if rs.status.observed_generation < rs.metadata.generation:
        return ()
    patch = {"metadata": {"labels": {keys.HASH: told}, "annotations": _revision(rs)}}
    return (
        LabelPods(selectors.text(rs.spec.selector), rs.metadata.uid, {keys.HASH: told}),
        PatchReplicaSet(rs.name, patch, rs.metadata.resource_version),
    )


def _current(world: World, unlabelled: tuple[ReplicaSet, ...]) -> ReplicaSet | None:
    """The one that is found as the wanted version by its label from now on: of several with that template the largest.

    None where another one is found already, or nothing runs that template.
    """
    wanted, wanted_hash = world.rollout.spec.template, world.template_hash
    labels = {rs.hash or _template_labels(rs).get(keys.HASH) for rs in world.replica_sets}
    if not wanted or not wanted_hash or wanted_hash in labels:
        return None
    found = (rs for rs in unlabelled if identity.stands_for(rs, wanted))
    return max(found, key=lambda rs: rs.size, default=None)


def _hash(world: World, rs: ReplicaSet, current: ReplicaSet | None) -> str:
    """That of the wanted template for one of these alone, for a label tells versions apart."""
    if rs is current:
        return world.template_hash
    own = hash_or_nothing(identity.plain_template(rs))
    free = own if own != world.template_hash else ""
    return free or rs.metadata.labels.get(keys.DEPLOYMENT_HASH) or rs.name


def _template_labels(rs: ReplicaSet) -> dict[str, Any]:
    return (rs.spec.template.get("metadata") or {}).get("labels") or {}


def _revision(rs: ReplicaSet) -> dict[str, str]:
    """The Deployment's number of the version lives on."""
    number = rs.metadata.annotations.get(keys.DEPLOYMENT_REVISION)
    return {keys.REVISION: number} if number and not rs.revision else {}
