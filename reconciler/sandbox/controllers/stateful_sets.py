"""StatefulSets: numbered pods, one after the other; an update replaces them from the last to the first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.sandbox.controllers.deployments import template_hash
from reconciler.sandbox.controllers.owned import controller_of
from reconciler.sandbox.controllers.pods import is_active, is_ready
from reconciler.sandbox.controllers.replica_sets import pod_from
from reconciler.sandbox.controllers.work import Work
from reconciler.sandbox.store import Change, key_of

Object = dict[str, Any]
Key = tuple[str, str]
STORAGE = "statefulsets.apps"
REVISION = "controller-revision-hash"


class StatefulSets:
    def __init__(self, work: Work) -> None:
        self.work = work

    def keys(self, change: Change) -> Iterator[Key]:
        if change.storage == STORAGE and change.new is not None:
            yield key_of(change.new)
        owner = controller_of(change.shown) if change.storage == "pods" else None
        if owner and owner["kind"] == "StatefulSet":
            yield change.shown["metadata"]["namespace"], owner["name"]

    def reconcile(self, key: Key) -> None:
        found = self.work.get(STORAGE, key)
        if found is None:
            return
        pods = {pod["metadata"]["name"]: pod for pod in self.work.dependents.controlled(found, "pods")}
        revision = f"{key[1]}-{template_hash(found['spec']['template'])}"
        if "deletionTimestamp" not in found["metadata"]:
            self.step(found, pods, revision)
        pods = {pod["metadata"]["name"]: pod for pod in self.work.dependents.controlled(found, "pods")}
        self.count(found, list(pods.values()), revision)

    def step(self, found: Object, pods: dict[str, Object], revision: str) -> None:
        """One move: the first missing pod, else the last surplus one, else the last outdated one."""
        name, replicas = found["metadata"]["name"], found["spec"]["replicas"]
        wanted = [f"{name}-{number}" for number in range(replicas)]
        surplus = [pod for pod in pods.values() if pod["metadata"]["name"] not in wanted]
        if any(not is_ready(pods[one]) for one in wanted if one in pods):
            return
        missing = [one for one in wanted if one not in pods]
        if missing:
            self.create(found, missing[0], revision)
        elif surplus:
            self.work.delete("pods", max(surplus, key=lambda pod: int(pod["metadata"]["name"].rpartition("-")[2])))
        elif outdated := [one for one in wanted if pods[one]["metadata"]["labels"].get(REVISION) != revision]:
            self.work.delete("pods", pods[outdated[-1]])

    def create(self, found: Object, name: str, revision: str) -> None:
        body = pod_from(found, found["spec"]["template"], name=name)
        numbers = {
            REVISION: revision,
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": name.rpartition("-")[2],
        }
        body["metadata"]["labels"] = body["metadata"].get("labels", {}) | numbers
        self.work.create("pods", found["metadata"]["namespace"], body)

    def count(self, found: Object, pods: list[Object], revision: str) -> None:
        active = [pod for pod in pods if is_active(pod)]
        ready = sum(is_ready(pod) for pod in active)
        updated = sum(pod["metadata"]["labels"].get(REVISION) == revision for pod in active)
        old = found.get("status", {}).get("currentRevision")
        done = updated == found["spec"]["replicas"] == len(active) == ready
        status = {
            "replicas": len(active),
            "readyReplicas": ready or None,
            "availableReplicas": ready,
            "currentReplicas": (updated if done or not old or old == revision else len(active) - updated) or None,
            "updatedReplicas": updated or None,
            "currentRevision": revision if done or not old else old,
            "updateRevision": revision,
            "observedGeneration": found["metadata"]["generation"],
            "collisionCount": 0,
        }
        self.work.set_status(STORAGE, found, status)
