"""From a Rollout back to a Deployment: what comes next, given what is there.

1. The Rollout is told to stand still, and its engine says that it does.
2. Its Services select by the application's labels alone again: the Deployment's next version will not have ours.
3. A Deployment is there, paused, with exactly the template and size of the stable ReplicaSet and none of its own: so
   its controller takes that ReplicaSet for its newest and has nothing to do. Our hash label goes with the same write,
   where the selector of the ReplicaSet does not need it.
4. The stable ReplicaSet changes hands first, since a Deployment that has none with pods sizes its newest; the history
   follows.
5. The Deployment goes on, and is complete at once. Autoscalers follow, the Rollout goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from reconciler.errors import Problem
from reconciler.kube.api import Object
from reconciler.kube.objects import DEPLOYMENTS, REPLICA_SETS, ROLLOUTS, SERVICES
from reconciler.rollouts import standstill
from reconciler.rollouts.adopting import manifests
from reconciler.rollouts.adopting.acts import Act, Change, Create, Delete, Wait
from reconciler.rollouts.adopting.found import Found, annotation, observed, spec, status
from reconciler.rollouts.adopting.scalers import retarget
from reconciler.rollouts.adopting.taking import owner
from reconciler.workloads import keys
from reconciler.workloads.replica_set import ReplicaSet

_SOON, _LATER = timedelta(seconds=20), timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Wish:
    """`without_engine`: nobody drives Rollouts any more, so nobody is waited for."""

    without_engine: bool = False


def begun(found: Found) -> bool:
    return _marked(found) or bool(annotation(found.rollout, keys.HANDS_OVER))


def refusals(found: Found) -> Iterator[Problem]:
    """Why it cannot begin."""
    rollout = found.rollout
    if rollout is None:
        missing = f'there is no Rollout "{found.name}" in namespace "{found.namespace}"'
        yield Problem(missing, "name one with -n NAMESPACE --revert rollout/NAME")
        return
    reference = spec(rollout).get("workloadRef") or {}
    held = (reference.get("kind"), reference.get("name")) == (DEPLOYMENTS.kind, found.name)
    marked = annotation(found.deployment, keys.HANDED_OVER) == found.name
    if found.deployment is not None and not (held or marked):
        yield Problem(f"a Deployment {found.name} exists already", "it runs pods of its own: delete it first")
    if any(rs.size for rs in found.of_deployment):
        yield Problem(
            f"Deployment {found.name} has pods of its own", f"kubectl scale deployment/{found.name} --replicas 0"
        )
    if reference and found.deployment is None:
        yield Problem(f"its template is in {reference.get('kind')} {reference.get('name')}", f"name that {found.name}")
    if stable(found) is None:
        fix = f"promote or abort and undo first, and see `reconciler rollouts status {found.name}`"
        yield Problem(f"Rollout {found.name} is in the middle of an update", fix)


def stable(found: Found) -> ReplicaSet | None:
    """The ReplicaSet to give back: of the newest version, if that is the stable one and no other has pods."""
    told = status(found.rollout)
    wanted = told.get("stableRS") or _waited_for(found)
    chosen = next((rs for rs in found.of_rollout if wanted and wanted in (rs.hash, rs.name)), None)
    running = [rs for rs in found.of_rollout if rs.size or rs.status.replicas]
    settled = told.get("currentPodHash", "") == told.get("stableRS", "")
    return chosen if settled and all(rs is chosen for rs in running) else None


def _waited_for(found: Found) -> str:
    """An adoption that is taken back before the engine took part."""
    return annotation(found.rollout, keys.TAKES_OVER)


def next_act(found: Found, wish: Wish) -> Act | None:
    """None when it is done."""
    if found.rollout is not None and found.of_rollout:
        if act := _stand_still(found, found.rollout, wish) or _release(found):
            return act
        return _make_ready(found) or _move(found)
    return _go_on(found) or _clean_up(found)


def _stand_still(found: Found, rollout: Object, wish: Wish) -> Act | None:
    if not annotation(rollout, keys.HANDS_OVER):
        mark = {**_version(rollout), "annotations": {keys.HANDS_OVER: found.name}}
        patch = {"metadata": mark, "spec": {"paused": True}}  # for engines that do not know the annotation
        return Change("the Rollout is told to stand still", ROLLOUTS, found.name, patch)
    said = str(status(rollout).get("message", ""))
    heard = said.startswith(standstill.GIVES) and observed(rollout)
    if heard or wish.without_engine or _marked(found):
        return None
    mark = {"metadata": {"annotations": {keys.HANDS_OVER: None}}, "spec": {"paused": None}}
    back = (Change("the Rollout may go on", ROLLOUTS, found.name, mark),)
    problem = Problem("no engine answers for Rollouts here", "if none runs any more, add --without-engine")
    return Wait("waiting for the engine to see that", _SOON, problem, back)


def _release(found: Found) -> Act | None:
    for service in found.services:
        meta = service["metadata"]
        mark = {**_version(service), "annotations": {keys.MANAGED_BY: None}}
        patch = {"metadata": mark, "spec": {"selector": {keys.HASH: None}}}
        return Change(
            f"Service {meta['name']} selects by labels of the application alone", SERVICES, meta["name"], patch
        )
    return None


def _make_ready(found: Found) -> Act | None:
    """The Deployment, as long as the stable ReplicaSet is the Rollout's."""
    deployment, chosen = found.deployment, stable(found)
    if chosen is None or found.rollout is None:
        return None
    wanted = manifests.deployment_of(found.rollout, chosen)
    if deployment is None:
        wanted["metadata"].setdefault("annotations", {})[keys.GIVEN_BACK] = found.name
        wanted["spec"]["paused"] = True
        return Create("a Deployment is made, paused", DEPLOYMENTS, wanted)
    if not spec(deployment).get("paused") or not _marked(found):
        marks = {keys.GIVEN_BACK: found.name, keys.HANDED_OVER: None}
        patch = {"metadata": {**_version(deployment), "annotations": marks}, "spec": {"paused": True}}
        return Change("the Deployment is paused", DEPLOYMENTS, found.name, patch)
    if not observed(deployment):
        problem = Problem("the Deployment's controller does not answer", "see whether kube-controller-manager runs")
        return Wait("waiting for the Deployment's controller to see that", _SOON, problem)
    return _like(found, wanted["spec"])


