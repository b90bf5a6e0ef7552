"""DaemonSets: one pod on every node; an update replaces pods at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.sandbox.controllers.deployments import template_hash
from reconciler.sandbox.controllers.owned import controller_of
from reconciler.sandbox.controllers.pods import is_active, is_ready
from reconciler.sandbox.controllers.replica_sets import pod_from
from reconciler.sandbox.controllers.stateful_sets import REVISION
from reconciler.sandbox.controllers.work import Work
from reconciler.sandbox.store import Change, key_of

Object = dict[str, Any]
Key = tuple[str, str]
STORAGE = "daemonsets.apps"


class DaemonSets:
    def __init__(self, work: Work) -> None:
        self.work = work

    def keys(self, change: Change) -> Iterator[Key]:
        if change.storage == STORAGE and change.new is not None:
            yield key_of(change.new)
        if change.storage == "nodes" and (change.new is None or change.old is None):
            yield from (key_of(one) for one in self.work.api.store.all(STORAGE))
        owner = controller_of(change.shown) if change.storage == "pods" else None
        if owner and owner["kind"] == "DaemonSet":
            yield change.shown["metadata"]["namespace"], owner["name"]

    def reconcile(self, key: Key) -> None:
        found = self.work.get(STORAGE, key)
        if found is None:
            return
        revision = template_hash(found["spec"]["template"])
        if "deletionTimestamp" not in found["metadata"]:
            self.place(found, revision)
        self.count(found, revision)

    def pods(self, found: Object) -> list[Object]:
        return [pod for pod in self.work.dependents.controlled(found, "pods") if is_active(pod)]

    def nodes(self) -> list[str]:
        return [node["metadata"]["name"] for node in self.work.api.store.all("nodes")]

    def place(self, found: Object, revision: str) -> None:
        pods = self.pods(found)
        for pod in pods:
            if pod["metadata"]["labels"].get(REVISION) != revision or pod["spec"].get("nodeName") not in self.nodes():
                self.work.delete("pods", pod)
        taken = {pod["spec"].get("nodeName") for pod in self.pods(found)}
        for node in self.nodes():
            if node not in taken:
                body = pod_from(found, found["spec"]["template"], generateName=f"{found['metadata']['name']}-")
                body["metadata"]["labels"] = body["metadata"].get("labels", {}) | {REVISION: revision}
                body["spec"] = body["spec"] | {"nodeName": node}
                self.work.create("pods", found["metadata"]["namespace"], body)

    def count(self, found: Object, revision: str) -> None:
        pods, nodes = self.pods(found), len(self.nodes())
        ready = sum(is_ready(pod) for pod in pods)
        status = {
            "currentNumberScheduled": len(pods),
            "desiredNumberScheduled": nodes,
            "numberMisscheduled": 0,
            "numberReady": ready,
            "numberAvailable": ready or None,
            "numberUnavailable": (nodes - ready) or None,
            "updatedNumberScheduled": sum(pod["metadata"]["labels"].get(REVISION) == revision for pod in pods) or None,
            "observedGeneration": found["metadata"]["generation"],
        }
        self.work.set_status(STORAGE, found, status)
