"""ReplicaSets: as many pods as wanted, counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.sandbox.controllers.owned import controlled_by, controller_of
from reconciler.sandbox.controllers.pods import is_active, is_ready, ready_since
from reconciler.sandbox.controllers.work import Work
from reconciler.sandbox.selectors import object_selector_matches
from reconciler.sandbox.store import Change, key_of

Object = dict[str, Any]
Key = tuple[str, str]
STORAGE = "replicasets.apps"


def pod_from(owner: Object, template: Object, **metadata: Any) -> Object:
    """A pod of a template, owned by its controller."""
    given = template.get("metadata", {})
    kept = {name: given[name] for name in ("labels", "annotations", "finalizers") if name in given}
    return {"metadata": {**kept, "ownerReferences": controlled_by(owner), **metadata}, "spec": template["spec"]}


def available_in(work: Work, pod: Object, min_ready_seconds: int) -> float | None:
    """Seconds until a ready pod counts as available (0: it does); None for a pod that is not ready."""
    if not is_ready(pod):
        return None
    return max(0.0, min_ready_seconds - work.age(ready_since(pod))) if min_ready_seconds else 0.0


class ReplicaSets:
    def __init__(self, work: Work) -> None:
        self.work = work
        self.strays: set[Key] = set()

    def keys(self, change: Change) -> Iterator[Key]:
        if change.storage == STORAGE and change.new is not None:
            yield key_of(change.new)
        if change.storage == "pods":
            self.note_stray(change)
            yield from self.owners(change.shown)

    def note_stray(self, change: Change) -> None:
        """Remember the pods that nobody controls, so that adoption need not look at all of them."""
        key = key_of(change.shown)
        self.strays.discard(key)
        if change.new is not None and controller_of(change.new) is None:
            self.strays.add(key)

    def owners(self, pod: Object) -> Iterator[Key]:
        owner = controller_of(pod)
        namespace = pod["metadata"]["namespace"]
        if owner and owner["kind"] == "ReplicaSet":
            yield namespace, owner["name"]
        elif not owner:
            for one in self.work.api.store.all(STORAGE, namespace):
                if object_selector_matches(one["spec"]["selector"], pod["metadata"].get("labels", {})):
                    yield key_of(one)

    def reconcile(self, key: Key) -> float | None:
        replica_set = self.work.get(STORAGE, key)
        if replica_set is None:
            return None
        if "deletionTimestamp" not in replica_set["metadata"]:
            self.adopt(replica_set)
            self.resize(replica_set)
        return self.count(replica_set)

    def pods(self, replica_set: Object) -> list[Object]:
        return [pod for pod in self.work.dependents.controlled(replica_set, "pods") if is_active(pod)]

    def adopt(self, replica_set: Object) -> None:
        """Matching pods without a controller become its own."""
        for key in [key for key in self.strays if key[0] == replica_set["metadata"]["namespace"]]:
            pod = self.work.get("pods", key)
            labels = pod["metadata"].get("labels", {}) if pod else {}
            if pod and is_active(pod) and object_selector_matches(replica_set["spec"]["selector"], labels):
                owners = pod["metadata"].get("ownerReferences", []) + controlled_by(replica_set)
                self.work.write("pods", pod | {"metadata": pod["metadata"] | {"ownerReferences": owners}})

    def resize(self, replica_set: Object) -> None:
        pods, wanted = self.pods(replica_set), replica_set["spec"]["replicas"]
        name, namespace = replica_set["metadata"]["name"], replica_set["metadata"]["namespace"]
        for _ in range(wanted - len(pods)):
            body = pod_from(replica_set, replica_set["spec"]["template"], generateName=f"{name}-")
            self.work.create("pods", namespace, body)
        for pod in sorted(pods, key=keep_last)[: max(0, len(pods) - wanted)]:
            self.work.delete("pods", pod)

    def count(self, replica_set: Object) -> float | None:
        spec = replica_set["spec"]
        pods = self.pods(replica_set)
        waits = [available_in(self.work, pod, spec.get("minReadySeconds", 0)) for pod in pods]
        labels = spec["template"].get("metadata", {}).get("labels", {})
        labelled = [pod for pod in pods if labels.items() <= pod["metadata"].get("labels", {}).items()]
        status = {
            "replicas": len(pods),
            "fullyLabeledReplicas": len(labelled) or None,
            "readyReplicas": sum(wait is not None for wait in waits) or None,
            "availableReplicas": sum(wait == 0 for wait in waits) or None,
            "observedGeneration": replica_set["metadata"]["generation"],
            "conditions": replica_set.get("status", {}).get("conditions"),
        }
        self.work.set_status(STORAGE, replica_set, status)
        return min((wait for wait in waits if wait), default=None)


def keep_last(pod: Object) -> tuple[bool, bool, str]:
    """Deleted first: pods without a node, then those not ready, then the younger ones."""
    created = pod["metadata"]["creationTimestamp"]
    inverted = "".join(chr(0x10FFFF - ord(letter)) for letter in created)
    return bool(pod["spec"].get("nodeName")), is_ready(pod), inverted
