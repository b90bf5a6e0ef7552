"""All acts of an adoption before the first is done: what decides is asked about what each act would leave.

What the others would answer (the engine, the Deployment's controller) is taken for granted when it is waited for. Pure.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import orjson

from reconciler.kube.api import Object
from reconciler.kube.merge_patch import merged
from reconciler.kube.objects import DEPLOYMENTS, REPLICA_SETS, ROLLOUTS, SCALERS, SERVICES
from reconciler.rollouts import standstill
from reconciler.rollouts.adopting.acts import Act, Change, Create, Delete, Wait, Write
from reconciler.rollouts.adopting.found import Found, annotation, spec
from reconciler.workloads import keys
from reconciler.workloads.replica_set import ReplicaSet, decode_replica_set

_MOST_ACTS = 500
_KINDS = {DEPLOYMENTS: "deployment", ROLLOUTS: "rollout"}
_LISTS = {SCALERS: "scalers", SERVICES: "services"}


def rehearse(found: Found, next_act: Callable[[Found], Act | None]) -> tuple[Act, ...]:
    """In order. A `Wait` that comes last is one that nobody's answer would end."""
    acts: list[Act] = []
    while (act := next_act(found)) and len(acts) < _MOST_ACTS:
        if acts and act == acts[-1]:
            break
        acts.append(act)
        found = _answered(found) if isinstance(act, Wait) else _after(found, act)
    return tuple(acts)


def sentence(act: Act) -> str:
    """`create Rollout shop: a Rollout is made, which waits for the pods`."""
    match act:
        case Wait():
            return f"{act.told}, at most {act.limit.total_seconds():.0f}s" if act.limit else act.told
        case Create():
            return f"create {act.resource.kind} {act.body['metadata']['name']}: {act.told}"
        case Change():
            return f"change {act.resource.kind} {act.name}: {act.told}"
        case Delete():
            return f"delete {act.resource.kind} {act.name}: {act.told}"


def _after(found: Found, act: Write) -> Found:
    """What would be found once it is written."""
    match act:
        case Create():
            body = copy.deepcopy(act.body)
            body["metadata"] |= {"uid": f"rehearsed-{act.resource.kind}", "resourceVersion": "1", "generation": 1}
            return _with(found, **{_KINDS[act.resource]: body})
        case Delete() if act.resource == REPLICA_SETS:
            return _with(found, of_deployment=tuple(rs for rs in found.of_deployment if rs.name != act.name))
        case Delete():
            return _with(found, **{_KINDS[act.resource]: None})
        case Change() if act.resource == REPLICA_SETS:
            return _handed_over(found, act)
        case Change() if act.resource in _LISTS:
            return _beside(found, act)
        case Change():
            changed = _patched(getattr(found, _KINDS[act.resource]), act)
            return _with(found, **{_KINDS[act.resource]: changed})


def _with(found: Found, **fields: Any) -> Found:
    return replace(found, **fields)


def _beside(found: Found, act: Change) -> Found:
    """A Service without the Rollout's mark is none of its own any more."""
    listed = getattr(found, _LISTS[act.resource])
    changed = tuple(_patched(each, act) if each["metadata"]["name"] == act.name else each for each in listed)
    if act.resource == SERVICES:
        changed = tuple(each for each in changed if annotation(each, keys.MANAGED_BY))
    return _with(found, **{_LISTS[act.resource]: changed})


def _handed_over(found: Found, act: Change) -> Found:
    everyone = (*found.of_deployment, *found.of_rollout)
    moved = next(_changed(rs, act) for rs in everyone if rs.name == act.name)
    owner = act.patch["metadata"]["ownerReferences"][0]["kind"]
    stays = {
        side: tuple(rs for rs in getattr(found, side) if rs.name != act.name)
        for side in ("of_deployment", "of_rollout")
    }
    stays["of_rollout" if owner == ROLLOUTS.kind else "of_deployment"] += (moved,)
    return _with(found, **stays)


def _changed(rs: ReplicaSet, act: Change) -> ReplicaSet:
    return decode_replica_set(orjson.dumps(merged(orjson.loads(msgspec.json.encode(rs)), act.patch)))


def _patched(obj: Object, act: Change) -> Object:
    """A newer generation, which nobody has observed yet."""
    if act.kind == "json":
        fields = {each["path"].removeprefix("/spec/"): each["value"] for each in act.patch if each["op"] == "add"}
        changed: Object = {**obj, "spec": {**obj["spec"], **fields}}
    else:
        changed = merged(obj, act.patch)
    meta = changed["metadata"]
    return {**changed, "metadata": {**meta, "generation": meta.get("generation", 0) + ("spec" in act.patch)}}


def _answered(found: Found) -> Found:
    """Engine and controller have seen all, and done what is theirs to do."""
    rollout = found.rollout and _driven(found, found.rollout)
    deployment = found.deployment and {**found.deployment, "status": _complete(found.deployment)}
    return _with(found, rollout=rollout, deployment=deployment)


def _driven(found: Found, rollout: Object) -> Object:
    observed = {"observedGeneration": str(rollout["metadata"].get("generation", 0))}
    waits = annotation(rollout, keys.TAKES_OVER)
    if annotation(rollout, keys.HANDS_OVER):
        told = {"phase": "Progressing", "message": standstill.GIVES}
    elif waits and not any(rs.name == waits for rs in found.of_rollout):
        told = {"phase": "Progressing", "message": standstill.WAITS}
    else:
        rollout = merged(rollout, {"metadata": {"annotations": {keys.TAKES_OVER: None}}, "spec": {"paused": None}})
        told = {"phase": "Healthy", "message": ""}
    return {**rollout, "status": {**(rollout.get("status") or {}), **observed, **told}}


def _complete(deployment: Object) -> Object:
    size = spec(deployment).get("replicas", 1)
    counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), size)
    return {**counts, "observedGeneration": deployment["metadata"].get("generation", 0)}