def _like(found: Found, wanted: Any) -> Act | None:
    """Its own empty ReplicaSets go, as it would size them; then it gets the size and the template."""
    deployment = found.deployment or {}
    for rs in found.of_deployment:
        text = f"the Deployment's empty ReplicaSet {rs.name} is deleted"
        return Delete(text, REPLICA_SETS, rs.name, rs.metadata.uid)
    has = spec(deployment)
    if has.get("replicas") == wanted["replicas"] and manifests.same(has.get("template") or {}, wanted["template"]):
        return None
    changes = [{"op": "test", "path": "/metadata/uid", "value": deployment["metadata"]["uid"]}]
    changes += [{"op": "add", "path": f"/spec/{key}", "value": wanted[key]} for key in ("replicas", "template")]
    text = "the Deployment gets the template and the size of the Rollout's pods"
    return Change(text, DEPLOYMENTS, found.name, changes, kind="json")


def _move(found: Found) -> Act | None:
    first = stable(found)
    for rs in sorted(found.of_rollout, key=lambda rs: rs is not first):
        meta = {"uid": rs.metadata.uid, "resourceVersion": rs.metadata.resource_version}
        patch: dict[str, Any] = {"metadata": {**meta, "ownerReferences": [owner(found.deployment or {})]}}
        if not manifests.keeps_label(rs):
            patch["metadata"]["labels"] = {keys.HASH: None}
            patch["spec"] = {"template": {"metadata": {"labels": {keys.HASH: None}}}}
        return Change(f"ReplicaSet {rs.name} ({rs.size} pods) changes hands", REPLICA_SETS, rs.name, patch)
    return None


def _go_on(found: Found) -> Act | None:
    deployment = found.deployment
    if deployment is None or not _marked(found):
        return None
    template = spec(deployment).get("template") or {}
    if spec(deployment).get("paused"):
        if not any(manifests.same(manifests.given_back(rs), template) for rs in found.of_deployment):
            problem = Problem("the Deployment's template is not that of its pods", "somebody changed it: put it back")
            return Wait("comparing templates", timedelta(), problem)
        patch = {"metadata": _version(deployment), "spec": {"paused": None}}
        return Change("the Deployment goes on", DEPLOYMENTS, found.name, patch)
    told, wanted = status(deployment), spec(deployment).get("replicas", 1)
    if observed(deployment) and told.get("updatedReplicas", 0) == told.get("availableReplicas", 0) == wanted:
        return None
    problem = Problem("the Deployment does not get complete", f"kubectl rollout status deployment/{found.name}")
    return Wait("waiting for the Deployment to be complete", _LATER, problem)


def _clean_up(found: Found) -> Act | None:
    if not _marked(found):
        return None
    if scalers := found.scaling(ROLLOUTS.kind):
        return retarget(scalers[0], DEPLOYMENTS, found.name)
    if found.rollout is not None:
        uid = found.rollout["metadata"]["uid"]
        return Delete("the Rollout, which has no pods left, is deleted", ROLLOUTS, found.name, uid)
    if act := _release(found):
        return act
    patch = {"metadata": {"annotations": {keys.GIVEN_BACK: None, keys.HANDED_OVER: None}}}
    return Change("the mark of the change is taken off", DEPLOYMENTS, found.name, patch)


def _marked(found: Found) -> bool:
    return annotation(found.deployment, keys.GIVEN_BACK) == found.name


def _version(obj: Object) -> Object:
    return {key: obj["metadata"][key] for key in ("uid", "resourceVersion")}
