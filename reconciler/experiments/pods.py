"""The ReplicaSets of an Experiment: made for its templates, taken away when it ends (spec rollouts §9)."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import datetime, timedelta

from reconciler.experiments.intents import CreateReplicaSet, Intent, PatchReplicaSet, RecordEvent
from reconciler.experiments.model import Template
from reconciler.experiments.snapshot import World, owner_reference, replica_set_name
from reconciler.kube.api import Object
from reconciler.kube.objects import REPLICA_SETS
from reconciler.workloads import keys
from reconciler.workloads.parts import Json
from reconciler.workloads.replica_set import ReplicaSet
from reconciler.workloads.template_hash import pod_template_hash
from reconciler.workloads.times import stamp_not_before


def reconcile(world: World, now: datetime) -> list[Intent]:
    """The sizes that are due: all pods of every template while it lasts, none some time after its end."""
    if world.ending:
        return [intent for template, rs in world.replica_sets.items() for intent in _leave(world, template, rs, now)]
    return [intent for template in world.spec.templates for intent in _stay(world, template)]


def next_departure(world: World) -> datetime | None:
    """When the first ReplicaSet's delay is over."""
    waiting = (rs.deadline for rs in world.replica_sets.values() if rs.size > 0 and world.ending)
    return min((deadline for deadline in waiting if deadline), default=None)


def _stay(world: World, template: Template) -> Iterator[Intent]:
    rs = world.replica_sets.get(template.name)
    if rs is None:
        yield from _create(world, template)
        return
    change: Json = {}
    if rs.metadata.annotations.get(keys.DEADLINE) is not None:
        change["metadata"] = {"annotations": {keys.DEADLINE: None}}
    if rs.size != template.size:
        change["spec"] = {"replicas": template.size}
    if change:
        yield PatchReplicaSet(template.name, rs.name, change, rs.metadata.resource_version)
    if "spec" in change:
        yield _scaled(rs, template.size)


def _leave(world: World, template: str, rs: ReplicaSet, now: datetime) -> Iterator[Intent]:
    """Pods stay for the delay, so that what still reaches them finds them; the deadline may be edited."""
    if rs.size == 0:
        return
    deadline, delay = rs.deadline, timedelta(seconds=world.spec.delay_seconds)
    if deadline is None and delay:
        text = stamp_not_before(now + delay)
        yield PatchReplicaSet(
            template, rs.name, {"metadata": {"annotations": {keys.DEADLINE: text}}}, rs.metadata.resource_version
        )
    elif deadline is None or deadline <= now:
        change = {"metadata": {"annotations": {keys.DEADLINE: None}}, "spec": {"replicas": 0}}
        yield PatchReplicaSet(template, rs.name, change, rs.metadata.resource_version)
        yield _scaled(rs, 0)


def _create(world: World, template: Template) -> Iterator[Intent]:
    """With its pods at once: nothing has to be told before they come."""
    collisions = world.status.template(template.name).collision_count
    if ("ReplicaSet", replica_set_name(world.experiment, template, collisions)) in world.strangers:
        return
    body = _body(world, template, collisions)
    name, size = body["metadata"]["name"], template.size
    yield CreateReplicaSet(template.name, body)
    if size:
        yield RecordEvent("Normal", "ScalingReplicaSet", f"Scaled up ReplicaSet {name} from 0 to {size}")


def _body(world: World, template: Template, collisions: int | None) -> Object:
    meta = world.experiment.metadata
    pod = copy.deepcopy(template.template or {})
    metadata = pod.get("metadata") or {}
    pod_hash = _distinct_hash(world, template, collisions)
    metadata["labels"] = {**(metadata.get("labels") or {}), keys.HASH: pod_hash}
    pod["metadata"] = metadata
    return {
        "apiVersion": REPLICA_SETS.api_version,
        "kind": REPLICA_SETS.kind,
        "metadata": {
            "name": replica_set_name(world.experiment, template, collisions),
            "namespace": meta.namespace,
            "labels": dict(metadata["labels"]),
            "annotations": {keys.EXPERIMENT: meta.name, keys.EXPERIMENT_TEMPLATE: template.name},
            "ownerReferences": [owner_reference(world.experiment)],
        },
        "spec": {
            "replicas": template.size,
            "minReadySeconds": template.min_ready_seconds,
            "selector": _selector(template, pod_hash),
            "template": pod,
        },
    }


def _selector(template: Template, pod_hash: str) -> Object:
    labels = template.selector.match_labels if template.selector else {}
    selector: Object = {"matchLabels": {**labels, keys.HASH: pod_hash}}
    if template.selector and template.selector.match_expressions:
        selector["matchExpressions"] = list(template.selector.match_expressions)
    return selector


def _distinct_hash(world: World, template: Template, collisions: int | None) -> str:
    """The hash of the template, made different from that of every other template here and of the version it came from.

    Equal ones would let Services and queries of the one find the pods of the other.
    """
    taken = {_incoming(each) for each in world.spec.templates}
    for each in world.spec.templates:
        count = collisions if each.name == template.name else world.status.template(each.name).collision_count
        found = pod_template_hash(_plain(each), count)
        while found in taken:
            count = (count or 0) + 1
            found = pod_template_hash(_plain(each), count)
        if each.name == template.name:
            return found
        taken.add(found)
    raise AssertionError(f"{template.name} is not a template of this Experiment")


def _incoming(template: Template) -> str:
    """The hash that the template's labels have already: it was taken from a ReplicaSet."""
    labels = ((template.template or {}).get("metadata") or {}).get("labels") or {}
    return str(labels.get(keys.HASH, ""))


def _plain(template: Template) -> Json:
    pod = copy.deepcopy(template.template or {})
    labels = (pod.get("metadata") or {}).get("labels") or {}
    labels.pop(keys.HASH, None)
    return pod


def _scaled(rs: ReplicaSet, size: int) -> RecordEvent:
    way = "up" if size > rs.size else "down"
    return RecordEvent("Normal", "ScalingReplicaSet", f"Scaled {way} ReplicaSet {rs.name} from {rs.size} to {size}")
