"""The end of a namespace: its content goes first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.sandbox.controllers.work import Work
from reconciler.sandbox.store import Change

Object = dict[str, Any]


class Namespaces:
    def __init__(self, work: Work) -> None:
        self.work = work

    def keys(self, change: Change) -> Iterator[str]:
        metadata = change.shown["metadata"]
        if change.storage == "namespaces":
            if change.new is not None and "deletionTimestamp" in metadata:
                yield metadata["name"]
            return
        namespace = metadata.get("namespace", "")
        if change.new is None and namespace and self.terminating(namespace):
            yield namespace

    def terminating(self, name: str) -> bool:
        found = self.work.get("namespaces", ("", name))
        return found is not None and "deletionTimestamp" in found["metadata"]

    def reconcile(self, name: str) -> None:
        namespace = self.work.get("namespaces", ("", name))
        if namespace is None:
            return
        left = list(self.content(name))
        for storage, obj in left:
            if "deletionTimestamp" not in obj["metadata"]:
                self.work.delete(storage, obj)
        if not left or not list(self.content(name)):
            self.work.write("namespaces", namespace | {"spec": {}}, "finalize")

    def content(self, name: str) -> Iterator[tuple[str, Object]]:
        for storage, kind in self.work.api.registry.storages().items():
            if kind.namespaced:
                yield from ((storage, obj) for obj in self.work.api.store.all(storage, name))
