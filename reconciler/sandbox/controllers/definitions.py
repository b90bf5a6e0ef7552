"""CustomResourceDefinitions: served at once, reported as established, cleaned up with their objects."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.sandbox.controllers.work import Work
from reconciler.sandbox.crds import established, kinds_of
from reconciler.sandbox.store import Change

STORAGE = "customresourcedefinitions.apiextensions.k8s.io"


class Definitions:
    def __init__(self, work: Work) -> None:
        self.work = work

    def keys(self, change: Change) -> Iterator[tuple[str, str, str]]:
        if change.storage != STORAGE:
            return
        spec = change.shown["spec"]
        group, plural = spec["group"], spec["names"]["plural"]
        self.work.api.registry.drop_resource(group, plural)
        if change.new is not None:
            for kind in kinds_of(change.new):
                self.work.api.registry.add(kind)
        yield group, plural, change.shown["metadata"]["name"]

    def reconcile(self, key: tuple[str, str, str]) -> None:
        group, plural, name = key
        definition = self.work.get(STORAGE, ("", name))
        if definition is None:
            self.remove_objects(f"{plural}.{group}")
        elif not definition.get("status", {}).get("conditions"):
            now = self.work.api.timestamp()
            self.work.set_status(STORAGE, definition, established(definition, now))

    def remove_objects(self, storage: str) -> None:
        for obj in self.work.api.store.all(storage):
            metadata = obj["metadata"]
            self.work.api.store.remove(storage, metadata.get("namespace", ""), metadata["name"])
