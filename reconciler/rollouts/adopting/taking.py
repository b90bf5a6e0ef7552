"""From a Deployment to a Rollout (spec rollouts §2.2, §2.4, §2.9): what comes next, given what is there.

The order is the design; after every single act the pods run on under one controller or the other:

1. The Rollout is made. It waits for the Deployment's ReplicaSet, makes no pods, and its engine says that it does: so
   nothing is touched in a cluster where nobody drives Rollouts.
2. The Deployment is paused, and its controller has seen that: from then on it makes no ReplicaSet in place of one
   that it loses.
3. ReplicaSets change hands, each in one write: those without pods first, since a Deployment that has none with pods
   sizes its newest; then the current one.
4. The engine labels the pods, adopts their number and is Healthy.
5. Autoscalers follow. Only then does the Deployment go, or stay behind without pods to hold the template.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from reconciler.errors import Problem
from reconciler.kube.api import Object
from reconciler.kube.objects import DEPLOYMENTS, REPLICA_SETS, ROLLOUTS
from reconciler.rollouts import standstill
from reconciler.rollouts.adopting.acts import Act, Change, Create, Delete, Wait
from reconciler.rollouts.adopting.found import Found, annotation, observed, spec, status
from reconciler.rollouts.adopting.manifests import given_back, rollout_of
from reconciler.rollouts.adopting.scalers import retarget
from reconciler.workloads import keys
from reconciler.workloads.parts import Json
from reconciler.workloads.replica_set import ReplicaSet
from reconciler.workloads.template_hash import equal_templates

_SOON, _LATER = timedelta(seconds=20), timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Wish:
    """`strategy` None: as the Deployment did. `workload_ref`: it stays, to hold the template."""

    strategy: Json | None = None
    workload_ref: bool = False
    instance_id: str = ""

    def rollout(self, deployment: Object) -> Object:
        """What is wished for, as it belongs in git."""
        return rollout_of(deployment, self.strategy, workload_ref=self.workload_ref, instance_id=self.instance_id)


def begun(found: Found) -> bool:
    """Whether the Rollout is there because of an adoption that is not over."""
    waits = bool(annotation(found.rollout, keys.TAKES_OVER))
    return waits or (found.rollout is not None and annotation(found.deployment, keys.HANDED_OVER) == found.name)


def refusals(found: Found, wish: Wish) -> Iterator[Problem]:
    """Why it cannot begin."""
    deployment = found.deployment
    if deployment is None and found.rollout is not None:
        yield Problem(f"{found.name} is a Rollout already", f"reconciler rollouts get {found.name}")
        return
    if deployment is None:
        missing = f'there is no Deployment "{found.name}" in namespace "{found.namespace}"'
        yield Problem(missing, "name one with -n NAMESPACE deployment/NAME")
        return
    if found.rollout is not None:
        yield Problem(f"a Rollout {found.name} exists already", "it runs pods of its own: delete it first")
    if spec(deployment).get("paused"):
        yield Problem(f"Deployment {found.name} is paused", f"kubectl rollout resume deployment/{found.name}")
    if (spec(deployment).get("strategy") or {}).get("type") == "Recreate" and not wish.strategy:
        yield Problem("its strategy is Recreate, which Rollouts do not have", "choose one with --strategy or --steps")
    if not _settled(deployment) or current(found) is None:
        fix = f"wait for `kubectl rollout status deployment/{found.name}`"
        yield Problem(f"Deployment {found.name} is not done with its own update, or lacks pods", fix)


def current(found: Found) -> ReplicaSet | None:
    """The ReplicaSet that runs the Deployment's template, if no other has pods."""
    template = spec(found.deployment).get("template") or {}
    matching = [rs for rs in found.of_deployment if equal_templates(_own(rs), template)]
    running = [rs for rs in found.of_deployment if rs.size or rs.status.replicas]
    chosen = [rs for rs in matching if rs in running] or matching
    return chosen[0] if chosen and all(rs is chosen[0] for rs in running) else None


def next_act(found: Found, wish: Wish) -> Act | None:
    """None when it is done."""
    parts = (_prepare, _stop_the_deployment, _move, _settle, _finish)
    return next((act for part in parts if (act := part(found, wish))), None)


