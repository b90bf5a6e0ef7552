"""Deployments: one ReplicaSet for each version of the template, moved from old to new within the strategy's bounds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from zlib import crc32

from reconciler.sandbox.controllers.owned import controlled_by, controller_of
from reconciler.sandbox.controllers.replica_sets import STORAGE as REPLICA_SETS
from reconciler.sandbox.controllers.rolling import Size, bounds, new_size, old_sizes
from reconciler.sandbox.controllers.work import Work
from reconciler.sandbox.store import Change, key_of

Object = dict[str, Any]
Key = tuple[str, str]
STORAGE = "deployments.apps"
HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
DESIRED, MOST = "deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas"
LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def template_hash(template: Object) -> str:
    """A short name for a template; not the real server's, which depends on the memory layout of its types."""
    number = crc32(json.dumps(template, sort_keys=True).encode())
    digits = ""
    while number:
        number, digit = divmod(number, len(LETTERS))
        digits += LETTERS[digit]
    return digits.ljust(7, LETTERS[0])


def template_of(replica_set: Object) -> Object:
    """A ReplicaSet's template without the label that tells versions apart."""
    template: Object = replica_set["spec"]["template"]
    metadata = template.get("metadata", {})
    labels = {name: value for name, value in metadata.get("labels", {}).items() if name != HASH}
    return template | {"metadata": metadata | {"labels": labels}}


def size(replica_set: Object) -> Size:
    status = replica_set.get("status", {})
    return Size(replica_set["spec"]["replicas"], status.get("replicas", 0), status.get("availableReplicas", 0))


def revision(obj: Object) -> int:
    return int(obj["metadata"].get("annotations", {}).get(REVISION, 0))


