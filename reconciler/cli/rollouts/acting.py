"""Sending an action's patches to the cluster, as every client of the family does (spec rollouts §4.10)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reconciler.errors import Conflict, NotFound, Problem, Transient, UserError
from reconciler.kube.api import Cluster, Object, Resource
from reconciler.kube.objects import ROLLOUTS
from reconciler.rollouts.verbs import Action, Patch

FIELD_MANAGER = "reconciler-cli"
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Target:
    """The object to patch: a Rollout, or the workload that holds its template."""

    resource: Resource
    namespace: str
    name: str


def act(cluster: Cluster, namespace: str, name: str, decide: Callable[[], Action]) -> Action:
    """Reads, decides and patches a Rollout. When it changed in between: again, if that would ask for the same.

    Raises `UserError` when it would ask for something else: the step that a person wanted to skip is over by then.
    """
    action = decide()
    wanted = _asks(action)
    for _ in range(_ATTEMPTS):
        try:
            send(cluster, Target(ROLLOUTS, namespace, name), action)
        except Conflict:
            action = decide()
            if _asks(action) != wanted:
                fix = f"see where it is now with `reconciler rollouts get {name}`"
                raise UserError(Problem(f"Rollout {namespace}/{name} moved on meanwhile", fix)) from None
        else:
            return action
    raise Transient(f"Rollout {namespace}/{name} changes too fast to be patched")


def _asks(action: Action) -> list[Any]:
    return [patch.body for patch in action.patches if patch.part == "status"]


def send(cluster: Cluster, target: Target, action: Action) -> None:
    """All patches in order. A version that an earlier patch of ours made is as good as the one that was read."""
    known = ""
    for patch in action.patches:
        version = known if known and patch.at_version else patch.at_version
        known = str(_send(cluster, target, patch, version).get("metadata", {}).get("resourceVersion", ""))


def _send(cluster: Cluster, target: Target, patch: Patch, version: str) -> Object:
    body: Any = patch.body
    if version and isinstance(body, dict):
        body = {**body, "metadata": {"resourceVersion": version}}
    if patch.part == "status":
        try:
            return _patch(cluster, target, body, patch, "status")
        except NotFound:  # a definition without the status subresource keeps it in the object
            pass
    return _patch(cluster, target, body, patch, None)


def _patch(cluster: Cluster, target: Target, body: Any, patch: Patch, subresource: str | None) -> Object:
    where = (target.resource, target.namespace, target.name)
    return cluster.patch(*where, body, kind=patch.kind, subresource=subresource, field_manager=FIELD_MANAGER)


def template_holder(cluster: Cluster, rollout: Object) -> tuple[Target, Object]:
    """Where the pod template stands: the Rollout, or what its `workloadRef` names. Raises `UserError`."""
    meta = rollout["metadata"]
    reference = (rollout.get("spec") or {}).get("workloadRef")
    if not reference:
        return Target(ROLLOUTS, meta["namespace"], meta["name"]), rollout
    kind, name = str(reference.get("kind", "")), str(reference.get("name", ""))
    try:
        resource = cluster.find(str(reference.get("apiVersion", "apps/v1")), kind)
        return Target(resource, meta["namespace"], name), cluster.get(resource, meta["namespace"], name)
    except NotFound:
        fix = "mend spec.workloadRef"
        raise UserError(
            Problem(f"{meta['name']} takes its template from {kind} {name}, which is missing", fix)
        ) from None
