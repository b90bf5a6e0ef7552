"""Who depends on whom: an index of owner references."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.sandbox.store import Change, Store, key_of

Object = dict[str, Any]
Place = tuple[str, str, str]


class Dependents:
    """Kept by listening to the store; `of(uid)` is what names this uid as an owner."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.places: dict[str, set[Place]] = {}
        self.uids: dict[str, Place] = {}

    def note(self, change: Change) -> None:
        place = (change.storage, *key_of(change.shown))
        for uid in owner_uids(change.old):
            self.places.get(uid, set()).discard(place)
        for uid in owner_uids(change.new):
            self.places.setdefault(uid, set()).add(place)
        if change.new is not None:
            self.uids[change.new["metadata"]["uid"]] = place
        elif change.old is not None:
            self.uids.pop(change.old["metadata"]["uid"], None)

    def of(self, uid: str, storage: str = "") -> list[Object]:
        return [obj for _, obj in self.with_places(uid, storage)]

    def with_places(self, uid: str, storage: str = "") -> Iterator[tuple[Place, Object]]:
        for place in sorted(self.places.get(uid, ())):
            obj = self.store.get(*place) if storage in ("", place[0]) else None
            if obj is not None:
                yield place, obj

    def controlled(self, owner: Object, storage: str) -> list[Object]:
        """The objects of a resource whose managing owner this is."""
        uid = owner["metadata"]["uid"]
        return [obj for obj in self.of(uid, storage) if controller_uid(obj) == uid]

    def exists(self, uid: str) -> bool:
        return uid in self.uids


def owner_uids(obj: Object | None) -> list[str]:
    return [owner["uid"] for owner in (obj or {}).get("metadata", {}).get("ownerReferences", [])]


def controller_of(obj: Object) -> Object | None:
    owners = obj["metadata"].get("ownerReferences", [])
    return next((owner for owner in owners if owner.get("controller")), None)


def controller_uid(obj: Object) -> str:
    owner = controller_of(obj)
    return owner["uid"] if owner else ""


def controlled_by(owner: Object) -> list[Object]:
    return [
        {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