def _prepare(found: Found, wish: Wish) -> Act | None:
    if found.rollout is None:
        chosen = current(found)
        body = wish.rollout(found.deployment or {})
        body["metadata"].setdefault("annotations", {})[keys.TAKES_OVER] = chosen.name if chosen else ""
        body["spec"]["paused"] = True  # for engines that do not know the annotation
        return Create("a Rollout is made, which waits for the pods", ROLLOUTS, body)
    if _moved(found) or _heard(found.rollout):
        return None
    back = (Delete("the Rollout is removed again", ROLLOUTS, found.name, found.rollout["metadata"]["uid"]),)
    said = status(found.rollout).get("message", "")
    if said.startswith("InvalidSpec") and observed(found.rollout):
        return Wait("its engine refuses it", timedelta(), Problem(said, "nothing was changed"), back)
    problem = Problem("no engine answers for Rollouts here", "start `reconciler run` first; nothing was changed")
    return Wait("waiting for the engine to see it", _SOON, problem, back)


def _stop_the_deployment(found: Found, _: Wish) -> Act | None:
    deployment = found.deployment
    if deployment is None or _moved(found):
        return None
    if not spec(deployment).get("paused") or annotation(deployment, keys.HANDED_OVER) != found.name:
        mark = {**_version(deployment), "annotations": {keys.HANDED_OVER: found.name}}
        patch = {"metadata": mark, "spec": {"paused": True}}
        return Change("the Deployment is paused, so that it replaces nothing", DEPLOYMENTS, found.name, patch)
    if not observed(deployment):
        problem = Problem("the Deployment's controller does not answer", "see whether kube-controller-manager runs")
        return Wait("waiting for the Deployment's controller to see that", _SOON, problem)
    return None


def _move(found: Found, _: Wish) -> Act | None:
    """The ReplicaSet with the pods goes last."""
    if found.rollout is None or _moved(found):
        return None
    last = annotation(found.rollout, keys.TAKES_OVER)
    for rs in sorted(found.of_deployment, key=lambda rs: rs.name == last):
        if rs.name == last or not (rs.size or rs.status.replicas):
            meta = {"uid": rs.metadata.uid, "resourceVersion": rs.metadata.resource_version}
            patch = {"metadata": {**meta, "ownerReferences": [owner(found.rollout)]}}
            return Change(f"ReplicaSet {rs.name} ({rs.size} pods) changes hands", REPLICA_SETS, rs.name, patch)
    return None


def _settle(found: Found, _: Wish) -> Act | None:
    waits = annotation(found.rollout, keys.TAKES_OVER)
    if waits:
        problem = Problem(f"the engine does not take ReplicaSet {waits} over", _again(found))
        return Wait("waiting for the engine to label the pods", _LATER, problem)
    healthy = status(found.rollout).get("phase") == "Healthy" and observed(found.rollout)
    if healthy or found.deployment is None:
        return None
    problem = Problem(f"the Rollout does not get Healthy: {status(found.rollout).get('message', '')}", _again(found))
    return Wait("waiting for the Rollout to be Healthy", _LATER, problem)


def _finish(found: Found, wish: Wish) -> Act | None:
    if scalers := found.scaling(DEPLOYMENTS.kind):
        return retarget(scalers[0], ROLLOUTS, found.name)
    deployment = found.deployment
    if deployment is None:
        return None
    if not wish.workload_ref and not spec(found.rollout).get("workloadRef"):
        uid = deployment["metadata"]["uid"]
        return Delete("the Deployment, which has no pods left, is deleted", DEPLOYMENTS, found.name, uid)
    if spec(deployment).get("replicas") == 0 and not spec(deployment).get("paused"):
        return None
    patch = {"metadata": _version(deployment), "spec": {"replicas": 0, "paused": None}}
    return Change("the Deployment stays without pods, to hold the template", DEPLOYMENTS, found.name, patch)


def owner(obj: Object) -> Object:
    """The reference by which an object controls another."""
    meta = obj["metadata"]
    named = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "name": meta["name"], "uid": meta["uid"]}
    return {**named, "controller": True, "blockOwnerDeletion": True}


def _moved(found: Found) -> bool:
    """Whether the ReplicaSet with the pods is the Rollout's."""
    last = annotation(found.rollout, keys.TAKES_OVER)
    return found.rollout is not None and (not last or any(rs.name == last for rs in found.of_rollout))


def _heard(rollout: Object) -> bool:
    return observed(rollout) and str(status(rollout).get("message", "")).startswith(standstill.WAITS)


def _settled(deployment: Object) -> bool:
    wanted, told = spec(deployment).get("replicas", 1), status(deployment)
    counts = (told.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas"))
    return observed(deployment) and all(count == wanted for count in counts)


def _own(rs: ReplicaSet) -> Json:
    """Its template as the Deployment compares it: only its own hash label does not count."""
    template: Json = given_back(rs)
    return template


def _version(obj: Object) -> Object:
    return {key: obj["metadata"][key] for key in ("uid", "resourceVersion")}


def _again(found: Found) -> str:
    return f"run `reconciler adopt deployment/{found.name}` again to go on, or take it back with --revert"
