"""Garbage collection by owner references (Kubernetes documentation "Garbage Collection").

An object goes when all owners that it names are gone. A foreground deletion waits for the dependents that block it;
an orphaning one takes the references away first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.sandbox.api.delete import FOREGROUND, ORPHAN, Deletion
from reconciler.sandbox.controllers.owned import Place
from reconciler.sandbox.controllers.work import Work
from reconciler.sandbox.store import Change, key_of

Object = dict[str, Any]


class Garbage:
    def __init__(self, work: Work) -> None:
        self.work = work

    def keys(self, change: Change) -> Iterator[Place]:
        metadata = change.shown["metadata"]
        if change.new is None:
            yield from (place for place, _ in self.work.dependents.with_places(metadata["uid"]))
            yield from self.owners(change.shown)
        elif metadata.get("ownerReferences") or is_waiting(metadata):
            yield (change.storage, *key_of(change.new))
            yield from self.owners(change.new)

    def owners(self, obj: Object) -> Iterator[Place]:
        """Owners that wait for this dependent."""
        for owner in obj["metadata"].get("ownerReferences", []):
            place = self.work.dependents.uids.get(owner["uid"])
            waiting = self.work.api.store.get(*place) if place else None
            if place and waiting and is_waiting(waiting["metadata"]):
                yield place

    def reconcile(self, place: Place) -> None:
        obj = self.work.api.store.get(*place)
        if obj is None:
            return
        if is_waiting(obj["metadata"]):
            self.finish(place[0], obj)
        elif self.is_garbage(obj):
            self.work.delete(place[0], obj, Deletion(policy=self.policy(obj)))

    def is_garbage(self, obj: Object) -> bool:
        """All owners are gone, or the last of them are being deleted in the foreground and wait for this one."""
        metadata = obj["metadata"]
        owners = metadata.get("ownerReferences", [])
        if not owners or "deletionTimestamp" in metadata:
            return False
        return all(not self.work.dependents.exists(owner["uid"]) or self.goes_first(owner) for owner in owners)

    def goes_first(self, owner: Object) -> bool:
        found = self.owner(owner)
        return found is not None and is_waiting(found["metadata"]) and FOREGROUND in found["metadata"]["finalizers"]

    def owner(self, owner: Object) -> Object | None:
        place = self.work.dependents.uids.get(owner["uid"])
        return self.work.api.store.get(*place) if place else None

    def policy(self, obj: Object) -> str:
        blocks = any(
            owner.get("blockOwnerDeletion") and self.goes_first(owner) for owner in obj["metadata"]["ownerReferences"]
        )
        return "Foreground" if blocks and self.work.dependents.of(obj["metadata"]["uid"]) else "Background"

    def finish(self, storage: str, obj: Object) -> None:
        uid = obj["metadata"]["uid"]
        if ORPHAN in obj["metadata"]["finalizers"]:
            for place, dependent in list(self.work.dependents.with_places(uid)):
                self.work.write(place[0], without_owner(dependent, uid))
            self.release(storage, obj, ORPHAN)
            return
        blocking = [one for one in self.work.dependents.of(uid) if blocks(one, uid)]
        for place, dependent in list(self.work.dependents.with_places(uid)):
            if "deletionTimestamp" not in dependent["metadata"]:
                self.reconcile(place)
        if not blocking:
            self.release(storage, obj, FOREGROUND)

    def release(self, storage: str, obj: Object, finalizer: str) -> None:
        rest = [name for name in obj["metadata"]["finalizers"] if name != finalizer]
        self.work.write(storage, obj | {"metadata": obj["metadata"] | {"finalizers": rest}})


def is_waiting(metadata: Object) -> bool:
    finalizers = metadata.get("finalizers", [])
    return "deletionTimestamp" in metadata and (FOREGROUND in finalizers or ORPHAN in finalizers)


def blocks(obj: Object, uid: str) -> bool:
    owners = obj["metadata"].get("ownerReferences", [])
    return any(owner["uid"] == uid and owner.get("blockOwnerDeletion") for owner in owners)


def without_owner(obj: Object, uid: str) -> Object:
    owners = [owner for owner in obj["metadata"]["ownerReferences"] if owner["uid"] != uid]
    return obj | {"metadata": obj["metadata"] | {"ownerReferences": owners}}
