"""What a controller works with: reads and writes through the API's own verbs."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from reconciler.sandbox.api.core import Api, Options
from reconciler.sandbox.api.delete import Deletion, delete
from reconciler.sandbox.api.write import create, update
from reconciler.sandbox.controllers.owned import Dependents
from reconciler.sandbox.controllers.settings import Timing
from reconciler.sandbox.kinds import Kind
from reconciler.sandbox.store import Change

Object = dict[str, Any]
BACKGROUND = Deletion(policy="Background")


class Controller(Protocol):
    def keys(self, change: Change) -> Iterable[Hashable]:
        """Which keys a change concerns."""

    def reconcile(self, key: Any) -> float | None:
        """Bring one key where it should be; the answer is when to look again, in seconds."""


@dataclass
class Work:
    api: Api
    dependents: Dependents
    timing: Timing
    options: Options = field(default_factory=lambda: Options(manager="kube-controller-manager", validation="Ignore"))

    def kind(self, storage: str) -> Kind:
        found = self.api.registry.stored(storage)
        assert found is not None, storage
        return found

    def get(self, storage: str, key: tuple[str, str]) -> Object | None:
        return self.api.store.get(storage, *key)

    def create(self, storage: str, namespace: str, body: Object) -> Object:
        return create(self.api, self.kind(storage), namespace, body, self.options)

    def write(self, storage: str, obj: Object, subresource: str = "") -> Object:
        """Replace what was read: loses against a newer version with a conflict, and is then done again."""
        metadata = obj["metadata"]
        where = (metadata.get("namespace", ""), metadata["name"])
        return update(self.api, self.kind(storage), *where, obj, self.options, subresource)

    def set_status(self, storage: str, obj: Object, status: Object) -> Object:
        """Fields that the controller does not speak of stay; those that are None go."""
        shown = {name: value for name, value in (obj.get("status", {}) | status).items() if value is not None}
        return obj if obj.get("status") == shown else self.write(storage, obj | {"status": shown}, "status")

    def delete(self, storage: str, obj: Object, deletion: Deletion = BACKGROUND) -> None:
        metadata = obj["metadata"]
        where = (metadata.get("namespace", ""), metadata["name"])
        if self.api.store.get(storage, *where) is not None:
            delete(self.api, self.kind(storage), *where, deletion, self.options)

    def age(self, moment: str) -> float:
        """Seconds since a stored time."""
        return (self.api.now() - datetime.fromisoformat(moment)).total_seconds()


class Stopwatch:
    """Delays finer than stored times: when something was first seen, forgotten when it is done."""

    def __init__(self) -> None:
        self.started: dict[Hashable, float] = {}

    def left(self, key: Hashable, seconds: float) -> float:
        """How many of these seconds are left since the first call for this key."""
        return max(0.0, self.started.setdefault(key, time.monotonic()) + seconds - time.monotonic())

    def forget(self, key: Hashable) -> None:
        self.started.pop(key, None)
