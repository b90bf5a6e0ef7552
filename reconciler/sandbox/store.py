"""Objects in memory, one counter of revisions, and a window of past changes for watches and paged lists.

Stored objects are never changed in place: a write replaces the object, so that answers, watches and snapshots may
share it. All calls happen on the server's one thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
Key = tuple[str, str]


class Expired(Exception):
    """The revision asked for has left the window."""


@dataclass(frozen=True, eq=False)
class Change:
    """What one revision did to one object: `old` is None for a creation, `new` for a deletion."""

    revision: int
    storage: str
    old: Object | None
    new: Object | None

    @property
    def shown(self) -> Object:
        found = self.new if self.new is not None else self.old
        assert found is not None
        return found


def key_of(obj: Object) -> Key:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


class Store:
    """`window` is how many changes of each resource are remembered."""

    def __init__(self, window: int = 10_000) -> None:
        self.window = window
        self.revision = 0
        self.objects: dict[str, dict[Key, Object]] = {}
        self.changes: dict[str, deque[Change]] = {}
        self.forgotten: dict[str, int] = {}
        self.listeners: list[Callable[[Change], None]] = []

    def get(self, storage: str, namespace: str, name: str) -> Object | None:
        return self.objects.get(storage, {}).get((namespace, name))

    def all(self, storage: str, namespace: str = "") -> list[Object]:
        """In the order of keys, as the real storage lists."""
        found = self.objects.get(storage, {})
        return [found[key] for key in sorted(found) if not namespace or key[0] == namespace]

    def put(self, storage: str, obj: Object) -> Object:
        """Store a created or changed object; its answer has the new resourceVersion."""
        self.revision += 1
        stored = obj | {"metadata": obj["metadata"] | {"resourceVersion": str(self.revision)}}
        objects = self.objects.setdefault(storage, {})
        old = objects.get(key_of(stored))
        objects[key_of(stored)] = stored
        self.publish(Change(self.revision, storage, old, stored))
        return stored

    def remove(self, storage: str, namespace: str, name: str) -> Object:
        self.revision += 1
        old = self.objects[storage].pop((namespace, name))
        last = old | {"metadata": old["metadata"] | {"resourceVersion": str(self.revision)}}
        self.publish(Change(self.revision, storage, old, None))
        return last

    def publish(self, change: Change) -> None:
        log = self.changes.setdefault(change.storage, deque())
        log.append(change)
        while len(log) > self.window:
            self.forgotten[change.storage] = log.popleft().revision
        for listener in tuple(self.listeners):
            listener(change)

    def forget(self) -> None:
        """Close the window: every past revision is too old from now on."""
        for storage in self.objects:
            self.forgotten[storage] = self.revision
            self.changes[storage] = deque()

    def since(self, storage: str, revision: int) -> Iterator[Change]:
        """The changes after a revision. Raises Expired when some of them are forgotten."""
        if revision < self.forgotten.get(storage, 0):
            raise Expired
        return (change for change in tuple(self.changes.get(storage, ())) if change.revision > revision)

    def at(self, storage: str, revision: int) -> dict[Key, Object]:
        """All objects as they were at a revision. Raises Expired."""
        found = dict(self.objects.get(storage, {}))
        for change in reversed(list(self.since(storage, revision))):
            if change.old is None:
                found.pop(key_of(change.shown), None)
            else:
                found[key_of(change.old)] = change.old
        return found