class Deployments:
    def __init__(self, work: Work) -> None:
        self.work = work

    def keys(self, change: Change) -> Iterator[Key]:
        if change.storage == STORAGE and change.new is not None:
            yield key_of(change.new)
        owner = controller_of(change.shown) if change.storage == REPLICA_SETS else None
        if owner and owner["kind"] == "Deployment":
            yield change.shown["metadata"]["namespace"], owner["name"]

    def reconcile(self, key: Key) -> float | None:
        found = self.work.get(STORAGE, key)
        if found is None or "deletionTimestamp" in found["metadata"]:
            return None
        owned = sorted(self.work.dependents.controlled(found, REPLICA_SETS), key=revision)
        template = found["spec"]["template"]
        new = next((one for one in owned if template_of(one) == template_of({"spec": {"template": template}})), None)
        old = [one for one in owned if one is not new]
        if not found["spec"].get("paused"):
            new = self.current(found, new, old)
            found = self.numbered(found, new)
            self.move(found, new, old)
            self.forget(found, old)
        elif owned:
            self.resize_paused(found, owned)
        return self.report(found, new, old)

    def current(self, found: Object, new: Object | None, old: list[Object]) -> Object:
        """The ReplicaSet of the template, with the highest revision."""
        number = max((revision(one) for one in old), default=0) + 1
        if new is None:
            return self.work.create(REPLICA_SETS, found["metadata"]["namespace"], self.replica_set(found, number, old))
        if revision(new) >= number:
            return new
        annotations = new["metadata"].get("annotations", {}) | {REVISION: str(number)}
        return self.work.write(REPLICA_SETS, new | {"metadata": new["metadata"] | {"annotations": annotations}})

    def replica_set(self, found: Object, number: int, old: list[Object]) -> Object:
        spec, name = found["spec"], found["metadata"]["name"]
        label = template_hash(spec["template"])
        template = spec["template"] | {"metadata": spec["template"].get("metadata", {}) | {}}
        labels = template["metadata"].get("labels", {}) | {HASH: label}
        template["metadata"]["labels"] = labels
        selector = spec["selector"] | {"matchLabels": spec["selector"].get("matchLabels", {}) | {HASH: label}}
        most, _ = self.bounds(spec)
        first = new_size(spec["replicas"], most, Size(0, 0, 0), [size(one) for one in old])
        if spec["strategy"]["type"] == "Recreate":
            first = 0 if any(size(one).present for one in old) else spec["replicas"]
        annotations = {REVISION: str(number), DESIRED: str(spec["replicas"]), MOST: str(most)}
        return {
            "metadata": {
                "name": f"{name}-{label}",
                "labels": labels,
                "annotations": annotations,
                "ownerReferences": controlled_by(found),
            },
            "spec": {"replicas": first, "selector": selector, "template": template} | minimum(spec),
        }

    def bounds(self, spec: Object) -> tuple[int, int]:
        rolling = spec["strategy"].get("rollingUpdate")
        if not rolling:
            return spec["replicas"], 0
        return bounds(spec["replicas"], rolling["maxSurge"], rolling["maxUnavailable"])

    def numbered(self, found: Object, new: Object) -> Object:
        if revision(found) == revision(new):
            return found
        annotations = found["metadata"].get("annotations", {}) | {REVISION: str(revision(new))}
        return self.work.write(STORAGE, found | {"metadata": found["metadata"] | {"annotations": annotations}})

    def move(self, found: Object, new: Object, old: list[Object]) -> None:
        spec = found["spec"]
        if spec["strategy"]["type"] == "Recreate":
            for one in old:
                self.scale(one, 0)
            if not any(size(one).present for one in old):
                self.scale(new, spec["replicas"])
            return
        most, fewest = self.bounds(spec)
        sizes = [size(one) for one in old]
        grown = new_size(spec["replicas"], most, size(new), sizes)
        self.scale(new, grown)
        settled = Size(grown, size(new).present, min(size(new).available, grown))
        for one, wanted in zip(old, old_sizes(fewest, settled, sizes), strict=True):
            self.scale(one, wanted)

    def resize_paused(self, found: Object, owned: list[Object]) -> None:
        """A paused Deployment still follows its number of replicas, as long as one ReplicaSet has them all."""
        active = [one for one in owned if one["spec"]["replicas"]] or owned[-1:]
        if len(active) == 1:
            self.scale(active[0], found["spec"]["replicas"])

    def scale(self, replica_set: Object, replicas: int) -> None:
        if replica_set["spec"]["replicas"] != replicas:
            self.work.write(REPLICA_SETS, replica_set | {"spec": replica_set["spec"] | {"replicas": replicas}})

    def forget(self, found: Object, old: list[Object]) -> None:
        empty = [one for one in old if size(one) == Size(0, 0, 0) and "deletionTimestamp" not in one["metadata"]]
        for one in empty[: max(0, len(empty) - found["spec"]["revisionHistoryLimit"])]:
            self.work.delete(REPLICA_SETS, one)

    def report(self, found: Object, new: Object | None, old: list[Object]) -> float | None:
        every = [self.work.get(REPLICA_SETS, key_of(one)) or one for one in ([new] if new else []) + old]
        updated = size(every[0]) if new else Size(0, 0, 0)
        counts = [size(one) for one in every]
        ready = sum(one.get("status", {}).get("readyReplicas", 0) for one in every)
        available = sum(one.available for one in counts)
        replicas = found["spec"]["replicas"]
        done = updated.available == replicas and updated.present == replicas == sum(one.present for one in counts)
        progressing, left = self.progressing(
            found, done=done, updated=updated, name=every[0]["metadata"]["name"] if new else ""
        )
        status = {
            "observedGeneration": found["metadata"]["generation"],
            "replicas": sum(one.present for one in counts) or None,
            "updatedReplicas": updated.present or None,
            "readyReplicas": ready or None,
            "availableReplicas": available or None,
            "unavailableReplicas": max(0, max(replicas, sum(one.wanted for one in counts)) - available) or None,
            "conditions": [self.kept(found, self.available(found, available)), progressing],
        }
        self.work.set_status(STORAGE, found, status)
        return left

    def available(self, found: Object, available: int) -> Object:
        _, fewest = self.bounds(found["spec"])
        holds = available >= (fewest if found["spec"]["strategy"]["type"] != "Recreate" else found["spec"]["replicas"])
        word = "Available" if holds else "Unavailable"
        text = f"Deployment {'has' if holds else 'does not have'} minimum availability."
        return {"type": "Available", "status": str(holds), "reason": f"MinimumReplicas{word}", "message": text}

    def progressing(self, found: Object, *, done: bool, updated: Size, name: str) -> tuple[Object, float | None]:
        """The condition, and when its deadline should be looked at."""
        if done:
            text = f'ReplicaSet "{name}" has successfully progressed.'
            return self.kept(found, progress("True", "NewReplicaSetAvailable", text)), None
        deadline = found["spec"]["progressDeadlineSeconds"]
        before = condition(found, "Progressing")
        seen = found.get("status", {})
        moved = (seen.get("updatedReplicas", 0), seen.get("observedGeneration")) != (
            updated.present,
            found["metadata"]["generation"],
        )
        idle = 0.0 if moved or not before else self.work.age(before["lastUpdateTime"])
        if found["spec"].get("paused"):
            return self.kept(found, progress("Unknown", "DeploymentPaused", "Deployment is paused")), None
        if idle > deadline:
            text = f'ReplicaSet "{name}" has timed out progressing.'
            return self.kept(found, progress("False", "ProgressDeadlineExceeded", text)), None
        current = progress("True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.')
        kept = self.kept(found, current)
        return (kept | {"lastUpdateTime": self.work.api.timestamp()} if moved else kept), deadline - idle + 1

    def kept(self, found: Object, new: Object) -> Object:
        """The condition with the times of the one before, as far as it says the same."""
        old = condition(found, new["type"])
        now = self.work.api.timestamp()
        if old is None or old["status"] != new["status"]:
            return new | {"lastTransitionTime": now, "lastUpdateTime": now}
        same = (old["reason"], old["message"]) == (new["reason"], new["message"])
        return new | {
            "lastTransitionTime": old["lastTransitionTime"],
            "lastUpdateTime": old["lastUpdateTime"] if same else now,
        }


def minimum(spec: Object) -> Object:
    return {"minReadySeconds": spec["minReadySeconds"]} if "minReadySeconds" in spec else {}


def progress(status: str, reason: str, message: str) -> Object:
    return {"type": "Progressing", "status": status, "reason": reason, "message": message}


def condition(found: Object, name: str) -> Object | None:
    return next((one for one in found.get("status", {}).get("conditions", []) if one["type"] == name), None)
